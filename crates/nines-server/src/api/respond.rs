//! What people do about alerts and incidents.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use nines_engine::{AckTarget, Command, Reply};
use nines_incident::{Command as IncidentCommand, IncidentSeverity, Status};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::Caller;
use crate::app::App;
use crate::problem::Problem;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Acknowledge {
    /// `all`, `INC-1`, or an alert's key.
    target: String,
    by: Option<String>,
    via: Option<String>,
}

/// `POST /ack`
pub(super) async fn acknowledge(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<Acknowledge>,
) -> Result<Json<Value>, Problem> {
    let target = ack_target(&body.target)?;
    let by = caller.name(body.by.as_deref());
    let via = body.via.unwrap_or_else(|| "api".to_owned());
    let via: String = via.chars().take(32).collect();
    match app.ask(Command::Acknowledge { target, by: by.clone(), via }).await? {
        Reply::Acknowledged(alerts) => Ok(Json(json!({ "acknowledged": alerts, "by": by }))),
        _ => Ok(Json(json!({ "acknowledged": [], "by": by }))),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestPage {
    person: String,
    by: Option<String>,
}

/// `POST /pages/test`: one message by each contact of a person. What became of them is in `GET /pages`.
pub(super) async fn test_page(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<TestPage>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let (by, at) = (caller.name(body.by.as_deref()), app.clock.now());
    let ids = match app.ask(Command::TestPage { person: body.person, by }).await? {
        Reply::Ordered(ids) => ids,
        _ => Vec::new(),
    };
    Ok((StatusCode::ACCEPTED, Json(json!({ "ids": ids, "at": at }))))
}

/// Reads `all`, `INC-1`, or an alert's key.
pub(crate) fn ack_target(text: &str) -> Result<AckTarget, Problem> {
    let text = text.trim();
    if text == "all" {
        return Ok(AckTarget::All);
    }
    if let Some(number) = text.strip_prefix("INC-").and_then(|it| it.parse().ok()) {
        return Ok(AckTarget::Incident(number));
    }
    let key = text.parse().map(AckTarget::Alert);
    key.map_err(|_| {
        Problem::bad_request("`target` is `all`, an incident such as `INC-1`, or an alert's key")
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    text: String,
    by: Option<String>,
}

async fn act(app: &App, number: u64, command: IncidentCommand) -> Result<Json<Value>, Problem> {
    app.ask(Command::Incident { number, command }).await?;
    Ok(Json(json!({ "incident": number })))
}

/// `POST /incidents/{number}/note`
pub(super) async fn note(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(number): Path<u64>,
    Json(body): Json<Note>,
) -> Result<Json<Value>, Problem> {
    let (by, text) = (caller.name(body.by.as_deref()), body.text);
    act(&app, number, IncidentCommand::Note { by, text }).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetSeverity {
    severity: String,
    reason: Option<String>,
    by: Option<String>,
}

/// `POST /incidents/{number}/severity`
pub(super) async fn severity(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(number): Path<u64>,
    Json(body): Json<SetSeverity>,
) -> Result<Json<Value>, Problem> {
    let severity: IncidentSeverity =
        body.severity.parse().map_err(|error| Problem::bad_request(format!("{error}")))?;
    let (by, reason) = (caller.name(body.by.as_deref()), body.reason);
    act(&app, number, IncidentCommand::SetSeverity { severity, reason, by }).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetStatus {
    status: Status,
    by: Option<String>,
}

/// `POST /incidents/{number}/status`
pub(super) async fn status(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(number): Path<u64>,
    Json(body): Json<SetStatus>,
) -> Result<Json<Value>, Problem> {
    let (by, status) = (caller.name(body.by.as_deref()), body.status);
    act(&app, number, IncidentCommand::SetStatus { status, by }).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resolve {
    reason: Option<String>,
    by: Option<String>,
}

/// `POST /incidents/{number}/resolve`
pub(super) async fn resolve(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(number): Path<u64>,
    Json(body): Json<Resolve>,
) -> Result<Json<Value>, Problem> {
    let (by, reason) = (caller.name(body.by.as_deref()), body.reason);
    act(&app, number, IncidentCommand::Resolve { by, reason }).await
}
