//! Sums and means of histograms, with the digits that adding loses (see [`crate::statistics::Sum`]).

use nines_base::{CounterReset, Histogram};

use super::bucket::{Buckets, Side, at_schema, exponential_bound};
use super::{IncompatibleBuckets, has_custom_buckets};
use crate::statistics::Sum;

/// What happened when two histograms were made one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Merged {
    /// One said that the counter was reset, the other that it was not.
    pub(crate) hints_collide: bool,
    /// Their custom borders differ, so only the common ones are left.
    pub(crate) bounds_reconciled: bool,
}

/// Histograms added up so far.
#[derive(Debug, Clone)]
pub(crate) struct HistogramSum {
    schema: i32,
    zero_threshold: f64,
    counter_reset: CounterReset,
    custom_values: Vec<f64>,
    zero: Sum,
    count: Sum,
    sum: Sum,
    positive: Vec<(i32, Sum)>,
    negative: Vec<(i32, Sum)>,
}

/// Added or subtracted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plus,
    Minus,
}

impl Sign {
    fn of(self, value: f64) -> f64 {
        if self == Self::Minus { -value } else { value }
    }
}

impl HistogramSum {
    pub(crate) fn new(it: &Histogram) -> Self {
        let side = |side: Side| it.indexed(side).map(|(at, count)| (at, Sum::of(count))).collect();
        Self {
            schema: it.schema,
            zero_threshold: it.zero_threshold,
            counter_reset: it.counter_reset,
            custom_values: it.custom_values.clone(),
            zero: Sum::of(it.zero_count),
            count: Sum::of(it.count),
            sum: Sum::of(it.sum),
            positive: side(Side::Positive),
            negative: side(Side::Negative),
        }
    }

    pub(crate) fn add(&mut self, other: &Histogram) -> Result<Merged, IncompatibleBuckets> {
        self.merge(other, Sign::Plus)
    }

    pub(crate) fn subtract(&mut self, other: &Histogram) -> Result<Merged, IncompatibleBuckets> {
        self.merge(other, Sign::Minus)
    }

    /// Empty buckets are left out.
    pub(crate) fn total(&self) -> Histogram {
        let mut total = Histogram {
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            zero_count: self.zero.total(),
            count: self.count.total(),
            sum: self.sum.total(),
            positive_spans: Vec::new(),
            positive_buckets: Vec::new(),
            negative_spans: Vec::new(),
            negative_buckets: Vec::new(),
            custom_values: self.custom_values.clone(),
            counter_reset: self.counter_reset,
        };
        for (side, buckets) in [(Side::Positive, &self.positive), (Side::Negative, &self.negative)]
        {
            let totals = buckets.iter().map(|(index, count)| (*index, count.total()));
            total.set_buckets(side, totals.filter(|(_, count)| *count != 0.0));
        }
        total
    }

    fn sums_mut(&mut self) -> impl Iterator<Item = &mut Sum> {
        let buckets = self.positive.iter_mut().chain(&mut self.negative).map(|(_, it)| it);
        [&mut self.zero, &mut self.count, &mut self.sum].into_iter().chain(buckets)
    }

    fn scale(&mut self, factor: f64) {
        self.sums_mut().for_each(|it| *it = it.scaled(factor));
    }

    fn divide(&mut self, by: f64) {
        self.sums_mut().for_each(|it| *it = it.divided(by));
    }

    fn has_overflow(&mut self) -> bool {
        self.sums_mut().any(|it| it.is_infinite())
    }

    fn merge(&mut self, other: &Histogram, sign: Sign) -> Result<Merged, IncompatibleBuckets> {
        let is_custom = has_custom_buckets(other);
        if is_custom != (self.schema == nines_base::CUSTOM_SCHEMA) {
            return Err(IncompatibleBuckets);
        }
        let hints_collide = self.merge_hints(other.counter_reset);
        self.count.add(sign.of(other.count));
        self.sum.add(sign.of(other.sum));
        if is_custom {
            let bounds_reconciled = self.merge_custom(other, sign);
            return Ok(Merged { hints_collide, bounds_reconciled });
        }
        let zero_count = self.reconcile_zero(other);
        self.zero.add(sign.of(zero_count));
        if other.schema < self.schema {
            self.reduce(other.schema);
        }
        let (schema, threshold) = (self.schema, self.zero_threshold);
        for (side, buckets) in
            [(Side::Positive, &mut self.positive), (Side::Negative, &mut self.negative)]
        {
            let lowered =
                other.indexed(side).map(|(at, count)| (at_schema(at, other.schema, schema), count));
            // What the zero bucket covers was counted with it.
            let outside = lowered.skip_while(|(at, _)| exponential_bound(*at, schema) <= threshold);
            merge_buckets(buckets, outside.map(|(at, count)| (at, sign.of(count))));
        }
        Ok(Merged { hints_collide, bounds_reconciled: false })
    }

    /// What is known of counter resets afterwards; says whether that is contradictory.
    fn merge_hints(&mut self, other: CounterReset) -> bool {
        use CounterReset::{Gauge, NotReset, Reset, Unknown};
        let (merged, collides) = match (self.counter_reset, other) {
            (one, two) if one == two => (one, false),
            (Gauge, _) | (_, Gauge) => (Gauge, false),
            (Unknown, _) | (_, Unknown) => (Unknown, false),
            (Reset | NotReset, _) => (Unknown, true),
        };
        self.counter_reset = merged;
        collides
    }

    fn merge_custom(&mut self, other: &Histogram, sign: Sign) -> bool {
        let counts = other.indexed(Side::Positive).map(|(at, count)| (at, sign.of(count)));
        if self.custom_values == other.custom_values {
            merge_buckets(&mut self.positive, counts);
            return false;
        }
        let common = common_bounds(&self.custom_values, &other.custom_values);
        let moved = |at: i32, bounds: &[f64]| at_bounds(at, bounds, &common);
        let mut merged = Vec::<(i32, Sum)>::new();
        for (at, sum) in &self.positive {
            let at = moved(*at, &self.custom_values);
            match merged.last_mut() {
                Some(last) if last.0 == at => last.1.add_sum(*sum),
                _ => merged.push((at, *sum)),
            }
        }
        for (at, count) in counts {
            merge_buckets(&mut merged, [(moved(at, &other.custom_values), count)].into_iter());
        }
        self.positive = merged;
        self.custom_values = common;
        true
    }

    fn reduce(&mut self, schema: i32) {
        for buckets in [&mut self.positive, &mut self.negative] {
            let mut reduced = Vec::<(i32, Sum)>::with_capacity(buckets.len());
            for (at, sum) in buckets.iter() {
                let at = at_schema(*at, self.schema, schema);
                match reduced.last_mut() {
                    Some(last) if last.0 == at => last.1.add_sum(*sum),
                    _ => reduced.push((at, *sum)),
                }
            }
            *buckets = reduced;
        }
        self.schema = schema;
    }

    /// Makes the zero bucket as wide as the other's, or wider where it would end in a populated bucket; returns
    /// what the other has in it then.
    fn reconcile_zero(&mut self, other: &Histogram) -> f64 {
        let (mut count, mut threshold) = (other.zero_count, other.zero_threshold);
        // A threshold that is not a number equals nothing, so it must not be waited for.
        while threshold < self.zero_threshold || self.zero_threshold < threshold {
            if threshold < self.zero_threshold {
                (count, threshold) = zero_count_up_to(other, self.zero_threshold);
            }
            if self.zero_threshold < threshold {
                self.widen_zero(threshold);
            }
        }
        count
    }

    fn widen_zero(&mut self, threshold: f64) {
        let (_, threshold) = zero_count_up_to(&self.total(), threshold);
        let schema = self.schema;
        for buckets in [&mut self.positive, &mut self.negative] {
            let inner = |it: &(i32, Sum)| exponential_bound(it.0 - 1, schema) < threshold;
            let split = buckets.iter().take_while(|it| inner(it)).count();
            for (_, sum) in buckets.drain(..split) {
                self.zero.add_sum(sum);
            }
        }
        self.zero_threshold = threshold;
    }
}

/// The borders that both lists have.
pub(super) fn common_bounds(one: &[f64], other: &[f64]) -> Vec<f64> {
    one.iter().copied().filter(|it| other.contains(it)).collect()
}

/// Where a bucket lands when only some of the borders are left.
pub(super) fn at_bounds(index: i32, bounds: &[f64], left: &[f64]) -> i32 {
    let bound = usize::try_from(index).ok().and_then(|it| bounds.get(it));
    let target = bound.map_or(left.len(), |it| left.partition_point(|own| own < it));
    i32::try_from(target).unwrap_or(i32::MAX)
}

/// The zero count if the threshold were larger; the threshold is raised where it would end in a populated bucket.
pub(super) fn zero_count_up_to(it: &Histogram, larger: f64) -> (f64, f64) {
    let mut threshold = larger;
    if it.zero_threshold >= threshold {
        return (it.zero_count, it.zero_threshold);
    }
    loop {
        let mut count = Sum::of(it.zero_count);
        let before = threshold;
        for side in [Side::Positive, Side::Negative] {
            for (index, inside) in it.indexed(side) {
                if exponential_bound(index.saturating_sub(1), it.schema) >= threshold {
                    break;
                }
                count.add(inside);
                let upper = exponential_bound(index, it.schema);
                if upper > threshold {
                    if inside != 0.0 {
                        threshold = upper;
                    }
                    break;
                }
            }
        }
        // A threshold that was raised on the negative side may reach further on the positive one.
        #[expect(clippy::float_cmp, reason = "it was raised or not")]
        if threshold == before {
            return (count.total(), threshold);
        }
    }
}

/// Adds counts whose indices rise to sums whose indices rise.
fn merge_buckets(into: &mut Vec<(i32, Sum)>, counts: impl Iterator<Item = (i32, f64)>) {
    let mut at = 0;
    for (index, count) in counts {
        while into.get(at).is_some_and(|it| it.0 < index) {
            at += 1;
        }
        match into.get_mut(at) {
            Some(it) if it.0 == index => it.1.add(count),
            _ => into.insert(at, (index, Sum::of(count))),
        }
    }
}

/// A mean that goes over to a running mean when a sum would overflow.
#[derive(Debug, Clone)]
pub(crate) struct HistogramMean {
    /// The sum, or the running mean once `is_running`.
    state: HistogramSum,
    count: f64,
    is_running: bool,
}

impl HistogramMean {
    pub(crate) fn new(first: &Histogram) -> Self {
        Self { state: HistogramSum::new(first), count: 1.0, is_running: false }
    }

    pub(crate) fn add(&mut self, other: &Histogram) -> Result<Merged, IncompatibleBuckets> {
        let before = self.count;
        self.count += 1.0;
        if !self.is_running {
            let mut next = self.state.clone();
            let merged = next.add(other)?;
            if !next.has_overflow() {
                self.state = next;
                return Ok(merged);
            }
            self.is_running = true;
            self.state.divide(before);
        }
        self.state.scale(before / self.count);
        self.state.add(&super::divided(other, self.count))
    }

    pub(crate) fn mean(&self) -> Histogram {
        let mut mean = self.state.clone();
        if !self.is_running {
            mean.divide(self.count);
        }
        mean.total()
    }
}
