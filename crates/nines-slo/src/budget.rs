//! Error-budget arithmetic. Decisions are made on integers; floats are for people to read.

use std::iter::Sum;

use jiff::Timestamp;

use crate::time::millis;
use crate::wide::Wide;
use crate::{BurnFactor, Counts, Objective, WindowCounts};

/// All of a budget, in billionths.
const WHOLE: i128 = 1_000_000_000;

/// One event, and a factor of one, in the units of [`Allowed`] and [`BurnFactor`].
const UNIT: u128 = BurnFactor::ONE.0 as u128 * Objective::SCALE as u128;

/// The bad events that an objective permits among some events, exact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Allowed {
    /// In units of 1 / [`Objective::SCALE`] events.
    pub numerator: u128,
}

impl Allowed {
    /// What `objective` permits among `total` events.
    pub fn of(total: u64, objective: Objective) -> Self {
        Self { numerator: u128::from(total) * u128::from(objective.allowed()) }
    }

    /// Both together, as when the objective changed within a window.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { numerator: self.numerator.saturating_add(other.numerator) }
    }

    /// `times` ÷ `parts` of it, rounded down to a billionth of an event.
    ///
    /// # Panics
    /// For no `parts`.
    #[must_use]
    pub fn scaled(self, times: u64, parts: u64) -> Self {
        Self { numerator: Wide::product(self.numerator, u128::from(times)).divided_by(parts) }
    }

    /// Whole and broken events; for people to read.
    pub fn events(self) -> f64 {
        self.numerator as f64 / Objective::SCALE as f64
    }

    /// Whole events, rounded down.
    pub fn whole_events(self) -> u64 {
        u64::try_from(self.numerator / u128::from(Objective::SCALE)).unwrap_or(u64::MAX)
    }

    /// What `bad` events leave of this budget, in billionths of it, rounded down.
    ///
    /// 1 − bad ÷ allowed. Negative when overspent, never clamped. Where nothing is permitted, all is left without a
    /// bad event and nothing with one; how far such a budget is overspent has no number.
    pub fn remaining_billionths(self, bad: u64) -> i128 {
        match (self.numerator, bad) {
            (_, 0) => WHOLE,
            (0, _) => 0,
            (allowed, _) => {
                // Below 2^64 · 2^30 · 2^30, so both the product and the quotient fit.
                let spent = u128::from(bad) * u128::from(Objective::SCALE) * WHOLE.unsigned_abs();
                i128::try_from(spent.div_ceil(allowed)).map_or(i128::MIN, |it| WHOLE - it)
            }
        }
    }

    /// As [`Self::remaining_billionths`], as a share for people to read: 1 is untouched, 0 is spent.
    pub fn remaining_ratio(self, bad: u64) -> f64 {
        match (self.numerator, bad) {
            (_, 0) => 1.0,
            (0, _) => 0.0,
            _ => 1.0 - bad as f64 / self.events(),
        }
    }

    /// The bad share ÷ the permitted share; for people to read. As many as can be said where nothing is permitted.
    pub fn burn_ratio(self, bad: u64) -> f64 {
        match (self.numerator, bad) {
            (_, 0) => 0.0,
            (0, _) => f64::MAX,
            _ => bad as f64 / self.events(),
        }
    }

    /// Whether no event more may be bad: as many are as are allowed. Never without a bad event.
    pub fn is_spent_by(self, bad: u64) -> bool {
        0 < bad && self.numerator <= u128::from(bad) * u128::from(Objective::SCALE)
    }
}

impl Sum for Allowed {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), Self::plus)
    }
}

/// The events of a window that happened under one version of its objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permitted {
    /// Since when it is in force.
    pub effective: Timestamp,
    /// The share that must be good.
    pub target: Objective,
    /// The events under it.
    pub total: u64,
}

impl Permitted {
    /// The bad events that it permits among them.
    pub fn allowed(&self) -> Allowed {
        Allowed::of(self.total, self.target)
    }
}

/// Whether `window` spends a budget faster than `factor`; as fast is not faster.
///
/// At 1× the budget lasts exactly one SLO period; 14.4× for one hour spends 2 % of a 30-day budget.
/// Time without data counts as clean time with the traffic that was seen elsewhere in the window, so
/// that a young SLO fires exactly when the share of the budget is really gone:
/// bad · known > factor · allowed · length.
///
/// Source: *The Site Reliability Workbook* (Google, 2018), chapter 5, "Alerting on SLOs".
pub fn burns_faster_than(window: &WindowCounts, allowed: Allowed, factor: BurnFactor) -> bool {
    let duration = |it| u128::from(millis(it).unsigned_abs());
    // Events are below 2^64, times below 2^63, factors below 2^64, what is allowed below 2^94.
    let spent = Wide::product(u128::from(window.counts.bad) * duration(window.known), UNIT);
    let limit = Wide::product(u128::from(factor.0) * duration(window.length()), allowed.numerator);
    limit < spent
}

/// As [`burns_faster_than`], over whatever data exist, as a rule of Prometheus compares ratios:
/// bad ÷ total > factor · (1 − objective). Without events nothing burns.
pub fn share_exceeds(counts: Counts, allowed: Allowed, factor: BurnFactor) -> bool {
    let limit = Wide::product(u128::from(factor.0), allowed.numerator);
    limit < Wide::product(u128::from(counts.bad), UNIT)
}

#[cfg(test)]
mod tests;
