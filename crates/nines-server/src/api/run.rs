//! Runbooks and their runs.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::{Extension, Json};
use jiff::Timestamp;
use nines_engine::{Command, Reply};
use nines_port::StepOutcome;
use nines_runbook::run::{Answer, WaitingFor};
use nines_runbook::{RunId, StepKind, run as machine};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::access::Caller;
use crate::app::App;
use crate::problem::Problem;
use crate::views::ROWS_MAX;

/// `GET /runbooks`
pub(super) async fn runbooks(State(app): State<App>) -> Json<Value> {
    let spec = app.spec();
    let runbooks = spec.runbooks.iter().map(|it| {
        json!({
            "name": it.name,
            "title": it.title,
            "services": it.services,
            "inputs": it.inputs,
            "steps": it.steps.len(),
            "digest": it.digest,
            "origin": it.origin.to_string(),
        })
    });
    Json(runbooks.collect())
}

/// A run with its steps.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RunView {
    pub(crate) id: RunId,
    pub(crate) runbook: String,
    pub(crate) digest: String,
    pub(crate) status: String,
    pub(crate) ended: bool,
    pub(crate) by: String,
    pub(crate) incident: Option<u64>,
    pub(crate) reason: Option<String>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) steps: Vec<StepView>,
    /// The step that waits for a person.
    pub(crate) waiting: Option<WaitingView>,
}

/// One step.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StepView {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) text: String,
    pub(crate) status: String,
    pub(crate) attempts: u32,
    pub(crate) repeat: bool,
    pub(crate) settled_at: Option<Timestamp>,
    pub(crate) outcome: Option<String>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took_seconds: Option<f64>,
    pub(crate) answered_by: Option<String>,
    pub(crate) evidence: Option<u64>,
}

/// What a step waits for.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WaitingView {
    pub(crate) step: String,
    pub(crate) why: &'static str,
    pub(crate) answers: &'static [&'static str],
}

/// The view of one run.
pub(crate) fn run_view(state: &nines_engine::State, id: RunId, run: &machine::State) -> RunView {
    let incident = run.incident().and_then(|it| it.parse().ok());
    let incident = incident.and_then(|it| state.incidents.get(&it)).map(|it| it.number);
    RunView {
        id,
        runbook: run.runbook().to_owned(),
        digest: run.digest().to_owned(),
        status: run.status().to_string(),
        ended: run.is_ended(),
        by: run.by().to_owned(),
        incident,
        reason: run.reason().map(str::to_owned),
        started_at: run.started_at(),
        ended_at: run.ended_at(),
        steps: run.steps().iter().map(step_view).collect(),
        waiting: run.waiting().map(|it| WaitingView {
            step: it.step.step.name.clone(),
            why: match it.reason {
                WaitingFor::Manual => "a person does this step",
                WaitingFor::Failed => "the step failed",
                WaitingFor::Unknown => {
                    "nines stopped while the step ran; nobody knows whether it happened"
                }
            },
            answers: it.answers(),
        }),
    }
}

fn step_view(record: &machine::StepRecord) -> StepView {
    let outcome = record.outcome.as_ref();
    let output = |pick: fn(&StepOutcome) -> &nines_port::CapturedOutput| {
        outcome.map_or(String::new(), |it| {
            let captured = pick(it);
            match captured.omitted_bytes {
                0 => captured.text.clone(),
                omitted => format!("{}\n({omitted} bytes left out)", captured.text),
            }
        })
    };
    StepView {
        name: record.step.name.clone(),
        kind: match &record.step.kind {
            StepKind::Command { interpreter } => interpreter.clone(),
            StepKind::Promql => "promql".to_owned(),
            StepKind::Manual => "by hand".to_owned(),
        },
        text: record.step.text.clone(),
        status: record.status.to_string(),
        attempts: record.attempts,
        repeat: record.repeat,
        settled_at: record.settled_at,
        outcome: outcome.map(machine::describe),
        stdout: output(|it| &it.stdout),
        stderr: output(|it| &it.stderr),
        took_seconds: outcome.map(|it| it.took.as_secs_f64()),
        answered_by: record.answer.as_ref().map(|(_, by)| by.clone()),
        evidence: record.evidence,
    }
}

/// `GET /runs`: newest first.
pub(super) async fn runs(State(app): State<App>) -> Json<Vec<RunView>> {
    Json(app.engine.read(|state| {
        let newest = state.runs.iter().rev().take(ROWS_MAX);
        newest.map(|(id, it)| run_view(state, *id, it)).collect()
    }))
}

fn run_id(text: &str) -> Result<RunId, Problem> {
    text.parse().map_err(|_| Problem::not_found("run", text))
}

fn find(app: &App, id: RunId) -> Result<Json<RunView>, Problem> {
    let view = app.engine.read(|state| Some(run_view(state, id, state.runs.get(&id)?)));
    view.map(Json).ok_or_else(|| Problem::not_found("run", &id.to_string()))
}

/// `GET /runs/{id}`
pub(super) async fn run(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<RunView>, Problem> {
    find(&app, run_id(&id)?)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Start {
    runbook: String,
    #[serde(default)]
    inputs: BTreeMap<String, String>,
    incident: Option<u64>,
    reason: Option<String>,
    by: Option<String>,
}

/// `POST /runs`
pub(super) async fn start(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<Start>,
) -> Result<Json<RunView>, Problem> {
    let Start { runbook, inputs, incident, reason, by } = body;
    let by = caller.name(by.as_deref());
    match app.ask(Command::StartRun { runbook, inputs, by, incident, reason }).await? {
        Reply::Run(id) => find(&app, id),
        _ => Err(Problem::unavailable("the engine answered something else")),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerStep {
    step: String,
    /// `done`, `not-done`, `run-again`, `skip`.
    answer: String,
    reason: Option<String>,
    by: Option<String>,
}

/// `POST /runs/{id}/answer`
pub(super) async fn answer(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json(body): Json<AnswerStep>,
) -> Result<Json<RunView>, Problem> {
    let id = run_id(&id)?;
    let answer = read_answer(&body.answer, body.reason)?;
    let command =
        machine::Command::Answer { step: body.step, answer, by: caller.name(body.by.as_deref()) };
    app.ask(Command::Run { id, command }).await?;
    find(&app, id)
}

/// Reads `done`, `not-done`, `run-again`, `skip`; skipping needs a reason.
pub(crate) fn read_answer(word: &str, reason: Option<String>) -> Result<Answer, Problem> {
    match word {
        "done" => Ok(Answer::Done),
        "not-done" => Ok(Answer::NotDone),
        "run-again" => Ok(Answer::RunAgain),
        "skip" => Ok(Answer::Skip { reason: reason.unwrap_or_default() }),
        other => Err(Problem::bad_request(format!(
            "`{other}` is no answer; answers are done, not-done, run-again, skip"
        ))),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Abort {
    reason: Option<String>,
    by: Option<String>,
}

/// `POST /runs/{id}/abort`
pub(super) async fn abort(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json(body): Json<Abort>,
) -> Result<Json<RunView>, Problem> {
    let id = run_id(&id)?;
    let (by, reason) = (caller.name(body.by.as_deref()), body.reason.unwrap_or_default());
    app.ask(Command::Run { id, command: machine::Command::Abort { by, reason } }).await?;
    find(&app, id)
}
