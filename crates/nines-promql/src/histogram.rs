//! Arithmetic of native histograms. It knows neither series nor time.
//!
//! Source of all rules: Prometheus, "Native Histograms" specification, and `model/histogram`.

mod bucket;
mod format;
mod quantile;
mod reset;
mod sum;
mod trim;

use std::error::Error;
use std::fmt;

use nines_base::{CUSTOM_SCHEMA, CounterReset, Histogram};

pub(crate) use bucket::{Buckets, Side};
pub(crate) use format::Shown;
pub(crate) use quantile::{fraction, quantile, variance};
pub(crate) use reset::detect_reset;
pub(crate) use sum::{HistogramMean, HistogramSum, Merged};
pub(crate) use trim::trim;

/// Exponential and custom buckets have nothing in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IncompatibleBuckets;

impl fmt::Display for IncompatibleBuckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a histogram has exponential buckets, the other has custom ones")
    }
}

impl Error for IncompatibleBuckets {}

/// Whether the borders of the buckets are listed.
pub(crate) fn has_custom_buckets(it: &Histogram) -> bool {
    it.schema == CUSTOM_SCHEMA
}

/// Every count and the sum, times a factor; a negative one makes a gauge.
pub(crate) fn scaled(it: &Histogram, factor: f64) -> Histogram {
    let mut scaled = map(it, |value| value * factor);
    if factor < 0.0 {
        scaled.counter_reset = CounterReset::Gauge;
    }
    scaled
}

/// Every count and the sum, divided; by zero, no bucket is left.
pub(crate) fn divided(it: &Histogram, by: f64) -> Histogram {
    let mut divided = map(it, |value| value / by);
    if by == 0.0 {
        divided.positive_spans.clear();
        divided.positive_buckets.clear();
        divided.negative_spans.clear();
        divided.negative_buckets.clear();
    }
    if by < 0.0 {
        divided.counter_reset = CounterReset::Gauge;
    }
    divided
}

fn map(it: &Histogram, apply: impl Fn(f64) -> f64) -> Histogram {
    let mut mapped = it.clone();
    mapped.zero_count = apply(mapped.zero_count);
    mapped.count = apply(mapped.count);
    mapped.sum = apply(mapped.sum);
    let buckets = mapped.positive_buckets.iter_mut().chain(&mut mapped.negative_buckets);
    buckets.for_each(|it| *it = apply(*it));
    mapped
}

/// Without empty buckets.
pub(crate) fn compacted(it: &Histogram) -> Histogram {
    let mut compact = it.clone();
    for side in [Side::Positive, Side::Negative] {
        let full = it.indexed(side).filter(|(_, count)| *count != 0.0).collect::<Vec<_>>();
        compact.set_buckets(side, full.into_iter());
    }
    compact
}

/// One plus or minus the other.
pub(crate) fn added(
    one: &Histogram,
    other: &Histogram,
) -> Result<(Histogram, Merged), IncompatibleBuckets> {
    let mut sum = HistogramSum::new(one);
    let merged = sum.add(other)?;
    Ok((sum.total(), merged))
}

/// One minus the other; the caller knows whether the result is a gauge.
pub(crate) fn subtracted(
    one: &Histogram,
    other: &Histogram,
) -> Result<(Histogram, Merged), IncompatibleBuckets> {
    let mut sum = HistogramSum::new(one);
    let merged = sum.subtract(other)?;
    Ok((sum.total(), merged))
}

/// Whether both have the same buckets with the same counts; counter resets do not matter.
pub(crate) fn is_equal(one: &Histogram, other: &Histogram) -> bool {
    #[expect(clippy::float_cmp, reason = "histograms are compared exactly")]
    let same = |one: f64, other: f64| one == other || one.to_bits() == other.to_bits();
    let same_side = |side: Side| {
        let (mut ours, mut theirs) = (one.indexed(side), other.indexed(side));
        loop {
            match (ours.next(), theirs.next()) {
                (None, None) => return true,
                (Some((one, ours)), Some((two, theirs))) if one == two && same(ours, theirs) => {}
                _ => return false,
            }
        }
    };
    one.schema == other.schema
        && same(one.zero_threshold, other.zero_threshold)
        && same(one.zero_count, other.zero_count)
        && same(one.count, other.count)
        && same(one.sum, other.sum)
        && one.custom_values == other.custom_values
        && same_side(Side::Positive)
        && same_side(Side::Negative)
}

/// Counts and sum alone.
pub(crate) fn without_buckets(it: &Histogram) -> Histogram {
    Histogram {
        schema: it.schema,
        zero_threshold: it.zero_threshold,
        count: it.count,
        sum: it.sum,
        counter_reset: it.counter_reset,
        custom_values: it.custom_values.clone(),
        zero_count: 0.0,
        positive_spans: Vec::new(),
        positive_buckets: Vec::new(),
        negative_spans: Vec::new(),
        negative_buckets: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
