//! The evaluation of all SLOs: what burns, how they stand, for all events and by groups.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nines_base::Labels;

use super::{Count, Judged, Tracked, Tracker};
use crate::burn::Activations;
use crate::judge::{Judge, Outlook};
use crate::meter::Meter;
use crate::time::{instant, millis};
use crate::{
    AlertOn, Attribution, BurnAlert, Cause, Counts, Goal, GoalStatus, GroupStatus, Severity,
    SloName, SloState, SloStatus,
};

/// Groups that have ended are looked for so often.
const SWEEP: SignedDuration = SignedDuration::from_hours(1);

impl Tracker {
    /// Judges the burn of all SLOs: every alert that fires now, by name and severity.
    ///
    /// An SLO of which no sample came since the last time is judged again when a fine slice has passed; before
    /// that its alerts are the same.
    pub fn evaluate(&mut self, now: Timestamp) -> Vec<BurnAlert> {
        self.evaluated = self.evaluated.max(Some(now));
        self.forget_ended_series(now);
        self.forget_ended_groups(now);
        self.advance(now.as_millisecond());
        let mut alerts = Vec::new();
        for index in 0..self.tracked.len() {
            self.tracked[index].followed.get_or_insert(now);
            let is_due = self.tracked[index]
                .judged
                .as_ref()
                .is_none_or(|it| now < it.at || self.config.hot_grain <= now.duration_since(it.at));
            if is_due {
                let mut activations = std::mem::take(&mut self.tracked[index].activations);
                let found = self.evaluate_one(&self.tracked[index], &mut activations, now);
                let tracked = &mut self.tracked[index];
                tracked.activations = activations;
                tracked.judged = Some(Judged { at: now, alerts: found });
            }
            let judged = self.tracked[index].judged.iter();
            alerts.extend(judged.flat_map(|it| &it.alerts).cloned());
        }
        alerts
    }

    /// Judges the slices for which no data came in time.
    fn advance(&mut self, now_ms: i64) {
        let mut changed_ms = BTreeMap::new();
        for (index, it) in self.tracked.iter_mut().enumerate() {
            let changed = it.tally_mut().and_then(|it| it.advance(now_ms));
            if changed.is_some() {
                it.judged = None;
            }
            changed_ms.extend(changed.map(|it| (index, it)));
        }
        self.settle_composites(changed_ms, now_ms);
    }

    fn evaluate_one(
        &self,
        tracked: &Tracked,
        activations: &mut BTreeMap<(usize, Labels), Activations>,
        now: Timestamp,
    ) -> Vec<BurnAlert> {
        let mut alerts = Vec::new();
        for (number, goal) in tracked.slo.goals.iter().enumerate() {
            let mut evaluate = |group: &Labels, meter: &dyn Meter| {
                let judge = tracked.judge(number, goal, group, meter);
                let activations = activations.entry((number, group.clone())).or_default();
                judge.evaluate(activations, now)
            };
            match (tracked.alert_on(), tracked.tally()) {
                (AlertOn::Group | AlertOn::Worst, Some(tally)) => {
                    let groups = tally.groups().iter().map(|(labels, _)| labels);
                    let burning = groups.filter_map(|it| Some(evaluate(it, &tally.group(it)?)));
                    let burning: Vec<BurnAlert> = burning.flatten().collect();
                    if tracked.alert_on() == AlertOn::Worst {
                        alerts.extend(worst(burning));
                    } else {
                        alerts.extend(burning);
                    }
                }
                _ => alerts.extend(evaluate(&Labels::empty(), &*self.meter(tracked, goal))),
            }
        }
        alerts
    }

    /// How one SLO stands.
    pub fn status(&self, name: &SloName, now: Timestamp) -> Option<SloStatus> {
        self.find(name).map(|it| self.status_of(it, now, Outlook::Told))
    }

    /// How all SLOs stand, by name.
    pub fn statuses(&self, now: Timestamp) -> Vec<SloStatus> {
        self.tracked.iter().map(|it| self.status_of(it, now, Outlook::Told)).collect()
    }

    /// As [`Self::statuses`] for who looks often and does not ask how long budgets last: `exhausts_in`, its range and
    /// its `rate_window` are left out, as where a budget outlives its window.
    pub fn standings(&self, now: Timestamp) -> Vec<SloStatus> {
        self.tracked.iter().map(|it| self.status_of(it, now, Outlook::LeftOut)).collect()
    }

    fn status_of(&self, tracked: &Tracked, now: Timestamp, outlook: Outlook) -> SloStatus {
        let all = Labels::empty();
        let meter = self.meter(tracked, tracked.slo.primary());
        let status = |(number, goal): (usize, &Goal)| {
            let activations = tracked.activations.get(&(number, all.clone()));
            // A composite weighs its members by the objective of the goal.
            let own = tracked.tally().is_none().then(|| self.meter(tracked, goal));
            let meter = own.as_ref().unwrap_or(&meter);
            tracked.judge(number, goal, &all, &**meter).status(activations, now, outlook)
        };
        let goals: Vec<GoalStatus> = tracked.slo.goals.iter().enumerate().map(status).collect();
        let by_groups = tracked.activations.values().filter_map(Activations::firing).min();
        let state = goals.iter().map(|it| it.state).max().unwrap_or(SloState::NoData);
        let primary = tracked.judge(0, tracked.slo.primary(), &all, &*meter);
        SloStatus {
            name: tracked.slo.name.clone(),
            state: state.max(state_of(by_groups)),
            firing: goals.iter().filter_map(|it| it.firing).chain(by_groups).min(),
            last_sample: meter.last_ms().map(instant),
            now_ratio: primary.now_ratio(now),
            suspect: meter.suspect(now.as_millisecond()),
            goals,
        }
    }

    /// What there is to record for [`Self::set_forecast`]: the events of the window so far, and the traffic of the last
    /// week for the rest of it. Nothing without data.
    pub fn expect_total(&self, name: &SloName, goal: usize, now: Timestamp) -> Option<u64> {
        self.with_judge(name, goal, |it| it.expect_total(now))?
    }

    /// To which of `causes` the bad events of a goal's budget belong, see [`crate::attribute`].
    pub fn attribute(
        &self,
        name: &SloName,
        goal: usize,
        causes: &[Cause],
        now: Timestamp,
    ) -> Option<Attribution> {
        self.with_judge(name, goal, |it| it.attribute(causes, now))
    }

    fn with_judge<T>(
        &self,
        name: &SloName,
        number: usize,
        ask: impl FnOnce(Judge<'_>) -> T,
    ) -> Option<T> {
        let (all, tracked) = (Labels::empty(), self.find(name)?);
        let goal = tracked.slo.goals.get(number)?;
        let meter = self.meter(tracked, goal);
        Some(ask(tracked.judge(number, goal, &all, &*meter)))
    }

    /// How the groups of an SLO stand, the least of a budget first.
    pub fn groups(&self, name: &SloName, now: Timestamp) -> Vec<GroupStatus> {
        let Some(tracked) = self.find(name) else { return Vec::new() };
        let Some(tally) = tracked.tally() else { return Vec::new() };
        let labels = tally.groups().iter().map(|(labels, _)| labels);
        let status =
            |labels: &Labels| Some(tracked.group_status(labels, &tally.group(labels)?, now));
        let mut groups: Vec<GroupStatus> = labels.filter_map(status).collect();
        groups.sort_by_key(|it| {
            let left = it.goals.first().and_then(|it| it.remaining_billionths);
            (left.unwrap_or(i128::MAX), it.labels.clone())
        });
        groups
    }

    /// How many label sets of an SLO found no group of their own, because there are too many.
    pub fn groups_refused(&self, name: &SloName) -> usize {
        self.find(name).and_then(Tracked::tally).map_or(0, |it| it.groups().fallen())
    }

    /// Since when there are no data; nothing while there are some.
    pub fn no_data_since(&self, name: &SloName, now: Timestamp) -> Option<Timestamp> {
        let tracked = self.find(name)?;
        let meter = self.meter(tracked, tracked.slo.primary());
        let has_data = meter.has_data(now.as_millisecond());
        let last = meter.last_ms().map(instant);
        (!has_data).then_some(last.or(tracked.followed).unwrap_or(now))
    }

    /// Series whose last sample lies before all windows; what comes from them later is a first sample.
    fn forget_ended_series(&mut self, now: Timestamp) {
        let now_ms = now.as_millisecond();
        let grace_ms = millis(self.config.forget_after);
        let tracked = &mut self.tracked;
        if !tracked.iter().filter_map(Tracked::tally).any(crate::tally::Tally::is_crowded) {
            return;
        }
        self.routes.forget(|feed| {
            let Some(tally) = tracked[feed.slo].tally_mut() else { return true };
            let kept_ms = tally.span_ms().saturating_add(grace_ms);
            let is_over = feed.last_ms().is_some_and(|it| it < now_ms.saturating_sub(kept_ms));
            if is_over {
                tally.dismiss();
            }
            is_over
        });
    }

    /// Groups without a sample in a whole window.
    fn forget_ended_groups(&mut self, now: Timestamp) {
        if self.swept.is_some_and(|it| now.duration_since(it) < SWEEP) {
            return;
        }
        self.swept = Some(now);
        for index in 0..self.tracked.len() {
            let longest = self.tracked[index].slo.goals.iter().map(|it| it.window.longest()).max();
            let from_ms = now.as_millisecond().saturating_sub(longest.map_or(0, millis));
            let tracked = &mut self.tracked[index];
            let Some(tally) = tracked.tally_mut() else { continue };
            let freed = tally.forget_groups(from_ms);
            if freed.is_empty() {
                continue;
            }
            let Count::Tally(tally) = &tracked.count else { continue };
            let kept = |it: &Labels| it.is_empty() || tally.groups().get(it).is_some();
            tracked.activations.retain(|(_, labels), _| kept(labels));
            self.routes.displace(index, &freed);
        }
    }
}

impl Tracked {
    fn judge<'a>(
        &'a self,
        number: usize,
        goal: &'a Goal,
        group: &'a Labels,
        meter: &'a dyn Meter,
    ) -> Judge<'a> {
        Judge {
            slo: &self.slo.name,
            goal,
            group,
            meter,
            cover: &self.cover,
            unit: self.slo.unit(),
            expected_total: self.expected.get(&number).copied(),
        }
    }

    fn alert_on(&self) -> AlertOn {
        self.slo.grouping.as_ref().map_or(AlertOn::Total, |it| it.alert_on)
    }

    fn group_status(&self, group: &Labels, meter: &dyn Meter, now: Timestamp) -> GroupStatus {
        let status = |(number, goal): (usize, &Goal)| {
            let activations = self.activations.get(&(number, group.clone()));
            self.judge(number, goal, group, meter).status(activations, now, Outlook::Told)
        };
        let goals: Vec<GoalStatus> = self.slo.goals.iter().enumerate().map(status).collect();
        GroupStatus {
            labels: group.clone(),
            state: goals.iter().map(|it| it.state).max().unwrap_or(SloState::NoData),
            last_sample: meter.last_ms().map(instant),
            goals,
        }
    }
}

fn state_of(firing: Option<Severity>) -> SloState {
    match firing {
        Some(Severity::Page) => SloState::Page,
        Some(Severity::Ticket) => SloState::Ticket,
        None => SloState::Fine,
    }
}

/// One alert of each severity: the one that began first, so that it does not go from group to group while it fires; of
/// those that began together, that of the group that burns fastest.
fn worst(alerts: Vec<BurnAlert>) -> impl Iterator<Item = BurnAlert> {
    let mut worst: BTreeMap<Severity, BurnAlert> = BTreeMap::new();
    for alert in alerts {
        let is_worse = worst.get(&alert.key.severity).is_none_or(|it| {
            alert.since < it.since || alert.since == it.since && is_faster(&alert, it)
        });
        if is_worse {
            worst.insert(alert.key.severity, alert);
        }
    }
    worst.into_values()
}

/// By the bad shares of the first pair that holds.
fn is_faster(a: &BurnAlert, b: &BurnAlert) -> bool {
    let counts = |it: &BurnAlert| it.evidence.pairs.first().map(|it| it.long.counts);
    match (counts(a), counts(b)) {
        (Some(a), Some(b)) => product(b.bad, a) < product(a.bad, b),
        _ => false,
    }
}

fn product(bad: u64, other: Counts) -> u128 {
    u128::from(bad) * u128::from(other.total)
}
