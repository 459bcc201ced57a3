//! The tree behind a number: its window, the slices that weigh most in it, the series behind them, and samples.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use nines_base::{Labels, Sample, is_stale};
use nines_promql::{SelectLimits, SeriesSource};
use nines_slo::{Slo, Tracker};
use serde::{Deserialize, Serialize};

use super::slos::{off_thread, query, slo_name, unknown};
use super::time::Instant;
use crate::app::{App, Shared};
use crate::past;
use crate::problem::Problem;
use crate::slo_views::{GoalView, selector_text, slo_view_at};

/// The most slices that are looked at; those that weigh most are shown.
const POINTS_MAX: usize = 480;
/// The most slices of the answer.
const SLICES_MAX: usize = 20;
/// The most series of the answer.
const SERIES_MAX: usize = 50;
/// The most series that are read for it.
const SERIES_READ_MAX: usize = 20_000;
/// The most samples that are read for it.
const SAMPLES_READ_MAX: usize = 5_000_000;
/// The most samples of a series in the answer: the first and the last ones.
const SAMPLES_MAX: usize = 10;

/// Of SLOs that read queries or other SLOs.
const SERIESLESS: &str = "it reads no series of its own: what it reads is in its definition";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExplainQuery {
    at: Option<Instant>,
    /// Which of its budgets, counted from 0.
    goal: Option<usize>,
    /// Looks into a stretch of the window: series and samples are those of it.
    from: Option<Instant>,
    to: Option<Instant>,
}

#[derive(Debug, Serialize)]
struct Explanation {
    slo: String,
    as_of: Timestamp,
    source: &'static str,
    /// The number, with the counts that it was made from.
    budget: GoalView,
    /// The slices with the most bad events, in the order of time.
    slices: Vec<SliceView>,
    /// Bad events of the window that lie in other slices.
    bad_elsewhere: u64,
    /// The stretch that series and samples are of.
    from: Timestamp,
    to: Timestamp,
    /// The series that are read, those that grew most first.
    series: Vec<SeriesView>,
    /// Series that are not shown, because there are too many.
    series_left_out: usize,
    /// Why there are no series, if so.
    note: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct SliceView {
    from: Timestamp,
    to: Timestamp,
    good: u64,
    bad: u64,
    total: u64,
}

#[derive(Debug, Serialize)]
struct SeriesView {
    selector: String,
    labels: Labels,
    /// How much it grew, resets taken into account; for gauges the last value says more.
    increase: f64,
    resets: u64,
    samples_total: u64,
    /// The first and the last ones, as Unix seconds and value.
    samples: Vec<(f64, String)>,
}

/// `GET /slos/{service}/{slo}/explain?at=&goal=&from=&to=`
pub(super) async fn explain(
    State(app): State<App>,
    Path((service, slo)): Path<(String, String)>,
    asked: Result<Query<ExplainQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = query(asked)?;
    let name = slo_name(&service, &slo)?;
    let slo = app.slo(&name).ok_or_else(|| unknown(&name))?;
    let now = app.clock.now();
    let at = asked.at.map_or(now, |it| it.0);
    if now < at {
        return Err(Problem::bad_request("`at` lies in the future; nobody knows that budget"));
    }
    let of = Arc::clone(&app);
    let explained = off_thread(move || explanation(&of, &slo, at, &asked)).await??;
    Ok(Json(explained).into_response())
}

fn explanation(
    app: &Shared,
    slo: &Slo,
    at: Timestamp,
    asked: &ExplainQuery,
) -> Result<Explanation, Problem> {
    let index = asked.goal.unwrap_or(0);
    let told = past::with_tracker(app, slo, at, |tracker, source| {
        let goal = slo_view_at(tracker, &slo.name, at)?.goals.into_iter().nth(index)?;
        let (slices, bad_elsewhere) = heaviest(tracker, slo, &goal, at);
        Some((goal, slices, bad_elsewhere, source, tracker.selectors(&slo.name)))
    })?;
    let (goal, slices, bad_elsewhere, source, selectors) =
        told.ok_or_else(|| Problem::not_found("budget", &format!("{} number {index}", slo.name)))?;
    let to = asked.to.map_or(goal.budget.to.min(at), |it| it.0);
    let from = asked.from.map_or(goal.budget.from, |it| it.0);
    let note = selectors.is_empty().then_some(SERIESLESS);
    let mut found = Found::default();
    for matchers in &selectors {
        found.read(app, matchers, from, to)?;
    }
    let (series, series_left_out) = found.heaviest();
    Ok(Explanation {
        slo: slo.name.to_string(),
        as_of: at,
        source: source.word(),
        budget: goal,
        slices,
        bad_elsewhere,
        from,
        to,
        series,
        series_left_out,
        note,
    })
}

/// The slices of a budget's window that hold the most bad events, and how many lie elsewhere.
fn heaviest(tracker: &Tracker, slo: &Slo, goal: &GoalView, at: Timestamp) -> (Vec<SliceView>, u64) {
    let (from, to) = (goal.budget.from, goal.budget.to.min(at));
    let step = jiff::SignedDuration::from_secs(1);
    let mut slices = tracker.slices(&slo.name, from, to, step, POINTS_MAX);
    slices.sort_by_key(|it| std::cmp::Reverse((it.counts.bad, it.to)));
    slices.retain(|it| 0 < it.counts.bad);
    slices.truncate(SLICES_MAX);
    slices.sort_by_key(|it| it.to);
    let shown: u64 = slices.iter().map(|it| it.counts.bad).sum();
    let view = |it: &nines_slo::Slice| SliceView {
        from: it.from,
        to: it.to,
        good: it.counts.good(),
        bad: it.counts.bad,
        total: it.counts.total,
    };
    (slices.iter().map(view).collect(), goal.budget.bad.saturating_sub(shown))
}

/// The series of a stretch of time.
#[derive(Debug, Default)]
struct Found {
    series: Vec<SeriesView>,
}

impl Found {
    fn read(
        &mut self,
        app: &Shared,
        matchers: &[nines_base::Matcher],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<(), Problem> {
        let limits = SelectLimits { series_max: SERIES_READ_MAX, samples_max: SAMPLES_READ_MAX };
        let (from_ms, to_ms) = (from.as_millisecond(), to.as_millisecond());
        let selector = selector_text(matchers);
        let visited = app.metrics.store.visit(matchers, from_ms, to_ms, &limits, &mut |it| {
            self.series.push(series_view(&selector, it.labels, it.samples));
            ControlFlow::Continue(())
        });
        visited.map_err(|error| {
            Problem::bad_request(format!(
                "{error}; look into a shorter stretch with `from` and `to`"
            ))
        })
    }

    fn heaviest(mut self) -> (Vec<SeriesView>, usize) {
        self.series.sort_by(|a, b| {
            b.increase.total_cmp(&a.increase).then_with(|| a.labels.cmp(&b.labels))
        });
        self.series.dedup_by(|a, b| a.labels == b.labels);
        let left_out = self.series.len().saturating_sub(SERIES_MAX);
        self.series.truncate(SERIES_MAX);
        (self.series, left_out)
    }
}

fn series_view(selector: &str, labels: &Labels, samples: &[Sample]) -> SeriesView {
    let known: Vec<&Sample> = samples.iter().filter(|it| !is_stale(it.value)).collect();
    let (mut increase, mut resets, mut before) = (0.0, 0, None);
    for it in &known {
        match before {
            Some(before) if it.value < before => {
                resets += 1;
                increase += it.value;
            }
            Some(before) => increase += it.value - before,
            None => {}
        }
        before = Some(it.value);
    }
    let half = SAMPLES_MAX / 2;
    let is_shown = |index: usize| index < half || known.len() <= index + half;
    let shown = known.iter().enumerate().filter(|(index, _)| is_shown(*index));
    SeriesView {
        selector: selector.to_owned(),
        labels: labels.clone(),
        // JSON knows no such numbers.
        increase: if f64::is_finite(increase) { increase } else { 0.0 },
        resets,
        samples_total: known.len() as u64,
        samples: shown.map(|(_, it)| (it.at_ms as f64 / 1e3, it.value.to_string())).collect(),
    }
}
