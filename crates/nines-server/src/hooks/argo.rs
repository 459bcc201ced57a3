//! Argo Rollouts: the web metric of an analysis.
//!
//! Source: Argo Rollouts, "Web Metrics". A status other than 2xx is an error of the measurement, which counts
//! towards another limit, so every verdict is 200. `value` is 1 for open, 0 for closed and -1 for unknown: a template
//! with a success condition and a failure condition is inconclusive on -1, and pauses.

use axum::extract::{Query, State};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::{Extra, ask, doubt, line, proof};
use crate::access::Caller;
use crate::api::GateQuery;
use crate::app::App;
use nines_release::Verdict;

/// `GET /hooks/argo/gate?service=&version=&env=`
pub(super) async fn gate(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(query): Query<ArgoQuery>,
) -> Json<Value> {
    let extra = Extra { key: query.key, ..Extra::default() };
    let proof = proof(&app, &caller, &extra);
    let question = GateQuery {
        service: query.service.unwrap_or_default(),
        version: query.version,
        env: query.env,
        kind: query.kind,
        step: query.step,
        bake: query.bake,
        ..GateQuery::default()
    };
    let answer = ask(&app, proof, question).await;
    let (verdict, line, decision) = match answer {
        Ok(decision) => (decision.verdict, line(&decision), json!(decision)),
        Err(problem) => {
            let (verdict, line) = doubt(&problem);
            (verdict, line, Value::Null)
        }
    };
    let value = match verdict {
        Verdict::Open => 1,
        Verdict::Closed => 0,
        Verdict::Unknown => -1,
    };
    Json(json!({ "verdict": verdict, "value": value, "because": line, "decision": decision }))
}

/// What the address says; without a service the answer is unknown.
#[derive(Debug, serde::Deserialize)]
pub(super) struct ArgoQuery {
    key: Option<String>,
    service: Option<String>,
    version: Option<String>,
    env: Option<String>,
    kind: Option<String>,
    step: Option<String>,
    bake: Option<String>,
}
