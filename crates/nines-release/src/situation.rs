//! What a policy looks at: plain data, as counted and recorded by others.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::Period;

/// A version counts as proven after it has served for so long without harm.
pub const PROVEN_AFTER: SignedDuration = SignedDuration::from_mins(30);

/// One error budget, as counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetInput {
    /// The SLO: `checkout/availability`.
    pub slo: String,
    /// The name of its objective, such as `slo`.
    pub objective: String,
    /// The period of its budget, as it is written: `28d`, `month`.
    pub window: String,
    /// What is left of what the events so far allow, in billionths; negative when overspent, `None` when unknown.
    pub seen_billionths: Option<i128>,
    /// What is left of what the events of the whole period will allow, in billionths; `None` when unknown.
    pub whole_billionths: Option<i128>,
    /// Bad events in the period.
    pub bad: u64,
    /// How many may be bad, in billionths of an event.
    pub allowed_billionths: u128,
    /// Where the period begins.
    pub from: Timestamp,
    /// Where it ends.
    pub to: Timestamp,
    /// The share of the period with known data, in billionths.
    pub coverage_billionths: u64,
    /// How long the budget lasts at the present rate; `None` when it outlives its window.
    pub exhausts_in: Option<SignedDuration>,
    /// Whether the numbers can be believed.
    pub trust: Trust,
    /// Whether it burns fast enough to wake somebody.
    pub burn_page: bool,
    /// Whether it burns fast enough for a ticket.
    pub burn_ticket: bool,
}

/// Whether numbers can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// Yes.
    Good,
    /// They are old: no sample for too long.
    Stale,
    /// They contradict each other.
    Suspect,
    /// There are none.
    NoData,
    /// What counts them does not answer.
    Unreachable,
}

/// What others have measured of one service; the engine adds what it knows itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyInput {
    /// Whose.
    pub service: String,
    /// Every budget of it.
    pub budgets: Vec<BudgetInput>,
    /// What the one worst incident took of a budget, in billionths; `None` when unknown.
    pub incident_share: Option<i128>,
    /// What the one worst class of causes took of a budget, in billionths; absent when unknown.
    pub class_shares: BTreeMap<Period, i128>,
    /// How long ago the last drill was; `None` when unknown.
    pub drill_age: Option<SignedDuration>,
    /// How many actions of postmortems are late; `None` when unknown.
    pub actions_overdue: Option<u64>,
}

/// An incident of the service that is not resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIncident {
    /// Counts from 1.
    pub number: u64,
    /// From 1, the worst, to 5.
    pub severity: u8,
    /// What is wrong, in a line.
    pub title: String,
}

/// A service that the service needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Which.
    pub service: String,
    /// The worst active level of its own policy, or `normal`; `None` when unknown.
    pub level: Option<String>,
    /// Whether that level forbids changes of it.
    pub is_frozen: bool,
}

/// A deploy of the service to one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deploy {
    /// What was deployed.
    pub version: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; `None` when that is unknown, or not yet.
    pub finished: Option<Timestamp>,
    /// Whether an incident of the service began while this version served.
    pub did_harm: bool,
}

/// Everything that a policy looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Situation {
    /// What others have measured.
    pub input: PolicyInput,
    /// Every open incident of the service.
    pub open_incidents: Vec<OpenIncident>,
    /// What the service needs.
    pub dependencies: Vec<Dependency>,
}
