//! One target: what its scrapes mean in samples. No sockets, no clock.

use std::time::Duration;

use jiff::SignedDuration;
use nines_base::{Labels, METRIC_NAME, Sample, SampleBatch};

use super::job::{ScrapeJob, Target};
use super::series::{Read, Reading, SeriesMemory};
use crate::text::{Format, TextLimits};

/// A shorter interval is this one.
const INTERVAL_MIN: SignedDuration = SignedDuration::from_millis(100);
/// Put before the name of a label that the target and its configuration both set.
const EXPORTED: &str = "exported_";

/// What makes a target the same one when its settings change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TargetKey {
    pub(super) job: String,
    pub(super) target: Target,
}

/// How one target is scraped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) url: String,
    /// What every series gets, `job` and `instance` included.
    pub(super) labels: Labels,
    pub(super) interval: SignedDuration,
    pub(super) timeout: SignedDuration,
    pub(super) honor_labels: bool,
    pub(super) honor_timestamps: bool,
    pub(super) sample_limit: usize,
    pub(super) body_bytes_max: usize,
}

impl Settings {
    pub(super) fn new(job: &ScrapeJob, target: &Target) -> Self {
        let interval = job.interval.max(INTERVAL_MIN);
        let mut labels = target.labels.clone();
        for (name, value) in [("instance", &target.address), ("job", &job.name)] {
            if labels.get(name).is_none() {
                labels = labels.with(name, value);
            }
        }
        Self {
            url: format!("{}://{}{}", job.scheme, target.address, job.path),
            labels,
            interval,
            timeout: if job.timeout.is_positive() { job.timeout.min(interval) } else { interval },
            honor_labels: job.honor_labels,
            honor_timestamps: job.honor_timestamps,
            sample_limit: job.sample_limit,
            body_bytes_max: job.body_bytes_max,
        }
    }

    pub(super) fn interval_ms(&self) -> i64 {
        i64::try_from(self.interval.as_millis()).unwrap_or(i64::MAX)
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout.unsigned_abs()
    }

    /// The labels that are stored for a series of the target.
    fn attach(&self, scraped: &Labels) -> Labels {
        let mut labels = scraped.clone();
        for (name, value) in self.labels.iter() {
            match scraped.get(name) {
                Some(_) if self.honor_labels => continue,
                Some(own) => {
                    let mut exported = format!("{EXPORTED}{name}");
                    while labels.get(&exported).is_some() || self.labels.get(&exported).is_some() {
                        exported.insert_str(0, EXPORTED);
                    }
                    labels = labels.with(&exported, own);
                }
                None => {}
            }
            labels = labels.with(name, value);
        }
        labels
    }
}

/// What a target answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: String,
    pub(super) format: Format,
}

/// What one scrape comes to.
#[derive(Debug)]
pub(super) struct Scrape {
    /// Everything for the store, as one append.
    pub(super) batches: Vec<SampleBatch>,
    /// Why the scrape has failed, if it has.
    pub(super) error: Option<String>,
}

/// What has to be remembered from scrape to scrape.
#[derive(Debug, Default)]
pub(super) struct TargetState {
    series: SeriesMemory,
    /// Markers that the store did not take, with their times; tried again with the next scrape.
    owed: Vec<SampleBatch>,
    /// Set once the series about the scrape itself are in the store.
    reported: bool,
    /// How scraped labels were attached; another way makes other series.
    honored: Option<bool>,
}

impl TargetState {
    /// Turns an answer, or the reason why there is none, into samples.
    pub(super) fn digest(
        &mut self,
        settings: &Settings,
        answer: Result<Answer, String>,
        at_ms: i64,
        took: SignedDuration,
    ) -> Scrape {
        let mut batches = std::mem::take(&mut self.owed);
        if self.honored.replace(settings.honor_labels).is_some_and(|it| it != settings.honor_labels)
        {
            batches.extend(self.series.end_all(at_ms));
            self.series = SeriesMemory::default();
        }
        let read = answer.and_then(|answer| self.read(settings, &answer, at_ms));
        let ended = match &read {
            Ok(_) => self.series.settle(at_ms),
            Err(_) => self.series.end_all(at_ms),
        };
        let (read, error) = match read {
            Ok(read) => (read, None),
            Err(reason) => (Read::default(), Some(reason)),
        };
        let (scraped, added) = (read.scraped as f64, read.added as f64);
        batches.extend(read.batches);
        batches.extend(ended);
        let up = if error.is_none() { 1.0 } else { 0.0 };
        let report = [
            ("up", up),
            ("scrape_duration_seconds", took.as_secs_f64()),
            ("scrape_samples_scraped", scraped),
            ("scrape_samples_post_metric_relabeling", scraped),
            ("scrape_series_added", added),
        ];
        let about = |(name, value)| SampleBatch {
            histograms: Vec::new(),
            labels: settings.labels.with(METRIC_NAME, name),
            samples: vec![Sample { at_ms, value }],
        };
        batches.extend(report.into_iter().map(about));
        self.reported = true;
        Scrape { batches, error }
    }

    /// Ends everything, because the target is no longer scraped.
    pub(super) fn end(&mut self, settings: &Settings, at_ms: i64) -> Vec<SampleBatch> {
        let mut batches = std::mem::take(&mut self.owed);
        batches.extend(self.series.end_all(at_ms));
        if std::mem::take(&mut self.reported) {
            let names = [
                "up",
                "scrape_duration_seconds",
                "scrape_samples_scraped",
                "scrape_samples_post_metric_relabeling",
                "scrape_series_added",
            ];
            let value = nines_base::stale_marker();
            batches.extend(names.map(|name| SampleBatch {
                histograms: Vec::new(),
                labels: settings.labels.with(METRIC_NAME, name),
                samples: vec![Sample { at_ms, value }],
            }));
        }
        batches
    }

    /// The store took nothing of this scrape: its markers are still owed.
    pub(super) fn owe(&mut self, batches: Vec<SampleBatch>) {
        let ends = |it: &SampleBatch| it.samples.iter().any(|it| nines_base::is_stale(it.value));
        self.owed = batches.into_iter().filter(ends).collect();
    }

    fn read(&mut self, settings: &Settings, answer: &Answer, at_ms: i64) -> Result<Read, String> {
        let default = TextLimits::default();
        let samples_max = settings.sample_limit.min(default.samples_max);
        let reading = Reading {
            format: answer.format,
            limits: TextLimits { samples_max, ..default },
            honor_timestamps: settings.honor_timestamps,
            at_ms,
        };
        self.series
            .read(&answer.body, reading, |it| settings.attach(it))
            .map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests;
