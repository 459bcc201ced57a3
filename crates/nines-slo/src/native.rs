//! Native histograms as two counters: all observations, and those at or below a threshold.
//!
//! A native histogram has no bound at every threshold; the largest bound that is not above it is used. Schemas may
//! get coarser between two samples, so a reading keeps what it shows at every bound that a coarser schema has too,
//! and an increase is taken at the largest bound that both samples know.
//!
//! Source: Prometheus, "Native Histograms" specification.

use nines_base::{BucketSpan, CUSTOM_SCHEMA, CounterReset, Histogram};
use serde::{Deserialize, Serialize};

use crate::ledger::Change;
use crate::series::Cumulative;

/// The finest and the coarsest exponential schema.
const SCHEMAS: std::ops::RangeInclusive<i32> = -4..=8;

/// Bounds of custom buckets below the threshold; only so many are kept, the largest.
const STEPS_MAX: usize = 16;

/// One sample of a native histogram, seen from one threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct NativeReading {
    at_ms: i64,
    /// All observations.
    count: i64,
    /// Whether it is known to be the first after a reset.
    is_reset: bool,
    /// Rising; the last has the effective threshold.
    steps: Vec<Step>,
}

/// The observations at or below a bound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Step {
    bound: f64,
    count: i64,
}

impl NativeReading {
    /// Nothing for the end of a series, for gauges, and for what no histogram has.
    pub(crate) fn new(at_ms: i64, histogram: &Histogram, threshold: f64) -> Option<Self> {
        if histogram.is_stale() || histogram.counter_reset == CounterReset::Gauge {
            return None;
        }
        let step = |bound: f64| Some(Step { bound, count: whole(below(histogram, bound)?)? });
        Some(Self {
            at_ms,
            count: whole(histogram.count)?,
            is_reset: histogram.counter_reset == CounterReset::Reset,
            steps: bounds(histogram, threshold)?.into_iter().map(step).collect::<Option<_>>()?,
        })
    }

    /// Observations up to here are good.
    pub(crate) fn effective_threshold(&self) -> Option<f64> {
        self.steps.last().map(|it| it.bound)
    }

    fn best(&self) -> i64 {
        self.steps.last().map_or(0, |it| it.count)
    }
}

impl Cumulative for NativeReading {
    fn at_ms(&self) -> i64 {
        self.at_ms
    }

    fn increase_since(&self, earlier: &Self) -> Change {
        if self.is_reset || self.count < earlier.count {
            return self.since_zero();
        }
        let whole = self.count - earlier.count;
        match shared(&self.steps, &earlier.steps) {
            Some((now, before)) if now < before => self.since_zero(),
            // What is above the threshold grows no faster than all together.
            Some((now, before)) => Change { whole, part: (now - before).min(whole) },
            None if self.steps.is_empty() && earlier.steps.is_empty() => Change { whole, part: 0 },
            // Nothing can be compared: a first sample again.
            None => Change::default(),
        }
    }

    fn since_zero(&self) -> Change {
        Change { whole: self.count, part: self.best() }
    }
}

/// The counts at the largest bound of both.
#[expect(
    clippy::float_cmp,
    reason = "the same power of two, or the same number from the same text"
)]
fn shared(now: &[Step], before: &[Step]) -> Option<(i64, i64)> {
    now.iter().rev().find_map(|it| {
        let same = before.iter().rev().find(|other| other.bound == it.bound)?;
        Some((it.count, same.count))
    })
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole(count: f64) -> Option<i64> {
    const LIMIT: f64 = 4e18;
    let count = count.round();
    (0.0..LIMIT).contains(&count).then_some(count as i64)
}

/// The bounds that may be used, rising; nothing for a schema that nobody knows.
fn bounds(histogram: &Histogram, threshold: f64) -> Option<Vec<f64>> {
    if histogram.schema == CUSTOM_SCHEMA {
        let end = histogram.custom_values.partition_point(|it| *it <= threshold);
        let fitting = histogram.custom_values.get(..end).unwrap_or_default();
        return Some(fitting.get(end.saturating_sub(STEPS_MAX)..)?.to_vec());
    }
    if !SCHEMAS.contains(&histogram.schema) {
        return None;
    }
    // Below every positive bound there may still be zero and negative values; only their border at zero is used.
    if threshold <= 0.0 {
        return Some(if threshold < 0.0 { Vec::new() } else { vec![0.0] });
    }
    let schemas = *SCHEMAS.start()..=histogram.schema;
    let mut bounds: Vec<f64> = schemas.map(|it| bound(index_below(threshold, it), it)).collect();
    bounds.sort_by(f64::total_cmp);
    bounds.dedup();
    Some(bounds)
}

/// The largest index of a bucket whose upper bound is not above `threshold`.
fn index_below(threshold: f64, schema: i32) -> i32 {
    // An estimate by halving; bounds rise with the index. All finite doubles lie between 2⁻¹⁰⁷⁴ and 2¹⁰²⁴.
    let scale = if schema < 0 { 1 } else { 1 << schema };
    let (mut low, mut high) = (-1_100 * scale, 1_100 * scale);
    while low + 1 < high {
        let middle = i32::midpoint(low, high);
        if bound(middle, schema) <= threshold { low = middle } else { high = middle }
    }
    low
}

/// The upper bound of the bucket with this index: 2^(index · 2^−schema).
///
/// The fractional powers are square roots of square roots, each rounded correctly, so that all machines agree.
fn bound(index: i32, schema: i32) -> f64 {
    if schema <= 0 {
        return power_of_two(index.saturating_mul(1 << -schema));
    }
    let steps = 1 << schema;
    let (whole, mut rest) = (index.div_euclid(steps), index.rem_euclid(steps));
    let (mut root, mut product) = (2.0_f64, 1.0_f64);
    for bit in (0..schema).rev() {
        root = root.sqrt();
        if rest & (1 << bit) != 0 {
            product *= root;
            rest &= !(1 << bit);
        }
    }
    product * power_of_two(whole)
}

/// Exact; 0 and infinity beyond what doubles can hold.
fn power_of_two(exponent: i32) -> f64 {
    2.0_f64.powi(exponent)
}

/// The observations at or below `limit`, which is one of the bounds.
fn below(histogram: &Histogram, limit: f64) -> Option<f64> {
    let is_custom = histogram.schema == CUSTOM_SCHEMA;
    let upper = |index: i32| match usize::try_from(index) {
        _ if !is_custom => bound(index, histogram.schema),
        Ok(index) => histogram.custom_values.get(index).copied().unwrap_or(f64::INFINITY),
        Err(_) => f64::NEG_INFINITY,
    };
    let mut sum = 0.0;
    for (index, count) in buckets(&histogram.positive_spans, &histogram.positive_buckets) {
        if upper(index?) <= limit {
            sum += count;
        }
    }
    if is_custom {
        return Some(sum);
    }
    // `limit` is not negative, so all negative values lie below it.
    sum += histogram.negative_buckets.iter().sum::<f64>();
    let is_zero_below = histogram.zero_threshold <= limit || limit == 0.0;
    Some(if is_zero_below { sum + histogram.zero_count } else { sum })
}

/// Each bucket's index and count; an index is nothing where spans run over.
fn buckets<'a>(
    spans: &'a [BucketSpan],
    counts: &'a [f64],
) -> impl Iterator<Item = (Option<i32>, f64)> + 'a {
    let mut next = Some(0_i32);
    let indexes = spans.iter().flat_map(move |span| {
        let first = next.and_then(|it| it.checked_add(span.offset));
        next = first.and_then(|it| it.checked_add(i32::try_from(span.length).ok()?));
        (0..span.length).map(move |it| first?.checked_add(i32::try_from(it).ok()?))
    });
    indexes.zip(counts.iter().copied())
}

#[cfg(test)]
mod tests;
