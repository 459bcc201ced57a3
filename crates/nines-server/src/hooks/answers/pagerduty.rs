//! Acknowledgements that were made in PagerDuty.
//!
//! Source: PagerDuty, "Webhooks V3 overview": the body is signed, several signatures may stand in one header.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use nines_engine::{AckTarget, Command};
use nines_oncall::EscalationId;
use nines_port::Provider;
use serde_json::Value;

use super::{proof, unproven, values};
use crate::app::App;
use crate::problem::Problem;

/// `POST /hooks/pagerduty`
pub(super) async fn event(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let given = headers.get("x-pagerduty-signature").and_then(|it| it.to_str().ok()).unwrap_or("");
    let secrets = values(&app, "pagerduty", "webhook_secret");
    let is_signed = |secret: &String| {
        let code = proof::pagerduty(secret, &body);
        given.split(',').any(|it| app.access.are_same(&code, it.trim()))
    };
    if !secrets.iter().any(is_signed) {
        return Err(unproven("webhook secret"));
    }
    let body: Value = serde_json::from_slice(&body)
        .map_err(|error| Problem::bad_request(format!("the body is not JSON: {error}")))?;
    let event = &body["event"];
    if event["event_type"] != "incident.acknowledged" {
        return Ok("not an acknowledgement\n".into_response());
    }
    // The key of the incident is the one under which its page was sent: our escalation.
    let key = event["data"]["incident_key"].as_str().unwrap_or("");
    let Ok(escalation) = key.parse::<EscalationId>() else {
        return Ok("not an incident of nines\n".into_response());
    };
    let page = app.engine.read(|state| state.outgoing(escalation).iter().map(|it| it.seq).max());
    let Some(page) = page else { return Ok("no page of nines\n".into_response()) };
    let by = event["agent"]["summary"].as_str().unwrap_or("PagerDuty").to_owned();
    let via = Provider::PagerDuty.word().to_owned();
    let command = Command::Acknowledge { target: AckTarget::Intent(page), by, via };
    app.ask(command).await?;
    Ok("acknowledged\n".into_response())
}
