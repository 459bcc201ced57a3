//! All channels as one notifier: each message goes to the adapter of its kind.

use nines_port::{Channel, Delivery, Message, Notifier};

use crate::{InboxNotifier, SmtpNotifier, WebhookNotifier};

/// The channels of one installation.
#[derive(Debug)]
pub struct Channels {
    inbox: InboxNotifier,
    webhook: WebhookNotifier,
    smtp: Option<SmtpNotifier>,
}

impl Channels {
    /// Without SMTP every e-mail is refused, with the reason.
    pub fn new(webhook: WebhookNotifier, smtp: Option<SmtpNotifier>) -> Self {
        Self { inbox: InboxNotifier, webhook, smtp }
    }
}

impl Notifier for Channels {
    fn send(&self, channel: &Channel, message: &Message) -> Delivery {
        match (channel, &self.smtp) {
            (Channel::Inbox, _) => self.inbox.send(channel, message),
            (Channel::Webhook { .. }, _) => self.webhook.send(channel, message),
            (Channel::Email { .. }, Some(smtp)) => smtp.send(channel, message),
            (Channel::Email { .. }, None) => Delivery::Refused {
                reason: "no SMTP server is configured: add `smtp` to the Notify document"
                    .to_owned(),
            },
            (Channel::Provider { account, .. }, _) => Delivery::Refused {
                reason: format!("there is no account `{account}`: add it to the Notify document"),
            },
            (Channel::Receiver { receiver, .. }, _) => Delivery::Refused {
                reason: format!("the receiver `{receiver}` is not configured any more"),
            },
        }
    }

    fn deduplicates(&self, channel: &Channel) -> bool {
        match (channel, &self.smtp) {
            (Channel::Inbox, _) => self.inbox.deduplicates(channel),
            (Channel::Webhook { .. }, _) => self.webhook.deduplicates(channel),
            (Channel::Email { .. }, Some(smtp)) => smtp.deduplicates(channel),
            (Channel::Email { .. }, None)
            | (Channel::Provider { .. } | Channel::Receiver { .. }, _) => false,
        }
    }
}
