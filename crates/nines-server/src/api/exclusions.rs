//! Exclusions and corrections: what people say about counts, as facts.

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use nines_engine::exclusions::{Command as Exclude, Effect, Exclusion};
use nines_engine::{Command, Reply};
use nines_slo::{SloName, SloPattern};
use serde::Deserialize;

use super::slos::query;
use super::time::Instant;
use crate::access::Caller;
use crate::app::App;
use crate::overlays::{OverlayView, recorded_view};
use crate::problem::Problem;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    slo: Option<SloName>,
}

/// `GET /exclusions?slo=`: of files and of facts.
pub(super) async fn list(
    State(app): State<App>,
    asked: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Vec<OverlayView>>, Problem> {
    let asked = query(asked)?;
    Ok(Json(app.overlay_views(asked.slo.as_ref())))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// Chosen by nines when it is missing.
    name: Option<String>,
    slo: String,
    from: Instant,
    to: Instant,
    /// `exclude` (default) or `correct`.
    kind: Option<String>,
    good: Option<u64>,
    total: Option<u64>,
    /// `mute` (default) or `keep`.
    alerts: Option<String>,
    author: Option<String>,
    reason: String,
    evidence: Option<String>,
    /// The revision that this one replaces.
    revision: Option<u64>,
}

/// `POST /exclusions`: 201 for news, 200 for a repeat, 409 when somebody changed it meanwhile.
pub(super) async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    body: Result<Json<Create>, JsonRejection>,
) -> Result<Response, Problem> {
    let body = body.map_err(|error| Problem::bad_request(error.body_text()))?.0;
    let effect = effect(&body)?;
    let keeps_alerts = match body.alerts.as_deref() {
        None | Some("mute") => false,
        Some("keep") => true,
        Some(other) => {
            return Err(Problem::bad_request(format!("`alerts` is mute or keep; not {other:?}")));
        }
    };
    let pattern = SloPattern { text: body.slo.trim().to_owned() };
    if !app.spec().slos.iter().any(|it| pattern.matches(&it.name)) {
        let detail =
            format!("`slo` is {:?}, which names no SLO; `*` stands for any part", body.slo);
        return Err(Problem::bad_request(detail));
    }
    let exclusion = Exclusion {
        name: body.name.unwrap_or_default(),
        slos: pattern.text,
        from: body.from.0,
        to: body.to.0,
        effect,
        keeps_alerts,
        author: caller.name(body.author.as_deref()),
        reason: body.reason,
        evidence: body.evidence,
    };
    let before = app.engine.read(|state| state.seq);
    let create = Exclude::Create { exclusion, revision: body.revision };
    let Reply::Exclusion(Some(recorded)) = app.ask(Command::Exclude(create)).await? else {
        return Err(Problem::unavailable("the exclusion was withdrawn at the same moment"));
    };
    app.lay_overlays();
    let status = if before < recorded.revision { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(recorded_view(&recorded))).into_response())
}

fn effect(body: &Create) -> Result<Effect, Problem> {
    match (body.kind.as_deref(), body.good, body.total) {
        (None | Some("exclude"), None, None) => Ok(Effect::Exclude),
        (None | Some("correct"), Some(good), Some(total)) => Ok(Effect::Correct { good, total }),
        (Some("exclude"), ..) => {
            Err(Problem::bad_request("an exclusion has no `good` and no `total`; a correction has"))
        }
        (None | Some("correct"), ..) => {
            Err(Problem::bad_request("a correction needs both `good` and `total`"))
        }
        (Some(other), ..) => {
            Err(Problem::bad_request(format!("`kind` is exclude or correct; not {other:?}")))
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WithdrawQuery {
    revision: Option<u64>,
    by: Option<String>,
}

/// `DELETE /exclusions/{name}?revision=`, or with the revision as `If-Match`.
pub(super) async fn withdraw(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    headers: HeaderMap,
    asked: Result<Query<WithdrawQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<StatusCode, Problem> {
    let WithdrawQuery { revision, by } = query(asked)?;
    let tag = headers.get(header::IF_MATCH).and_then(|it| it.to_str().ok());
    let tag = tag.and_then(|it| it.trim_matches('"').parse().ok());
    let revision = revision.or(tag).ok_or_else(|| {
        Problem::bad_request(
            "say which revision you looked at: `?revision=N`, or `If-Match: \"N\"`",
        )
    })?;
    let by = caller.name(by.as_deref());
    app.ask(Command::Exclude(Exclude::Withdraw { name, revision, by })).await?;
    app.lay_overlays();
    Ok(StatusCode::NO_CONTENT)
}
