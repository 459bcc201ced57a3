//! Alertmanager's HTTP API, version 2, as its clients know it.
//!
//! Handlers read the wire, ask the engine, and write the wire; which alerts are told of is decided elsewhere.
//!
//! Source: Alertmanager's `api/v2/openapi.yaml` (0.34), and recorded answers of 0.25.

mod alerts;
mod config;
mod incoming;
mod query;
mod refusal;
mod silences;
mod status;
mod table;
mod wire;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};

use crate::app::App;
use refusal::AmError;

/// The longest body of a request.
const BODY_BYTES_MAX: usize = 32 << 20;

/// The routes below `/api/v2`.
pub(crate) fn router(app: &App) -> Router<App> {
    Router::new()
        .route("/api/v2/status", get(status::status).fallback(only_get))
        .route("/api/v2/receivers", get(status::receivers).fallback(only_get))
        .route("/api/v2/alerts", get(alerts::list).post(alerts::post).fallback(get_and_post))
        .route("/api/v2/alerts/groups", get(alerts::groups).fallback(only_get))
        .route("/api/v2/silences", get(silences::list).post(silences::post).fallback(get_and_post))
        .route(
            "/api/v2/silence/{id}",
            get(silences::get).delete(silences::delete).fallback(get_and_delete),
        )
        .route("/api/v2/{*rest}", any(nothing))
        .layer(from_fn_with_state(App::clone(app), headers))
}

async fn nothing(uri: Uri) -> AmError {
    AmError::no_path(uri.path())
}

async fn only_get(method: Method) -> Response {
    not_allowed(&method, "GET")
}

async fn get_and_post(method: Method) -> Response {
    not_allowed(&method, "GET,POST")
}

async fn get_and_delete(method: Method) -> Response {
    not_allowed(&method, "GET,DELETE")
}

fn not_allowed(method: &Method, allowed: &'static str) -> Response {
    let mut response = AmError::method(method.as_str(), allowed).into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

/// Answers are not kept by anybody. Pages of other origins may read them where the command line says so; then
/// every origin may, and it never goes with credentials.
async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    const ALLOWED: [(header::HeaderName, &str); 4] = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Accept, Authorization, Content-Type, Origin"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE, OPTIONS"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "Date"),
    ];
    let is_open = app.prom.cors_origin.is_some();
    let is_question = is_open && *request.method() == Method::OPTIONS;
    let mut response =
        if is_question { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    let unkept = HeaderValue::from_static("no-cache, no-store, must-revalidate");
    headers.insert(header::CACHE_CONTROL, unkept);
    if is_open {
        for (name, value) in ALLOWED {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

#[cfg(test)]
mod tests;
