//! The step-runner port: how a runbook's command runs.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// One attempt at one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRequest {
    /// Unique for run, step and attempt; given to the command as `NINES_STEP_KEY`.
    pub key: String,
    /// The interpreter: `sh`, `bash`, `python3`.
    pub interpreter: String,
    /// The whole block.
    pub script: String,
    /// The only environment that the command sees, apart from `PATH` and `HOME`.
    pub environment: BTreeMap<String, String>,
    /// An existing folder.
    pub folder: PathBuf,
    /// After this the process group gets TERM, ten seconds later KILL.
    pub timeout: SignedDuration,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepEnd {
    /// The process ended by itself.
    Exited {
        /// 0 is success.
        code: i32,
    },
    /// A signal ended the process.
    Killed {
        /// Its number.
        signal: i32,
    },
    /// The time limit passed, and the process group was killed.
    TimedOut,
    /// The process could not be started, or a query could not be answered.
    Failed {
        /// In words.
        reason: String,
    },
}

/// Text that a command wrote, at most its first 256 KiB and last 768 KiB.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapturedOutput {
    /// With bytes that are not UTF-8 replaced.
    pub text: String,
    /// How many bytes of the middle are missing.
    pub omitted_bytes: u64,
}

/// What one attempt did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepOutcome {
    /// How it ended.
    pub end: StepEnd,
    /// Standard output.
    pub stdout: CapturedOutput,
    /// Standard error.
    pub stderr: CapturedOutput,
    /// From start to end.
    pub took: SignedDuration,
}

/// Runs commands under limits.
pub trait StepRunner: fmt::Debug + Send + Sync {
    /// Runs the command to its end or its time limit. Blocks; never panics.
    fn run(&self, request: &StepRequest) -> StepOutcome;
}
