//! What is, as JSON.

use axum::Json;
use axum::extract::{Path, Query, State};
use jiff::{SignedDuration, Timestamp};
use nines_alert::AlertKey;
use nines_base::parse_duration;
use nines_engine::why;
use nines_slo::SloName;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::app::{App, OnCall};
use crate::problem::Problem;
use crate::views::{
    AlertView, InboxOnly, IncidentDetail, IncidentView, PageView, ROWS_MAX, SloView, alert_view,
    alert_views, incident_views, page_views,
};

/// The most points of one chart.
const POINTS_MAX: usize = 2_000;

/// `GET /overview`: the whole first screen in one answer.
pub(super) async fn overview(State(app): State<App>) -> Json<Value> {
    let slos = app.slo_views();
    let (alerts, incidents, seq) = app.engine.read(|state| {
        let firing = alert_views(state).into_iter().filter(|it| it.state == "firing");
        let open = incident_views(state).into_iter().filter(|it| it.open);
        (firing.collect::<Vec<_>>(), open.collect::<Vec<_>>(), state.seq)
    });
    let now = app.clock.now();
    Json(json!({
        "as_of": now,
        "seq": seq,
        "slos": slos,
        "alerts": alerts,
        "incidents": incidents,
        "on_call": app.on_call(now),
        "problem": app.health.problem(),
        "demo": app.is_demo,
    }))
}

/// `GET /slos`
pub(super) async fn slos(State(app): State<App>) -> Json<Vec<SloView>> {
    Json(app.slo_views())
}

fn slo_name(service: &str, slo: &str) -> Result<SloName, Problem> {
    format!("{service}/{slo}").parse().map_err(|error| Problem::bad_request(format!("{error}")))
}

/// `GET /slos/{service}/{slo}`, also as `…/budget`
pub(super) async fn slo(
    State(app): State<App>,
    Path((service, slo)): Path<(String, String)>,
) -> Result<Json<SloView>, Problem> {
    let name = slo_name(&service, &slo)?;
    let view = app.slo_view(&name).ok_or_else(|| Problem::not_found("SLO", &name.to_string()))?;
    Ok(Json(view))
}

#[derive(Debug, Deserialize)]
pub(super) struct SlicesQuery {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    step: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct SliceView {
    to: Timestamp,
    good: u64,
    bad: u64,
    total: u64,
}

/// `GET /slos/{service}/{slo}/slices?from=&to=&step=`
pub(super) async fn slices(
    State(app): State<App>,
    Path((service, slo)): Path<(String, String)>,
    Query(query): Query<SlicesQuery>,
) -> Result<Json<Vec<SliceView>>, Problem> {
    let name = slo_name(&service, &slo)?;
    let to = query.to.unwrap_or_else(|| app.clock.now());
    let from = query.from.unwrap_or(to - SignedDuration::from_hours(1));
    let step = match &query.step {
        Some(step) => parse_duration(step).map_err(|it| Problem::bad_request(it.to_string()))?,
        None => SignedDuration::from_secs(60),
    };
    if step < SignedDuration::from_secs(1) || to <= from {
        return Err(Problem::bad_request("`from` lies before `to`, and `step` is 1s or longer"));
    }
    if POINTS_MAX as i128 * step.as_millis() < to.duration_since(from).as_millis() {
        let detail = format!("that is more than {POINTS_MAX} points; use a longer `step`");
        return Err(Problem::bad_request(detail));
    }
    let tracker = app.metrics.tracker();
    if tracker.status(&name, to).is_none() {
        return Err(Problem::not_found("SLO", &name.to_string()));
    }
    let slices = tracker.slices(&name, from, to, step, POINTS_MAX);
    let view = |it: &nines_slo::Slice| SliceView {
        to: it.to,
        good: it.counts.total.saturating_sub(it.counts.bad),
        bad: it.counts.bad,
        total: it.counts.total,
    };
    Ok(Json(slices.iter().map(view).collect()))
}

/// `GET /alerts`
pub(super) async fn alerts(State(app): State<App>) -> Json<Vec<AlertView>> {
    Json(app.engine.read(alert_views))
}

fn alert_key(text: &str) -> Result<AlertKey, Problem> {
    text.parse().map_err(|_| Problem::not_found("alert", text))
}

/// `GET /alerts/{key}`
pub(super) async fn alert(
    State(app): State<App>,
    Path(key): Path<String>,
) -> Result<Json<AlertView>, Problem> {
    let key = alert_key(&key)?;
    let view = app.engine.read(|state| Some(alert_view(state, key, state.alerts.get(&key)?)));
    view.map(Json).ok_or_else(|| Problem::not_found("alert", &key.to_string()))
}

#[derive(Debug, Deserialize)]
pub(super) struct WhyQuery {
    alert: String,
}

/// `GET /why?alert=`: the key, `service/slo`, `service/SLOBurn`, or a service.
pub(super) async fn why(
    State(app): State<App>,
    Query(query): Query<WhyQuery>,
) -> Result<Json<Vec<why::Chain>>, Problem> {
    let asked = query.alert.trim().to_owned();
    let chains = app.engine.read(|state| {
        let matching = alert_views(state).into_iter().filter(|it| is_called(it, &asked));
        matching.filter_map(|it| why::why(state, it.key)).collect::<Vec<_>>()
    });
    if chains.is_empty() {
        return Err(Problem::not_found("alert", &asked));
    }
    Ok(Json(chains))
}

fn is_called(alert: &AlertView, asked: &str) -> bool {
    let slo = alert.slo.as_ref().map(|it| format!("{}/{it}", alert.service));
    let name = format!("{}/{}", alert.service, alert.labels.value("alertname"));
    let incident = alert.incident.map(|it| format!("INC-{it}"));
    asked == alert.key.to_string()
        || asked == alert.service
        || asked == name
        || slo.as_deref() == Some(asked)
        || incident.as_deref() == Some(asked)
}

#[derive(Debug, Deserialize)]
pub(super) struct PagesQuery {
    person: Option<String>,
}

/// `GET /pages?person=`: messages, newest first.
pub(super) async fn pages(
    State(app): State<App>,
    Query(query): Query<PagesQuery>,
) -> Json<Vec<PageView>> {
    Json(app.engine.read(|state| page_views(state, query.person.as_deref(), InboxOnly::No)))
}

/// `GET /oncall`
pub(super) async fn on_call(State(app): State<App>) -> Json<Vec<OnCall>> {
    Json(app.on_call(app.clock.now()))
}

/// `GET /changes`: newest first.
pub(super) async fn changes(State(app): State<App>) -> Json<Value> {
    let changes = app.engine.read(|state| {
        let newest = state.changes.iter().rev().take(ROWS_MAX);
        newest.map(|it| json!(it.change)).collect::<Vec<_>>()
    });
    Json(json!(changes))
}

/// `GET /config`: what decides, and what was found in the files.
pub(super) async fn config(State(app): State<App>) -> Json<Value> {
    let loaded = app.loaded();
    Json(json!({
        "revision": loaded.spec.revision,
        "files": loaded.spec.files,
        "current": loaded.is_current,
        "read_at": loaded.read_at,
        "findings": loaded.findings,
    }))
}

/// `GET /incidents`
pub(super) async fn incidents(State(app): State<App>) -> Json<Vec<IncidentView>> {
    Json(app.engine.read(incident_views))
}

/// `GET /incidents/{number}`
pub(super) async fn incident(
    State(app): State<App>,
    Path(number): Path<u64>,
) -> Result<Json<IncidentDetail>, Problem> {
    let detail = app.incident_detail(number);
    detail.map(Json).ok_or_else(|| Problem::not_found("incident", &format!("INC-{number}")))
}
