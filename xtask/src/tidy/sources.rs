//! What every Rust source has: the docs of its module, and an argument for each `unsafe`.

#[cfg(test)]
mod tests;

use super::rust::{code_of, lines_with};
use crate::repository::File;

/// The one place where `unsafe` may be.
const UNSAFE_CRATE: &str = "crates/nines-tsdb/src/";

/// An argument stands directly above its use, in at most so many lines.
const ARGUMENT_LINES_MAX: usize = 12;

/// Each module says its job first.
pub(super) fn check_module_docs(files: &[File], problems: &mut Vec<String>) {
    for file in files.iter().filter(|it| it.is_rust() && !it.is_test()) {
        let first = file.text.lines().find(|it| !it.trim().is_empty());
        if !first.is_some_and(|it| it.starts_with("//!")) {
            problems.push(format!("{}:1: no module docs; begin with `//! `", file.path));
        }
    }
}

/// `unsafe` is in one crate, and each use says why it is sound.
pub(super) fn check_unsafe(files: &[File], problems: &mut Vec<String>) {
    for file in files.iter().filter(|it| it.is_rust()) {
        for line in lines_with(&code_of(&file.text), "unsafe") {
            let path = &file.path;
            if !path.starts_with(UNSAFE_CRATE) {
                problems.push(format!("{path}:{line}: `unsafe` outside of {UNSAFE_CRATE}"));
            } else if !has_argument(&file.text, line) {
                problems.push(format!("{path}:{line}: `unsafe` without `// SAFETY:` above it"));
            }
        }
    }
}

fn has_argument(text: &str, line: usize) -> bool {
    let lines: Vec<&str> = text.lines().collect();
    let above =
        lines.iter().take(line - 1).rev().take(ARGUMENT_LINES_MAX).map(|it| it.trim_start());
    above
        .take_while(|it| it.starts_with("//") || it.starts_with("#["))
        .any(|it| it.starts_with("// SAFETY:"))
}
