//! One goal against one meter: its budget, its burn, its alerts.
//!
//! It must not know how events are counted.

use jiff::{SignedDuration, Timestamp};
use nines_base::Labels;

use crate::burn::{Activations, Judgement, Measured};
use crate::cover::{Cover, Covered};
use crate::forecast::{Forecast, Rate, expected_total, forecast};
use crate::meter::Meter;
use crate::time::{instant, millis};
use crate::{
    AlertMode, Allowed, Attribution, Bounds, BurnAlert, BurnEvidence, BurnKey, Cause, Goal,
    GoalStatus, PairStatus, Permitted, Severity, SloName, SloState, Standing, Window, WindowCounts,
    above_baseline, attribute,
};

/// The rate of this window is used while no pair holds (slo design, exhaustion forecast).
const RATE_WINDOW: SignedDuration = SignedDuration::from_hours(6);

/// The traffic of this window goes on in the rest of a calendar window: all days of a week are in it.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Without burn pairs "now" is this long.
const NOW_WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// Whether a status says how long its budget lasts: that takes more look-ups than all the rest of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outlook {
    Told,
    LeftOut,
}

/// One goal, read from one meter.
#[derive(Clone, Copy)]
pub(crate) struct Judge<'a> {
    pub(crate) slo: &'a SloName,
    pub(crate) goal: &'a Goal,
    pub(crate) group: &'a Labels,
    pub(crate) meter: &'a dyn Meter,
    /// What lies over the meter.
    pub(crate) cover: &'a Cover,
    /// The parts of an event in which the meter counts.
    pub(crate) unit: u64,
    /// The events that the present instance of a calendar window is expected to have in all.
    pub(crate) expected_total: Option<u64>,
}

impl<'a> Judge<'a> {
    /// As it looks at an instant.
    fn at(&self, now: Timestamp) -> View<'a> {
        let now_ms = now.as_millisecond();
        let as_of_ms = self.meter.settled_ms(now_ms);
        let as_of = if as_of_ms < now_ms { instant(as_of_ms) } else { now };
        let bounds = self.goal.window.bounds(as_of);
        let pairs = self.goal.alerting.pairs.iter().map(|it| it.long);
        let longest = pairs.fold(WEEK.max(RATE_WINDOW), SignedDuration::max);
        let from = as_of.checked_sub(longest).unwrap_or(Timestamp::MIN).min(bounds.from);
        let unit = self.group.is_empty().then_some(self.unit);
        let covered = self.cover.over(self.meter, unit, from.as_millisecond(), as_of_ms);
        View { judge: *self, covered, bounds, now, as_of, as_of_ms }
    }

    /// The shortest window of all pairs.
    pub(crate) fn shortest(&self) -> SignedDuration {
        self.goal.alerting.pairs.iter().map(|it| it.short).min().unwrap_or(NOW_WINDOW)
    }

    /// The alerts that fire now, gravest first.
    pub(crate) fn evaluate(&self, activations: &mut Activations, now: Timestamp) -> Vec<BurnAlert> {
        if self.goal.alerting.pairs.is_empty() {
            *activations = Activations::default();
            return Vec::new();
        }
        self.at(now).evaluate(activations)
    }

    /// How the budget stands.
    pub(crate) fn status(
        &self,
        activations: Option<&Activations>,
        now: Timestamp,
        outlook: Outlook,
    ) -> GoalStatus {
        self.at(now).status(activations, outlook)
    }

    /// The good share of the shortest window.
    pub(crate) fn now_ratio(&self, now: Timestamp) -> Option<f64> {
        let view = self.at(now);
        view.covered.last(millis(self.shortest()), now).counts.good_ratio()
    }

    /// To which of `causes` the bad events of the budget belong.
    pub(crate) fn attribute(&self, causes: &[Cause], now: Timestamp) -> Attribution {
        let view = self.at(now);
        let bad_since =
            |it: Timestamp| view.covered.between(it.as_millisecond(), view.as_of_ms).counts.bad;
        let mut attribution = attribute(causes, view.bounds.from, view.as_of, bad_since);
        for (cause, it) in causes.iter().zip(&mut attribution.causes) {
            it.above_baseline = above_baseline(it.bad, it.length, view.hours_before(cause.from));
        }
        attribution
    }

    /// How many events the present instance of the window will have, at the traffic of the last week; see
    /// [`expected_total`].
    pub(crate) fn expect_total(&self, now: Timestamp) -> Option<u64> {
        let view = self.at(now);
        let rate = view.covered.last(millis(WEEK.min(self.goal.window.longest())), now);
        let seen = view.since(view.bounds.from.as_millisecond()).window.counts.total;
        expected_total(seen, &rate, view.bounds.to.duration_since(view.as_of))
    }
}

/// One goal at one instant.
struct View<'a> {
    judge: Judge<'a>,
    covered: Covered<'a>,
    bounds: Bounds,
    now: Timestamp,
    /// What is counted fits together up to here, and every window ends here.
    as_of: Timestamp,
    as_of_ms: i64,
}

impl View<'_> {
    fn goal(&self) -> &Goal {
        self.judge.goal
    }

    /// Everything after `from_ms` with what the objectives in force permit.
    fn since(&self, from_ms: i64) -> Measured {
        self.measured(from_ms, self.as_of_ms)
    }

    /// The bad events of each hour of the day before an instant, as far as it is known.
    fn hours_before(&self, at: Timestamp) -> Vec<u64> {
        const HOUR_MS: i64 = 3_600_000;
        let end_ms = |hour: i64| at.as_millisecond().saturating_sub(hour * HOUR_MS);
        let hours = (0..24).map(|it| self.covered.between(end_ms(it + 1), end_ms(it)));
        let known = hours.filter(|it| it.length() <= it.known);
        known.map(|it| it.counts.bad).collect()
    }

    fn measured(&self, from_ms: i64, to_ms: i64) -> Measured {
        let window = self.covered.between(from_ms, to_ms);
        let allowed = match self.goal().versions.as_slice() {
            [only] => Allowed::of(window.counts.total, only.target),
            _ => self.permitted(&window).iter().map(Permitted::allowed).sum(),
        };
        Measured { window, allowed }
    }

    /// The parts of a window under each version of the objective that was in force in it, oldest first.
    ///
    /// Each part is what lies after its beginning less what lies after the next one's, so that they always add up.
    fn permitted(&self, window: &WindowCounts) -> Vec<Permitted> {
        let (from, to_ms) = (window.from, window.to.as_millisecond());
        let versions = &self.goal().versions;
        let last = versions.partition_point(|it| it.effective < window.to).max(1);
        let (mut rest, mut parts) = (window.counts.total, Vec::new());
        for (index, version) in versions.iter().enumerate().take(last).rev() {
            let is_first = index == 0 || version.effective <= from;
            let after = if is_first {
                window.counts.total
            } else {
                self.covered.between(version.effective.as_millisecond(), to_ms).counts.total
            };
            // `rest` counts what is still without a version, from the newest back.
            let total = after.saturating_sub(window.counts.total - rest).min(rest);
            rest -= total;
            parts.push(Permitted { effective: version.effective, target: version.target, total });
            if is_first {
                break;
            }
        }
        parts.reverse();
        parts
    }

    fn last(&self, length: SignedDuration) -> Measured {
        self.since(self.as_of_ms.saturating_sub(millis(length)))
    }

    /// The window of a pair: as rules see it, or with overlays and versions.
    fn of_pair(&self, length: SignedDuration) -> Measured {
        match self.goal().alerting.mode {
            AlertMode::Safe => self.last(length),
            AlertMode::Prometheus => {
                let window = self.covered.raw().last(millis(length), self.now);
                let target = self.goal().target_at(self.as_of);
                Measured { window, allowed: Allowed::of(window.counts.total, target) }
            }
        }
    }

    fn pairs(&self) -> Vec<PairStatus> {
        let rules = &self.goal().alerting;
        let status = |pair: &crate::BurnPair| {
            PairStatus::new(*pair, self.of_pair(pair.long), self.of_pair(pair.short), rules)
        };
        rules.pairs.iter().map(status).collect()
    }

    fn muted_by(&self) -> Option<&str> {
        match self.goal().alerting.mode {
            AlertMode::Safe => self.judge.cover.muted_by(self.now.as_millisecond()),
            AlertMode::Prometheus => None,
        }
    }

    /// Whether any pair holds. Short windows come first: mostly they do not burn, and the long ones need no look.
    fn burns(&self) -> bool {
        let rules = &self.goal().alerting;
        rules.pairs.iter().any(|pair| {
            let short = self.of_pair(pair.short);
            short.exceeds(pair.factor, rules.mode)
                && PairStatus::new(*pair, self.of_pair(pair.long), short, rules).holds
        })
    }

    fn evaluate(&self, activations: &mut Activations) -> Vec<BurnAlert> {
        if activations.is_none() && !self.burns() {
            activations.rest(self.goal().alerting.pairs.len());
            return Vec::new();
        }
        let pairs = self.pairs();
        let due = activations.hold(&pairs, self.now);
        let is_muted = self.muted_by().is_some();
        let is_calm = match self.goal().alerting.mode {
            AlertMode::Safe => self.last(self.judge.shortest()).is_calm(),
            AlertMode::Prometheus => false,
        };
        let mut alerts = Vec::new();
        for severity in [Severity::Page, Severity::Ticket] {
            let is_due =
                |(it, is_due): (&PairStatus, &bool)| *is_due && it.pair.severity == severity;
            let judgement = match (pairs.iter().zip(&due).any(is_due), is_calm) {
                // What is excluded says nothing about what was before: that is not over either.
                _ if is_muted => Judgement::OnlyPast,
                (true, false) => Judgement::Burning,
                (true, true) => Judgement::OnlyPast,
                (false, _) => Judgement::Over,
            };
            if let Some(since) = activations.judge(severity, judgement, self.now) {
                let evidence = self.evidence(&pairs, severity);
                alerts.push(BurnAlert { key: self.key(severity), since, evidence });
            }
        }
        alerts
    }

    fn key(&self, severity: Severity) -> BurnKey {
        let Judge { slo, goal, group, .. } = self.judge;
        BurnKey {
            slo: slo.clone(),
            objective: goal.objective.clone(),
            window: goal.window.to_string(),
            group: group.clone(),
            severity,
        }
    }

    fn evidence(&self, pairs: &[PairStatus], severity: Severity) -> BurnEvidence {
        let budget = self.since(self.bounds.from.as_millisecond());
        let forecast = self.forecast(pairs, &budget);
        let holding = pairs.iter().filter(|it| it.holds && it.pair.severity == severity);
        BurnEvidence {
            objective: self.goal().target_at(self.now),
            window: self.goal().window.clone(),
            budget: budget.window,
            allowed: budget.allowed,
            pairs: holding.map(PairStatus::evidence).collect(),
            exhausts_in: forecast.likely,
            exhausts_earliest: forecast.earliest,
            exhausts_latest: forecast.latest,
            rate_window: forecast.rate_window,
        }
    }

    /// How long the budget lasts at the rate of the longest window that holds.
    fn forecast(&self, pairs: &[PairStatus], budget: &Measured) -> Forecast {
        let holding = pairs.iter().filter(|it| it.holds).max_by_key(|it| it.pair.long);
        let usual = RATE_WINDOW.min(self.goal().window.nominal());
        let length = holding.map_or(usual, |it| it.pair.long);
        let rate = Rate::of(&self.covered, length, self.now);
        let from_ms = budget.window.from.as_millisecond();
        // Of a calendar window nothing leaves before it ends.
        let leaving = |ahead_ms: i64| match self.goal().window {
            Window::Rolling(_) => {
                self.measured(from_ms, from_ms.saturating_add(ahead_ms).min(self.as_of_ms))
            }
            Window::Calendar(_) => Measured::nothing(),
        };
        let horizon = match self.goal().window {
            Window::Rolling(_) => budget.window.length(),
            Window::Calendar(_) => self.bounds.to.duration_since(self.as_of),
        };
        forecast(budget, &rate, self.goal().target_at(self.now), horizon, leaving)
    }

    fn status(&self, activations: Option<&Activations>, outlook: Outlook) -> GoalStatus {
        let from_ms = self.bounds.from.as_millisecond();
        let (budget, burns) = (self.since(from_ms), self.pairs());
        let forecast = match outlook {
            Outlook::Told => self.forecast(&burns, &budget),
            Outlook::LeftOut => Forecast::default(),
        };
        let meter = self.judge.meter;
        let is_known =
            meter.suspect(self.now.as_millisecond()).is_none() && meter.last_ms().is_some();
        let firing = activations.and_then(Activations::firing);
        let (bad, allowed) = (budget.bad(), budget.allowed);
        let standing = |total: u64, allowed: Allowed| Standing {
            total,
            allowed,
            remaining_ratio: allowed.remaining_ratio(bad),
            remaining_billionths: is_known.then(|| allowed.remaining_billionths(bad)),
        };
        let seen = standing(budget.window.counts.total, allowed);
        let (whole_total, whole_allowed) = self.whole(&budget);
        GoalStatus {
            objective: self.goal().objective.clone(),
            target: self.goal().target_at(self.now),
            window: self.goal().window.clone(),
            bounds: self.bounds,
            permitted: self.permitted(&budget.window),
            raw: self.covered.raw().between(from_ms, self.as_of_ms),
            overlays: self.judge.cover.names(from_ms, self.as_of_ms),
            muted_by: self.muted_by().map(str::to_owned),
            allowed,
            remaining_ratio: seen.remaining_ratio,
            remaining_billionths: seen.remaining_billionths,
            whole: standing(whole_total, whole_allowed),
            is_exact: meter.is_exact(),
            state: self.state(&budget, firing),
            firing,
            burns,
            exhausts_in: forecast.likely,
            exhausts_earliest: forecast.earliest,
            exhausts_latest: forecast.latest,
            rate_window: forecast.rate_window,
            budget: budget.window,
        }
    }

    /// The events of the whole window, and what they permit: a rolling window of which a part is unknown is scaled to
    /// its full length, a calendar window has what is expected of it.
    fn whole(&self, budget: &Measured) -> (u64, Allowed) {
        let Measured { window, allowed } = *budget;
        let total = window.counts.total;
        match self.goal().window {
            Window::Rolling(_) => {
                let positive = |it: SignedDuration| millis(it).max(0).unsigned_abs();
                let (length_ms, known_ms) = (positive(window.length()), positive(window.known));
                if known_ms == 0 || length_ms <= known_ms {
                    return (total, allowed);
                }
                let scaled = u128::from(total) * u128::from(length_ms) / u128::from(known_ms);
                let scaled = u64::try_from(scaled).unwrap_or(u64::MAX);
                (scaled, allowed.scaled(length_ms, known_ms))
            }
            Window::Calendar(_) => {
                let ahead = self.judge.expected_total.unwrap_or(0).saturating_sub(total);
                let target = self.goal().target_at(self.now);
                (total + ahead, allowed.plus(Allowed::of(ahead, target)))
            }
        }
    }

    fn state(&self, budget: &Measured, firing: Option<Severity>) -> SloState {
        match firing {
            _ if !self.judge.meter.has_data(self.now.as_millisecond()) => SloState::NoData,
            _ if budget.window.counts.total == 0 => SloState::NoEvents,
            _ if budget.allowed.is_spent_by(budget.bad()) => SloState::Spent,
            Some(Severity::Page) => SloState::Page,
            Some(Severity::Ticket) => SloState::Ticket,
            None => SloState::Fine,
        }
    }
}

#[cfg(test)]
mod tests;
