//! Calls that manage the store, and calls of another time.

use std::path::PathBuf;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use nines_tsdb::SnapshotError;
use serde_json::json;

use super::answer::{PromError, success};
use super::series::off_thread;
use crate::app::{App, Shared};

/// Below the data folder; as in Prometheus.
const SNAPSHOTS: &str = "snapshots";

/// Alertmanager's first API lived here too; it was removed there as well.
pub(super) async fn gone() -> Response {
    let message = "Alertmanager's API v1 is gone; send alerts to /api/v2/alerts\n";
    (StatusCode::GONE, message).into_response()
}

/// `/api/v1/admin/tsdb/snapshot`: a copy of the store below the data folder, which can be opened as a store.
pub(super) async fn snapshot(State(app): State<App>) -> Result<Response, PromError> {
    check_is_enabled(&app)?;
    let name = name_of(app.clock.now());
    let target = app.data_dir.join(SNAPSHOTS).join(&name);
    take(app, target).await?;
    Ok(success(json!({ "name": name })))
}

/// Copies the store to `target` while everything goes on.
async fn take(app: App, target: PathBuf) -> Result<(), PromError> {
    let taken = off_thread(move || app.metrics.store.snapshot(&target)).await?;
    taken.map_err(|error| match error {
        SnapshotError::Exists { .. } => PromError::execution(error.to_string()),
        error => PromError::internal(super::answer::chain(&error)),
    })
}

/// `/api/v1/admin/tsdb/delete_series`: refused, because nothing here takes single series away.
pub(super) async fn delete_series(State(app): State<App>) -> Result<Response, PromError> {
    check_is_enabled(&app)?;
    let message = "nines does not delete series; they go with the retention, or are left out by metric_relabel_configs";
    Err(PromError::execution(message))
}

/// `/api/v1/admin/tsdb/clean_tombstones`: without deleted series there is nothing to clean.
pub(super) async fn clean_tombstones(State(app): State<App>) -> Result<Response, PromError> {
    check_is_enabled(&app)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn check_is_enabled(app: &Shared) -> Result<(), PromError> {
    if app.prom.admin_api.is_on() {
        return Ok(());
    }
    Err(PromError::unavailable("admin APIs disabled; start with --web.enable-admin-api"))
}

/// Sortable, and different for every millisecond: `20261125T132336Z-0000000000000123`.
fn name_of(now: Timestamp) -> String {
    let second = now.strftime("%Y%m%dT%H%M%SZ");
    let rest = now.as_millisecond().rem_euclid(1_000);
    format!("{second}-{rest:016x}")
}
