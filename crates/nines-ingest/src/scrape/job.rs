//! What is scraped: jobs and their targets, as plain data.

use std::fmt;

use jiff::SignedDuration;
use nines_base::{Labels, Origin};
use nines_port::HttpSettings;

use super::discovery::Discovery;
use crate::relabel::Relabel;

/// For jobs whose author says nothing: samples of one scrape.
pub const SAMPLE_LIMIT_DEFAULT: usize = 200_000;
/// For jobs whose author says nothing: bytes of one body, after decompression.
pub const BODY_BYTES_MAX_DEFAULT: usize = 64 * 1024 * 1024;

/// For jobs whose author says nothing. Source: Prometheus, "Configuration", `global`.
const INTERVAL_DEFAULT: SignedDuration = SignedDuration::from_secs(60);
/// For jobs whose author says nothing. Source: as above.
const TIMEOUT_DEFAULT: SignedDuration = SignedDuration::from_secs(10);

/// Targets that are scraped alike.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "Prometheus' switches, by Prometheus' names")]
pub struct ScrapeJob {
    /// The value of the label `job`, unless relabelling sets another.
    pub name: String,
    /// Whom to ask; the same target twice counts once.
    pub targets: Vec<Target>,
    /// Who else is to be asked, by those who know.
    pub discoveries: Vec<Discovery>,
    /// How to ask.
    pub scheme: Scheme,
    /// With its leading slash, and a query if there is one: `/metrics`.
    pub path: String,
    /// Parameters of the query, beside those of the path.
    pub params: Vec<(String, Vec<String>)>,
    /// From one scrape to the next; at least 100 ms.
    pub interval: SignedDuration,
    /// After this the scrape has failed; never longer than the interval.
    pub timeout: SignedDuration,
    /// Whether a label of the target's own wins over `job`, `instance` and the labels of [`Target`].
    /// Otherwise it is kept as `exported_…`.
    pub honor_labels: bool,
    /// Whether times that the target gives are believed.
    pub honor_timestamps: bool,
    /// Whether series with times of their own end when they are missing.
    pub track_timestamps_staleness: bool,
    /// Whether protobuf is asked for, the one format with native histograms.
    pub native_histograms: bool,
    /// Whether the limits of the scrape are told as metrics too.
    pub extra_metrics: bool,
    /// More samples than this after relabelling, and the whole scrape has failed.
    pub sample_limit: usize,
    /// More targets than this after relabelling, and all of them have failed.
    pub target_limit: usize,
    /// What one series may have after relabelling, or the whole scrape has failed.
    pub label_limits: LabelLimits,
    /// A longer body, and the whole scrape has failed.
    pub body_bytes_max: usize,
    /// Who we say we are, and whom we believe.
    pub http: HttpSettings,
    /// Which of the targets are asked, and with which labels.
    pub relabel_rules: Vec<Relabel>,
    /// Which of their series are stored, and with which labels.
    pub metric_relabel_rules: Vec<Relabel>,
    /// Where it was written.
    pub origin: Origin,
}

impl ScrapeJob {
    /// A job without targets, as Prometheus would scrape it if nothing else is said.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            targets: Vec::new(),
            discoveries: Vec::new(),
            scheme: Scheme::Http,
            path: "/metrics".to_owned(),
            params: Vec::new(),
            interval: INTERVAL_DEFAULT,
            timeout: TIMEOUT_DEFAULT,
            honor_labels: false,
            honor_timestamps: true,
            track_timestamps_staleness: false,
            native_histograms: false,
            extra_metrics: false,
            sample_limit: SAMPLE_LIMIT_DEFAULT,
            target_limit: usize::MAX,
            label_limits: LabelLimits::default(),
            body_bytes_max: BODY_BYTES_MAX_DEFAULT,
            http: HttpSettings::default(),
            relabel_rules: Vec::new(),
            metric_relabel_rules: Vec::new(),
            origin: Origin::default(),
        }
    }
}

/// What one series may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the unit and `max` belong to the name of a limit")]
pub struct LabelLimits {
    /// Labels, its name included.
    pub labels_max: usize,
    /// Bytes of the name of each.
    pub name_bytes_max: usize,
    /// Bytes of the value of each.
    pub value_bytes_max: usize,
}

impl Default for LabelLimits {
    fn default() -> Self {
        Self { labels_max: usize::MAX, name_bytes_max: usize::MAX, value_bytes_max: usize::MAX }
    }
}

/// One process to ask.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// `host:port`.
    pub address: String,
    /// Set on every series of it; `job` and `instance` may be overridden here. Those that begin with two underscores
    /// are for relabelling, and decide how it is asked.
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
