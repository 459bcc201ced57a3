//! Layers 0 to 2 are pure: what they depend on, and what their sources may not say.

#[cfg(test)]
mod tests;

use super::layers::{LAYERS, layer};
use super::rust::{code_of, lines_with};
use crate::repository::{Edge, File, Purpose};

/// How many layers, from the bottom, are pure.
const PURE_LAYERS: usize = 3;

/// What every pure crate may use, besides lower crates of nines.
const PURE_DEPENDENCIES: &[&str] = &["jiff", "serde", "thiserror"];

/// What one pure crate may use besides: crate, dependency.
const PURE_EXCEPTIONS: &[(&str, &str)] = &[
    ("nines-alert", "regex"),
    ("nines-alert", "rrule"),
    ("nines-alert", "sha2"),
    ("nines-base", "regex"),
    ("nines-oncall", "icalendar"),
    ("nines-oncall", "rrule"),
    ("nines-promql", "regex"),
    ("nines-runbook", "comrak"),
    ("nines-runbook", "serde_json"),
];

/// Clocks, files, sockets, environment, randomness, output, async.
const IMPURE_WORDS: &[&str] = &[
    "async fn",
    "async move",
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
    "println!",
    "eprintln!",
    "tokio",
    "tracing",
    "rand",
    "fastrand",
    "getrandom",
];

/// Pure crates depend on pure things.
pub(super) fn check_dependencies(edges: &[Edge], problems: &mut Vec<String>) {
    check_exceptions(edges, PURE_EXCEPTIONS, problems);
}

fn check_exceptions(edges: &[Edge], exceptions: &[(&str, &str)], problems: &mut Vec<String>) {
    let is_excepted = |it: &Edge| exceptions.contains(&(it.from.as_str(), it.to.as_str()));
    for edge in edges.iter().filter(|it| it.purpose == Purpose::Product && is_pure(&it.from)) {
        let Edge { from, to, .. } = edge;
        let is_known = PURE_DEPENDENCIES.contains(&to.as_str()) || layer(to).is_some();
        if !is_known && !is_excepted(edge) {
            problems.push(format!("{from} is pure and must not depend on {to}"));
        }
    }
    for (from, to) in exceptions {
        let uses = |it: &Edge| it.purpose == Purpose::Product && it.from == *from && it.to == *to;
        if !edges.iter().any(uses) {
            problems.push(format!("{from} no longer uses {to}; take it out of PURE_EXCEPTIONS"));
        }
    }
}

fn is_pure(name: &str) -> bool {
    layer(name).is_some_and(|it| it < PURE_LAYERS)
}

/// The sources of pure crates, but for tests, do not name what reaches out.
pub(super) fn check_sources(files: &[File], problems: &mut Vec<String>) {
    let pure: Vec<String> = LAYERS
        .iter()
        .take(PURE_LAYERS)
        .copied()
        .flatten()
        .map(|it| format!("crates/{it}/src/"))
        .collect();
    let is_pure = |file: &&File| pure.iter().any(|it| file.path.starts_with(it));
    for file in files.iter().filter(|it| it.is_rust() && !it.is_test()).filter(is_pure) {
        let code = code_of(&file.text);
        for word in IMPURE_WORDS {
            for line in lines_with(&code, word) {
                problems.push(format!("{}:{line}: `{word}` in a pure crate", file.path));
            }
        }
    }
}
