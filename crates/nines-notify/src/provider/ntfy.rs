//! ntfy: a notification to a topic, whose button acknowledges without opening a page.
//!
//! Source: ntfy, "Publish as JSON", "Action buttons", "Limitations".

use nines_port::{Delivery, Urgency};
use serde_json::json;

use super::chat::{cut, headline};
use super::{Order, Protocol};
use crate::account::Account;
use crate::http::{Answer, Request};

const BASE: &str = "https://ntfy.sh";
const HEADLINE_MAX: usize = 250;
/// More than 4,096 bytes would become an attachment.
const TEXT_MAX: usize = 1_000;

pub(super) struct Ntfy;

impl Protocol for Ntfy {
    fn request(&self, order: &Order<'_>) -> Result<Request, String> {
        let message = order.message;
        if order.to.is_empty() {
            return Err("the contact names no topic".to_owned());
        }
        let (priority, tag) = match (message.is_over, message.urgency) {
            (true, _) => (2, "white_check_mark"),
            (false, Urgency::Page) => (5, "rotating_light"),
            (false, Urgency::Ticket) => (3, "warning"),
        };
        let mut body = json!({
            "topic": order.to,
            "title": headline(message, HEADLINE_MAX),
            "message": cut(message.text.trim_end(), TEXT_MAX),
            "priority": priority,
            "tags": [tag],
        });
        if let Some(url) = &message.ack_url {
            body["click"] = url.as_str().into();
            body["actions"] = json!([{ "action": "http", "label": "Acknowledge", "url": url, "method": "POST", "clear": true }]);
        }
        let request = Request::post(order.account.base(BASE)).json(&body);
        Ok(signed(request, order.account))
    }

    fn judge(&self, answer: &Answer, by_status: Delivery) -> Delivery {
        match (by_status, answer.json()["id"].as_str()) {
            (Delivery::Accepted { .. }, Some(id)) => {
                Delivery::Accepted { reference: id.to_owned() }
            }
            (other, _) => other,
        }
    }

    fn verify(&self, account: &Account, _to: &str) -> Option<Result<Request, String>> {
        let url = format!("{}/v1/account", account.base(BASE));
        Some(Ok(signed(Request::get(url), account)))
    }
}

/// Topics may be open to everybody.
fn signed(request: Request, account: &Account) -> Request {
    match account.secret("token") {
        Some(token) => request.bearer(token),
        None => request,
    }
}
