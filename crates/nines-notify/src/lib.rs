//! Channels: webhook, e-mail, inbox.
//!
//! Each tries to deliver one message once, and says honestly what became of it. When to try again, and whether a
//! repeat is safe, is decided by the engine. `send` blocks and runs a small runtime of its own, so it must be
//! called from plain threads, never from a thread of another runtime.

mod alertmanager;
mod channels;
mod hex;
mod inbox;
mod mail;
mod smtp;
mod webhook;

pub use alertmanager::{AlertmanagerClient, AlertmanagerError};
pub use channels::Channels;
pub use inbox::InboxNotifier;
pub use smtp::{SmtpConfig, SmtpError, SmtpNotifier, Tls};
pub use webhook::{WebhookError, WebhookNotifier};

#[cfg(test)]
mod tests;
