//! What an SLO's alerts do at a team's own traffic: when they fire for each share of errors, and when they are over.
//!
//! Each number is found twice: by the closed form, and by the tracker that judges in production. Where the two are
//! further apart than a step (low traffic makes the guard hold alerts back) the tracker is right.

use std::ops::Range;

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, Origin};
use nines_slo::{
    BurnAlert, BurnPair, Goal, Objective, Severity, Slo, Tracker, TrackerConfig, budget_share,
    detection, recovery, reset,
};
use nines_spec::{Fault, Rate, SloInput};

use crate::feed::Feed;
use crate::time::{floor_to, instant, millis};

/// From one judgement to the next, as when samples are scraped.
pub const STEP: SignedDuration = SignedDuration::from_secs(15);
/// A run is looked through in so many large steps before it is in small ones.
const LARGE_STEPS: i64 = 200;
/// Runs begin at midnight, UTC, so that equal scenarios have equal outcomes.
const DAY_MS: i64 = 86_400_000;
/// Clean traffic before the fault, beyond the longest window.
const CLEAN: SignedDuration = SignedDuration::from_hours(1);

/// What is simulated.
#[derive(Debug, Clone)]
pub struct Scenario<'a> {
    /// Whose alerts.
    pub slo: &'a Slo,
    /// Which goal of it.
    pub goal: &'a Goal,
    /// Events all the time.
    pub traffic: Rate,
    /// Shares of bad events, in billionths.
    pub errors: &'a [u64],
    /// How long the fault lasts whose end is looked at.
    pub fault: SignedDuration,
    /// The objective in force at this instant counts.
    pub at: Timestamp,
}

/// What alerts do at one share of errors.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The share of bad events, in billionths.
    pub errors: u64,
    /// The first page, if the errors go on.
    pub page: Option<Detection>,
    /// The first ticket, if the errors go on.
    pub ticket: Option<Detection>,
    /// How the page ends after the fault; nothing when none fires.
    pub end: Option<End>,
}

/// A time, found twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// By the tracker, in whole steps.
    pub tracker: SignedDuration,
    /// By the closed form; nothing when it says that this never happens.
    pub closed_form: Option<SignedDuration>,
    /// Events come one by one and are looked at in steps, so that the two may be this far apart.
    pub tolerance: SignedDuration,
}

impl Found {
    /// Whether both found the same, as far as whole events and steps let them.
    pub fn agrees(&self) -> bool {
        let apart = |it: SignedDuration| (self.tracker - it).abs() <= self.tolerance;
        self.closed_form.is_some_and(apart)
    }

    /// The better of the two: exact where they agree, and otherwise what the tracker does.
    pub fn best(&self) -> SignedDuration {
        self.closed_form.filter(|_| self.agrees()).unwrap_or(self.tracker)
    }
}

/// When an alert fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detection {
    /// After the first error.
    pub after: Found,
    /// The pair that makes it fire.
    pub pair: BurnPair,
    /// The share of the budget that is gone by then, in billionths.
    pub spent: u64,
}

/// How an alert ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// After the fault nothing burns any more, and people see it resolved.
    pub recovering: Found,
    /// After the fault no pair holds any more.
    pub ok: Found,
}

/// Plays every share of errors. SLIs that are not fed by counters have no outcomes.
pub fn simulate(scenario: &Scenario<'_>) -> Vec<Outcome> {
    let Scenario { slo, goal, .. } = *scenario;
    // One goal with one objective: what is looked at is steady.
    let mut goal = goal.clone();
    goal.versions.retain(|it| it.effective <= scenario.at);
    let target = goal.target_at(scenario.at);
    goal.versions.iter_mut().for_each(|it| it.target = target);
    if goal.versions.is_empty() {
        goal.versions = Goal::new(target, goal.window.clone(), goal.alerting.clone()).versions;
    }
    let slo = Slo { goals: vec![goal], grouping: None, ..slo.clone() };
    let errors = scenario.errors.iter();
    errors.map(|errors| Run { scenario, slo: &slo, target, errors: *errors }.outcome()).collect()
}

/// One share of errors.
struct Run<'a> {
    scenario: &'a Scenario<'a>,
    slo: &'a Slo,
    target: Objective,
    errors: u64,
}

impl Run<'_> {
    fn pairs(&self) -> &[BurnPair] {
        &self.slo.primary().alerting.pairs
    }

    /// A step, and the time from one bad event to the next.
    fn tolerance(&self) -> SignedDuration {
        let Rate { events, per } = self.scenario.traffic;
        let bad = u128::from(events) * u128::from(self.errors);
        let per = per.as_millis().unsigned_abs() * u128::from(Objective::SCALE);
        let apart_ms = per.div_ceil(bad.max(1));
        STEP + SignedDuration::from_millis(i64::try_from(apart_ms).unwrap_or(i64::MAX))
    }

    /// After so long a window sees nothing but the fault.
    fn longest(&self) -> SignedDuration {
        self.pairs().iter().map(|it| it.long.max(it.short)).max().unwrap_or_default()
    }

    fn outcome(&self) -> Outcome {
        let (page, ticket) = self.detections();
        Outcome { errors: self.errors, page, ticket, end: self.end() }
    }

    fn detections(&self) -> (Option<Detection>, Option<Detection>) {
        (self.detection(Severity::Page), self.detection(Severity::Ticket))
    }

    fn detection(&self, severity: Severity) -> Option<Detection> {
        let run = self.longest() + STEP + STEP;
        let mut pair = None;
        let fires = |look: &Look<'_>| {
            let alert = look.alerts.iter().find(|it| it.key.severity == severity);
            pair = alert.and_then(|it| Some(it.evidence.pairs.first()?.pair)).or(pair);
            alert.is_some()
        };
        let tracker = self.first(run, SignedDuration::ZERO..run, fires)?;
        let pair = pair?;
        let closed_form = detection(&pair, self.target, self.errors);
        let period = self.slo.primary().window.nominal();
        let after = Found { tracker, closed_form, tolerance: self.tolerance() };
        Some(Detection { after, pair, spent: budget_share(&pair, period) })
    }

    fn end(&self) -> Option<End> {
        let fault = self.scenario.fault;
        // At the last instant of the fault.
        self.first(fault, fault..fault, |it| it.is_paging())?;
        let until = fault + self.longest() + STEP + STEP;
        let found = |tracker: SignedDuration, closed_form| Found {
            tracker: tracker - fault,
            closed_form,
            tolerance: self.tolerance(),
        };
        let recovering = self.first(fault, fault..until, |it| !it.is_paging())?;
        let ok = self.first(fault, fault..until, |it| !it.holds())?;
        Some(End {
            recovering: found(recovering, self.recovery(fault)),
            ok: found(ok, self.reset(fault)),
        })
    }

    /// When something is so for the first time, counted from the first error, looked for in `range`.
    ///
    /// First in large steps, then in small ones between the two where it begins; what is looked for does not come
    /// and go while errors are steady.
    fn first(
        &self,
        fault: SignedDuration,
        range: Range<SignedDuration>,
        mut is_so: impl FnMut(&Look<'_>) -> bool,
    ) -> Option<SignedDuration> {
        let (from_ms, to_ms) = (ceil_to_step(range.start), ceil_to_step(range.end));
        let large_ms = ceil_to_step(SignedDuration::from_millis((to_ms / LARGE_STEPS).max(1)));
        let mut large: Vec<i64> =
            (0..).map(|it| it * large_ms).take_while(|it| *it < to_ms).collect();
        large.extend([from_ms, to_ms]);
        large.sort_unstable();
        large.dedup();
        let within = self.play(fault, &large, |it| from_ms <= it.after_ms && is_so(it))?;
        // A pair that must hold for some time is seen to begin in time.
        let hold = self.pairs().iter().map(|it| it.hold).max().unwrap_or_default();
        let before_ms = within - large_ms - ceil_to_step(hold) - millis(STEP);
        let mut small: Vec<i64> = large.into_iter().filter(|it| *it < before_ms).collect();
        let step_ms = millis(STEP);
        let first_ms = floor_to(before_ms.max(0), step_ms);
        small.extend((0..).map(|it| first_ms + it * step_ms).take_while(|it| *it <= within));
        let exact = self.play(fault, &small, |it| from_ms <= it.after_ms && is_so(it));
        exact.map(SignedDuration::from_millis)
    }

    /// Clean traffic, then a fault, judged at these milliseconds after its beginning, until `look` says so.
    fn play(
        &self,
        fault: SignedDuration,
        after_ms: &[i64],
        mut look: impl FnMut(&Look<'_>) -> bool,
    ) -> Option<i64> {
        let start_ms = floor_to(self.scenario.at.as_millisecond(), DAY_MS);
        let start = instant(start_ms);
        let evaluations: Vec<i64> = after_ms.iter().map(|it| start_ms + it).collect();
        let history = self.slo.primary().window.longest().max(self.longest()) + CLEAN;
        let to = start.saturating_add(fault).unwrap_or(Timestamp::MAX);
        let input = SloInput {
            slo: self.slo.name.clone(),
            labels: Labels::empty(),
            history,
            total: self.scenario.traffic,
            faults: vec![Fault {
                from: start,
                to,
                bad: self.errors,
                total: None,
                is_silent: false,
            }],
            origin: Origin::default(),
        };
        let config = TrackerConfig::default();
        let mut feed = Feed::new(&input, self.slo, &evaluations, &config);
        let mut tracker = Tracker::new(vec![self.slo.clone()], config);
        after_ms.iter().copied().find(|after_ms| {
            let now = instant(start_ms + after_ms);
            tracker.observe(&feed.take(now.as_millisecond()));
            let alerts = tracker.evaluate(now);
            let (slo, after_ms) = (self.slo, *after_ms);
            look(&Look { slo, tracker: &tracker, alerts: &alerts, now, after_ms })
        })
    }

    /// People see it resolved when nothing burns, or when no pair holds, whatever comes first.
    fn recovery(&self, fault: SignedDuration) -> Option<SignedDuration> {
        let shortest = self.pairs().iter().map(|it| it.short).min()?;
        let calm = recovery(shortest, self.target, self.errors, fault)?;
        Some(self.reset(fault).map_or(calm, |it| it.min(calm)))
    }

    fn reset(&self, fault: SignedDuration) -> Option<SignedDuration> {
        let pages = self.pairs().iter().filter(|it| it.severity == Severity::Page);
        pages.filter_map(|it| reset(it, self.target, self.errors, fault)).max()
    }
}

/// One step of a run.
struct Look<'a> {
    slo: &'a Slo,
    tracker: &'a Tracker,
    alerts: &'a [BurnAlert],
    now: Timestamp,
    /// Since the first error.
    after_ms: i64,
}

impl Look<'_> {
    fn is_paging(&self) -> bool {
        self.alerts.iter().any(|it| it.key.severity == Severity::Page)
    }

    /// Whether a pair that pages still holds.
    fn holds(&self) -> bool {
        let status = self.tracker.status(&self.slo.name, self.now);
        let goals = status.into_iter().flat_map(|it| it.goals);
        let mut pairs = goals.flat_map(|it| it.burns);
        pairs.any(|it| it.holds && it.pair.severity == Severity::Page)
    }
}

/// The least multiple of [`STEP`] that is not below, in milliseconds.
fn ceil_to_step(it: SignedDuration) -> i64 {
    let step_ms = millis(STEP);
    floor_to(millis(it).saturating_add(step_ms - 1), step_ms)
}

#[cfg(test)]
mod tests;
