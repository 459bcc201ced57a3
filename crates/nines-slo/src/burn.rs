//! Burn alerts: when they fire and recover, and the evidence they leave.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nines_base::Labels;
use serde::{Deserialize, Serialize};

use crate::tail::{bad_min, is_beyond_luck};
use crate::{
    AlertMode, Alerting, Allowed, BurnFactor, BurnPair, Calendar, Counts, Guard, Objective, Period,
    Severity, SloName, Window, WindowCounts, burns_faster_than, share_exceeds,
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
    /// The bad events that the budget permits.
    pub allowed: Allowed,
    /// The pairs that hold; at least one.
    pub pairs: Vec<PairEvidence>,
    /// How long the budget lasts at this rate; nothing when it outlives a window.
    pub exhausts_in: Option<SignedDuration>,
    /// As `exhausts_in`, with the worst quarter of the rate's window.
    pub exhausts_earliest: Option<SignedDuration>,
    /// As `exhausts_in`, with the best quarter of the rate's window.
    pub exhausts_latest: Option<SignedDuration>,
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
    /// What is left of the budget, see [`Allowed::remaining_billionths`].
    pub fn remaining_billionths(&self) -> i128 {
        self.allowed.remaining_billionths(self.budget.counts.bad)
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
    let length = match window {
        Window::Rolling(length) => *length,
        Window::Calendar(Calendar { period: Period::Every { .. }, .. }) => window.nominal(),
        Window::Calendar(_) => return format!("{window}'s"),
    };
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

/// Counts of a stretch of time, with what the objectives in force permit among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) window: WindowCounts,
    pub(crate) allowed: Allowed,
}

impl Measured {
    /// No events, and no time.
    pub(crate) fn nothing() -> Self {
        let (from, to) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        let window =
            WindowCounts { from, to, counts: Counts::default(), known: SignedDuration::ZERO };
        Self { window, allowed: Allowed::default() }
    }

    pub(crate) fn bad(&self) -> u64 {
        self.window.counts.bad
    }

    pub(crate) fn exceeds(&self, factor: BurnFactor, mode: AlertMode) -> bool {
        match mode {
            AlertMode::Safe => burns_faster_than(&self.window, self.allowed, factor),
            AlertMode::Prometheus => share_exceeds(self.window.counts, self.allowed, factor),
        }
    }

    /// Whether the burn has ended for now: no faster than the budget lasts. Without data nobody knows.
    pub(crate) fn is_calm(&self) -> bool {
        self.window.known.is_positive()
            && !burns_faster_than(&self.window, self.allowed, BurnFactor::ONE)
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
    /// The bad events that are permitted in the long window.
    pub allowed_long: Allowed,
    /// The bad events that are permitted in the short window.
    pub allowed_short: Allowed,
    /// Bad share ÷ permitted share over the long window; for people to read.
    pub burn_long: f64,
    /// As `burn_long`, over the short window.
    pub burn_short: f64,
    /// Both windows burn faster than the factor, and luck does not explain it.
    pub holds: bool,
    /// Both windows burn faster than the factor, but so few events may be bad by luck.
    pub is_held_back: bool,
    /// The fewest bad events in the long window that the guard lets through; nothing while it sleeps.
    pub guarded_min: Option<u64>,
}

impl PairStatus {
    pub(crate) fn new(pair: BurnPair, long: Measured, short: Measured, rules: &Alerting) -> Self {
        let (mode, factor) = (rules.mode, pair.factor);
        let guard = match mode {
            AlertMode::Safe => rules.guard,
            AlertMode::Prometheus => Guard::Off,
        };
        let exceeds = long.exceeds(factor, mode) && short.exceeds(factor, mode);
        let (counts, allowed) = (long.window.counts, long.allowed);
        let is_proven = exceeds
            && match guard {
                Guard::Tail => is_beyond_luck(counts, allowed, factor),
                Guard::MinBad(bad_min) => bad_min <= counts.bad,
                Guard::Off => true,
            };
        let is_held_back = exceeds && !is_proven;
        let guarded_min = match guard {
            Guard::Tail if is_held_back => bad_min(counts.total, allowed, factor),
            Guard::MinBad(bad_min) => Some(bad_min),
            Guard::Tail | Guard::Off => None,
        };
        Self {
            pair,
            long: long.window,
            short: short.window,
            allowed_long: allowed,
            allowed_short: short.allowed,
            burn_long: allowed.burn_ratio(counts.bad),
            burn_short: short.allowed.burn_ratio(short.bad()),
            holds: is_proven,
            is_held_back,
            guarded_min,
        }
    }

    pub(crate) fn evidence(&self) -> PairEvidence {
        PairEvidence { pair: self.pair, long: self.long, short: self.short }
    }
}

/// What has begun and is not over, of one goal and one group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Activations {
    alerts: BTreeMap<Severity, Activation>,
    /// Since when each pair holds; empty before the first evaluation.
    held: Vec<Option<Timestamp>>,
}

impl Activations {
    /// Takes up an alert of an earlier process.
    pub(crate) fn resume(&mut self, severity: Severity, since: Timestamp) {
        self.alerts.insert(severity, Activation { since, phase: Phase::Firing });
    }

    /// The alert of a severity, if one has begun.
    pub(crate) fn get(&self, severity: Severity) -> Option<Activation> {
        self.alerts.get(&severity).copied()
    }

    /// Whether no alert has begun, or is not over.
    pub(crate) fn is_none(&self) -> bool {
        self.alerts.is_empty()
    }

    /// As [`Self::hold`] and [`Self::judge`] where no alert has begun and none of so many pairs holds.
    pub(crate) fn rest(&mut self, pairs: usize) {
        self.held.clear();
        self.held.resize(pairs, None);
    }

    /// The gravest severity that fires.
    pub(crate) fn firing(&self) -> Option<Severity> {
        let mut firing = self.alerts.iter().filter(|(_, it)| it.phase == Phase::Firing);
        firing.next().map(|(severity, _)| *severity)
    }

    /// Notes which pairs hold now, and tells for each whether it has held for so long as it must.
    ///
    /// What was resumed has held for long enough already: its alert was there.
    pub(crate) fn hold(&mut self, pairs: &[PairStatus], now: Timestamp) -> Vec<bool> {
        let is_known = self.held.len() == pairs.len();
        let former = |index: usize, pair: &BurnPair| match self.held.get(index) {
            Some(since) if is_known => *since,
            _ => self.get(pair.severity).map(|it| earlier(it.since, pair.hold)),
        };
        let since = |(index, it): (usize, &PairStatus)| {
            it.holds.then(|| former(index, &it.pair).unwrap_or(now))
        };
        let held: Vec<_> = pairs.iter().enumerate().map(since).collect();
        let is_due = |(since, it): (&Option<Timestamp>, &PairStatus)| {
            since.is_some_and(|since| it.pair.hold <= now.duration_since(since))
        };
        let due = held.iter().zip(pairs).map(is_due).collect();
        self.held = held;
        due
    }

    /// What the windows say about a severity now. Returns since when it fires, if it does.
    pub(crate) fn judge(
        &mut self,
        severity: Severity,
        judgement: Judgement,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let activation = step(self.alerts.remove(&severity), judgement, now)?;
        self.alerts.insert(severity, activation);
        (activation.phase == Phase::Firing).then_some(activation.since)
    }
}

fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
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
    /// A pair still holds, but only by what happened earlier, or an overlay silences it.
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
    /// A pair holds, but right now nothing burns, or nobody is to be told.
    OnlyPast,
    /// No pair holds.
    Over,
}

#[cfg(test)]
mod tests;
