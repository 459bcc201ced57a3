//! SLOs, their budgets and their slices.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use nines_slo::{Counts, Slo, SloName, WindowCounts};
use serde::{Deserialize, Serialize};

use super::time::{Instant, step};
use crate::absence::{self, Missing};
use crate::app::{App, Shared};
use crate::overlays::OverlayView;
use crate::past;
use crate::problem::Problem;
use crate::slo_views::{GroupView, STATES, SloOrder, SloView, group_views, slo_view_at};
use crate::spent::{Causes, SpentView, spent};

/// The most SLOs of one answer.
const LIST_MAX: usize = 10_000;
/// The most points of one chart.
const POINTS_MAX: usize = 2_000;

/// A query that cannot be read is the caller's mistake, and told as such.
pub(super) fn query<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Problem> {
    query.map(|it| it.0).map_err(|error| Problem::bad_request(error.body_text()))
}

pub(super) fn slo_name(service: &str, slo: &str) -> Result<SloName, Problem> {
    format!("{service}/{slo}").parse().map_err(|error| Problem::bad_request(format!("{error}")))
}

pub(super) fn unknown(name: &SloName) -> Problem {
    Problem::not_found("SLO", &name.to_string())
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    service: Option<String>,
    /// `page`, `spent`, …; several are separated by commas.
    state: Option<String>,
    sort: Option<String>,
    limit: Option<usize>,
    /// The name of the last SLO of the page before.
    cursor: Option<String>,
}

/// `GET /slos?service=&state=&sort=&limit=&cursor=`: the whole list in one answer, unless `limit` cuts it; then the
/// header `Link` leads on.
pub(super) async fn list(
    State(app): State<App>,
    asked: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = query(asked)?;
    let order = order(asked.sort.as_deref())?;
    let states = states(asked.state.as_deref())?;
    let mut views = app.slo_views();
    views.retain(|it| {
        let is_of = asked.service.as_ref().is_none_or(|service| it.service == *service);
        is_of && (states.is_empty() || states.contains(&it.state))
    });
    order.sort(&mut views);
    if let Some(cursor) = &asked.cursor {
        let last = views.iter().position(|it| it.slo.to_string() == *cursor);
        let last = last.ok_or_else(|| {
            let problem =
                "the list has changed and has no such SLO any more; begin without `cursor`";
            Problem::bad_request(format!("`cursor` is {cursor}: {problem}"))
        })?;
        views.drain(..=last);
    }
    let limit = asked.limit.unwrap_or(LIST_MAX).clamp(1, LIST_MAX);
    let is_cut = limit < views.len();
    views.truncate(limit);
    let next = views.last().filter(|_| is_cut).map(|it| next_page(&asked, &it.slo));
    let mut response = Json(views).into_response();
    if let Some(Ok(next)) = next.map(|it| HeaderValue::from_str(&it)) {
        response.headers_mut().insert(header::LINK, next);
    }
    Ok(response)
}

fn order(word: Option<&str>) -> Result<SloOrder, Problem> {
    let Some(word) = word else { return Ok(SloOrder::default()) };
    let known = SloOrder::WORDS;
    known.iter().find(|(it, _)| *it == word).map(|it| it.1).ok_or_else(|| {
        let words = known.map(|it| it.0).join(", ");
        Problem::bad_request(format!("`sort` is one of {words}; not {word:?}"))
    })
}

fn states(words: Option<&str>) -> Result<Vec<String>, Problem> {
    let words = words.into_iter().flat_map(|it| it.split(','));
    // In addresses a space is a nuisance.
    let words: Vec<String> = words.map(|it| it.trim().replace(['_', '+'], " ")).collect();
    match words.iter().find(|it| !STATES.contains(&it.as_str())) {
        Some(unknown) => {
            let known = STATES.join(", ").replace("no ", "no_");
            Err(Problem::bad_request(format!("`state` is one of {known}; not {unknown:?}")))
        }
        None => Ok(words),
    }
}

/// The value of `Link` that leads to the rows after `last`.
fn next_page(asked: &ListQuery, last: &SloName) -> String {
    let limit = asked.limit.map(|it| it.to_string());
    let last = last.to_string();
    let pairs = [
        ("service", asked.service.as_deref()),
        ("state", asked.state.as_deref()),
        ("sort", asked.sort.as_deref()),
        ("limit", limit.as_deref()),
        ("cursor", Some(last.as_str())),
    ];
    let given = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
    format!("</api/nines/v1/slos?{text}>; rel=\"next\"")
}

/// An SLO with everything that belongs to it.
#[derive(Debug, Serialize)]
struct SloDetail {
    #[serde(flatten)]
    slo: SloView,
    /// By the labels that it is grouped by, worst first.
    groups: Vec<GroupView>,
    exclusions: Vec<OverlayView>,
    /// What its selectors find, while there are no data.
    missing: Vec<Missing>,
}

/// `GET /slos/{service}/{slo}`: the definition with its versions, every objective and window as it stands.
pub(super) async fn one(
    State(app): State<App>,
    Path((service, slo)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let name = slo_name(&service, &slo)?;
    let view = app.slo_view(&name).ok_or_else(|| unknown(&name))?;
    let missing = match app.slo(&name).filter(|_| view.state == "no data") {
        Some(slo) => absence::explain(&app, &slo),
        None => Vec::new(),
    };
    let exclusions = app.overlay_views(Some(&name));
    let groups = match app.slo(&name).filter(|it| it.grouping.is_some()) {
        Some(slo) => group_views(&app.metrics.tracker(), &slo, app.clock.now()),
        None => Vec::new(),
    };
    Ok(Json(SloDetail { slo: view, groups, exclusions, missing }).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BudgetQuery {
    /// As it stood then.
    at: Option<Instant>,
    /// Which of its budgets `spent` is about, counted from 0.
    goal: Option<usize>,
    /// Events after this instant …
    from: Option<Instant>,
    /// … and not after this one.
    to: Option<Instant>,
}

/// Every budget at an instant, or the events of a stretch of time.
#[derive(Debug, Serialize)]
struct BudgetDetail {
    #[serde(flatten)]
    slo: SloView,
    as_of: Timestamp,
    /// `live`: as counted while samples came; `rebuilt`: counted again from the samples in the store.
    source: &'static str,
    /// The events of the stretch that was asked for.
    stretch: Option<Stretch>,
    exclusions: Vec<OverlayView>,
    /// What ate the budget.
    spent: SpentView,
}

#[derive(Debug, Serialize)]
struct Stretch {
    from: Timestamp,
    to: Timestamp,
    good: u64,
    bad: u64,
    total: u64,
    known_seconds: i64,
}

impl From<&WindowCounts> for Stretch {
    fn from(window: &WindowCounts) -> Self {
        let WindowCounts { from, to, counts, known } = *window;
        let Counts { total, bad } = counts;
        Self { from, to, good: counts.good(), bad, total, known_seconds: known.as_secs() }
    }
}

/// `GET /slos/{service}/{slo}/budget?at=&goal=&from=&to=`
pub(super) async fn budget(
    State(app): State<App>,
    Path((service, slo)): Path<(String, String)>,
    asked: Result<Query<BudgetQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let BudgetQuery { at, goal, from, to } = query(asked)?;
    let name = slo_name(&service, &slo)?;
    let (now, slo) = (app.clock.now(), app.slo(&name).ok_or_else(|| unknown(&name))?);
    let to = to.map_or(now, |it| it.0);
    let from = from.map(|it| it.0);
    if from.is_some_and(|from| to <= from) {
        return Err(Problem::bad_request("`from` lies before `to`"));
    }
    let at = at.map_or(now, |it| it.0);
    if now < at {
        return Err(Problem::bad_request("`at` lies in the future; nobody knows that budget"));
    }
    let of = Arc::clone(&app);
    let goal = goal.unwrap_or(0);
    off_thread(move || budget_detail(&of, (&slo, goal), at, from.map(|from| (from, to)))).await?
}

fn budget_detail(
    app: &Shared,
    (slo, goal): (&Slo, usize),
    at: Timestamp,
    stretch: Option<(Timestamp, Timestamp)>,
) -> Result<Response, Problem> {
    let causes = app.engine.read(|state| Causes::of(state, &slo.name, at));
    let told = past::with_tracker(app, slo, at, |tracker, source| {
        let view = slo_view_at(tracker, &slo.name, at);
        let stretch = stretch.and_then(|(from, to)| {
            tracker.window(&slo.name, to.duration_since(from), to).map(|it| Stretch::from(&it))
        });
        let spent = spent(tracker, (&slo.name, goal), &causes, at);
        Some((view?, source.word(), stretch, spent?))
    })?;
    let missing = || Problem::not_found("budget", &format!("{} number {goal}", slo.name));
    let (slo_view, source, stretch, spent) = told.ok_or_else(missing)?;
    let exclusions = app.overlay_views(Some(&slo.name));
    let detail = BudgetDetail { slo: slo_view, as_of: at, source, stretch, exclusions, spent };
    Ok(Json(detail).into_response())
}

/// What takes longer than half a millisecond does not run on the threads that answer.
pub(super) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Problem::unavailable("the answer could not be computed; the log says why"))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SlicesQuery {
    from: Option<Instant>,
    to: Option<Instant>,
    step: Option<String>,
}

#[derive(Debug, Serialize)]
struct SliceView {
    from: Timestamp,
    to: Timestamp,
    good: u64,
    bad: u64,
    total: u64,
}

/// `GET /slos/{service}/{slo}/slices?from=&to=&step=`
pub(super) async fn slices(
    State(app): State<App>,
    Path((service, slo)): Path<(String, String)>,
    asked: Result<Query<SlicesQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = query(asked)?;
    let name = slo_name(&service, &slo)?;
    let to = asked.to.map_or_else(|| app.clock.now(), |it| it.0);
    let from = asked.from.map_or(to - SignedDuration::from_hours(1), |it| it.0);
    let step = step(asked.step.as_deref(), SignedDuration::from_secs(60))?;
    if to <= from {
        return Err(Problem::bad_request("`from` lies before `to`"));
    }
    if POINTS_MAX as i128 * step.as_millis() < to.duration_since(from).as_millis() {
        let detail = format!("that is more than {POINTS_MAX} points; use a longer `step`");
        return Err(Problem::bad_request(detail));
    }
    app.slo(&name).ok_or_else(|| unknown(&name))?;
    let slices = app.metrics.tracker().slices(&name, from, to, step, POINTS_MAX);
    let view = |it: &nines_slo::Slice| SliceView {
        from: it.from,
        to: it.to,
        good: it.counts.good(),
        bad: it.counts.bad,
        total: it.counts.total,
    };
    Ok(Json(slices.iter().map(view).collect::<Vec<_>>()).into_response())
}
