//! One request of either version, walked but not parsed: where each series' labels and samples are.

use std::ops::Range;

use nines_base::{Exemplar, HistogramSample, Labels, METRIC_NAME, Sample};
use nines_port::{MetricMetadata, Row, SeriesKey};

use super::{BadSeries, METADATA_MAX, NAMED_MAX, WriteError, WriteLimits, label_set, named};
use crate::histogram;
use crate::wire::{Fields, WireError};

/// Characters of a series that a message shows.
const SHOWN_MAX: usize = 200;
/// Characters of all labels of one exemplar. Source: OpenMetrics 1.0, "Exemplars".
const EXEMPLAR_CHARS_MAX: usize = 128;
/// The words for kinds of metrics, by their numbers; both versions have the same.
const KINDS: [&str; 8] =
    ["unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset"];

/// Names and values, as they came.
type Pairs<'a> = Vec<(&'a [u8], &'a [u8])>;

/// How labels are written.
#[derive(Debug)]
pub(super) enum Spelling<'a> {
    /// As texts inside of each series.
    Inline,
    /// As numbers of shared texts.
    Symbols(Vec<&'a [u8]>),
}

/// A request whose samples are read and whose labels are not.
#[derive(Debug)]
pub(super) struct Request<'a> {
    spelling: Spelling<'a>,
    series: Vec<Series<'a>>,
    samples: Vec<Sample>,
    histograms: Vec<HistogramSample>,
    /// Places in `series` of those that have something to store.
    stored: Vec<usize>,
    /// A place in `series`, and the message.
    pub(super) exemplars: Vec<(usize, &'a [u8])>,
    pub(super) metadata: Vec<MetricMetadata>,
    /// The first few series whose samples are wrong.
    pub(super) refused: Vec<BadSeries>,
}

#[derive(Debug)]
struct Series<'a> {
    key: SeriesKey,
    /// The whole `TimeSeries`.
    message: &'a [u8],
    samples: Range<usize>,
    histograms: Range<usize>,
}

impl<'a> Request<'a> {
    /// With room for about so many series.
    pub(super) fn new(spelling: Spelling<'a>, series: usize) -> Self {
        Self {
            spelling,
            series: Vec::with_capacity(series),
            samples: Vec::with_capacity(series),
            histograms: Vec::new(),
            stored: Vec::with_capacity(series),
            exemplars: Vec::new(),
            metadata: Vec::new(),
            refused: Vec::new(),
        }
    }

    pub(super) fn symbols(&self) -> &[&'a [u8]] {
        match &self.spelling {
            Spelling::Inline => &[],
            Spelling::Symbols(symbols) => symbols,
        }
    }

    #[inline]
    pub(super) fn push_sample(&mut self, message: &[u8]) -> Result<(), WireError> {
        let sample = match usual_sample(message) {
            Some(sample) => sample,
            None => sample(message)?,
        };
        self.samples.push(sample);
        Ok(())
    }

    pub(super) fn push_histogram(&mut self, message: &[u8]) -> Result<(), WireError> {
        self.histograms.push(histogram::read(message)?);
        Ok(())
    }

    /// Belongs to the series that is being read.
    pub(super) fn push_exemplar(&mut self, message: &'a [u8]) {
        self.exemplars.push((self.series.len(), message));
    }

    /// Whatever was pushed since the last series belongs to this one.
    #[inline]
    pub(super) fn end_series(
        &mut self,
        key: SeriesKey,
        message: &'a [u8],
        limits: &WriteLimits,
    ) -> Result<(), WriteError> {
        let (samples_from, histograms_from) =
            self.series.last().map_or((0, 0), |it| (it.samples.end, it.histograms.end));
        let samples = samples_from..self.samples.len();
        let histograms = histograms_from..self.histograms.len();
        if limits.samples_max < samples.end + histograms.end {
            return Err(WriteError::TooLarge { what: "samples", max: limits.samples_max });
        }
        if limits.series_max <= self.series.len() {
            return Err(WriteError::TooLarge { what: "series", max: limits.series_max });
        }
        let has_any = !samples.is_empty() || !histograms.is_empty();
        if 1 < samples.len()
            && let Some(samples) = self.samples.get_mut(samples.clone())
            && !samples.is_sorted_by_key(|it| it.at_ms)
        {
            samples.sort_by_key(|it| it.at_ms);
        }
        let index = self.series.len();
        let problem = self.sorted_histograms(histograms.clone());
        self.series.push(Series { key, message, samples, histograms });
        match problem {
            _ if !has_any => {} // exemplars or metadata only
            None => self.stored.push(index),
            Some(reason) => self.refuse(index, reason),
        }
        Ok(())
    }

    fn sorted_histograms(&mut self, range: Range<usize>) -> Option<String> {
        let histograms = self.histograms.get_mut(range)?;
        if !histograms.is_sorted_by_key(|it| it.at_ms) {
            histograms.sort_by_key(|it| it.at_ms);
        }
        histograms.iter().find_map(|it| histogram::check(&it.histogram).err())
    }

    fn refuse(&mut self, series: usize, reason: String) {
        if self.refused.len() < NAMED_MAX
            && let Some(it) = self.series.get(series)
        {
            self.refused.push(BadSeries { series: self.shown_series(it), reason });
        }
    }

    pub(super) fn push_metadata(&mut self, kind: i64, metric: &[u8], help: &[u8], unit: &[u8]) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if metric.is_empty() || METADATA_MAX <= self.metadata.len() {
            return;
        }
        let kind = usize::try_from(kind).ok().and_then(|it| KINDS.get(it)).copied();
        let kind = kind.unwrap_or("unknown").to_owned();
        let (metric, help, unit) = (text(metric), text(help), text(unit));
        self.metadata.push(MetricMetadata { metric, kind, help, unit });
    }

    /// What is to be stored.
    pub(super) fn rows(&self) -> Vec<Row<'_>> {
        let row = |index: &usize| {
            let it = self.series.get(*index)?;
            Some(Row {
                key: it.key,
                samples: self.samples.get(it.samples.clone()).unwrap_or_default(),
                histograms: self.histograms.get(it.histograms.clone()).unwrap_or_default(),
            })
        };
        self.stored.iter().filter_map(row).collect()
    }

    /// The labels of a row.
    pub(super) fn labels(&self, row: usize, limits: &WriteLimits) -> Result<Labels, String> {
        let series = self.stored.get(row).ok_or("no such row")?;
        self.labels_of_series(*series, limits)
    }

    pub(super) fn labels_of_series(
        &self,
        series: usize,
        limits: &WriteLimits,
    ) -> Result<Labels, String> {
        let series = self.series.get(series).ok_or("no such series")?;
        label_set(self.pairs(series.message)?, limits).and_then(named)
    }

    /// For messages: the labels of a row as they came.
    pub(super) fn shown(&self, row: usize) -> String {
        let series = self.stored.get(row).and_then(|it| self.series.get(*it));
        series.map_or(String::new(), |it| self.shown_series(it))
    }

    pub(super) fn exemplar(&self, message: &[u8], limits: &WriteLimits) -> Option<Exemplar> {
        let labels = label_set(self.pairs(message).ok()?, limits).ok()?;
        let chars: usize =
            labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
        if EXEMPLAR_CHARS_MAX < chars {
            return None;
        }
        let mut exemplar = Exemplar { labels, value: 0.0, at_ms: 0 };
        let mut fields = Fields::new(message);
        while let Some(field) = fields.advance().ok()? {
            match field.number {
                2 => exemplar.value = field.double().ok()?,
                3 => exemplar.at_ms = field.int().ok()?,
                _ => {}
            }
        }
        Some(exemplar)
    }

    /// The labels of a series or an exemplar: both have them in field 1.
    fn pairs<'s>(&'s self, message: &'s [u8]) -> Result<Pairs<'s>, String> {
        let pairs = match &self.spelling {
            Spelling::Inline => inline_pairs(message).map_err(|it| it.to_string())?,
            Spelling::Symbols(symbols) => symbol_pairs(message, symbols)?,
        };
        Ok(pairs)
    }

    fn shown_series(&self, series: &Series<'_>) -> String {
        let Ok(pairs) = self.pairs(series.message) else { return "{?}".to_owned() };
        let text = |bytes: &[u8]| {
            let head = bytes.get(..bytes.len().min(SHOWN_MAX)).unwrap_or_default();
            String::from_utf8_lossy(head).into_owned()
        };
        let mut all = String::from("{");
        for (index, (name, value)) in pairs.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            all += &format!("{comma}{}={:?}", text(name), text(value));
            if SHOWN_MAX < all.chars().count() {
                return all.chars().take(SHOWN_MAX).chain("…}".chars()).collect();
            }
        }
        all + "}"
    }
}

/// A value and then a time, with nothing else: what nearly all samples are.
#[inline]
fn usual_sample(message: &[u8]) -> Option<Sample> {
    let (value, rest) = message.strip_prefix(&[0x09])?.split_first_chunk::<8>()?;
    let mut rest = Fields::new(rest.strip_prefix(&[0x10])?);
    let at_ms = rest.varint().ok()?.cast_signed();
    (rest.left() == 0).then_some(Sample { at_ms, value: f64::from_le_bytes(*value) })
}

fn sample(message: &[u8]) -> Result<Sample, WireError> {
    let mut sample = Sample { at_ms: 0, value: 0.0 };
    let mut fields = Fields::new(message);
    while let Some(field) = fields.advance()? {
        match field.number {
            1 => sample.value = field.double()?,
            2 => sample.at_ms = field.int()?,
            _ => {}
        }
    }
    Ok(sample)
}

fn inline_pairs(message: &[u8]) -> Result<Pairs<'_>, WireError> {
    let mut pairs = Vec::with_capacity(16);
    let mut fields = Fields::new(message);
    while let Some(field) = fields.advance()? {
        if field.number == 1 {
            pairs.push(pair(field.message()?)?);
        }
    }
    Ok(pairs)
}

fn pair(mut label: Fields<'_>) -> Result<(&[u8], &[u8]), WireError> {
    let (mut name, mut value): (&[u8], &[u8]) = (&[], &[]);
    while let Some(field) = label.advance()? {
        match field.number {
            1 => name = field.bytes()?,
            2 => value = field.bytes()?,
            _ => {}
        }
    }
    Ok((name, value))
}

fn symbol_pairs<'s>(message: &[u8], symbols: &[&'s [u8]]) -> Result<Pairs<'s>, String> {
    let references = references(message).map_err(|error| error.to_string())?;
    let (pairs, rest) = references.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("an odd number of references to symbols".to_owned());
    }
    let symbol = |reference: u64| {
        let symbol = usize::try_from(reference).ok().and_then(|it| symbols.get(it)).copied();
        symbol.ok_or_else(|| format!("symbol {reference} of {}", symbols.len()))
    };
    pairs.iter().map(|[name, value]| Ok((symbol(*name)?, symbol(*value)?))).collect()
}

fn references(message: &[u8]) -> Result<Vec<u64>, WireError> {
    let mut references = Vec::with_capacity(32);
    let mut fields = Fields::new(message);
    while let Some(field) = fields.advance()? {
        if field.number == 1 {
            field.push_uints(|it| references.push(it))?;
        }
    }
    Ok(references)
}

/// The family that a series of a classic histogram or summary belongs to.
pub(super) fn family(metric: &[u8], kind: i64) -> &[u8] {
    let suffixes: &[&[u8]] = match KINDS.get(usize::try_from(kind).unwrap_or(0)).copied() {
        Some("histogram" | "gaugehistogram") => &[b"_bucket", b"_count", b"_sum"],
        Some("summary") => &[b"_count", b"_sum"],
        _ => &[],
    };
    suffixes.iter().find_map(|it| metric.strip_suffix(*it)).unwrap_or(metric)
}

/// The place of the metric's name among the symbols.
pub(super) fn name_reference(references: &[u64], symbols: &[&[u8]]) -> Option<u64> {
    let (pairs, _) = references.as_chunks::<2>();
    let is_name = |reference: u64| {
        usize::try_from(reference)
            .ok()
            .and_then(|it| symbols.get(it))
            .is_some_and(|it| *it == METRIC_NAME.as_bytes())
    };
    pairs.iter().find(|[name, _]| is_name(*name)).map(|[_, value]| *value)
}
