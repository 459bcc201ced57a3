//! What is, as JSON.

use axum::Json;
use axum::extract::{Path, Query, State};
use nines_alert::AlertKey;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::problem::Problem;
use crate::views::{
    AlertView, InboxOnly, IncidentDetail, IncidentView, PageView, ROWS_MAX, alert_view,
    alert_views, incident_views, page_views,
};

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
    let view = app.engine.read(|state| Some(alert_view(state, key, state.alert(key)?)));
    view.map(Json).ok_or_else(|| Problem::not_found("alert", &key.to_string()))
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
