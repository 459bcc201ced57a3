//! Why a call of Alertmanager's API is not carried out, in that API's own shapes.
//!
//! Source: Alertmanager's `api/v2/openapi.yaml`, and answers of version 0.25.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use nines_alert::silence;
use nines_engine::Refusal;
use serde_json::json;

use crate::app::AskError;

/// A value is missing that must be there.
const CODE_REQUIRED: u16 = 602;
/// A value is not of its kind.
const CODE_KIND: u16 = 601;
/// A list is too short.
const CODE_FEW: u16 = 612;

/// A refusal: a status, and a JSON text or an object with a code.
#[derive(Debug)]
pub(super) struct AmError {
    status: StatusCode,
    body: serde_json::Value,
}

impl AmError {
    /// The request makes no sense: a JSON text.
    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, body: json!(text.into()) }
    }

    /// The body is no JSON, or JSON of another shape.
    pub(super) fn unreadable(what: &str, why: impl std::fmt::Display) -> Self {
        let message = format!("parsing {what} body from \"\" failed, because {why}");
        Self { status: StatusCode::BAD_REQUEST, body: json!({ "code": 400, "message": message }) }
    }

    fn schema(code: u16, message: &str) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self { status, body: json!({ "code": code, "message": message }) }
    }

    /// A field that must be there is not.
    pub(super) fn required(path: &str) -> Self {
        Self::schema(CODE_REQUIRED, &format!("{path} in body is required"))
    }

    /// A field is not of its kind.
    pub(super) fn kind(path: &str, place: &str, kind: &str, value: &str) -> Self {
        Self::schema(CODE_KIND, &format!("{path} in {place} must be of type {kind}: {value:?}"))
    }

    /// A list is empty.
    pub(super) fn empty(path: &str) -> Self {
        Self::schema(CODE_FEW, &format!("{path} in body should have at least 1 items"))
    }

    /// More than we take; the text names the limit.
    pub(super) fn too_large(text: &str) -> Self {
        Self { status: StatusCode::PAYLOAD_TOO_LARGE, body: json!(text) }
    }

    /// No such silence.
    pub(super) fn unknown_silence() -> Self {
        Self { status: StatusCode::NOT_FOUND, body: json!("silence not found") }
    }

    /// Nothing is wrong with the request; the same may be sent again.
    pub(super) fn unavailable(text: impl Into<String>) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, body: json!(text.into()) }
    }

    /// Nothing of this API is here.
    pub(super) fn no_path(path: &str) -> Self {
        let message = format!("path {path} was not found");
        Self { status: StatusCode::NOT_FOUND, body: json!({ "code": 404, "message": message }) }
    }

    /// Another method is meant.
    pub(super) fn method(method: &str, allowed: &str) -> Self {
        let message = format!("method {method} is not allowed, but [{allowed}] are");
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self { status, body: json!({ "code": 405, "message": message }) }
    }
}

impl From<AskError> for AmError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Submit(_) => Self::unavailable(format!("{error}; send it again")),
            AskError::Refused(Refusal::NotDurable(_) | Refusal::NoConfig) => {
                Self::unavailable(error.to_string())
            }
            AskError::Refused(Refusal::Silence(refusal)) => refusal.into(),
            error @ AskError::Refused(_) => Self::bad(error.to_string()),
        }
    }
}

/// In the words that clients of Alertmanager know, where they have any.
impl From<silence::Refusal> for AmError {
    fn from(refusal: silence::Refusal) -> Self {
        use silence::Refusal as It;
        match refusal {
            It::Unknown { .. } => Self::unknown_silence(),
            It::EndsBeforeStart => {
                Self::bad("failed to create silence: start time must be before end time")
            }
            It::EndsInPast => Self::bad("failed to create silence: end time can't be in the past"),
            It::MatchesEverything => {
                Self::bad("silence invalid: at least one matcher must not match the empty string")
            }
            other => Self::bad(other.to_string()),
        }
    }
}

impl IntoResponse for AmError {
    fn into_response(self) -> Response {
        let mut body = self.body.to_string();
        body.push('\n');
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
