//! How many dependencies there are, and which of them are there twice.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::repository::Package;

/// All packages that a build on Linux may touch, with our own.
const PACKAGES_MAX: usize = 385;

/// Packages in two versions, and who wants the older one. This list may only shrink.
const DUPLICATES: &[(&str, &str)] = &[
    ("base64", "sqlx has 0.22, reqwest and lettre 0.23"),
    ("block-buffer", "with sha2"),
    ("cpufeatures", "with sha2"),
    ("crypto-common", "with sha2"),
    ("digest", "with sha2"),
    ("getrandom", "ring has 0.2"),
    ("hashbrown", "sqlx has 0.16"),
    ("phf", "chrono-tz has 0.12"),
    ("phf_shared", "with phf"),
    ("sha2", "sqlx has 0.10"),
    ("syn", "half of the derive macros have 2; only the compiler meets it"),
    ("unicode-width", "miette and lrpar have 0.1"),
];

/// Nothing is there twice that is not listed, and nothing is listed that is there once.
pub(super) fn check_duplicates(packages: &[Package], problems: &mut Vec<String>) {
    check_listed(packages, DUPLICATES, problems);
}

fn check_listed(packages: &[Package], listed: &[(&str, &str)], problems: &mut Vec<String>) {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        versions.entry(&package.name).or_default().push(&package.version);
    }
    versions.retain(|_, it| 1 < it.len());
    for (name, versions) in &versions {
        if !listed.iter().any(|(it, _)| it == name) {
            let versions = versions.join(" and ");
            problems.push(format!(
                "{name} is there as {versions}; `cargo tree -i {name}` says for whom"
            ));
        }
    }
    for (name, _) in listed.iter().filter(|(it, _)| !versions.contains_key(it)) {
        problems.push(format!("{name} is there once; take it out of DUPLICATES"));
    }
}

/// The tree stays small enough to be built by anybody.
pub(super) fn check_count(packages: &[Package], problems: &mut Vec<String>) {
    let count = packages.len();
    if PACKAGES_MAX < count {
        problems.push(format!("{count} packages; at most {PACKAGES_MAX} are allowed"));
    }
}
