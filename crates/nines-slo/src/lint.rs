//! Burn pairs that cannot do what their author wants. Knows no files: who reads them adds the place.

use jiff::SignedDuration;

use crate::{BurnPair, Objective, Slo};

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
        /// Counts from 0 in the SLO's list.
        pair_index: usize,
        /// The pair.
        pair: BurnPair,
    },
    /// Not even a total outage burns so fast.
    NeverFires {
        /// Counts from 0 in the SLO's list.
        pair_index: usize,
        /// The pair.
        pair: BurnPair,
        /// The burn of a total outage, 1 ÷ (1 − objective), in thousandths, rounded down.
        worst_thousandths: u64,
    },
    /// The short window holds too few samples to see an increase.
    ShortWindowTooShort {
        /// Counts from 0 in the SLO's list.
        pair_index: usize,
        /// The pair.
        pair: BurnPair,
        /// The shortest window that would do: two sample intervals.
        short_min: SignedDuration,
    },
    /// The short window is no shorter than the long one.
    ShortWindowNotShorter {
        /// Counts from 0 in the SLO's list.
        pair_index: usize,
        /// The pair.
        pair: BurnPair,
    },
    /// The long window is longer than the budget's.
    LongWindowTooLong {
        /// Counts from 0 in the SLO's list.
        pair_index: usize,
        /// The pair.
        pair: BurnPair,
        /// The budget's window.
        window: SignedDuration,
    },
    /// With so little traffic one failure would trip the pair, if the guard did not hold it back.
    OneFailureTrips {
        /// Counts from 0 in the SLO's list.
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

/// What is wrong with the alerts of `slo`, whatever its traffic, in the order of its pairs.
pub fn lint(slo: &Slo, sample_interval: SignedDuration) -> Vec<Lint> {
    let pairs = slo.alerting.pairs.iter().enumerate();
    pairs.flat_map(|(index, pair)| lint_pair(slo, sample_interval, index, *pair)).collect()
}

fn lint_pair(
    slo: &Slo,
    sample_interval: SignedDuration,
    pair_index: usize,
    pair: BurnPair,
) -> Vec<Lint> {
    let mut lints = Vec::new();
    let unit = 1_000 * u128::from(Objective::SCALE);
    if pair.factor.0 < 1_000 {
        lints.push(Lint::FactorBelowOne { pair_index, pair });
    }
    if unit <= u128::from(pair.factor.0) * u128::from(slo.objective.allowed()) {
        let worst = 1_000 * Objective::SCALE / slo.objective.allowed();
        lints.push(Lint::NeverFires { pair_index, pair, worst_thousandths: worst });
    }
    let short_min = sample_interval.saturating_mul(2);
    if pair.short < short_min {
        lints.push(Lint::ShortWindowTooShort { pair_index, pair, short_min });
    }
    if pair.long <= pair.short {
        lints.push(Lint::ShortWindowNotShorter { pair_index, pair });
    }
    if slo.window < pair.long {
        lints.push(Lint::LongWindowTooLong { pair_index, pair, window: slo.window });
    }
    lints
}

/// What is wrong with the alerts of `slo` at a traffic of `events_per_day`.
pub fn lint_traffic(slo: &Slo, events_per_day: u64) -> Vec<Lint> {
    let pairs = slo.alerting.pairs.iter().enumerate();
    pairs
        .filter_map(|(pair_index, &pair)| {
            let events = events_in(pair.long, events_per_day);
            let share = u128::from(pair.factor.0) * u128::from(slo.objective.allowed());
            let unit = 1_000 * u128::from(Objective::SCALE);
            let events_min = unit.checked_div(share)? + u128::from(unit % share != 0);
            let events_min = u64::try_from(events_min).unwrap_or(u64::MAX);
            let trips = events < events_min;
            trips.then_some(Lint::OneFailureTrips { pair_index, pair, events, events_min })
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
