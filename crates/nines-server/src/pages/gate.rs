//! Release gates: may a change of a service proceed now, and why.

use std::collections::BTreeSet;

use axum::extract::{Path, Query};
use axum::response::Response;
use maud::{Markup, html};
use nines_release::Decision;
use serde::Deserialize;

use super::parts;
use super::visit::{Section, Visit};
use crate::api::{GateQuery, decide_gate};

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
    let decide = |service: &String| decide(&visit, service, ChangeQuery::default());
    let decisions: Vec<Decision> = services.iter().take(ROWS_MAX).map(decide).collect();
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
                            td { (it.policy.name) }
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

fn decide(visit: &Visit, service: &str, query: ChangeQuery) -> Decision {
    let ChangeQuery { version, env, kind } = query;
    decide_gate(visit.shared(), GateQuery { service: service.to_owned(), version, env, kind })
}

/// The first check that is not passed.
fn because(decision: &Decision) -> String {
    let failed =
        decision.checks.iter().max_by_key(|it| it.result == nines_release::CheckResult::Fail);
    let unknown =
        decision.checks.iter().find(|it| it.result == nines_release::CheckResult::Unknown);
    let failed = failed.filter(|it| it.result == nines_release::CheckResult::Fail);
    match failed.or(unknown) {
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
    let decision = decide(&visit, &service, query);
    visit.page(Section::Gate, &format!("Gate of {service}"), &render(&decision))
}

/// The decision with everything that it was made from.
pub(super) fn render(decision: &Decision) -> Markup {
    let change = &decision.change;
    let version = change.version.as_deref().unwrap_or("");
    html! {
        h1 { "Gate of " (change.service) " " (parts::state(&decision.verdict.to_string())) }
        p {
            (change.kind) " " (version) " to " (change.env) " at " (parts::at(decision.at)) ", by policy " (decision.policy.name)
            " " (parts::origin(&decision.policy.origin.to_string()))
        }
        table.rows {
            thead { tr { th scope="col" { "Result" } th scope="col" { "Check" } th scope="col" { "There is" } th scope="col" { "Needed" } } }
            tbody {
                @for it in &decision.checks {
                    tr {
                        td { (parts::state(&it.result.to_string())) }
                        td { (it.name) }
                        td { (it.have) }
                        td data-l="needed" { (it.need) }
                    }
                }
            }
        }
        (parts::commands(&[format!("nines gate check {} {version}", change.service).trim_end().to_owned()]))
    }
}
