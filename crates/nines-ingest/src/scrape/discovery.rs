//! Service discovery: who is to be scraped, by those who know.
//!
//! Each source has a task that gives a list of targets whenever it has changed. A source that fails keeps its last
//! list. It must not know what is done with the targets.
//!
//! Source: Prometheus, "Configuration", sections `file_sd_config`, `http_sd_config` and `dns_sd_config`.

mod dns;
mod file;
mod groups;
mod web;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::SignedDuration;
use nines_http::Clients;
use nines_port::HttpSettings;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use super::job::{ScrapeJob, Target};

pub use groups::TargetGroup;

/// Targets of one source.
const TARGETS_MAX: usize = 10_000;

/// Somebody who knows targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Discovery {
    /// Files with lists of targets.
    Files {
        /// Paths whose last part may have one `*`.
        patterns: Vec<PathBuf>,
        /// They are read again when they change, and at least so often.
        refresh: SignedDuration,
    },
    /// A list of targets at an address.
    Web {
        /// Asked with GET.
        url: String,
        /// Asked so often.
        refresh: SignedDuration,
        /// How it is asked.
        http: Box<HttpSettings>,
    },
    /// Records of the domain name system.
    Dns {
        /// What is looked up.
        names: Vec<String>,
        /// Which records.
        record: DnsRecord,
        /// For records that have none.
        port: u16,
        /// Looked up so often.
        refresh: SignedDuration,
    },
}

/// Which records say where targets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnsRecord {
    /// Addresses of version 4.
    A,
    /// Addresses of version 6.
    Aaaa,
    /// Names with ports.
    Srv,
    /// Names of mail servers.
    Mx,
}

/// Reads a file with lists of targets that is not JSON; an error is a sentence for people.
pub type ReadGroups = Arc<dyn Fn(&str) -> Result<Vec<TargetGroup>, String> + Send + Sync>;

/// What the sources need.
#[derive(Clone)]
pub(super) struct Sources {
    pub(super) clients: Clients,
    pub(super) read_yaml: Option<ReadGroups>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("clients", &self.clients).finish_non_exhaustive()
    }
}

/// The sources of all jobs, each once.
#[derive(Debug)]
pub(super) struct Discoverer {
    sources: Sources,
    known: Vec<Known>,
    /// Rings when any list has changed.
    changed: Arc<Notify>,
}

#[derive(Debug)]
struct Known {
    discovery: Discovery,
    targets: watch::Receiver<Vec<Target>>,
    task: AbortHandle,
}

impl Drop for Known {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Discoverer {
    pub(super) fn new(sources: Sources) -> Self {
        Self { sources, known: Vec::new(), changed: Arc::default() }
    }

    /// Ready when some list has changed since the last time.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Starts the sources that are new and stops those that no job names any more.
    pub(super) fn follow(&mut self, jobs: &[ScrapeJob]) {
        let wanted = || jobs.iter().flat_map(|it| &it.discoveries);
        self.known.retain(|it| wanted().any(|wanted| *wanted == it.discovery));
        for discovery in wanted() {
            if self.known.iter().all(|it| it.discovery != *discovery) {
                self.start(discovery.clone());
            }
        }
    }

    /// What the sources of a job know now.
    pub(super) fn targets(&self, job: &ScrapeJob) -> Vec<Target> {
        let known = |discovery: &Discovery| {
            let known = self.known.iter().find(|it| it.discovery == *discovery);
            known.map(|it| it.targets.borrow().clone()).unwrap_or_default()
        };
        job.discoveries.iter().flat_map(known).collect()
    }

    fn start(&mut self, discovery: Discovery) {
        let (sender, targets) = watch::channel(Vec::new());
        let output = Output { sender, changed: Arc::clone(&self.changed) };
        let (sources, source) = (self.sources.clone(), discovery.clone());
        let task = tokio::spawn(async move {
            match source {
                Discovery::Files { patterns, refresh } => {
                    file::follow(&patterns, refresh, &sources, output).await;
                }
                Discovery::Web { url, refresh, http } => {
                    web::follow(&url, refresh, &http, &sources.clients, output).await;
                }
                Discovery::Dns { names, record, port, refresh } => {
                    dns::follow(&names, record, port, refresh, output).await;
                }
            }
        });
        self.known.push(Known { discovery, targets, task: task.abort_handle() });
    }
}

/// Where a source puts its list.
#[derive(Debug)]
struct Output {
    sender: watch::Sender<Vec<Target>>,
    changed: Arc<Notify>,
}

impl Output {
    /// Parts of the list by where they come from, so that a part that fails can stay as it was.
    fn set(&self, parts: &BTreeMap<String, Vec<Target>>) {
        let mut targets: Vec<Target> = parts.values().flatten().cloned().collect();
        if TARGETS_MAX < targets.len() {
            tracing::error!("a source knows more than {TARGETS_MAX} targets: the rest is left out");
            targets.truncate(TARGETS_MAX);
        }
        let is_new = self.sender.send_if_modified(|it| {
            let changed = *it != targets;
            *it = targets;
            changed
        });
        if is_new {
            self.changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
