//! The durable run of a runbook: every attempt is a fact before it happens and another one after it.
//!
//! What ended is never run again. What was interrupted is *unknown*, and only a person, or a step that
//! does no harm when repeated, may go on from there. It must not know who executes a step.

mod decide;
mod state;

use std::collections::BTreeMap;
use std::fmt;

use nines_base::{Id, IdKind};
use nines_port::{StepEnd, StepOutcome};
use serde::{Deserialize, Serialize};

pub use decide::decide;
pub use state::{
    RunStatus, State, StepIntent, StepRecord, StepStatus, Waiting, WaitingFor, evolve,
};

use crate::Step;

/// Runs: `run_...`.
#[derive(Debug)]
pub enum RunKind {}

impl IdKind for RunKind {
    const PREFIX: &'static str = "run";
}

/// Names one run.
pub type RunId = Id<RunKind>;

/// The most attempts at one step.
pub const ATTEMPTS_MAX: u32 = 20;
/// The most inputs of one run.
pub const INPUTS_MAX: usize = 64;
/// The longest value of an input, and the longest reason, in bytes.
pub const TEXT_BYTES_MAX: usize = 4_096;
/// The longest text of all steps of one run, in bytes: all of it is in the fact that starts it.
pub const STEPS_BYTES_MAX: usize = 1_048_576;
/// How much of the beginning of an output is kept, in bytes.
pub const OUTPUT_HEAD_BYTES: usize = 256 * 1_024;
/// How much of the end of an output is kept, in bytes.
pub const OUTPUT_TAIL_BYTES: usize = 768 * 1_024;

/// What somebody or something asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A person starts the runbook.
    Start {
        /// The new run's id; it is part of every attempt's key.
        run: RunId,
        /// The runbook's name.
        runbook: String,
        /// Of the file, so that the run is pinned to it.
        digest: String,
        /// The steps as they are now; editing the file does not change the run.
        steps: Vec<Step>,
        /// Values that reach steps as environment variables.
        inputs: BTreeMap<String, String>,
        /// Who.
        by: String,
        /// The id of the incident that it is for.
        incident: Option<String>,
        /// Why, when it is for no incident.
        reason: Option<String>,
    },
    /// An attempt ended. For a query: exit code 0 is true, 1 is false.
    Finished {
        /// Which step.
        step: String,
        /// Which attempt.
        attempt: u32,
        /// How it ended.
        outcome: StepOutcome,
    },
    /// nines has started again: what was under way is not any more, and nobody knows how far it came.
    Recovered,
    /// A person answers for the step that waits.
    Answer {
        /// Which step.
        step: String,
        /// What.
        answer: Answer,
        /// Who.
        by: String,
    },
    /// A person ends the run.
    Abort {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
}

/// What a person says about a step that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// It is done: by hand, or the interrupted attempt did it after all.
    Done,
    /// It is not done; an interrupted command is run again.
    NotDone,
    /// Run it again, although an earlier attempt may have had effects.
    RunAgain,
    /// Go on without it.
    Skip {
        /// Why.
        reason: String,
    },
}

/// `done`, `not-done`, `run-again`, `skip`.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::NotDone => "not-done",
            Self::RunAgain => "run-again",
            Self::Skip { .. } => "skip",
        })
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RunResult {
    /// Every step succeeded, was done by a person, or was left out before it was tried.
    Succeeded,
    /// The end was reached, but a step that failed or is unknown was left out.
    Failed,
    /// A person ended it before.
    Aborted,
}

/// `succeeded`, `failed`, `aborted`.
impl fmt::Display for RunResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
        })
    }
}

/// What happened. Journaled: a released shape never changes, a new one is a new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// The run exists; its first step follows.
    Started {
        /// As in [`Command::Start`].
        run: RunId,
        /// As in [`Command::Start`].
        runbook: String,
        /// As in [`Command::Start`].
        digest: String,
        /// As in [`Command::Start`].
        steps: Vec<Step>,
        /// As in [`Command::Start`].
        inputs: BTreeMap<String, String>,
        /// As in [`Command::Start`].
        by: String,
        /// As in [`Command::Start`].
        incident: Option<String>,
        /// As in [`Command::Start`].
        reason: Option<String>,
    },
    /// This attempt must be executed. It is durable before the process starts.
    StepIntended {
        /// Which step.
        step: String,
        /// Counts from 1.
        attempt: u32,
        /// Unique for run, step and attempt.
        key: String,
        /// Whether an earlier attempt may have had effects.
        repeat: bool,
    },
    /// The attempt ended.
    StepFinished {
        /// Which step.
        step: String,
        /// Which attempt.
        attempt: u32,
        /// How.
        outcome: StepOutcome,
    },
    /// Nobody knows how the attempt ended, and it must not be repeated without asking.
    StepUnknown {
        /// Which step.
        step: String,
        /// Which attempt.
        attempt: u32,
    },
    /// A person decided about a step.
    StepAnswered {
        /// Which step.
        step: String,
        /// What.
        answer: Answer,
        /// Who.
        by: String,
    },
    /// The run is over.
    Ended {
        /// How.
        result: RunResult,
        /// Who ended it, if a person did.
        by: Option<String>,
        /// Why, if a person did.
        reason: Option<String>,
    },
}

/// Why a command is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It exists already.
    #[error("the run has started already")]
    AlreadyStarted,
    /// It does not exist.
    #[error("there is no such run")]
    NotStarted,
    /// It is over.
    #[error("the run has ended: {0}")]
    AlreadyEnded(RunResult),
    /// There is nothing to do.
    #[error("the runbook has no steps")]
    NoSteps,
    /// A limit is passed.
    #[error("the run has {have} {what}; at most {max} are allowed")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        have: usize,
        /// The limit.
        max: usize,
    },
    /// An input cannot be an environment variable of a step.
    #[error("the input `{name}` {problem}")]
    BadInput {
        /// Which.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A run for no incident must say why.
    #[error("a run without an incident needs a reason")]
    NeedsReason,
    /// A text says nothing.
    #[error("{what} is empty")]
    Empty {
        /// Which.
        what: &'static str,
    },
    /// No step has this name.
    #[error("the run has no step `{step}`")]
    UnknownStep {
        /// The name.
        step: String,
    },
    /// The step does not wait for a person.
    #[error("the step `{step}` is {status}; it waits for no answer")]
    NotWaiting {
        /// Which.
        step: String,
        /// What it is instead.
        status: StepStatus,
    },
    /// The answer makes no sense here.
    #[error("`{answer}` is no answer for the step `{step}`, which is {status}; answer {possible}")]
    WrongAnswer {
        /// Which step.
        step: String,
        /// The answer.
        answer: Answer,
        /// What the step is.
        status: StepStatus,
        /// What could be answered.
        possible: String,
    },
    /// The step was tried too often.
    #[error(
        "the step `{step}` was tried {ATTEMPTS_MAX} times; answer done or skip, or abort the run"
    )]
    TooManyAttempts {
        /// Which.
        step: String,
    },
}

/// Whether the attempt did what it should.
pub fn succeeded(outcome: &StepOutcome) -> bool {
    outcome.end == StepEnd::Exited { code: 0 }
}

/// How an attempt ended, in a few words: `exit code 1 after 3s`.
pub fn describe(outcome: &StepOutcome) -> String {
    let took = nines_base::format_duration(outcome.took);
    match &outcome.end {
        StepEnd::Exited { code: 0 } => format!("succeeded after {took}"),
        StepEnd::Exited { code } => format!("exit code {code} after {took}"),
        StepEnd::Killed { signal } => format!("killed by signal {signal} after {took}"),
        StepEnd::TimedOut => format!("timed out after {took}"),
        StepEnd::Failed { reason } => format!("failed: {reason}"),
    }
}

#[cfg(test)]
mod tests;
