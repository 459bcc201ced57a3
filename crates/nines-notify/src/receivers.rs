//! Receivers of `alertmanager.yml` on the wire: what was rendered, with the address and the secrets of its outlet.
//!
//! A kind is one function from a payload to what became of it. 2xx succeeds, 5xx and 429 are worth another try, the
//! rest is permanent, unless the provider means something else. Source: Alertmanager, "Configuration: receiver
//! integration settings", and each provider's reference.

mod form;
mod jira;
mod mail;
mod post;
mod signature;
mod sns;
mod wechat;

use std::collections::BTreeMap;

use nines_port::{Channel, Delivery, HttpSettings, Message, Notifier, Outlet, Payload};

use crate::account::Account;
use crate::http::{Answer, HttpCaller, Repeats, Request};

/// Which integration of which receiver; integrations count from 0 over all kinds.
pub type OutletKey = (String, u32);

/// Delivers to [`Channel::Receiver`].
#[derive(Debug)]
pub struct Receivers {
    caller: HttpCaller,
    outlets: BTreeMap<OutletKey, Outlet>,
}

/// One payload on its way.
struct Exchange<'a> {
    caller: &'a HttpCaller,
    http: &'a HttpSettings,
    account: &'a Account,
    message: &'a Message,
    payload: &'a Payload,
    repeats: Repeats,
}

impl Exchange<'_> {
    fn ask(&self, request: &Request) -> Result<Answer, Delivery> {
        self.caller.ask(request, self.http, self.repeats)
    }

    /// A rendered text that is not part of the body; empty when it was not rendered.
    fn field(&self, name: &str) -> &str {
        self.payload.fields.get(name).map_or("", String::as_str)
    }
}

impl Receivers {
    /// `outlets` holds the settings behind the names that channels use.
    pub fn new(caller: HttpCaller, outlets: BTreeMap<OutletKey, Outlet>) -> Self {
        Self { caller, outlets }
    }

    fn deliver(&self, outlet: &Outlet, message: &Message) -> Result<Delivery, String> {
        let payload = message.payload.as_ref().ok_or("the message has nothing for a receiver")?;
        let account = &Account::open(outlet)?;
        let exchange = Exchange {
            caller: &self.caller,
            http: &outlet.http,
            account,
            message,
            payload,
            repeats: repeats(&outlet.kind),
        };
        match outlet.kind.as_str() {
            "pushover" => form::pushover(&exchange),
            "sns" => sns::publish(&exchange),
            "wechat" => wechat::send(&exchange),
            "jira" => jira::file(&exchange),
            "email" => mail::send(&exchange),
            kind => post::send(kind, &exchange),
        }
    }
}

/// Whether the provider drops repeats of one kind of integration.
fn repeats(kind: &str) -> Repeats {
    match kind {
        "webhook" | "pagerduty" | "opsgenie" | "victorops" | "incidentio" | "jira" => {
            Repeats::Harmless
        }
        _ => Repeats::Harmful,
    }
}

impl Notifier for Receivers {
    fn send(&self, channel: &Channel, message: &Message) -> Delivery {
        let Channel::Receiver { receiver, integration, kind } = channel else {
            return Delivery::Refused { reason: format!("a receiver cannot send to {channel}") };
        };
        let outlet = self.outlets.get(&(receiver.clone(), *integration));
        let Some(outlet) = outlet.filter(|it| it.kind == *kind) else {
            let reason = format!("the receiver `{receiver}` has no such integration any more");
            return Delivery::Refused { reason };
        };
        self.deliver(outlet, message).unwrap_or_else(|reason| Delivery::Refused { reason })
    }

    fn deduplicates(&self, channel: &Channel) -> bool {
        matches!(channel, Channel::Receiver { kind, .. } if repeats(kind) == Repeats::Harmless)
    }
}

/// The base of an address and what follows, with one slash between.
fn join(base: &str, path: &str) -> String {
    format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/'))
}

#[cfg(test)]
mod tests;
