//! Events in PagerDuty's format: `POST /v2/enqueue` and `POST /v2/change/enqueue`.
//!
//! A routing key names an integration; whoever has it may send. The alert's identity is the integration and the
//! `dedup_key`; what else the first trigger says becomes labels, so that routes can look at it, and stays until the
//! alert is resolved. Source: PagerDuty, "Events API v2".

mod event;
#[cfg(test)]
mod tests;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use nines_alert::AlertKey;
use nines_alert::dispatch::{Incoming, Source};
use nines_base::Labels;
use nines_engine::{AckTarget, Command, Refusal, SubmitError};
use nines_incident::changes;
use nines_spec::Integration;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::access::Caller;
use crate::app::{App, AskError, Shared};
use event::{Action, Event};

/// The longest body. Source: PagerDuty, "Events API v2", 512 KB.
const BODY_BYTES_MAX: usize = 512 << 10;
/// The longest file of a routing key.
const KEY_BYTES_MAX: usize = 4_096;
/// Routing keys of PagerDuty have so many characters, and so have ours.
const KEY_DIGITS: usize = 32;
/// When to try again, in seconds.
const RETRY_AFTER: &str = "1";

/// The routes.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/v2/enqueue", post(enqueue))
        .route("/v2/change/enqueue", post(enqueue_change))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// Whether a path is one of these, which bring their own proof.
pub(crate) fn is_event(path: &str) -> bool {
    path.starts_with("/v2/")
}

/// The routing key of an integration that has no file for it: nobody can guess it, and nothing is stored.
fn routing_key(app: &Shared, integration: &str) -> String {
    let code = app.access.code(&format!("integration {integration}"));
    code.chars().take(KEY_DIGITS).collect()
}

/// The integration that has this key.
async fn integration(app: &Shared, key: &str) -> Option<Integration> {
    let spec = app.spec();
    for it in &spec.integrations {
        let expected = match &it.key_file {
            Some(file) => match tokio::fs::read_to_string(app.configured.folder.join(file)).await {
                Ok(text) => text.chars().take(KEY_BYTES_MAX).collect::<String>().trim().to_owned(),
                Err(error) => {
                    let integration = it.name.as_str();
                    tracing::error!(integration, file, %error, "a routing key cannot be read");
                    continue;
                }
            },
            None => routing_key(app, &it.name),
        };
        if app.access.are_same(&expected, key) {
            return Some(it.clone());
        }
    }
    None
}

async fn enqueue(State(app): State<App>, body: Bytes) -> Response {
    let event = match Event::read(&body) {
        Ok(event) => event,
        Err(errors) => return invalid(&errors),
    };
    let Some(integration) = integration(&app, &event.routing_key).await else {
        return invalid(&["`routing_key` names no integration of this server".to_owned()]);
    };
    let now = app.clock.now();
    let dedup_key = event.dedup_key.clone().unwrap_or_else(|| fresh_key(&body, now));
    let source = Source::Events(integration.name.clone());
    let known = firing(&app, &source, &dedup_key);
    let command = match (event.action, known) {
        (Action::Trigger, known) => match event.incoming(&integration, &dedup_key, known, now) {
            Ok(alert) => observe(source, alert),
            Err(error) => return invalid(&[error]),
        },
        (Action::Acknowledge, Some(labels)) => Command::Acknowledge {
            target: AckTarget::Alert(AlertKey::of(&labels)),
            by: format!("integration {}", integration.name),
            via: "events".to_owned(),
        },
        (Action::Resolve, Some(labels)) => observe(source, event::over(labels, now)),
        // What is not known is over already, and nobody has to answer for it.
        (Action::Acknowledge | Action::Resolve, None) => return processed(&dedup_key),
    };
    match app.ask(command).await {
        Ok(_) => processed(&dedup_key),
        // Somebody was faster.
        Err(AskError::Refused(Refusal::Escalation(_))) => processed(&dedup_key),
        Err(error) => failed(&error),
    }
}

async fn enqueue_change(State(app): State<App>, body: Bytes) -> Response {
    let change = match event::ChangeEvent::read(&body) {
        Ok(change) => change,
        Err(errors) => return invalid(&errors),
    };
    let Some(integration) = integration(&app, &change.routing_key).await else {
        return invalid(&["`routing_key` names no integration of this server".to_owned()]);
    };
    let change = change.into_change(&integration, app.clock.now());
    match app.ask(Command::RecordChange(changes::Command::Record(change))).await {
        Ok(_) => {
            let answer = json!({ "status": "success", "message": "Change event processed" });
            (StatusCode::ACCEPTED, Json(answer)).into_response()
        }
        Err(error) => failed(&error),
    }
}

/// An integration, for people and tools.
#[derive(Debug, Serialize)]
pub(crate) struct IntegrationView {
    name: String,
    labels: Labels,
    escalation: Option<String>,
    origin: String,
    /// Only for callers who have proved themselves; nothing where a file holds it.
    routing_key: Option<String>,
}

/// `GET /integrations`
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Json<Vec<IntegrationView>> {
    let spec = app.spec();
    let view = |it: &Integration| {
        let shows = caller != Caller::Anonymous && it.key_file.is_none();
        IntegrationView {
            name: it.name.clone(),
            labels: it.labels.clone(),
            escalation: it.escalation.clone(),
            origin: it.origin.to_string(),
            routing_key: shows.then(|| routing_key(&app, &it.name)),
        }
    };
    Json(spec.integrations.iter().map(view).collect())
}

fn observe(source: Source, alert: Incoming) -> Command {
    Command::ObserveAlerts { source, alerts: vec![alert] }
}

/// The labels of the alert that fires under this key.
fn firing(app: &Shared, source: &Source, dedup_key: &str) -> Option<Labels> {
    app.engine.read(|state| {
        let mut firing = state.firing();
        let found = firing.find(|(_, alert)| {
            alert.source == *source && alert.labels.value(event::DEDUP_KEY) == dedup_key
        });
        found.map(|(_, alert)| alert.labels.clone())
    })
}

/// For a trigger that has no key of its own: the same bytes in the same instant are the same event.
fn fresh_key(body: &[u8], now: jiff::Timestamp) -> String {
    let mut hasher = Sha256::new();
    hasher.update(now.as_nanosecond().to_be_bytes());
    hasher.update(body);
    let digest = hasher.finalize();
    crate::text::hex(&digest).chars().take(KEY_DIGITS).collect()
}

fn processed(dedup_key: &str) -> Response {
    let answer =
        json!({ "status": "success", "message": "Event processed", "dedup_key": dedup_key });
    (StatusCode::ACCEPTED, Json(answer)).into_response()
}

fn invalid(errors: &[String]) -> Response {
    let message = "Event object is invalid";
    let answer = json!({ "status": "invalid event", "message": message, "errors": errors });
    (StatusCode::BAD_REQUEST, Json(answer)).into_response()
}

fn failed(error: &AskError) -> Response {
    let (status, word) = match error {
        AskError::Submit(SubmitError::Busy) => (StatusCode::TOO_MANY_REQUESTS, "throttle exceeded"),
        AskError::Submit(SubmitError::Stopped | SubmitError::Standby)
        | AskError::Refused(Refusal::NotDurable(_)) => {
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
        }
        AskError::Refused(_) => return invalid(&[error.to_string()]),
    };
    let answer = json!({ "status": word, "message": error.to_string() });
    let retry = [(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER))];
    (status, retry, Json(answer)).into_response()
}
