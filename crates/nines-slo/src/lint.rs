//! Burn pairs that cannot do what their author wants. Knows no files: who reads them adds the place.

use jiff::SignedDuration;

use crate::{BurnFactor, BurnPair, Goal, Objective, Slo};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LintSeverity {
    /// It works, but hardly as wanted.
    Warning,
    /// It must not be used.
    Error,
}

/// One finding about one burn pair, with the numbers that show it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lint {
    /// A factor below 1 alerts on a service that meets its objective.
    FactorBelowOne {
        /// Counts from 0 in the list of goals.
        goal_index: usize,
        /// Counts from 0 in the goal's list of pairs.
        pair_index: usize,
        /// The pair.
        pair: BurnPair,
    },
    /// Not even a total outage burns so fast.
    NeverFires {
        /// Counts from 0 in the list of goals.
        goal_index: usize,
        /// Counts from 0 in the goal's list of pairs.
        pair_index: usize,
        /// The pair.
        pair: BurnPair,
        /// The burn of a total outage, 1 ÷ (1 − objective), in thousandths, rounded down.
        worst_thousandths: u64,
    },
    /// The short window holds too few samples to see an increase.
    ShortWindowTooShort {
        /// Counts from 0 in the list of goals.
        goal_index: usize,
        /// Counts from 0 in the goal's list of pairs.
        pair_index: usize,
        /// The pair.
        pair: BurnPair,
        /// The shortest window that would do: two sample intervals.
        short_min: SignedDuration,
    },
    /// The short window is no shorter than the long one.
    ShortWindowNotShorter {
        /// Counts from 0 in the list of goals.
        goal_index: usize,
        /// Counts from 0 in the goal's list of pairs.
        pair_index: usize,
        /// The pair.
        pair: BurnPair,
    },
    /// The long window is longer than the budget's.
    LongWindowTooLong {
        /// Counts from 0 in the list of goals.
        goal_index: usize,
        /// Counts from 0 in the goal's list of pairs.
        pair_index: usize,
        /// The pair.
        pair: BurnPair,
        /// The length of the budget's window.
        window: SignedDuration,
    },
    /// With so little traffic one failure would trip the pair, if the guard did not hold it back.
    OneFailureTrips {
        /// Counts from 0 in the list of goals.
        goal_index: usize,
        /// Counts from 0 in the goal's list of pairs.
        pair_index: usize,
        /// The pair.
        pair: BurnPair,
        /// The events that the long window holds.
        events: u64,
        /// The fewest events in the long window that would do.
        events_min: u64,
    },
}

impl Lint {
    /// Whether it must be mended.
    pub fn severity(&self) -> LintSeverity {
        match self {
            Self::OneFailureTrips { .. } => LintSeverity::Warning,
            Self::FactorBelowOne { .. }
            | Self::NeverFires { .. }
            | Self::ShortWindowTooShort { .. }
            | Self::ShortWindowNotShorter { .. }
            | Self::LongWindowTooLong { .. } => LintSeverity::Error,
        }
    }
}

/// What is wrong with the alerts of `slo`, whatever its traffic, in the order of its goals and their pairs.
pub fn lint(slo: &Slo, sample_interval: SignedDuration) -> Vec<Lint> {
    pairs(slo)
        .flat_map(|(goal_index, pair_index, goal, pair)| {
            lint_pair(goal, sample_interval, goal_index, pair_index, pair)
        })
        .collect()
}

/// Every pair with its goal, and the indexes of both.
fn pairs(slo: &Slo) -> impl Iterator<Item = (usize, usize, &Goal, BurnPair)> {
    slo.goals.iter().enumerate().flat_map(|(goal_index, goal)| {
        let pairs = goal.alerting.pairs.iter().enumerate();
        pairs.map(move |(pair_index, pair)| (goal_index, pair_index, goal, *pair))
    })
}

/// 1, as the product of a factor and a share.
const UNIT: u128 = BurnFactor::ONE.0 as u128 * Objective::SCALE as u128;

fn lint_pair(
    goal: &Goal,
    sample_interval: SignedDuration,
    goal_index: usize,
    pair_index: usize,
    pair: BurnPair,
) -> Vec<Lint> {
    let mut lints = Vec::new();
    let (allowed, window) = (goal.latest().allowed(), goal.window.nominal());
    if pair.factor < BurnFactor::ONE {
        lints.push(Lint::FactorBelowOne { goal_index, pair_index, pair });
    }
    if UNIT <= u128::from(pair.factor.0) * u128::from(allowed) {
        let worst_thousandths = 1_000 * Objective::SCALE / allowed;
        lints.push(Lint::NeverFires { goal_index, pair_index, pair, worst_thousandths });
    }
    let short_min = sample_interval.saturating_mul(2);
    if pair.short < short_min {
        lints.push(Lint::ShortWindowTooShort { goal_index, pair_index, pair, short_min });
    }
    if pair.long <= pair.short {
        lints.push(Lint::ShortWindowNotShorter { goal_index, pair_index, pair });
    }
    if window < pair.long {
        lints.push(Lint::LongWindowTooLong { goal_index, pair_index, pair, window });
    }
    lints
}

/// What is wrong with the alerts of `slo` at a traffic of `events_per_day`.
pub fn lint_traffic(slo: &Slo, events_per_day: u64) -> Vec<Lint> {
    pairs(slo)
        .filter_map(|(goal_index, pair_index, goal, pair)| {
            let events = events_in(pair.long, events_per_day);
            let share = u128::from(pair.factor.0) * u128::from(goal.latest().allowed());
            let events_min = UNIT.checked_div(share)? + u128::from(!UNIT.is_multiple_of(share));
            let events_min = u64::try_from(events_min).unwrap_or(u64::MAX);
            let trips = events < events_min;
            trips.then_some(Lint::OneFailureTrips {
                goal_index,
                pair_index,
                pair,
                events,
                events_min,
            })
        })
        .collect()
}

fn events_in(window: SignedDuration, events_per_day: u64) -> u64 {
    const DAY_SECONDS: u128 = 86_400;
    let seconds = u128::from(window.as_secs().unsigned_abs());
    u64::try_from(u128::from(events_per_day) * seconds / DAY_SECONDS).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
