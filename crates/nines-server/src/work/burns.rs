//! From samples to alerts: objectives are judged when something arrives, and when only time has passed.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use nines_alert::{Evidence, WindowEvidence};
use nines_base::{Labels, format_duration};
use nines_engine::{Command, Observation, SLO_ALERT};
use nines_port::Urgency;
use nines_slo::{BurnAlert, Severity, Slo, Tracker};
use tokio::sync::watch;

use crate::app::App;
use crate::health::Health;
use crate::text;

/// Objectives are judged at least so often.
const IDLE_MAX: Duration = Duration::from_secs(1);
/// And at most so often.
const MERGE: Duration = Duration::from_millis(50);
/// What burns is told again after this, so that nothing hangs on one lost command.
const REMIND: SignedDuration = SignedDuration::from_secs(15);

/// Judges until `shutdown`.
pub(crate) async fn watch_burns(app: App, mut shutdown: watch::Receiver<bool>) {
    let mut told: Option<(Timestamp, Vec<(String, String)>)> = None;
    loop {
        tokio::select! {
            _ = shutdown.changed() => return,
            () = app.metrics.arrived.notified() => tokio::time::sleep(MERGE).await,
            () = tokio::time::sleep(IDLE_MAX) => {}
        }
        let now = app.clock.now();
        let observations = observe(&app, now);
        Health::add(&app.health.evaluations, 1);
        let gist: Vec<(String, String)> =
            observations.iter().map(|it| (it.labels.to_string(), it.gist.clone())).collect();
        let is_news = told.as_ref().is_none_or(|(at, it)| *it != gist || *at + REMIND <= now);
        if !is_news {
            continue;
        }
        match app.ask(Command::ObserveBurns(observations)).await {
            Ok(_) => told = Some((now, gist)),
            Err(error) => {
                tracing::error!(%error, "burn alerts were not taken; they are told again");
            }
        }
    }
}

fn observe(app: &App, now: Timestamp) -> Vec<Observation> {
    let spec = app.spec();
    let mut tracker = app.metrics.tracker();
    let burning = tracker.evaluate(now);
    let slo = |it: &BurnAlert| spec.slos.iter().find(|slo| slo.name == it.slo);
    burning.iter().filter_map(|it| observation(it, slo(it)?, &tracker, now)).collect()
}

fn observation(
    burn: &BurnAlert,
    slo: &Slo,
    tracker: &Tracker,
    now: Timestamp,
) -> Option<Observation> {
    let name = &slo.name;
    let own = [
        ("alertname", SLO_ALERT.to_owned()),
        ("service", name.service.clone()),
        ("slo", name.slo.clone()),
        ("severity", burn.severity.to_string()),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value));
    let labels: BTreeMap<String, String> = slo
        .labels
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .chain(own)
        .collect();
    let status = tracker.status(name, now)?;
    let mut pairs: Vec<_> =
        status.burns.iter().filter(|it| it.holds && it.pair.severity == burn.severity).collect();
    if pairs.is_empty() {
        // Recovering: the alert is kept by a pair that does not hold any more.
        pairs =
            status.burns.iter().filter(|it| it.pair.severity == burn.severity).take(1).collect();
    }
    let gist: Vec<String> = pairs.iter().map(|it| format_duration(it.pair.long)).collect();
    let windows = pairs.iter().flat_map(|it| {
        let window = |counts: &nines_slo::WindowCounts, burn| WindowEvidence {
            from: counts.from,
            to: counts.to,
            bad: counts.counts.bad,
            total: counts.counts.total,
            value: text::burn(burn),
            limit: it.pair.factor.to_string(),
        };
        [window(&it.long, it.burn_long), window(&it.short, it.burn_short)]
    });
    let first = pairs.first()?;
    let summary =
        format!("{name} burns {} (limit {})", text::burn(first.burn_long), first.pair.factor);
    let counts = status.budget.counts;
    let budget_left = format!(
        "{} of {} over {}, {} bad of {}",
        text::percent(status.remaining_ratio),
        slo.objective,
        format_duration(slo.window),
        counts.bad,
        counts.total
    );
    let mut annotations =
        BTreeMap::from([("summary".to_owned(), summary), ("budget_left".to_owned(), budget_left)]);
    annotations.extend(slo.runbook.clone().map(|it| ("runbook".to_owned(), it)));
    Some(Observation {
        labels: Labels::new(labels).ok()?,
        annotations,
        evidence: Evidence {
            subject: name.to_string(),
            sentence: burn.evidence.sentence(),
            windows: windows.collect(),
            origin: slo.origin.clone(),
        },
        gist: gist.join(" "),
        urgency: match burn.severity {
            Severity::Page => Urgency::Page,
            Severity::Ticket => Urgency::Ticket,
        },
        escalation: slo.alerting.escalation.clone(),
        impact_start: impact_start(slo, tracker, now),
    })
}

/// Since when users are hurt: the end of the first slice of the present stretch that spends faster than the
/// objective allows, with pauses of up to two minutes, at most six hours back. The end, because somewhere in that
/// slice it began, and what changed within it came before.
fn impact_start(slo: &Slo, tracker: &Tracker, now: Timestamp) -> Timestamp {
    const BACK: SignedDuration = SignedDuration::from_hours(6);
    const STEP: SignedDuration = SignedDuration::from_secs(15);
    const PAUSE_SLICES_MAX: u32 = 8;
    const POINTS_MAX: usize = 2_000;
    let slices = tracker.slices(&slo.name, now - BACK, now, STEP, POINTS_MAX);
    let (mut start, mut pause) = (now, 0);
    for slice in slices.iter().rev() {
        let spent = u128::from(slice.counts.bad) * u128::from(nines_slo::Objective::SCALE);
        let allowed = u128::from(slice.counts.total) * u128::from(slo.objective.allowed());
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
