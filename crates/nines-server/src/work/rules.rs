//! From samples to what rules of Prometheus say: every group is evaluated at its own instants, by a task of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use nines_alert::rule::{Environment, GroupState, RuleGroup, Schedule};
use nines_base::{Labels, METRIC_NAME, MatchOp, Matcher, Sample, SampleBatch, stale_marker};
use nines_engine::{Command, Coverage};
use nines_port::SampleSink;
use nines_promql::{QueryLimits, SelectLimits, SeriesSource};
use nines_spec::Spec;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::alertmanagers;
use crate::app::App;
use crate::rules::{GroupKey, GroupView};

/// How often it is looked whether the configuration is another.
const LOOK: Duration = Duration::from_millis(500);
/// The longest sleep before the clock is read again: it may have been set.
const SLEEP_MAX: Duration = Duration::from_secs(1);
/// The engine is told at least so often what fires, so that nothing hangs on one lost command.
const REMIND: SignedDuration = SignedDuration::from_secs(15);
/// Groups that are evaluated at once; others wait, and what they miss is counted.
static RUNNING: Semaphore = Semaphore::const_new(4);

/// One group's task.
struct Running {
    group: Arc<RuleGroup>,
    stop: watch::Sender<bool>,
    task: JoinHandle<GroupState>,
}

/// Evaluates the groups of the configuration until `shutdown`, also when it becomes another.
pub(crate) async fn watch_rules(app: App, mut shutdown: watch::Receiver<bool>) {
    let mut running: BTreeMap<GroupKey, Running> = BTreeMap::new();
    let mut applied: Option<Arc<Spec>> = None;
    loop {
        let spec = app.spec();
        if applied.as_ref().is_none_or(|it| !Arc::ptr_eq(it, &spec)) {
            let is_start = applied.is_none();
            let first = if is_start { GroupState::after_restart } else { GroupState::new };
            reconfigure(&app, &mut running, &spec, first, &shutdown).await;
            applied = Some(spec);
        }
        tokio::select! {
            _ = shutdown.changed() => break,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    for it in running.into_values() {
        it.stop.send_replace(true);
        drop(it.task.await);
    }
}

/// Groups that stay as they are go on undisturbed; those that changed keep the state of the rules that did not.
async fn reconfigure(
    app: &App,
    running: &mut BTreeMap<GroupKey, Running>,
    spec: &Spec,
    first: fn(Arc<RuleGroup>) -> GroupState,
    shutdown: &watch::Receiver<bool>,
) {
    let key = |it: &RuleGroup| (it.file.clone(), it.name.clone());
    let wanted: BTreeMap<GroupKey, Arc<RuleGroup>> =
        spec.rule_groups.iter().map(|it| (key(it), Arc::new(it.clone()))).collect();
    let is_gone = |(key, it): &(&GroupKey, &Running)| wanted.get(*key) != Some(&it.group);
    let gone: Vec<GroupKey> = running.iter().filter(is_gone).map(|(key, _)| key.clone()).collect();
    let mut before = BTreeMap::new();
    for key in gone {
        let Some(it) = running.remove(&key) else { continue };
        it.stop.send_replace(true);
        match it.task.await {
            Ok(state) => drop(before.insert(key, state)),
            Err(error) => tracing::error!(%error, "a rule group was lost; it begins anew"),
        }
    }
    for (key, group) in wanted {
        if running.contains_key(&key) {
            continue;
        }
        let state = match before.remove(&key) {
            Some(old) => old.reconfigured(&group),
            None => first(Arc::clone(&group)),
        };
        let (stop, stopping) = watch::channel(false);
        let task = run_group(Arc::clone(app), state, stopping, shutdown.clone());
        running.insert(key, Running { group, stop, task: tokio::spawn(task) });
    }
    for (key, state) in before {
        app.rules.remove(&key);
        tokio::spawn(end_series(Arc::clone(app), state, app.clock.now(), shutdown.clone()));
    }
}

/// Evaluates one group until `stop`; gives its state back, for another configuration.
async fn run_group(
    app: App,
    mut state: GroupState,
    mut stop: watch::Receiver<bool>,
    shutdown: watch::Receiver<bool>,
) -> GroupState {
    let group = Arc::clone(state.group());
    let key = (group.file.clone(), group.name.clone());
    let mut schedule = Schedule::starting(&group, app.clock.now());
    app.rules.publish(key.clone(), GroupView::of(&state, &schedule));
    loop {
        let wait = schedule.next.duration_since(app.clock.now());
        let wait = Duration::try_from(wait).unwrap_or_default().min(SLEEP_MAX);
        tokio::select! {
            _ = stop.changed() => return state,
            () = tokio::time::sleep(wait) => {}
        }
        let Ok(permit) = RUNNING.acquire().await else { return state };
        let Some(at) = schedule.take(&group, app.clock.now()) else { continue };
        let (evaluator, stopping) = (Arc::clone(&app), shutdown.clone());
        let mut next = state;
        let evaluated = tokio::task::spawn_blocking(move || {
            evaluate(&evaluator, &mut next, at, &stopping);
            next
        });
        state = evaluated.await.unwrap_or_else(|error| {
            tracing::error!(%error, group = group.name, "evaluating rules panicked; they begin anew");
            GroupState::new(Arc::clone(&group))
        });
        drop(permit);
        let due = state.take_due(at);
        alertmanagers::enqueue(&app, &group, due);
        app.rules.publish(key.clone(), GroupView::of(&state, &schedule));
        app.rules.evaluated.notify_one();
    }
}

fn evaluate(app: &App, state: &mut GroupState, at: Timestamp, shutdown: &watch::Receiver<bool>) {
    let started = Instant::now();
    let cancelled = || *shutdown.borrow() || app.prom.query_time_max < started.elapsed();
    let spec = app.spec();
    let step = spec.rule_settings.evaluation_interval.as_millis();
    let subquery_step_ms = i64::try_from(step).unwrap_or(i64::MAX).max(1);
    let environment = Environment {
        source: &app.metrics.store,
        sink: app.metrics.as_ref(),
        limits: QueryLimits { subquery_step_ms, ..app.prom.limits(&cancelled) },
        external_labels: &spec.external_labels,
        external_url: &app.installation.external_url,
        stopwatch: &|| SignedDuration::try_from(started.elapsed()).unwrap_or_default(),
    };
    state.evaluate(at, &environment);
}

/// Ends the series of a group that is no more. It waits for two intervals: a group under another name may have
/// taken them over, and then they have not ended.
async fn end_series(
    app: App,
    state: GroupState,
    removed_at: Timestamp,
    mut shutdown: watch::Receiver<bool>,
) {
    let wait = state.group().interval.saturating_mul(2);
    tokio::select! {
        _ = shutdown.changed() => {}
        () = tokio::time::sleep(Duration::try_from(wait).unwrap_or_default()) => {}
    }
    let written: Vec<Labels> = state.written().cloned().collect();
    let ended = tokio::task::spawn_blocking(move || {
        let at_ms = removed_at.as_millisecond();
        let now_ms = app.clock.now().as_millisecond();
        let end = Sample { at_ms, value: stale_marker() };
        let over = written.into_iter().filter(|it| !goes_on(&app, it, at_ms, now_ms));
        let batch: Vec<SampleBatch> = over.map(|it| SampleBatch::new(it, vec![end])).collect();
        if batch.is_empty() { Ok(()) } else { app.metrics.append(&batch).map(|_| ()) }
    });
    match ended.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "series of removed rules were not ended"),
        Err(error) => tracing::error!(%error, "ending the series of removed rules panicked"),
    }
}

/// Whether somebody has written the series since.
fn goes_on(app: &App, series: &Labels, after_ms: i64, to_ms: i64) -> bool {
    let matchers: Result<Vec<Matcher>, _> =
        series.iter().map(|(name, value)| Matcher::new(name, MatchOp::Equal, value)).collect();
    let Ok(matchers) = matchers else { return false };
    debug_assert!(series.get(METRIC_NAME).is_some(), "rules write named series");
    let limits = SelectLimits { series_max: 1_000, samples_max: 100_000 };
    let found = app.metrics.store.select(&matchers, after_ms.saturating_add(1), to_ms, &limits);
    found.is_ok_and(|it| it.iter().any(|it| it.labels == *series))
}

/// Tells the engine what fires until `shutdown`: when a group was evaluated, and now and then.
pub(crate) async fn watch_rule_alerts(app: App, mut shutdown: watch::Receiver<bool>) {
    let mut told: Option<(Timestamp, Vec<Labels>, Coverage)> = None;
    loop {
        tokio::select! {
            _ = shutdown.changed() => return,
            () = app.rules.evaluated.notified() => {}
            () = tokio::time::sleep(Duration::from_secs(5)) => {}
        }
        let now = app.clock.now();
        let (firing, coverage) = app.rules.observations(&app.spec());
        let gist: Vec<Labels> = firing.iter().map(|it| it.labels.clone()).collect();
        let is_news = told.as_ref().is_none_or(|(at, known, covered)| {
            *known != gist || *covered != coverage || *at + REMIND <= now
        });
        if !is_news || !app.engine.is_active() {
            continue;
        }
        match app.ask(Command::ObserveRules { firing, coverage }).await {
            Ok(_) => told = Some((now, gist, coverage)),
            Err(error) => {
                tracing::error!(%error, "alerts of rules were not taken; they are told again");
            }
        }
    }
}
