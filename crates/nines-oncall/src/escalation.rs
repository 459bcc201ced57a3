//! The escalation of one group of alerts: who is told when, until somebody answers.
//!
//! ```text
//! paging(round, step) ─► next step ─► … ─► last resort, again and again ─► exhausted
//!   │  ▲     ▲                                                              │
//!   │  │     └── no answer ── asking ◄── too long without news ──┐          │
//!   │  └── not able ─────────────────────────────────────── acknowledged ◄──┘
//!   └── answer ──────────────────────────────────────────────────▲
//! any ─► resolved
//! ```
//! It is open with a time at which it goes on, held by somebody, or closed with a reason: see [`Standing`].

mod decide;
mod evolve;
mod reach;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use nines_base::{Id, IdKind};
use nines_port::{Channel, Urgency};
use serde::{Deserialize, Serialize};

use crate::{Action, Policy, Shift, Target};

pub use decide::decide;
pub use evolve::evolve;

/// How long somebody who acknowledged has to say that it still holds.
pub const ASK_WAIT: SignedDuration = SignedDuration::from_mins(5);
/// Without an answer the last resort is told again after so long.
pub const LAST_RESORT_WAIT: SignedDuration = SignedDuration::from_mins(30);
/// And no more often than that: for a day.
pub const LAST_RESORTS_MAX: u32 = 48;
/// The longest snooze.
pub const SNOOZE_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Moments that are remembered for [`State::moments`]; the oldest are forgotten first.
const MOMENTS_MAX: usize = 200;
/// Arrivals that are remembered for [`Condition::MoreAlerts`](crate::Condition::MoreAlerts).
const ARRIVALS_MAX: usize = 1_000;

/// Escalations: `esc_…`.
#[derive(Debug)]
pub enum EscalationKind {}

impl IdKind for EscalationKind {
    const PREFIX: &'static str = "esc";
}

/// Names one escalation.
pub type EscalationId = Id<EscalationKind>;

/// One message that one person must get by one contact method.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Page {
    /// How often the policy was gone through before; counts from 0. The last resort has rounds of its own.
    pub round: u32,
    /// The step in the policy; counts from 0.
    pub step: u32,
    /// Who.
    pub person: String,
    /// The place in the person's list of ways, see [`Person::ways`](crate::Person::ways); counts from 0.
    pub contact: u32,
    /// What was begun at this step: 0 is the step itself, then come resumptions, questions and people added.
    #[serde(default)]
    pub entry: u32,
}

/// `0.1.ana.0`, and `0.1+2.ana.0` for what came after the step itself: unique within an escalation.
impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { round, step, person, contact, entry } = self;
        match entry {
            0 => write!(f, "{round}.{step}.{person}.{contact}"),
            _ => write!(f, "{round}.{step}+{entry}.{person}.{contact}"),
        }
    }
}

/// Whom a target stood for when its step began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// As written in the policy.
    pub target: Target,
    /// Nobody: no such person, or nobody on call. Also for a receiver, which is no person.
    pub person: Option<String>,
    /// The turn that made it so.
    pub shift: Option<Shift>,
}

/// What an escalation is about, as far as it matters to whom is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Whom it may wake. What can wait goes to the first step only, once.
    pub urgency: Urgency,
    /// The gravest value of the label `severity`; may be empty.
    pub severity: String,
    /// Alerts of the group that fire.
    pub alerts: u32,
}

/// As facts say it from before an escalation knew of more than one alert.
impl Default for About {
    fn default() -> Self {
        Self { urgency: Urgency::Page, severity: String::new(), alerts: 1 }
    }
}

/// How an escalation begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// It keeps this version.
    pub policy: Policy,
    /// Why it begins.
    pub about: About,
    /// How many escalations have begun under this policy before: whose turn it is in [`Target::RoundRobin`].
    pub turn: u32,
}

/// What somebody or something asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The first alert of the group fires.
    Start(Box<Start>),
    /// Alerts have joined or left the group, and something still fires.
    AlertsChanged {
        /// As it is now.
        about: About,
        /// How many are new.
        joined: u32,
    },
    /// This person answers.
    Acknowledge {
        /// Who.
        by: String,
        /// How: `link`, `console`, `cli`, `api`.
        via: String,
    },
    /// Somebody is not able, or wants others to know: the next step begins now.
    Escalate {
        /// Who; not told again before the last resort, or before all rounds begin again.
        by: String,
        /// In their words; may be empty.
        why: String,
    },
    /// Others shall be told as well.
    Add {
        /// Whom.
        targets: Vec<Target>,
        /// Who wants it.
        by: String,
    },
    /// Somebody has it, and wants to be asked no earlier.
    Snooze {
        /// Who.
        by: String,
        /// Until then; in [`SNOOZE_MAX`] at most.
        until: Timestamp,
    },
    /// There is news: a note, or an incident moves on. Whoever acknowledged is asked that much later.
    Progress {
        /// Who made it.
        by: String,
    },
    /// Nothing of the group fires any more.
    Resolve,
    /// Time has passed; sent at or after [`State::wake_at`].
    Wake,
}

/// What happened. Journaled: a released shape never changes, a new one is a new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// Paging began under this policy, whatever its file says later.
    Started {
        /// As it was then.
        policy: Policy,
        /// Why.
        #[serde(default)]
        about: About,
        /// As in [`Start`].
        #[serde(default)]
        turn: u32,
    },
    /// All rounds begin again, also for people who were not able.
    Restarted {
        /// The first of them.
        round: u32,
    },
    /// A step began.
    StepEntered {
        /// As in [`Page`].
        round: u32,
        /// As in [`Page`].
        step: u32,
        /// Without an answer the next step begins then.
        deadline: Timestamp,
        /// Whom the targets stood for.
        reached: Vec<Reached>,
        /// As in [`Page`]: more than 0 when the step began again.
        #[serde(default)]
        entry: u32,
    },
    /// A step did not count.
    StepPassed {
        /// As in [`Page`].
        round: u32,
        /// As in [`Page`].
        step: u32,
        /// The condition of the step that did not hold; counts from 0.
        condition: u32,
    },
    /// This page must be delivered.
    PageIntended {
        /// Which.
        page: Page,
        /// Where to.
        channel: Channel,
        /// Not before then.
        due: Timestamp,
    },
    /// This receiver must be told.
    ReceiverIntended {
        /// As in [`Page`].
        round: u32,
        /// As in [`Page`].
        step: u32,
        /// As in [`Page`].
        entry: u32,
        /// Its name.
        receiver: String,
    },
    /// This must be done.
    ActionIntended {
        /// As in [`Page`].
        step: u32,
        /// What.
        action: Action,
    },
    /// Alerts joined or left.
    AlertsChanged {
        /// As it is now.
        about: About,
        /// How many are new.
        joined: u32,
    },
    /// This person answered; nothing more is to be delivered.
    Acknowledged {
        /// Who.
        by: String,
        /// How.
        via: String,
    },
    /// This person answered, and others have to as well; nothing more is to be delivered to this one.
    Answered {
        /// Who.
        by: String,
        /// How.
        via: String,
    },
    /// This person has it, and is asked then.
    Snoozed {
        /// Who.
        by: String,
        /// When.
        until: Timestamp,
    },
    /// There was news.
    Progressed {
        /// Who made it.
        by: String,
    },
    /// Whoever acknowledged is asked whether it still holds.
    Asked {
        /// Who.
        holder: String,
        /// As in [`Page`].
        entry: u32,
        /// Without an answer the step begins again then.
        deadline: Timestamp,
    },
    /// This person is not able; nothing more is to be delivered to this one.
    Declined {
        /// Who.
        by: String,
        /// In their words.
        why: String,
    },
    /// Others are told as well.
    Added {
        /// Who wanted it.
        by: String,
        /// As in [`Page`].
        entry: u32,
        /// Whom the targets stood for.
        reached: Vec<Reached>,
        /// Of an escalation in which nobody had answered: when it goes on.
        deadline: Option<Timestamp>,
    },
    /// The alert resolved before or after an answer; nothing more is to be delivered.
    Resolved,
    /// Nobody answered in any round.
    Exhausted,
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A policy without steps tells nobody.
    #[error("escalation policy `{policy}` has no steps")]
    EmptyPolicy {
        /// Its name.
        policy: String,
    },
    /// One group has one escalation at a time.
    #[error("this escalation has already started")]
    AlreadyStarted,
    /// Somebody was faster, or there was nothing to answer.
    #[error("nobody is waiting for an answer: {why}")]
    NotWaiting {
        /// Who answered, or that it is over.
        why: String,
    },
    /// There is nothing to escalate, to snooze, or to add people to.
    #[error("the alert is resolved")]
    Over,
    /// None of the people can be told.
    #[error("{targets} would tell nobody")]
    NobodyAdded {
        /// As they were given.
        targets: String,
    },
    /// In the past, or too long.
    #[error("a snooze ends in the future and within 7 days; {until} does not")]
    BadSnooze {
        /// What was wanted.
        until: Timestamp,
    },
}

/// Where an escalation stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Not started.
    #[default]
    Idle,
    /// Somebody is being told.
    Paging {
        /// As in [`Page`].
        round: u32,
        /// As in [`Page`].
        step: u32,
        /// When the next step begins.
        deadline: Timestamp,
    },
    /// All were told, nobody answered.
    Exhausted,
    /// Somebody has it.
    Acknowledged {
        /// Who.
        by: String,
        /// How.
        via: String,
        /// When.
        at: Timestamp,
        /// When they are asked whether they still do.
        expires: Option<Timestamp>,
    },
    /// Whoever had it is asked whether they still do.
    Asking {
        /// Who.
        holder: String,
        /// Without an answer the step begins again then.
        deadline: Timestamp,
    },
    /// It is over.
    Resolved,
}

/// Where an escalation stands, in the way that nothing is lost: always exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// Not started.
    Idle,
    /// It waits for an answer and goes on at `due`.
    Open {
        /// When.
        due: Timestamp,
    },
    /// Somebody has it.
    Held {
        /// Who.
        by: &'a str,
        /// When they are asked; absent under policies whose acknowledgements do not expire.
        due: Option<Timestamp>,
    },
    /// It is closed.
    Closed(Reason),
}

/// Why an escalation is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Nothing fires any more.
    Resolved,
    /// Everybody was told as often as the policy says, and nobody answered. An answer still counts.
    Unanswered,
}

/// Something in the life of an escalation that is no step, for `why` and the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Moment {
    /// A step did not count.
    StepPassed {
        /// As in [`Page`].
        round: u32,
        /// As in [`Page`].
        step: u32,
        /// Which of its conditions did not hold; counts from 0.
        condition: u32,
    },
    /// Somebody answered.
    Answered {
        /// Who.
        by: String,
        /// How.
        via: String,
    },
    /// Somebody put it off.
    Snoozed {
        /// Who.
        by: String,
        /// Until when.
        until: Timestamp,
    },
    /// Whoever had it was asked.
    Asked {
        /// Who.
        holder: String,
    },
    /// Nobody answered to that, and the step began again.
    Resumed {
        /// As in [`Page`].
        round: u32,
        /// As in [`Page`].
        step: u32,
    },
    /// Somebody was not able.
    Declined {
        /// Who.
        by: String,
        /// In their words.
        why: String,
    },
    /// Somebody had others told.
    Added {
        /// Who.
        by: String,
        /// Whom.
        people: Vec<String>,
    },
    /// Alerts joined.
    Joined {
        /// How many.
        count: u32,
    },
    /// All rounds began again.
    Restarted,
    /// Nobody had answered in any round.
    Exhausted,
}

/// The fold of one escalation's facts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// As pinned at the start.
    pub policy: Option<Policy>,
    /// What it is about.
    pub about: About,
    /// Where it stands.
    pub phase: Phase,
    /// Every page that was ordered, with its channel and due time.
    pub pages: BTreeMap<Page, (Channel, Timestamp)>,
    /// Whom each step reached, by (round, step): also when it began again, and when people were added.
    pub steps: BTreeMap<(u32, u32), (Timestamp, Vec<Reached>)>,
    /// Who answered, also after the alert resolved.
    pub acknowledged: Option<(String, String, Timestamp)>,
    /// The rest of what happened, oldest first.
    pub moments: Vec<(Timestamp, Moment)>,
    /// People who were told and have not answered.
    pending: BTreeSet<String>,
    /// People who are not able.
    declined: BTreeSet<String>,
    /// When how many alerts came.
    arrivals: Vec<(Timestamp, u32)>,
    /// The step that was begun last.
    position: (u32, u32),
    /// The last of [`Page::entry`] at that step.
    entry: u32,
    /// The round in which the rounds of the policy began.
    first_round: u32,
    turn: u32,
}

impl State {
    /// When [`Command::Wake`] is due, if time matters.
    pub fn wake_at(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Paging { deadline, .. } | Phase::Asking { deadline, .. } => Some(deadline),
            Phase::Acknowledged { expires, .. } => expires,
            Phase::Idle | Phase::Exhausted | Phase::Resolved => None,
        }
    }

    /// Whether it waits for an answer.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Paging { .. } | Phase::Asking { .. } | Phase::Exhausted)
    }

    /// Where it stands.
    pub fn standing(&self) -> Standing<'_> {
        match &self.phase {
            Phase::Idle => Standing::Idle,
            Phase::Paging { deadline, .. } | Phase::Asking { deadline, .. } => {
                Standing::Open { due: *deadline }
            }
            Phase::Acknowledged { by, expires, .. } => Standing::Held { by, due: *expires },
            Phase::Exhausted => Standing::Closed(Reason::Unanswered),
            Phase::Resolved => Standing::Closed(Reason::Resolved),
        }
    }

    /// Whether pages to this person that have not left are still wanted.
    pub fn wants(&self, person: &str) -> bool {
        self.phase != Phase::Resolved && self.pending.contains(person)
    }

    /// The step that was begun last, as (round, step).
    pub fn position(&self) -> (u32, u32) {
        self.position
    }

    /// Whom it tells next, if nobody answers.
    pub fn next(&self) -> Next<'_> {
        let Some(policy) = &self.policy else { return Next::Nobody };
        let (round, step) = self.position;
        if self.about.urgency == Urgency::Ticket {
            return Next::Nobody;
        }
        let last_round = self.first_round + policy.repeat;
        match policy.steps.get(step as usize + 1) {
            Some(next) if round <= last_round => Next::Targets(&next.targets),
            None if round < last_round => Next::FirstStep,
            _ if policy.last_resort.is_empty() => Next::Nobody,
            _ => Next::LastResort(&policy.last_resort),
        }
    }

    /// The targets of steps so far that stood for nobody: each is a finding.
    pub fn unreached(&self) -> impl Iterator<Item = &Target> {
        let reached = self.steps.values().flat_map(|(_, reached)| reached);
        let is_nobody =
            |it: &&Reached| it.person.is_none() && !matches!(it.target, Target::Receiver(_));
        reached.filter(is_nobody).map(|it| &it.target)
    }

    /// Whether the page asks whoever acknowledged, or tells of the alert itself.
    pub fn is_question(&self, page: &Page) -> bool {
        page.entry != 0
            && matches!(&self.phase, Phase::Asking { holder, .. } if *holder == page.person)
    }
}

/// The common words for severities, the gravest first.
const SEVERITIES: [&str; 8] =
    ["critical", "page", "error", "high", "warning", "ticket", "low", "info"];

/// How grave a value of the label `severity` is: 0 is the gravest; words that nobody knows come last.
pub fn gravity(severity: &str) -> usize {
    let known = SEVERITIES.iter().position(|it| severity.eq_ignore_ascii_case(it));
    known.unwrap_or(SEVERITIES.len())
}

/// Whom an escalation tells next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next<'a> {
    /// These.
    Targets(&'a [Target]),
    /// The first step again.
    FirstStep,
    /// Those whom the policy names for the end.
    LastResort(&'a [Target]),
    /// That was the last step.
    Nobody,
}

#[cfg(test)]
mod tests;
