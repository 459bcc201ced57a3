//! Change events: a generic form, and GitHub's webhooks.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use nines_engine::{Command, Reply};
use nines_incident::changes::{self, Change, ChangeKind, change_id};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::access::Caller;
use crate::app::{App, Shared};
use crate::problem::Problem;

/// The generic form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Generic {
    /// The sender's own id; a repeat is no news.
    id: Option<String>,
    service: String,
    #[serde(default)]
    env: Option<String>,
    version: Option<String>,
    sha: Option<String>,
    /// `deploy` (default), `flag`, `config`, `infra`, `traffic`.
    kind: Option<String>,
    author: Option<String>,
    started: Option<Timestamp>,
    finished: Option<Timestamp>,
    summary: Option<String>,
    source: Option<String>,
    url: Option<String>,
}

/// `POST /api/v1/events`: 201 for news, 200 for a repeat, 202 for a GitHub event that is no change.
pub(super) async fn record(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let header = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    let github = header("x-github-event");
    if caller == Caller::Anonymous {
        check_signature(&app, github, header("x-hub-signature-256"), &body)?;
    }
    let now = app.clock.now();
    let change = match github {
        Some(event) => {
            let payload: Value = serde_json::from_slice(&body).map_err(not_json)?;
            match from_github(event, &payload, now) {
                Some(change) => change,
                None => {
                    let body = json!({ "recorded": false, "reason": format!("`{event}` is no change of a service") });
                    return Ok((StatusCode::ACCEPTED, Json(body)).into_response());
                }
            }
        }
        None => from_generic(serde_json::from_slice(&body).map_err(not_json)?, now)?,
    };
    let id = change.id.clone();
    match app.ask(Command::RecordChange(changes::Command::Record(change))).await? {
        Reply::Change { is_new: true } => {
            Ok((StatusCode::CREATED, Json(json!({ "recorded": true, "id": id }))).into_response())
        }
        _ => Ok((
            StatusCode::OK,
            Json(json!({ "recorded": false, "id": id, "reason": "it is known already" })),
        )
            .into_response()),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn not_json(error: serde_json::Error) -> Problem {
    let form = r#"{"service":"checkout","version":"v2.33","kind":"deploy","author":"cyd"}"#;
    Problem::bad_request(format!("{error}; send JSON such as {form}"))
}

/// A webhook proves itself by a signature over the raw bytes.
pub(crate) fn check_signature(
    app: &Shared,
    github: Option<&str>,
    signature: Option<&str>,
    body: &[u8],
) -> Result<(), Problem> {
    let secret = app.access.webhook_secrets.get("github").filter(|_| github.is_some());
    let code = signature.and_then(|it| it.strip_prefix("sha256="));
    let proven = secret.zip(code).is_some_and(|(secret, code)| {
        let mut hmac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
            .expect("HMAC takes keys of any length");
        hmac.update(body);
        app.access.are_same(&crate::text::hex(&hmac.finalize().into_bytes()), code)
    });
    if proven {
        return Ok(());
    }
    Err(Problem::unauthorized(
        "send `Authorization: Bearer TOKEN` (the file `token` in the data folder), or sign GitHub's webhook with the secret named `github`",
    ))
}

fn from_generic(generic: Generic, now: Timestamp) -> Result<Change, Problem> {
    let kind = match generic.kind.as_deref() {
        None | Some("deploy") => ChangeKind::Deploy,
        Some("flag") => ChangeKind::Flag,
        Some("config") => ChangeKind::Config,
        Some("infra") => ChangeKind::Infra,
        Some("traffic") => ChangeKind::Traffic,
        Some(other) => {
            return Err(Problem::bad_request(format!(
                "`{other}` is no kind of change; kinds are deploy, flag, config, infra, traffic"
            )));
        }
    };
    let mut change = Change {
        id: String::new(),
        service: generic.service,
        env: generic.env.unwrap_or_default(),
        version: generic.version,
        sha: generic.sha,
        kind,
        author: generic.author,
        started: generic.started.unwrap_or(now),
        finished: generic.finished,
        summary: generic.summary.unwrap_or_default(),
        source: generic.source.unwrap_or_else(|| "api".to_owned()),
        url: generic.url,
    };
    change.id = change_id(&change, generic.id.as_deref());
    Ok(change)
}

/// Deployments, their status, and releases. The service is the repository's name.
fn from_github(event: &str, payload: &Value, now: Timestamp) -> Option<Change> {
    let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let time = |pointer: &str| text(pointer).and_then(|it| it.parse::<Timestamp>().ok());
    let number = |pointer: &str| payload.pointer(pointer).and_then(Value::as_u64);
    let (external_id, started, finished, version) = match event {
        "deployment" | "deployment_status" => {
            let state = text("/deployment_status/state");
            if !matches!(state.as_deref(), None | Some("in_progress" | "success" | "pending")) {
                return None;
            }
            let finished = (state.as_deref() == Some("success"))
                .then(|| time("/deployment_status/updated_at").unwrap_or(now));
            let id = format!("deployment/{}", number("/deployment/id")?);
            (id, time("/deployment/created_at").unwrap_or(now), finished, text("/deployment/ref"))
        }
        "release" if text("/action").as_deref() == Some("published") => {
            let at = time("/release/published_at").unwrap_or(now);
            let id = format!("release/{}", number("/release/id")?);
            (id, at, Some(at), text("/release/tag_name"))
        }
        _ => return None,
    };
    let mut change = Change {
        id: String::new(),
        service: text("/repository/name")?,
        env: text("/deployment/environment").unwrap_or_default(),
        version,
        sha: text("/deployment/sha"),
        kind: ChangeKind::Deploy,
        author: text("/sender/login"),
        started,
        finished: finished.filter(|it| started <= *it),
        summary: text("/deployment/description")
            .or_else(|| text("/release/name"))
            .unwrap_or_default(),
        source: "github".to_owned(),
        url: text("/repository/html_url"),
    };
    change.id = change_id(&change, Some(&external_id));
    Some(change)
}
