//! Sums, means, quantiles and regressions over plain numbers. It knows neither series nor steps.

use nines_base::Sample;

/// A sum that keeps the digits that adding loses (Kahan, Neumaier).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    /// The sum of one value.
    pub(crate) fn of(value: f64) -> Self {
        Self { sum: value, lost: 0.0 }
    }

    pub(crate) fn from_parts(sum: f64, lost: f64) -> Self {
        Self { sum, lost }
    }

    /// What was added up, and what that lost.
    pub(crate) fn parts(self) -> (f64, f64) {
        (self.sum, self.lost)
    }

    /// Without a branch, so that several sums can be added to at once. What is lost is exact whichever summand is
    /// larger (Knuth).
    #[inline]
    pub(crate) fn add(&mut self, value: f64) {
        let total = self.sum + value;
        let added = total - self.sum;
        let lost = (self.sum - (total - added)) + (value - added);
        self.lost = if total.is_infinite() { 0.0 } else { self.lost + lost };
        self.sum = total;
    }

    pub(crate) fn total(self) -> f64 {
        if self.sum.is_infinite() { self.sum } else { self.sum + self.lost }
    }

    /// Adds a sum with what it has lost.
    pub(crate) fn add_sum(&mut self, other: Self) {
        self.add(other.sum);
        self.add(other.lost);
    }

    /// Whether it is too large for a number.
    pub(crate) fn is_infinite(self) -> bool {
        self.sum.is_infinite()
    }

    pub(crate) fn divided(self, by: f64) -> Self {
        Self { sum: self.sum / by, lost: self.lost / by }
    }

    pub(crate) fn scaled(self, factor: f64) -> Self {
        Self { sum: self.sum * factor, lost: self.lost * factor }
    }
}

/// The compensated sum of the values.
pub(crate) fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let mut sum = Sum::default();
    values.for_each(|it| sum.add(it));
    sum.total()
}

/// A mean that goes over to a running mean when the sum would overflow.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mean {
    /// The sum, or the running mean once `is_running`.
    state: Sum,
    count: f64,
    is_running: bool,
}

impl Mean {
    pub(crate) fn add(&mut self, value: f64) {
        let before = self.count;
        self.count += 1.0;
        if !self.is_running {
            let mut next = self.state;
            next.add(value);
            if before == 0.0 || !next.sum.is_infinite() {
                self.state = next;
                return;
            }
            self.is_running = true;
            self.state = self.state.divided(before);
        }
        let mut next = self.state.scaled(before / self.count);
        next.add(value / self.count);
        self.state = next;
    }

    pub(crate) fn value(self) -> f64 {
        let mean = if self.is_running { self.state } else { self.state.divided(self.count) };
        mean.total()
    }
}

/// The variance of a population, one value at a time (Welford).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Variance {
    count: f64,
    mean: Sum,
    squares: Sum,
}

impl Variance {
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1.0;
        let delta = value - self.mean.total();
        self.mean.add(delta / self.count);
        self.squares.add(delta * (value - self.mean.total()));
    }

    pub(crate) fn value(self) -> f64 {
        self.squares.total() / self.count
    }
}

/// The `q`-quantile with linear interpolation; NaN sorts first, and `q` outside of 0 to 1 is infinite.
pub(crate) fn quantile(q: f64, mut values: Vec<f64>) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    values.sort_by(|left, right| match (left.is_nan(), right.is_nan()) {
        (false, false) => left.total_cmp(right),
        (left, right) => right.cmp(&left),
    });
    let rank = q * (values.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= rank < len")]
    let lower = rank.floor() as usize;
    let upper = (lower + 1).min(values.len() - 1);
    let weight = rank - rank.floor();
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    at(lower) * (1.0 - weight) + at(upper) * weight
}

/// Slope per second and value at `origin_ms` of the least-squares line through the samples.
pub(crate) fn linear_regression(samples: &[Sample], origin_ms: i64) -> (f64, f64) {
    let Some(first) = samples.first() else { return (f64::NAN, f64::NAN) };
    #[expect(clippy::float_cmp, reason = "a line that does not rise at all")]
    if samples.iter().all(|it| it.value == first.value) {
        let value = if first.value.is_infinite() { f64::NAN } else { first.value };
        return (if value.is_nan() { f64::NAN } else { 0.0 }, value);
    }
    let count = samples.len() as f64;
    let (mut x, mut y, mut xy, mut xx) =
        (Sum::default(), Sum::default(), Sum::default(), Sum::default());
    for sample in samples {
        let at = sample.at_ms.saturating_sub(origin_ms) as f64 / 1e3;
        x.add(at);
        y.add(sample.value);
        xy.add(at * sample.value);
        xx.add(at * at);
    }
    let covariance = xy.total() - x.total() * y.total() / count;
    let variance = xx.total() - x.total() * x.total() / count;
    let slope = covariance / variance;
    (slope, y.total() / count - slope * x.total() / count)
}
