//! What this server is: build, run time, flags, store, features.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{PromError, success};
use super::params::Params;
use super::series::off_thread;
use crate::app::App;

/// Clients look at the version to know what they may ask.
const PROMETHEUS_VERSION: &str = "3.0.0";
/// Rows of each list of `status/tsdb`, as in Prometheus.
const CARDINALITY_DEFAULT: usize = 10;
/// The most of them.
const CARDINALITY_MAX: usize = 10_000;

/// `/api/v1/status/buildinfo`
pub(super) async fn build_info() -> Response {
    success(json!({
        "version": PROMETHEUS_VERSION,
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
    let (reloaded_well, read_at) = {
        let loaded = app.loaded();
        (loaded.is_current, loaded.read_at)
    };
    success(json!({
        "startTime": app.started_at,
        "CWD": std::env::current_dir().map(|it| it.display().to_string()).unwrap_or_default(),
        "hostname": rustix::system::uname().nodename().to_string_lossy(),
        "serverTime": app.clock.now(),
        "reloadConfigSuccess": reloaded_well,
        "lastConfigTime": read_at,
        "timeSeriesCount": stats.series,
        "corruptionCount": app.damages,
        "goroutineCount": 0,
        "GOMAXPROCS": std::thread::available_parallelism().map_or(1, usize::from),
        "GOMEMLIMIT": 0,
        "GOGC": "",
        "GODEBUG": "",
        "storageRetention": app.retention.to_string(),
    }))
}

/// `/api/v1/status/config`: what was read, without what is secret.
pub(super) async fn config(State(app): State<App>) -> Response {
    success(json!({ "yaml": app.loaded().text }))
}

/// `/api/v1/alertmanagers`: those that hear of alerts of rules. Nobody is dropped: they are listed in a file.
pub(super) async fn alertmanagers(State(app): State<App>) -> Response {
    let spec = app.spec();
    let managers = spec.rule_settings.alertmanagers.iter();
    let active: Vec<_> = managers.map(|it| json!({ "url": it.url })).collect();
    success(json!({ "activeAlertmanagers": active, "droppedAlertmanagers": [] }))
}

/// `/api/v1/status/flags`
pub(super) async fn flags(State(app): State<App>) -> Response {
    success(&app.prom.flags)
}

/// `/api/v1/status/tsdb`: how large the store is, and what makes it so.
pub(super) async fn tsdb(State(app): State<App>, params: Params) -> Result<Response, PromError> {
    let limit = params.limit("limit", CARDINALITY_MAX)?;
    let limit = if params.get("limit").is_some() { limit } else { CARDINALITY_DEFAULT };
    let (stats, cardinality) =
        off_thread(move || (app.metrics.store.stats(), app.metrics.store.cardinality(limit)))
            .await?;
    let rows = |list: &[(String, usize)]| -> Vec<Value> {
        list.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
    };
    Ok(success(json!({
        "headStats": {
            "numSeries": cardinality.series,
            "numLabelPairs": cardinality.label_pairs,
            "chunkCount": stats.series_active,
            "minTime": stats.min_ms.unwrap_or(i64::MAX),
            "maxTime": stats.max_ms.unwrap_or(i64::MIN),
        },
        "seriesCountByMetricName": rows(&cardinality.series_by_metric),
        "labelValueCountByLabelName": rows(&cardinality.values_by_label),
        "memoryInBytesByLabelName": rows(&cardinality.bytes_by_label),
        "seriesCountByLabelValuePair": rows(&cardinality.series_by_pair),
    })))
}

/// `/api/v1/status/walreplay`: the log is read before the port is open, so it always is.
pub(super) async fn wal_replay() -> Response {
    success(json!({ "min": 0, "max": 0, "current": 0, "state": "done" }))
}

/// `/api/v1/features`: what can be asked of this server, by the names that clients know.
pub(super) async fn features(State(app): State<App>) -> Response {
    let all = |names: &[&str]| -> BTreeMap<String, Value> {
        names.iter().map(|it| ((*it).to_owned(), json!(true))).collect()
    };
    let may_write = |path: &str| app.prom.open.paths.contains(&path);
    success(json!({
        "api": {
            "admin": app.prom.admin_api.is_on(),
            "exclude_alerts": true,
            "label_values_match": true,
            "lifecycle": app.prom.lifecycle.is_on(),
            "otlp_write_receiver": may_write("/api/v1/otlp/v1/metrics"),
            "query_stats": true,
            "query_warnings": true,
            "remote_write_receiver": may_write("/api/v1/write"),
            "time_range_labels": true,
            "time_range_series": true,
        },
        "prometheus": { "agent_mode": false, "auto_reload_config": true, "server_mode": true },
        "promql": all(&[
            "anchored", "at_modifier", "bool", "by", "delayed_name_removal", "duration_expr", "fill", "fill_left",
            "fill_right", "group_left", "group_right", "ignoring", "negative_offset", "offset", "on",
            "per_query_lookback_delta", "smoothed", "subqueries", "without",
        ]),
        "rules": all(&["keep_firing_for", "query_offset"]),
        "tsdb": all(&["exemplar_storage", "native_histograms"]),
    }))
}
