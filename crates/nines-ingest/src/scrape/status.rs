//! What is known of each target, for whoever shows it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use nines_base::Labels;

use super::plan::Dropped;
use super::target::{Settings, TargetKey};

/// Whether the last scrape was good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Nobody has asked yet.
    Unknown,
    /// It answered.
    Up,
    /// It did not, or its answer made no sense.
    Down,
}

/// One target and its last scrape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetStatus {
    /// The job's name, whatever relabelling makes of the label: Prometheus' `scrapePool`.
    pub job: String,
    /// `host:port`.
    pub address: String,
    /// What is asked.
    pub url: String,
    /// What every series of it gets, `job` and `instance` included.
    pub labels: Labels,
    /// As it was found, before relabelling.
    pub discovered_labels: Labels,
    /// From one scrape to the next.
    pub interval: SignedDuration,
    /// The time limit of one.
    pub timeout: SignedDuration,
    /// Of the last scrape.
    pub health: Health,
    /// Why the last scrape failed, or what of it was not stored.
    pub last_error: Option<String>,
    /// When it began.
    pub last_scrape: Option<Timestamp>,
    /// How long it took.
    pub last_duration: Option<SignedDuration>,
}

/// A target that is not asked, because a rule drops it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedTarget {
    /// The job's name.
    pub job: String,
    /// As it was found.
    pub discovered_labels: Labels,
}

/// The status of all targets; shared with the scraper, which keeps it up to date.
#[derive(Debug, Default)]
pub struct TargetsStatus {
    targets: Mutex<BTreeMap<TargetKey, TargetStatus>>,
    pools: Mutex<BTreeMap<String, Dropped>>,
}

impl TargetsStatus {
    /// Sorted by job and address.
    pub fn snapshot(&self) -> Vec<TargetStatus> {
        self.with(|it| it.values().cloned().collect())
    }

    /// The names of all jobs, also of those without targets; sorted.
    pub fn pools(&self) -> Vec<String> {
        self.with_pools(|it| it.keys().cloned().collect())
    }

    /// The targets that rules have dropped, of each job the first thousand.
    pub fn dropped(&self) -> Vec<DroppedTarget> {
        self.with_pools(|it| {
            let of_job = |(job, dropped): (&String, &Dropped)| {
                let job = job.clone();
                dropped.discovered.clone().into_iter().map(move |discovered_labels| DroppedTarget {
                    job: job.clone(),
                    discovered_labels,
                })
            };
            it.iter().flat_map(of_job).collect()
        })
    }

    /// How many there are of each job, all counted.
    pub fn dropped_counts(&self) -> BTreeMap<String, usize> {
        self.with_pools(|it| it.iter().map(|(job, it)| (job.clone(), it.count)).collect())
    }

    pub(super) fn set_pools(&self, pools: BTreeMap<String, Dropped>) {
        self.with_pools(|it| *it = pools);
    }

    fn with_pools<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Dropped>) -> T) -> T {
        work(&mut self.pools.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes a target that is new or has other settings; what is known of its scrapes stays.
    pub(super) fn note(&self, key: &TargetKey, settings: &Settings) {
        self.with(|it| {
            let known = it.remove(key);
            let status = TargetStatus {
                job: key.pool.clone(),
                address: settings.address.clone(),
                url: settings.url.clone(),
                labels: settings.labels.clone(),
                discovered_labels: settings.discovered.clone(),
                interval: settings.interval,
                timeout: settings.timeout,
                health: known.as_ref().map_or(Health::Unknown, |it| it.health),
                last_error: known.as_ref().and_then(|it| it.last_error.clone()),
                last_scrape: known.as_ref().and_then(|it| it.last_scrape),
                last_duration: known.and_then(|it| it.last_duration),
            };
            it.insert(key.clone(), status);
        });
    }

    pub(super) fn record(
        &self,
        key: &TargetKey,
        at: Timestamp,
        took: SignedDuration,
        health: Health,
        error: Option<String>,
    ) {
        self.with(|it| {
            if let Some(status) = it.get_mut(key) {
                status.health = health;
                status.last_error = error;
                status.last_scrape = Some(at);
                status.last_duration = Some(took);
            }
        });
    }

    pub(super) fn forget(&self, key: &TargetKey) {
        self.with(|it| it.remove(key));
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<TargetKey, TargetStatus>) -> T) -> T {
        // Whatever panicked meanwhile, each entry is whole.
        work(&mut self.targets.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
