//! Gotify: a message of an application of ours on somebody's own server.
//!
//! Source: Gotify, "API: message", "Message extras".

use nines_port::{Delivery, Urgency};
use serde_json::{Value, json};

use super::chat::{headline, text_with_link};
use super::{Order, Protocol};
use crate::account::Account;
use crate::http::{Answer, Request};

const HEADLINE_MAX: usize = 250;
const TEXT_MAX: usize = 4_000;

pub(super) struct Gotify;

impl Protocol for Gotify {
    fn request(&self, order: &Order<'_>) -> Result<Request, String> {
        let message = order.message;
        let priority = match (message.is_over, message.urgency) {
            (true, _) => 2,
            (false, Urgency::Page) => 10,
            (false, Urgency::Ticket) => 5,
        };
        let extras: Value = match &message.ack_url {
            Some(url) => json!({ "client::notification": { "click": { "url": url } } }),
            None => json!({}),
        };
        let body = json!({
            "title": headline(message, HEADLINE_MAX),
            "message": text_with_link(message, TEXT_MAX),
            "priority": priority,
            "extras": extras,
        });
        let request = call(order.account, "message")?;
        Ok(request.header("x-gotify-key", order.account.need("token")?).json(&body))
    }

    fn judge(&self, answer: &Answer, by_status: Delivery) -> Delivery {
        match (by_status, answer.json()["id"].as_u64()) {
            (Delivery::Accepted { .. }, Some(id)) => {
                Delivery::Accepted { reference: id.to_string() }
            }
            (other, _) => other,
        }
    }
}

fn call(account: &Account, path: &str) -> Result<Request, String> {
    Ok(Request::post(format!("{}/{path}", account.need("base_url")?.trim_end_matches('/'))))
}
