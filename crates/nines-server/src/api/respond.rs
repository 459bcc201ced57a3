//! What people do about alerts and incidents.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use jiff::Timestamp;
use nines_engine::{AckTarget, Act, Command, Reply};
use nines_incident::{Command as IncidentCommand, IncidentSeverity, Status};
use nines_oncall::Target;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::Caller;
use crate::app::App;
use crate::problem::Problem;

/// The longest reason, in characters.
const WHY_MAX: usize = 500;
/// The most people, schedules and teams that are added at once.
const RESPONDERS_MAX: usize = 20;

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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Escalate {
    target: String,
    by: Option<String>,
    why: Option<String>,
}

/// `POST /escalate`
pub(super) async fn escalate(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<Escalate>,
) -> Result<Json<Value>, Problem> {
    let why = body.why.unwrap_or_default().chars().take(WHY_MAX).collect();
    act_on(&app, &caller, &body.target, body.by.as_deref(), Act::Escalate { why }).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Add {
    target: String,
    by: Option<String>,
    /// Names of people, of schedules, of teams.
    #[serde(default)]
    people: Vec<String>,
    #[serde(default)]
    schedules: Vec<String>,
    #[serde(default)]
    teams: Vec<String>,
}

/// `POST /responders`
pub(super) async fn add(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<Add>,
) -> Result<Json<Value>, Problem> {
    let people = body.people.into_iter().map(Target::Person);
    let schedules = body.schedules.into_iter().map(Target::Schedule);
    let targets: Vec<Target> =
        people.chain(schedules).chain(body.teams.into_iter().map(Target::Team)).collect();
    if targets.is_empty() || RESPONDERS_MAX < targets.len() {
        return Err(Problem::bad_request(format!(
            "name 1 to {RESPONDERS_MAX} in `people`, `schedules` and `teams`"
        )));
    }
    act_on(&app, &caller, &body.target, body.by.as_deref(), Act::Add { targets }).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Snooze {
    target: String,
    by: Option<String>,
    until: Timestamp,
}

/// `POST /snooze`
pub(super) async fn snooze(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<Snooze>,
) -> Result<Json<Value>, Problem> {
    let act = Act::Snooze { until: body.until };
    act_on(&app, &caller, &body.target, body.by.as_deref(), act).await
}

async fn act_on(
    app: &App,
    caller: &Caller,
    target: &str,
    by: Option<&str>,
    act: Act,
) -> Result<Json<Value>, Problem> {
    let (target, by) = (ack_target(target)?, caller.name(by));
    match app.ask(Command::Act { target, by: by.clone(), act }).await? {
        Reply::Escalations(ids) => Ok(Json(json!({ "escalations": ids, "by": by }))),
        _ => Ok(Json(json!({ "escalations": [], "by": by }))),
    }
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
