//! One alert of the table, and what a new word of its source makes of it.

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, Pairs};
use serde::{Deserialize, Serialize};

use super::fact::Event;
use super::group::GroupNumber;
use super::{Detail, Incoming, Shared, Source};
use crate::{Activation, Evidence, Phase, ResolveReason};

/// What an alert says to people and machines. Shared by facts and states.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// For people.
    pub annotations: Pairs,
    /// Where the source shows it; may be empty.
    pub generator_url: Box<str>,
    /// What only our own sources know.
    pub detail: Option<Box<Detail>>,
}

impl Body {
    /// What an alert says that its source tells so.
    pub(super) fn of(incoming: Incoming) -> Self {
        let Incoming { annotations, generator_url, detail, .. } = incoming;
        Self {
            annotations: Pairs::from(&annotations),
            generator_url: generator_url.into_boxed_str(),
            detail: detail.map(Box::new),
        }
    }

    /// Whether it tells people the same. Our own sources say so themselves, by the gist: their numbers change all the
    /// time.
    pub(super) fn says(&self, incoming: &Incoming) -> bool {
        if let (Some(old), Some(new)) = (&self.detail, &incoming.detail) {
            let same = (&new.gist, &new.escalation) == (&old.gist, &old.escalation);
            return same && new.wakes == old.wakes;
        }
        let told = incoming.annotations.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        self.detail.is_none() == incoming.detail.is_none()
            && *self.generator_url == *incoming.generator_url
            && self.annotations.iter().eq(told)
    }
}

/// From when to when an alert holds, as its source says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// When it began.
    pub starts_at: Timestamp,
    /// When it ended, or until when the lease runs; none: until its source says otherwise.
    pub ends_at: Option<Timestamp>,
    /// Whether the end was made up, because the source gave none.
    pub is_timeout: bool,
}

impl Span {
    /// Whether it is over at `t`. The end itself is over.
    pub fn is_over(&self, t: Timestamp) -> bool {
        self.ends_at.is_some_and(|it| it <= t)
    }

    /// Whether `t` lies strictly inside.
    fn contains(&self, t: Timestamp) -> bool {
        self.starts_at < t && self.ends_at.is_none_or(|it| t < it)
    }

    /// What holds after `self` was known and `new` arrived at `now`: the younger word rules, but where the two
    /// overlap it does not undo the older one.
    ///
    /// Source: Alertmanager 0.34, `types.Alert.Merge` and `provider/mem`.
    #[must_use]
    pub fn merge(self, new: Self, now: Timestamp) -> Self {
        let overlaps =
            self.contains(new.starts_at) || new.ends_at.is_some_and(|it| self.contains(it));
        if !overlaps {
            return new;
        }
        let later = match (self.ends_at, new.ends_at) {
            (_, None) => None,
            (None, Some(_)) => self.ends_at,
            (Some(old), Some(new)) => Some(old.max(new)),
        };
        let keeps_end = if new.is_over(now) { self.is_over(now) } else { !self.is_timeout };
        Self {
            starts_at: self.starts_at.min(new.starts_at),
            ends_at: if keeps_end { later } else { new.ends_at },
            is_timeout: new.is_timeout,
        }
    }
}

/// A known alert holds on, and nothing else is new. Not a fact: losing one can only delay a resolve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Until then.
    pub ends_at: Timestamp,
    /// Whether the end was made up.
    pub is_timeout: bool,
    /// When its source said so.
    pub seen_at: Timestamp,
}

/// An alert of the table. Bodies are shared, so clones are cheap.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Alert {
    /// The identity.
    pub labels: Labels,
    /// Who began this activation.
    pub source: Source,
    /// As of the last word that was news.
    pub body: Shared<Body>,
    /// As of the last fact; [`Self::span`] knows of renewals too.
    pub(super) told: Span,
    /// As of the last fact.
    pub(super) told_at: Timestamp,
    /// The present or last firing period.
    pub activation: Activation,
    /// Of which it is a member.
    pub groups: Vec<GroupNumber>,
    /// A renewal since the last fact.
    #[serde(skip)]
    pub(super) lease: Option<Lease>,
}

/// Without the lease, which no fact holds.
impl PartialEq for Alert {
    fn eq(&self, other: &Self) -> bool {
        let Self { labels, source, body, told, told_at, activation, groups, lease: _ } = self;
        (labels, source, body) == (&other.labels, &other.source, &other.body)
            && (told, told_at) == (&other.told, &other.told_at)
            && (activation, groups) == (&other.activation, &other.groups)
    }
}

impl Alert {
    /// From when to when it holds, renewals included.
    pub fn span(&self) -> Span {
        match self.lease {
            Some(Lease { ends_at, is_timeout, .. }) => {
                Span { ends_at: Some(ends_at), is_timeout, ..self.told }
            }
            None => self.told,
        }
    }

    /// When its source last spoke of it.
    pub fn updated_at(&self) -> Timestamp {
        self.lease.map_or(self.told_at, |it| it.seen_at)
    }

    /// Whether it fires.
    pub fn phase(&self) -> Phase {
        match self.activation.resolved_at {
            None => Phase::Firing,
            Some(_) => Phase::Quiet,
        }
    }

    /// For people.
    pub fn annotations(&self) -> &Pairs {
        &self.body.annotations
    }

    /// What was measured, if one of our own sources raised it.
    pub fn evidence(&self) -> Option<&Evidence> {
        self.body.detail.as_ref().map(|it| &it.evidence)
    }

    /// Which part of the condition holds; empty if the source does not say.
    pub fn gist(&self) -> &str {
        self.body.detail.as_ref().map_or("", |it| it.gist.as_str())
    }

    /// What an event of its source at `at` makes of it. An event of an unknown alert that does not begin one is none.
    pub(super) fn after(
        before: Option<Self>,
        source: &Source,
        event: &Event,
        at: Timestamp,
    ) -> Option<Self> {
        match (event, before) {
            (Event::Fired { labels, body, span, groups }, before) => Some(Self {
                labels: labels.clone(),
                source: source.clone(),
                body: body.clone(),
                told: *span,
                told_at: at,
                activation: Activation {
                    number: 1 + before.map_or(0, |it| it.activation.number),
                    fired_at: at,
                    fired_seq: 0,
                    resolved_at: None,
                    reason: None,
                },
                groups: groups.clone(),
                lease: None,
            }),
            (Event::Changed { body, span }, Some(before)) => {
                Some(Self { body: body.clone(), told: *span, told_at: at, lease: None, ..before })
            }
            (Event::Resolved { ends_at, reason, body }, Some(mut alert)) => {
                if let Some(body) = body {
                    alert.body = body.clone();
                }
                alert.end(*ends_at, *reason, at);
                Some(alert)
            }
            (Event::Changed { .. } | Event::Resolved { .. }, None) => None,
        }
    }

    /// Ends the activation.
    pub(super) fn end(&mut self, ends_at: Timestamp, reason: ResolveReason, at: Timestamp) {
        self.told = Span { ends_at: Some(ends_at), is_timeout: false, ..self.told };
        (self.told_at, self.lease) = (at, None);
        (self.activation.resolved_at, self.activation.reason) = (Some(at), Some(reason));
    }

    /// How long its last lease was.
    pub(super) fn lease_length(&self) -> SignedDuration {
        let end = self.span().ends_at;
        end.map_or(SignedDuration::ZERO, |it| it.duration_since(self.updated_at()))
    }
}
