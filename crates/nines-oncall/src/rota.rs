//! The rota: what people changed of schedules without changing files: overrides, swaps, temporary shifts, vacations.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {}

/// What happened. Journaled: a released shape never changes, a new one is a new version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Fact {}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {}

/// The fold of all facts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {}

impl State {
    /// When something begins, ends, or somebody wants to be reminded.
    pub fn wake_at(&self) -> Option<Timestamp> {
        None
    }
}

/// What `command` would make happen.
pub fn decide(
    _state: &State,
    command: Command,
    _roster: &crate::Roster,
    _now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    match command {}
}

/// Applies one fact that was recorded at `at`. It cannot fail: what happened, happened.
pub fn evolve(_state: &mut State, fact: &Fact, _at: Timestamp) {
    match *fact {}
}
