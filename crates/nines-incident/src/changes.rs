//! Changes of services: deploys, flags, configuration, infrastructure, traffic. Each is recorded once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::text::{TEXT_BYTES_MAX, TITLE_BYTES_MAX, cut, one_line};

/// The most changes in memory; the ones that began first are forgotten first.
pub const CHANGES_MAX: usize = 10_000;
/// How far ahead of ours another clock may be.
pub const CLOCK_AHEAD_MAX: SignedDuration = SignedDuration::from_hours(1);

/// What was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ChangeKind {
    /// A version was deployed.
    Deploy,
    /// A feature flag was switched.
    Flag,
    /// Configuration was changed.
    Config,
    /// Machines, networks, databases.
    Infra,
    /// Where requests go, or how many come.
    Traffic,
}

/// `deploy`, `flag`, ...
impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deploy => "deploy",
            Self::Flag => "flag",
            Self::Config => "config",
            Self::Infra => "infra",
            Self::Traffic => "traffic",
        })
    }
}

/// One change of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Its identity, as [`change_id`] makes it. Empty in a command: made from what there is.
    pub id: String,
    /// What was changed.
    pub service: String,
    /// Where, such as `prod`; may be empty.
    pub env: String,
    /// To which version.
    pub version: Option<String>,
    /// To which commit.
    pub sha: Option<String>,
    /// What sort of change.
    pub kind: ChangeKind,
    /// By whom.
    pub author: Option<String>,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; `None` when that is unknown, or not yet.
    pub finished: Option<Timestamp>,
    /// In words; may be empty.
    pub summary: String,
    /// Who told: `github`, `cli`, `nines`.
    pub source: String,
    /// Where to read more.
    pub url: Option<String>,
}

/// The identity of a change: source and external id, else what was changed and when.
pub fn change_id(change: &Change, external_id: Option<&str>) -> String {
    let Change { service, env, version, source, started, .. } = change;
    let id = match (external_id, version) {
        (Some(external_id), _) => format!("{source}:{external_id}"),
        (None, Some(version)) => format!("{service}@{env} {version} {started}"),
        (None, None) => format!("{service}@{env} {} {started}", change.kind),
    };
    cut(&one_line(&id), TITLE_BYTES_MAX)
}

/// What somebody or something asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// This changed; telling it again is harmless.
    Record(Change),
}

/// What happened. Journaled: a released shape never changes, a new one is a new version.
#[expect(clippy::large_enum_variant, reason = "nearly all facts are of the large variant")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// A change became known.
    ChangeRecorded(Change),
    /// A known change ended.
    ChangeFinished {
        /// Which.
        id: String,
        /// When.
        finished: Timestamp,
    },
}

/// Why a change is not recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A required text says nothing.
    #[error("the change has no {what}")]
    Empty {
        /// Which.
        what: &'static str,
    },
    /// A text is too long.
    #[error("the {what} of the change has {bytes} bytes; at most {bytes_max} are allowed")]
    TooLong {
        /// Which.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// It ended before it began.
    #[error("the change ended at {finished}, before it began at {started}")]
    EndsBeforeStart {
        /// Its start.
        started: Timestamp,
        /// Its end.
        finished: Timestamp,
    },
    /// It lies ahead.
    #[error("the change began at {started}, but it is {now}; check the sender's clock")]
    InFuture {
        /// Its start.
        started: Timestamp,
        /// The present.
        now: Timestamp,
    },
    /// It would be forgotten at once.
    #[error("the change began at {started}, before all of the newest {CHANGES_MAX} changes")]
    TooOld {
        /// Its start.
        started: Timestamp,
    },
}

/// A change and the fact that told it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// What changed.
    pub change: Change,
    /// When it became known.
    pub known_since: Timestamp,
    /// The journal's sequence number of the fact.
    pub evidence: u64,
}

/// The fold of the facts: the newest changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    changes: BTreeMap<String, Recorded>,
    /// By start, so that the oldest is found and forgotten.
    by_start: BTreeSet<(Timestamp, String)>,
}

impl State {
    /// All, in the order in which they began.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Recorded> {
        self.by_start.iter().filter_map(|(_, id)| self.changes.get(id))
    }

    /// The change of this identity.
    pub fn get(&self, id: &str) -> Option<&Recorded> {
        self.changes.get(id)
    }
}

/// What `command` would make happen; nothing when it is known already.
pub fn decide(state: &State, command: Command, now: Timestamp) -> Result<Vec<Fact>, Refusal> {
    let Command::Record(mut change) = command;
    if change.id.is_empty() {
        change.id = change_id(&change, None);
    }
    check(&change, now)?;
    match state.get(&change.id) {
        Some(known) => Ok(match (known.change.finished, change.finished) {
            (None, Some(finished)) if known.change.started <= finished => {
                vec![Fact::ChangeFinished { id: change.id, finished }]
            }
            _ => Vec::new(),
        }),
        None => {
            let oldest = state.by_start.first().map(|(started, _)| *started);
            if CHANGES_MAX <= state.changes.len() && oldest.is_some_and(|it| change.started <= it) {
                return Err(Refusal::TooOld { started: change.started });
            }
            Ok(vec![Fact::ChangeRecorded(change)])
        }
    }
}

fn check(change: &Change, now: Timestamp) -> Result<(), Refusal> {
    let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let lengths = [
        ("identity", change.id.len(), TITLE_BYTES_MAX),
        ("service", change.service.len(), TITLE_BYTES_MAX),
        ("environment", change.env.len(), TITLE_BYTES_MAX),
        ("version", optional(&change.version), TITLE_BYTES_MAX),
        ("commit", optional(&change.sha), TITLE_BYTES_MAX),
        ("author", optional(&change.author), TITLE_BYTES_MAX),
        ("summary", change.summary.len(), TEXT_BYTES_MAX),
        ("source", change.source.len(), TITLE_BYTES_MAX),
        ("address", optional(&change.url), TEXT_BYTES_MAX),
    ];
    for (what, bytes, bytes_max) in lengths {
        if bytes_max < bytes {
            return Err(Refusal::TooLong { what, bytes, bytes_max });
        }
    }
    for (what, text) in [("service", &change.service), ("source", &change.source)] {
        if text.trim().is_empty() {
            return Err(Refusal::Empty { what });
        }
    }
    let started = change.started;
    if let Some(finished) = change.finished.filter(|it| *it < started) {
        return Err(Refusal::EndsBeforeStart { started, finished });
    }
    if CLOCK_AHEAD_MAX < started.duration_since(now) {
        return Err(Refusal::InFuture { started, now });
    }
    Ok(())
}

/// Applies one fact. It cannot fail: what happened, happened.
pub fn evolve(state: &mut State, fact: &Fact, at: Timestamp, seq: u64) {
    match fact {
        Fact::ChangeRecorded(change) => {
            state.by_start.insert((change.started, change.id.clone()));
            let recorded = Recorded { change: change.clone(), known_since: at, evidence: seq };
            state.changes.insert(change.id.clone(), recorded);
            if CHANGES_MAX < state.changes.len()
                && let Some((_, id)) = state.by_start.pop_first()
            {
                state.changes.remove(&id);
            }
        }
        Fact::ChangeFinished { id, finished } => {
            if let Some(known) = state.changes.get_mut(id) {
                known.change.finished = Some(*finished);
            }
        }
    }
}

#[cfg(test)]
mod tests;
