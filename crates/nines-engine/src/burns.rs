//! From what objectives find to what the engine is told: a burn alert becomes an observation with its evidence.
//!
//! Pure, so that rehearsals on virtual time tell the engine exactly what a server tells it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nines_alert::{Evidence, WindowEvidence};
use nines_base::{Labels, format_duration};
use nines_port::Urgency;
use nines_slo::{
    BurnAlert, BurnKey, GoalStatus, PairStatus, Severity, Slo, SloName, Tracker, WindowCounts,
};

use crate::{Observation, SLO_ALERT};

/// The label of an objective, on alerts of SLOs with several goals.
const OBJECTIVE: &str = "objective";
/// The label of a window, on alerts of SLOs with several goals.
const WINDOW: &str = "window";

/// What burns, for [`crate::Command::ObserveBurns`]. Alerts of unknown SLOs are left out.
pub fn observe_burns(
    alerts: &[BurnAlert],
    slos: &[Slo],
    tracker: &Tracker,
    now: Timestamp,
) -> Vec<Observation> {
    let slo = |it: &BurnAlert| slos.iter().find(|slo| slo.name == it.key.slo);
    alerts.iter().filter_map(|it| observation(it, slo(it)?, tracker, now)).collect()
}

/// The labels of an alert. Objective and window are told apart only where an SLO has several goals.
pub fn burn_labels(slo: &Slo, key: &BurnKey) -> Result<Labels, nines_base::LabelError> {
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    let mut set = |name: &str, value: &str| labels.insert(name.to_owned(), value.to_owned());
    for (name, value) in slo.labels.iter().chain(key.group.iter()) {
        set(name, value);
    }
    if 1 < slo.goals.len() {
        set(OBJECTIVE, &key.objective);
        set(WINDOW, &key.window);
    }
    set("alertname", SLO_ALERT);
    set("service", &slo.name.service);
    set("slo", &slo.name.slo);
    set("severity", &key.severity.to_string());
    Labels::new(labels)
}

/// The reverse of [`burn_labels`], as far as the SLO still is what it was.
pub fn burn_key(slos: &[Slo], labels: &Labels) -> Option<BurnKey> {
    let name = SloName {
        service: labels.value("service").to_owned(),
        slo: labels.value("slo").to_owned(),
    };
    let slo = slos.iter().find(|it| it.name == name)?;
    let severities = [Severity::Page, Severity::Ticket];
    let severity = severities.into_iter().find(|it| it.to_string() == labels.value("severity"))?;
    let is_meant = |objective: &str, window: &str| {
        slo.goals.len() == 1
            || (labels.value(OBJECTIVE) == objective && labels.value(WINDOW) == window)
    };
    let goal = slo.goals.iter().find(|it| is_meant(&it.objective, &it.window.to_string()))?;
    let by = slo.grouping.as_ref().map(|it| it.by.as_slice()).unwrap_or_default();
    let group = labels.iter().filter(|(name, _)| by.iter().any(|it| it == name));
    let group = Labels::new(group.map(|(name, value)| (name.to_owned(), value.to_owned())));
    Some(BurnKey {
        slo: name,
        objective: goal.objective.clone(),
        window: goal.window.to_string(),
        group: group.ok()?,
        severity,
    })
}

fn observation(
    burn: &BurnAlert,
    slo: &Slo,
    tracker: &Tracker,
    now: Timestamp,
) -> Option<Observation> {
    let (name, key) = (&slo.name, &burn.key);
    let status = tracker.status(name, now)?;
    let index = slo
        .goals
        .iter()
        .position(|it| it.objective == key.objective && it.window.to_string() == key.window)?;
    let (goal, standing) = (slo.goals.get(index)?, status.goals.get(index)?);
    let pairs = pairs_of(standing, key.severity);
    let gist: Vec<String> = pairs.iter().map(|it| format_duration(it.pair.long)).collect();
    let windows = pairs.iter().flat_map(|it| {
        let window = |counts: &WindowCounts, burn| WindowEvidence {
            from: counts.from,
            to: counts.to,
            bad: counts.counts.bad,
            total: counts.counts.total,
            value: times(burn),
            limit: it.pair.factor.to_string(),
        };
        [window(&it.long, it.burn_long), window(&it.short, it.burn_short)]
    });
    let first = pairs.first()?;
    let summary = format!("{name} burns {} (limit {})", times(first.burn_long), first.pair.factor);
    let counts = standing.budget.counts;
    let budget_left = format!(
        "{:.1}\u{a0}% of {} over {}, {} bad of {}",
        standing.remaining_ratio * 100.0,
        standing.target,
        standing.window,
        counts.bad,
        counts.total
    );
    let mut annotations =
        BTreeMap::from([("summary".to_owned(), summary), ("budget_left".to_owned(), budget_left)]);
    annotations.extend(slo.runbook.clone().map(|it| ("runbook".to_owned(), it)));
    Some(Observation {
        labels: burn_labels(slo, key).ok()?,
        annotations,
        evidence: Evidence {
            subject: name.to_string(),
            sentence: burn.evidence.sentence(),
            windows: windows.collect(),
            origin: slo.origin.clone(),
        },
        gist: gist.join(" "),
        urgency: match key.severity {
            Severity::Page => Urgency::Page,
            Severity::Ticket => Urgency::Ticket,
        },
        escalation: goal.alerting.escalation.clone(),
        impact_start: impact_start(slo, tracker, now),
    })
}

/// The pairs that hold; while an alert recovers the first one, though it does not.
fn pairs_of(status: &GoalStatus, severity: Severity) -> Vec<&PairStatus> {
    let of_severity = || status.burns.iter().filter(|it| it.pair.severity == severity);
    let holding: Vec<_> = of_severity().filter(|it| it.holds).collect();
    if holding.is_empty() { of_severity().take(1).collect() } else { holding }
}

/// `14.6×`.
fn times(rate: f64) -> String {
    if rate < 100.0 { format!("{rate:.1}×") } else { format!("{rate:.0}×") }
}

/// Since when users are hurt: the end of the first slice of the present stretch that spends faster than the
/// objective allows, with pauses of up to two minutes, at most six hours back. The end, because somewhere in that
/// slice it began, and what changed within it came before.
fn impact_start(slo: &Slo, tracker: &Tracker, now: Timestamp) -> Timestamp {
    const BACK: SignedDuration = SignedDuration::from_hours(6);
    const STEP: SignedDuration = SignedDuration::from_secs(15);
    const PAUSE_SLICES_MAX: u32 = 8;
    const POINTS_MAX: usize = 2_000;
    let target = slo.primary().target_at(now);
    let slices = tracker.slices(&slo.name, now - BACK, now, STEP, POINTS_MAX);
    let (mut start, mut pause) = (now, 0);
    for slice in slices.iter().rev() {
        let spent = u128::from(slice.counts.bad) * u128::from(nines_slo::Objective::SCALE);
        let allowed = u128::from(slice.counts.total) * u128::from(target.allowed());
        if allowed < spent {
            (start, pause) = (slice.to.min(now), 0);
        } else {
            pause += 1;
            if PAUSE_SLICES_MAX < pause && start < now {
                break;
            }
        }
    }
    start
}
