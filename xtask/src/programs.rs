//! Programs and data that tests need and a fresh machine may lack.

#[cfg(test)]
mod tests;

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A program that some tests talk to, and skip themselves without.
struct Peer {
    program: &'static str,
    package: &'static str,
    used_by: &'static str,
}

const PEERS: &[Peer] = &[
    Peer { program: "promtool", package: "prometheus", used_by: "the tests against promtool" },
    Peer { program: "prometheus", package: "prometheus", used_by: "the tests against Prometheus" },
    Peer {
        program: "prometheus-alertmanager",
        package: "prometheus-alertmanager",
        used_by: "the tests against Alertmanager",
    },
    Peer {
        program: "prometheus-node-exporter",
        package: "prometheus-node-exporter",
        used_by: "the tests of scraping a real target",
    },
    Peer {
        program: "victoria-metrics",
        package: "victoria-metrics",
        used_by: "the tests against VictoriaMetrics",
    },
];

/// Names the folder of clients from PyPI and npm; see `tests/clients`.
const CLIENTS: &str = "NINES_CLIENTS";

/// Conformance data lies beside the clone.
const CONFORMANCE: &str = "../shared/conformance";

/// Whether something may be skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand {
    /// What is missing is named and skipped.
    WhatIsThere,
    /// What is missing is a failure: `NINES_REQUIRE=all`.
    All,
}

impl Demand {
    pub(crate) fn of_environment() -> Self {
        match env::var("NINES_REQUIRE").as_deref() {
            Ok("all") => Self::All,
            _ => Self::WhatIsThere,
        }
    }
}

/// What tests will miss on this machine, one sentence each.
pub(crate) fn missing(root: &Path) -> Vec<String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut missing = missing_peers(&path);
    if env::var_os(CLIENTS).is_none() {
        missing.push(format!(
            "the tests with clients of PyPI and npm: set {CLIENTS} as tests/clients/README.md says"
        ));
    }
    if !root.join(CONFORMANCE).is_dir() {
        missing.push(format!("the conformance data of foreign engines: no folder {CONFORMANCE}"));
    }
    missing
}

fn missing_peers(path: &OsStr) -> Vec<String> {
    let absent = PEERS.iter().filter(|it| find_in(path, it.program).is_none());
    absent
        .map(|Peer { program, package, used_by }| {
            format!("{used_by}: no {program}; install the package {package}")
        })
        .collect()
}

/// The program of this name in `PATH`.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    find_in(&env::var_os("PATH")?, program)
}

fn find_in(path: &OsStr, program: &str) -> Option<PathBuf> {
    env::split_paths(path).map(|it| it.join(program)).find(|it| it.is_file())
}

/// The browser: `$CHROMIUM`, or Debian's.
pub(crate) fn chromium() -> Option<PathBuf> {
    let named = env::var_os("CHROMIUM").map(PathBuf::from).filter(|it| it.is_file());
    named.or_else(|| find("chromium"))
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}
