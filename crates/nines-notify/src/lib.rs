//! Channels: webhook, e-mail, inbox, providers that reach people, and the receivers of Alertmanager.
//!
//! Each tries to deliver one message once, and says honestly what became of it. When to try again, and whether a
//! repeat is safe, is decided by the engine. `send` blocks on a runtime of its own, so it must be called from plain
//! threads, never from a thread of another runtime.

mod account;
mod alertmanager;
mod channels;
mod hex;
mod http;
mod inbox;
mod mail;
mod provider;
mod receivers;
mod smtp;
mod webhook;

pub use alertmanager::{AlertmanagerClient, AlertmanagerError};
pub use channels::Channels;
pub use http::HttpCaller;
pub use inbox::InboxNotifier;
pub use provider::ProviderNotifier;
pub use receivers::{OutletKey, Receivers};
pub use smtp::{SmtpConfig, SmtpError, SmtpNotifier, Tls};
pub use webhook::{WebhookError, WebhookNotifier};

#[cfg(test)]
mod tests;
