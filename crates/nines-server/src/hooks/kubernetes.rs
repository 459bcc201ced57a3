//! Kubernetes: a validating admission webhook, `admission.k8s.io/v1`.
//!
//! Source: Kubernetes, "Dynamic Admission Control". Whoever cannot be told about is not let in, and says why: the
//! message is what `kubectl` prints.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::{Extension, Json};
use nines_release::{Decision, Verdict};
use serde_json::{Value, json};

use super::{ENV_DEFAULT, Extra, Proof, ask, doubt, line, proof};
use crate::access::Caller;
use crate::api::GateQuery;
use crate::app::App;

/// The API server waits a second; so it hears from us before.
const TIME_MAX: Duration = Duration::from_millis(900);
/// The labels that say what a workload is, the more telling first.
const SERVICE_LABELS: [&str; 2] = ["nines.dev/service", "app.kubernetes.io/name"];
/// The labels that say which version.
const VERSION_LABELS: [&str; 2] = ["nines.dev/version", "app.kubernetes.io/version"];
/// The label that says where.
const ENV_LABEL: &str = "nines.dev/env";

/// `POST /hooks/kubernetes/admission`
pub(super) async fn admission(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(extra): Query<Extra>,
    body: Bytes,
) -> Json<Value> {
    let review: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let request = review.get("request").unwrap_or(&Value::Null);
    let uid = text(request, "/uid").unwrap_or_default();
    if uid.is_empty() {
        return answer("", Answer::Refused(503, "unknown: this is no AdmissionReview".to_owned()));
    }
    if let Some(because) = passes(request) {
        return answer(&uid, Answer::Allowed(vec![because.to_owned()]));
    }
    // A dry run must leave nothing behind.
    let is_dry = request.get("dryRun").and_then(Value::as_bool) == Some(true);
    let proof = if is_dry { Proof::Missing } else { proof(&app, &caller, &extra) };
    let asked = ask(&app, proof, question(request, &extra));
    let answered = match tokio::time::timeout(TIME_MAX, asked).await {
        Ok(Ok(decision)) => verdict(&decision),
        Ok(Err(problem)) => Answer::Refused(503, doubt(&problem).1),
        Err(_) => Answer::Refused(503, "unknown: nines did not answer in time".to_owned()),
    };
    answer(&uid, answered)
}

enum Answer {
    /// With warnings, which `kubectl` prints.
    Allowed(Vec<String>),
    /// With a status code and a message.
    Refused(u16, String),
}

fn answer(uid: &str, answer: Answer) -> Json<Value> {
    let response = match answer {
        Answer::Allowed(warnings) if warnings.is_empty() => json!({ "uid": uid, "allowed": true }),
        Answer::Allowed(warnings) => {
            json!({ "uid": uid, "allowed": true, "warnings": warnings })
        }
        Answer::Refused(code, message) => json!({
            "uid": uid,
            "allowed": false,
            "status": { "code": code, "message": message },
        }),
    };
    Json(json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": response,
    }))
}

fn verdict(decision: &Decision) -> Answer {
    match (decision.verdict, decision.shadow) {
        (Verdict::Open, None) => Answer::Allowed(Vec::new()),
        (Verdict::Open, Some(would)) => {
            let warning = format!("nines would say {would}: {}", line(decision));
            Answer::Allowed(vec![warning])
        }
        (Verdict::Closed, _) => Answer::Refused(403, line(decision)),
        (Verdict::Unknown, _) => Answer::Refused(503, line(decision)),
    }
}

/// What changes no program, or must never be stopped by us, and why.
fn passes(request: &Value) -> Option<&'static str> {
    let object = request.get("object").unwrap_or(&Value::Null);
    let operation = text(request, "/operation").unwrap_or_default();
    let before = request.pointer("/oldObject/spec/template");
    if !matches!(operation.as_str(), "CREATE" | "UPDATE") {
        Some("nines: only what is created or updated is asked about")
    } else if !text(request, "/subResource").unwrap_or_default().is_empty() {
        Some("nines: scale and status change no program")
    } else if before.is_some() && before == object.pointer("/spec/template") {
        Some("nines: the program stays as it is")
    } else if label(object, &SERVICE_LABELS).as_deref() == Some("nines") {
        Some("nines: it does not stop itself")
    } else {
        None
    }
}

fn question(request: &Value, extra: &Extra) -> GateQuery {
    let object = request.get("object").unwrap_or(&Value::Null);
    let service = label(object, &SERVICE_LABELS).or_else(|| extra.service.clone());
    let env = label(object, &[ENV_LABEL]).or_else(|| extra.env.clone());
    let image = text(object, "/spec/template/spec/containers/0/image");
    GateQuery {
        service: service.or_else(|| text(object, "/metadata/name")).unwrap_or_default(),
        env: Some(env.unwrap_or_else(|| ENV_DEFAULT.to_owned())),
        version: label(object, &VERSION_LABELS).or_else(|| image.as_deref().and_then(tag)),
        author: text(request, "/userInfo/username"),
        ..GateQuery::default()
    }
}

/// Of the workload, else of its pods.
fn label(object: &Value, names: &[&str]) -> Option<String> {
    let places = ["/metadata/labels", "/spec/template/metadata/labels"];
    let mut labels = places.iter().filter_map(|it| object.pointer(it));
    let find = |labels: &Value| {
        names.iter().find_map(|it| labels.get(it).and_then(Value::as_str)).map(str::to_owned)
    };
    labels.find_map(find)
}

/// The tag of an image, or its digest.
fn tag(image: &str) -> Option<String> {
    if let Some((_, digest)) = image.split_once('@') {
        return Some(digest.to_owned());
    }
    let (_, name) = image.rsplit_once('/').unwrap_or(("", image));
    name.split_once(':').map(|(_, tag)| tag.to_owned())
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}
