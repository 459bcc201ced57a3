//! Runbooks: Markdown to steps, and the durable run of them.
//!
//! Pure. It must not know how a command is executed, nor YAML: front matter comes as plain data.

#![warn(missing_docs)]

mod attributes;
mod book;
mod parse;
pub mod run;

pub use book::{Runbook, Step, StepKind};
pub use parse::{
    ParseFinding, STEP_TEXT_BYTES_MAX, STEPS_MAX, TIMEOUT_DEFAULT, TIMEOUT_MAX, parse,
};
pub use run::{RunId, RunKind};
