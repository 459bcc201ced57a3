//! People and escalation policies, as configured.

use std::fmt;

use jiff::SignedDuration;
use nines_base::Origin;
use nines_port::Channel;
use serde::{Deserialize, Serialize};

/// Somebody who can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Unique, such as `ana`.
    pub name: String,
    /// As shown to others; the name when not given.
    pub display_name: String,
    /// In the order of their delays.
    pub contacts: Vec<Contact>,
    /// Where it was written.
    pub origin: Origin,
}

/// One way to reach a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Where messages go.
    pub channel: Channel,
    /// How long after the step began; zero is at once.
    pub delay: SignedDuration,
}

/// Who is told in which order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Unique, such as `shop-primary`.
    pub name: String,
    /// At least one.
    pub steps: Vec<Step>,
    /// How often all steps are gone through again; 0 to 9.
    pub repeat: u32,
    /// Where it was written.
    pub origin: Origin,
}

/// One step of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// All are told at once.
    pub targets: Vec<Target>,
    /// Without an answer the next step begins then.
    pub wait: SignedDuration,
}

/// Whom a step tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Target {
    /// A person by name.
    Person(String),
    /// Whoever is on call.
    Schedule(String),
}

/// `person ana`, `schedule shop`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(name) => write!(f, "person {name}"),
            Self::Schedule(name) => write!(f, "schedule {name}"),
        }
    }
}
