//! What integrations of receivers are told: from a notice's data and the settings to the bytes that leave.
//!
//! Rendered once, without secrets; the adapters add addresses and secrets. It must not know how bytes travel.
//!
//! Source: Alertmanager's documentation, "Notification template reference" and "Configuration".

mod data;
mod json;
mod templates;
mod webhook;

use nines_port::Payload;

use crate::dispatch::{Integration, Settings};

pub use data::{AlertData, NoticeData};
pub use templates::Templates;

/// What one integration is told.
///
/// It cannot fail: where a template does, built-in words say what fires, and what went wrong.
pub fn render(integration: &Integration, data: &NoticeData, _templates: &Templates) -> Payload {
    match &integration.settings {
        // People are told by the escalation, in its own words.
        Settings::Escalation(_) => Payload::default(),
        Settings::Webhook { max_alerts } => webhook::render(*max_alerts, data),
    }
}

#[cfg(test)]
mod tests;
