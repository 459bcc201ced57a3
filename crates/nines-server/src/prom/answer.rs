//! The shapes of answers: `{"status":"success","data":…}`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use nines_base::{Labels, Sample};
use nines_promql::{Answer, QueryError, SourceError, Value};
use serde::Serialize;
use serde_json::json;

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
    /// The request itself is wrong.
    pub(super) fn bad_data(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind: "bad_data", message: message.into() }
    }

    /// The request is fine, the answer is not.
    pub(super) fn execution(message: impl Into<String>) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self { status, kind: "execution", message: message.into() }
    }

    /// Something of ours failed.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self { status, kind: "internal", message: message.into() }
    }
}

impl IntoResponse for PromError {
    fn into_response(self) -> Response {
        let Self { status, kind, message } = self;
        let body = json!({ "status": "error", "errorType": kind, "error": message });
        (status, Json(body)).into_response()
    }
}

impl From<QueryError> for PromError {
    fn from(error: QueryError) -> Self {
        let message = chain(&error);
        match error {
            QueryError::Parse { .. } => Self::bad_data(message),
            QueryError::Cancelled => Self {
                status: StatusCode::SERVICE_UNAVAILABLE,
                kind: "timeout",
                message: format!("{message}; the limit is {} s", super::QUERY_TIME_MAX.as_secs()),
            },
            QueryError::Source(SourceError::Failed { .. }) => Self::internal(message),
            _ => Self::execution(message),
        }
    }
}

/// An error with its sources, as one line.
fn chain(error: &dyn std::error::Error) -> String {
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

/// The data of a query's answer, with notes beside it.
pub(super) fn answer(answer: &Answer) -> Response {
    let (kind, result) = match &answer.value {
        Value::Scalar(sample) => ("scalar", json!(point(*sample))),
        Value::String { at_ms, value } => ("string", json!([seconds(*at_ms), value])),
        Value::Vector(vector) => {
            let vector = vector.iter().map(|it| {
                let value = point(Sample { at_ms: it.at_ms, value: it.value });
                json!({ "metric": metric(&it.labels), "value": value })
            });
            ("vector", vector.collect())
        }
        Value::Matrix(matrix) => {
            let matrix = matrix.iter().map(|it| {
                let values: Vec<_> = it.samples.iter().map(|it| point(*it)).collect();
                json!({ "metric": metric(&it.labels), "values": values })
            });
            ("matrix", matrix.collect())
        }
    };
    let mut body = json!({ "status": "success", "data": { "resultType": kind, "result": result } });
    for (name, notes) in [("warnings", &answer.warnings), ("infos", &answer.infos)] {
        if !notes.is_empty() {
            body[name] = json!(notes);
        }
    }
    Json(body).into_response()
}

/// Labels as a JSON object.
pub(super) fn metric(labels: &Labels) -> serde_json::Value {
    json!(labels)
}

/// Time as a number, value as a text: JSON has no NaN.
fn point(sample: Sample) -> (serde_json::Value, String) {
    (seconds(sample.at_ms), number(sample.value))
}

/// Seconds with at most three decimals; whole ones without a point.
fn seconds(at_ms: i64) -> serde_json::Value {
    if at_ms % 1_000 == 0 { json!(at_ms / 1_000) } else { json!(at_ms as f64 / 1_000.0) }
}

/// As Go prints floats in full.
pub(super) fn number(value: f64) -> String {
    if value == f64::INFINITY {
        "+Inf".to_owned()
    } else if value == f64::NEG_INFINITY {
        "-Inf".to_owned()
    } else {
        value.to_string()
    }
}
