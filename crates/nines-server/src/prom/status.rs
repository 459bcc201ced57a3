//! What is scraped, what is alerted on, and what we are.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use nines_base::Labels;
use nines_ingest::Health as TargetHealth;
use serde_json::json;

use super::answer::{number, success};
use crate::app::App;

/// `/api/v1/metadata`: no metric's type is kept yet.
pub(super) async fn metadata() -> Response {
    success(json!({}))
}

/// `/api/v1/targets`
pub(super) async fn targets(State(app): State<App>) -> Response {
    let active: Vec<_> = app
        .targets
        .snapshot()
        .into_iter()
        .map(|it| {
            json!({
                "discoveredLabels": { "__address__": it.address, "job": it.job },
                "labels": it.labels,
                "scrapePool": it.job,
                "scrapeUrl": it.url,
                "globalUrl": it.url,
                "lastError": it.last_error.unwrap_or_default(),
                "lastScrape": it.last_scrape,
                "lastScrapeDuration": it.last_duration.map_or(0.0, |it| it.as_secs_f64()),
                "health": health_word(it.health),
                "scrapeInterval": nines_base::format_duration(it.interval),
                "scrapeTimeout": nines_base::format_duration(it.timeout),
            })
        })
        .collect();
    success(json!({ "activeTargets": active, "droppedTargets": [], "droppedTargetCounts": {} }))
}

fn health_word(health: TargetHealth) -> &'static str {
    match health {
        TargetHealth::Unknown => "unknown",
        TargetHealth::Up => "up",
        TargetHealth::Down => "down",
    }
}

/// `/api/v1/rules`: burn alerts as alerting rules, one group for each objective.
pub(super) async fn rules(State(app): State<App>) -> Response {
    let alerts = firing(&app);
    let groups: Vec<_> = app
        .spec()
        .slos
        .iter()
        .map(|slo| {
            let of_slo: Vec<_> = alerts
                .iter()
                .filter(|(labels, _)| {
                    labels.value("service") == slo.name.service && labels.value("slo") == slo.name.slo
                })
                .map(|(_, alert)| alert)
                .collect();
            let state = if of_slo.is_empty() { "inactive" } else { "firing" };
            json!({
                "name": slo.name.to_string(),
                "file": slo.origin.to_string(),
                "interval": 15,
                "limit": 0,
                "rules": [{
                    "type": "alerting",
                    "name": nines_engine::SLO_ALERT,
                    "query": format!("error budget of {} over {}", slo.objective, nines_base::format_duration(slo.window)),
                    "duration": 0,
                    "keepFiringFor": 0,
                    "labels": slo.labels,
                    "annotations": {},
                    "alerts": of_slo,
                    "health": "ok",
                    "state": state,
                }],
            })
        })
        .collect();
    success(json!({ "groups": groups }))
}

/// `/api/v1/alerts`
pub(super) async fn alerts(State(app): State<App>) -> Response {
    let alerts: Vec<_> = firing(&app).into_iter().map(|(_, alert)| alert).collect();
    success(json!({ "alerts": alerts }))
}

fn firing(app: &App) -> Vec<(Labels, serde_json::Value)> {
    app.engine.read(|state| {
        let alert = |record: &nines_engine::AlertRecord| {
            let alert = &record.alert;
            let value = json!({
                "labels": alert.labels,
                "annotations": alert.annotations,
                "state": "firing",
                "activeAt": alert.activation.as_ref().map(|it| it.fired_at),
                "value": number(1.0),
            });
            (alert.labels.clone(), value)
        };
        state.firing().map(|(_, record)| alert(record)).collect()
    })
}

/// `/api/v1/status/buildinfo`: clients look at the version to know what they may ask.
pub(super) async fn build_info() -> Response {
    success(json!({
        "version": "3.0.0",
        "revision": "",
        "branch": "",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
        "application": "nines",
        "applicationVersion": env!("CARGO_PKG_VERSION"),
    }))
}

/// `/api/v1/status/runtimeinfo`
pub(super) async fn runtime_info(State(app): State<App>) -> Response {
    let stats = app.metrics.store.stats();
    let (reloads_well, read_at) = {
        let loaded = app.loaded();
        (loaded.is_current, loaded.read_at)
    };
    success(json!({
        "startTime": app.started_at,
        "CWD": "",
        "reloadConfigSuccess": reloads_well,
        "lastConfigTime": read_at,
        "timeSeriesCount": stats.series,
        "corruptionCount": 0,
        "storageRetention": "",
    }))
}

/// `/-/healthy`
pub(super) async fn healthy() -> &'static str {
    "nines is healthy.\n"
}

/// `/-/ready`: the journal is folded before the port is open, so it is.
pub(super) async fn ready(State(app): State<App>) -> Response {
    match app.health.problem() {
        None => "nines is ready.\n".into_response(),
        Some(problem) => (StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n")).into_response(),
    }
}
