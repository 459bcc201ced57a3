//! Calls that manage the store, and calls of another time.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Alertmanager's first API lived here too; it was removed there as well.
pub(super) async fn gone() -> Response {
    let message = "Alertmanager's API v1 is gone; send alerts to /api/v2/alerts\n";
    (StatusCode::GONE, message).into_response()
}
