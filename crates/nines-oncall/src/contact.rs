//! Ways to people: whether they work. A code that came back proves one; refusals and a `STOP` make it doubtful.
//!
//! It must not know how messages travel, nor how codes are made: whoever asks brings the right one.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nines_port::Channel;
use serde::{Deserialize, Serialize};

/// How long a code holds.
pub const CODE_LIFE: SignedDuration = SignedDuration::from_mins(15);
/// Between two codes for one way.
pub const CODE_PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// More wrong codes make the right one useless: six digits could be guessed.
pub const WRONG_MAX: u32 = 5;
/// So many messages in a row that were refused make a way doubtful.
pub const FAILURES_MAX: u32 = 2;
/// The most ways that are remembered; more than any files name.
const METHODS_MAX: usize = 20_000;

/// One way to one person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Method {
    /// The person's name.
    pub person: String,
    /// Where messages go.
    pub channel: Channel,
}

/// What somebody or something asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A code shall be sent.
    AskCode(Method),
    /// The owner says what arrived.
    Confirm {
        /// By which way.
        method: Method,
        /// What the owner says.
        code: String,
        /// What was sent.
        expected: String,
    },
    /// The owner wants no more messages this way.
    Stop(Method),
    /// A message did not arrive, and will not.
    Fail(Method),
}

/// What happened. Journaled: a released shape never changes, a new one is a new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// A code was made; it is not part of the fact.
    CodeAsked(Method),
    /// What the owner said was not what was sent.
    WrongCode(Method),
    /// The owner said what was sent: messages arrive.
    Confirmed(Method),
    /// It is doubtful, and counts as none.
    Disabled {
        /// Which.
        method: Method,
        /// Why.
        why: Why,
    },
}

/// Why a way is doubtful.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// Messages did not arrive.
    Failures,
    /// The owner said so.
    Stopped,
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A code is on its way.
    #[error("a code was sent at {at}; ask for another one a minute later")]
    TooSoon {
        /// When.
        at: Timestamp,
    },
    /// There is nothing to confirm.
    #[error("no code waits for an answer; ask for one, it holds for 15 minutes")]
    NoCode,
    /// The code might be guessed.
    #[error("there were too many wrong codes; ask for a new one")]
    TooManyWrong,
}

/// What is known of one way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// When the owner confirmed that messages arrive.
    pub verified_at: Option<Timestamp>,
    /// When a message arrived last, as far as the channel says.
    pub delivered_at: Option<Timestamp>,
    /// Messages in a row that did not arrive.
    pub failures: u32,
    /// Why, and since when, it is doubtful.
    pub disabled: Option<(Why, Timestamp)>,
    /// When the code that waits for an answer was made, and how many wrong ones were said.
    pub code: Option<(Timestamp, u32)>,
}

/// The fold of all facts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    methods: BTreeMap<Method, Standing>,
}

impl State {
    /// What is known of a way; nothing is the default.
    pub fn standing(&self, method: &Method) -> Option<&Standing> {
        self.methods.get(method)
    }

    /// Every way of which something is known.
    pub fn iter(&self) -> impl Iterator<Item = (&Method, &Standing)> {
        self.methods.iter()
    }

    /// Whether it is doubtful, and counts as none.
    pub fn is_disabled(&self, method: &Method) -> bool {
        self.standing(method).is_some_and(|it| it.disabled.is_some())
    }

    /// Notes that a message arrived at `at`: part of the fold of its receipt.
    pub fn note_arrival(&mut self, method: &Method, at: Timestamp) {
        let standing = self.entry(method);
        (standing.delivered_at, standing.failures) = (Some(at), 0);
    }

    /// Notes that a message did not arrive, and will not: part of the fold of its receipt.
    pub fn note_failure(&mut self, method: &Method) {
        let standing = self.entry(method);
        standing.failures = standing.failures.saturating_add(1);
    }

    fn entry(&mut self, method: &Method) -> &mut Standing {
        if METHODS_MAX <= self.methods.len() && !self.methods.contains_key(method) {
            self.methods.pop_first();
        }
        self.methods.entry(method.clone()).or_default()
    }
}

/// What `command` would make happen. Repeated commands are safe.
///
/// # Errors
/// A code is asked for too often, or said without one that waits, or guessed.
pub fn decide(state: &State, command: Command, now: Timestamp) -> Result<Vec<Fact>, Refusal> {
    let unknown = Standing::default();
    let standing = |it: &Method| state.standing(it).unwrap_or(&unknown);
    match command {
        Command::AskCode(method) => match standing(&method).code {
            Some((at, _)) if now < at + CODE_PAUSE => Err(Refusal::TooSoon { at }),
            _ => Ok(vec![Fact::CodeAsked(method)]),
        },
        Command::Confirm { method, code, expected } => {
            let (at, wrong) = standing(&method).code.ok_or(Refusal::NoCode)?;
            if at + CODE_LIFE < now {
                return Err(Refusal::NoCode);
            }
            if WRONG_MAX <= wrong {
                return Err(Refusal::TooManyWrong);
            }
            let is_right = code.trim() == expected;
            Ok(vec![if is_right { Fact::Confirmed(method) } else { Fact::WrongCode(method) }])
        }
        Command::Stop(method) => Ok(disable(standing(&method), method, Why::Stopped)),
        Command::Fail(method) if standing(&method).failures < FAILURES_MAX => Ok(Vec::new()),
        Command::Fail(method) => Ok(disable(standing(&method), method, Why::Failures)),
    }
}

fn disable(standing: &Standing, method: Method, why: Why) -> Vec<Fact> {
    let is_news = standing.disabled.is_none();
    is_news.then_some(Fact::Disabled { method, why }).into_iter().collect()
}

/// Applies one fact that was recorded at `at`. It cannot fail: what happened, happened.
pub fn evolve(state: &mut State, fact: &Fact, at: Timestamp) {
    match fact {
        Fact::CodeAsked(method) => state.entry(method).code = Some((at, 0)),
        Fact::WrongCode(method) => {
            if let Some((_, wrong)) = &mut state.entry(method).code {
                *wrong += 1;
            }
        }
        Fact::Confirmed(method) => {
            let standing = state.entry(method);
            let delivered_at = standing.delivered_at;
            *standing = Standing { verified_at: Some(at), delivered_at, ..Standing::default() };
        }
        Fact::Disabled { method, why } => state.entry(method).disabled = Some((*why, at)),
    }
}

#[cfg(test)]
mod tests;
