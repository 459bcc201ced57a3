//! Native histograms as Prometheus' messages spell them, and what must hold for any of them.
//!
//! Remote write 1.0 and 2.0 have the same message; the exposition has other field numbers for the same parts.
//!
//! Source: Prometheus, "Native Histograms", and the schemas of remote write.

use std::sync::Arc;

use nines_base::{BucketSpan, CUSTOM_SCHEMA, CounterReset, Histogram, HistogramSample};

use crate::wire::{Field, Fields, WireError, Writer, unzigzag};

/// The finest and the coarsest exponential buckets.
const SCHEMAS: std::ops::RangeInclusive<i32> = -4..=8;
/// Buckets of one histogram, positive and negative.
const BUCKETS_MAX: usize = 16_384;
/// Integer counts that are this much apart are the same after arithmetic on floats.
const COUNT_TOLERANCE: f64 = 1e-9;

/// Where a message says the sign of its observations.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    pub(crate) spans: Vec<BucketSpan>,
    /// Integer counts, each as the difference from the one before.
    deltas: Vec<i64>,
    counts: Vec<f64>,
}

impl Buckets {
    pub(crate) fn push_span(&mut self, field: Field<'_>) -> Result<(), WireError> {
        let mut span = BucketSpan { offset: 0, length: 0 };
        let mut fields = field.message()?;
        while let Some(field) = fields.advance()? {
            match field.number {
                1 => span.offset = small(field.sint()?),
                2 => span.length = field.uint32()?,
                _ => {}
            }
        }
        if self.spans.len() <= BUCKETS_MAX {
            self.spans.push(span);
        }
        Ok(())
    }

    pub(crate) fn push_deltas(&mut self, field: Field<'_>) -> Result<(), WireError> {
        field.push_uints(|it| self.deltas.push(unzigzag(it)))
    }

    pub(crate) fn push_counts(&mut self, field: Field<'_>) -> Result<(), WireError> {
        field.push_doubles(&mut self.counts)
    }

    pub(crate) fn finish(self) -> (Vec<BucketSpan>, Vec<f64>) {
        if self.deltas.is_empty() {
            return (self.spans, self.counts);
        }
        let mut count = 0_i64;
        let absolute = |delta: &i64| {
            count = count.saturating_add(*delta);
            count as f64
        };
        (self.spans, self.deltas.iter().map(absolute).collect())
    }
}

/// Reads the histogram of a remote-write message. Only its form is checked, see [`check`].
pub(crate) fn read(message: &[u8]) -> Result<HistogramSample, WireError> {
    let mut out = Histogram { sum: 0.0, ..Histogram::stale() };
    let (mut negative, mut positive, mut at_ms) = (Buckets::default(), Buckets::default(), 0);
    let mut fields = Fields::new(message);
    while let Some(field) = fields.advance()? {
        match field.number {
            1 => out.count = field.uint()? as f64,
            2 => out.count = field.double()?,
            3 => out.sum = field.double()?,
            4 => out.schema = small(field.sint()?),
            5 => out.zero_threshold = field.double()?,
            6 => out.zero_count = field.uint()? as f64,
            7 => out.zero_count = field.double()?,
            8 => negative.push_span(field)?,
            9 => negative.push_deltas(field)?,
            10 => negative.push_counts(field)?,
            11 => positive.push_span(field)?,
            12 => positive.push_deltas(field)?,
            13 => positive.push_counts(field)?,
            14 => out.counter_reset = reset(field.int()?),
            15 => at_ms = field.int()?,
            16 => field.push_doubles(&mut out.custom_values)?,
            _ => {}
        }
    }
    (out.negative_spans, out.negative_buckets) = negative.finish();
    (out.positive_spans, out.positive_buckets) = positive.finish();
    Ok(HistogramSample { at_ms, histogram: Arc::new(out) })
}

/// Writes the histogram of a remote-write message, with float counts.
pub(crate) fn write(writer: &mut Writer, sample: &HistogramSample) {
    let it = &*sample.histogram;
    writer.always_double(2, it.count);
    writer.double(3, it.sum);
    writer.sint(4, i64::from(it.schema));
    writer.double(5, it.zero_threshold);
    writer.always_double(7, it.zero_count);
    write_spans(writer, 8, &it.negative_spans);
    writer.packed_doubles(10, &it.negative_buckets);
    write_spans(writer, 11, &it.positive_spans);
    writer.packed_doubles(13, &it.positive_buckets);
    writer.uint(
        14,
        match it.counter_reset {
            CounterReset::Unknown => 0,
            CounterReset::Reset => 1,
            CounterReset::NotReset => 2,
            CounterReset::Gauge => 3,
        },
    );
    writer.int(15, sample.at_ms);
    writer.packed_doubles(16, &it.custom_values);
}

fn write_spans(writer: &mut Writer, number: u32, spans: &[BucketSpan]) {
    for span in spans {
        writer.message(number, |it| {
            it.sint(1, i64::from(span.offset));
            it.uint(2, u64::from(span.length));
        });
    }
}

fn reset(hint: i64) -> CounterReset {
    match hint {
        1 => CounterReset::Reset,
        2 => CounterReset::NotReset,
        3 => CounterReset::Gauge,
        _ => CounterReset::Unknown,
    }
}

/// A `sint32`, held to its range: what is out of range fails the checks.
pub(crate) fn small(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
}

/// What must hold for every histogram, in words where it does not.
pub(crate) fn check(it: &Histogram) -> Result<(), String> {
    if it.is_stale() {
        return Ok(());
    }
    let is_custom = it.schema == CUSTOM_SCHEMA;
    if !is_custom && !SCHEMAS.contains(&it.schema) {
        return Err(format!(
            "a histogram with the schema {}; -4 to 8 and {CUSTOM_SCHEMA} are known",
            it.schema
        ));
    }
    let buckets = [
        ("positive", &it.positive_spans, &it.positive_buckets),
        ("negative", &it.negative_spans, &it.negative_buckets),
    ];
    for (sign, spans, counts) in buckets {
        check_buckets(sign, spans, counts)?;
    }
    if is_custom {
        check_custom(it)?;
    } else if !it.custom_values.is_empty() {
        return Err("a histogram with exponential buckets and custom borders".to_owned());
    }
    if !(0.0 <= it.zero_threshold && it.zero_threshold.is_finite()) {
        return Err(format!("a histogram with the zero threshold {}", it.zero_threshold));
    }
    check_count(it)
}

fn check_buckets(sign: &str, spans: &[BucketSpan], counts: &[f64]) -> Result<(), String> {
    let in_spans: u64 = spans.iter().map(|it| u64::from(it.length)).sum();
    if BUCKETS_MAX < counts.len() || BUCKETS_MAX < spans.len() {
        return Err(format!("a histogram with more than {BUCKETS_MAX} {sign} buckets"));
    }
    if in_spans != counts.len() as u64 {
        let found = counts.len();
        return Err(format!(
            "a histogram whose {sign} spans name {in_spans} buckets, and it has {found}"
        ));
    }
    if let Some(span) = spans.iter().skip(1).find(|it| it.offset < 0) {
        return Err(format!(
            "a histogram whose {sign} spans go back by {}",
            -i64::from(span.offset)
        ));
    }
    let last: i64 = spans.iter().map(|it| i64::from(it.offset) + i64::from(it.length)).sum();
    if i32::try_from(last).is_err() {
        return Err(format!("a histogram whose {sign} spans go beyond every number"));
    }
    // Not `any(< 0)`: that would take NaN.
    if !counts.iter().all(|it| 0.0 <= *it) {
        return Err(format!("a histogram with a {sign} bucket of less than nothing"));
    }
    Ok(())
}

fn check_custom(it: &Histogram) -> Result<(), String> {
    if !it.negative_buckets.is_empty() || it.zero_count != 0.0 || it.zero_threshold != 0.0 {
        return Err("a histogram with custom borders and a zero or negative buckets".to_owned());
    }
    if BUCKETS_MAX < it.custom_values.len() {
        return Err(format!("a histogram with more than {BUCKETS_MAX} custom borders"));
    }
    let rises = it.custom_values.is_sorted_by(|one, next| one < next);
    if !rises || it.custom_values.iter().any(|it| it.is_nan() || *it == f64::INFINITY) {
        return Err("a histogram whose custom borders do not rise to a last finite one".to_owned());
    }
    let end: i64 =
        it.positive_spans.iter().map(|it| i64::from(it.offset) + i64::from(it.length)).sum();
    let starts_below = it.positive_spans.first().is_some_and(|it| it.offset < 0);
    // One bucket more than borders: the last one has none.
    let last = i64::try_from(it.custom_values.len()).unwrap_or(i64::MAX);
    if starts_below || last + 1 < end {
        return Err("a histogram with buckets outside of its custom borders".to_owned());
    }
    Ok(())
}

/// NaN is observed too, but falls into no bucket; then the sum is NaN.
fn check_count(it: &Histogram) -> Result<(), String> {
    if !(0.0 <= it.count && 0.0 <= it.zero_count) {
        return Err("a histogram with less than no observations".to_owned());
    }
    let buckets: f64 = it.positive_buckets.iter().chain(&it.negative_buckets).sum();
    let inside = buckets + it.zero_count;
    let tolerance = COUNT_TOLERANCE * it.count.max(1.0);
    let is_right = if it.sum.is_nan() {
        inside <= it.count + tolerance
    } else {
        (it.count - inside).abs() <= tolerance
    };
    if is_right {
        return Ok(());
    }
    Err(format!("a histogram of {} observations with {inside} in its buckets", it.count))
}

#[cfg(test)]
mod tests;
