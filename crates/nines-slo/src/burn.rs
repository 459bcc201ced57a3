//! Burn alerts: when they fire and recover, and the evidence they leave.

use jiff::{SignedDuration, Timestamp};
use nines_base::Labels;
use serde::{Deserialize, Serialize};

use crate::tail::is_beyond_luck;
use crate::{
    BurnFactor, BurnPair, Objective, Severity, SloName, Window, WindowCounts, burn_ratio,
    burns_faster_than, remaining_billionths,
};

/// One alert that fires now.
#[derive(Debug, Clone, PartialEq)]
pub struct BurnAlert {
    /// What burns; equal keys are one alert.
    pub key: BurnKey,
    /// When it began to fire; a recovery that did not last does not count.
    pub since: Timestamp,
    /// Why it fires.
    pub evidence: BurnEvidence,
}

/// The identity of a burn alert: pairs of one severity of one goal, of one group, are one alert.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BurnKey {
    /// Whose budget burns.
    pub slo: SloName,
    /// Which objective of it.
    pub objective: String,
    /// Over which window, as it is written.
    pub window: String,
    /// Which group; empty for all events.
    pub group: Labels,
    /// What it makes people do.
    pub severity: Severity,
}

/// Everything that a burn alert was decided from.
#[derive(Debug, Clone, PartialEq)]
pub struct BurnEvidence {
    /// The objective in force.
    pub objective: Objective,
    /// The period of the budget.
    pub window: Window,
    /// The budget at that moment.
    pub budget: WindowCounts,
    /// The pairs that hold; at least one.
    pub pairs: Vec<PairEvidence>,
    /// How long the budget lasts at this rate; nothing when it outlives a window.
    pub exhausts_in: Option<SignedDuration>,
    /// The window whose rate `exhausts_in` goes on with.
    pub rate_window: SignedDuration,
}

/// A pair that holds, with what was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairEvidence {
    /// Windows and threshold.
    pub pair: BurnPair,
    /// The long window.
    pub long: WindowCounts,
    /// The short window.
    pub short: WindowCounts,
}

impl BurnEvidence {
    /// What is left of the budget, see [`remaining_billionths`].
    pub fn remaining_billionths(&self) -> i128 {
        remaining_billionths(self.budget.counts, self.objective)
    }

    /// `at this rate the 28-day budget is gone in 5 h 10 m`
    pub fn sentence(&self) -> String {
        let budget = format!("the {} budget", adjective(&self.window));
        match self.exhausts_in {
            Some(SignedDuration::ZERO) => format!("{budget} is gone"),
            Some(left) => format!("at this rate {budget} is gone in {}", spoken(left)),
            None => format!("at this rate {budget} is not gone within one window"),
        }
    }
}

/// `28-day`, `6-hour`, `90-minute`, `month's`.
fn adjective(window: &Window) -> String {
    let Window::Rolling(length) = window else { return format!("{window}'s") };
    let minutes = length.as_mins();
    match (minutes % (24 * 60), minutes % 60) {
        (0, _) => format!("{}-day", minutes / (24 * 60)),
        (_, 0) => format!("{}-hour", minutes / 60),
        _ => format!("{minutes}-minute"),
    }
}

/// The two largest units: `5 h 10 m`.
fn spoken(duration: SignedDuration) -> String {
    let minutes = duration.as_mins();
    let (days, hours, rest) = (minutes / (24 * 60), minutes / 60 % 24, minutes % 60);
    match (days, hours, rest) {
        (0, 0, 0) => "less than 1 m".to_owned(),
        (0, 0, _) => format!("{rest} m"),
        (0, _, 0) => format!("{hours} h"),
        (0, _, _) => format!("{hours} h {rest} m"),
        (_, 0, _) => format!("{days} d"),
        _ => format!("{days} d {hours} h"),
    }
}

/// A burn pair as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct PairStatus {
    /// Windows and threshold.
    pub pair: BurnPair,
    /// The long window.
    pub long: WindowCounts,
    /// The short window.
    pub short: WindowCounts,
    /// Bad share ÷ permitted share over the long window; for people to read.
    pub burn_long: f64,
    /// As `burn_long`, over the short window.
    pub burn_short: f64,
    /// Both windows burn faster than the factor, and luck does not explain it.
    pub holds: bool,
    /// Both windows burn faster than the factor, but so few events may be bad by luck.
    pub is_held_back: bool,
}

impl PairStatus {
    pub(crate) fn new(
        pair: BurnPair,
        long: WindowCounts,
        short: WindowCounts,
        objective: Objective,
    ) -> Self {
        let exceeds = burns_faster_than(&long, objective, pair.factor)
            && burns_faster_than(&short, objective, pair.factor);
        let is_proven = exceeds && is_beyond_luck(long.counts, objective, pair.factor);
        Self {
            pair,
            long,
            short,
            burn_long: burn_ratio(long.counts, objective),
            burn_short: burn_ratio(short.counts, objective),
            holds: is_proven,
            is_held_back: exceeds && !is_proven,
        }
    }

    pub(crate) fn evidence(&self) -> PairEvidence {
        PairEvidence { pair: self.pair, long: self.long, short: self.short }
    }
}

/// Whether the burn has ended for now: no faster than the budget lasts. Without data nobody knows.
pub(crate) fn is_calm(shortest: &WindowCounts, objective: Objective) -> bool {
    shortest.known.is_positive() && !burns_faster_than(shortest, objective, BurnFactor::ONE)
}

/// An alert that has begun and is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Activation {
    pub(crate) since: Timestamp,
    pub(crate) phase: Phase,
}

/// Where an activation stands. Outwards only `Firing` is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Firing,
    /// A pair still holds, but only by what happened earlier.
    Recovering,
}

/// ok → firing → recovering → ok, where ok is nothing. A relapse keeps its beginning.
pub(crate) fn step(
    activation: Option<Activation>,
    judgement: Judgement,
    now: Timestamp,
) -> Option<Activation> {
    match (activation, judgement) {
        (_, Judgement::Over) => None,
        (None, Judgement::OnlyPast) => None,
        (None, Judgement::Burning) => Some(Activation { since: now, phase: Phase::Firing }),
        (Some(it), Judgement::OnlyPast) => Some(Activation { phase: Phase::Recovering, ..it }),
        (Some(it), Judgement::Burning) => Some(Activation { phase: Phase::Firing, ..it }),
    }
}

/// What the windows say about one severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// A pair holds, and the budget burns right now.
    Burning,
    /// A pair holds, but right now nothing burns.
    OnlyPast,
    /// No pair holds.
    Over,
}

#[cfg(test)]
mod tests;
