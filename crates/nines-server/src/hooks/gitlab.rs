//! GitLab: deployment events of a project.
//!
//! Source: GitLab, "Webhook events", deployment events. GitLab proves itself by the secret token that it sends as it
//! is in `X-Gitlab-Token`; the webhook secret named `gitlab` holds it.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use nines_incident::changes::{Change, ChangeKind, change_id};
use serde_json::Value;

use super::record;
use crate::access::Caller;
use crate::app::App;
use crate::problem::Problem;

/// `POST /hooks/gitlab`
pub(super) async fn deployment(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let given = headers.get("x-gitlab-token").and_then(|it| it.to_str().ok());
    let secret = app.access.webhook_secrets.get("gitlab");
    let proven = secret.zip(given).is_some_and(|(it, given)| app.access.are_same(it.trim(), given));
    if !proven && caller == Caller::Anonymous {
        return Err(Problem::unauthorized(
            "set GitLab's secret token to the webhook secret named `gitlab`",
        ));
    }
    let payload: Value = serde_json::from_slice(&body)
        .map_err(|error| Problem::bad_request(format!("the body is not JSON: {error}")))?;
    match change(&payload, app.clock.now()) {
        Some(change) => Ok((StatusCode::OK, record(&app, change).await?).into_response()),
        None => Ok((StatusCode::ACCEPTED, "no deployment that runs or is done\n").into_response()),
    }
}

/// The service is the project's name.
pub(super) fn change(payload: &Value, now: Timestamp) -> Option<Change> {
    let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let is_over = match text("/status")?.as_str() {
        "running" => false,
        "success" => true,
        _ => return None,
    };
    if text("/object_kind")? != "deployment" {
        return None;
    }
    // `2021-04-28 21:50:00 +0200`
    let at = text("/status_changed_at").and_then(|it| {
        let mut parts = it.splitn(3, ' ');
        let (day, time, offset) = (parts.next()?, parts.next()?, parts.next()?);
        let (hours, minutes) = (offset.get(..3)?, offset.get(3..)?);
        format!("{day}T{time}{hours}:{minutes}").parse::<Timestamp>().ok()
    });
    let at = at.map_or(now, |it| it.min(now));
    let mut change = Change {
        id: String::new(),
        service: text("/project/name")?,
        env: match text("/environment").unwrap_or_default().as_str() {
            "production" => "prod".to_owned(),
            other => other.to_owned(),
        },
        version: text("/ref").or_else(|| text("/short_sha")),
        sha: text("/short_sha"),
        kind: ChangeKind::Deploy,
        author: text("/user/username"),
        started: at,
        finished: is_over.then_some(at),
        summary: text("/commit_title").unwrap_or_default(),
        source: "gitlab".to_owned(),
        url: text("/deployable_url"),
    };
    let id = payload.get("deployment_id").and_then(Value::as_u64)?;
    let project = text("/project/path_with_namespace").unwrap_or_default();
    change.id = change_id(&change, Some(&format!("{project}/{id}")));
    Some(change)
}
