//! Exclusions and corrections that people record while nines runs. Those in files are not known here.
//!
//! Raw counts are never edited, and neither is what was said about them: a changed exclusion is a new revision,
//! and one that was a mistake is withdrawn.

use std::collections::BTreeMap;

use jiff::Timestamp;
use nines_base::Origin;
use nines_slo::{Overlay, OverlayAlerts, OverlayEffect, SloPattern, When};
use serde::{Deserialize, Serialize};

/// The most exclusions at once.
pub const EXCLUSIONS_MAX: usize = 1_000;
/// The longest text of an exclusion.
pub const TEXT_BYTES_MAX: usize = 1_000;
/// The longest name, as those of other things.
const NAME_BYTES_MAX: usize = 63;
/// What the names that nobody chose begin with.
const NAMELESS: &str = "EXC-";

/// A stretch of time whose counts do not count, or count otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion {
    /// Unique; empty in a command that leaves the choice to nines.
    pub name: String,
    /// Whose counts: `service/slo`, where `*` stands for any part.
    pub slos: String,
    /// The beginning; events at this instant count.
    pub from: Timestamp,
    /// The end; events at this instant do not count.
    pub to: Timestamp,
    /// What it does.
    pub effect: Effect,
    /// Whether burn alerts go on in it.
    pub keeps_alerts: bool,
    /// Who is answerable for it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// A link to what shows it.
    pub evidence: Option<String>,
}

/// What an exclusion does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Its time counts as unknown, and what happened in it does not count.
    Exclude,
    /// These counts hold instead.
    Correct {
        /// Good events.
        good: u64,
        /// All events.
        total: u64,
    },
}

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Record it. With the revision of a known one it takes that one's place; telling it again is harmless.
    Create {
        /// What holds from now on.
        exclusion: Exclusion,
        /// The revision that it replaces.
        revision: Option<u64>,
    },
    /// It was a mistake.
    Withdraw {
        /// Which.
        name: String,
        /// The revision that was looked at.
        revision: u64,
        /// Who.
        by: String,
    },
}

/// What happened. Journaled: a released shape never changes, a new one is a new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// It holds from now on, in place of an earlier one of its name.
    Created(Exclusion),
    /// It holds no more.
    Withdrawn {
        /// Which.
        name: String,
        /// Who.
        by: String,
    },
}

/// Why an exclusion is not recorded, or not withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A required text says nothing.
    #[error("the exclusion has no {what}")]
    Empty {
        /// Which.
        what: &'static str,
    },
    /// A text is too long.
    #[error("the {what} of the exclusion has {bytes} bytes; at most {bytes_max} are allowed")]
    TooLong {
        /// Which.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// A name that does not fit into addresses.
    #[error("`{name}` is no name of an exclusion: use letters, digits, `-`, `_` and `.`")]
    Name {
        /// What was given.
        name: String,
    },
    /// It ends before it begins.
    #[error("the exclusion ends at {to}, not after it begins at {from}")]
    EndsBeforeStart {
        /// Its start.
        from: Timestamp,
        /// Its end.
        to: Timestamp,
    },
    /// More good events than events.
    #[error("a correction to {good} good of {total} events is none: good is part of total")]
    GoodExceedsTotal {
        /// Good events.
        good: u64,
        /// All events.
        total: u64,
    },
    /// Somebody changed it meanwhile, or it is there already.
    #[error("the exclusion `{name}` is at revision {revision}, not at {given}; look at it again")]
    Conflict {
        /// Which.
        name: String,
        /// The present revision.
        revision: u64,
        /// What the command said.
        given: String,
    },
    /// There is none of this name.
    #[error("there is no exclusion `{name}`; those in files are changed there")]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// There is no room.
    #[error(
        "there are {EXCLUSIONS_MAX} exclusions already; withdraw one, or write them into a file"
    )]
    TooMany,
}

/// An exclusion as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// What it says.
    pub exclusion: Exclusion,
    /// Which one of its name it is: the sequence number of its fact.
    pub revision: u64,
    /// When it was recorded; what began earlier is retroactive.
    pub created: Timestamp,
}

/// The fold of the facts: what holds, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    by_name: BTreeMap<String, Recorded>,
    /// The number of the last nameless one.
    numbered: u64,
}

impl State {
    /// What holds, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Recorded> {
        self.by_name.values()
    }

    /// The one of this name.
    pub fn get(&self, name: &str) -> Option<&Recorded> {
        self.by_name.get(name)
    }
}

impl Recorded {
    /// As trackers take it.
    pub fn overlay(&self) -> Overlay {
        let Exclusion { name, slos, from, to, effect, keeps_alerts, author, reason, evidence } =
            self.exclusion.clone();
        // What was recorded when it had begun already explains the past, and silences nobody.
        let is_planned = self.created <= from;
        Overlay {
            name,
            slos: SloPattern { text: slos },
            when: When::Once { from, to },
            effect: match effect {
                Effect::Exclude => OverlayEffect::Exclude,
                Effect::Correct { good, total } => OverlayEffect::Correct { good, total },
            },
            alerts: if keeps_alerts || !is_planned {
                OverlayAlerts::Keep
            } else {
                OverlayAlerts::Mute
            },
            author,
            reason,
            evidence,
            expires: None,
            origin: Origin::default(),
        }
    }
}

/// What `command` would make happen.
///
/// # Errors
/// See [`Refusal`]; nothing has changed.
pub fn decide(state: &State, command: Command) -> Result<Vec<Fact>, Refusal> {
    match command {
        Command::Create { mut exclusion, revision } => {
            check(&exclusion)?;
            if exclusion.name.is_empty() {
                exclusion.name = format!("{NAMELESS}{}", state.numbered + 1);
            }
            match (state.get(&exclusion.name), revision) {
                (Some(known), None) if known.exclusion == exclusion => return Ok(Vec::new()),
                (Some(known), Some(given)) if known.revision == given => {}
                (Some(known), given) => return Err(conflict(known, given)),
                (None, Some(_)) => return Err(Refusal::Unknown { name: exclusion.name }),
                (None, None) if EXCLUSIONS_MAX <= state.by_name.len() => {
                    return Err(Refusal::TooMany);
                }
                (None, None) => {}
            }
            Ok(vec![Fact::Created(exclusion)])
        }
        Command::Withdraw { name, revision, by } => match state.get(&name) {
            None => Err(Refusal::Unknown { name }),
            Some(known) if known.revision != revision => Err(conflict(known, Some(revision))),
            Some(_) => Ok(vec![Fact::Withdrawn { name, by }]),
        },
    }
}

fn conflict(known: &Recorded, given: Option<u64>) -> Refusal {
    Refusal::Conflict {
        name: known.exclusion.name.clone(),
        revision: known.revision,
        given: given.map_or_else(|| "none".to_owned(), |it| it.to_string()),
    }
}

fn check(exclusion: &Exclusion) -> Result<(), Refusal> {
    let Exclusion { name, slos, from, to, effect, author, reason, evidence, .. } = exclusion;
    let required = [("slo", slos), ("author", author), ("reason", reason)];
    if let Some((what, _)) = required.iter().find(|(_, it)| it.trim().is_empty()) {
        return Err(Refusal::Empty { what });
    }
    let evidence = evidence.iter().map(|it| ("evidence", it));
    for (what, text) in required.into_iter().chain(evidence) {
        too_long(what, text, TEXT_BYTES_MAX)?;
    }
    too_long("name", name, NAME_BYTES_MAX)?;
    let fits = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    if !name.chars().all(fits) {
        return Err(Refusal::Name { name: name.clone() });
    }
    if to <= from {
        return Err(Refusal::EndsBeforeStart { from: *from, to: *to });
    }
    match *effect {
        Effect::Correct { good, total } if total < good => {
            Err(Refusal::GoodExceedsTotal { good, total })
        }
        Effect::Correct { .. } | Effect::Exclude => Ok(()),
    }
}

fn too_long(what: &'static str, text: &str, bytes_max: usize) -> Result<(), Refusal> {
    let bytes = text.len();
    if bytes_max < bytes { Err(Refusal::TooLong { what, bytes, bytes_max }) } else { Ok(()) }
}

/// Applies one fact. It cannot fail: what happened, happened.
pub fn evolve(state: &mut State, fact: &Fact, at: Timestamp, seq: u64) {
    match fact {
        Fact::Created(exclusion) => {
            let number = exclusion.name.strip_prefix(NAMELESS).and_then(|it| it.parse().ok());
            state.numbered = state.numbered.max(number.unwrap_or(0));
            let recorded = Recorded { exclusion: exclusion.clone(), revision: seq, created: at };
            state.by_name.insert(exclusion.name.clone(), recorded);
        }
        Fact::Withdrawn { name, .. } => {
            state.by_name.remove(name);
        }
    }
}

#[cfg(test)]
mod tests;
