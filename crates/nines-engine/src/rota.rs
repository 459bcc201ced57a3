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
            let handed = self.handed(&fact);
            self.apply(Fact::Rota(fact));
            for notice in notices {
                let subject = notice.text.clone();
                self.tell(notice.person, &subject, notice.text + "\n");
            }
            for (person, subject, text) in handed {
                self.tell(person, &subject, text);
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

    /// What those are told who come on call by turn.
    fn handed(&self, fact: &rota::Fact) -> Vec<(String, String, String)> {
        let rota::Fact::HandedOver { schedule, stood } = fact else { return Vec::new() };
        let before = self.state.rota.stood.get(schedule).and_then(|it| it.values().next_back());
        self.hand_over(schedule, before, stood)
    }

    /// One message, by the person's first contact; it wakes nobody.
    fn tell(&mut self, name: String, subject: &str, text: String) {
        let people = self.config.map(|it| &it.roster.people);
        let person = people.and_then(|it| it.get(&name));
        let Some(contact) = person.and_then(|it| it.contacts.first()) else { return };
        let intent = Intent {
            // In the order of their making.
            id: format!("{PREFIX}{:012}", self.state.seq + 1),
            escalation: None,
            alert: AlertKey::of(&Labels::empty()),
            purpose: Purpose::Told,
            urgency: Urgency::Ticket,
            person: name,
            channel: contact.channel.clone(),
            due: self.now,
            subject: format!("[on-call] {subject}"),
            text,
            details: BTreeMap::new(),
            notice: None,
            payload: None,
        };
        self.order(intent);
    }
}
