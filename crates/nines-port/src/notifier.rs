//! The notifier port: how a message reaches a person.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a message goes. Secrets stay with the adapter: a channel names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Channel {
    /// The inbox of nines itself: shown on the console and by `nines get page`.
    Inbox,
    /// An HTTP POST.
    Webhook {
        /// `http://` or `https://`.
        url: String,
        /// The name of the secret that signs the body.
        secret: Option<String>,
    },
    /// An e-mail over SMTP.
    Email {
        /// `person@example.org`.
        address: String,
    },
    /// An integration of a receiver; the adapter has its settings and secrets.
    Receiver {
        /// The receiver's name.
        receiver: String,
        /// Which of its integrations; counts from 0 over all kinds.
        integration: u32,
        /// The kind, such as `slack`.
        kind: String,
    },
}

/// `inbox`, `webhook`, `email`.
impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inbox => "inbox",
            Self::Webhook { .. } => "webhook",
            Self::Email { .. } => "email",
            Self::Receiver { kind, .. } => kind,
        })
    }
}

/// Whom a message may wake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Urgency {
    /// Somebody must act now.
    Page,
    /// Somebody should act within days.
    Ticket,
}

/// What is said. The same bytes in every attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The same for every attempt at the same intent; receivers deduplicate by it.
    pub key: String,
    /// Messages about one matter share it: e-mail threads, webhook consumers group.
    pub thread: String,
    /// The person's name.
    pub person: String,
    /// Whom it may wake.
    pub urgency: Urgency,
    /// One line.
    pub subject: String,
    /// Plain text, several lines.
    pub text: String,
    /// Where one tap acknowledges.
    pub ack_url: Option<String>,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// Set when an earlier attempt may have arrived.
    pub possible_repeat: bool,
    /// Machine-readable details, for webhooks.
    pub details: BTreeMap<String, String>,
    /// What a [`Channel::Receiver`] is told, instead of the words above.
    pub payload: Option<Payload>,
}

/// What an integration is told, rendered once. Without secrets: the adapter adds them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// The body as the provider wants it, mostly JSON.
    pub body: String,
    /// What does not go into the body: addresses, titles, priorities.
    pub fields: BTreeMap<String, String>,
}

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivery {
    /// The provider has it, under this reference (may be empty).
    Accepted {
        /// The provider's own id, HTTP status or reply.
        reference: String,
    },
    /// Try again later.
    Temporary {
        /// In words.
        reason: String,
    },
    /// Trying again is useless.
    Refused {
        /// In words.
        reason: String,
    },
    /// It may or may not have arrived.
    Unknown {
        /// In words.
        reason: String,
    },
}

/// Delivers messages over one or several kinds of [`Channel`].
pub trait Notifier: fmt::Debug + Send + Sync {
    /// Tries once, within the adapter's time limit. Blocks; never panics.
    fn send(&self, channel: &Channel, message: &Message) -> Delivery;

    /// Whether a repeat with the same key reaches the person at most once.
    fn deduplicates(&self, channel: &Channel) -> bool;
}
