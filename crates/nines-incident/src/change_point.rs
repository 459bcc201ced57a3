//! Whether an indicator changed its rate just after an instant: a Bayesian change-point test.

use jiff::{SignedDuration, Timestamp};

/// The length of one slice: the finest grain in which budgets are counted.
pub const SLICE: SignedDuration = SignedDuration::from_secs(15);

/// A change of the rate this long after a change is ascribed to it.
const AFTER_MAX: SignedDuration = SignedDuration::from_mins(5);
/// An hour before and a quarter after, in slices of this length, three times over to be generous.
const SLICES_MAX: usize = 900;

/// The events of one [`SLICE`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Slice {
    /// Events that kept the indicator; at most `total`.
    pub good: u64,
    /// All events; 0 when nothing is known.
    pub total: u64,
}

/// The posterior probability that the rate of good events changed within five minutes after `change`.
///
/// `slices` are consecutive, the first begins at `from`; they should span −60…+15 min around `change`,
/// and all beyond 900 are ignored. `None` without two slices or without any event.
///
/// Model: either one rate for all slices (probability ½), or one change at a border between two slices,
/// each border equally likely. Rates are uniform on 0…1, so each part has the beta-binomial marginal
/// likelihood B(good + 1, bad + 1); the binomial coefficients cancel. Exact and linear by prefix sums.
/// A border inside the slice in which `change` lies counts as after it.
///
/// Source: A. F. M. Smith, "A Bayesian approach to inference about a change-point in a sequence of random
/// variables", Biometrika 62 (1975).
pub fn change_point(slices: &[Slice], from: Timestamp, change: Timestamp) -> Option<f64> {
    let slices = slices.get(..slices.len().min(SLICES_MAX)).unwrap_or_default();
    let sum = slices.iter().fold((0, 0), |sum, it| add(sum, *it));
    let borders = slices.len().checked_sub(1).filter(|it| 0 < *it && sum != (0, 0))?;

    // Likelihoods of one change at each border, relative to none, as logarithms: they may be huge.
    let none = log_marginal(sum.0, sum.1);
    let mut before = (0, 0);
    let mut ratios = Vec::with_capacity(borders);
    for slice in slices.iter().take(borders) {
        before = add(before, *slice);
        let after = (sum.0 - before.0, sum.1 - before.1);
        ratios.push(log_marginal(before.0, before.1) + log_marginal(after.0, after.1) - none);
    }
    // All are scaled by the greatest, so that none overflows; none at all has the ratio 1 = e^0.
    let scale = ratios.iter().copied().fold(0.0, f64::max);
    let (mut all, mut near) = (0.0, 0.0);
    for (ratio, border) in ratios.iter().zip(1..) {
        let likelihood = (ratio - scale).exp();
        all += likelihood;
        let distance = (from + SLICE * border).duration_since(change);
        if -SLICE < distance && distance <= AFTER_MAX {
            near += likelihood;
        }
    }
    // Both hypotheses have prior ½, which cancels; each border has its share of one of them.
    Some(near / (borders as f64 * (-scale).exp() + all))
}

/// Good and bad events so far.
fn add((good, bad): (u64, u64), slice: Slice) -> (u64, u64) {
    (good.saturating_add(slice.good), bad.saturating_add(slice.total.saturating_sub(slice.good)))
}

/// ln B(good + 1, bad + 1).
fn log_marginal(good: u64, bad: u64) -> f64 {
    let (good, bad) = (good as f64, bad as f64);
    log_gamma(good + 1.0) + log_gamma(bad + 1.0) - log_gamma(good + bad + 2.0)
}

/// ln Γ(x) for x ≥ 1 by Stirling's series; below 8 the recurrence Γ(x + 1) = x Γ(x) lifts x first.
///
/// Source: NIST Digital Library of Mathematical Functions, 5.11.1 and 5.5.1.
fn log_gamma(x: f64) -> f64 {
    let (mut x, mut lift) = (x, 0.0);
    while x < 8.0 {
        lift += x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    let series =
        1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square * (1.0 / 1680.0)));
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + inverse * series - lift
}

#[cfg(test)]
mod tests;
