//! Incidents: their life as facts, the changes that came before them, and what is learned afterwards.
//!
//! Pure. It must not know how alerts are decided, how people are paged, or how a document is stored.

#![warn(missing_docs)]

mod change_point;
pub mod changes;
mod incident;
mod lifecycle;
pub mod postmortem;
pub mod suspects;
mod text;

pub use change_point::{SLICE, Slice, change_point};
pub use incident::{
    AlertRef, Entry, EntryKind, IncidentId, IncidentKind, IncidentSeverity, LinkedAlert, LinkedRun,
    Moment, PageRef, Provenance, SeverityError, State, Status, TIMELINE_ENTRIES_MAX,
};
pub use lifecycle::{ALERTS_MAX, Command, Fact, PAGES_MAX, RUNS_MAX, Refusal, decide, evolve};
pub use text::{TEXT_BYTES_MAX, TITLE_BYTES_MAX};
