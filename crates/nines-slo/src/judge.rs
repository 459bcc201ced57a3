//! One goal against one meter: its budget, its burn, its alerts.
//!
//! It must not know how events are counted.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nines_base::Labels;

use crate::burn::{Activation, Judgement, Phase, is_calm, step};
use crate::forecast::exhausts_in;
use crate::meter::Meter;
use crate::time::millis;
use crate::{
    Allowed, BurnAlert, BurnEvidence, BurnKey, Goal, GoalStatus, PairStatus, Severity, SloName,
    SloState, WindowCounts, is_spent, remaining_billionths, remaining_ratio,
};

/// The rate of this window is used while no pair holds (slo design, exhaustion forecast).
const RATE_WINDOW: SignedDuration = SignedDuration::from_hours(6);

/// Without burn pairs "now" is this long.
const NOW_WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// What began and is not over, of one goal and one group.
pub(crate) type Activations = BTreeMap<Severity, Activation>;

/// One goal, read from one meter.
#[derive(Clone, Copy)]
pub(crate) struct Judge<'a> {
    pub(crate) slo: &'a SloName,
    pub(crate) goal: &'a Goal,
    pub(crate) group: &'a Labels,
    pub(crate) meter: &'a dyn Meter,
}

impl Judge<'_> {
    fn window(&self, length: SignedDuration, now: Timestamp) -> WindowCounts {
        self.meter.last(millis(length), now)
    }

    fn budget(&self, now: Timestamp) -> WindowCounts {
        self.window(self.goal.window.nominal(), now)
    }

    fn pairs(&self, now: Timestamp) -> Vec<PairStatus> {
        let target = self.goal.target_at(now);
        let status = |pair: &crate::BurnPair| {
            let (long, short) = (self.window(pair.long, now), self.window(pair.short, now));
            PairStatus::new(*pair, long, short, target)
        };
        self.goal.alerting.pairs.iter().map(status).collect()
    }

    /// The shortest window of all pairs.
    pub(crate) fn shortest(&self) -> SignedDuration {
        self.goal.alerting.pairs.iter().map(|it| it.short).min().unwrap_or(NOW_WINDOW)
    }

    /// The alerts that fire now, gravest first.
    pub(crate) fn evaluate(&self, activations: &mut Activations, now: Timestamp) -> Vec<BurnAlert> {
        let pairs = self.pairs(now);
        let is_calm = is_calm(&self.window(self.shortest(), now), self.goal.target_at(now));
        let mut alerts = Vec::new();
        for severity in [Severity::Page, Severity::Ticket] {
            let holds = pairs.iter().any(|it| it.holds && it.pair.severity == severity);
            let judgement = match (holds, is_calm) {
                (true, false) => Judgement::Burning,
                (true, true) => Judgement::OnlyPast,
                (false, _) => Judgement::Over,
            };
            let activation = step(activations.remove(&severity), judgement, now);
            if let Some(activation) = activation {
                activations.insert(severity, activation);
                if activation.phase == Phase::Firing {
                    let evidence = self.evidence(&pairs, severity, now);
                    let key = self.key(severity);
                    alerts.push(BurnAlert { key, since: activation.since, evidence });
                }
            }
        }
        alerts
    }

    fn key(&self, severity: Severity) -> BurnKey {
        BurnKey {
            slo: self.slo.clone(),
            objective: self.goal.objective.clone(),
            window: self.goal.window.to_string(),
            group: self.group.clone(),
            severity,
        }
    }

    fn evidence(&self, pairs: &[PairStatus], severity: Severity, now: Timestamp) -> BurnEvidence {
        let budget = self.budget(now);
        let (exhausts_in, rate_window) = self.forecast(pairs, &budget, now);
        let holding = pairs.iter().filter(|it| it.holds && it.pair.severity == severity);
        BurnEvidence {
            objective: self.goal.target_at(now),
            window: self.goal.window.clone(),
            budget,
            pairs: holding.map(PairStatus::evidence).collect(),
            exhausts_in,
            rate_window,
        }
    }

    /// How long the budget lasts at the rate of the longest window that holds, and that window.
    fn forecast(
        &self,
        pairs: &[PairStatus],
        budget: &WindowCounts,
        now: Timestamp,
    ) -> (Option<SignedDuration>, SignedDuration) {
        let holding = pairs.iter().filter(|it| it.holds).max_by_key(|it| it.pair.long);
        let usual = RATE_WINDOW.min(self.goal.window.nominal());
        let rate_window = holding.map_or(usual, |it| it.pair.long);
        let rate = holding.map_or_else(|| self.window(rate_window, now), |it| it.long);
        let from_ms = budget.from.as_millisecond();
        let leaving =
            |ahead_ms: i64| self.meter.between(from_ms, from_ms.saturating_add(ahead_ms)).counts;
        (exhausts_in(budget, &rate, self.goal.target_at(now), leaving), rate_window)
    }

    /// How the budget stands.
    pub(crate) fn status(&self, activations: Option<&Activations>, now: Timestamp) -> GoalStatus {
        let (now_ms, target) = (now.as_millisecond(), self.goal.target_at(now));
        let (budget, burns) = (self.budget(now), self.pairs(now));
        let (exhausts_in, rate_window) = self.forecast(&burns, &budget, now);
        let is_known = self.meter.suspect(now_ms).is_none() && self.meter.last_ms().is_some();
        let firing = activations.and_then(firing);
        GoalStatus {
            objective: self.goal.objective.clone(),
            target,
            window: self.goal.window.clone(),
            allowed: Allowed::of(budget.counts.total, target),
            remaining_ratio: remaining_ratio(budget.counts, target),
            remaining_billionths: is_known.then(|| remaining_billionths(budget.counts, target)),
            state: self.state(&budget, firing, now),
            firing,
            burns,
            exhausts_in,
            rate_window,
            budget,
        }
    }

    fn state(&self, budget: &WindowCounts, firing: Option<Severity>, now: Timestamp) -> SloState {
        match firing {
            _ if !self.meter.has_data(now.as_millisecond()) => SloState::NoData,
            _ if budget.counts.total == 0 => SloState::NoEvents,
            _ if is_spent(budget.counts, self.goal.target_at(now)) => SloState::Spent,
            Some(Severity::Page) => SloState::Page,
            Some(Severity::Ticket) => SloState::Ticket,
            None => SloState::Fine,
        }
    }

    /// The good share of the shortest window.
    pub(crate) fn now_ratio(&self, now: Timestamp) -> Option<f64> {
        self.window(self.shortest(), now).counts.good_ratio()
    }
}

/// The gravest severity comes first.
pub(crate) fn firing(activations: &Activations) -> Option<Severity> {
    let mut firing = activations.iter().filter(|(_, it)| it.phase == Phase::Firing);
    firing.next().map(|(severity, _)| *severity)
}
