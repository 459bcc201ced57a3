//! What is known of each target, for whoever shows it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use nines_base::Labels;

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
    /// The job's name.
    pub job: String,
    /// `host:port`.
    pub address: String,
    /// What is asked.
    pub url: String,
    /// What every series of it gets, `job` and `instance` included.
    pub labels: Labels,
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

/// The status of all targets; shared with the scraper, which keeps it up to date.
#[derive(Debug, Default)]
pub struct TargetsStatus {
    targets: Mutex<BTreeMap<TargetKey, TargetStatus>>,
}

impl TargetsStatus {
    /// Sorted by job and address.
    pub fn snapshot(&self) -> Vec<TargetStatus> {
        self.with(|it| it.values().cloned().collect())
    }

    /// Notes a target that is new or has other settings; what is known of its scrapes stays.
    pub(super) fn note(&self, key: &TargetKey, settings: &Settings) {
        self.with(|it| {
            let known = it.remove(key);
            let status = TargetStatus {
                job: key.job.clone(),
                address: key.target.address.clone(),
                url: settings.url.clone(),
                labels: settings.labels.clone(),
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
