//! The fold of a run's facts, and what can be read from it.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use nines_port::StepOutcome;
use serde::{Deserialize, Serialize};

use super::{Answer, Fact, RunId, RunResult, succeeded};
use crate::{Step, StepKind};

/// The fold of the facts. Before [`Fact::Started`] it is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    pub(super) run: Option<RunId>,
    runbook: String,
    digest: String,
    inputs: BTreeMap<String, String>,
    by: String,
    incident: Option<String>,
    reason: Option<String>,
    pub(super) steps: Vec<StepRecord>,
    started_at: Option<Timestamp>,
    ended: Option<(Timestamp, RunResult)>,
    ended_by: Option<String>,
    ended_reason: Option<String>,
}

/// One step and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// As pinned at the start.
    pub step: Step,
    /// How far it is.
    pub status: StepStatus,
    /// How many attempts were intended.
    pub attempts: u32,
    /// Of the last attempt; empty before the first.
    pub key: String,
    /// Whether the last attempt came after one that may have had effects.
    pub repeat: bool,
    /// When the last attempt was intended.
    pub intended_at: Option<Timestamp>,
    /// When the last attempt ended, became unknown, or a person answered.
    pub settled_at: Option<Timestamp>,
    /// How the last attempt ended.
    pub outcome: Option<StepOutcome>,
    /// The last answer and who gave it.
    pub answer: Option<(Answer, String)>,
    /// The journal's sequence number of the last fact about it.
    pub evidence: Option<u64>,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StepStatus {
    /// Not yet begun.
    Pending,
    /// An attempt is under way.
    Intended,
    /// The last attempt did what it should.
    Succeeded,
    /// The last attempt did not.
    Failed,
    /// Nobody knows how the last attempt ended.
    Unknown,
    /// A person says that it is done.
    Done,
    /// A person says that it is not done.
    NotDone,
    /// Left out before it was tried.
    Skipped,
    /// Left out after it had failed or was unknown.
    GivenUp,
}

impl StepStatus {
    /// Whether the run goes on behind it.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Succeeded | Self::Done | Self::Skipped | Self::GivenUp)
    }
}

/// `pending`, `under way`, ...
impl fmt::Display for StepStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Intended => "under way",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Done => "done",
            Self::NotDone => "not done",
            Self::Skipped => "skipped",
            Self::GivenUp => "given up",
        })
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunStatus {
    /// Not started.
    Planned,
    /// An attempt is under way.
    Running,
    /// A person must answer; see [`State::waiting`].
    Waiting,
    /// Over.
    Ended(RunResult),
}

/// `planned`, `running`, `waiting`, or the result.
impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Planned => f.write_str("planned"),
            Self::Running => f.write_str("running"),
            Self::Waiting => f.write_str("waiting"),
            Self::Ended(result) => result.fmt(f),
        }
    }
}

/// An attempt that must be executed now; its intent is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepIntent<'a> {
    /// Which run.
    pub run: RunId,
    /// What to do.
    pub step: &'a Step,
    /// Counts from 1.
    pub attempt: u32,
    /// Unique for run, step and attempt.
    pub key: &'a String,
    /// Whether an earlier attempt may have had effects.
    pub repeat: bool,
    /// For the step's environment.
    pub inputs: &'a BTreeMap<String, String>,
}

/// The step that a person must decide about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting<'a> {
    /// Which step, and what is known of it.
    pub step: &'a StepRecord,
    /// Why.
    pub reason: WaitingFor,
}

/// Why a run waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WaitingFor {
    /// The step is done by a person.
    Manual,
    /// The step failed, or a person could not do it.
    Failed,
    /// The step was interrupted, and a repeat may do harm.
    Unknown,
}

impl Waiting<'_> {
    /// The answers that make sense, as words: `done`, `not-done`, `run-again`, `skip`.
    pub fn answers(&self) -> &'static [&'static str] {
        match (self.reason, &self.step.step.kind) {
            (WaitingFor::Manual, _) => &["done", "not-done", "skip"],
            (WaitingFor::Failed, StepKind::Manual) => &["done", "skip"],
            (WaitingFor::Failed, _) => &["run-again", "done", "skip"],
            (WaitingFor::Unknown, _) => &["done", "not-done", "run-again", "skip"],
        }
    }
}

impl State {
    /// The run's id, once it has started.
    pub fn run(&self) -> Option<RunId> {
        self.run
    }

    /// The runbook's name.
    pub fn runbook(&self) -> &str {
        &self.runbook
    }

    /// Of the runbook's file.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// For the steps' environment.
    pub fn inputs(&self) -> &BTreeMap<String, String> {
        &self.inputs
    }

    /// Who started it.
    pub fn by(&self) -> &str {
        &self.by
    }

    /// The id of the incident that it is for.
    pub fn incident(&self) -> Option<&str> {
        self.incident.as_deref()
    }

    /// Why it was started, when it is for no incident.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Every step, in file order.
    pub fn steps(&self) -> &[StepRecord] {
        &self.steps
    }

    /// When it started.
    pub fn started_at(&self) -> Option<Timestamp> {
        self.started_at
    }

    /// When it ended.
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.ended.map(|(at, _)| at)
    }

    /// Who ended it before its end, and why.
    pub fn aborted(&self) -> Option<(&str, &str)> {
        Some((self.ended_by.as_deref()?, self.ended_reason.as_deref().unwrap_or_default()))
    }

    /// Whether it is over.
    pub fn is_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// How far it is.
    pub fn status(&self) -> RunStatus {
        match (self.ended, self.run) {
            (Some((_, result)), _) => RunStatus::Ended(result),
            (None, None) => RunStatus::Planned,
            (None, Some(_)) if self.waiting().is_some() => RunStatus::Waiting,
            (None, Some(_)) => RunStatus::Running,
        }
    }

    /// The attempt that must be executed now, if one is.
    pub fn due(&self) -> Option<StepIntent<'_>> {
        let StepRecord { step, attempts, key, repeat, .. } =
            self.current().filter(|it| it.status == StepStatus::Intended)?;
        let (attempt, repeat, inputs) = (*attempts, *repeat, &self.inputs);
        Some(StepIntent { run: self.run?, step, attempt, key, repeat, inputs })
    }

    /// The step that waits for a person, if one does.
    pub fn waiting(&self) -> Option<Waiting<'_>> {
        let step = self.current()?;
        let reason = match step.status {
            StepStatus::Pending if step.step.kind == StepKind::Manual => WaitingFor::Manual,
            StepStatus::Failed | StepStatus::NotDone => WaitingFor::Failed,
            StepStatus::Unknown => WaitingFor::Unknown,
            _ => return None,
        };
        Some(Waiting { step, reason })
    }

    /// The first step that is not settled, while the run is not over.
    fn current(&self) -> Option<&StepRecord> {
        self.steps.iter().find(|it| !it.status.is_settled()).filter(|_| !self.is_ended())
    }

    /// The step of this name, and its place.
    pub(super) fn step(&self, name: &str) -> Option<(usize, &StepRecord)> {
        self.steps.iter().enumerate().find(|(_, it)| it.step.name == name)
    }
}

/// Applies one fact. It cannot fail: what happened, happened.
///
/// `at` and `seq` are the journal record's.
pub fn evolve(state: &mut State, fact: &Fact, at: Timestamp, seq: u64) {
    match fact {
        Fact::Started { run, runbook, digest, steps, inputs, by, incident, reason } => {
            *state = State {
                run: Some(*run),
                runbook: runbook.clone(),
                digest: digest.clone(),
                inputs: inputs.clone(),
                by: by.clone(),
                incident: incident.clone(),
                reason: reason.clone(),
                steps: steps.iter().map(pending).collect(),
                started_at: Some(at),
                ..State::default()
            }
        }
        Fact::StepIntended { step, attempt, key, repeat } => change(state, step, seq, |it| {
            it.status = StepStatus::Intended;
            (it.attempts, it.repeat) = (*attempt, *repeat);
            it.key.clone_from(key);
            (it.intended_at, it.settled_at, it.outcome) = (Some(at), None, None);
        }),
        Fact::StepFinished { step, outcome, .. } => change(state, step, seq, |it| {
            let good = succeeded(outcome);
            it.status = if good { StepStatus::Succeeded } else { StepStatus::Failed };
            (it.settled_at, it.outcome) = (Some(at), Some(outcome.clone()));
        }),
        Fact::StepUnknown { step, .. } => change(state, step, seq, |it| {
            (it.status, it.settled_at) = (StepStatus::Unknown, Some(at));
        }),
        Fact::StepAnswered { step, answer, by } => change(state, step, seq, |it| {
            it.status = answered(it.status, answer);
            (it.settled_at, it.answer) = (Some(at), Some((answer.clone(), by.clone())));
        }),
        Fact::Ended { result, by, reason } => {
            state.ended = Some((at, *result));
            state.ended_by.clone_from(by);
            state.ended_reason.clone_from(reason);
        }
    }
}

fn pending(step: &Step) -> StepRecord {
    StepRecord {
        step: step.clone(),
        status: StepStatus::Pending,
        attempts: 0,
        key: String::new(),
        repeat: false,
        intended_at: None,
        settled_at: None,
        outcome: None,
        answer: None,
        evidence: None,
    }
}

fn change(state: &mut State, step: &str, seq: u64, change: impl FnOnce(&mut StepRecord)) {
    if let Some(record) = state.steps.iter_mut().find(|it| it.step.name == step) {
        record.evidence = Some(seq);
        change(record);
    }
}

/// What an answer makes of a step. An answer that runs it again is followed by an intent.
pub(super) fn answered(before: StepStatus, answer: &Answer) -> StepStatus {
    match (answer, before) {
        (Answer::Done, _) => StepStatus::Done,
        (Answer::NotDone, StepStatus::Pending) => StepStatus::NotDone,
        (Answer::Skip { .. }, StepStatus::Pending) => StepStatus::Skipped,
        (Answer::Skip { .. }, _) => StepStatus::GivenUp,
        (Answer::NotDone | Answer::RunAgain, before) => before,
    }
}
