//! Providers: services that reach people, each a module that knows its words.
//!
//! A module turns a message into a request and an answer into a delivery, and does no IO. Requests travel by
//! [`HttpCaller`]; the settings of our accounts come from [`Outlet`]s.

mod chat;
mod discord;
mod google_chat;
mod gotify;
mod matrix;
mod mattermost;
mod ntfy;
mod opsgenie;
mod pagerduty;
mod program;
mod pushover;
mod slack;
mod sms;
mod teams;
mod telegram;
mod twilio;

use std::collections::BTreeMap;
use std::sync::Arc;

use nines_port::{Channel, Delivery, Message, Notifier, Outlet, Provider, StepRunner};

use crate::account::Account;
use crate::http::{Answer, HttpCaller, Repeats, Request};

/// Delivers to [`Channel::Provider`].
#[derive(Debug)]
pub struct ProviderNotifier {
    caller: HttpCaller,
    runner: Arc<dyn StepRunner>,
    accounts: BTreeMap<String, Outlet>,
}

/// One message, and how it goes.
struct Order<'a> {
    provider: Provider,
    account: &'a Account,
    to: &'a str,
    message: &'a Message,
}

/// What a module knows of its provider.
trait Protocol: Sync {
    /// Whether a repeat with the same key does harm.
    fn repeats(&self, _account: &Account) -> Repeats {
        Repeats::Harmful
    }

    /// The request that carries the message, or why there can be none.
    fn request(&self, order: &Order<'_>) -> Result<Request, String>;

    /// What the answer means, beyond what its status says.
    fn judge(&self, _answer: &Answer, by_status: Delivery) -> Delivery {
        by_status
    }

    /// What asks whether the provider has the message.
    fn query(&self, _order: &Order<'_>) -> Option<Result<Request, String>> {
        None
    }

    /// Whether the answer to [`Self::query`] shows the message, and its reference.
    fn find(&self, _order: &Order<'_>, _answer: &Answer) -> Option<String> {
        None
    }

    /// What asks whether the account, and the address as far as one can ask, are good.
    fn verify(&self, _account: &Account, _to: &str) -> Option<Result<Request, String>> {
        None
    }
}

impl ProviderNotifier {
    /// `accounts` holds the settings behind the names that channels use.
    pub fn new(
        caller: HttpCaller,
        runner: Arc<dyn StepRunner>,
        accounts: BTreeMap<String, Outlet>,
    ) -> Self {
        Self { caller, runner, accounts }
    }

    /// All accounts, by name.
    pub fn accounts(&self) -> &BTreeMap<String, Outlet> {
        &self.accounts
    }

    fn open(&self, name: &str, provider: Provider) -> Result<Opened<'_>, String> {
        let outlet = self.accounts.get(name).ok_or_else(|| {
            format!("there is no account `{name}`: add it to `accounts` of a Notify document")
        })?;
        let protocol = protocol(&outlet.kind);
        if !provider.is_served_by(&outlet.kind) {
            let kind = &outlet.kind;
            return Err(format!("the account `{name}` is of {kind}, not of {}", provider.word()));
        }
        Ok(Opened { outlet, protocol, account: Account::open(outlet)? })
    }
}

struct Opened<'a> {
    outlet: &'a Outlet,
    /// None for programs.
    protocol: Option<&'static dyn Protocol>,
    account: Account,
}

fn protocol(kind: &str) -> Option<&'static dyn Protocol> {
    Some(match kind {
        "slack" => &slack::Slack,
        "mattermost" => &mattermost::Mattermost,
        "discord" => &discord::Discord,
        "teams" => &teams::Teams,
        "googlechat" => &google_chat::GoogleChat,
        "ntfy" => &ntfy::Ntfy,
        "pushover" => &pushover::Pushover,
        "gotify" => &gotify::Gotify,
        "telegram" => &telegram::Telegram,
        "matrix" => &matrix::Matrix,
        "twilio" => &twilio::Twilio,
        "gateway" => &sms::Gateway,
        "pagerduty" => &pagerduty::PagerDuty,
        "opsgenie" => &opsgenie::Opsgenie,
        _ => return None,
    })
}

fn refused(reason: String) -> Delivery {
    Delivery::Refused { reason }
}

impl Notifier for ProviderNotifier {
    fn send(&self, channel: &Channel, message: &Message) -> Delivery {
        let Channel::Provider { provider, account: name, to } = channel else {
            return refused(format!("a provider cannot send to {channel}"));
        };
        let Opened { outlet, protocol, account } = match self.open(name, *provider) {
            Ok(opened) => opened,
            Err(reason) => return refused(reason),
        };
        let order = Order { provider: *provider, account: &account, to, message };
        let Some(protocol) = protocol else {
            return program::run(self.runner.as_ref(), &order);
        };
        let request = match protocol.request(&order) {
            Ok(request) => request,
            Err(reason) => return refused(reason),
        };
        match self.caller.ask(&request, &outlet.http, protocol.repeats(&account)) {
            Ok(answer) => protocol.judge(&answer, self.caller.judge(&answer)),
            Err(delivery) => delivery,
        }
    }

    fn deduplicates(&self, channel: &Channel) -> bool {
        let Channel::Provider { provider, account, .. } = channel else { return false };
        self.open(account, *provider).is_ok_and(|it| {
            it.protocol.is_some_and(|protocol| protocol.repeats(&it.account) == Repeats::Harmless)
        })
    }

    fn query(&self, channel: &Channel, message: &Message) -> Option<Delivery> {
        let Channel::Provider { provider, account: name, to } = channel else { return None };
        let Opened { outlet, protocol, account } = self.open(name, *provider).ok()?;
        let (protocol, order) =
            (protocol?, Order { provider: *provider, account: &account, to, message });
        let request = protocol.query(&order)?.ok()?;
        let answer = self.caller.ask(&request, &outlet.http, Repeats::Harmless).ok()?;
        if let Some(reference) = protocol.find(&order, &answer) {
            return Some(Delivery::Accepted { reference });
        }
        let is_certain = answer.status.is_success() || answer.status.as_u16() == 404;
        is_certain.then(|| refused("the provider has no such message".to_owned()))
    }

    fn verify(&self, channel: &Channel) -> Option<Delivery> {
        let Channel::Provider { provider, account: name, to } = channel else { return None };
        let Opened { outlet, protocol, account } = match self.open(name, *provider) {
            Ok(opened) => opened,
            Err(reason) => return Some(refused(reason)),
        };
        let protocol = protocol?;
        let request = match protocol.verify(&account, to)? {
            Ok(request) => request,
            Err(reason) => return Some(refused(reason)),
        };
        Some(match self.caller.ask(&request, &outlet.http, Repeats::Harmless) {
            Ok(answer) => protocol.judge(&answer, self.caller.judge(&answer)),
            Err(delivery) => delivery,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
