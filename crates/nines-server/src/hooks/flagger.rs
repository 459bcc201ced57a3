//! Flagger: gates, the inverse rollback hook, and events.
//!
//! Source: Flagger, "Webhooks": the body is `{"name", "namespace", "phase", "checksum", "metadata"}`; any status
//! but 2xx halts an advancement, and 2xx of a `rollback` hook makes Flagger roll back.

use std::collections::BTreeMap;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use nines_incident::changes::{Change, ChangeKind, change_id};
use nines_release::Trust;
use serde::Deserialize;

use super::{ENV_DEFAULT, Extra, Proof, ask, doubt, line, proof, record, unproven};
use crate::access::Caller;
use crate::api::{self, GateQuery};
use crate::app::App;
use crate::problem::Problem;

/// What Flagger sends; fields that it may add are not read.
#[derive(Debug, Deserialize)]
struct Payload {
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    phase: String,
    #[serde(default)]
    checksum: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

impl Payload {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let form = r#"{"name":"checkout","namespace":"shop","metadata":{"version":"v2.33"}}"#;
        serde_json::from_slice(body).map_err(|error| {
            Problem::bad_request(format!("{error}; Flagger's webhooks are JSON such as {form}"))
        })
    }

    fn meta(&self, name: &str) -> Option<String> {
        self.metadata.get(name).filter(|it| !it.is_empty()).cloned()
    }

    fn service(&self, extra: &Extra) -> String {
        let told = self.meta("service").or_else(|| extra.service.clone());
        told.unwrap_or_else(|| self.name.clone())
    }

    fn env(&self, extra: &Extra) -> String {
        let told = self.meta("env").or_else(|| extra.env.clone());
        told.unwrap_or_else(|| ENV_DEFAULT.to_owned())
    }

    fn version(&self) -> Option<String> {
        self.meta("version").or_else(|| Some(self.checksum.clone()).filter(|it| !it.is_empty()))
    }
}

/// `POST /hooks/flagger/gate`: 200 open, 403 closed, 503 unknown, each with one line that Flagger logs.
pub(super) async fn gate(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(extra): Query<Extra>,
    body: Bytes,
) -> Response {
    let proof = proof(&app, &caller, &extra);
    let answer = async {
        let payload = Payload::read(&body)?;
        let query = GateQuery {
            service: payload.service(&extra),
            env: Some(payload.env(&extra)),
            version: payload.version(),
            kind: payload.meta("kind"),
            step: payload.meta("step"),
            bake: payload.meta("bake"),
            author: payload.meta("author"),
            approvals: payload.meta("approvals"),
            ..GateQuery::default()
        };
        ask(&app, proof, query).await
    };
    let (verdict, line) = match answer.await {
        Ok(decision) => (decision.verdict, line(&decision)),
        Err(problem) => doubt(&problem),
    };
    (api::gate_status(verdict), format!("{line}\n")).into_response()
}

/// `POST /hooks/flagger/rollback`, which is inverse: 200 makes Flagger roll back. So it is the answer only where
/// harm is proven; every doubt is 404.
pub(super) async fn rollback(
    State(app): State<App>,
    Query(extra): Query<Extra>,
    body: Bytes,
) -> Response {
    let Ok(payload) = Payload::read(&body) else {
        let text = "no rollback: the body is not Flagger's\n";
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    let service = payload.service(&extra);
    let input = api::policy_input(&app, &service, app.clock.now());
    let harmed = input.budgets.iter().find(|it| it.burn_page && it.trust == Trust::Good);
    match harmed {
        Some(budget) => {
            let text = format!("rollback: a page fires for {}\n", budget.slo);
            (StatusCode::OK, text).into_response()
        }
        None => {
            let text = format!("no rollback: no harm of {service} is proven\n");
            (StatusCode::NOT_FOUND, text).into_response()
        }
    }
}

/// `POST /hooks/flagger/event`: a canary that begins or ends is a deploy.
pub(super) async fn event(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(extra): Query<Extra>,
    body: Bytes,
) -> Result<Response, Problem> {
    if proof(&app, &caller, &extra) != Proof::Given {
        return Err(unproven());
    }
    let payload = Payload::read(&body)?;
    let change = change(&payload, &extra, app.clock.now());
    match change {
        Some(change) => Ok((StatusCode::OK, record(&app, change).await?).into_response()),
        None => Ok((StatusCode::ACCEPTED, "no change of a service\n").into_response()),
    }
}

/// The phases in which something is deployed. A failed canary has been taken back, so it has no end as a deploy.
fn change(payload: &Payload, extra: &Extra, now: Timestamp) -> Option<Change> {
    let is_over = match payload.phase.as_str() {
        "Initialized" | "Waiting" | "Terminating" | "Terminated" | "" => return None,
        "Succeeded" => true,
        _ => false,
    };
    // Milliseconds since 1970; Flagger's clock may differ from ours, so a time ahead is now.
    let at = payload.meta("timestamp").and_then(|it| it.parse().ok());
    let at = at.and_then(|it| Timestamp::from_millisecond(it).ok()).map_or(now, |it| it.min(now));
    let mut change = Change {
        id: String::new(),
        service: payload.service(extra),
        env: payload.env(extra),
        version: payload.version(),
        sha: None,
        kind: ChangeKind::Deploy,
        author: payload.meta("author"),
        started: at,
        finished: is_over.then_some(at),
        summary: payload.meta("eventMessage").unwrap_or_default(),
        source: "flagger".to_owned(),
        url: None,
    };
    let Payload { namespace, name, checksum, .. } = payload;
    change.id = change_id(&change, Some(&format!("{namespace}/{name}/{checksum}")));
    Some(change)
}
