//! A page that nobody has to answer: proves that somebody can be reached, by the way that real pages take.

use std::collections::BTreeMap;
use std::fmt::Write;

use nines_alert::AlertKey;
use nines_base::{Id, IdKind, Labels};
use nines_oncall::Contact;
use nines_port::{Channel, Urgency};

use crate::command::{Refusal, Reply};
use crate::decide::Draft;
use crate::outbox::{Intent, IntentId, Purpose};

/// The `alertname` of what a test is about.
const TEST_ALERT: &str = "PageTest";

/// The kind of a [`Channel::Receiver`] that is nines itself.
pub const LOOPBACK: &str = "loopback";
/// Who gets messages to ourselves.
const WATCHDOG: &str = "watchdog";

/// Tests: `tst_…`.
#[derive(Debug)]
pub(crate) enum TestKind {}

impl IdKind for TestKind {
    const PREFIX: &'static str = "tst";
}

impl Draft<'_> {
    /// Orders one message for each contact of the person, all at once.
    pub(crate) fn test_page(&mut self, person: &str, by: &str) -> Result<Reply, Refusal> {
        let roster = &self.config.ok_or(Refusal::NoConfig)?.roster;
        let known = roster.people.get(person);
        let contacts = known.ok_or_else(|| Refusal::UnknownPerson {
            name: person.to_owned(),
            known: roster.people.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        })?;
        let test: Id<TestKind> = self.new_id();
        let intents: Vec<Intent> = (0..)
            .zip(&contacts.contacts)
            .map(|(index, contact)| {
                self.test_intent(format!("{test}/{index}"), person, by, contact)
            })
            .collect();
        let ids: Vec<IntentId> = intents.iter().map(|it| it.id.clone()).collect();
        for intent in intents {
            self.order(intent);
        }
        Ok(Reply::Ordered(ids))
    }

    /// Orders a message to ourselves: it is journaled, taken, delivered and receipted like a page.
    pub(crate) fn watch(&mut self) -> Reply {
        let test: Id<TestKind> = self.new_id();
        let id = format!("{test}/{WATCHDOG}");
        let (receiver, kind) = (WATCHDOG.to_owned(), LOOPBACK.to_owned());
        self.order(Intent {
            id: id.clone(),
            escalation: None,
            alert: AlertKey::of(&Labels::empty().with("alertname", TEST_ALERT)),
            purpose: Purpose::Test,
            urgency: Urgency::Page,
            person: WATCHDOG.to_owned(),
            channel: Channel::Receiver { receiver, integration: 0, kind },
            due: self.now,
            subject: String::new(),
            text: String::new(),
            details: BTreeMap::new(),
            notice: None,
            payload: None,
        });
        Reply::Ordered(vec![id])
    }

    fn test_intent(&self, id: IntentId, person: &str, by: &str, contact: &Contact) -> Intent {
        let labels = Labels::empty().with("alertname", TEST_ALERT).with("person", person);
        let mut text = format!("This is a test of {}, asked for by {by}.\n", contact.channel);
        writeln!(text, "Nothing is wrong, and nobody has to answer.")
            .expect("a String takes everything");
        Intent {
            id,
            escalation: None,
            alert: AlertKey::of(&labels),
            purpose: Purpose::Test,
            urgency: Urgency::Page,
            person: person.to_owned(),
            channel: contact.channel.clone(),
            due: self.now,
            subject: format!("[test] nines reaches {person} by {}", contact.channel),
            text,
            details: BTreeMap::from([("test".to_owned(), "true".to_owned())]),
            notice: None,
            payload: None,
        }
    }
}
