//! A circuit breaker per provider: one that fails again and again is left alone for a while, and people are told by
//! another way meanwhile. Folded from receipts, so that a restart knows it too.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use nines_port::{Channel, Delivery};
use serde::{Deserialize, Serialize};

/// So many failures …
const FAILURES: usize = 5;
/// … within this time open it …
const WITHIN: SignedDuration = SignedDuration::from_secs(30);
/// … for this long. Then it counts anew.
const OPEN: SignedDuration = SignedDuration::from_secs(10);
/// More failing providers than this are not remembered; those that failed longest ago are forgotten.
const PROVIDERS_MAX: usize = 1_000;

/// All providers that failed lately.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breakers(BTreeMap<String, Breaker>);

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Breaker {
    /// Oldest first, at most [`FAILURES`].
    failures: VecDeque<Timestamp>,
    open_until: Option<Timestamp>,
}

impl Breakers {
    /// Applies what a channel said at `at`. A refusal is no failure of the provider.
    pub fn evolve(&mut self, channel: &Channel, delivery: &Delivery, at: Timestamp) {
        let Some(provider) = provider(channel) else { return };
        match delivery {
            Delivery::Accepted { .. } => drop(self.0.remove(&provider)),
            Delivery::Refused { .. } => {}
            Delivery::Temporary { .. } | Delivery::Unknown { .. } => {
                self.0.entry(provider).or_default().fail(at);
                self.forget(at);
            }
        }
    }

    /// Until when nothing is sent over this channel, if its provider is left alone.
    pub fn open_until(&self, channel: &Channel, now: Timestamp) -> Option<Timestamp> {
        let breaker = self.0.get(&provider(channel)?)?;
        breaker.open_until.filter(|until| now < *until)
    }

    fn forget(&mut self, now: Timestamp) {
        if PROVIDERS_MAX < self.0.len() {
            let is_recent = |it: &Breaker| it.failures.back().is_some_and(|at| now < *at + WITHIN);
            self.0.retain(|_, it| is_recent(it));
        }
        while PROVIDERS_MAX < self.0.len() {
            self.0.pop_first();
        }
    }
}

impl Breaker {
    fn fail(&mut self, at: Timestamp) {
        if self.open_until.is_some_and(|until| until <= at) {
            *self = Self::default();
        }
        self.failures.push_back(at);
        while FAILURES < self.failures.len() {
            self.failures.pop_front();
        }
        let first = self.failures.front().copied().unwrap_or(at);
        if self.failures.len() == FAILURES && at.duration_since(first) <= WITHIN {
            self.open_until = Some(at + OPEN);
        }
    }
}

/// Who fails when this channel fails: a host, an account, an integration. Our own inbox never does.
fn provider(channel: &Channel) -> Option<String> {
    match channel {
        Channel::Inbox => None,
        Channel::Webhook { url, .. } => {
            let host = url.split("://").nth(1).unwrap_or(url);
            let host = host.split(['/', '?', '#']).next().unwrap_or(host);
            Some(format!("webhook/{host}"))
        }
        Channel::Email { .. } => Some("email".to_owned()),
        Channel::Provider { provider, account, .. } => Some(format!("{provider:?}/{account}")),
        Channel::Receiver { receiver, integration, .. } => {
            Some(format!("receiver/{integration}/{receiver}"))
        }
    }
}

#[cfg(test)]
mod tests;
