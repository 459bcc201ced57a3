//! Which licences the dependencies may have: those that let the binary be given to anybody.

#[cfg(test)]
mod tests;

use crate::repository::Package;

/// Permissive licences, by their SPDX identifiers.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// An expression of more words is not read.
const WORDS_MAX: usize = 32;

/// Every package may be used under allowed licences.
pub(super) fn check(packages: &[Package], problems: &mut Vec<String>) {
    for Package { name, version, licence, .. } in packages {
        match licence {
            Some(expression) if is_allowed(expression) => {}
            Some(expression) => {
                problems
                    .push(format!("{name} {version}: the licence `{expression}` is not allowed"));
            }
            None => problems.push(format!("{name} {version} names no licence")),
        }
    }
}

/// Whether allowed licences satisfy an SPDX expression. `/` is the old way to write `OR`.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut words = words.as_slice();
    words.len() <= WORDS_MAX && any_of(&mut words) == Some(true) && words.is_empty()
}

/// `a OR b`; `None` if the words are no expression.
fn any_of(words: &mut &[&str]) -> Option<bool> {
    let mut allowed = all_of(words)?;
    while take(words, "OR") {
        allowed |= all_of(words)?;
    }
    Some(allowed)
}

/// `a AND b`, which binds closer than `OR`.
fn all_of(words: &mut &[&str]) -> Option<bool> {
    let mut allowed = one(words)?;
    while take(words, "AND") {
        allowed &= one(words)?;
    }
    Some(allowed)
}

/// A licence, with its exception if it has one, or an expression in brackets.
fn one(words: &mut &[&str]) -> Option<bool> {
    if take(words, "(") {
        let inner = any_of(words)?;
        return take(words, ")").then_some(inner);
    }
    let (licence, rest) = words.split_first()?;
    *words = rest;
    if take(words, "WITH") {
        // An exception only ever permits more.
        let (_, rest) = words.split_first()?;
        *words = rest;
    }
    Some(ALLOWED.contains(licence))
}

fn take(words: &mut &[&str], word: &str) -> bool {
    match words.split_first() {
        Some((first, rest)) if *first == word => {
            *words = rest;
            true
        }
        _ => false,
    }
}
