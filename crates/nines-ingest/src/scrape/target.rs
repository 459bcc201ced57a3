//! One target: what its scrapes mean in samples. No sockets, no clock.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use nines_base::{Exemplar, Labels, METRIC_NAME, Sample, stale_marker};
use nines_port::{HttpSettings, MetricMetadata};

use super::job::LabelLimits;
use super::read::{Attach, Body, BodyMemory, Read, Reading, Times};
use super::series::Pending;
use crate::relabel::{Relabel, relabel};
use crate::text::TextLimits;

/// A shorter interval is this one.
pub(super) const INTERVAL_MIN: SignedDuration = SignedDuration::from_millis(100);
/// Put before the name of a label that the target and its configuration both set.
const EXPORTED: &str = "exported_";
/// Metrics about the scrape itself.
const ABOUT: [&str; 5] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
];
/// More of them, on demand.
const ABOUT_LIMITS: [&str; 3] =
    ["scrape_timeout_seconds", "scrape_sample_limit", "scrape_body_size_bytes"];

/// What makes a target the same one when its settings change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TargetKey {
    /// The job's name, whatever relabelling makes of the label.
    pub(super) pool: String,
    pub(super) url: String,
    /// As [`Settings::labels`].
    pub(super) labels: Labels,
}

/// How one target is scraped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) url: String,
    pub(super) address: String,
    /// What every series gets, `job` and `instance` included.
    pub(super) labels: Labels,
    /// As it was found, before relabelling.
    pub(super) discovered: Labels,
    pub(super) interval: SignedDuration,
    pub(super) timeout: SignedDuration,
    pub(super) honor_labels: bool,
    pub(super) times: Times,
    pub(super) native_histograms: bool,
    pub(super) extra_metrics: bool,
    pub(super) sample_limit: usize,
    pub(super) label_limits: LabelLimits,
    pub(super) body_bytes_max: usize,
    pub(super) http: Arc<HttpSettings>,
    pub(super) metric_relabel_rules: Arc<[Relabel]>,
    /// Why it is not asked at all, and counts as down.
    pub(super) refusal: Option<String>,
}

impl Settings {
    pub(super) fn interval_ms(&self) -> i64 {
        i64::try_from(self.interval.as_millis()).unwrap_or(i64::MAX)
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout.unsigned_abs()
    }

    /// The labels that are stored for a series of the target; nothing when a rule drops it.
    fn attach(&self, scraped: &Labels) -> Result<Option<Labels>, String> {
        let labels = self.with_own(scraped);
        let kept = relabel(&labels, &self.metric_relabel_rules).map_err(|it| it.to_string())?;
        let Some(labels) = kept.filter(|it| !it.is_empty()) else { return Ok(None) };
        if labels.metric_name().is_none() {
            return Err("relabelling has removed the name of a metric".to_owned());
        }
        self.check(&labels).map(|()| Some(labels))
    }

    fn with_own(&self, scraped: &Labels) -> Labels {
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

    fn check(&self, labels: &Labels) -> Result<(), String> {
        let LabelLimits { labels_max, name_bytes_max, value_bytes_max } = self.label_limits;
        if labels_max < labels.len() {
            let found = labels.len();
            return Err(format!(
                "{found} labels, and the label limit of this target is {labels_max}"
            ));
        }
        for (name, value) in labels.iter() {
            if name_bytes_max < name.len() {
                return Err(format!("a label's name longer than {name_bytes_max} bytes: `{name}`"));
            }
            if value_bytes_max < value.len() {
                return Err(format!("the label `{name}` longer than {value_bytes_max} bytes"));
            }
        }
        Ok(())
    }
}

/// What one scrape comes to.
#[derive(Debug, Default)]
pub(super) struct Scrape {
    /// Everything for the store, as one append.
    pub(super) rows: Vec<Pending>,
    pub(super) exemplars: Vec<(Labels, Exemplar)>,
    pub(super) metadata: Vec<MetricMetadata>,
    /// Why the scrape has failed, if it has.
    pub(super) error: Option<String>,
}

/// What has to be remembered from scrape to scrape.
#[derive(Debug, Default)]
pub(super) struct TargetState {
    memory: BodyMemory,
    /// Markers that the store did not take, with their times; tried again with the next scrape.
    owed: Vec<Pending>,
    /// The series about the scrape itself that are in the store, by their place in the lists above.
    about: Vec<(&'static str, Pending)>,
    /// How scraped labels were attached; another way makes other series.
    attached: Option<(bool, LabelLimits, Arc<[Relabel]>)>,
}

impl TargetState {
    /// Turns an answer, or the reason why there is none, into samples.
    pub(super) fn digest(
        &mut self,
        settings: &Settings,
        answer: Result<Body, String>,
        at_ms: i64,
        took: SignedDuration,
    ) -> Scrape {
        let mut rows = std::mem::take(&mut self.owed);
        rows.extend(self.forget_other_ways(settings, at_ms));
        let body_bytes = answer.as_ref().map_or(0, Body::bytes);
        let mut read = Read::default();
        let result = answer.and_then(|body| self.read(settings, &body, at_ms, &mut read));
        let ended = match &result {
            Ok(()) => self.memory.series.settle(at_ms),
            Err(_) => self.memory.series.end_all(at_ms),
        };
        let error = result.err();
        if error.is_some() {
            read = Read {
                rows: Vec::new(),
                exemplars: Vec::new(),
                metadata: Vec::new(),
                added: 0,
                ..read
            };
        }
        let up = if error.is_none() { 1.0 } else { 0.0 };
        let (scraped, kept, added) = (read.scraped as f64, read.kept as f64, read.added as f64);
        let about = [up, took.as_secs_f64(), scraped, kept, added];
        let sample_limit =
            if settings.sample_limit == usize::MAX { 0.0 } else { settings.sample_limit as f64 };
        let limits = [settings.timeout.as_secs_f64(), sample_limit, body_bytes as f64];
        let wanted = if settings.extra_metrics { ABOUT_LIMITS.len() } else { 0 };
        let report = ABOUT.into_iter().zip(about);
        let report = report.chain(ABOUT_LIMITS.into_iter().zip(limits).take(wanted));

        let Read { rows: fresh, exemplars, metadata, .. } = read;
        rows.extend(fresh);
        rows.extend(ended);
        rows.extend(self.report(settings, report, at_ms));
        Scrape { rows, exemplars, metadata, error }
    }

    /// Ends everything, because the target is no longer scraped.
    pub(super) fn end(&mut self, at_ms: i64) -> Vec<Pending> {
        let mut rows = std::mem::take(&mut self.owed);
        rows.extend(self.memory.series.end_all(at_ms));
        let about = std::mem::take(&mut self.about);
        let sample = Sample { at_ms, value: stale_marker() };
        rows.extend(about.into_iter().map(|(_, it)| Pending::number(it.labels, sample)));
        rows
    }

    /// The store took nothing of this scrape: its markers are still owed.
    pub(super) fn owe(&mut self, rows: Vec<Pending>) {
        self.owed = rows.into_iter().filter(Pending::is_end).collect();
    }

    fn forget_other_ways(&mut self, settings: &Settings, at_ms: i64) -> Vec<Pending> {
        let way = (
            settings.honor_labels,
            settings.label_limits,
            Arc::clone(&settings.metric_relabel_rules),
        );
        let before = self.attached.replace(way.clone());
        if before.is_none_or(|it| it == way) {
            return Vec::new();
        }
        let ended = self.memory.series.end_all(at_ms);
        self.memory = BodyMemory::default();
        ended
    }

    /// The labels of these are made once.
    fn report(
        &mut self,
        settings: &Settings,
        values: impl Iterator<Item = (&'static str, f64)>,
        at_ms: i64,
    ) -> Vec<Pending> {
        let mut rows = Vec::with_capacity(ABOUT.len() + ABOUT_LIMITS.len());
        for (name, value) in values {
            let sample = Sample { at_ms, value };
            let row = match self.about.iter().find(|(it, _)| *it == name) {
                Some((_, known)) => {
                    Pending { value: super::series::PendingValue::Number(sample), ..known.clone() }
                }
                None => {
                    let labels = settings.labels.with(METRIC_NAME, name);
                    let row = Pending::number(labels, sample);
                    self.about.push((name, row.clone()));
                    row
                }
            };
            rows.push(row);
        }
        rows
    }

    fn read(
        &mut self,
        settings: &Settings,
        body: &Body,
        at_ms: i64,
        read: &mut Read,
    ) -> Result<(), String> {
        let how = Reading {
            limits: TextLimits::default(),
            sample_limit: settings.sample_limit,
            times: settings.times,
            at_ms,
        };
        let attach: Attach<'_> = &|labels| settings.attach(labels);
        self.memory.read(body, how, attach, read)
    }
}

#[cfg(test)]
mod tests;
