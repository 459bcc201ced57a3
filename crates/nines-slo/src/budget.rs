//! Error-budget arithmetic. Decisions are made on integers; floats are for people to read.

use crate::time::millis;
use crate::{BurnFactor, Counts, Objective, WindowCounts};

/// The bad events that an objective permits among some events, exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Allowed {
    /// In units of 1 / [`Objective::SCALE`] events.
    pub numerator: u128,
}

impl Allowed {
    /// What `objective` permits among `total` events.
    pub fn of(total: u64, objective: Objective) -> Self {
        Self { numerator: u128::from(total) * u128::from(objective.allowed()) }
    }

    /// Whole and broken events; for people to read.
    pub fn events(self) -> f64 {
        self.numerator as f64 / Objective::SCALE as f64
    }

    /// Whole events, rounded down.
    pub fn whole_events(self) -> u64 {
        u64::try_from(self.numerator / u128::from(Objective::SCALE)).unwrap_or(u64::MAX)
    }
}

/// What is left of the budget of `counts`, in billionths of it, rounded down.
///
/// 1 − bad ÷ ((1 − objective) · total). Negative when overspent, never clamped. Without events all of
/// it is left.
pub fn remaining_billionths(counts: Counts, objective: Objective) -> i128 {
    const WHOLE: i128 = 1_000_000_000;
    let allowed = i128::from(objective.allowed()) * i128::from(counts.total);
    if allowed == 0 {
        return WHOLE;
    }
    // Below 2^64 · 2^30 · 2^30, so the product fits.
    let left = allowed - i128::from(counts.bad) * i128::from(Objective::SCALE);
    left.checked_mul(WHOLE).map_or(i128::MIN, |it| it.div_euclid(allowed))
}

/// As [`remaining_billionths`], as a share for people to read: 1 is untouched, 0 is spent.
pub fn remaining_ratio(counts: Counts, objective: Objective) -> f64 {
    1.0 - burn_ratio(counts, objective)
}

/// The bad share ÷ the permitted share; for people to read. Without events nothing burns.
pub fn burn_ratio(counts: Counts, objective: Objective) -> f64 {
    if counts.total == 0 {
        return 0.0;
    }
    counts.bad as f64 / Allowed::of(counts.total, objective).events()
}

/// Whether no event more may be bad: as many are as are allowed. Never without events.
pub fn is_spent(counts: Counts, objective: Objective) -> bool {
    let spent = u128::from(counts.bad) * u128::from(Objective::SCALE);
    0 < counts.total && Allowed::of(counts.total, objective).numerator <= spent
}

/// Whether `window` spends the budget faster than `factor`; as fast is not faster.
///
/// At 1× the budget lasts exactly one SLO period; 14.4× for one hour spends 2 % of a 30-day budget.
/// Time without data counts as clean time with the traffic that was seen elsewhere in the window, so
/// that a young SLO fires exactly when the share of the budget is really gone:
/// bad · known > factor · (1 − objective) · total · length.
///
/// Source: *The Site Reliability Workbook* (Google, 2018), chapter 5, "Alerting on SLOs".
pub fn burns_faster_than(window: &WindowCounts, objective: Objective, factor: BurnFactor) -> bool {
    let Counts { total, bad } = window.counts;
    let duration = |it| u128::from(millis(it).unsigned_abs());
    // Factors are billionths. 2^64 · 2^63 and 2^32 · 2^30 each fit 128 bits, their product does not.
    let spent = wide_product(
        u128::from(bad) * duration(window.known),
        u128::from(BurnFactor::ONE.0) * u128::from(Objective::SCALE),
    );
    let limit = wide_product(
        u128::from(total) * duration(window.length()),
        u128::from(factor.0) * u128::from(objective.allowed()),
    );
    limit < spent
}

/// The 256 bits of `a` · `b`: upper half, lower half. Pairs compare as the products do.
fn wide_product(a: u128, b: u128) -> (u128, u128) {
    const HALF: u32 = 64;
    let low = |it: u128| it & u128::from(u64::MAX);
    let (a_high, a_low, b_high, b_low) = (a >> HALF, low(a), b >> HALF, low(b));
    let lowest = a_low * b_low;
    let first = a_high * b_low;
    let second = a_low * b_high;
    let middle = (lowest >> HALF) + low(first) + low(second);
    let upper = a_high * b_high + (first >> HALF) + (second >> HALF) + (middle >> HALF);
    (upper, (middle << HALF) | low(lowest))
}

#[cfg(test)]
mod tests;
