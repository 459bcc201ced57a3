//! The rota in the engine: changes of who is on call, hand-offs in time, and the people who are told of it.

use std::collections::BTreeMap;

use nines_alert::AlertKey;
use nines_base::Labels;
use nines_oncall::rota;
use nines_port::Urgency;

use crate::command::{Refusal, Reply};
use crate::decide::Draft;
use crate::fact::Fact;
use crate::outbox::{Intent, Purpose};

/// What the ids of messages about the rota begin with.
pub(crate) const PREFIX: &str = "rota/";
/// Messages about the rota that are kept; the oldest are forgotten first.
pub(crate) const TOLD_MAX: usize = 1_000;

impl Draft<'_> {
    /// A person changes who is on call.
    pub(crate) fn change_rota(&mut self, command: rota::Command) -> Result<Reply, Refusal> {
        let config = self.config.ok_or(Refusal::NoConfig)?;
        let facts = rota::decide(&self.state.rota, command, &config.roster, self.now)?;
        let mut made = Vec::new();
        for fact in facts {
            if let rota::Fact::Entered { number, .. } | rota::Fact::Offered { number, .. } = &fact {
                made.push(*number);
            }
            let notices = rota::notices(&self.state.rota, &fact);
            self.apply(Fact::Rota(fact));
            for notice in notices {
                self.tell(notice);
            }
        }
        Ok(Reply::Rota(made))
    }

    /// Hand-offs and reminders whose time has come.
    pub(crate) fn wake_rota(&mut self) {
        if self.config.is_some() && self.state.rota.wake_at().is_some_and(|it| it <= self.now) {
            // A wake-up is never refused.
            drop(self.change_rota(rota::Command::Wake));
        }
    }

    /// One message, by the person's first contact; it wakes nobody.
    fn tell(&mut self, notice: rota::Notice) {
        let people = self.config.map(|it| &it.roster.people);
        let person = people.and_then(|it| it.get(&notice.person));
        let Some(contact) = person.and_then(|it| it.contacts.first()) else { return };
        let intent = Intent {
            // In the order of their making.
            id: format!("{PREFIX}{:012}", self.state.seq + 1),
            escalation: None,
            alert: AlertKey::of(&Labels::empty()),
            purpose: Purpose::Told,
            urgency: Urgency::Ticket,
            person: notice.person,
            channel: contact.channel.clone(),
            due: self.now,
            subject: "[on-call] ".to_owned() + &notice.text,
            text: notice.text + "\n",
            details: BTreeMap::new(),
            notice: None,
            payload: None,
        };
        self.order(intent);
    }
}
