//! The protobuf format of metrics: messages `MetricFamily`, each behind its length.
//!
//! The one format in which native histograms are exposed. It must not know targets or times.
//!
//! Source: Prometheus, `io/prometheus/client/metrics.proto`, and "Exposition formats".

use std::sync::Arc;

use nines_base::{CounterReset, Exemplar, Histogram, Labels, METRIC_NAME};
use nines_port::MetricMetadata;

use crate::histogram::{Buckets, check, small};
use crate::text::{EXEMPLAR_CHARS_MAX, border};
use crate::wire::{Field, Fields, WireError};

/// Labels of one series.
const LABELS_MAX: usize = 128;

/// The words for kinds of metrics, by their numbers.
const KINDS: [&str; 6] = ["counter", "gauge", "summary", "unknown", "histogram", "gaugehistogram"];

/// One sample as the target wrote it.
#[derive(Debug)]
pub(crate) struct FamilySample<'a> {
    /// Bytes that are the same scrape after scrape, and no other series has.
    pub(crate) spelling: &'a [u8],
    series: &'a SeriesOf<'a>,
    pub(crate) value: FamilyValue,
    /// Milliseconds since the Unix epoch, when the target gives a time.
    pub(crate) at_ms: Option<i64>,
    pub(crate) exemplars: Vec<&'a [u8]>,
}

#[derive(Debug, Clone)]
pub(crate) enum FamilyValue {
    Number(f64),
    Histogram(Arc<Histogram>),
}

/// Where the labels of a sample are.
#[derive(Debug)]
struct SeriesOf<'a> {
    family: &'a [u8],
    suffix: &'static str,
    /// Labels of the metric, each a `LabelPair`.
    labels: Vec<&'a [u8]>,
    border: Option<(&'static str, f64)>,
}

impl FamilySample<'_> {
    pub(crate) fn labels(&self) -> Result<Labels, String> {
        let SeriesOf { family, suffix, labels, border: extra } = self.series;
        let text = |bytes: &[u8]| {
            String::from_utf8(bytes.to_vec()).map_err(|_| "a name that is not UTF-8".to_owned())
        };
        if LABELS_MAX < labels.len() + 2 {
            return Err(format!("more than {LABELS_MAX} labels"));
        }
        let mut pairs = vec![(METRIC_NAME.to_owned(), text(family)? + suffix)];
        for label in labels {
            let (name, value) = pair(label).map_err(|error| error.to_string())?;
            pairs.push((text(name)?, text(value)?));
        }
        if let Some((name, value)) = extra {
            pairs.push(((*name).to_owned(), border(*value)));
        }
        let labels = Labels::new(pairs).map_err(|error| error.to_string())?;
        match labels.metric_name() {
            Some(_) => Ok(labels),
            None => Err("a series without a metric name".to_owned()),
        }
    }
}

/// Goes through a whole body; gives what the families mean.
///
/// # Errors
/// The first thing that breaks the format, or that `take` does not want.
pub(crate) fn read(
    body: &[u8],
    take: &mut dyn FnMut(FamilySample<'_>) -> Result<(), String>,
) -> Result<Vec<MetricMetadata>, String> {
    let mut metadata = Vec::new();
    let mut spelling = Vec::new();
    let mut rest = Fields::new(body);
    while 0 < rest.left() {
        let message = rest.bytes().map_err(|error| error.to_string())?;
        let family = Family::read(message).map_err(|error| error.to_string())?;
        metadata.push(family.metadata());
        for metric in &family.metrics {
            family.metric(metric, &mut spelling, take)?;
        }
    }
    Ok(metadata)
}

#[derive(Debug, Default)]
struct Family<'a> {
    name: &'a [u8],
    help: &'a [u8],
    unit: &'a [u8],
    kind: i64,
    metrics: Vec<&'a [u8]>,
}

impl<'a> Family<'a> {
    fn read(message: &'a [u8]) -> Result<Self, WireError> {
        let mut out = Self::default();
        let mut fields = Fields::new(message);
        while let Some(field) = fields.advance()? {
            match field.number {
                1 => out.name = field.bytes()?,
                2 => out.help = field.bytes()?,
                3 => out.kind = field.int()?,
                4 => out.metrics.push(field.bytes()?),
                5 => out.unit = field.bytes()?,
                _ => {}
            }
        }
        Ok(out)
    }

    fn metadata(&self) -> MetricMetadata {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let kind = usize::try_from(self.kind).ok().and_then(|it| KINDS.get(it)).copied();
        MetricMetadata {
            metric: text(self.name),
            kind: kind.unwrap_or("unknown").to_owned(),
            help: text(self.help),
            unit: text(self.unit),
        }
    }

    fn metric(
        &self,
        message: &'a [u8],
        spelling: &mut Vec<u8>,
        take: &mut dyn FnMut(FamilySample<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut metric = Metric::default();
        metric.read(message).map_err(|error| error.to_string())?;
        let Metric { labels, at_ms, samples } = metric;
        for Sample { suffix, border, value, exemplars } in samples {
            spelling.clear();
            spelling.push(0); // no text begins so
            spelling.extend_from_slice(self.name);
            spelling.push(0xff);
            spelling.extend_from_slice(suffix.as_bytes());
            spelling.push(0xff);
            if let Some((_, border)) = border {
                spelling.extend_from_slice(&border.to_bits().to_le_bytes());
            }
            for label in &labels {
                // Lengths keep the labels apart.
                spelling.extend_from_slice(&(label.len() as u64).to_le_bytes());
                spelling.extend_from_slice(label);
            }
            if let FamilyValue::Histogram(histogram) = &value {
                check(histogram)?;
            }
            let series = SeriesOf { family: self.name, suffix, labels: labels.clone(), border };
            take(FamilySample { spelling, series: &series, value, at_ms, exemplars })?;
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Metric<'a> {
    labels: Vec<&'a [u8]>,
    at_ms: Option<i64>,
    samples: Vec<Sample<'a>>,
}

#[derive(Debug)]
struct Sample<'a> {
    suffix: &'static str,
    border: Option<(&'static str, f64)>,
    value: FamilyValue,
    exemplars: Vec<&'a [u8]>,
}

impl<'a> Metric<'a> {
    fn read(&mut self, message: &'a [u8]) -> Result<(), WireError> {
        let mut fields = Fields::new(message);
        while let Some(field) = fields.advance()? {
            match field.number {
                1 => self.labels.push(field.bytes()?),
                2 | 3 | 5 => self.number(field)?,
                4 => self.summary(field.message()?)?,
                6 => self.at_ms = Some(field.int()?),
                7 => self.histogram(field.message()?)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn push(&mut self, suffix: &'static str, border: Option<(&'static str, f64)>, value: f64) {
        // The staleness marker is a NaN too, and only we may write it.
        let value = if value.is_nan() { f64::NAN } else { value };
        let value = FamilyValue::Number(value);
        self.samples.push(Sample { suffix, border, value, exemplars: Vec::new() });
    }

    /// A gauge, counter or untyped value: all have it in field 1.
    fn number(&mut self, field: Field<'a>) -> Result<(), WireError> {
        let (mut value, mut exemplars) = (0.0, Vec::new());
        let mut fields = field.message()?;
        while let Some(field) = fields.advance()? {
            match field.number {
                1 => value = field.double()?,
                2 => exemplars.push(field.bytes()?),
                _ => {}
            }
        }
        self.push("", None, value);
        if let Some(sample) = self.samples.last_mut() {
            sample.exemplars = exemplars;
        }
        Ok(())
    }

    fn summary(&mut self, mut fields: Fields<'a>) -> Result<(), WireError> {
        let (mut count, mut sum) = (0, 0.0);
        while let Some(field) = fields.advance()? {
            match field.number {
                1 => count = field.uint()?,
                2 => sum = field.double()?,
                3 => {
                    let (mut quantile, mut value) = (0.0, 0.0);
                    let mut inner = field.message()?;
                    while let Some(field) = inner.advance()? {
                        match field.number {
                            1 => quantile = field.double()?,
                            2 => value = field.double()?,
                            _ => {}
                        }
                    }
                    self.push("", Some(("quantile", quantile)), value);
                }
                _ => {}
            }
        }
        self.push("_sum", None, sum);
        self.push("_count", None, count as f64);
        Ok(())
    }

    /// A histogram with native buckets is one sample; without them it is its classic series.
    fn histogram(&mut self, mut fields: Fields<'a>) -> Result<(), WireError> {
        let mut out = Histogram { sum: 0.0, ..Histogram::stale() };
        let (mut negative, mut positive) = (Buckets::default(), Buckets::default());
        let (mut classic, mut exemplars, mut is_native) = (Vec::new(), Vec::new(), false);
        while let Some(field) = fields.advance()? {
            // Only a native histogram has a schema, a zero bucket or spans.
            is_native |= matches!(field.number, 5..=14);
            match field.number {
                1 => out.count = field.uint()? as f64,
                2 => out.sum = field.double()?,
                3 => classic.push(bucket(field.message()?)?),
                4 => out.count = field.double()?,
                5 => out.schema = small(field.sint()?),
                6 => out.zero_threshold = field.double()?,
                7 => out.zero_count = field.uint()? as f64,
                8 => out.zero_count = field.double()?,
                9 => negative.push_span(field)?,
                10 => negative.push_deltas(field)?,
                11 => negative.push_counts(field)?,
                12 => positive.push_span(field)?,
                13 => positive.push_deltas(field)?,
                14 => positive.push_counts(field)?,
                16 => exemplars.push(field.bytes()?),
                _ => {}
            }
        }
        if out.sum.is_nan() {
            out.sum = f64::NAN;
        }
        if is_native {
            (out.negative_spans, out.negative_buckets) = negative.finish();
            (out.positive_spans, out.positive_buckets) = positive.finish();
            exemplars.extend(classic.iter().filter_map(|it| it.exemplar));
            out.counter_reset = CounterReset::Unknown;
            let value = FamilyValue::Histogram(Arc::new(out));
            self.samples.push(Sample { suffix: "", border: None, value, exemplars });
            return Ok(());
        }
        if !classic.iter().any(|it| it.border == f64::INFINITY) {
            classic.push(Bucket { border: f64::INFINITY, count: out.count, exemplar: None });
        }
        for Bucket { border, count, exemplar } in classic {
            self.push("_bucket", Some(("le", border)), count);
            if let Some(sample) = self.samples.last_mut() {
                sample.exemplars = exemplar.into_iter().collect();
            }
        }
        self.push("_sum", None, out.sum);
        self.push("_count", None, out.count);
        Ok(())
    }
}

#[derive(Debug)]
struct Bucket<'a> {
    border: f64,
    count: f64,
    exemplar: Option<&'a [u8]>,
}

fn bucket(mut fields: Fields<'_>) -> Result<Bucket<'_>, WireError> {
    let mut out = Bucket { border: 0.0, count: 0.0, exemplar: None };
    while let Some(field) = fields.advance()? {
        match field.number {
            1 => out.count = field.uint()? as f64,
            2 => out.border = field.double()?,
            3 => out.exemplar = Some(field.bytes()?),
            4 => out.count = field.double()?,
            _ => {}
        }
    }
    Ok(out)
}

/// Reads an exemplar; nothing when it breaks a rule. Without a time it has the sample's.
pub(crate) fn exemplar(message: &[u8], at_ms: i64) -> Option<Exemplar> {
    let (mut pairs, mut value, mut own_ms) = (Vec::new(), 0.0, None);
    let mut fields = Fields::new(message);
    while let Some(field) = fields.advance().ok()? {
        match field.number {
            1 => {
                let (name, value) = pair(field.bytes().ok()?).ok()?;
                let text = |it: &[u8]| String::from_utf8(it.to_vec()).ok();
                pairs.push((text(name)?, text(value)?));
            }
            2 => value = field.double().ok()?,
            3 => own_ms = timestamp(field.message().ok()?),
            _ => {}
        }
    }
    let chars: usize =
        pairs.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
    if EXEMPLAR_CHARS_MAX < chars {
        return None;
    }
    Some(Exemplar { labels: Labels::new(pairs).ok()?, value, at_ms: own_ms.unwrap_or(at_ms) })
}

/// Seconds and nanoseconds, as milliseconds.
fn timestamp(mut fields: Fields<'_>) -> Option<i64> {
    let (mut seconds, mut nanos) = (0_i64, 0_i64);
    while let Some(field) = fields.advance().ok()? {
        match field.number {
            1 => seconds = field.int().ok()?,
            2 => nanos = field.int().ok()?,
            _ => {}
        }
    }
    seconds.checked_mul(1_000)?.checked_add(nanos / 1_000_000)
}

fn pair(message: &[u8]) -> Result<(&[u8], &[u8]), WireError> {
    let (mut name, mut value): (&[u8], &[u8]) = (&[], &[]);
    let mut fields = Fields::new(message);
    while let Some(field) = fields.advance()? {
        match field.number {
            1 => name = field.bytes()?,
            2 => value = field.bytes()?,
            _ => {}
        }
    }
    Ok((name, value))
}

/// Reads anything.
///
/// # Panics
/// What was read breaks a rule: a bug.
pub fn fuzz(bytes: &[u8]) {
    let mut samples = 0;
    let read = read(bytes, &mut |sample| {
        samples += 1;
        if let FamilyValue::Histogram(histogram) = &sample.value {
            assert_eq!(check(histogram), Ok(()), "a broken histogram");
        }
        if let Ok(labels) = sample.labels() {
            assert!(labels.metric_name().is_some(), "a series without a name");
        }
        drop(sample.exemplars.iter().map(|it| exemplar(it, 0)).collect::<Vec<_>>());
        if 1_000 < samples { Err("enough".to_owned()) } else { Ok(()) }
    });
    drop(read);
}

#[cfg(test)]
pub(crate) mod tests;
