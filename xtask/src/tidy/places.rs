//! No tracked file names a place of somebody's machine or network.
//!
//! A path that exists on one machine breaks on the next; a mirror of a registry breaks a build elsewhere.

#[cfg(test)]
mod tests;

use crate::repository::File;

/// Folders of machines, which tests may name.
const MACHINE_PATHS: &[&str] =
    &["/work/main", "/work/shared", "/work/.", "/root/", "/tmp/", "/home/"];

/// Hosts of registries, which nothing may name.
const REGISTRY_HOSTS: &[&str] = &[
    "registry.npmjs.org",
    "registry.yarnpkg.com",
    "static.crates.io",
    "index.crates.io",
    "proxy.golang.org",
];

/// What cargo writes for its default registry, whichever mirror serves it.
const CARGO_SOURCE: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// The words above have to be written somewhere.
const THIS_FILE: &str = "xtask/src/tidy/places.rs";

/// No file names a place.
pub(super) fn check(files: &[File], problems: &mut Vec<String>) {
    for file in files
        .iter()
        .filter(|it| it.path != THIS_FILE && !it.path.starts_with("xtask/src/tidy/places/"))
    {
        for (index, line) in file.text.lines().enumerate() {
            let number = index + 1;
            if let Some(place) = place_in(file, line) {
                problems.push(format!(
                    "{}:{number}: `{place}` is a place of one machine or network",
                    file.path
                ));
            }
        }
    }
}

fn place_in<'a>(file: &File, line: &'a str) -> Option<&'a str> {
    let is_lock = |name: &str| file.path == name || file.path.ends_with(&format!("/{name}"));
    let words = |list: &[&'static str]| list.iter().copied().find(|it| line.contains(it));
    if is_lock("Cargo.lock") && line.starts_with("source = ") {
        return (line != CARGO_SOURCE).then_some(line);
    }
    if is_lock("package-lock.json") && line.trim_start().starts_with("\"resolved\":") {
        return Some(line.trim());
    }
    let path = if file.is_test() { None } else { words(MACHINE_PATHS) };
    path.or_else(|| words(REGISTRY_HOSTS))
}
