//! SLIs that are queries: each slice is asked once, when it is over, of our own store or of the metrics backend.
//!
//! Slices that follow each other are one range query. A query that fails leaves its slices unread; it is asked again,
//! at growing distances, and never becomes a number.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, Sample, format_duration};
use nines_promql::Value;
use nines_slo::{DueSlice, Outcome, PromqlQueries, PromqlSli, SliKind, Slo, SloName};
use tokio::sync::watch;

use crate::app::{App, Shared};
use crate::backend::Backend;

/// How often it is looked whether a slice is over.
const LOOK: Duration = Duration::from_secs(2);
/// Slices of one range query.
const SLICES_MAX: i64 = 1_000;
/// Groups of one answer.
const GROUPS_MAX: usize = 1_000;
/// Backends hide their newest samples for so long.
const BACKEND_SETTLE: SignedDuration = SignedDuration::from_secs(45);
/// After the first failure it is asked again after this, then after twice as long, and so on.
const RETRY_FIRST: SignedDuration = SignedDuration::from_secs(5);
/// But at least so often.
const RETRY_MAX: SignedDuration = SignedDuration::from_mins(5);
/// Stands for the length of a slice.
const SLICE: &str = "$slice";

/// Values of a query, by series, at the ends of slices.
type Rows = Vec<(Labels, Vec<Sample>)>;

/// Slices of one SLO that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the unit is a part of each name")]
struct Run {
    first_ms: i64,
    last_ms: i64,
    width_ms: i64,
}

impl Run {
    fn ends(self) -> impl Iterator<Item = i64> {
        let count = (self.last_ms - self.first_ms) / self.width_ms;
        (0..=count).map(move |it| self.first_ms + it * self.width_ms)
    }
}

/// The unread slices by SLO, each as the stretch without a gap around the first of them.
fn runs(due: &[DueSlice]) -> BTreeMap<SloName, Run> {
    let mut runs: BTreeMap<SloName, Run> = BTreeMap::new();
    for DueSlice { slo, end, width } in due {
        let end_ms = end.as_millisecond();
        let width_ms = i64::try_from(width.as_millis()).unwrap_or(i64::MAX).max(1);
        let first = Run { first_ms: end_ms, last_ms: end_ms, width_ms };
        let run = runs.entry(slo.clone()).or_insert(first);
        let length = (run.last_ms - run.first_ms) / width_ms + 1;
        match end_ms {
            _ if SLICES_MAX <= length => {}
            next if next == run.last_ms + width_ms => run.last_ms = next,
            before if before == run.first_ms - width_ms => run.first_ms = before,
            _ => {}
        }
    }
    runs
}

/// A query with the length of its slice.
fn written(query: &str, width_ms: i64) -> String {
    query.replace(SLICE, &format_duration(SignedDuration::from_millis(width_ms)))
}

/// What is known of the queries of one SLO.
#[derive(Debug, Default)]
struct Standing {
    failures: u32,
    /// Not before this.
    retry: Option<Timestamp>,
    /// Good events were seen once, so their absence is no event.
    has_seen_good: bool,
}

/// Asks until `shutdown`.
pub(crate) async fn ask_queries(app: App, mut shutdown: watch::Receiver<bool>) {
    let mut standings: BTreeMap<SloName, Standing> = BTreeMap::new();
    loop {
        tokio::select! {
            _ = shutdown.changed() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        tokio::select! {
            _ = shutdown.changed() => return,
            () = catch_up(&app, &mut standings) => {}
        }
    }
}

/// Reads until nothing is due, or nothing can be read.
async fn catch_up(app: &App, standings: &mut BTreeMap<SloName, Standing>) {
    while 0 < round(app, standings).await {
        tokio::task::yield_now().await;
    }
}

/// Reads a stretch of every SLO that has one; how many were read.
async fn round(app: &App, standings: &mut BTreeMap<SloName, Standing>) -> usize {
    let backend = app.loaded().backend.clone();
    let spec = app.spec();
    let now = app.clock.now();
    let settled = if backend.is_some() { now - BACKEND_SETTLE } else { now };
    let due = app.metrics.tracker().unread(settled);
    let known: BTreeSet<&SloName> = spec.slos.iter().map(|it| &it.name).collect();
    standings.retain(|name, _| known.contains(name));
    let mut count = 0;
    for (name, run) in runs(&due) {
        let slo = spec.slos.iter().find(|it| it.name == name);
        let Some((slo, SliKind::Promql(sli))) = slo.map(|it| (it, &it.sli.kind)) else { continue };
        let standing = standings.entry(name.clone()).or_default();
        if standing.retry.is_some_and(|it| now < it) {
            continue;
        }
        match read(app, backend.as_ref(), sli, run).await {
            Ok(answers) => {
                if 0 < standing.failures {
                    tracing::info!(slo = %name, "the queries of the SLI are answered again");
                }
                (standing.failures, standing.retry) = (0, None);
                record(app, slo, (run, &answers), standing);
                count += 1;
            }
            Err(problem) => {
                let wait = RETRY_FIRST.saturating_mul(1 << standing.failures.min(10));
                standing.retry = Some(now + wait.min(RETRY_MAX));
                standing.failures = standing.failures.saturating_add(1);
                if standing.failures == 1 {
                    tracing::warn!(slo = %name, "slices are unread for now: {problem}");
                }
            }
        }
    }
    count
}

/// The answers to the queries of an SLI: the good events and all, or the one there is.
#[derive(Debug, Default)]
struct Answers {
    good: Rows,
    main: Rows,
}

async fn read(
    app: &App,
    backend: Option<&Arc<Backend>>,
    sli: &PromqlSli,
    run: Run,
) -> Result<Answers, String> {
    let main = match &sli.queries {
        PromqlQueries::Events { total, .. } => total,
        PromqlQueries::Ratio(query) | PromqlQueries::Value { query, .. } => query,
    };
    let mut answers = Answers { main: ask(app, backend, main, run).await?, ..Answers::default() };
    if let PromqlQueries::Events { good, .. } = &sli.queries {
        answers.good = ask(app, backend, good, run).await?;
    }
    match answers.main.len().max(answers.good.len()) {
        series if GROUPS_MAX < series => {
            Err(format!("the answer has {series} series; at most {GROUPS_MAX} are read"))
        }
        _ => Ok(answers),
    }
}

async fn ask(
    app: &App,
    backend: Option<&Arc<Backend>>,
    query: &str,
    run: Run,
) -> Result<Rows, String> {
    let query = written(query, run.width_ms);
    if let Some(backend) = backend {
        let times = (run.first_ms, run.last_ms, run.width_ms);
        return backend.range(&query, times).await.map_err(|it| it.to_string());
    }
    let permit = Arc::clone(&app.queries).acquire_owned().await;
    let permit = permit.map_err(|_| "the server is stopping".to_owned())?;
    let at = Arc::clone(app);
    let asked = tokio::task::spawn_blocking(move || {
        let rows = ask_store(&at, &query, run);
        drop(permit);
        rows
    });
    asked.await.map_err(|error| error.to_string())?
}

fn ask_store(app: &Shared, query: &str, run: Run) -> Result<Rows, String> {
    let checked = nines_promql::check(query).map_err(|error| error.located(query))?;
    let started = Instant::now();
    let cancelled = || app.prom.query_time_max < started.elapsed();
    let limits = app.prom.limits(&cancelled);
    let Run { first_ms, last_ms, width_ms } = run;
    let answer = checked.range(&app.metrics.store, first_ms, last_ms, width_ms, &limits);
    match answer.map_err(|error| error.to_string())?.value {
        Value::Matrix(series) => Ok(series.into_iter().map(|it| (it.labels, it.samples)).collect()),
        Value::Vector(_) | Value::Scalar(_) | Value::String { .. } => {
            Err("the query gives no numbers over time".to_owned())
        }
    }
}

/// What a query says at the end of one slice, by series.
fn at(rows: &Rows, end_ms: i64) -> Vec<(&Labels, f64)> {
    let value = |samples: &[Sample]| {
        let index = samples.binary_search_by_key(&end_ms, |it| it.at_ms).ok()?;
        samples.get(index).map(|it| it.value)
    };
    rows.iter().filter_map(|(labels, samples)| Some((labels, value(samples)?))).collect()
}

/// Tells the tracker what every slice of a run was.
fn record(app: &Shared, slo: &Slo, (run, answers): (Run, &Answers), standing: &mut Standing) {
    let SliKind::Promql(sli) = &slo.sli.kind else { return };
    standing.has_seen_good |= !answers.good.is_empty();
    let mut tracker = app.metrics.tracker();
    let mut problem = None;
    for end_ms in run.ends() {
        let Ok(end) = Timestamp::from_millisecond(end_ms) else { continue };
        let main = at(&answers.main, end_ms);
        let outcomes = match &sli.queries {
            PromqlQueries::Events { .. } => {
                events(slo, &main, &at(&answers.good, end_ms), standing)
            }
            PromqlQueries::Ratio(_) => values(slo, &main, Outcome::Ratio),
            PromqlQueries::Value { .. } => values(slo, &main, Outcome::Value),
        };
        match outcomes {
            Ok(outcomes) => {
                for (group, outcome) in outcomes {
                    if !tracker.record(&slo.name, &group, end, outcome) {
                        problem = Some(format!("{outcome:?} cannot be counted"));
                    }
                }
            }
            Err(text) => problem = Some(text),
        }
    }
    drop(tracker);
    app.metrics.arrived.notify_one();
    if let Some(problem) = problem {
        if standing.failures == 0 {
            tracing::warn!(slo = %slo.name, "a slice stays unread: {problem}");
        }
        standing.failures = standing.failures.saturating_add(1);
        standing.retry = Some(app.clock.now() + RETRY_MAX);
    }
}

/// The group that a series belongs to; empty without grouping.
fn group_of(slo: &Slo, labels: &Labels) -> Labels {
    let by = slo.grouping.as_ref().map(|it| it.by.as_slice()).unwrap_or_default();
    labels.filtered(|name| by.iter().any(|it| it == name))
}

/// Events of all series together, and of each group.
fn events(
    slo: &Slo,
    total: &[(&Labels, f64)],
    good: &[(&Labels, f64)],
    standing: &Standing,
) -> Result<Vec<(Labels, Outcome)>, String> {
    if total.is_empty() || (good.is_empty() && !standing.has_seen_good) {
        return Ok(vec![(Labels::empty(), Outcome::NoData)]);
    }
    let mut groups: BTreeMap<Labels, (u64, u64)> = BTreeMap::new();
    for (labels, value) in total {
        groups.entry(group_of(slo, labels)).or_default().1 += whole(*value)?;
    }
    for (labels, value) in good {
        groups.entry(group_of(slo, labels)).or_default().0 += whole(*value)?;
    }
    let sum = |of: fn(&(u64, u64)) -> u64| groups.values().map(of).sum();
    let all = Outcome::Events { good: sum(|it| it.0), total: sum(|it| it.1) };
    let named = groups.iter().filter(|(labels, _)| !labels.is_empty());
    let named =
        named.map(|(labels, it)| (labels.clone(), Outcome::Events { good: it.0, total: it.1 }));
    Ok(std::iter::once((Labels::empty(), all)).chain(named).collect())
}

/// A number of events. What is no number is none: nothing happened that could be counted.
fn whole(value: f64) -> Result<u64, String> {
    const MOST: f64 = 9e15;
    match value.round() {
        it if it.is_nan() => Ok(0),
        it if (0.0..=MOST).contains(&it) =>
        {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked above"
            )]
            Ok(it as u64)
        }
        _ => Err(format!("{value} is no number of events")),
    }
}

/// One value for all, and one for each group. The value for all is that of the series without a group.
fn values(
    slo: &Slo,
    main: &[(&Labels, f64)],
    outcome: fn(f64) -> Outcome,
) -> Result<Vec<(Labels, Outcome)>, String> {
    let mut groups: BTreeMap<Labels, f64> = BTreeMap::new();
    for (labels, value) in main {
        let group = group_of(slo, labels);
        if groups.insert(group, *value).is_some() {
            let problem =
                "the query gives several values at once; aggregate them, as with `sum(…)`";
            return Err(problem.to_owned());
        }
    }
    if groups.is_empty() {
        return Ok(vec![(Labels::empty(), Outcome::NoData)]);
    }
    if !groups.contains_key(&Labels::empty()) {
        return Err(
            "the query gives values by group only; add one for all, as with `or`".to_owned()
        );
    }
    Ok(groups.into_iter().map(|(labels, value)| (labels, outcome(value))).collect())
}

#[cfg(test)]
mod tests;
