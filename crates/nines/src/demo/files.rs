//! The demo's configuration: the example `examples/shop`, inside the program.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

macro_rules! shop {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../../../examples/shop/", $path)))),*]
    };
}

/// Path and text of every file.
const FILES: &[(&str, &str)] = shop![
    "README.md",
    "oncall/people.yaml",
    "oncall/shop.yaml",
    "release.yaml",
    "runbooks/checkout-errors.md",
    "runbooks/db-down.md",
    "runbooks/disk-filling.md",
    "runbooks/memory-leak.md",
    "runbooks/slow-query.md",
    "services.yaml",
    "slo/cart.yaml",
    "slo/checkout.yaml",
    "slo/gateway.yaml",
    "slo/orders.yaml",
    "slo/payments.yaml",
    "slo/search.yaml",
];

/// Writes what is missing; a file that somebody has changed stays as it is.
pub(super) fn write(folder: &Path) -> anyhow::Result<()> {
    for (path, text) in FILES {
        let file = folder.join(path);
        let parent = file.parent().context("every file lies in the folder")?;
        fs::create_dir_all(parent).with_context(|| {
            format!("failed to make the folder {}; choose another --data", parent.display())
        })?;
        if !file.exists() {
            fs::write(&file, text)
                .with_context(|| format!("failed to write {}", file.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
