//! What is scraped, and what we are.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use nines_ingest::Health as TargetHealth;
use serde_json::json;

use super::answer::success;
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
