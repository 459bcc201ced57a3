//! Scrape jobs, written as Prometheus writes them: in its own file, and in documents of kind `Scrape`.
//!
//! Here is what they say, as plain data; the readers are below. Files that they name are not opened.
//!
//! Source: Prometheus, "Configuration".

mod discovery;
mod groups;
mod http;
mod job;
mod relabel;
mod sending;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use nines_base::{Labels, Origin};

pub use groups::read_target_groups;
pub(crate) use http::{HTTP_FIELDS, settings as http_settings};
pub(crate) use job::size;
pub(crate) use job::{Defaults, JOB, job};
pub(crate) use sending::{otlp, remote_writes, storage};

/// One scrape job.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "Prometheus' switches, by Prometheus' names")]
pub struct ScrapeSpec {
    /// Becomes the label `job`.
    pub job: String,
    /// `host:port`, and the labels that its series get.
    pub targets: Vec<(String, Labels)>,
    /// Who knows more targets.
    pub discoveries: Vec<DiscoverySpec>,
    /// Between two scrapes of one target.
    pub interval: SignedDuration,
    /// At most `interval`.
    pub timeout: SignedDuration,
    /// Begins with `/`.
    pub path: String,
    /// `http` or `https`.
    pub scheme: String,
    /// Parameters of the query.
    pub params: Vec<(String, Vec<String>)>,
    /// Whether labels of the samples win over those of the target.
    pub honor_labels: bool,
    /// Whether times of the samples are believed.
    pub honor_timestamps: bool,
    /// Whether series with times of their own end when they are missing.
    pub track_timestamps_staleness: bool,
    /// Whether native histograms are asked for.
    pub native_histograms: bool,
    /// Whether the limits of scrapes are told as metrics too.
    pub extra_metrics: bool,
    /// What a scrape may bring.
    pub limits: ScrapeLimitsSpec,
    /// Who we say we are, and whom we believe.
    pub http: HttpSpec,
    /// Which targets are asked, and with which labels.
    pub relabel_rules: Vec<RelabelSpec>,
    /// Which series are stored, and with which labels.
    pub metric_relabel_rules: Vec<RelabelSpec>,
    /// Where it was written.
    pub origin: Origin,
}

/// What a scrape may bring; nothing is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScrapeLimitsSpec {
    /// Samples after relabelling.
    pub samples: Option<u32>,
    /// Targets of the job after relabelling.
    pub targets: Option<u32>,
    /// Labels of one series.
    pub labels: Option<u32>,
    /// Bytes of a label's name.
    pub label_name_bytes: Option<u32>,
    /// Bytes of a label's value.
    pub label_value_bytes: Option<u32>,
    /// Bytes of one answer, after decompression.
    pub body_bytes: Option<u64>,
}

/// Who knows targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiscoverySpec {
    /// `file_sd_configs`
    Files {
        /// Relative to the configuration; the last part may have one `*`.
        patterns: Vec<String>,
        /// At least so often.
        refresh: SignedDuration,
    },
    /// `http_sd_configs`
    Web {
        /// Who is asked.
        url: String,
        /// So often.
        refresh: SignedDuration,
        /// Who we say we are.
        http: Box<HttpSpec>,
    },
    /// `dns_sd_configs`
    Dns {
        /// What is looked up.
        names: Vec<String>,
        /// Which records.
        record: DnsRecordSpec,
        /// For records without one.
        port: u16,
        /// So often.
        refresh: SignedDuration,
    },
}

/// Records of the domain name system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnsRecordSpec {
    /// Addresses of version 4.
    A,
    /// Addresses of version 6.
    Aaaa,
    /// Names with ports.
    Srv,
    /// Mail servers.
    Mx,
}

/// Who we say we are, and whom we believe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSpec {
    /// The header `Authorization`, or what it is made from.
    pub authorization: AuthorizationSpec,
    /// Sent with every request.
    pub headers: Vec<(String, SecretSpec)>,
    /// Certificates that are believed.
    pub authorities: Option<SecretSpec>,
    /// Our certificate and its key.
    pub identity: Option<(SecretSpec, SecretSpec)>,
    /// Checked instead of the name in the address.
    pub server_name: Option<String>,
    /// Whether certificates are not checked at all.
    pub skips_verification: bool,
    /// Every request goes through it.
    pub proxy_url: Option<String>,
    /// Whether redirects are followed.
    pub follows_redirects: bool,
    /// Whether answers may be compressed.
    pub compresses: bool,
}

impl Default for HttpSpec {
    fn default() -> Self {
        Self {
            authorization: AuthorizationSpec::None,
            headers: Vec::new(),
            authorities: None,
            identity: None,
            server_name: None,
            skips_verification: false,
            proxy_url: None,
            follows_redirects: true,
            compresses: true,
        }
    }
}

/// Who we say we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizationSpec {
    /// Nobody.
    None,
    /// A name and a password.
    Basic {
        /// Who.
        username: SecretSpec,
        /// Proof.
        password: SecretSpec,
    },
    /// The header as it is.
    Header {
        /// Such as `Bearer`.
        kind: String,
        /// What follows it.
        credentials: SecretSpec,
    },
}

/// Something that is not shown.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretSpec {
    /// In the configuration, as Prometheus allows.
    Inline(String),
    /// In this file, relative to the configuration.
    File(String),
}

impl std::fmt::Debug for SecretSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Inline(_) => f.write_str("<secret>"),
            Self::File(path) => write!(f, "{path:?}"),
        }
    }
}

/// One rule that rewrites or drops label sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelabelSpec {
    /// `replace`, `keep`, `drop`, `keepequal`, `dropequal`, `hashmod`, `labelmap`, `labeldrop`, `labelkeep`,
    /// `lowercase` or `uppercase`.
    pub action: String,
    /// Their values are joined.
    pub source_labels: Vec<String>,
    /// Between them.
    pub separator: String,
    /// An expression that has been compiled once.
    pub regex: String,
    /// Of `hashmod`.
    pub modulus: u64,
    /// What is written to.
    pub target_label: String,
    /// What is written.
    pub replacement: String,
}

/// Where samples are sent on to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteWriteSpec {
    /// Unique; the address if none was written.
    pub name: String,
    /// Of the receiver.
    pub url: String,
    /// Of one request.
    pub timeout: SignedDuration,
    /// `2` when the receiver is to get messages of version 2.0.
    pub version: u8,
    /// Who we say we are, and whom we believe.
    pub http: HttpSpec,
    /// Which samples are sent, and with which labels.
    pub relabel_rules: Vec<RelabelSpec>,
    /// Where it was written.
    pub origin: Origin,
}

/// How OTLP's data become series.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OtlpSpec {
    /// Resource attributes that become labels of every series.
    pub promoted_attributes: Vec<String>,
    /// Whether `target_info` has the identifying attributes too.
    pub keeps_identifying_attributes: bool,
}

/// What `storage.tsdb` of `prometheus.yml` says, or `store` of our own kind `Metrics`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StorageSpec {
    /// Older samples may be dropped; zero keeps everything.
    pub retention: Option<SignedDuration>,
    /// The most bytes on disk.
    pub retention_bytes: Option<u64>,
    /// What an accepted sample survives.
    pub durability: DurabilitySpec,
    /// The most series that may be active at once.
    pub series_max: Option<u32>,
}

/// What an accepted sample survives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DurabilitySpec {
    /// The death of the process; the loss of power after at most 200 ms.
    #[default]
    Batch,
    /// The loss of power.
    Sync,
}

/// Targets with the same labels, as files of `file_sd_configs` have them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroupSpec {
    /// `host:port` each.
    pub targets: Vec<String>,
    /// Set on all of them.
    pub labels: BTreeMap<String, String>,
}
