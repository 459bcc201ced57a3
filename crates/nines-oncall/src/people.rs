//! People and teams, as configured.

use jiff::SignedDuration;
use jiff::Timestamp;
use nines_base::Origin;
use nines_port::{Channel, Urgency};

use crate::Hours;

/// Somebody who can be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// Unique, such as `ana`.
    pub name: String,
    /// As shown to others; the name when not given.
    pub display_name: String,
    /// In the order of their delays.
    pub contacts: Vec<Contact>,
    /// Which contact is used when; empty lists leave it to the delays of the contacts.
    pub rules: Rules,
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

/// How a person wants to be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// For what must be seen to now, in the order of delays; empty: all contacts with their own delays.
    pub high: Vec<Rule>,
    /// For what can wait, in the order of delays; empty: as for what cannot.
    pub low: Vec<Rule>,
    /// When the person works: what can wait waits for it. Absent: always.
    pub hours: Option<Hours>,
    /// Where the person lives, an IANA time zone; a clock time of life needs it.
    pub zone: Option<String>,
}

/// One use of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Which of the person's contacts; counts from 0.
    pub contact: u32,
    /// How long after the step began; zero is at once.
    pub delay: SignedDuration,
}

impl Person {
    /// The ways to the person and their delays, in order: what a step of an escalation goes through.
    pub fn ways(&self, urgency: Urgency) -> Vec<(&Contact, SignedDuration)> {
        let Rules { high, low, .. } = &self.rules;
        let rules = match urgency {
            Urgency::Ticket if !low.is_empty() => low,
            Urgency::Ticket | Urgency::Page => high,
        };
        if rules.is_empty() {
            return self.contacts.iter().map(|it| (it, it.delay)).collect();
        }
        let way = |it: &Rule| Some((self.contacts.get(it.contact as usize)?, it.delay));
        rules.iter().filter_map(way).collect()
    }

    /// When a message that was decided at `now` and comes `delay` later should leave: what can wait waits for
    /// the person's working hours.
    pub fn due(&self, urgency: Urgency, now: Timestamp, delay: SignedDuration) -> Timestamp {
        let due = now + delay;
        match (urgency, &self.rules.hours) {
            (Urgency::Ticket, Some(hours)) => hours.next(due),
            (Urgency::Ticket, None) | (Urgency::Page, _) => due,
        }
    }
}

/// People who answer for something together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Unique, such as `shop`; the value of the label `team`.
    pub name: String,
    /// Names of people; at least one.
    pub members: Vec<String>,
    /// The escalation policy for alerts of the team that say none.
    pub escalation: Option<String>,
    /// The longest silence that members may make.
    pub silence_max: Option<SignedDuration>,
    /// Where it was written.
    pub origin: Origin,
}
