//! CDEvents: services that are deployed, upgraded or rolled back.
//!
//! Source: CDEvents 0.4, "Continuous Deployment Events", and its binding to CloudEvents: either the body is the
//! event, or the body is a CloudEvent whose `data` is.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use nines_incident::changes::{Change, ChangeKind, change_id};
use serde_json::Value;

use super::{Extra, Proof, proof, record, unproven};
use crate::access::Caller;
use crate::app::App;
use crate::problem::Problem;

/// What of a type says that a version serves from now on; a version of the type follows.
const TYPES: [&str; 3] = [
    "dev.cdevents.service.deployed.",
    "dev.cdevents.service.upgraded.",
    "dev.cdevents.service.rolledback.",
];

/// `POST /hooks/cdevents`
pub(super) async fn event(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(extra): Query<Extra>,
    body: Bytes,
) -> Result<Response, Problem> {
    if proof(&app, &caller, &extra) != Proof::Given {
        return Err(unproven());
    }
    let payload: Value = serde_json::from_slice(&body)
        .map_err(|error| Problem::bad_request(format!("the body is not JSON: {error}")))?;
    match change(&payload, app.clock.now()) {
        Some(change) => Ok((StatusCode::OK, record(&app, change).await?).into_response()),
        None => Ok((StatusCode::ACCEPTED, "no change of a service\n").into_response()),
    }
}

/// The change that an event tells of.
pub(super) fn change(payload: &Value, now: Timestamp) -> Option<Change> {
    let event = payload.get("data").filter(|it| it.get("context").is_some()).unwrap_or(payload);
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let kind = text("/context/type")?;
    if !TYPES.iter().any(|it| kind.starts_with(it)) {
        return None;
    }
    let at = text("/context/timestamp").and_then(|it| it.parse::<Timestamp>().ok());
    let at = at.map_or(now, |it| it.min(now));
    let subject = text("/subject/id")?;
    let service = subject.rsplit('/').next().unwrap_or(&subject).to_owned();
    let env = text("/subject/content/environment/id").unwrap_or_default();
    let mut change = Change {
        id: String::new(),
        service,
        env: env.rsplit('/').next().unwrap_or(&env).to_owned(),
        version: text("/subject/content/artifactId").as_deref().and_then(version),
        sha: None,
        kind: ChangeKind::Deploy,
        author: None,
        started: at,
        finished: Some(at),
        summary: kind.rsplit('.').nth(3).unwrap_or_default().to_owned(),
        source: "cdevents".to_owned(),
        url: None,
    };
    let source = text("/context/source").unwrap_or_default();
    change.id = change_id(&change, Some(&format!("{source}#{}", text("/context/id")?)));
    Some(change)
}

/// The version of a package URL: `pkg:oci/checkout@sha256:ab?tag=v2` is `v2`.
fn version(artifact: &str) -> Option<String> {
    let tag = artifact.split_once('?').and_then(|(_, query)| {
        query.split('&').find_map(|it| it.strip_prefix("tag=")).map(str::to_owned)
    });
    let bare = artifact.split(['?', '#']).next().unwrap_or(artifact);
    tag.or_else(|| bare.rsplit_once('@').map(|(_, version)| version.to_owned()))
}
