//! Errors as RFC 9457 problem documents.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use nines_alert::silence::Refusal as Silence;
use nines_engine::exclusions::Refusal as Exclusion;
use nines_engine::{Refusal, SubmitError};
use nines_oncall::rota::Refusal as Rota;
use nines_release::WaiverRefusal;
use serde::Serialize;

use crate::app::AskError;

/// What our own API answers when it does not do what was asked. `type` is the stable part.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    /// For people: what was tried, and what to do.
    detail: String,
}

impl Problem {
    fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: String) -> Self {
        Self { kind, title, status: status.as_u16(), detail }
    }

    pub(crate) fn not_found(what: &str, name: &str) -> Self {
        let detail = format!("there is no {what} `{name}`");
        Self::new(StatusCode::NOT_FOUND, "/problems/not-found", "not found", detail)
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::new(StatusCode::BAD_REQUEST, "/problems/bad-request", "bad request", detail)
    }

    pub(crate) fn unauthorized(detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::new(StatusCode::UNAUTHORIZED, "/problems/unauthorized", "not signed in", detail)
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::new(StatusCode::FORBIDDEN, "/problems/forbidden", "not allowed", detail)
    }

    pub(crate) fn refused(detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::new(StatusCode::CONFLICT, "/problems/refused", "refused", detail)
    }

    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new(status, "/problems/unavailable", "try again later", detail)
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        let json = header::HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, json);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Refused(refusal) => refusal.into(),
            AskError::Submit(
                error @ (SubmitError::Busy | SubmitError::Stopped | SubmitError::Standby),
            ) => Self::unavailable(error.to_string()),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::UnknownAlert(_)
            | Refusal::NobodyTold
            | Refusal::UnknownPage
            | Refusal::UnknownIncident(_)
            | Refusal::UnknownPerson { .. }
            | Refusal::UnknownContact { .. }
            | Refusal::UnknownRunbook { .. }
            | Refusal::UnknownRun(_) => {
                Self::new(StatusCode::NOT_FOUND, "/problems/not-found", "not found", detail)
            }
            Refusal::Exclusion(Exclusion::Unknown { .. }) => {
                Self::new(StatusCode::NOT_FOUND, "/problems/not-found", "not found", detail)
            }
            Refusal::Exclusion(Exclusion::Conflict { .. }) => {
                Self::new(StatusCode::CONFLICT, "/problems/conflict", "the world moved", detail)
            }
            Refusal::Exclusion(_) => Self::bad_request(detail),
            Refusal::Waiver(
                WaiverRefusal::NotAllowed { .. }
                | WaiverRefusal::OwnApproval { .. }
                | WaiverRefusal::NotApprover { .. }
                | WaiverRefusal::NoneLeft { .. },
            ) => Self::forbidden(detail),
            Refusal::Waiver(WaiverRefusal::Exists { .. }) => Self::refused(detail),
            Refusal::Waiver(_) => Self::bad_request(detail),
            Refusal::Rota(
                Rota::UnknownSchedule { .. } | Rota::UnknownPerson { .. } | Rota::UnknownEntry(_),
            ) => Self::new(StatusCode::NOT_FOUND, "/problems/not-found", "not found", detail),
            Refusal::Rota(
                Rota::BadRange
                | Rota::TooFar
                | Rota::InPast
                | Rota::NotWholeMinute
                | Rota::BadPeople
                | Rota::ReasonTooLong,
            ) => Self::bad_request(detail),
            Refusal::Rota(Rota::NotTheirs { .. }) => Self::forbidden(detail),
            Refusal::Silence(Silence::Unknown { .. }) => {
                Self::new(StatusCode::NOT_FOUND, "/problems/not-found", "not found", detail)
            }
            Refusal::Silence(Silence::Filed { .. } | Silence::TooMany { .. }) => {
                Self::refused(detail)
            }
            Refusal::Silence(_) => Self::bad_request(detail),
            Refusal::NoConfig | Refusal::NotDurable(_) => Self::unavailable(detail),
            _ => Self::refused(detail),
        }
    }
}
