//! Buckets: their borders, and walking over them.

use nines_base::{BucketSpan, Histogram};

use super::has_custom_buckets;

/// Which values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Positive,
    Negative,
}

/// One bucket with its borders.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bucket {
    pub(crate) lower: f64,
    pub(crate) upper: f64,
    pub(crate) count: f64,
    /// Whether the lower border belongs to it.
    pub(crate) has_lower: bool,
    /// Whether the upper border belongs to it.
    pub(crate) has_upper: bool,
}

/// The upper border of an exponential bucket.
pub(super) fn exponential_bound(index: i32, schema: i32) -> f64 {
    if schema < 0 {
        let exponent = i64::from(index) << schema.unsigned_abs().min(31);
        return two_to(exponent, 0.0);
    }
    let schema = schema.min(8).unsigned_abs();
    let parts = 1_i32 << schema;
    let exponent = i64::from(index.div_euclid(parts));
    two_to(exponent, f64::from(index.rem_euclid(parts)) / f64::from(parts))
}

/// 2 to the power of `exponent + fraction`; what is too large is the largest number.
fn two_to(exponent: i64, fraction: f64) -> f64 {
    let Ok(exponent) = i32::try_from(exponent) else {
        return if exponent > 0 { f64::INFINITY } else { 0.0 };
    };
    // The border of the last bucket that holds finite values.
    if exponent == 1024 && fraction == 0.0 {
        return f64::MAX;
    }
    // In two steps, because 2^-1074 has no reciprocal.
    let half = exponent / 2;
    fraction.exp2() * f64::from(half).exp2() * f64::from(exponent - half).exp2()
}

/// Indices and counts of a run of buckets.
fn indexed<'a>(
    spans: &'a [BucketSpan],
    counts: &'a [f64],
) -> impl Iterator<Item = (i32, f64)> + 'a {
    let mut next = 0_i32;
    let indices = spans.iter().flat_map(move |span| {
        let start = next.saturating_add(span.offset);
        let length = i32::try_from(span.length).unwrap_or(i32::MAX);
        next = start.saturating_add(length);
        start..next
    });
    indices.zip(counts.iter().copied())
}

/// Buckets of the values on one side, and what they are called.
pub(crate) trait Buckets {
    /// Indices and counts, from zero outwards.
    fn indexed(&self, side: Side) -> Box<dyn Iterator<Item = (i32, f64)> + '_>;
    /// Replaces the buckets of a side; indices rise.
    fn set_buckets(&mut self, side: Side, buckets: impl Iterator<Item = (i32, f64)>);
    /// With its borders.
    fn bucket(&self, side: Side, index: i32, count: f64) -> Bucket;
    /// With their borders, from zero outwards.
    fn buckets(&self, side: Side) -> impl Iterator<Item = Bucket>;
    /// The bucket around zero.
    fn zero_bucket(&self) -> Bucket;
    /// All buckets from the lowest up; those at the zero bucket begin where it ends.
    fn all_buckets(&self) -> Vec<Bucket>;
}

impl Buckets for Histogram {
    fn indexed(&self, side: Side) -> Box<dyn Iterator<Item = (i32, f64)> + '_> {
        Box::new(match side {
            Side::Positive => indexed(&self.positive_spans, &self.positive_buckets),
            Side::Negative => indexed(&self.negative_spans, &self.negative_buckets),
        })
    }

    fn set_buckets(&mut self, side: Side, buckets: impl Iterator<Item = (i32, f64)>) {
        let (spans, counts) = match side {
            Side::Positive => (&mut self.positive_spans, &mut self.positive_buckets),
            Side::Negative => (&mut self.negative_spans, &mut self.negative_buckets),
        };
        spans.clear();
        counts.clear();
        // Where the next bucket would continue the last span.
        let mut expected = 0;
        for (index, count) in buckets {
            counts.push(count);
            match spans.last_mut() {
                Some(last) if index == expected => last.length += 1,
                _ => spans.push(BucketSpan { offset: index - expected, length: 1 }),
            }
            expected = index.saturating_add(1);
        }
    }

    fn bucket(&self, side: Side, index: i32, count: f64) -> Bucket {
        if has_custom_buckets(self) {
            let bound = |index: i32| match usize::try_from(index) {
                Ok(it) => self.custom_values.get(it).copied().unwrap_or(f64::INFINITY),
                Err(_) => f64::NEG_INFINITY,
            };
            let (lower, upper) = (bound(index.saturating_sub(1)), bound(index));
            return Bucket { lower, upper, count, has_lower: index == 0, has_upper: true };
        }
        let far = exponential_bound(index, self.schema);
        let near = exponential_bound(index.saturating_sub(1), self.schema);
        match side {
            Side::Positive => {
                Bucket { lower: near, upper: far, count, has_lower: false, has_upper: true }
            }
            Side::Negative => {
                Bucket { lower: -far, upper: -near, count, has_lower: true, has_upper: false }
            }
        }
    }

    fn buckets(&self, side: Side) -> impl Iterator<Item = Bucket> {
        self.indexed(side).map(move |(index, count)| self.bucket(side, index, count))
    }

    fn zero_bucket(&self) -> Bucket {
        let (lower, upper) = (-self.zero_threshold, self.zero_threshold);
        Bucket { lower, upper, count: self.zero_count, has_lower: true, has_upper: true }
    }

    fn all_buckets(&self) -> Vec<Bucket> {
        let edge = self.zero_threshold;
        let mut all: Vec<_> = self.buckets(Side::Negative).collect();
        all.reverse();
        for it in &mut all {
            if it.upper < 0.0 && it.upper > -edge {
                it.upper = -edge;
            }
        }
        if self.zero_count > 0.0 {
            all.push(self.zero_bucket());
        }
        all.extend(self.buckets(Side::Positive).map(|mut it| {
            if it.lower > 0.0 && it.lower < edge {
                it.lower = edge;
            }
            it
        }));
        all
    }
}

/// Where a bucket lands when the resolution is lowered.
pub(super) fn at_schema(index: i32, from: i32, to: i32) -> i32 {
    let shift = from.saturating_sub(to).clamp(0, 31);
    ((index.saturating_sub(1)) >> shift).saturating_add(1)
}

/// Buckets at a resolution that is not higher; neighbours that fall together are added.
pub(super) fn reduced(
    buckets: impl Iterator<Item = (i32, f64)>,
    from: i32,
    to: i32,
) -> Vec<(i32, f64)> {
    let mut out = Vec::<(i32, f64)>::new();
    for (index, count) in buckets {
        let index = at_schema(index, from, to);
        match out.last_mut() {
            Some(last) if last.0 == index => last.1 += count,
            _ => out.push((index, count)),
        }
    }
    out
}
