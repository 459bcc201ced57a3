//! Runbooks: the list, and one as it is written, with the form that starts it.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use nines_engine::{Command, Reply};
use nines_runbook::Runbook;

use super::form::Fields;
use super::visit::{Section, Visit, refusal, see, status_of};
use super::{markdown, parts};
use crate::api::run_view;
use crate::problem::Problem;

/// The most runs that the list shows.
const RUNS_MAX: usize = 30;

/// `GET /rb`
pub(super) async fn list(visit: Visit) -> Response {
    let spec = visit.shared().spec();
    let runs = visit.shared().engine.read(|state| {
        let newest = state.runs.iter().rev().take(RUNS_MAX);
        newest.map(|(id, it)| run_view(state, *id, it)).collect::<Vec<_>>()
    });
    let main = html! {
        h1 { "Runbooks" }
        @if spec.runbooks.is_empty() { (parts::empty("No runbooks yet: put Markdown files with `sh`, `promql` or `manual` blocks into the configuration folder.")) }
        @else {
            table.rows {
                thead { tr { th scope="col" { "Name" } th scope="col" { "Title" } th scope="col" { "Services" } th scope="col" { "Steps" } th scope="col" { "Written in" } } }
                tbody {
                    @for it in &spec.runbooks {
                        tr {
                            td { a href={ "/rb/" (it.name) } { (it.name) } }
                            td { (it.title) }
                            td { (it.services.join(", ")) }
                            td data-l="steps" { (it.steps.len()) }
                            td.opt { (parts::origin(&it.origin.to_string())) }
                        }
                    }
                }
            }
        }
        h2 { "Runs" }
        @if runs.is_empty() { (parts::empty("Nothing was run yet.")) }
        @else {
            table.rows {
                thead { tr { th scope="col" { "Run" } th scope="col" { "Status" } th scope="col" { "By" } th scope="col" { "Incident" } th scope="col" { "Started" } } }
                tbody {
                    @for it in &runs {
                        tr {
                            td { a href={ "/run/" (it.id) } { (it.runbook) } }
                            td { (parts::state(&it.status)) }
                            td { (it.by) }
                            td { @if let Some(number) = it.incident { a href={ "/i/" (number) } { "INC-" (number) } } }
                            td { @if let Some(at) = it.started_at { (parts::ago(at, visit.now)) } }
                        }
                    }
                }
            }
        }
    };
    visit.page(Section::Runbooks, "Runbooks", &main)
}

/// `GET /rb/{name}`
pub(super) async fn one(visit: Visit, Path(name): Path<String>) -> Response {
    show(&visit, &name, None)
}

/// `POST /rb/{name}`
pub(super) async fn start(visit: Visit, Path(name): Path<String>, fields: Fields) -> Response {
    let incident = match fields.incident() {
        Ok(incident) => incident,
        Err(problem) => return show(&visit, &name, Some(&problem)),
    };
    let (inputs, reason) = (fields.below("input."), fields.given("reason"));
    let runbook = name.clone();
    let command = Command::StartRun { runbook, inputs, by: visit.name(), incident, reason };
    match visit.app.ask(command).await {
        Ok(Reply::Run(id)) => see(&format!("/run/{id}")),
        Ok(_) => see("/rb"),
        Err(error) => show(&visit, &name, Some(&error.into())),
    }
}

fn show(visit: &Visit, name: &str, problem: Option<&Problem>) -> Response {
    let spec = visit.shared().spec();
    let Some(runbook) = spec.runbooks.iter().find(|it| it.name == name) else {
        return visit.missing(Section::Runbooks, "runbook", name);
    };
    let open = visit.shared().engine.read(|state| {
        let open = state.incidents.values().rev().filter(|it| it.is_open());
        open.map(|it| (it.number, it.title.clone())).collect::<Vec<_>>()
    });
    let digest: String = runbook.digest.chars().take(12).collect();
    let main = html! {
        h1 { (runbook.title) }
        p { (parts::origin(&runbook.origin.to_string())) " · digest " code { (digest) } @if !runbook.services.is_empty() { " · for " (runbook.services.join(", ")) } }
        (refusal(problem))
        @if visit.may_write() { (form(runbook, &open)) } @else { (parts::sign_in(visit)) }
        article { (markdown::render(&runbook.markdown)) }
        (parts::commands(&[format!("nines run {name} --reason '…'")]))
    };
    visit.page_with(status_of(problem), Section::Runbooks, &runbook.title, &main)
}

fn form(runbook: &Runbook, open: &[(u64, String)]) -> Markup {
    html! {
        section aria-labelledby="start" {
            h2 #start { "Start" }
            form method="post" action={ "/rb/" (runbook.name) } {
                @for (name, default) in &runbook.inputs {
                    label { (name) " " input name={ "input." (name) } value=(default) maxlength="4000"; }
                }
                label {
                    "For the incident "
                    select name="incident" {
                        @for (number, title) in open { option value=(number) { "INC-" (number) " " (title) } }
                        option value="" { "none" }
                    }
                }
                label { "Reason, when it is for no incident " input name="reason" maxlength="4000"; }
                p { button.main { "Start " (runbook.name) } }
            }
        }
    }
}
