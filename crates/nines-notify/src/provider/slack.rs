//! Slack: a bot's messages, in threads, edited in place, with a button.
//!
//! Source: Slack, "chat.postMessage", "chat.update", "auth.test", "Rate limits".

use nines_port::{Delivery, Place};
use serde_json::{Value, json};

use super::chat::{colour, cut, headline, token};
use super::{Order, Protocol};
use crate::account::Account;
use crate::http::{Answer, Request};

const BASE: &str = "https://slack.com/api";
const HEADLINE_MAX: usize = 1_000;
/// Of a section.
const TEXT_MAX: usize = 3_000;
/// Failures of Slack itself; all others are ours.
const PASSING: [&str; 8] = [
    "ratelimited",
    "rate_limited",
    "message_limit_exceeded",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
];

pub(super) struct Slack;

impl Protocol for Slack {
    fn request(&self, order: &Order<'_>) -> Result<Request, String> {
        let message = order.message;
        let mut body = json!({
            "text": headline(message, HEADLINE_MAX),
            "attachments": [{ "color": colour(message), "blocks": blocks(order) }],
            "unfurl_links": false,
            "unfurl_media": false,
        });
        let (method, channel) = match &message.place {
            Place::New => ("chat.postMessage", order.to),
            Place::Below(reference) => {
                let (channel, timestamp) = place(reference)?;
                body["thread_ts"] = timestamp.into();
                body["reply_broadcast"] = true.into();
                ("chat.postMessage", channel)
            }
            Place::InPlaceOf(reference) => {
                let (channel, timestamp) = place(reference)?;
                body["ts"] = timestamp.into();
                ("chat.update", channel)
            }
        };
        if channel.is_empty() {
            return Err("the contact names no user or channel".to_owned());
        }
        body["channel"] = channel.into();
        Ok(call(order.account, method)?.json(&body))
    }

    /// Most failures are 200 too.
    fn judge(&self, answer: &Answer, by_status: Delivery) -> Delivery {
        if !answer.status.is_success() {
            return by_status;
        }
        let body = answer.json();
        let text = |name: &str| body[name].as_str().unwrap_or("").to_owned();
        if body["ok"] == Value::Bool(true) {
            return Delivery::Accepted { reference: format!("{}:{}", text("channel"), text("ts")) };
        }
        let reason = format!("Slack says `{}`", text("error"));
        if PASSING.contains(&text("error").as_str()) {
            Delivery::Temporary { reason, after: None }
        } else {
            Delivery::Refused { reason }
        }
    }

    fn verify(&self, account: &Account, _to: &str) -> Option<Result<Request, String>> {
        Some(call(account, "auth.test"))
    }
}

fn call(account: &Account, method: &str) -> Result<Request, String> {
    let url = format!("{}/{method}", account.base(BASE));
    Ok(Request::post(url).bearer(account.need("token")?))
}

/// `C123:1700000000.000100`: channel and time stamp.
fn place(reference: &str) -> Result<(&str, &str), String> {
    reference.split_once(':').ok_or_else(|| format!("`{reference}` names no message of Slack"))
}

/// Plain text: nothing in it can mention anybody.
fn blocks(order: &Order<'_>) -> Vec<Value> {
    let message = order.message;
    let text = cut(message.text.trim_end(), TEXT_MAX);
    let text = if text.is_empty() { headline(message, TEXT_MAX) } else { text };
    let mut blocks = vec![
        json!({ "type": "section", "text": { "type": "plain_text", "text": text, "emoji": false } }),
    ];
    if let Some((token, url)) = token(message).zip(message.ack_url.as_deref()) {
        let label = |text: &str| json!({ "type": "plain_text", "text": text });
        // Slack calls back only if it was told where; the secret of these calls shows that it was.
        let buttons = match order.account.secret("signing_secret") {
            Some(_) => json!([
                { "type": "button", "style": "primary", "text": label("Acknowledge"), "action_id": "ack", "value": token },
                { "type": "button", "text": label("Open"), "action_id": "open", "url": url },
            ]),
            None => {
                json!([{ "type": "button", "style": "primary", "text": label("Acknowledge"), "action_id": "open", "url": url }])
            }
        };
        blocks.push(json!({ "type": "actions", "elements": buttons }));
    }
    blocks
}
