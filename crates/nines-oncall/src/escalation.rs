//! The escalation of one alert: who is told when, until somebody answers.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nines_base::{Id, IdKind};
use nines_port::Channel;
use serde::{Deserialize, Serialize};

use crate::{Duty, Policy, Shift, Step, Target};

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
    /// How often the policy was gone through before; counts from 0.
    pub round: u32,
    /// The step in the policy; counts from 0.
    pub step: u32,
    /// Who.
    pub person: String,
    /// The contact method in the person's list; counts from 0.
    pub contact: u32,
}

/// Whom a target stood for when its step began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// As written in the policy.
    pub target: Target,
    /// Nobody: no such person, or nobody on call.
    pub person: Option<String>,
    /// The turn that made it so.
    pub shift: Option<Shift>,
}

/// What somebody or something asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The alert fires.
    Start(Policy),
    /// This person answers.
    Acknowledge {
        /// Who.
        by: String,
        /// How: `link`, `console`, `cli`, `api`.
        via: String,
    },
    /// The alert does not fire any more.
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
    /// This person answered; nothing more is to be delivered.
    Acknowledged {
        /// Who.
        by: String,
        /// How.
        via: String,
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
    /// One alert has one escalation at a time.
    #[error("this escalation has already started")]
    AlreadyStarted,
    /// Somebody was faster, or there was nothing to answer.
    #[error("nobody is waiting for an answer: {why}")]
    NotWaiting {
        /// Who answered, or that it is over.
        why: String,
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
    },
    /// It is over.
    Resolved,
}

/// The fold of one escalation's facts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// As pinned at the start.
    pub policy: Option<Policy>,
    /// Where it stands.
    pub phase: Phase,
    /// Every page that was ordered, with its channel and due time.
    pub pages: BTreeMap<Page, (Channel, Timestamp)>,
    /// Whom each step reached, by (round, step).
    pub steps: BTreeMap<(u32, u32), (Timestamp, Vec<Reached>)>,
    /// Who answered, also after the alert resolved.
    pub acknowledged: Option<(String, String, Timestamp)>,
}

impl State {
    /// When [`Command::Wake`] is due, if time matters.
    pub fn wake_at(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Paging { deadline, .. } => Some(deadline),
            Phase::Idle | Phase::Exhausted | Phase::Acknowledged { .. } | Phase::Resolved => None,
        }
    }

    /// Whether pages may still be sent.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Paging { .. } | Phase::Exhausted)
    }
}

/// What `command` would make happen. Late, early and repeated commands are safe.
pub fn decide(
    state: &State,
    command: Command,
    duty: Duty<'_>,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    match (command, &state.phase) {
        (Command::Start(policy), Phase::Idle) => {
            if policy.steps.is_empty() {
                return Err(Refusal::EmptyPolicy { policy: policy.name });
            }
            let mut facts = vec![Fact::Started { policy: policy.clone() }];
            enter_from(&policy, (0, 0), duty, now, &mut facts);
            Ok(facts)
        }
        (Command::Start(_), _) => Err(Refusal::AlreadyStarted),
        (Command::Acknowledge { by, via }, Phase::Paging { .. } | Phase::Exhausted) => {
            Ok(vec![Fact::Acknowledged { by, via }])
        }
        (Command::Acknowledge { .. }, Phase::Acknowledged { by, .. }) => {
            Err(Refusal::NotWaiting { why: format!("{by} has acknowledged") })
        }
        (Command::Acknowledge { .. }, Phase::Idle | Phase::Resolved) => {
            Err(Refusal::NotWaiting { why: "the alert is resolved".to_owned() })
        }
        (Command::Resolve, Phase::Idle | Phase::Resolved) => Ok(Vec::new()),
        (Command::Resolve, _) => Ok(vec![Fact::Resolved]),
        (Command::Wake, Phase::Paging { round, step, deadline }) if *deadline <= now => {
            let mut facts = Vec::new();
            if let Some(policy) = &state.policy {
                enter_from(policy, (*round, step + 1), duty, now, &mut facts);
            }
            Ok(facts)
        }
        (Command::Wake, _) => Ok(Vec::new()),
    }
}

/// Enters the first step at or after `from` that reaches somebody; steps that reach nobody are passed at
/// once, and the facts say so.
fn enter_from(
    policy: &Policy,
    from: (u32, u32),
    duty: Duty<'_>,
    now: Timestamp,
    facts: &mut Vec<Fact>,
) {
    let (mut round, mut index) = from;
    while round <= policy.repeat {
        if let Some(step) = policy.steps.get(index as usize) {
            if enter(step, (round, index), duty, now, facts) {
                return;
            }
            index += 1;
        } else {
            (round, index) = (round + 1, 0);
        }
    }
    facts.push(Fact::Exhausted);
}

/// Begins one step, and says whether it reached anybody.
fn enter(
    step: &Step,
    (round, index): (u32, u32),
    duty: Duty<'_>,
    now: Timestamp,
    facts: &mut Vec<Fact>,
) -> bool {
    let (mut reached, mut pages) = (Vec::new(), BTreeMap::new());
    for target in &step.targets {
        let resolved = duty.resolve(target, now);
        if resolved.is_empty() {
            reached.push(Reached { target: target.clone(), person: None, shift: None });
        }
        for (person, shift) in &resolved {
            let (person, shift) = (Some(person.name.clone()), shift.clone());
            reached.push(Reached { target: target.clone(), person, shift });
        }
        let contacts = resolved.iter().flat_map(|(person, _)| {
            (0_u32..).zip(&person.contacts).map(|it| (person.name.clone(), it))
        });
        // Two targets may stand for one person, who is told once.
        for (person, (contact, method)) in contacts {
            let page = Page { round, step: index, person, contact };
            pages.insert(page, (method.channel.clone(), now + method.delay));
        }
    }
    let wait = if pages.is_empty() { SignedDuration::ZERO } else { step.wait };
    facts.push(Fact::StepEntered { round, step: index, deadline: now + wait, reached });
    let reaches = !pages.is_empty();
    facts.extend(pages.into_iter().map(|(page, (channel, due))| Fact::PageIntended {
        page,
        channel,
        due,
    }));
    reaches
}

/// Applies one fact that was recorded at `at`. It cannot fail: what happened, happened.
pub fn evolve(state: &mut State, fact: &Fact, at: Timestamp) {
    match fact {
        Fact::Started { policy } => state.policy = Some(policy.clone()),
        Fact::StepEntered { round, step, deadline, reached } => {
            let (round, step, deadline) = (*round, *step, *deadline);
            state.phase = Phase::Paging { round, step, deadline };
            state.steps.insert((round, step), (at, reached.clone()));
        }
        Fact::PageIntended { page, channel, due } => {
            state.pages.insert(page.clone(), (channel.clone(), *due));
        }
        Fact::Acknowledged { by, via } => {
            state.acknowledged = Some((by.clone(), via.clone(), at));
            state.phase = Phase::Acknowledged { by: by.clone(), via: via.clone(), at };
        }
        Fact::Resolved => state.phase = Phase::Resolved,
        Fact::Exhausted => state.phase = Phase::Exhausted,
    }
}

#[cfg(test)]
mod tests;
