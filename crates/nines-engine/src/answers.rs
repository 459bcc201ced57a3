//! Answers that are given again: a client that had none repeats its command under the same key, and gets the answer
//! of the first time, also from the process after this one.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use nines_alert::AlertKey;
use nines_alert::silence::SilenceId;
use nines_incident::IncidentId;
use nines_oncall::EscalationId;
use nines_release::{DecisionId, WaiverId};
use nines_runbook::RunId;
use serde::{Deserialize, Serialize};

use crate::command::Reply;
use crate::{State as Everything, exclusions};

/// How long an answer is remembered.
pub const LIFE: SignedDuration = SignedDuration::from_hours(24);
/// The longest key.
pub const KEY_BYTES_MAX: usize = 255;
/// The most answers that are remembered; the oldest are forgotten first.
const ANSWERS_MAX: usize = 10_000;

/// A command was carried out under a key. Journaled: a released shape never changes, a new one is a new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// What the client chose.
    pub key: String,
    /// A digest of what was asked: the same key with another question is a mistake.
    pub request: String,
    /// What it was answered.
    pub answer: Answer,
}

/// What of a [`Reply`] is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// As [`Reply::Done`].
    Done,
    /// As [`Reply::Acknowledged`].
    Acknowledged(Vec<AlertKey>),
    /// As [`Reply::Change`].
    Change {
        /// As there.
        is_new: bool,
    },
    /// As [`Reply::Exclusion`].
    Exclusion(Option<exclusions::Recorded>),
    /// As [`Reply::Incident`].
    Incident(IncidentId),
    /// As [`Reply::Run`].
    Run(RunId),
    /// As [`Reply::Decision`].
    Decision(DecisionId),
    /// As [`Reply::Waiver`].
    Waiver(WaiverId),
    /// As [`Reply::Silence`].
    Silence(SilenceId),
    /// As [`Reply::Rota`].
    Rota(Vec<u32>),
    /// As [`Reply::Escalations`].
    Escalations(Vec<EscalationId>),
}

impl Answer {
    /// What is remembered of a reply; work that is handed to a
    /// worker is not asked for by clients; telling alerts again, and another test of a page, are harmless.
    pub(crate) fn of(reply: &Reply) -> Option<Self> {
        match reply {
            Reply::Done => Some(Self::Done),
            Reply::Acknowledged(alerts) => Some(Self::Acknowledged(alerts.clone())),
            Reply::Change { is_new } => Some(Self::Change { is_new: *is_new }),
            Reply::Exclusion(exclusion) => Some(Self::Exclusion(exclusion.clone())),
            Reply::Incident(id) => Some(Self::Incident(*id)),
            Reply::Run(id) => Some(Self::Run(*id)),
            Reply::Decision(decision) => Some(Self::Decision(decision.id)),
            Reply::Waiver(waiver) => Some(Self::Waiver(waiver.id)),
            Reply::Silence(id) => Some(Self::Silence(*id)),
            Reply::Rota(numbers) => Some(Self::Rota(numbers.clone())),
            Reply::Escalations(ids) => Some(Self::Escalations(ids.clone())),
            Reply::Alerts { .. }
            | Reply::Ordered(_)
            | Reply::Confirmed(_)
            | Reply::Sends(_)
            | Reply::Steps(_) => None,
        }
    }

    /// The reply of the first time, unless what it spoke of is forgotten.
    pub(crate) fn reply(&self, state: &Everything) -> Option<Reply> {
        let reply = match self {
            Self::Done => Reply::Done,
            Self::Acknowledged(alerts) => Reply::Acknowledged(alerts.clone()),
            Self::Change { is_new } => Reply::Change { is_new: *is_new },
            Self::Exclusion(exclusion) => Reply::Exclusion(exclusion.clone()),
            Self::Incident(id) => Reply::Incident(*id),
            Self::Run(id) => Reply::Run(*id),
            Self::Silence(id) => Reply::Silence(*id),
            Self::Decision(id) => Reply::Decision(Box::new(state.releases.decision(*id)?.clone())),
            Self::Waiver(id) => {
                let waiver = state.releases.waivers().rev().find(|it| it.id == *id)?;
                Reply::Waiver(Box::new(waiver.clone()))
            }
            Self::Rota(numbers) => Reply::Rota(numbers.clone()),
            Self::Escalations(ids) => Reply::Escalations(ids.clone()),
        };
        Some(reply)
    }
}

/// The fold of the facts: answers by key, none older than [`LIFE`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    by_key: BTreeMap<String, Known>,
    /// Keys by age, the oldest first.
    by_age: VecDeque<(Timestamp, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    at: Timestamp,
    request: String,
    answer: Answer,
}

impl State {
    /// What was asked under `key`, and what it was answered.
    pub fn find(&self, key: &str, now: Timestamp) -> Option<(&str, &Answer)> {
        let known = self.by_key.get(key).filter(|it| now < it.at + LIFE)?;
        Some((&known.request, &known.answer))
    }

    /// How many answers are remembered.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }
}

/// Applies one fact that was recorded at `at`. It cannot fail: what happened, happened.
pub fn evolve(state: &mut State, fact: &Answered, at: Timestamp) {
    let Answered { key, request, answer } = fact.clone();
    state.by_key.insert(key.clone(), Known { at, request, answer });
    state.by_age.push_back((at, key));
    let is_old = |state: &State| {
        state
            .by_age
            .front()
            .is_some_and(|(since, _)| *since + LIFE <= at || ANSWERS_MAX < state.by_age.len())
    };
    while is_old(state) {
        let Some((since, key)) = state.by_age.pop_front() else { return };
        // A key may have been used again since.
        if state.by_key.get(&key).is_some_and(|it| it.at == since) {
            state.by_key.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests;
