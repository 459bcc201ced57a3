//! What may happen next in a run.

use std::collections::BTreeMap;

use jiff::Timestamp;
use nines_port::{CapturedOutput, StepOutcome};

use super::state::answered;
use super::{
    ATTEMPTS_MAX, Answer, Command, Fact, INPUTS_MAX, OUTPUT_HEAD_BYTES, OUTPUT_TAIL_BYTES, Refusal,
    RunResult, RunStatus, STEPS_BYTES_MAX, State, StepRecord, StepStatus, TEXT_BYTES_MAX,
    succeeded,
};
use crate::parse::STEPS_MAX;
use crate::{Step, StepKind};

/// What `command` would make happen. Late and repeated commands are safe.
pub fn decide(state: &State, command: Command, _now: Timestamp) -> Result<Vec<Fact>, Refusal> {
    match (command, state.status()) {
        (command @ Command::Start { .. }, RunStatus::Planned) => start(command),
        (Command::Start { .. }, _) => Err(Refusal::AlreadyStarted),
        (_, RunStatus::Planned) => Err(Refusal::NotStarted),
        (Command::Finished { step, attempt, outcome }, _) => {
            Ok(finished(state, step, attempt, outcome))
        }
        (Command::Recovered, _) => Ok(recovered(state)),
        (_, RunStatus::Ended(result)) => Err(Refusal::AlreadyEnded(result)),
        (Command::Answer { step, answer, by }, _) => answer_for(state, step, answer, by),
        (Command::Abort { by, reason }, _) => {
            written("the person", &by)?;
            written("the reason", &reason)?;
            let (by, reason) = (Some(by), Some(reason));
            Ok(vec![Fact::Ended { result: RunResult::Aborted, by, reason }])
        }
    }
}

fn start(command: Command) -> Result<Vec<Fact>, Refusal> {
    let Command::Start { run, runbook, digest, steps, inputs, by, incident, reason } = command
    else {
        return Ok(Vec::new());
    };
    written("the person", &by)?;
    let reason = reason.filter(|it| !it.trim().is_empty());
    match &reason {
        Some(reason) => written("the reason", reason)?,
        None if incident.is_none() => return Err(Refusal::NeedsReason),
        None => {}
    }
    let Some(first) = steps.first() else { return Err(Refusal::NoSteps) };
    at_most("steps", steps.len(), STEPS_MAX)?;
    at_most("bytes of steps", steps.iter().map(|it| it.text.len()).sum(), STEPS_BYTES_MAX)?;
    check_inputs(&inputs)?;
    let first = begin(run, first);
    let started = Fact::Started { run, runbook, digest, steps, inputs, by, incident, reason };
    Ok([started].into_iter().chain(first).collect())
}

/// The first intent of a step; a manual one has none, it waits.
fn begin(run: super::RunId, step: &Step) -> Option<Fact> {
    (step.kind != StepKind::Manual).then(|| intend(run, &step.name, 1, false))
}

#[expect(clippy::fn_params_excessive_bools, reason = "the fact's own field")]
fn intend(run: super::RunId, step: &str, attempt: u32, repeat: bool) -> Fact {
    let key = format!("{run}/{step}/{attempt}");
    Fact::StepIntended { step: step.to_owned(), attempt, key, repeat }
}

/// An end counts when it belongs to the last attempt and that has none yet; all else is an echo.
fn finished(state: &State, step: String, attempt: u32, outcome: StepOutcome) -> Vec<Fact> {
    let Some((index, record)) = state.step(&step) else { return Vec::new() };
    let is_open = matches!(record.status, StepStatus::Intended | StepStatus::Unknown);
    if !is_open || record.attempts != attempt {
        return Vec::new();
    }
    let StepOutcome { end, stdout, stderr, took } = outcome;
    let outcome = StepOutcome { end, stdout: bounded(stdout), stderr: bounded(stderr), took };
    let goes_on = succeeded(&outcome);
    let fact = Fact::StepFinished { step, attempt, outcome };
    let next = if goes_on { after(state, index, StepStatus::Succeeded) } else { None };
    [fact].into_iter().chain(next).collect()
}

/// What was under way is repeated if that does no harm, else it is unknown.
fn recovered(state: &State) -> Vec<Fact> {
    let interrupted = state.steps.iter().filter(|it| it.status == StepStatus::Intended);
    let judge = |record: &StepRecord| {
        let StepRecord { step, attempts, .. } = record;
        let is_harmless = step.read_only || step.idempotent || step.kind == StepKind::Promql;
        match state.run {
            Some(run) if is_harmless && *attempts < ATTEMPTS_MAX && !state.is_ended() => {
                intend(run, &step.name, attempts + 1, true)
            }
            _ => Fact::StepUnknown { step: step.name.clone(), attempt: *attempts },
        }
    };
    interrupted.map(judge).collect()
}

fn answer_for(
    state: &State,
    step: String,
    answer: Answer,
    by: String,
) -> Result<Vec<Fact>, Refusal> {
    written("the person", &by)?;
    if let Answer::Skip { reason } = &answer {
        written("the reason", reason)?;
    }
    let Some((index, record)) = state.step(&step) else {
        return Err(Refusal::UnknownStep { step });
    };
    let status = record.status;
    let waiting = state.waiting().filter(|it| it.step.step.name == step);
    let Some(waiting) = waiting else { return Err(Refusal::NotWaiting { step, status }) };
    let possible = waiting.answers();
    if !possible.contains(&answer.to_string().as_str()) {
        let possible = possible.join(", ");
        return Err(Refusal::WrongAnswer { step, answer, status, possible });
    }
    let again = match (&answer, status) {
        (Answer::RunAgain, _) => Some(true),
        (Answer::NotDone, StepStatus::Unknown) => Some(false),
        _ => None,
    };
    let next = match (again, state.run) {
        (Some(_), _) if ATTEMPTS_MAX <= record.attempts => {
            return Err(Refusal::TooManyAttempts { step });
        }
        (Some(repeat), Some(run)) => Some(intend(run, &step, record.attempts + 1, repeat)),
        _ => {
            let settled = answered(status, &answer);
            settled.is_settled().then(|| after(state, index, settled)).flatten()
        }
    };
    Ok([Fact::StepAnswered { step, answer, by }].into_iter().chain(next).collect())
}

/// What follows when the step at `index` becomes `status`: the next step's intent, or the end.
fn after(state: &State, index: usize, status: StepStatus) -> Option<Fact> {
    if state.is_ended() {
        return None;
    }
    if let Some(next) = state.steps.get(index + 1) {
        return begin(state.run?, &next.step);
    }
    let before = state.steps.iter().take(index).map(|it| it.status);
    let gave_up = before.chain([status]).any(|it| it == StepStatus::GivenUp);
    let result = if gave_up { RunResult::Failed } else { RunResult::Succeeded };
    Some(Fact::Ended { result, by: None, reason: None })
}

/// Inputs become environment variables, so they must not be able to change what runs.
fn check_inputs(inputs: &BTreeMap<String, String>) -> Result<(), Refusal> {
    at_most("inputs", inputs.len(), INPUTS_MAX)?;
    for (name, value) in inputs {
        let bad = |problem| Err(Refusal::BadInput { name: name.clone(), problem });
        let starts = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
        if !starts || !name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_') {
            return bad("is not a name of letters, digits and `_`");
        }
        let rules = ["PATH", "HOME", "IFS", "ENV", "BASH_ENV", "SHELLOPTS", "BASHOPTS"];
        let prefixes = ["LD_", "DYLD_", "NINES_", "PYTHON", "BASH_FUNC_"];
        if rules.contains(&name.as_str()) || prefixes.iter().any(|it| name.starts_with(it)) {
            return bad("has a name that would change how steps run; choose another");
        }
        if value.contains('\0') {
            return bad("contains a NUL byte");
        }
        if TEXT_BYTES_MAX < value.len() {
            return bad("is longer than 4096 bytes");
        }
    }
    Ok(())
}

/// The beginning and the end of an output, within the limits of a fact.
fn bounded(output: CapturedOutput) -> CapturedOutput {
    let CapturedOutput { text, omitted_bytes } = output;
    if text.len() <= OUTPUT_HEAD_BYTES + OUTPUT_TAIL_BYTES {
        return CapturedOutput { text, omitted_bytes };
    }
    let head_end = text.floor_char_boundary(OUTPUT_HEAD_BYTES);
    let tail_start = text.ceil_char_boundary(text.len() - OUTPUT_TAIL_BYTES);
    let head = text.get(..head_end).unwrap_or_default();
    let tail = text.get(tail_start..).unwrap_or_default();
    let omitted = (tail_start - head_end) as u64;
    let text = format!("{head}{tail}");
    CapturedOutput { text, omitted_bytes: omitted_bytes.saturating_add(omitted) }
}

fn at_most(what: &'static str, have: usize, max: usize) -> Result<(), Refusal> {
    if max < have { Err(Refusal::TooMany { what, have, max }) } else { Ok(()) }
}

/// A text that a person gave must say something and fit.
fn written(what: &'static str, text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::Empty { what });
    }
    at_most("bytes of text", text.len(), TEXT_BYTES_MAX)
}
