//! Escalation policies, as configured: who is told in which order, and under which conditions.

use std::fmt;

use jiff::SignedDuration;
use nines_base::Origin;
use serde::{Deserialize, Serialize};

use crate::Hours;

/// Who is told in which order.
///
/// A running escalation keeps the one that it began with, so this is part of a fact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Unique, such as `shop-primary`.
    pub name: String,
    /// At least one.
    pub steps: Vec<Step>,
    /// How often all steps are gone through again; 0 to 9.
    pub repeat: u32,
    /// Where it was written.
    pub origin: Origin,
    /// Told when nobody has answered in any round, and again every half hour of a day.
    #[serde(default)]
    pub last_resort: Vec<Target>,
    /// After so long without news whoever acknowledged is asked. Absent: never, as before this could be said.
    #[serde(default)]
    pub ack_expiry: Option<SignedDuration>,
}

/// One step of a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// All are told at once.
    pub targets: Vec<Target>,
    /// Without an answer the next step begins then.
    pub wait: SignedDuration,
    /// Without all of these the step is passed at once.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// Whose answer it takes.
    #[serde(default)]
    pub acks: Acks,
    /// What is done beside telling people, the first time that the step begins.
    #[serde(default)]
    pub actions: Vec<Action>,
}

/// Whom a step tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Target {
    /// A person by name.
    Person(String),
    /// Whoever is on call.
    Schedule(String),
    /// Whoever is on call after those who are now.
    NextOnCall(String),
    /// One of these people: each escalation, and each round of it, goes on to the next.
    RoundRobin(Vec<String>),
    /// All members of a team.
    Team(String),
    /// A receiver, such as a chat room.
    Receiver(String),
}

/// `person ana`, `schedule shop`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(name) => write!(f, "person {name}"),
            Self::Schedule(name) => write!(f, "schedule {name}"),
            Self::NextOnCall(name) => write!(f, "next on call of {name}"),
            Self::RoundRobin(names) => write!(f, "one of {}", names.join(", ")),
            Self::Team(name) => write!(f, "team {name}"),
            Self::Receiver(name) => write!(f, "receiver {name}"),
        }
    }
}

/// What must hold for a step to count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// The step begins in these hours.
    During(Hours),
    /// More than `count` alerts have come within the time before.
    MoreAlerts {
        /// This many are not enough.
        count: u32,
        /// In so long.
        within: SignedDuration,
    },
    /// The label `severity` has one of these values.
    Severity(Vec<String>),
}

/// Whose answer a step takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Acks {
    /// The first answer counts for all.
    #[default]
    One,
    /// Everybody who was told must answer; an answer stops one's own messages only.
    Each,
}

/// What a step does beside telling people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// There must be an incident, at least as severe as this.
    DeclareIncident {
        /// `SEV1` to `SEV4`; absent: as incidents begin.
        severity: Option<String>,
    },
    /// This runbook is started.
    StartRunbook {
        /// Its name.
        runbook: String,
    },
}

impl Policy {
    /// A policy that tells `steps` once.
    pub fn new(name: &str, steps: Vec<Step>) -> Self {
        Self { name: name.to_owned(), steps, ..Self::default() }
    }
}

impl Step {
    /// A step that always counts, and takes the first answer.
    pub fn new(targets: Vec<Target>, wait: SignedDuration) -> Self {
        Self { targets, wait, ..Self::default() }
    }
}
