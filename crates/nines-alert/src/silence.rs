//! Silences: what people do not want to be told of for a while.
//!
//! A decider, with the rules of Alertmanager for what may be updated in place. What it adds: silences that end when
//! what they hide is over, that recur, that somebody has to confirm, and that are no longer than the team allows.
//! Silences that are written in files are asked alike, but only their file can change them.
//!
//! It must not know which alerts there are; whoever does says so by [`Command::Watch`].

mod change;
mod near;
mod recurrence;
mod state;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nines_base::{Id, IdKind, Matcher, Origin};
use serde::{Deserialize, Serialize};

pub use change::decide;
pub use near::{Miss, NearMiss};
pub use recurrence::{Recurrence, RecurrenceError};
pub use state::{Ended, Silence, State, evolve};

/// A silence that ends when its alerts are over does so after none of them has fired for so long.
pub const QUIET: SignedDuration = SignedDuration::from_mins(5);
/// The most sets of matchers of one silence.
const SETS_MAX: usize = 64;
/// The most matchers of one silence.
const MATCHERS_MAX: usize = 256;

/// Silences. Alertmanager's clients see the same 128 bits as a UUID.
#[derive(Debug)]
pub enum SilenceKind {}

impl IdKind for SilenceKind {
    const PREFIX: &'static str = "sil";
}

/// Names one silence.
pub type SilenceId = Id<SilenceKind>;

/// The id as Alertmanager's clients see it: 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
pub fn uuid(id: SilenceId) -> String {
    let digits = format!("{:032x}", id.to_bits());
    let mut text = String::with_capacity(36);
    for (index, digit) in digits.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

/// The id of the silence that Alertmanager's clients know by this UUID.
pub fn from_uuid(text: &str) -> Option<SilenceId> {
    let lengths = [8, 4, 4, 4, 12];
    let is_digits = |it: &str| it.bytes().all(|byte| byte.is_ascii_hexdigit());
    let groups: Vec<&str> = text.split('-').collect();
    let has_shape = groups.iter().map(|it| it.len()).eq(lengths);
    let digits = (has_shape && groups.iter().all(|it| is_digits(it))).then(|| groups.concat())?;
    u128::from_str_radix(&digits, 16).ok().map(Id::from_bits)
}

/// When a silence holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Now.
    Active,
    /// Not yet.
    Pending,
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

/// What a silence says, as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// An alert is hidden if all matchers of any set match it.
    pub sets: Vec<Vec<Matcher>>,
    /// When it begins; of a recurring one, when the first occurrence does.
    pub starts_at: Timestamp,
    /// When it ends, at the latest.
    pub ends_at: Timestamp,
    /// Who wants it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// Whose it is; none: the team that its matchers name, if they do.
    pub team: Option<String>,
    /// Whether it ends early.
    pub ending: Ending,
    /// When it holds within its time; none: all the time.
    pub recurrence: Option<Recurrence>,
    /// It ends then unless somebody says that it is still wanted.
    pub confirm_by: Option<Timestamp>,
}

/// When a silence ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// At its end.
    #[default]
    AtEnd,
    /// After nothing that it hides has fired for [`QUIET`], and at its end at the latest.
    Resolved,
}

impl Terms {
    /// A plain silence.
    pub fn new(sets: Vec<Vec<Matcher>>, starts_at: Timestamp, ends_at: Timestamp) -> Self {
        Self {
            sets,
            starts_at,
            ends_at,
            author: String::new(),
            reason: String::new(),
            team: None,
            ending: Ending::AtEnd,
            recurrence: None,
            confirm_by: None,
        }
    }

    /// Whose it is: as it says, or as the value of `team` that its matchers demand.
    pub fn team(&self) -> Option<&str> {
        let demanded = |it: &&Matcher| it.name() == "team" && it.op() == nines_base::MatchOp::Equal;
        let found = || self.sets.iter().flatten().find(demanded).map(Matcher::value);
        self.team.as_deref().or_else(found)
    }

    /// How much text it is.
    fn size_bytes(&self) -> usize {
        let matchers = self.sets.iter().flatten().map(|it| it.name().len() + it.value().len());
        let team = self.team.as_ref().map_or(0, String::len);
        let rule = self.recurrence.as_ref().map_or(0, |it| it.rule.len() + it.zone.len());
        matchers.sum::<usize>() + self.author.len() + self.reason.len() + team + rule
    }
}

/// A silence that is written in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// Unique; its id comes from it.
    pub name: String,
    /// What it says.
    pub terms: Terms,
    /// Where it was written.
    pub origin: Origin,
}

impl Filed {
    /// The id, always the same for a name: 128-bit FNV-1a of it.
    pub fn id(&self) -> SilenceId {
        const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
        let hash = |hash: u128, byte: u8| (hash ^ u128::from(byte)).wrapping_mul(PRIME);
        Id::from_bits(self.name.bytes().fold(OFFSET, hash))
    }
}

/// What silences may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How many there are, expired ones included.
    pub count_max: usize,
    /// How much text one of them is.
    pub bytes_max: usize,
    /// The longest of anybody; of a recurring one, the longest occurrence.
    pub longest: Option<SignedDuration>,
    /// The longest of a team; instead of that of anybody.
    pub longest_of_team: BTreeMap<String, SignedDuration>,
    /// So long after their end they are still listed.
    pub retention: SignedDuration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            count_max: 10_000,
            bytes_max: 64 << 10,
            longest: None,
            longest_of_team: BTreeMap::new(),
            retention: SignedDuration::from_hours(120),
        }
    }
}

/// What somebody or something asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A silence is wanted, or one is wanted otherwise: in place if that rewrites no past, else by a new one.
    Set {
        /// The one to change; none: a new one.
        id: Option<SilenceId>,
        /// What it says.
        terms: Box<Terms>,
    },
    /// It is not wanted any more. Of an expired one this is no news.
    Expire {
        /// Which.
        id: SilenceId,
        /// Who says so; may be empty.
        by: String,
    },
    /// It is wanted until then.
    Extend {
        /// Which.
        id: SilenceId,
        /// The new end.
        ends_at: Timestamp,
        /// Who says so.
        by: String,
    },
    /// It is still wanted.
    Confirm {
        /// Which.
        id: SilenceId,
        /// Who says so.
        by: String,
        /// To be confirmed again by then; none: not again.
        confirm_by: Option<Timestamp>,
    },
    /// Whether something that these hide fires; of those that [`State::watched`] lists, and only news.
    Watch(BTreeMap<SilenceId, bool>),
    /// Time has passed; sent at or after [`State::wake_at`].
    Wake,
}

/// What happened. Journaled: a released shape never changes, a new one is a new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// A silence was made.
    Made {
        /// Which.
        id: SilenceId,
        /// What it says.
        terms: Box<Terms>,
        /// When it holds first.
        starts_at: Timestamp,
        /// Until when it holds first.
        ends_at: Timestamp,
    },
    /// It says something else, without rewriting the past.
    Changed {
        /// Which.
        id: SilenceId,
        /// What it says now.
        terms: Box<Terms>,
        /// When it holds, or next.
        starts_at: Timestamp,
        /// Until when.
        ends_at: Timestamp,
    },
    /// One occurrence is over; this is the next.
    Recurred {
        /// Which.
        id: SilenceId,
        /// When it holds next.
        starts_at: Timestamp,
        /// Until when.
        ends_at: Timestamp,
    },
    /// Something that it hides began to fire, or nothing does any more.
    Watched {
        /// Which.
        id: SilenceId,
        /// Whether something fires.
        fires: bool,
    },
    /// Its owner was to be asked whether it is still wanted.
    Reminded {
        /// Which.
        id: SilenceId,
    },
    /// Somebody said that it is still wanted.
    Confirmed {
        /// Which.
        id: SilenceId,
        /// Who.
        by: String,
        /// To be confirmed again by then.
        confirm_by: Option<Timestamp>,
    },
    /// It hides nothing any more.
    Ended {
        /// Which.
        id: SilenceId,
        /// Why.
        why: Why,
    },
    /// It is not listed any more.
    Forgotten {
        /// Which.
        id: SilenceId,
    },
}

impl Fact {
    /// Which silence it is about.
    pub fn id(&self) -> SilenceId {
        match self {
            Self::Made { id, .. }
            | Self::Changed { id, .. }
            | Self::Recurred { id, .. }
            | Self::Watched { id, .. }
            | Self::Reminded { id }
            | Self::Confirmed { id, .. }
            | Self::Ended { id, .. }
            | Self::Forgotten { id } => *id,
        }
    }
}

/// Why a silence ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// Its time was over.
    Time,
    /// Somebody wanted it.
    Expired {
        /// Who; may be empty.
        by: String,
    },
    /// Another says what it was to say.
    Replaced {
        /// Which.
        with: SilenceId,
    },
    /// Nothing that it hid fired any more.
    Resolved,
    /// Nobody said that it is still wanted.
    Unconfirmed,
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No such silence.
    #[error("there is no silence {id}")]
    Unknown {
        /// Which.
        id: SilenceId,
    },
    /// Only its file can change it.
    #[error("the silence {id} is written in {origin}; change it there")]
    Filed {
        /// Which.
        id: SilenceId,
        /// Where.
        origin: Origin,
    },
    /// It would hide everything.
    #[error("a silence needs a matcher that does not match the empty string")]
    MatchesEverything,
    /// Nobody could say what it hides.
    #[error(
        "a silence has at most {SETS_MAX} sets of matchers, and {MATCHERS_MAX} matchers in all"
    )]
    TooManyMatchers,
    /// No label is meant.
    #[error("a matcher needs the name of a label")]
    NoLabel,
    /// It would never hold.
    #[error("a silence must start before it ends")]
    EndsBeforeStart,
    /// It would hold no more.
    #[error("the end of a silence must not be in the past")]
    EndsInPast,
    /// There are too many, expired ones included.
    #[error("there are {count_max} silences, and there must not be more")]
    TooMany {
        /// The limit.
        count_max: usize,
    },
    /// It is too much text.
    #[error("the silence has {bytes} bytes, and may have {bytes_max}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// Longer than its team allows.
    #[error("silences of {whose} last {longest:#} at most")]
    TooLong {
        /// A team, or `anybody`.
        whose: String,
        /// The limit.
        longest: SignedDuration,
    },
    /// It does not recur.
    #[error(transparent)]
    Recurrence(#[from] RecurrenceError),
    /// What has ended stays ended.
    #[error("the silence {id} has expired; make a new one")]
    Expired {
        /// Which.
        id: SilenceId,
    },
    /// It would end at once, or after it ends anyway.
    #[error("a silence is confirmed between now and its end")]
    ConfirmedTooLate,
}

#[cfg(test)]
mod tests;
