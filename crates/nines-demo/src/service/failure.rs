//! How a request fails: the status code says who is to blame.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Why a request has no good answer. The text is for the people who read logs and answers.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The caller's mistake: 400.
    #[error("{0}")]
    BadRequest(&'static str),
    /// This service's mistake: 500.
    #[error("{0}")]
    Bug(String),
    /// It may work later, or when what is behind works: 503.
    #[error("{0}")]
    Unavailable(String),
    /// The disk is full: 507.
    #[error("failed to write to disk")]
    DiskFull(#[source] std::io::Error),
}

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Bug(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::DiskFull(_) => StatusCode::INSUFFICIENT_STORAGE,
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status(), format!("{self}\n")).into_response()
    }
}
