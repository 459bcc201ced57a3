//! The notifier port: how a message reaches a person.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
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
    /// A service that people use, through an account of ours.
    Provider {
        /// Which service.
        provider: Provider,
        /// The name of the account; the adapter has its settings and secrets.
        account: String,
        /// To whom, in the service's own words: a number, a user, a topic. May be empty where the account says it.
        to: String,
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

impl Channel {
    /// Whether a repeat under the same key reaches people at most once, whatever the settings of the adapter are. A
    /// channel that drops repeats only with some settings does not count.
    pub fn drops_repeats(&self) -> bool {
        match self {
            Self::Inbox | Self::Webhook { .. } => true,
            Self::Email { .. } => false,
            Self::Provider { provider, .. } => matches!(
                provider,
                Provider::PagerDuty | Provider::Opsgenie | Provider::Matrix | Provider::Discord
            ),
            Self::Receiver { kind, .. } => matches!(
                kind.as_str(),
                "webhook" | "pagerduty" | "opsgenie" | "victorops" | "incidentio" | "jira"
            ),
        }
    }
}

/// A kind of [`Channel::Provider`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Provider {
    /// A user or a channel.
    Slack,
    /// A user or a channel.
    Mattermost,
    /// A channel.
    Discord,
    /// The account's channel.
    Teams,
    /// The account's space.
    GoogleChat,
    /// A topic.
    Ntfy,
    /// A user or a group.
    Pushover,
    /// The account's application.
    Gotify,
    /// A chat.
    Telegram,
    /// A room.
    Matrix,
    /// A telephone number, by text.
    Sms,
    /// A telephone number, by voice.
    Voice,
    /// The account's service.
    PagerDuty,
    /// The account's team.
    Opsgenie,
    /// The account's program.
    Exec,
}

impl Provider {
    /// All of them, in the order of the reference.
    pub const ALL: [Self; 15] = [
        Self::Slack,
        Self::Mattermost,
        Self::Discord,
        Self::Teams,
        Self::GoogleChat,
        Self::Ntfy,
        Self::Pushover,
        Self::Gotify,
        Self::Telegram,
        Self::Matrix,
        Self::Sms,
        Self::Voice,
        Self::PagerDuty,
        Self::Opsgenie,
        Self::Exec,
    ];

    /// Whether an account of this kind reaches people so.
    pub fn is_served_by(self, kind: &str) -> bool {
        match self {
            Self::Sms | Self::Voice => matches!(kind, "twilio" | "gateway"),
            other => kind == other.word(),
        }
    }

    /// The word for it in files: `slack`, `sms`, …
    pub fn word(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Mattermost => "mattermost",
            Self::Discord => "discord",
            Self::Teams => "teams",
            Self::GoogleChat => "googlechat",
            Self::Ntfy => "ntfy",
            Self::Pushover => "pushover",
            Self::Gotify => "gotify",
            Self::Telegram => "telegram",
            Self::Matrix => "matrix",
            Self::Sms => "sms",
            Self::Voice => "voice",
            Self::PagerDuty => "pagerduty",
            Self::Opsgenie => "opsgenie",
            Self::Exec => "exec",
        }
    }
}

/// `inbox`, `webhook`, `email`, `slack`, …
impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inbox => "inbox",
            Self::Webhook { .. } => "webhook",
            Self::Email { .. } => "email",
            Self::Provider { provider, .. } => provider.word(),
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
    /// Where it belongs in a conversation.
    pub place: Place,
    /// Whether it says that the matter is over.
    pub is_over: bool,
    /// Machine-readable details, for webhooks.
    pub details: BTreeMap<String, String>,
    /// What a [`Channel::Receiver`] is told, instead of the words above.
    pub payload: Option<Payload>,
}

/// Where a message belongs in a conversation. Channels without conversations send all of them as new.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub enum Place {
    /// At its end.
    #[default]
    New,
    /// Below an earlier message, which has this reference.
    Below(String),
    /// Instead of an earlier message, which has this reference: it is edited.
    InPlaceOf(String),
}

/// What an integration is told, rendered once. Without secrets and addresses: the adapter adds them.
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
        /// Not sooner than after this, if the provider has said so.
        #[serde(default)]
        after: Option<SignedDuration>,
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

    /// Whether the provider has this message, for channels that can be asked after an unknown outcome:
    /// [`Delivery::Accepted`] if it has, [`Delivery::Refused`] if it surely has not. `None`: it cannot be asked.
    fn query(&self, _channel: &Channel, _message: &Message) -> Option<Delivery> {
        None
    }

    /// Whether the channel would take messages, without waking anybody: whether tokens are valid, for example.
    /// `None`: only a message can tell.
    fn verify(&self, _channel: &Channel) -> Option<Delivery> {
        None
    }
}
