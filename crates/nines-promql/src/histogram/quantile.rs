//! Quantiles, fractions and variance of what a histogram has counted.

use nines_base::Histogram;

use super::bucket::{Bucket, Buckets};
use super::has_custom_buckets;
use crate::statistics::Sum;

/// How observations are thought to be spread over a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spread {
    Linear,
    /// Evenly on a logarithmic scale.
    Exponential,
}

impl Spread {
    pub(super) fn of(it: &Histogram) -> Self {
        if has_custom_buckets(it) { Self::Linear } else { Self::Exponential }
    }
}

/// The `q`-quantile. Within a bucket, values are thought to be spread evenly: on a logarithmic scale between
/// exponential borders, else on a linear one.
pub(crate) fn quantile(q: f64, it: &Histogram) -> f64 {
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    if it.count == 0.0 || q.is_nan() {
        return f64::NAN;
    }
    // Observations that are not numbers are in no bucket, so only counting from below is right.
    let is_forward = it.sum.is_nan() || q < 0.5;
    let mut buckets = it.all_buckets();
    if !is_forward {
        buckets.reverse();
    }
    let rank = if is_forward { q * it.count } else { (1.0 - q) * it.count };
    let (mut found, mut count) = (None, 0.0);
    for bucket in buckets {
        count += bucket.count;
        found = Some(bucket);
        if bucket.count != 0.0 && count >= rank {
            break;
        }
    }
    let Some(bucket) = found.map(|bucket| natural(bucket, it)) else { return f64::NAN };
    if has_custom_buckets(it) {
        if bucket.lower == f64::NEG_INFINITY {
            return bucket.upper;
        }
        if bucket.upper == f64::INFINITY {
            return bucket.lower;
        }
    }
    let count = count.min(it.count);
    if count < rank {
        // The rank lies among observations that are not numbers.
        return if it.sum.is_nan() { f64::NAN } else { bucket.upper };
    }
    let rank = if is_forward { rank - (count - bucket.count) } else { count - rank };
    at_share(&bucket, rank / bucket.count, Spread::of(it))
}

/// Where a share of the bucket's observations lies below.
fn at_share(bucket: &Bucket, share: f64, spread: Spread) -> f64 {
    let Bucket { lower, upper, .. } = *bucket;
    if spread == Spread::Linear || (lower <= 0.0 && upper >= 0.0) {
        return lower + (upper - lower) * share;
    }
    let (low, high) = (lower.abs().log2(), upper.abs().log2());
    if lower > 0.0 {
        (low + (high - low) * share).exp2()
    } else {
        -(high + (low - high) * (1.0 - share)).exp2()
    }
}

/// Zero is a border where there are no observations on its other side.
fn natural(mut bucket: Bucket, it: &Histogram) -> Bucket {
    if has_custom_buckets(it) {
        if bucket.lower == f64::NEG_INFINITY && bucket.upper > 0.0 {
            bucket.lower = 0.0;
        }
    } else if bucket.lower <= 0.0 && bucket.upper >= 0.0 {
        let (negative, positive) = (&it.negative_buckets, &it.positive_buckets);
        if negative.is_empty() && !positive.is_empty() {
            bucket.lower = 0.0;
        } else if positive.is_empty() && !negative.is_empty() {
            bucket.upper = 0.0;
        }
    }
    bucket
}

/// The share of all observations between two values.
pub(crate) fn fraction(lower: f64, upper: f64, it: &Histogram) -> f64 {
    if it.count == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    let buckets: Vec<_> = it.all_buckets().into_iter().map(|bucket| natural(bucket, it)).collect();
    let spread = Spread::of(it);
    // Observations that are not numbers are in no fraction, not even in the one of everything.
    let all = buckets.iter().fold(0.0, |sum, it| sum + it.count);
    let all = if it.sum.is_nan() { all } else { it.count };
    let (low, high) = (rank(lower, &buckets, spread), rank(upper, &buckets, spread));
    (high.unwrap_or(all).min(it.count) - low.unwrap_or(all).min(it.count)) / it.count
}

/// How many observations lie below a value; `None` if it is above all buckets.
fn rank(value: f64, buckets: &[Bucket], spread: Spread) -> Option<f64> {
    let mut below = 0.0;
    for bucket in buckets {
        if bucket.lower >= value {
            return Some(below);
        }
        if value < bucket.upper {
            return Some(below + bucket.count * share(value, bucket, spread));
        }
        below += bucket.count;
    }
    None
}

/// The share of a bucket's observations below a value in it.
pub(super) fn share(value: f64, bucket: &Bucket, spread: Spread) -> f64 {
    let Bucket { lower, upper, .. } = *bucket;
    if spread == Spread::Linear || (lower <= 0.0 && upper >= 0.0) {
        if lower == f64::NEG_INFINITY || upper == f64::INFINITY {
            // How observations are spread up to infinity is not known: they are at the known border.
            return if upper == f64::INFINITY { 0.0 } else { 1.0 };
        }
        return (value - lower) / (upper - lower);
    }
    let (low, high, at) = (lower.abs().log2(), upper.abs().log2(), value.abs().log2());
    if value > 0.0 { (at - low) / (high - low) } else { 1.0 - (at - high) / (low - high) }
}

/// The variance, as if all observations of a bucket were at its middle.
pub(crate) fn variance(it: &Histogram) -> f64 {
    let mean = it.sum / it.count;
    let mut squares = Sum::default();
    for Bucket { lower, upper, count, .. } in it.all_buckets() {
        if count == 0.0 {
            continue;
        }
        let middle = if has_custom_buckets(it) {
            f64::midpoint(upper, lower)
        } else if lower <= 0.0 && upper >= 0.0 {
            0.0
        } else {
            let middle = (upper * lower).sqrt();
            if upper < 0.0 { -middle } else { middle }
        };
        let delta = middle - mean;
        squares.add(count * delta * delta);
    }
    squares.total() / it.count
}
