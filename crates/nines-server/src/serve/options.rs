//! What a server is made from, as its caller says it.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use jiff::SignedDuration;
use nines_ingest::ScrapeJob;
use nines_port::Clock;
use nines_spec::Spec;
use nines_store::PostgresPlace;

use crate::folder::Random;
use crate::prom::PromSettings;

/// What a server is made from.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Where the configuration is.
    pub configuration: Configuration,
    /// The folder of samples, and of the journal if it is nowhere else; made if it is missing.
    pub data_dir: PathBuf,
    /// A journal that several processes share, if it is not in the data folder.
    pub shared: Option<SharedOptions>,
    /// Where to listen, at least one; port 0 takes any. The first is the one that is shown.
    pub listen: Vec<SocketAddr>,
    /// Where people reach us, if not under the listening address.
    pub external_url: Option<String>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// For secrets and ids.
    pub random: Random,
    /// This program, for the steps of runbooks.
    pub program: PathBuf,
    /// How the Prometheus API behaves.
    pub prom: PromSettings,
    /// How much is kept.
    pub retention: Retention,
    /// Set by `nines demo`.
    pub demo: Option<DemoOptions>,
}

/// A journal that several processes share; one of them decides.
#[derive(Debug, Clone)]
pub struct SharedOptions {
    /// The database.
    pub place: PostgresPlace,
    /// What people call this process.
    pub name: String,
    /// Where the other processes reach this one, if not under the listening address.
    pub advertise: Option<String>,
}

/// Where a configuration is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Configuration {
    /// Folders of YAML and Markdown, and single files; the first is where files that they name are looked for.
    Files(Vec<PathBuf>),
    /// In the data folder; `nines apply` sends it.
    Applied,
}

/// How much is kept of samples. What passes either limit goes, the oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Older samples are dropped; `None` keeps them for ever.
    pub age_max: Option<SignedDuration>,
    /// Bytes of all files of the store; `None` is as much as there is room for.
    pub bytes_max: Option<u64>,
}

impl Retention {
    /// What a file says about either limit wins; zero is no limit.
    ///
    /// Source: Prometheus, "Configuration", `<tsdb>`: it overrides the flags.
    pub(super) fn or_as_written(self, spec: &Spec) -> Self {
        let storage = &spec.storage;
        let is_written = storage.retention.is_some() || storage.retention_bytes.is_some();
        if !is_written {
            return self;
        }
        Self {
            age_max: storage.retention.filter(SignedDuration::is_positive),
            bytes_max: storage.retention_bytes.filter(|it| 0 < *it),
        }
    }
}

/// As Prometheus says it: `15d`, `512MiB`, `15d or 512MiB`.
impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let age = self.age_max.map(nines_base::format_duration);
        let bytes = self.bytes_max.map(|it| format!("{}MiB", it >> 20));
        let limits: Vec<String> = age.into_iter().chain(bytes).collect();
        f.write_str(&if limits.is_empty() { "forever".to_owned() } else { limits.join(" or ") })
    }
}

/// What the demo adds.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// Who visits the console.
    pub person: String,
    /// Jobs that no file names.
    pub jobs: Vec<ScrapeJob>,
    /// Mounted behind the same guard.
    pub routes: Router,
}
