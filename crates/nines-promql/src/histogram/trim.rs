//! `</` and `>/`: the part of a histogram on one side of a number. Its sum is estimated from middles of buckets.

use nines_base::Histogram;

use super::bucket::{Bucket, Buckets, Side};
use super::quantile::{Spread, share};
use crate::plan::Trim;

/// Keeps what is below ([`Trim::Upper`]) or above ([`Trim::Lower`]) a number.
pub(crate) fn trim(it: &Histogram, at: f64, trim: Trim) -> Histogram {
    let mut kept = Kept { count: 0.0, sum: 0.0, is_changed: false };
    let mut trimmed = it.clone();
    for side in [Side::Positive, Side::Negative] {
        let cut = Cut { at, trim, side, spread: Spread::of(it) };
        let buckets = it.indexed(side).map(|(index, count)| {
            let left = if count == 0.0 {
                0.0
            } else {
                let (left, middle) = cut.bucket(&it.bucket(side, index, count));
                kept.add(count, left, middle)
            };
            (index, left)
        });
        let buckets: Vec<_> = buckets.collect();
        trimmed.set_buckets(side, buckets.into_iter());
    }
    if it.zero_count > 0.0 {
        let (left, middle) = zero_bucket(it, at, trim);
        trimmed.zero_count = kept.add(it.zero_count, left, middle);
    }
    if !kept.is_changed {
        return it.clone();
    }
    trimmed.count = kept.count;
    trimmed.sum = kept.sum;
    super::compacted(&trimmed)
}

/// What is left of all buckets together.
struct Kept {
    count: f64,
    sum: f64,
    is_changed: bool,
}

impl Kept {
    #[expect(clippy::float_cmp, reason = "a bucket was cut or not")]
    fn add(&mut self, before: f64, left: f64, middle: f64) -> f64 {
        self.count += left;
        if left != 0.0 {
            self.sum = middle.mul_add(left, self.sum);
        }
        self.is_changed |= left != before;
        left
    }
}

struct Cut {
    at: f64,
    trim: Trim,
    side: Side,
    spread: Spread,
}

impl Cut {
    /// How much is left of a bucket, and the middle of that.
    fn bucket(&self, bucket: &Bucket) -> (f64, f64) {
        let Bucket { lower, upper, count, .. } = *bucket;
        let (is_inside, is_outside) = match self.trim {
            Trim::Upper => (upper <= self.at, lower >= self.at),
            Trim::Lower => (lower >= self.at, upper <= self.at),
        };
        if is_inside {
            return (count, self.middle(lower, upper));
        }
        if is_outside {
            return (0.0, 0.0);
        }
        if lower == f64::NEG_INFINITY || upper == f64::INFINITY {
            return self.open(bucket);
        }
        let below = count * share(self.at, bucket, self.spread);
        match self.trim {
            Trim::Upper => (below, self.middle(lower, self.at)),
            Trim::Lower => (count - below, self.middle(self.at, upper)),
        }
    }

    /// How observations are spread up to infinity is not known; only where zero is a natural border they are thought
    /// to be spread evenly. Else the bucket is kept or left out as a whole.
    fn open(&self, bucket: &Bucket) -> (f64, f64) {
        let Bucket { lower, upper, count, .. } = *bucket;
        let at = self.at;
        let has_natural_border = lower == f64::NEG_INFINITY && upper > 0.0 && upper.is_finite();
        match self.trim {
            Trim::Upper if has_natural_border && at > 0.0 => (count * at / upper, at / 2.0),
            Trim::Upper if lower == f64::NEG_INFINITY && upper <= 0.0 => (count, at),
            Trim::Lower if has_natural_border && at >= 0.0 => {
                (count * (1.0 - at / upper), f64::midpoint(at, upper))
            }
            Trim::Lower if lower > f64::NEG_INFINITY && at >= lower => (count, at),
            _ => (0.0, 0.0),
        }
    }

    fn middle(&self, lower: f64, upper: f64) -> f64 {
        match (lower.is_infinite(), upper.is_infinite()) {
            (true, true) => 0.0,
            (true, false) if upper > 0.0 => upper / 2.0,
            (true, false) => upper,
            (false, true) => lower,
            (false, false) if self.spread == Spread::Linear => f64::midpoint(lower, upper),
            (false, false) => {
                let middle = (lower * upper).abs().sqrt();
                if self.side == Side::Positive { middle } else { -middle }
            }
        }
    }
}

fn zero_bucket(it: &Histogram, at: f64, trim: Trim) -> (f64, f64) {
    let has = |side: Side| it.indexed(side).any(|(_, count)| count != 0.0);
    let (has_positive, has_negative) = (has(Side::Positive), has(Side::Negative));
    let Bucket { mut lower, mut upper, count, .. } = it.zero_bucket();
    if has_negative && !has_positive {
        upper = 0.0;
    }
    if has_positive && !has_negative {
        lower = 0.0;
    }
    let whole = (count, f64::midpoint(lower, upper));
    match trim {
        Trim::Upper if at <= lower => (0.0, 0.0),
        Trim::Upper if at >= upper => whole,
        Trim::Upper => (count * ((at - lower) / (upper - lower)), f64::midpoint(lower, at)),
        Trim::Lower if at <= lower => whole,
        Trim::Lower if at >= upper => (0.0, 0.0),
        Trim::Lower => (count * ((upper - at) / (upper - lower)), f64::midpoint(at, upper)),
    }
}
