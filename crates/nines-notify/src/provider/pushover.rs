//! Pushover: a page rings until somebody answers, and stops when it is over.
//!
//! Source: Pushover, "API", "Message priority", "Receipt and callback API".

use nines_port::{Delivery, Place, Urgency};

use super::chat::{cut, headline};
use super::{Order, Protocol};
use crate::account::Account;
use crate::http::{Answer, Request, segment};

const BASE: &str = "https://api.pushover.net";
const HEADLINE_MAX: usize = 250;
const TEXT_MAX: usize = 1_024;
const URL_BYTES_MAX: usize = 512;
/// A page rings every minute for half an hour; by then the escalation is elsewhere.
const RING: [(&str, &str); 3] = [("priority", "2"), ("retry", "60"), ("expire", "1800")];
/// Receipts have 30 characters, ids of requests 36 with hyphens.
const RECEIPT_CHARS: usize = 30;

pub(super) struct Pushover;

impl Protocol for Pushover {
    fn request(&self, order: &Order<'_>) -> Result<Request, String> {
        let message = order.message;
        let token = order.account.need("token")?;
        if let Place::InPlaceOf(receipt) = &message.place
            && receipt.len() == RECEIPT_CHARS
        {
            let path = format!("1/receipts/{}/cancel.json", segment(receipt));
            let url = format!("{}/{path}", order.account.base(BASE));
            return Ok(Request::post(url).form([("token", token)]));
        }
        let text = cut(message.text.trim_end(), TEXT_MAX);
        let text = if text.is_empty() { headline(message, TEXT_MAX) } else { text };
        let mut fields = vec![
            ("token", token.to_owned()),
            ("user", user(order.account, order.to)?.to_owned()),
            ("title", headline(message, HEADLINE_MAX)),
            ("message", text),
            ("timestamp", message.decided_at.as_second().to_string()),
        ];
        if let Some(url) = message.ack_url.as_ref().filter(|it| it.len() <= URL_BYTES_MAX) {
            fields.push(("url", url.clone()));
            fields.push(("url_title", "Acknowledge".to_owned()));
        }
        if !message.is_over && message.urgency == Urgency::Page {
            fields.extend(RING.map(|(name, value)| (name, value.to_owned())));
        }
        let url = format!("{}/1/messages.json", order.account.base(BASE));
        Ok(Request::post(url).form(fields))
    }

    fn judge(&self, answer: &Answer, by_status: Delivery) -> Delivery {
        let body = answer.json();
        match by_status {
            Delivery::Accepted { reference } if body["status"] == 1 => {
                let id = body["receipt"].as_str().or_else(|| body["request"].as_str());
                Delivery::Accepted { reference: id.unwrap_or(&reference).to_owned() }
            }
            Delivery::Accepted { .. } => {
                Delivery::Refused { reason: format!("Pushover refuses{}", answer.quoted()) }
            }
            other => other,
        }
    }

    fn verify(&self, account: &Account, to: &str) -> Option<Result<Request, String>> {
        let fields = || Ok([("token", account.need("token")?), ("user", user(account, to)?)]);
        let url = format!("{}/1/users/validate.json", account.base(BASE));
        Some(fields().map(|it: [_; 2]| Request::post(url).form(it)))
    }
}

/// The contact's, else the account's.
fn user<'a>(account: &'a Account, to: &'a str) -> Result<&'a str, String> {
    if to.is_empty() { account.need("user") } else { Ok(to) }
}
