//! Quantiles and fractions of the buckets of a classic histogram.

/// Counts that differ by less than this share are the same count, computed differently.
const COUNT_TOLERANCE_RATIO: f64 = 1e-12;

/// One bucket at one step: its upper bound and the count up to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    pub(super) bound: f64,
    pub(super) count: f64,
}

/// Whether the counts matter at all for this quantile.
pub(super) fn can_have_quantile(q: f64, buckets: &[Bucket]) -> bool {
    (0.0..=1.0).contains(&q) && buckets.last().is_some_and(|it| it.bound == f64::INFINITY)
}

/// Counts never fall with rising bounds; says whether more than rounding had to be repaired.
pub(super) fn make_monotonic(buckets: &mut [Bucket]) -> bool {
    let (mut is_repaired, mut previous) = (false, f64::NEG_INFINITY);
    for bucket in buckets {
        let is_same = (bucket.count - previous).abs()
            < COUNT_TOLERANCE_RATIO * bucket.count.abs().min(previous.abs());
        if is_same || bucket.count < previous {
            is_repaired |= !is_same;
            bucket.count = previous;
        } else {
            previous = bucket.count;
        }
    }
    is_repaired
}

/// Linear interpolation within the bucket that holds the rank.
///
/// Source: Prometheus, `histogram_quantile`: the lowest bucket starts at 0 if its bound is positive; a rank in
/// the highest bucket gives the second highest bound.
pub(super) fn quantile(q: f64, buckets: &[Bucket]) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    let [finite @ .., last] = buckets else { return f64::NAN };
    let (Some(highest), true) = (finite.last(), last.bound == f64::INFINITY) else {
        return f64::NAN;
    };
    if last.count == 0.0 || last.count.is_nan() {
        return f64::NAN;
    }
    let rank = q * last.count;
    let index = finite.partition_point(|it| it.count < rank);
    let Some(bucket) = finite.get(index) else { return highest.bound };
    let below = index.checked_sub(1).and_then(|it| finite.get(it));
    match below {
        None if bucket.bound <= 0.0 => bucket.bound,
        None => bucket.bound * (rank / bucket.count),
        Some(below) => {
            let share = (rank - below.count) / (bucket.count - below.count);
            below.bound + (bucket.bound - below.bound) * share
        }
    }
}

/// The share of observations between two bounds, interpolated as `quantile` does.
pub(super) fn fraction(lower: f64, upper: f64, buckets: &[Bucket]) -> f64 {
    let Some(last) = buckets.last().filter(|it| it.bound == f64::INFINITY) else { return f64::NAN };
    if last.count == 0.0 || last.count.is_nan() || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    (rank_of(upper, buckets) - rank_of(lower, buckets)) / last.count
}

/// How many observations lie at or below `value`.
fn rank_of(value: f64, buckets: &[Bucket]) -> f64 {
    let index = buckets.partition_point(|it| it.bound <= value);
    let below = index.checked_sub(1).and_then(|it| buckets.get(it));
    let rank = below.map_or(0.0, |it| it.count);
    let Some(bucket) = buckets.get(index) else { return rank };
    let start = match below {
        Some(it) => it.bound,
        None if bucket.bound > 0.0 => 0.0,
        // A bucket without a lower end cannot be divided: what is in it lies below every finite value.
        None if value == f64::NEG_INFINITY => return rank,
        None => return bucket.count,
    };
    if bucket.bound.is_infinite() || value <= start {
        return rank;
    }
    rank + (bucket.count - rank) * (value - start) / (bucket.bound - start)
}
