//! Points become samples: which series, which value, which time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nines_base::{
    Exemplar, Histogram, HistogramSample, Labels, METRIC_NAME, Sample, SampleBatch, stale_marker,
};
use nines_port::MetricMetadata;

use super::delta::Deltas;
use super::model::{
    Attributes, Data, ExponentialPoint, HistogramPoint, Metric, NumberPoint, Point, Resource,
    SummaryPoint, Temporality,
};
use super::name::{Kind, label, metric};
use super::native::Exponential;
use super::{ATTRIBUTE_BYTES_MAX, ATTRIBUTES_MAX, NAMED_MAX, OtlpSettings};

/// They become `job` and `instance`.
const IDENTIFYING: [&str; 3] = ["service.namespace", "service.name", "service.instance.id"];

/// Everything of one request for the store.
#[derive(Debug, Default)]
pub(super) struct Translated {
    pub(super) batches: Vec<SampleBatch>,
    pub(super) exemplars: Vec<(Labels, Exemplar)>,
    pub(super) metadata: Vec<MetricMetadata>,
    /// Points that are in none of them.
    pub(super) rejected: u64,
    /// The first few reasons.
    pub(super) reasons: Vec<String>,
}

pub(super) struct Translation<'t> {
    settings: &'t OtlpSettings,
    deltas: &'t mut Deltas,
    described: BTreeSet<String>,
    out: Translated,
}

/// Labels in the making, by name.
type Pairs = BTreeMap<String, String>;

/// What the points of one metric share.
struct Family<'a> {
    name: String,
    /// Labels of the resource.
    shared: &'a Pairs,
    promoted: &'a Pairs,
}

impl<'t> Translation<'t> {
    pub(super) fn new(settings: &'t OtlpSettings, deltas: &'t mut Deltas) -> Self {
        Self { settings, deltas, described: BTreeSet::new(), out: Translated::default() }
    }

    pub(super) fn finish(self) -> Translated {
        self.out
    }

    pub(super) fn add(&mut self, resource: &Resource) {
        let shared = job_and_instance(&resource.attributes);
        let promoted = self.promoted(&resource.attributes);
        let first = self.out.batches.len();
        for metric in &resource.metrics {
            self.metric(metric, &shared, &promoted);
        }
        let fresh = self.out.batches.get(first..).unwrap_or_default();
        let times = fresh.iter().flat_map(|it| {
            it.samples.iter().map(|it| it.at_ms).chain(it.histograms.iter().map(|it| it.at_ms))
        });
        if let Some(at_ms) = times.max() {
            self.target_info(resource, &shared, at_ms);
        }
    }

    fn promoted(&self, attributes: &Attributes) -> Pairs {
        let wanted = self.settings.promoted_attributes.iter();
        let found = wanted.filter_map(|name| attributes.iter().find(|(it, _)| it == name));
        found.filter_map(|(name, value)| Some((label(name)?, value.clone()))).collect()
    }

    /// What is known of the sender, as labels of a series that is always 1.
    fn target_info(&mut self, resource: &Resource, shared: &Pairs, at_ms: i64) {
        let keeps = self.settings.keeps_identifying_attributes;
        let is_kept = |name: &str| keeps || !IDENTIFYING.contains(&name);
        let attributes = resource.attributes.iter().filter(|(name, _)| is_kept(name)).cloned();
        let attributes: Attributes = attributes.collect();
        if attributes.is_empty() || shared.is_empty() {
            return;
        }
        let family = Family { name: "target_info".to_owned(), shared, promoted: &Pairs::new() };
        match family.pairs(&attributes) {
            Ok(pairs) => self.push(&family, &pairs, "", None, at_ms, 1.0),
            Err(reason) => self.complain("target_info", &reason),
        }
    }

    fn metric(&mut self, it: &Metric, shared: &Pairs, promoted: &Pairs) {
        let (kind, word) = match &it.data {
            Data::Gauge(_) => (Kind::Gauge, "gauge"),
            Data::Sum { is_monotonic: true, .. } => (Kind::Counter, "counter"),
            Data::Sum { .. } => (Kind::Other, "gauge"),
            Data::Histogram(..) | Data::Exponential(..) => (Kind::Other, "histogram"),
            Data::Summary(_) => (Kind::Other, "summary"),
            Data::None => return,
        };
        let Some(name) = metric(&it.name, &it.unit, kind) else {
            let points = match &it.data {
                Data::Gauge(points) | Data::Sum { points, .. } => points.len(),
                Data::Histogram(points, _) => points.len(),
                Data::Exponential(points, _) => points.len(),
                Data::Summary(points) => points.len(),
                Data::None => 0,
            };
            self.out.rejected += points as u64;
            return self.complain(&it.name, "no letter or digit in the name of the metric");
        };
        self.describe(it, &name, word);
        let family = Family { name, shared, promoted };
        match &it.data {
            Data::None => {}
            Data::Gauge(points) => {
                self.each(&family, points, |this, point| {
                    this.number(&family, point, Temporality::Cumulative)
                });
            }
            Data::Sum { points, temporality, .. } => {
                self.each(&family, points, |this, point| this.number(&family, point, *temporality));
            }
            Data::Histogram(points, temporality) => {
                self.each(&family, points, |this, point| {
                    this.histogram(&family, point, *temporality)
                });
            }
            Data::Exponential(points, temporality) => {
                self.each(&family, points, |this, point| {
                    this.exponential(&family, point, *temporality)
                });
            }
            Data::Summary(points) => {
                self.each(&family, points, |this, point| this.summary(&family, point));
            }
        }
    }

    fn each<P>(
        &mut self,
        family: &Family<'_>,
        points: &[P],
        mut work: impl FnMut(&mut Self, &P) -> Result<(), String>,
    ) {
        for point in points {
            if let Err(reason) = work(self, point) {
                self.out.rejected += 1;
                self.complain(&family.name, &reason);
            }
        }
    }

    fn complain(&mut self, name: &str, reason: &str) {
        let reason = format!("{name}: {reason}");
        if self.out.reasons.len() < NAMED_MAX && !self.out.reasons.contains(&reason) {
            self.out.reasons.push(reason);
        }
    }

    fn describe(&mut self, metric: &Metric, name: &str, kind: &str) {
        if self.described.insert(name.to_owned()) {
            self.out.metadata.push(MetricMetadata {
                metric: name.to_owned(),
                kind: kind.to_owned(),
                help: metric.description.clone(),
                unit: metric.unit.clone(),
            });
        }
    }

    fn number(
        &mut self,
        family: &Family<'_>,
        it: &NumberPoint,
        temporality: Temporality,
    ) -> Result<(), String> {
        let pairs = family.pairs_at(&it.point)?;
        let labels = family.labels(&pairs, "", None)?;
        let value = match temporality {
            _ if it.point.has_ended() => stale_marker(),
            Temporality::Cumulative => it.value,
            Temporality::Delta => self.deltas.number(&labels, &it.point, it.value)?,
            Temporality::Unspecified => return Err(NO_TEMPORALITY.to_owned()),
        };
        self.exemplars(&it.point, |_| labels.clone());
        self.push_sample(labels, it.point.at_ms(), value);
        Ok(())
    }

    fn histogram(
        &mut self,
        family: &Family<'_>,
        it: &HistogramPoint,
        temporality: Temporality,
    ) -> Result<(), String> {
        let pairs = family.pairs_at(&it.point)?;
        let is_empty = it.counts.is_empty() && it.bounds.is_empty();
        if !is_empty && it.counts.len() != it.bounds.len() + 1 {
            return Err("a histogram with as many counts as borders".to_owned());
        }
        if !it.bounds.is_sorted_by(|one, next| one < next) {
            return Err("a histogram whose borders do not rise".to_owned());
        }
        let ended = it.point.has_ended();
        let sum = match temporality {
            _ if ended => it.clone(),
            Temporality::Cumulative => it.clone(),
            Temporality::Delta => self.deltas.histogram(&family.labels(&pairs, "", None)?, it)?,
            Temporality::Unspecified => return Err(NO_TEMPORALITY.to_owned()),
        };
        let at_ms = it.point.at_ms();
        let value = |value: f64| if ended { stale_marker() } else { value };
        let mut count = 0_u64;
        for (bound, it) in sum.bounds.iter().zip(&sum.counts) {
            count = count.saturating_add(*it);
            self.push(family, &pairs, "_bucket", Some(le(*bound)), at_ms, value(count as f64));
        }
        let all = value(sum.count as f64);
        self.push(family, &pairs, "_bucket", Some(le(f64::INFINITY)), at_ms, all);
        if let Some(sum) = sum.sum {
            self.push(family, &pairs, "_sum", None, at_ms, value(sum));
        }
        self.push(family, &pairs, "_count", None, at_ms, all);
        self.exemplars(&it.point, |value| {
            let bound = sum.bounds.iter().copied().find(|it| value <= *it);
            let border = le(bound.unwrap_or(f64::INFINITY));
            family.labels(&pairs, "_bucket", Some(border)).unwrap_or_default()
        });
        Ok(())
    }

    fn exponential(
        &mut self,
        family: &Family<'_>,
        it: &ExponentialPoint,
        temporality: Temporality,
    ) -> Result<(), String> {
        let pairs = family.pairs_at(&it.point)?;
        let labels = family.labels(&pairs, "", None)?;
        let histogram = match temporality {
            _ if it.point.has_ended() => Histogram::stale(),
            Temporality::Cumulative => Exponential::new(it)?.to_histogram()?,
            Temporality::Delta => {
                let delta = Exponential::new(it)?;
                delta.to_histogram()?; // what is wrong must not be added
                self.deltas.exponential(&labels, &it.point, delta)?.to_histogram()?
            }
            Temporality::Unspecified => return Err(NO_TEMPORALITY.to_owned()),
        };
        self.exemplars(&it.point, |_| labels.clone());
        let histogram = Arc::new(histogram);
        let histograms = vec![HistogramSample { at_ms: it.point.at_ms(), histogram }];
        self.out.batches.push(SampleBatch { labels, samples: Vec::new(), histograms });
        Ok(())
    }

    fn summary(&mut self, family: &Family<'_>, it: &SummaryPoint) -> Result<(), String> {
        let pairs = family.pairs_at(&it.point)?;
        let ended = it.point.has_ended();
        let value = |value: f64| if ended { stale_marker() } else { value };
        let at_ms = it.point.at_ms();
        for (quantile, of) in &it.quantiles {
            let extra = Some(("quantile", quantile.to_string()));
            self.push(family, &pairs, "", extra, at_ms, value(*of));
        }
        self.push(family, &pairs, "_sum", None, at_ms, value(it.sum));
        self.push(family, &pairs, "_count", None, at_ms, value(it.count as f64));
        Ok(())
    }

    fn push(
        &mut self,
        family: &Family<'_>,
        pairs: &Pairs,
        suffix: &str,
        extra: Option<(&'static str, String)>,
        at_ms: i64,
        value: f64,
    ) {
        match family.labels(pairs, suffix, extra) {
            Ok(labels) => self.push_sample(labels, at_ms, value),
            Err(reason) => self.complain(&family.name, &reason),
        }
    }

    fn push_sample(&mut self, labels: Labels, at_ms: i64, value: f64) {
        self.out.batches.push(SampleBatch::new(labels, vec![Sample { at_ms, value }]));
    }

    fn exemplars(&mut self, point: &Point, series: impl Fn(f64) -> Labels) {
        for it in &point.exemplars {
            let mut pairs: Pairs = Pairs::new();
            for (name, id) in [("trace_id", &it.trace_id), ("span_id", &it.span_id)] {
                if !id.is_empty() {
                    pairs.insert(name.to_owned(), hex(id));
                }
            }
            for (name, value) in &it.attributes {
                if let Some(name) = label(name) {
                    pairs.entry(name).or_insert_with(|| value.clone());
                }
            }
            let (Ok(labels), at_ms) = (Labels::new(pairs), it.nanos / 1_000_000) else { continue };
            let at_ms = i64::try_from(at_ms).unwrap_or(i64::MAX);
            self.out
                .exemplars
                .push((series(it.value), Exemplar { labels, value: it.value, at_ms }));
        }
    }
}

const NO_TEMPORALITY: &str = "neither delta nor cumulative";

impl Family<'_> {
    fn pairs_at(&self, point: &Point) -> Result<Pairs, String> {
        if point.nanos == 0 {
            return Err("a data point without a time".to_owned());
        }
        self.pairs(&point.attributes)
    }

    /// Attributes whose names become the same label are put together, as Prometheus does.
    fn pairs(&self, attributes: &Attributes) -> Result<Pairs, String> {
        if ATTRIBUTES_MAX < attributes.len() {
            return Err(format!("more than {ATTRIBUTES_MAX} attributes"));
        }
        let mut sorted: Vec<&(String, String)> = attributes.iter().collect();
        sorted.sort();
        let mut pairs = Pairs::new();
        for (name, value) in sorted {
            if ATTRIBUTE_BYTES_MAX < name.len().max(value.len()) {
                return Err(format!("an attribute longer than {ATTRIBUTE_BYTES_MAX} bytes"));
            }
            let Some(label) = label(name) else { continue };
            pairs
                .entry(label)
                .and_modify(|it| {
                    it.push(';');
                    it.push_str(value);
                })
                .or_insert_with(|| value.clone());
        }
        for (name, value) in self.promoted {
            pairs.entry(name.clone()).or_insert_with(|| value.clone());
        }
        pairs.extend(self.shared.clone());
        Ok(pairs)
    }

    fn labels(
        &self,
        pairs: &Pairs,
        suffix: &str,
        extra: Option<(&'static str, String)>,
    ) -> Result<Labels, String> {
        let mut pairs = pairs.clone();
        pairs.insert(METRIC_NAME.to_owned(), format!("{}{suffix}", self.name));
        if let Some((name, value)) = extra {
            pairs.insert(name.to_owned(), value);
        }
        Labels::new(pairs).map_err(|error| error.to_string())
    }
}

/// As Prometheus: `namespace/name`, or only the name.
fn job_and_instance(attributes: &Attributes) -> Pairs {
    let get = |name: &str| {
        let found = attributes.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
        found.filter(|it| !it.is_empty())
    };
    let mut pairs = Pairs::new();
    if let Some(name) = get("service.name") {
        let job = match get("service.namespace") {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name.to_owned(),
        };
        pairs.insert("job".to_owned(), job);
    }
    if let Some(instance) = get("service.instance.id") {
        pairs.insert("instance".to_owned(), instance.to_owned());
    }
    pairs
}

fn le(bound: f64) -> (&'static str, String) {
    let text = if bound == f64::INFINITY { "+Inf".to_owned() } else { bound.to_string() };
    ("le", text)
}

fn hex(bytes: &[u8]) -> String {
    let digit = |it: u8| char::from_digit(u32::from(it), 16).unwrap_or('0');
    bytes.iter().flat_map(|it| [digit(it >> 4), digit(it & 15)]).collect()
}
