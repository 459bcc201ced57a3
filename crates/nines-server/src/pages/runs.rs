//! One run of a runbook: its steps, their output, and the question that waits.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use nines_engine::Command;
use nines_runbook::{RunId, run as machine};

use super::form::Fields;
use super::parts;
use super::visit::{Section, Visit, refusal, see, status_of};
use crate::api::{RunView, read_answer, run_view};
use crate::problem::Problem;

/// The longest output on the page, in characters; all of it is in the API.
const OUTPUT_CHARS_MAX: usize = 8_000;

/// `GET /run/{id}`
pub(super) async fn one(visit: Visit, Path(id): Path<String>) -> Response {
    show(&visit, &id, None)
}

/// `POST /run/{id}/answer`
pub(super) async fn answer(visit: Visit, Path(id): Path<String>, fields: Fields) -> Response {
    let answer = match read_answer(fields.text("answer"), fields.given("reason")) {
        Ok(answer) => answer,
        Err(problem) => return show(&visit, &id, Some(&problem)),
    };
    let (step, by) = (fields.text("step").to_owned(), visit.name());
    act(&visit, &id, machine::Command::Answer { step, answer, by }).await
}

/// `POST /run/{id}/abort`
pub(super) async fn abort(visit: Visit, Path(id): Path<String>, fields: Fields) -> Response {
    let (by, reason) = (visit.name(), fields.text("reason").to_owned());
    act(&visit, &id, machine::Command::Abort { by, reason }).await
}

async fn act(visit: &Visit, id: &str, command: machine::Command) -> Response {
    let Ok(run) = id.parse::<RunId>() else {
        return visit.missing(Section::Runbooks, "run", id);
    };
    match visit.app.ask(Command::Run { id: run, command }).await {
        Ok(_) => see(&format!("/run/{run}")),
        Err(error) => show(visit, id, Some(&error.into())),
    }
}

fn show(visit: &Visit, id: &str, problem: Option<&Problem>) -> Response {
    let run = id.parse::<RunId>().ok().and_then(|id| {
        visit.shared().engine.read(|state| Some(run_view(state, id, state.runs.get(&id)?)))
    });
    let Some(run) = run else { return visit.missing(Section::Runbooks, "run", id) };
    let main = html! {
        (head(&run))
        (refusal(problem))
        (steps(&run, visit))
        @if !run.ended {
            @if visit.may_write() {
                details #abort {
                    summary { "Abort the run" }
                    form.line method="post" action={ "/run/" (run.id) "/abort" } {
                        label { "Reason " input name="reason" required maxlength="4000"; }
                        button { "Abort" }
                    }
                }
            } @else { (parts::sign_in(visit)) }
        }
        (parts::commands(&[format!("nines run status {}", run.id)]))
    };
    visit.page_with(
        status_of(problem),
        Section::Runbooks,
        &format!("Run of {}", run.runbook),
        &main,
    )
}

fn head(run: &RunView) -> Markup {
    let digest: String = run.digest.chars().take(12).collect();
    html! {
        h1 { "Run of " (run.runbook) " " (parts::state(&run.status)) }
        p {
            "by " (run.by) " · pinned to " code { (digest) }
            @if let Some(at) = run.started_at { " · started " (parts::at(at)) }
            @if let Some(at) = run.ended_at { " · ended " (parts::at(at)) }
            @if let Some(number) = run.incident { " · for " a href={ "/i/" (number) } { "INC-" (number) } }
            @if let Some(reason) = &run.reason { " · " (reason) }
            " · " a href={ "/rb/" (run.runbook) } { "the runbook" }
        }
    }
}

fn steps(run: &RunView, visit: &Visit) -> Markup {
    html! {
        h2 { "Steps" }
        ol.steps {
            @for (index, it) in run.steps.iter().enumerate() {
                @let waits = run.waiting.as_ref().filter(|waiting| waiting.step == it.name);
                li class=(if waits.is_some() { "step waits" } else { "step" }) {
                    h3 { (index + 1) " " (it.name) " " (parts::state(&it.status)) }
                    p.dim {
                        (it.kind)
                        @if 1 < it.attempts { " · " (it.attempts) " attempts" }
                        @if it.repeat { " · may have run before" }
                        @if let Some(took) = it.took_seconds { " · " (format!("{took:.1} s")) }
                        @if let Some(outcome) = &it.outcome { " · " (outcome) }
                        @if let Some(by) = &it.answered_by { " · answered by " (by) }
                        @if let Some(evidence) = it.evidence { " · E-" (evidence) }
                    }
                    details id={ "step-" (index) } { summary { "What it does" } pre { (it.text) } }
                    (output("Output", &it.stdout))
                    (output("Errors", &it.stderr))
                    @if let Some(waiting) = waits {
                        p { (parts::tone(parts::Tone::Warn, "waits for a person")) ": " (waiting.why) "." }
                        @if visit.may_write() { (answers(run, &it.name, waiting.answers)) }
                    }
                }
            }
        }
    }
}

fn output(name: &str, text: &str) -> Markup {
    let length = text.chars().count();
    let skipped = length.saturating_sub(OUTPUT_CHARS_MAX);
    html! {
        @if !text.is_empty() {
            p.dim { (name) @if 0 < skipped { ", without the first " (skipped) " characters" } }
            pre { (text.chars().skip(skipped).collect::<String>()) }
        }
    }
}

fn answers(run: &RunView, step: &str, answers: &[&str]) -> Markup {
    html! {
        form.line method="post" action={ "/run/" (run.id) "/answer" } {
            input type="hidden" name="step" value=(step);
            @if answers.contains(&"skip") {
                label { "Reason, when it is skipped " input name="reason" maxlength="4000"; }
            }
            @for it in answers { button name="answer" value=(it) { (label(it)) } }
        }
    }
}

fn label(answer: &str) -> &str {
    match answer {
        "done" => "It is done",
        "not-done" => "It is not done",
        "run-again" => "Run it again",
        "skip" => "Skip it",
        other => other,
    }
}
