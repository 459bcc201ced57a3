//! All channels as one notifier: each message goes to the adapter of its kind.

use nines_port::{Channel, Delivery, Message, Notifier};

use crate::{InboxNotifier, ProviderNotifier, Receivers, SmtpNotifier, WebhookNotifier};

/// The channels of one installation.
#[derive(Debug)]
pub struct Channels {
    /// Which is no place outside.
    pub inbox: InboxNotifier,
    /// Webhooks of people.
    pub webhook: WebhookNotifier,
    /// Without it every e-mail is refused, with the reason.
    pub smtp: Option<SmtpNotifier>,
    /// Services that reach people.
    pub providers: ProviderNotifier,
    /// Integrations of receivers.
    pub receivers: Receivers,
}

impl Channels {
    fn of(&self, channel: &Channel) -> Option<&dyn Notifier> {
        Some(match channel {
            Channel::Inbox => &self.inbox,
            Channel::Webhook { .. } => &self.webhook,
            Channel::Email { .. } => self.smtp.as_ref()?,
            Channel::Provider { .. } => &self.providers,
            Channel::Receiver { .. } => &self.receivers,
        })
    }
}

fn no_server() -> Delivery {
    let reason = "no SMTP server is configured: add `smtp` to the Notify document".to_owned();
    Delivery::Refused { reason }
}

impl Notifier for Channels {
    fn send(&self, channel: &Channel, message: &Message) -> Delivery {
        self.of(channel).map_or_else(no_server, |it| it.send(channel, message))
    }

    fn deduplicates(&self, channel: &Channel) -> bool {
        self.of(channel).is_some_and(|it| it.deduplicates(channel))
    }

    fn query(&self, channel: &Channel, message: &Message) -> Option<Delivery> {
        self.of(channel)?.query(channel, message)
    }

    fn verify(&self, channel: &Channel) -> Option<Delivery> {
        self.of(channel).map_or_else(|| Some(no_server()), |it| it.verify(channel))
    }
}
