//! `/status` and `/receivers`.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::config;
use super::query::Query;
use super::refusal::AmError;
use crate::app::App;

/// Whose semantics are spoken. Clients read the number before anything else; the part after the plus is ours.
///
/// Source: Semantic Versioning 2.0.0, "Build metadata".
const VERSION: &str = concat!("0.34.0+nines.", env!("CARGO_PKG_VERSION"));

/// `GET /api/v2/status`
pub(super) async fn status(State(app): State<App>) -> Response {
    let written = app.loaded().spec.alertmanager.clone();
    let rules = || app.engine.read(|state| state.dispatch.rules().cloned());
    let nearest = || rules().map(|it| config::write(&it)).unwrap_or_default();
    let original = written.unwrap_or_else(nearest);
    Json(json!({
        "cluster": { "peers": [], "status": "disabled" },
        "config": { "original": original },
        "uptime": format!("{:.3}", app.started_at),
        "versionInfo": {
            "branch": "",
            "buildDate": "",
            "buildUser": "",
            "goVersion": "",
            "revision": "",
            "version": VERSION,
        },
    }))
    .into_response()
}

/// `GET /api/v2/receivers`
pub(super) async fn receivers(State(app): State<App>, uri: Uri) -> Result<Response, AmError> {
    let meant = Query::read(uri.query()).receivers()?;
    let names = app.engine.read(|state| {
        let rules = state.dispatch.rules();
        let names = rules.into_iter().flat_map(|it| it.receivers.keys());
        names.filter(|it| meant.has(it)).map(|it| json!({ "name": it })).collect::<Vec<_>>()
    });
    Ok(Json(names).into_response())
}
