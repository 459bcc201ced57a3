//! Ways to people in the engine: codes go out as messages, receipts say what arrives, and owners hear of their ways
//! that are not used any more by another one.

use std::collections::BTreeMap;

use nines_alert::AlertKey;
use nines_base::Labels;
use nines_oncall::contact::{self, Method, Why};
use nines_port::{Channel, Urgency};

use crate::command::{Refusal, Reply};
use crate::decide::Draft;
use crate::fact::Fact;
use crate::message::contact_code;
use crate::outbox::{Intent, IntentId, Phase, Purpose};

/// The `alertname` of what messages about ways are about.
const CONTACT_ALERT: &str = "ContactMethod";

impl Draft<'_> {
    /// Sends a code by one contact of a person.
    pub(crate) fn ask_code(&mut self, person: &str, contact: usize) -> Result<Reply, Refusal> {
        let method = self.method(person, contact)?;
        let facts = contact::decide(
            &self.state.contacts,
            contact::Command::AskCode(method.clone()),
            self.now,
        )?;
        self.apply_all(facts.into_iter().map(Fact::Contact));
        let code = self.code(&method).ok_or(contact::Refusal::NoCode)?;
        let subject = format!("[nines] your code is {code}");
        let text = format!(
            "To confirm that messages reach you by {}, say this code within 15 minutes:\n\n  nines contact verify {person} {contact} {code}\n",
            method.channel
        );
        let id =
            format!("contact/{}/{}", self.new_id::<crate::page_test::TestKind>(), method.channel);
        let intent = self.about_contact(id.clone(), &method, method.channel.clone(), subject, text);
        self.order(intent);
        Ok(Reply::Ordered(vec![id]))
    }

    /// Somebody says what arrived.
    pub(crate) fn confirm_code(
        &mut self,
        person: &str,
        contact: usize,
        code: String,
    ) -> Result<Reply, Refusal> {
        let method = self.method(person, contact)?;
        let expected = self.code(&method).ok_or(contact::Refusal::NoCode)?;
        let command = contact::Command::Confirm { method, code, expected };
        let facts = contact::decide(&self.state.contacts, command, self.now)?;
        let is_right = facts.iter().any(|it| matches!(it, contact::Fact::Confirmed(_)));
        self.apply_all(facts.into_iter().map(Fact::Contact));
        Ok(Reply::Confirmed(is_right))
    }

    /// The owner of this address wants no more messages there.
    pub(crate) fn stop_contact(&mut self, method: Method) -> Result<Reply, Refusal> {
        let facts =
            contact::decide(&self.state.contacts, contact::Command::Stop(method), self.now)?;
        self.end_use(facts);
        Ok(Reply::Done)
    }

    /// After a receipt: a way by which nothing arrives is not used any more.
    pub(crate) fn judge_contact(&mut self, id: &IntentId) {
        let Some(outgoing) = self.state.outbox.get(id) else { return };
        let has_failed = matches!(outgoing.phase, Phase::Failed { .. });
        let Some(method) = method_of(&outgoing.intent).filter(|_| has_failed) else { return };
        let command = contact::Command::Fail(method);
        // To fail is never refused.
        let facts = contact::decide(&self.state.contacts, command, self.now).unwrap_or_default();
        self.end_use(facts);
    }

    fn end_use(&mut self, facts: Vec<contact::Fact>) {
        for fact in facts {
            self.apply(Fact::Contact(fact.clone()));
            if let contact::Fact::Disabled { method, why } = fact {
                self.tell_owner(&method, why);
            }
        }
    }

    /// By the first way of the same person that is still used.
    fn tell_owner(&mut self, method: &Method, why: Why) {
        let person = self.config.and_then(|it| it.roster.people.get(&method.person));
        let channels = person.into_iter().flat_map(|it| &it.contacts).map(|it| &it.channel);
        let is_used = |it: &&Channel| {
            let other = Method { person: method.person.clone(), channel: (*it).clone() };
            **it != method.channel && !self.state.contacts.is_disabled(&other)
        };
        let Some(other) = channels.filter(is_used).next().cloned() else { return };
        let because = match why {
            Why::Failures => "two messages in a row did not arrive",
            Why::Stopped => "you asked for no more messages there",
        };
        let channel = &method.channel;
        let subject = format!("[nines] {channel} does not reach you");
        let text = format!(
            "Messages by {channel} are doubted: {because}.\nTo prove that they arrive: nines contact verify {}\n",
            method.person
        );
        let id = format!("contact/{}/{channel}", self.new_id::<crate::page_test::TestKind>());
        let intent = self.about_contact(id, method, other, subject, text);
        self.order(intent);
    }

    fn about_contact(
        &self,
        id: IntentId,
        method: &Method,
        channel: Channel,
        subject: String,
        text: String,
    ) -> Intent {
        let labels =
            Labels::empty().with("alertname", CONTACT_ALERT).with("person", &method.person);
        Intent {
            id,
            escalation: None,
            alert: AlertKey::of(&labels),
            purpose: Purpose::Test,
            urgency: Urgency::Ticket,
            person: method.person.clone(),
            channel,
            due: self.now,
            subject,
            text,
            details: BTreeMap::new(),
            notice: None,
            payload: None,
        }
    }

    /// A contact by its place in the files, from 0.
    fn method(&self, person: &str, contact: usize) -> Result<Method, Refusal> {
        let roster = &self.config.ok_or(Refusal::NoConfig)?.roster;
        let known = roster.people.get(person).ok_or_else(|| Refusal::UnknownPerson {
            name: person.to_owned(),
            known: roster.people.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        })?;
        let found = known.contacts.get(contact);
        let found = found.ok_or_else(|| Refusal::UnknownContact {
            person: person.to_owned(),
            contacts: known.contacts.len(),
        })?;
        Ok(Method { person: person.to_owned(), channel: found.channel.clone() })
    }

    /// The code that waits for an answer. It is made from the secret and the moment, so no fact holds it.
    fn code(&self, method: &Method) -> Option<String> {
        let (at, _) = self.state.contacts.standing(method)?.code?;
        Some(contact_code(self.installation, method, at))
    }
}

/// The way that a message to a person takes; none for receivers.
pub(crate) fn method_of(intent: &Intent) -> Option<Method> {
    let is_personal = !matches!(intent.channel, Channel::Receiver { .. } | Channel::Inbox);
    is_personal.then(|| Method { person: intent.person.clone(), channel: intent.channel.clone() })
}
