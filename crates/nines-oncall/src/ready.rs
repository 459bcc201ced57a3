//! Readiness: whether a page would reach a person who can do something about it.
//!
//! A pure judgement over what is known. What is not known is said to be unknown, never taken for granted.

use std::collections::BTreeSet;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use nines_port::Channel;

use crate::{Contact, Person};

/// A contact by which nothing has arrived for so long may have died unnoticed.
pub const DELIVERY_MAX_AGE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// One kind of contact fails as a whole: a provider is down, a telephone is in the water.
pub const KINDS_MIN: usize = 2;

/// What is known of one contact of a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContactFacts {
    /// When the person confirmed that messages arrive.
    pub verified_at: Option<Timestamp>,
    /// When something was delivered last.
    pub delivered_at: Option<Timestamp>,
    /// When its token stops to work, if it has one that does.
    pub token_expires_at: Option<Timestamp>,
    /// Whether it is not used any more, after failures or because the person said stop.
    pub is_disabled: bool,
}

/// How ready somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// Contacts that are known to work and to wake somebody.
    pub contacts: u32,
    /// Everything that is missing; empty when ready.
    pub lacks: Vec<Lack>,
}

/// Something that is missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// There is nothing but the inbox, which wakes nobody.
    NoContact,
    /// Nothing is known of the contacts: neither verified nor refuted.
    Unknown,
    /// Fewer than two kinds of contacts work.
    OneKind {
        /// The only one; none when no contact works.
        kind: Option<String>,
    },
    /// Nobody has confirmed that messages arrive.
    NotVerified {
        /// Its kind.
        contact: String,
    },
    /// It is not used any more.
    Disabled {
        /// Its kind.
        contact: String,
    },
    /// Its token has expired.
    TokenExpired {
        /// Its kind.
        contact: String,
        /// When.
        at: Timestamp,
    },
    /// By no contact has anything been delivered in the last 30 days.
    NoDelivery,
    /// The person is away.
    Away {
        /// Until then.
        until: Timestamp,
    },
    /// Nobody knows when it is night for the person.
    NoZone,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoContact => f.write_str("no contact but the inbox, which wakes nobody"),
            Self::Unknown => f.write_str("not known whether contacts work: none was ever tested"),
            Self::OneKind { kind: Some(kind) } => {
                write!(f, "only {kind} works; a second kind of contact is missing")
            }
            Self::OneKind { kind: None } => f.write_str("no contact is known to work"),
            Self::NotVerified { contact } => write!(f, "{contact} is not verified"),
            Self::Disabled { contact } => write!(f, "{contact} is disabled"),
            Self::TokenExpired { contact, at } => write!(f, "the token of {contact} expired {at}"),
            Self::NoDelivery => f.write_str("nothing was delivered in the last 30 days"),
            Self::Away { until } => write!(f, "away until {until}"),
            Self::NoZone => f.write_str("the time zone is not known"),
        }
    }
}

impl Readiness {
    /// Whether a page would reach somebody who can do something about it.
    pub fn is_ready(&self) -> bool {
        self.lacks.is_empty()
    }

    /// Whether the answer is open: what is known says neither yes nor no.
    pub fn is_unknown(&self) -> bool {
        !self.lacks.is_empty() && self.lacks.iter().all(|it| *it == Lack::Unknown)
    }
}

/// `ready`, or everything that is missing.
impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_ready() {
            return f.write_str("ready");
        }
        for (index, it) in self.lacks.iter().enumerate() {
            write!(f, "{}{it}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

/// Judges a person at `now`. `facts` are those of [`Person::contacts`], in their order; absent where nobody keeps
/// any. `away_until` is the end of a vacation that `now` lies in.
pub fn readiness(
    person: &Person,
    facts: Option<&[ContactFacts]>,
    away_until: Option<Timestamp>,
    now: Timestamp,
) -> Readiness {
    let mut lacks: Vec<Lack> = away_until.map(|until| Lack::Away { until }).into_iter().collect();
    if person.rules.zone.is_none() {
        lacks.push(Lack::NoZone);
    }
    let waking = (0_usize..).zip(&person.contacts).filter(|(_, it)| wakes(it));
    let waking: Vec<(usize, &Contact)> = waking.collect();
    if waking.is_empty() {
        lacks.push(Lack::NoContact);
        return Readiness { contacts: 0, lacks };
    }
    let Some(facts) = facts else {
        lacks.push(Lack::Unknown);
        return Readiness { contacts: 0, lacks };
    };
    let (mut kinds, mut contacts, mut is_delivered) = (BTreeSet::new(), 0, false);
    for (index, it) in waking {
        let facts = facts.get(index).copied().unwrap_or_default();
        let kind = it.channel.to_string();
        is_delivered |= facts.delivered_at.is_some_and(|at| now - DELIVERY_MAX_AGE <= at);
        match fault(&facts, &kind, now) {
            Some(lack) => lacks.push(lack),
            None => {
                contacts += 1;
                kinds.insert(kind);
            }
        }
    }
    if KINDS_MIN <= kinds.len() {
        // What does not work beside two kinds that do is a finding of its own, and no reason to be unready.
        lacks.retain(|it| matches!(it, Lack::Away { .. } | Lack::NoZone));
    } else {
        lacks.push(Lack::OneKind { kind: kinds.pop_first() });
    }
    if !is_delivered {
        lacks.push(Lack::NoDelivery);
    }
    Readiness { contacts, lacks }
}

/// The contacts of a person that a drill should try now: those by which nothing was delivered for a month. A
/// disabled one is left alone until its owner verifies it again.
pub fn drills_due(person: &Person, facts: &[ContactFacts], now: Timestamp) -> Vec<u32> {
    let is_due = |index: u32| {
        let facts = facts.get(index as usize).copied().unwrap_or_default();
        let last = facts.delivered_at.max(facts.verified_at);
        !facts.is_disabled && last.is_none_or(|at| at < now - DELIVERY_MAX_AGE)
    };
    let contacts = (0_u32..).zip(&person.contacts).filter(|(_, it)| wakes(it));
    contacts.map(|(index, _)| index).filter(|it| is_due(*it)).collect()
}

fn fault(facts: &ContactFacts, kind: &str, now: Timestamp) -> Option<Lack> {
    let contact = kind.to_owned();
    if facts.is_disabled {
        return Some(Lack::Disabled { contact });
    }
    if let Some(at) = facts.token_expires_at.filter(|it| *it <= now) {
        return Some(Lack::TokenExpired { contact, at });
    }
    facts.verified_at.is_none().then_some(Lack::NotVerified { contact })
}

fn wakes(contact: &Contact) -> bool {
    contact.channel != Channel::Inbox
}

#[cfg(test)]
mod tests;
