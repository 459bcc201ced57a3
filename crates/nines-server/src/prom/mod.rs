//! The Prometheus HTTP API, as its clients know it.

mod answer;
mod params;
mod query;
mod rules;
mod series;
mod status;
mod write;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

pub(crate) use query::QUERY_TIME_MAX;

/// The routes below `/api/v1`, and `/-/…`.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/api/v1/query", get(query::instant).post(query::instant))
        .route("/api/v1/query_range", get(query::range).post(query::range))
        .route("/api/v1/labels", get(series::labels).post(series::labels))
        .route("/api/v1/label/{name}/values", get(series::label_values))
        .route("/api/v1/series", get(series::series).post(series::series))
        .route("/api/v1/metadata", get(status::metadata))
        .route("/api/v1/targets", get(status::targets))
        .route("/api/v1/rules", get(rules::rules))
        .route("/api/v1/alerts", get(rules::alerts))
        .route("/api/v1/status/buildinfo", get(status::build_info))
        .route("/api/v1/status/runtimeinfo", get(status::runtime_info))
        .route("/api/v1/write", post(write::write))
        .route("/-/healthy", get(status::healthy))
        .route("/-/ready", get(status::ready))
}
