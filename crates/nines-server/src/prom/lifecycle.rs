//! `/-/…`: is it alive, is it ready, read the files again.

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::app::App;

/// `/-/healthy`
pub(super) async fn healthy() -> &'static str {
    "nines is healthy.\n"
}

/// `/-/ready`: the journal is folded before the port is open, so it is.
pub(super) async fn ready(State(app): State<App>) -> Response {
    match app.health.problem() {
        None => "nines is ready.\n".into_response(),
        Some(problem) => (StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n")).into_response(),
    }
}

/// `/-/reload`: answers when the files are read and decide, or why they do not.
pub(super) async fn reload(State(app): State<App>, method: Method) -> Response {
    if let Some(refusal) = refusal(&app, &method) {
        return refusal;
    }
    match app.reload.ask().await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(problem) => {
            let message = format!("failed to reload config: {problem}\n");
            (StatusCode::INTERNAL_SERVER_ERROR, message).into_response()
        }
    }
}

/// `/-/quit`: a process is stopped by whoever started it.
pub(super) async fn quit(State(app): State<App>, method: Method) -> Response {
    refusal(&app, &method).unwrap_or_else(|| {
        let message = "nines is not stopped over HTTP; send SIGTERM to its process\n";
        (StatusCode::FORBIDDEN, message).into_response()
    })
}

fn refusal(app: &App, method: &Method) -> Option<Response> {
    if !app.prom.lifecycle.is_on() {
        let message = "Lifecycle API is not enabled. Start with --web.enable-lifecycle.\n";
        return Some((StatusCode::FORBIDDEN, message).into_response());
    }
    let is_fit = matches!(*method, Method::POST | Method::PUT);
    (!is_fit).then(|| {
        let message = "Only POST or PUT requests allowed\n";
        (StatusCode::METHOD_NOT_ALLOWED, [("Allow", "POST, PUT")], message).into_response()
    })
}
