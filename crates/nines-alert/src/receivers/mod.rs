//! What integrations of receivers are told: from a notice's data and the settings to the bytes that leave.
//!
//! Rendered once, without secrets; the adapters add addresses and secrets. It must not know how bytes travel.
//!
//! Source: Alertmanager's documentation, "Notification template reference" and "Configuration".

mod data;
mod functions;
mod json;
mod kinds;
mod providers;
mod setting;
mod templates;
mod values;
mod webhook;
mod words;

use nines_port::Payload;

use crate::dispatch::{Integration, Settings};

pub use data::{AlertData, NoticeData};
pub use kinds::{Field, FieldValue, KINDS, Kind};
pub use setting::{NOTICE_BYTES_MAX, Provider, Setting};
pub use templates::{Templates, parse};

/// What one integration is told.
///
/// It cannot fail: where a template does, built-in words say what fires, and what went wrong.
pub fn render(integration: &Integration, data: &NoticeData, templates: &Templates) -> Payload {
    match &integration.settings {
        // People are told by the escalation, in its own words.
        Settings::Escalation(_) => Payload::default(),
        Settings::Webhook { max_alerts } => webhook::render(*max_alerts, data),
        Settings::Provider(provider) => providers::render(provider, data, templates),
    }
}

#[cfg(test)]
mod tests;
