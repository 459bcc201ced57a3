//! What ate a budget: the stretches of time in which most of it went, and the incidents and deploys that they belong to.

use jiff::{SignedDuration, Timestamp};
use nines_engine::State;
use nines_incident::IncidentSeverity;
use nines_slo::{Attribution, Cause, Objective, Slice, SloName, Tracker};
use serde::Serialize;

/// The most stretches that are named.
const STRETCHES_MAX: usize = 5;
/// The most points in which a window is looked through.
const POINTS_MAX: usize = 4_000;
/// The finest step.
const STEP: SignedDuration = SignedDuration::from_secs(60);
/// Pauses of so many steps do not end a stretch.
const PAUSE_STEPS: i64 = 2;
/// A change that was so long before a stretch is named with it.
const CHANGE_BEFORE: SignedDuration = SignedDuration::from_mins(30);
/// Bad events so long after a deploy are counted as its own, until the next deploy.
const DEPLOY_REACH: SignedDuration = SignedDuration::from_hours(1);
/// The most incidents and deploys that are looked at, and that are named with a stretch.
const CAUSES_MAX: usize = 500;
const NAMED_MAX: usize = 3;

/// A stretch of time in which the budget was spent faster than it lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Stretch {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) bad: u64,
    pub(crate) total: u64,
    /// Changes and incidents of that time: `deploy v2.33 (13:58)`, `INC-42`.
    pub(crate) causes: Vec<String>,
}

/// Bad events of a window by what they belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SpentView {
    pub(crate) stretches: Vec<Stretch>,
    /// By incidents: with `unattributed` they are all bad events.
    pub(crate) incidents: Shares,
    /// By deploys, a second way to divide the same events.
    pub(crate) deploys: Shares,
}

/// Bad events that belong to causes, and those that belong to none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Shares {
    pub(crate) causes: Vec<Share>,
    pub(crate) unattributed: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Share {
    pub(crate) name: String,
    pub(crate) bad: u64,
    pub(crate) seconds: i64,
}

impl From<Attribution> for Shares {
    fn from(attribution: Attribution) -> Self {
        let share = |it: nines_slo::Attributed| Share {
            name: it.name,
            bad: it.bad,
            seconds: it.length.as_secs(),
        };
        let mut causes: Vec<Share> =
            attribution.causes.into_iter().filter(|it| 0 < it.bad).map(share).collect();
        causes.sort_by(|a, b| b.bad.cmp(&a.bad).then_with(|| a.name.cmp(&b.name)));
        Self { causes, unattributed: attribution.unattributed }
    }
}

/// Something that bad events may belong to.
#[derive(Debug, Clone)]
struct Named {
    cause: Cause,
    /// As it is said beside a stretch.
    text: String,
}

/// The incidents and the deploys of an SLO, as far as they are remembered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Causes {
    incidents: Vec<Named>,
    deploys: Vec<Named>,
    /// Changes of any kind: when, and what.
    changes: Vec<(Timestamp, String)>,
}

impl Causes {
    pub(crate) fn of(state: &State, slo: &SloName, now: Timestamp) -> Self {
        let name = slo.to_string();
        let concerned =
            state.incidents.values().rev().filter(|it| it.slos().contains(&name.as_str()));
        let incidents = concerned.filter_map(|it| {
            let from = it.impact_start.or(it.opened_at)?;
            let text = format!("INC-{}", it.number);
            let severity = severity(it.severity);
            let to = it.resolved_at.unwrap_or(now);
            Some(Named { cause: Cause { name: text.clone(), severity, from, to }, text })
        });
        let changes = state.changes.iter().rev().map(|it| &it.change);
        let changes = changes.filter(|it| it.service == slo.service).take(CAUSES_MAX);
        let mut deploys: Vec<Named> = Vec::new();
        let mut said = Vec::new();
        for it in changes {
            let version = it.version.as_deref().unwrap_or("");
            let text = format!("{} {version}", it.kind);
            let text = format!("{} ({})", text.trim_end(), it.started.strftime("%H:%M"));
            said.push((it.started, text.clone()));
            if it.kind == nines_incident::changes::ChangeKind::Deploy {
                // Newest first: the one before this in the list came after it.
                let next = deploys.last().map_or(now, |it: &Named| it.cause.from);
                let to = (it.started + DEPLOY_REACH).min(next);
                let cause = Cause { name: text.clone(), severity: 1, from: it.started, to };
                deploys.push(Named { cause, text });
            }
        }
        Self { incidents: incidents.take(CAUSES_MAX).collect(), deploys, changes: said }
    }

    fn during(&self, from: Timestamp, to: Timestamp) -> Vec<String> {
        let changes =
            self.changes.iter().filter(|(at, _)| from - CHANGE_BEFORE <= *at && *at <= to);
        let overlaps = |it: &&Named| it.cause.from < to && from < it.cause.to;
        let incidents = self.incidents.iter().filter(overlaps).map(|it| it.text.clone());
        changes.map(|it| it.1.clone()).take(NAMED_MAX).chain(incidents.take(NAMED_MAX)).collect()
    }
}

fn severity(severity: IncidentSeverity) -> u8 {
    match severity {
        IncidentSeverity::Sev1 => 1,
        IncidentSeverity::Sev2 => 2,
        IncidentSeverity::Sev3 => 3,
        IncidentSeverity::Sev4 => 4,
        IncidentSeverity::Sev5 => 5,
    }
}

/// What ate the budget of a goal; goals count from 0.
pub(crate) fn spent(
    tracker: &Tracker,
    (name, goal): (&SloName, usize),
    causes: &Causes,
    at: Timestamp,
) -> Option<SpentView> {
    let status = tracker.status(name, at)?;
    let standing = status.goals.get(goal)?;
    let (from, to) = (standing.budget.from, standing.budget.to.min(at));
    let divided = |of: &[Named]| {
        let causes: Vec<Cause> = of.iter().map(|it| it.cause.clone()).collect();
        tracker.attribute(name, goal, &causes, at).map(Shares::from).unwrap_or_default()
    };
    let mut stretches = stretches(tracker, name, (from, to), standing.target);
    for it in &mut stretches {
        it.causes = causes.during(it.from, it.to);
    }
    let (incidents, deploys) = (divided(&causes.incidents), divided(&causes.deploys));
    Some(SpentView { stretches, incidents, deploys })
}

/// The stretches that spent most, in the order of time.
fn stretches(
    tracker: &Tracker,
    name: &SloName,
    (from, to): (Timestamp, Timestamp),
    target: Objective,
) -> Vec<Stretch> {
    let slices = tracker.slices(name, from, to, STEP, POINTS_MAX);
    let mut found = runs(&slices, target);
    found.sort_by_key(|it| std::cmp::Reverse((it.bad, it.from)));
    found.truncate(STRETCHES_MAX);
    for it in &mut found {
        // A long window is looked through in long steps; the ends of what was found are known better.
        let fine = tracker.slices(name, it.from, it.to, STEP, POINTS_MAX);
        if let Some(finer) = whole(&runs(&fine, target)) {
            *it = finer;
        }
    }
    found.sort_by_key(|it| it.from);
    found
}

/// Slices in a row that spend faster than the objective allows, pauses included.
fn runs(slices: &[Slice], target: Objective) -> Vec<Stretch> {
    let spends = |it: &Slice| {
        let spent = u128::from(it.counts.bad) * u128::from(Objective::SCALE);
        u128::from(it.counts.total) * u128::from(target.allowed()) < spent
    };
    let mut runs: Vec<Stretch> = Vec::new();
    for (index, it) in slices.iter().enumerate().filter(|(_, it)| spends(it)) {
        let pause = it.length().saturating_mul(i32::try_from(PAUSE_STEPS).unwrap_or(1));
        match runs.last_mut() {
            Some(last) if it.from <= last.to + pause => {
                let between = slices.iter().take(index + 1).rev();
                let between = between.take_while(|it| last.to < it.to);
                let counts: Vec<_> = between.map(|it| it.counts).collect();
                last.bad += counts.iter().map(|it| it.bad).sum::<u64>();
                last.total += counts.iter().map(|it| it.total).sum::<u64>();
                last.to = it.to;
            }
            _ => runs.push(Stretch {
                from: it.from,
                to: it.to,
                bad: it.counts.bad,
                total: it.counts.total,
                causes: Vec::new(),
            }),
        }
    }
    runs
}

/// From the first to the last, with what lies in them.
fn whole(runs: &[Stretch]) -> Option<Stretch> {
    let (first, last) = (runs.first()?, runs.last()?);
    Some(Stretch {
        from: first.from,
        to: last.to,
        bad: runs.iter().map(|it| it.bad).sum(),
        total: runs.iter().map(|it| it.total).sum(),
        causes: Vec::new(),
    })
}

#[cfg(test)]
mod tests;
