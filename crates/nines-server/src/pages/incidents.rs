//! Incidents: the list, and one with what happened, what changed before, and what to do.

use axum::extract::Path;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use nines_engine::{AckTarget, Command, Reply};
use nines_incident::{Command as IncidentCommand, IncidentSeverity, Status};

use super::form::Fields;
use super::parts;
use super::visit::{Section, Visit, refusal, see, status_of};
use crate::problem::Problem;
use crate::text;
use crate::views::{EntryView, IncidentDetail, IncidentView, RunRef, SuspectView, incident_views};

/// The most incidents of one page.
const ROWS_MAX: usize = 200;
/// The most entries of a timeline on the page; all of them are in the API.
const TIMELINE_MAX: usize = 300;
/// What a person can set; the end has its own form.
const STATUSES: [Status; 5] = [
    Status::Declared,
    Status::Investigating,
    Status::Identified,
    Status::Mitigating,
    Status::Monitoring,
];

/// `GET /incidents`
pub(super) async fn list(visit: Visit) -> Response {
    let incidents = visit.shared().engine.read(incident_views);
    let main = html! {
        h1 { "Incidents" }
        @if incidents.is_empty() { (parts::empty("No incidents yet. A page opens one.")) }
        @else { (table(&incidents, visit.now)) }
    };
    visit.page(Section::Incidents, "Incidents", &main)
}

fn table(incidents: &[IncidentView], now: Timestamp) -> Markup {
    html! {
        table.rows {
            thead {
                tr {
                    th scope="col" { "Number" } th scope="col" { "Severity" } th scope="col" { "Status" } th scope="col" { "Service" }
                    th scope="col" { "Title" } th scope="col" { "Opened" } th scope="col" { "Answer" } th scope="col" { "Postmortem" }
                }
            }
            tbody {
                @for it in incidents.iter().take(ROWS_MAX) {
                    tr {
                        td { a href={ "/i/" (it.number) } { "INC-" (it.number) } }
                        td { @if it.open { (parts::state(&it.severity)) } @else { (it.severity) } }
                        td { (it.status) }
                        td { (it.service) }
                        td { (it.title) }
                        td.opt { @if let Some(at) = it.opened_at { (parts::ago(at, now)) } }
                        td { (parts::acknowledged(it, now)) }
                        td.opt { a href={ "/pm/" (it.number) } { "draft " span.hidden { "of INC-" (it.number) } } }
                    }
                }
            }
        }
    }
}

/// `GET /i/{number}`
pub(super) async fn one(visit: Visit, Path(number): Path<String>) -> Response {
    match number.parse() {
        Ok(number) => show(&visit, number, None),
        Err(_) => visit.missing(Section::Incidents, "incident", &number),
    }
}

/// `POST /i/{number}/{ack|note|resolve|severity|status|run}`
pub(super) async fn act(
    visit: Visit,
    Path((number, act)): Path<(String, String)>,
    fields: Fields,
) -> Response {
    let Ok(number) = number.parse::<u64>() else {
        return visit.missing(Section::Incidents, "incident", &number);
    };
    let command = match command(&visit, number, &act, &fields) {
        Ok(Some(command)) => command,
        Ok(None) => return visit.missing(Section::Incidents, "act", &act),
        Err(problem) => return show(&visit, number, Some(&problem)),
    };
    match visit.app.ask(command).await {
        Ok(Reply::Run(id)) => see(&format!("/run/{id}")),
        Ok(_) => see(&format!("/i/{number}")),
        Err(error) => show(&visit, number, Some(&error.into())),
    }
}

fn command(
    visit: &Visit,
    number: u64,
    act: &str,
    fields: &Fields,
) -> Result<Option<Command>, Problem> {
    let by = visit.name();
    let reason = fields.given("reason");
    let command = match act {
        "ack" => {
            let (target, via) = (AckTarget::Incident(number), "console".to_owned());
            return Ok(Some(Command::Acknowledge { target, by, via }));
        }
        "run" => {
            let runbook = fields.text("runbook").to_owned();
            let (inputs, incident) = (fields.below("input."), Some(number));
            return Ok(Some(Command::StartRun { runbook, inputs, by, incident, reason }));
        }
        "note" => IncidentCommand::Note { by, text: fields.text("text").to_owned() },
        "resolve" => IncidentCommand::Resolve { by, reason },
        "severity" => {
            let severity: Result<IncidentSeverity, _> = fields.text("severity").parse();
            let severity = severity.map_err(|error| Problem::bad_request(error.to_string()))?;
            IncidentCommand::SetSeverity { severity, reason, by }
        }
        "status" => {
            let word = fields.text("status");
            let status = STATUSES.into_iter().find(|it| it.to_string() == word);
            let status = status.ok_or_else(|| {
                let known: Vec<String> = STATUSES.iter().map(ToString::to_string).collect();
                Problem::bad_request(format!(
                    "`{word}` is no status; they are {}",
                    known.join(", ")
                ))
            })?;
            IncidentCommand::SetStatus { status, by }
        }
        _ => return Ok(None),
    };
    Ok(Some(Command::Incident { number, command }))
}

fn show(visit: &Visit, number: u64, problem: Option<&Problem>) -> Response {
    let Some(detail) = visit.shared().incident_detail(number) else {
        return visit.missing(Section::Incidents, "incident", &format!("INC-{number}"));
    };
    let title = format!("INC-{number} {}", detail.incident.title);
    let main = html! {
        (head(&detail.incident, visit.now))
        (refusal(problem))
        @if !visit.may_write() { (parts::sign_in(visit)) }
        @else if detail.incident.open { (forms(&detail.incident)) }
        div.columns {
            div {
                (timeline(&detail.timeline))
                @if visit.may_write() { (note(number)) }
            }
            div {
                (suspects(&detail.suspects, visit.now))
                (runbooks(visit, &detail))
                h2 { "Postmortem" }
                p { a href={ "/pm/" (number) } { "Draft from the facts" } }
            }
        }
        (parts::commands(&[
            format!("nines describe incident INC-{number}"),
            format!("nines why INC-{number}"),
            format!("nines incident resolve INC-{number}"),
            format!("nines postmortem draft INC-{number}"),
        ]))
    };
    visit.page_with(status_of(problem), Section::Incidents, &title, &main)
}

/// What it is, how bad, since when, and who has it.
pub(super) fn head(incident: &IncidentView, now: Timestamp) -> Markup {
    html! {
        h1 { "INC-" (incident.number) " " (incident.title) }
        dl.facts {
            div { dt { "Severity" } dd.big { @if incident.open { (parts::state(&incident.severity)) } @else { (incident.severity) } } }
            div { dt { "Status" } dd.big { (incident.status) } dd { (incident.firing) " of " (incident.alerts) " alerts fire" } }
            div {
                dt { "Impact" }
                dd { @match incident.impact_start { Some(at) => { "users are hurt since " (parts::at(at)) ", as computed" }, None => { "its start is not known" } } }
                dd { @for it in &incident.slos { a href={ "/slo/" (it) } { (it) } " " } }
            }
            div { dt { "Service" } dd { (incident.service) } }
            div { dt { "Opened" } dd { @if let Some(at) = incident.opened_at { (parts::at(at)) ", " (parts::ago(at, now)) } } }
            div { dt { "Answer" } dd { (parts::acknowledged(incident, now)) } }
            @if let Some(at) = incident.resolved_at { div { dt { "Resolved" } dd { (parts::at(at)) ", " (parts::ago(at, now)) } } }
        }
    }
}

fn forms(incident: &IncidentView) -> Markup {
    let path = |act: &str| format!("/i/{}/{act}", incident.number);
    html! {
        section aria-labelledby="act" {
            h2 #act { "Act" }
            @if incident.acknowledged_by.is_none() {
                form method="post" action=(path("ack")) { button.main { "Acknowledge" } }
            }
            form.line method="post" action=(path("status")) {
                label { "Status " select name="status" { @for it in STATUSES { option selected[it.to_string() == incident.status] { (it) } } } }
                button { "Set status" }
            }
            details #severity {
                summary { "Change the severity" }
                form.line method="post" action=(path("severity")) {
                    label { "Severity " select name="severity" { @for it in IncidentSeverity::ALL { option selected[it.to_string() == incident.severity] { (it) } } } }
                    label { "Reason, when it is lowered " input name="reason" maxlength="4000"; }
                    button { "Set severity" }
                }
            }
            details #resolve open[incident.firing == 0] {
                summary { "Resolve" }
                form.line method="post" action=(path("resolve")) {
                    @if 0 < incident.firing {
                        label { "Alerts still fire: why is it over all the same? " input name="reason" maxlength="4000"; }
                    }
                    button { "Resolve" }
                }
            }
        }
    }
}

fn note(number: u64) -> Markup {
    html! {
        form method="post" action={ "/i/" (number) "/note" } {
            label { "Note for the timeline " textarea name="text" maxlength="4000" required {} }
            button { "Add the note" }
        }
    }
}

/// Each line is one fact, named by its number in the journal.
pub(super) fn timeline(timeline: &[EntryView]) -> Markup {
    let skipped = timeline.len().saturating_sub(TIMELINE_MAX);
    html! {
        section aria-labelledby="timeline" {
            h2 #timeline { "Timeline" }
            @if 0 < skipped { p.dim { (skipped) " earlier entries are in the API and the postmortem." } }
            ol.chain {
                @for it in timeline.iter().skip(skipped) {
                    li id={ "e" (it.evidence) } {
                        span.what { (it.kind) }
                        time datetime=(it.at) { (text::clock(it.at)) }
                        span.text { (it.text) " " span.origin { "E-" (it.evidence) } }
                    }
                }
            }
        }
    }
}

/// What changed before: observations with what speaks for a look at them.
pub(super) fn suspects(suspects: &[SuspectView], now: Timestamp) -> Markup {
    html! {
        section aria-labelledby="suspects" {
            h2 #suspects { "Suspects: what changed before" }
            @if suspects.is_empty() { (parts::empty("No change was told for the time before. Send changes to POST /api/v1/events.")) }
            ol {
                @for it in suspects {
                    li {
                        strong { (format!("{:.2}", it.score)) } " " (it.kind) " " (it.service)
                        @if let Some(version) = &it.version { " " (version) }
                        @if let Some(author) = &it.author { " by " (author) }
                        ", " (parts::ago(it.started, now)) " " span.origin { "E-" (it.evidence) }
                        @if !it.summary.is_empty() { p { (it.summary) } }
                        details id={ "s" (it.evidence) } {
                            summary { "Factors" }
                            ul { @for factor in &it.factors { li { (factor) } } }
                        }
                    }
                }
            }
        }
    }
}

fn runbooks(visit: &Visit, detail: &IncidentDetail) -> Markup {
    let number = detail.incident.number;
    html! {
        section aria-labelledby="runbooks" {
            h2 #runbooks { "Runbooks" }
            @if detail.runbooks.is_empty() { (parts::empty("None is linked to this service.")) }
            @for it in &detail.runbooks {
                form.line method="post" action={ "/i/" (number) "/run" } {
                    a href={ "/rb/" (it) } { (it) }
                    input type="hidden" name="runbook" value=(it);
                    @if visit.may_write() { button { "Start " (it) } }
                }
            }
            @if !detail.runs.is_empty() { h3 { "Runs" } }
            ul { @for it in &detail.runs { (run(it)) } }
        }
    }
}

fn run(run: &RunRef) -> Markup {
    html! {
        li {
            a href={ "/run/" (run.run) } { (run.runbook) } " "
            (parts::state(run.result.as_deref().unwrap_or("running")))
        }
    }
}
