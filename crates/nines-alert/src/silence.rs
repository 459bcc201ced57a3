//! Silences: what people do not want to be told of for a while.

use jiff::Timestamp;
use nines_base::{Id, IdKind};
use serde::{Deserialize, Serialize};

/// Silences. Alertmanager's clients see the UUID part only.
#[derive(Debug)]
pub enum SilenceKind {}

impl IdKind for SilenceKind {
    const PREFIX: &'static str = "sil";
}

/// Names one silence.
pub type SilenceId = Id<SilenceKind>;

/// When a silence holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Not yet.
    Pending,
    /// Now.
    Active,
    /// Not any more.
    Expired,
}

/// The phase of a stretch of time, whose ends both count.
pub fn phase(starts_at: Timestamp, ends_at: Timestamp, now: Timestamp) -> Phase {
    if now < starts_at {
        Phase::Pending
    } else if now <= ends_at {
        Phase::Active
    } else {
        Phase::Expired
    }
}

/// What somebody or something asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {}

/// What happened. Journaled: a released shape never changes, a new one is a new version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Fact {}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {}

/// The fold of all silences' facts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {}

impl State {
    /// When a silence begins, ends or wants to be confirmed next.
    pub fn wake_at(&self) -> Option<Timestamp> {
        None
    }
}

/// What `command` would make happen; `id` names a silence that it makes.
pub fn decide(
    _state: &State,
    command: Command,
    _id: SilenceId,
    _now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    match command {}
}

/// Applies one fact that was recorded at `at`. It cannot fail: what happened, happened.
pub fn evolve(_state: &mut State, fact: &Fact, _at: Timestamp) {
    match *fact {}
}
