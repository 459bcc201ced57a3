//! The low-traffic guard: few events prove little, so one failure of a quiet service wakes nobody.

use crate::{BurnFactor, Counts, Objective};

/// The guard sleeps once so many bad events are expected at the threshold: then luck is small.
const EXPECTED_BAD_MAX: u128 = 30;

/// What is still called luck: a one-sided 95 % bound.
const LUCK_RATIO: f64 = 0.05;

/// Whether so many bad events are hard to explain by a service that burns at `factor` only.
///
/// While factor · (1 − objective) · total < 30, this is P[Bin(total, factor · (1 − objective)) ≥ bad]
/// < 0.05: the exact one-sided lower bound of the share of bad events lies above the threshold. Above
/// that it is always so.
///
/// The one float that decides. It uses +, −, ×, ÷ in one order and no library function, so that all
/// machines agree. Source: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934).
pub(crate) fn is_beyond_luck(counts: Counts, objective: Objective, factor: BurnFactor) -> bool {
    let unit = u128::from(BurnFactor::ONE.0) * u128::from(Objective::SCALE);
    let share = u128::from(factor.0) * u128::from(objective.allowed());
    if EXPECTED_BAD_MAX * unit <= share.saturating_mul(u128::from(counts.total)) {
        return true;
    }
    if unit <= share {
        return false;
    }
    let share = share as f64 / unit as f64;
    fewer_than(counts.bad, counts.total, share, 1.0 - LUCK_RATIO)
}

/// Whether P[Bin(`trials`, `share`) < `bound`] > `limit`. The mean must be small: terms are added from 0.
fn fewer_than(bound: u64, trials: u64, share: f64, limit: f64) -> bool {
    let odds = share / (1.0 - share);
    let mut term = power(1.0 - share, trials);
    let mut sum = 0.0;
    for successes in 0..bound {
        sum += term;
        if limit < sum {
            return true;
        }
        // The sum passes any limit below 1 a few deviations after the mean; only underflow gets here.
        if trials <= successes {
            return false;
        }
        term *= (trials - successes) as f64 / (successes + 1) as f64 * odds;
    }
    false
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
