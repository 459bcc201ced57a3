//! A runbook as data.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use nines_base::Origin;
use serde::{Deserialize, Serialize};

/// A Markdown file whose fenced blocks are steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Runbook {
    /// Unique: the file's name without `.md`.
    pub name: String,
    /// From the front matter, else the first heading, else the name.
    pub title: String,
    /// The services it is for.
    pub services: Vec<String>,
    /// Inputs with their defaults; each reaches `sh` steps as an environment variable.
    pub inputs: BTreeMap<String, String>,
    /// In file order.
    pub steps: Vec<Step>,
    /// The Markdown without front matter.
    pub markdown: String,
    /// SHA-256 of the whole file in hexadecimal: a run is pinned to it.
    pub digest: String,
    /// Where it was written.
    pub origin: Origin,
}

/// One fenced block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Unique in its runbook.
    pub name: String,
    /// What it does.
    pub kind: StepKind,
    /// The whole block.
    pub text: String,
    /// Ends an attempt.
    pub timeout: SignedDuration,
    /// A repeat does no harm, because the step only looks.
    pub read_only: bool,
    /// A repeat does no harm, because the second time changes nothing.
    pub idempotent: bool,
    /// The line of the block's fence in the file; counts from 1.
    pub line: u32,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepKind {
    /// Runs under an interpreter: `sh`, `bash`, `python3`.
    Command {
        /// The program.
        interpreter: String,
    },
    /// Asks a PromQL expression; succeeds when it is true (a comparison with a result, a scalar other than 0).
    Promql,
    /// A person does it and says what was seen.
    Manual,
}
