//! The frames of answers: `{"status":"success","data":…}`, and errors in Prometheus' shape.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use nines_promql::{QueryError, SourceError};
use serde::Serialize;
use serde_json::json;

/// Said when a list was cut.
///
/// Source: Prometheus, `web/api/v1`.
pub(super) const CUT: &str = "results truncated due to limit";
/// What a client that hung up would be answered; proxies between us know this number.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// `{"status":"success","data":…}`.
pub(super) fn success(data: impl Serialize) -> Response {
    Json(json!({ "status": "success", "data": data })).into_response()
}

/// An error in Prometheus' shape.
#[derive(Debug)]
pub(super) struct PromError {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl PromError {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into() }
    }

    /// The request itself is wrong.
    pub(super) fn bad_data(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_data", message)
    }

    /// One parameter of the request is wrong.
    pub(super) fn bad_parameter(name: &str, problem: impl std::fmt::Display) -> Self {
        Self::bad_data(format!("invalid parameter {name:?}: {problem}"))
    }

    /// The request is fine, the answer is not.
    pub(super) fn execution(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "execution", message)
    }

    /// What was asked for is not there.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// Not now, or not with these settings.
    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
    }

    /// Time was up.
    pub(super) fn timeout(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", message)
    }

    /// The client has gone.
    pub(super) fn canceled() -> Self {
        let status = StatusCode::from_u16(CLIENT_CLOSED_REQUEST);
        let status = status.unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        Self::new(status, "canceled", "query was canceled")
    }

    /// Something of ours failed.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    /// What is wrong.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// For clients that read text, such as of `/federate`.
    pub(super) fn into_text(self) -> Response {
        (self.status, format!("{}\n", self.message)).into_response()
    }
}

impl IntoResponse for PromError {
    fn into_response(self) -> Response {
        let Self { status, kind, message } = self;
        let body = json!({ "status": "error", "errorType": kind, "error": message });
        let mut response = (status, Json(body)).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let soon = HeaderValue::from_static("1");
            response.headers_mut().insert(header::RETRY_AFTER, soon);
        }
        response
    }
}

impl From<QueryError> for PromError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Parse { message, .. } => Self::bad_data(message),
            QueryError::Cancelled => Self::timeout("query timed out in expression evaluation"),
            QueryError::Source(error) => error.into(),
            error => Self::execution(chain(&error)),
        }
    }
}

impl From<SourceError> for PromError {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Failed { .. } => Self::internal(chain(&error)),
            error => Self::execution(chain(&error)),
        }
    }
}

/// An error with its sources, as one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut out = error.to_string();
    let mut source = error.source();
    while let Some(it) = source {
        let text = it.to_string();
        if !out.ends_with(&text) {
            out = format!("{out}: {text}");
        }
        source = it.source();
    }
    out
}

/// As Go prints floats in full.
pub(super) fn number(value: f64) -> String {
    let mut out = Vec::new();
    super::json::number(&mut out, value);
    String::from_utf8(out).unwrap_or_default()
}
