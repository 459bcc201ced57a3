//! The inbox of nines itself.
//!
//! It is a view of the journal: once a message is decided, it is there. So there is nothing to send.

use nines_port::{Channel, Delivery, Message, Notifier};

/// Delivers by doing nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct InboxNotifier;

impl Notifier for InboxNotifier {
    fn send(&self, channel: &Channel, _message: &Message) -> Delivery {
        match channel {
            Channel::Inbox => Delivery::Accepted { reference: "inbox".to_owned() },
            other => Delivery::Refused { reason: format!("the inbox cannot send to {other}") },
        }
    }

    fn deduplicates(&self, channel: &Channel) -> bool {
        *channel == Channel::Inbox
    }
}
