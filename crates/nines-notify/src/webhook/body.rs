//! The body of a webhook: its field names are a contract with receivers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use nines_port::{Message, Urgency};
use serde::Serialize;

#[derive(Serialize)]
struct Body<'a> {
    key: &'a str,
    thread: &'a str,
    person: &'a str,
    /// `page` or `ticket`.
    urgency: &'static str,
    subject: &'a str,
    text: &'a str,
    /// `null` when there is nothing to acknowledge.
    ack_url: Option<&'a str>,
    decided_at: Timestamp,
    possible_repeat: bool,
    details: &'a BTreeMap<String, String>,
}

/// The same bytes for the same message.
pub(crate) fn json(message: &Message) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Body {
        key: &message.key,
        thread: &message.thread,
        person: &message.person,
        urgency: match message.urgency {
            Urgency::Page => "page",
            Urgency::Ticket => "ticket",
        },
        subject: &message.subject,
        text: &message.text,
        ack_url: message.ack_url.as_deref(),
        decided_at: message.decided_at,
        possible_repeat: message.possible_repeat,
        details: &message.details,
    })
}
