//! Release gates: may a change of a service proceed now, and why.

use std::collections::BTreeSet;

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use nines_release::Decision;
use serde::Deserialize;

use super::parts;
use super::visit::{Section, Visit};
use crate::api::{GateQuery, gate_question, preview_gate};
use crate::problem::Problem;

/// The most services of the list.
const ROWS_MAX: usize = 200;

#[derive(Debug, Default, Deserialize)]
pub(super) struct ChangeQuery {
    version: Option<String>,
    env: Option<String>,
    kind: Option<String>,
}

/// `GET /gate`
pub(super) async fn list(visit: Visit) -> Response {
    let services = services(&visit);
    let decide = |service: &String| decide(&visit, service, ChangeQuery::default()).ok();
    let decisions: Vec<Decision> = services.iter().take(ROWS_MAX).filter_map(decide).collect();
    let main = html! {
        h1 { "Release gates" }
        @if decisions.is_empty() { (parts::empty("No services yet.")) }
        @else {
            table.rows {
                thead { tr { th scope="col" { "Gate" } th scope="col" { "Service" } th scope="col" { "Policy" } th scope="col" { "Because" } } }
                tbody {
                    @for it in &decisions {
                        tr {
                            td { (parts::state(&it.verdict.to_string())) }
                            td { a href={ "/gate/" (it.change.service) } { (it.change.service) } }
                            td { (it.policy.name) " " (it.policy.level) }
                            td { (because(it)) }
                        }
                    }
                }
            }
        }
    };
    visit.page(Section::Gate, "Release gates", &main)
}

fn services(visit: &Visit) -> BTreeSet<String> {
    let spec = visit.shared().spec();
    let named = spec.services.iter().map(|it| it.name.clone());
    named.chain(spec.slos.iter().map(|it| it.name.service.clone())).collect()
}

/// What a gate would say now. A look at a page is no question, so nothing is recorded.
fn decide(visit: &Visit, service: &str, query: ChangeQuery) -> Result<Decision, Problem> {
    let ChangeQuery { version, env, kind } = query;
    let service = service.to_owned();
    let query = GateQuery { service, version, env, kind, ..GateQuery::default() };
    let question = gate_question(visit.shared(), query)?;
    Ok(preview_gate(visit.shared(), &question))
}

fn because(decision: &Decision) -> String {
    match decision.because() {
        Some(check) => format!("{}: {}, needs {}", check.name, check.have, check.need),
        None => "every check passes".to_owned(),
    }
}

/// `GET /gate/{service}`
pub(super) async fn one(
    visit: Visit,
    Path(service): Path<String>,
    Query(query): Query<ChangeQuery>,
) -> Response {
    if !services(&visit).contains(&service) {
        return visit.missing(Section::Gate, "service", &service);
    }
    match decide(&visit, &service, query) {
        Ok(decision) => {
            visit.page(Section::Gate, &format!("Gate of {service}"), &render(&decision))
        }
        Err(problem) => problem.into_response(),
    }
}

/// The decision with everything that it was made from.
pub(super) fn render(decision: &Decision) -> Markup {
    let change = &decision.change;
    let version = change.version.as_deref().unwrap_or("");
    html! {
        h1 { "Gate of " (change.service) " " (parts::state(&decision.verdict.to_string())) }
        p {
            (change.kind) " " (version) " to " (change.env) " at " (parts::at(decision.at)) ", by policy " (decision.policy.name)
            ", level " (decision.policy.level) " " (parts::origin(&decision.policy.origin.to_string()))
        }
        table.rows {
            thead { tr { th scope="col" { "Result" } th scope="col" { "Check" } th scope="col" { "There is" } th scope="col" { "Needed" } } }
            tbody {
                @for it in &decision.checks {
                    tr {
                        td { (parts::state(&it.result.to_string())) }
                        td { (it.name) }
                        td { (it.have.to_string()) }
                        td data-l="needed" { (it.need) }
                    }
                }
            }
        }
        (parts::commands(&[format!("nines gate check {} {version}", change.service).trim_end().to_owned()]))
    }
}
