//! Burn pairs that cannot do what their author wants. Knows no files: who reads them adds the place.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use crate::{BurnFactor, BurnPair, Goal, Objective, Severity, Slo};

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
    /// Where everything must be good there is no budget that could burn.
    NothingToBurn {
        /// Counts from 0 in the list of goals.
        goal_index: usize,
    },
    /// The budget's window is longer than samples are kept, so that it is never whole.
    WindowBeyondRetention {
        /// Counts from 0 in the list of goals.
        goal_index: usize,
        /// The longest that the window can be.
        window: SignedDuration,
        /// How long samples are kept.
        retention: SignedDuration,
    },
    /// The long window is longer than samples are kept.
    PairBeyondRetention {
        /// Counts from 0 in the list of goals.
        goal_index: usize,
        /// Counts from 0 in the goal's list of pairs.
        pair_index: usize,
        /// The pair.
        pair: BurnPair,
        /// How long samples are kept.
        retention: SignedDuration,
    },
    /// Groups are told apart by a label that alerts use for something else, so that their alerts would be one.
    GroupLabelTaken {
        /// Its name.
        label: String,
    },
}

/// Two alerts that would be one, because their labels are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EqualLabels {
    /// SLO and goal of the first, each counted from 0.
    pub first: (usize, usize),
    /// SLO and goal of the second.
    pub second: (usize, usize),
    /// Of the alerts of both.
    pub severity: Severity,
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
            | Self::LongWindowTooLong { .. }
            | Self::NothingToBurn { .. }
            | Self::WindowBeyondRetention { .. }
            | Self::PairBeyondRetention { .. }
            | Self::GroupLabelTaken { .. } => LintSeverity::Error,
        }
    }

    /// As [`Self::severity`], for what another tool's file says: what works there goes on working here.
    pub fn severity_when_imported(&self) -> LintSeverity {
        match self {
            Self::FactorBelowOne { .. } => LintSeverity::Warning,
            _ => self.severity(),
        }
    }
}

/// What is wrong with the alerts of `slo`, whatever its traffic, in the order of its goals and their pairs.
pub fn lint(slo: &Slo, sample_interval: SignedDuration) -> Vec<Lint> {
    let mut lints: Vec<Lint> = pairs(slo)
        .flat_map(|(goal_index, pair_index, goal, pair)| {
            lint_pair(goal, sample_interval, goal_index, pair_index, pair)
        })
        .collect();
    for (goal_index, goal) in slo.goals.iter().enumerate() {
        let promises_all = goal.versions.iter().any(|it| it.target.allowed() == 0);
        if promises_all && !goal.alerting.pairs.is_empty() {
            lints.push(Lint::NothingToBurn { goal_index });
        }
    }
    let by = slo.grouping.iter().flat_map(|it| &it.by);
    let taken = by.filter(|it| is_taken(slo, it));
    lints.extend(taken.map(|it| Lint::GroupLabelTaken { label: it.clone() }));
    lints
}

/// Whether alerts of an SLO say something else by a label.
fn is_taken(slo: &Slo, label: &str) -> bool {
    let always = ["alertname", "service", "slo", "severity"].contains(&label);
    always || (1 < slo.goals.len() && ["objective", "window"].contains(&label))
}

/// What of `slo` looks further back than samples are kept.
pub fn lint_retention(slo: &Slo, retention: SignedDuration) -> Vec<Lint> {
    let windows = slo.goals.iter().enumerate().filter_map(|(goal_index, goal)| {
        let window = goal.window.longest();
        let is_beyond = retention < window;
        is_beyond.then_some(Lint::WindowBeyondRetention { goal_index, window, retention })
    });
    let pairs = pairs(slo).filter(|(.., pair)| retention < pair.long).map(
        |(goal_index, pair_index, _, pair)| Lint::PairBeyondRetention {
            goal_index,
            pair_index,
            pair,
            retention,
        },
    );
    windows.chain(pairs).collect()
}

/// The alerts of `slos` that could not be told apart, by the first of each.
pub fn lint_labels(slos: &[Slo]) -> Vec<EqualLabels> {
    let mut known = BTreeMap::new();
    let mut equal = Vec::new();
    for (slo_index, slo) in slos.iter().enumerate() {
        for (goal_index, goal) in slo.goals.iter().enumerate() {
            let severities: BTreeSet<Severity> =
                goal.alerting.pairs.iter().map(|it| it.severity).collect();
            for severity in severities {
                let second = (slo_index, goal_index);
                let labels = (alert_labels(slo, goal), severity);
                match known.entry(labels) {
                    Entry::Vacant(it) => {
                        it.insert(second);
                    }
                    Entry::Occupied(it) => {
                        equal.push(EqualLabels { first: *it.get(), second, severity });
                    }
                }
            }
        }
    }
    equal
}

/// What the alerts of a goal are labelled with, but for their severity and group.
fn alert_labels(slo: &Slo, goal: &Goal) -> BTreeMap<String, String> {
    let own = slo.labels.iter().filter(|(name, _)| !is_taken(slo, name));
    let mut labels: BTreeMap<String, String> =
        own.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut set = |name: &str, value: String| labels.insert(name.to_owned(), value);
    set("service", slo.name.service.clone());
    set("slo", slo.name.slo.clone());
    if 1 < slo.goals.len() {
        set("objective", goal.objective.clone());
        set("window", goal.window.to_string());
    }
    labels
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
