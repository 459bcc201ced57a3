//! The Prometheus HTTP API, as its clients know it.

mod about;
mod admin;
mod answer;
mod cors;
mod exemplars;
mod federate;
mod histogram;
mod json;
mod lifecycle;
mod notifications;
mod otlp;
mod params;
mod proxy;
mod query;
mod result;
mod rules;
mod series;
mod settings;
mod stream;
mod targets;
mod write;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post};

use crate::app::App;

pub use cors::anchored;
pub use settings::{Open, PromSettings, Switch};

/// The routes below `/api/v1`, and `/-/…`.
pub(crate) fn router(app: &App) -> Router<App> {
    Router::new()
        .route("/api/v1/query", get(query::instant).post(query::instant))
        .route("/api/v1/query_range", get(query::range).post(query::range))
        .route("/api/v1/labels", get(series::labels).post(series::labels))
        .route("/api/v1/label/{name}/values", get(series::label_values))
        .route("/api/v1/series", get(series::series).post(series::series))
        .route("/api/v1/query_exemplars", get(exemplars::query).post(exemplars::query))
        .route("/api/v1/format_query", get(query::format).post(query::format))
        .route("/api/v1/parse_query", get(query::parse).post(query::parse))
        .route("/api/v1/metadata", get(targets::of_metrics))
        .route("/api/v1/targets", get(targets::targets))
        .route("/api/v1/targets/metadata", get(targets::metadata))
        .route("/api/v1/scrape_pools", get(targets::scrape_pools))
        .route("/api/v1/rules", get(rules::rules))
        .route("/api/v1/alerts", get(rules::alerts).post(admin::gone))
        .route("/api/v1/silences", any(admin::gone))
        .route("/api/v1/status/buildinfo", get(about::build_info))
        .route("/api/v1/status/runtimeinfo", get(about::runtime_info))
        .route("/api/v1/alertmanagers", get(about::alertmanagers))
        .route("/api/v1/status/config", get(about::config))
        .route("/api/v1/status/flags", get(about::flags))
        .route("/api/v1/status/tsdb", get(about::tsdb))
        .route("/api/v1/status/walreplay", get(about::wal_replay))
        .route("/api/v1/features", get(about::features))
        .route("/api/v1/notifications", get(notifications::list))
        .route("/api/v1/notifications/live", get(notifications::live))
        .route("/api/v1/admin/tsdb/snapshot", post(admin::snapshot).put(admin::snapshot))
        .route(
            "/api/v1/admin/tsdb/delete_series",
            post(admin::delete_series).put(admin::delete_series),
        )
        .route(
            "/api/v1/admin/tsdb/clean_tombstones",
            post(admin::clean_tombstones).put(admin::clean_tombstones),
        )
        .route("/api/v1/write", post(write::write))
        .merge(otlp::router())
        .layer(from_fn_with_state(App::clone(app), cors::allow))
        .route("/federate", get(federate::federate))
        .route("/-/healthy", get(lifecycle::healthy))
        .route("/-/ready", get(lifecycle::ready))
        .route("/-/reload", any(lifecycle::reload))
        .route("/-/quit", any(lifecycle::quit))
}
