//! What happened, as the journal keeps it.

use jiff::Timestamp;
use nines_base::Labels;
use serde::{Deserialize, Serialize};

use super::alert::{Body, Lease, Span};
use super::group::GroupNumber;
use super::{Muted, Notice, NoticeId, Shared, Source, Text};
use crate::{AlertKey, ResolveReason};

/// What happened. Journaled: a released shape never changes, a new one is a new version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    /// A source said something new; all that it said at once.
    Observed(Observed),
    /// Alerts whose leases ran out.
    Expired(Vec<Expired>),
    /// Alerts of which nothing is new but that they still fire; what no fact says is lost at a restart, so now and
    /// then one does.
    LeasesExtended(Vec<Extended>),
    /// A group's tick had news.
    Flushed(Box<Flushed>),
    /// An integration has taken a notice.
    Told(Told),
    /// A notice will reach nobody any more.
    GivenUp(Told),
    /// Another configuration wants other groups.
    Regrouped(Regrouped),
}

/// What a source said that was news.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// Who said it.
    pub source: Source,
    /// Groups that did not exist before.
    pub opened: Vec<Opened>,
    /// By order of what was said.
    pub alerts: Vec<Seen>,
}

/// What is new of one alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// Which.
    pub key: AlertKey,
    /// What.
    pub event: Event,
}

/// What is new of one alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A new activation began.
    Fired {
        /// The identity.
        labels: Labels,
        /// What it says.
        body: Shared<Body>,
        /// From when to when, after merging.
        span: Span,
        /// All that it is a member of from now on.
        groups: Vec<GroupNumber>,
    },
    /// It says something else, or began earlier than was known.
    Changed {
        /// What it says.
        body: Shared<Body>,
        /// From when to when, after merging.
        span: Span,
    },
    /// The activation ended.
    Resolved {
        /// When, as the source says; not after the fact.
        ends_at: Timestamp,
        /// Why.
        reason: ResolveReason,
        /// What it says, if that is new.
        body: Option<Shared<Body>>,
    },
}

/// An alert whose lease ran out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expired {
    /// Which.
    pub key: AlertKey,
    /// When the lease ended.
    pub ends_at: Timestamp,
    /// When its source last spoke of it.
    pub seen_at: Timestamp,
}

/// Alerts that were renewed alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extended {
    /// Until when, and who knows it since when.
    pub lease: Lease,
    /// Which.
    pub alerts: Vec<AlertKey>,
}

/// A group that began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Its number.
    pub group: GroupNumber,
    /// The key of its route.
    pub route: Text,
    /// Which of the routes with this key; counts from 0.
    pub route_index: u32,
    /// The values of `group_by`.
    pub labels: Labels,
    /// Its first tick.
    pub due: Timestamp,
    /// Whether it speaks at once when its first alert fires and when its last one is over.
    pub leading_edge: bool,
}

/// A group's tick had news.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flushed {
    /// Which group.
    pub group: GroupNumber,
    /// The due time, which all was judged by.
    pub at: Timestamp,
    /// The tick after this one.
    pub next: Timestamp,
    /// Who is told.
    pub receiver: Text,
    /// Alerts with a transition since the last flush, or another verdict than then.
    pub alerts: Vec<Judged>,
    /// Of each integration of the receiver; none if all alerts are muted.
    pub outcomes: Vec<Outcome>,
    /// Resolved alerts; they leave the group as soon as nothing of them is on its way.
    pub done: Vec<AlertKey>,
    /// Those of them that were muted: what was said of them does not count any more, so that firing again is news.
    pub forgotten: Vec<AlertKey>,
}

impl Flushed {
    /// Whether anything of it is to be remembered; else the tick might as well not have been.
    pub(super) fn is_news(&self) -> bool {
        let changes = |it: &Outcome| match it {
            Outcome::Notice(_) => true,
            Outcome::Quiet { why, .. } => {
                matches!(why, Quiet::Withdrawn { .. } | Quiet::NotWanted { .. })
            }
        };
        !self.alerts.is_empty() || !self.done.is_empty() || self.outcomes.iter().any(changes)
    }
}

/// What a tick found of one alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// Which.
    pub key: AlertKey,
    /// Whether it was over at the tick.
    pub is_resolved: bool,
    /// Why it is not spoken of; none: it is.
    pub muted: Option<Muted>,
}

/// What a tick means for one integration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// It is told.
    Notice(Notice),
    /// It is not told, because of this.
    Quiet {
        /// Which integration.
        integration: u32,
        /// Why.
        why: Quiet,
    },
}

/// Why an integration is not told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quiet {
    /// Nothing fires, and it never heard that anything did.
    NeverTold,
    /// It heard all of this at that time, which is not long enough ago to say it again.
    Known {
        /// When it was told.
        since: Timestamp,
    },
    /// All is over, and it does not want to hear of that. It counts as told.
    NotWanted {
        /// What is over.
        resolved: Shared<[AlertKey]>,
        /// Until when this is remembered.
        forget_at: Timestamp,
    },
    /// The same is on its way already.
    Open {
        /// As this notice.
        notice: NoticeId,
    },
    /// What is on its way is not true any more, and need not arrive.
    Withdrawn {
        /// This notice.
        notice: NoticeId,
    },
}

/// What became of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Which.
    pub notice: NoticeId,
    /// Of which group.
    pub group: Text,
    /// Who.
    pub receiver: Text,
    /// Which of its integrations.
    pub integration: u32,
    /// What it said fires.
    pub firing: Shared<[AlertKey]>,
    /// What it said is over.
    pub resolved: Shared<[AlertKey]>,
    /// Until when this is remembered.
    pub forget_at: Timestamp,
}

/// Another configuration wants other groups.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Regrouped {
    /// Groups that did not exist before.
    pub opened: Vec<Opened>,
    /// All groups of these alerts from now on. A group without alerts ends.
    pub alerts: Vec<(AlertKey, Vec<GroupNumber>)>,
    /// Groups that have a leading edge from now on, or none any more.
    pub edges: Vec<(GroupNumber, bool)>,
}
