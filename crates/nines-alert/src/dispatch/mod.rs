//! From alerts to notices: which receivers hear of which alerts, when, and why not.
//!
//! One table of alerts, whoever says that they fire; a tree of routes puts them into groups; a group speaks on its
//! ticks, and what it says passes inhibition, time intervals, silences and the memory of what was said before.
//! The semantics are those of Alertmanager. Orders to speak are [`Notice`]s: how they travel is not known here.
//!
//! State is the fold of facts; what depends on the configuration (indices, timers) is rebuilt by
//! [`State::configure`] and is no part of the fold.

mod alert;
mod decide;
mod dedup;
mod explain;
mod fact;
mod fold;
mod group;
mod live;
mod rules;
mod shared;
mod show;
mod state;
mod tick;
mod tree;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use nines_base::{Id, IdKind, Labels};
use serde::{Deserialize, Serialize};

use crate::{AlertKey, Evidence, ResolveReason};

pub use alert::{Alert, Body, Lease, Span};
pub use decide::{Decided, Refusal, Refused, Upkeep, decide};
pub use explain::Explained;
pub use fact::{
    Event, Expired, Extended, Fact, Flushed, Judged, Observed, Opened, Outcome, Quiet, Regrouped,
    Seen, Told,
};
pub use fold::evolve;
pub use group::{Content, Fate, Group, GroupHash, GroupNumber, Member, Memory, Open};
pub use rules::{GroupBy, Integration, Receiver, Route, Rules, Settings, Timing};
pub use shared::{Shared, Text};
pub use state::{Memories, State};
pub use tree::Routed;

/// Notices: `ntc_…`.
#[derive(Debug)]
pub enum NoticeKind {}

impl IdKind for NoticeKind {
    const PREFIX: &'static str = "ntc";
}

/// Names one notice.
pub type NoticeId = Id<NoticeKind>;

/// Who says that alerts fire.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Source {
    /// Error budgets, no-data checks: complete lists.
    Burns,
    /// Levels of policies: complete lists.
    Policies,
    /// Our own evaluation of Prometheus' rules: complete lists.
    Rules,
    /// Whoever posts to the API of Alertmanager; alerts live on leases.
    Api,
    /// Events of PagerDuty's format, by the name of the integration; no leases.
    Events(String),
    /// Heartbeats that are missing.
    Heartbeats,
    /// nines itself.
    Own,
}

/// An alert as a source tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The identity.
    pub labels: Labels,
    /// For people.
    pub annotations: BTreeMap<String, String>,
    /// As the source says; absent: now (alerting.md §3.2).
    pub starts_at: Option<Timestamp>,
    /// The end, or until when the lease runs; absent: from the API now + `resolve_timeout`, else no end.
    pub ends_at: Option<Timestamp>,
    /// Where the source shows it; may be empty.
    pub generator_url: String,
    /// What only our own sources know.
    pub detail: Option<Detail>,
}

/// What only our own sources know of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// What was measured.
    pub evidence: Evidence,
    /// Which part of the condition holds; only a new text is news.
    pub gist: String,
    /// The escalation that the rule itself names; else the tree of routes decides.
    pub escalation: Option<String>,
    /// Whether it may wake somebody.
    pub wakes: bool,
    /// Since when users are hurt.
    pub impact_start: Timestamp,
}

/// Why a notice is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// Nothing was said of this group before.
    First,
    /// Alerts fire of which nothing was said.
    NewFiring,
    /// Nothing fires any more.
    AllResolved,
    /// Some alerts resolved.
    SomeResolved,
    /// It was said too long ago.
    Repeat,
}

/// The order that one integration of a receiver is told about a group, once.
///
/// The alerts are as of the tick: inhibited and silenced ones are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Unique.
    pub id: NoticeId,
    /// `<route key>:{labels}`, as Alertmanager writes it.
    pub group: Text,
    /// The values of `group_by`.
    pub group_labels: Labels,
    /// The receiver's name.
    pub receiver: Text,
    /// Which of its integrations; counts from 0 over all kinds.
    pub integration: u32,
    /// The due time of the tick.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
    /// By fingerprint.
    pub firing: Shared<[AlertKey]>,
    /// By fingerprint.
    pub resolved: Shared<[AlertKey]>,
}

/// Why a notice would go nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Muted {
    /// By these silences.
    Silenced(Vec<String>),
    /// By this alert.
    Inhibited(AlertKey),
    /// By this time interval.
    Interval(String),
}

impl fmt::Display for Muted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silenced(by) => write!(f, "silenced by {}", by.join(", ")),
            Self::Inhibited(by) => write!(f, "inhibited by alert {by}"),
            Self::Interval(name) => write!(f, "muted by the time interval {name}"),
        }
    }
}

/// What somebody or something asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// What a source says now.
    Observe {
        /// Who says it.
        source: Source,
        /// What fires, or is over.
        alerts: Vec<Incoming>,
        /// Whether alerts of this source that are not in the list are over.
        is_complete: bool,
    },
    /// These alerts are over, whatever their source says.
    Resolve {
        /// Which.
        alerts: Vec<AlertKey>,
        /// Why.
        reason: ResolveReason,
    },
    /// An integration has taken this notice: the memory that the next tick compares with.
    Accepted(Box<Notice>),
    /// This notice will not arrive any more: it failed for good, or was withdrawn before it left.
    GiveUp(Box<Notice>),
    /// The configuration has changed: alerts go to the groups that it wants.
    Regroup,
    /// Time has passed; sent before every other command, again and again until [`State::wake_at`] lies in the
    /// future: a group's first tick may be due at once.
    Wake,
}

#[cfg(test)]
mod tests;
