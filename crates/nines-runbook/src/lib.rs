//! Runbooks: Markdown to steps, and the durable run of them.
//!
//! Pure. It must not know how a command is executed, nor YAML: front matter comes as plain data.

#![warn(missing_docs)]

mod book;

pub use book::{Runbook, Step, StepKind};
