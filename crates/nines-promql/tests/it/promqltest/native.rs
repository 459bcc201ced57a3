//! Native histograms of the suite: how they are written, added, stored and compared.

use std::collections::BTreeMap;

use nines_base::{BucketSpan, CUSTOM_SCHEMA, CounterReset, Histogram};

/// A histogram as it is written, and whether its counter reset is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Native {
    pub(super) histogram: Histogram,
    pub(super) states_reset: bool,
}

/// Reads what is between `{{` and `}}`.
pub(super) fn read(text: &str) -> Option<Native> {
    let mut histogram = empty();
    let (mut states_reset, mut offsets) = (false, [0, 0]);
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, after) = rest.split_once(':')?;
        let end = if after.starts_with('[') {
            after.find(']')? + 1
        } else {
            after.find(char::is_whitespace).unwrap_or(after.len())
        };
        let (value, tail) = after.split_at(end);
        rest = tail.trim_start();
        let number = || super::script::number(value);
        match key.trim() {
            "schema" => histogram.schema = value.parse().ok()?,
            "sum" => histogram.sum = number()?,
            "count" => histogram.count = number()?,
            "z_bucket" => histogram.zero_count = number()?,
            "z_bucket_w" => histogram.zero_threshold = number()?,
            "custom_values" => histogram.custom_values = numbers(value)?,
            "buckets" => histogram.positive_buckets = numbers(value)?,
            "n_buckets" => histogram.negative_buckets = numbers(value)?,
            "offset" => offsets[0] = value.parse().ok()?,
            "n_offset" => offsets[1] = value.parse().ok()?,
            "counter_reset_hint" => {
                states_reset = true;
                histogram.counter_reset = match value {
                    "unknown" => CounterReset::Unknown,
                    "reset" => CounterReset::Reset,
                    "not_reset" => CounterReset::NotReset,
                    "gauge" => CounterReset::Gauge,
                    _ => return None,
                };
            }
            _ => return None,
        }
    }
    let span = |offset: i32, counts: &[f64]| {
        let length = u32::try_from(counts.len()).unwrap();
        if length == 0 { Vec::new() } else { vec![BucketSpan { offset, length }] }
    };
    histogram.positive_spans = span(offsets[0], &histogram.positive_buckets);
    histogram.negative_spans = span(offsets[1], &histogram.negative_buckets);
    Some(Native { histogram, states_reset })
}

fn numbers(text: &str) -> Option<Vec<f64>> {
    let inside = text.strip_prefix('[')?.strip_suffix(']')?;
    inside.split_whitespace().map(super::script::number).collect()
}

pub(super) fn empty() -> Histogram {
    Histogram { sum: 0.0, ..Histogram::stale() }
}

type Buckets = BTreeMap<i32, f64>;

/// Counts by index, empty ones left out.
pub(super) fn buckets(spans: &[BucketSpan], counts: &[f64]) -> Buckets {
    let (mut at, mut found) = (0, Buckets::new());
    let mut counts = counts.iter();
    for span in spans {
        at += span.offset;
        for _ in 0..span.length {
            let count = *counts.next().unwrap();
            if count != 0.0 {
                found.insert(at, count);
            }
            at += 1;
        }
    }
    found
}

fn from_buckets(buckets: &Buckets) -> (Vec<BucketSpan>, Vec<f64>) {
    let (mut spans, mut next) = (Vec::new(), 0);
    for at in buckets.keys() {
        spans.push(BucketSpan { offset: at - next, length: 1 });
        next = at + 1;
    }
    (spans, buckets.values().copied().collect())
}

/// One plus another times a factor; the other's resolution is not lower.
pub(super) fn added(one: &Histogram, other: &Histogram, factor: f64) -> Histogram {
    let mut sum = one.clone();
    sum.count += factor * other.count;
    sum.sum += factor * other.sum;
    sum.zero_count += factor * other.zero_count;
    sum.zero_threshold = sum.zero_threshold.max(other.zero_threshold);
    let shift = if one.schema == CUSTOM_SCHEMA { 0 } else { other.schema - one.schema };
    assert!(shift >= 0, "the suite never adds a lower resolution");
    let merged = |ours: Buckets, theirs: Buckets| {
        let mut merged = ours;
        for (at, count) in theirs {
            *merged.entry(((at - 1) >> shift) + 1).or_default() += factor * count;
        }
        from_buckets(&merged)
    };
    (sum.positive_spans, sum.positive_buckets) = merged(
        buckets(&one.positive_spans, &one.positive_buckets),
        buckets(&other.positive_spans, &other.positive_buckets),
    );
    (sum.negative_spans, sum.negative_buckets) = merged(
        buckets(&one.negative_spans, &one.negative_buckets),
        buckets(&other.negative_spans, &other.negative_buckets),
    );
    sum
}

/// What a store says of counter resets: within a chunk there are none, and of the first in a chunk nothing is known.
pub(super) fn stored(it: &Histogram, previous: Option<&Histogram>) -> Histogram {
    let mut stored = it.clone();
    if it.counter_reset == CounterReset::Gauge {
        return stored;
    }
    let goes_on = previous.is_some_and(|previous| {
        previous.counter_reset != CounterReset::Gauge && !previous.is_stale() && fits(it, previous)
    });
    let is_told = it.counter_reset == CounterReset::Reset;
    stored.counter_reset =
        if goes_on && !is_told { CounterReset::NotReset } else { CounterReset::Unknown };
    stored
}

/// Whether a histogram goes into the chunk of the one before.
fn fits(it: &Histogram, previous: &Histogram) -> bool {
    let grows = |now: Buckets, before: Buckets| {
        before.iter().all(|(at, count)| now.get(at).is_some_and(|it| it >= count))
    };
    it.schema == previous.schema
        && it.zero_threshold.to_bits() == previous.zero_threshold.to_bits()
        && it.custom_values == previous.custom_values
        && it.count >= previous.count
        && it.zero_count >= previous.zero_count
        && grows(
            buckets(&it.positive_spans, &it.positive_buckets),
            buckets(&previous.positive_spans, &previous.positive_buckets),
        )
        && grows(
            buckets(&it.negative_spans, &it.negative_buckets),
            buckets(&previous.negative_spans, &previous.negative_buckets),
        )
}

/// Whether a result is the expected one, within the suite's tolerance.
pub(super) fn is_close(found: &Histogram, expected: &Native) -> bool {
    use super::judge::is_close;
    let Native { histogram, states_reset } = expected;
    let same_buckets = |found: &Buckets, expected: &Buckets| {
        let keys: std::collections::BTreeSet<_> = found.keys().chain(expected.keys()).collect();
        keys.into_iter().all(|at| {
            let count = |it: &Buckets| it.get(at).copied().unwrap_or(0.0);
            is_close(count(found), count(expected))
        })
    };
    let same_values = found.custom_values.len() == histogram.custom_values.len()
        && found.custom_values.iter().zip(&histogram.custom_values).all(|(a, b)| is_close(*a, *b));
    found.schema == histogram.schema
        && is_close(found.zero_threshold, histogram.zero_threshold)
        && is_close(found.zero_count, histogram.zero_count)
        && is_close(found.count, histogram.count)
        && is_close(found.sum, histogram.sum)
        && same_values
        && (!states_reset || found.counter_reset == histogram.counter_reset)
        && same_buckets(
            &buckets(&found.positive_spans, &found.positive_buckets),
            &buckets(&histogram.positive_spans, &histogram.positive_buckets),
        )
        && same_buckets(
            &buckets(&found.negative_spans, &found.negative_buckets),
            &buckets(&histogram.negative_spans, &histogram.negative_buckets),
        )
}

/// One bucket series of a classic histogram, or its sum or count.
pub(super) struct Part<'a> {
    pub(super) bound: Option<f64>,
    pub(super) is_sum: bool,
    pub(super) is_count: bool,
    pub(super) values: &'a BTreeMap<i64, f64>,
}

/// A classic histogram as a native one with custom buckets, at every time that all its buckets have.
pub(super) fn from_classic(parts: &[Part<'_>]) -> BTreeMap<i64, Histogram> {
    let mut bounds: Vec<_> = parts.iter().filter_map(|it| Some((it.bound?, it.values))).collect();
    bounds.sort_by(|one, two| one.0.total_cmp(&two.0));
    let times: std::collections::BTreeSet<i64> =
        bounds.iter().flat_map(|(_, values)| values.keys().copied()).collect();
    let mut found = BTreeMap::new();
    for at_ms in times {
        let mut histogram = empty();
        histogram.schema = CUSTOM_SCHEMA;
        let value = |want: fn(&Part<'_>) -> bool| {
            parts.iter().find(|it| want(it)).and_then(|it| it.values.get(&at_ms)).copied()
        };
        let (mut below, mut counts) = (0.0_f64, Buckets::new());
        for (bound, values) in &bounds {
            let Some(count) = values.get(&at_ms) else { continue };
            let index = i32::try_from(histogram.custom_values.len()).unwrap();
            if count.to_bits() != below.to_bits() {
                counts.insert(index, count - below);
            }
            below = *count;
            if bound.is_finite() {
                histogram.custom_values.push(*bound);
            }
        }
        let count = value(|it| it.is_count);
        if let Some(count) = count.filter(|it| it.to_bits() != below.to_bits()) {
            let index = i32::try_from(histogram.custom_values.len()).unwrap();
            counts.insert(index, count - below);
        }
        histogram.count = count.unwrap_or(below);
        histogram.sum = value(|it| it.is_sum).unwrap_or(0.0);
        (histogram.positive_spans, histogram.positive_buckets) = from_buckets(&counts);
        found.insert(at_ms, histogram);
    }
    found
}
