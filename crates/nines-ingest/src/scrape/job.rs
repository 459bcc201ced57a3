//! What is scraped: jobs and their targets, as plain data.

use std::fmt;

use jiff::SignedDuration;
use nines_base::{Labels, Origin};

/// For jobs whose author says nothing: samples of one scrape.
pub const SAMPLE_LIMIT_DEFAULT: usize = 200_000;
/// For jobs whose author says nothing: bytes of one body, after decompression.
pub const BODY_BYTES_MAX_DEFAULT: usize = 64 * 1024 * 1024;

/// Targets that are scraped alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScrapeJob {
    /// The value of the label `job`.
    pub name: String,
    /// Whom to ask; the same target twice counts once.
    pub targets: Vec<Target>,
    /// How to ask.
    pub scheme: Scheme,
    /// With its leading slash, and a query if there is one: `/metrics`.
    pub path: String,
    /// From one scrape to the next; at least 100 ms.
    pub interval: SignedDuration,
    /// After this the scrape has failed; never longer than the interval.
    pub timeout: SignedDuration,
    /// Whether a label of the target's own wins over `job`, `instance` and the labels of [`Target`].
    /// Otherwise it is kept as `exported_…`.
    pub honor_labels: bool,
    /// Whether times that the target gives are believed.
    pub honor_timestamps: bool,
    /// More samples than this, and the whole scrape has failed.
    pub sample_limit: usize,
    /// A longer body, and the whole scrape has failed.
    pub body_bytes_max: usize,
    /// Where it was written.
    pub origin: Origin,
}

/// One process to ask.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// `host:port`.
    pub address: String,
    /// Set on every series of it; `job` and `instance` may be overridden here.
    pub labels: Labels,
}

/// With or without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// Plain.
    Http,
    /// With TLS, verified with the machine's certificates.
    Https,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}
