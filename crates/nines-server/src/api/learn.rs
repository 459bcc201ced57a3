//! What is learned: drafts of postmortems, from facts.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use nines_incident::postmortem::{PostmortemInput, SloImpact, draft as draft_from};
use nines_slo::SloName;

use crate::app::{App, Shared};
use crate::problem::Problem;

/// `GET /incidents/{number}/postmortem`: Markdown; the same facts give the same bytes.
pub(super) async fn postmortem(
    State(app): State<App>,
    Path(number): Path<u64>,
) -> Result<Response, Problem> {
    let drafted = draft(&app, number);
    let markdown =
        drafted.ok_or_else(|| Problem::not_found("incident", &format!("INC-{number}")))?;
    let headers = [(header::CONTENT_TYPE, "text/markdown; charset=utf-8")];
    Ok((headers, markdown).into_response())
}

/// The draft for an incident, or `None` if there is none.
pub(crate) fn draft(app: &Shared, number: u64) -> Option<String> {
    let (incident, suspects) = app.engine.read(|state| {
        let (_, incident) = state.incident(number)?;
        Some((incident.clone(), app.suspects(state, incident)))
    })?;
    let until = incident.resolved_at.unwrap_or_else(|| app.clock.now());
    let start = incident.impact_start.or(incident.opened_at)?;
    let impacts: Vec<SloImpact> =
        incident.slos().into_iter().filter_map(|slo| impact(app, slo, start, until)).collect();
    let input = PostmortemInput { incident: &incident, suspects: &suspects, impacts: &impacts };
    Some(draft_from(&input))
}

/// What the incident cost one objective.
fn impact(app: &Shared, slo: &str, from: Timestamp, until: Timestamp) -> Option<SloImpact> {
    let name: SloName = slo.parse().ok()?;
    // The slice in which it began belongs to it as a whole.
    let from = from - nines_incident::SLICE;
    let tracker = app.metrics.tracker();
    let counts = tracker.window(&name, until.duration_since(from), until)?.counts;
    let status = tracker.status(&name, until)?;
    // Consumed = bad ÷ (allowed share × events of the whole window), in billionths, rounded down.
    let scale = i128::from(nines_slo::Objective::SCALE);
    let goal = status.primary();
    let allowed = i128::from(goal.budget.counts.total) * i128::from(goal.target.allowed());
    let bad = i128::from(counts.bad);
    Some(SloImpact {
        slo: slo.to_owned(),
        objective: goal.target.to_string(),
        from,
        until,
        bad: counts.bad,
        total: counts.total,
        consumed_billionths: (bad * scale * scale).checked_div(allowed),
    })
}
