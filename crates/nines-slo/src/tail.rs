//! The low-traffic guard: few events prove little, so one failure of a quiet service wakes nobody.

use crate::{Allowed, BurnFactor, Counts, Objective};

/// The guard sleeps once so many bad events are expected at the threshold: then luck is small.
const EXPECTED_BAD_MAX: u128 = 30;

/// What is still called luck: a one-sided 95 % bound.
const LUCK_RATIO: f64 = 0.05;

/// Fewer bad events prove nothing while the guard is awake, whatever the bound says: it is asked after every event of
/// years, so that once in twenty is often. With three, a service that keeps its objective pages less than once a year
/// (see `judge::tests::idle`); with one it would page twelve times, with two three times.
const BAD_MIN: u64 = 3;

/// One event, in units of a factor × what is allowed.
const UNIT: u128 = BurnFactor::ONE.0 as u128 * Objective::SCALE as u128;

/// Whether so many bad events are hard to explain by a service that burns at `factor` only.
///
/// While factor · allowed < 30 bad events, this is P[Bin(total, factor · allowed ÷ total) ≥ bad] < 0.05, and at least
/// three of them: the exact one-sided lower bound of the share of bad events lies above the threshold. Above that it is
/// always so.
///
/// The one float that decides. It uses +, −, ×, ÷ in one order and no library function, so that all
/// machines agree. It takes less time than a cache of its answers would: some 30 steps, and only while a pair holds.
/// Source: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934).
pub(crate) fn is_beyond_luck(counts: Counts, allowed: Allowed, factor: BurnFactor) -> bool {
    bad_min(counts.total, allowed, factor).is_none_or(|it| it <= counts.bad)
}

/// The fewest bad events of `total` that luck does not explain at `factor`; nothing while the guard sleeps, and more
/// than `total` when every event may be bad by luck.
pub(crate) fn bad_min(total: u64, allowed: Allowed, factor: BurnFactor) -> Option<u64> {
    let expected = u128::from(factor.0).saturating_mul(allowed.numerator);
    if EXPECTED_BAD_MAX * UNIT <= expected {
        return None;
    }
    let certain = u128::from(total) * UNIT;
    if certain <= expected {
        return Some(total.saturating_add(1).max(BAD_MIN));
    }
    let share = expected as f64 / certain as f64;
    Some(quantile(total, share, 1.0 - LUCK_RATIO).max(BAD_MIN))
}

/// The least `bound` with P[Bin(`trials`, `share`) < `bound`] > `limit`. The mean must be small: terms are added
/// from 0.
fn quantile(trials: u64, share: f64, limit: f64) -> u64 {
    let odds = share / (1.0 - share);
    let mut term = power(1.0 - share, trials);
    let mut sum = 0.0;
    for successes in 0..=trials {
        sum += term;
        // The sum passes any limit below 1 a few deviations after the mean.
        if limit < sum {
            return successes + 1;
        }
        term *= (trials - successes) as f64 / (successes + 1) as f64 * odds;
    }
    trials.saturating_add(1)
}

/// `base` to the power of `exponent`, by squaring.
fn power(mut base: f64, mut exponent: u64) -> f64 {
    let mut product = 1.0;
    while 0 < exponent {
        if exponent % 2 == 1 {
            product *= base;
        }
        base *= base;
        exponent /= 2;
    }
    product
}

#[cfg(test)]
mod tests;
