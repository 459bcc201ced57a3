//! Discord: a bot's messages, as answers to earlier ones, edited in place, with a button.
//!
//! A repeat with the same nonce is dropped for some minutes. Source: Discord, "Create Message", "Edit Message",
//! "Message Components", "Rate Limits".

use nines_port::{Delivery, Place};
use reqwest::Method;
use serde_json::{Value, json};

use super::chat::{colour, cut, headline, token};
use super::{Order, Protocol};
use crate::account::Account;
use crate::http::{Answer, Repeats, Request, seconds, segment};

const BASE: &str = "https://discord.com/api/v10";
const HEADLINE_MAX: usize = 250;
const TEXT_MAX: usize = 4_000;
const NONCE_MAX: usize = 25;

pub(super) struct Discord;

impl Protocol for Discord {
    fn repeats(&self, _account: &Account) -> Repeats {
        Repeats::Harmless
    }

    fn request(&self, order: &Order<'_>) -> Result<Request, String> {
        let message = order.message;
        let colour = u32::from_str_radix(colour(message).trim_start_matches('#'), 16);
        let mut body = json!({
            "embeds": [{
                "title": headline(message, HEADLINE_MAX),
                "description": cut(message.text.trim_end(), TEXT_MAX),
                "color": colour.unwrap_or(0),
                "timestamp": message.decided_at.to_string(),
            }],
            "components": buttons(order),
            "allowed_mentions": { "parse": [] },
        });
        if let Place::InPlaceOf(reference) = &message.place {
            let (channel, id) = place(reference)?;
            let path = format!("channels/{}/messages/{}", segment(channel), segment(id));
            return Ok(call(order.account, Method::PATCH, &path)?.json(&body));
        }
        if order.to.is_empty() {
            return Err("the contact names no channel".to_owned());
        }
        body["nonce"] = message.key.chars().take(NONCE_MAX).collect::<String>().into();
        body["enforce_nonce"] = true.into();
        if let Place::Below(reference) = &message.place {
            let (_, id) = place(reference)?;
            body["message_reference"] = json!({ "message_id": id, "fail_if_not_exists": false });
        }
        let path = format!("channels/{}/messages", segment(order.to));
        Ok(call(order.account, Method::POST, &path)?.json(&body))
    }

    fn judge(&self, answer: &Answer, by_status: Delivery) -> Delivery {
        let body = answer.json();
        match by_status {
            Delivery::Accepted { reference } => {
                let ids = body["channel_id"].as_str().zip(body["id"].as_str());
                let ids = ids.map(|(channel, id)| format!("{channel}:{id}"));
                Delivery::Accepted { reference: ids.unwrap_or(reference) }
            }
            Delivery::Temporary { reason, after } => {
                Delivery::Temporary { reason, after: seconds(&body["retry_after"]).or(after) }
            }
            other => other,
        }
    }

    fn verify(&self, account: &Account, _to: &str) -> Option<Result<Request, String>> {
        Some(call(account, Method::GET, "users/@me"))
    }
}

fn call(account: &Account, method: Method, path: &str) -> Result<Request, String> {
    let url = format!("{}/{path}", account.base(BASE));
    let token = account.need("token")?;
    Ok(Request::new(method, url).header("authorization", format!("Bot {token}")))
}

fn place(reference: &str) -> Result<(&str, &str), String> {
    reference.split_once(':').ok_or_else(|| format!("`{reference}` names no message of Discord"))
}

/// One row: a button that calls us back if Discord was told where, else a link.
fn buttons(order: &Order<'_>) -> Value {
    let message = order.message;
    let Some((token, url)) = token(message).zip(message.ack_url.as_deref()) else {
        return json!([]);
    };
    let button = match order.account.setting("public_key") {
        Some(_) => {
            json!({ "type": 2, "style": 1, "label": "Acknowledge", "custom_id": format!("ack:{token}") })
        }
        None => json!({ "type": 2, "style": 5, "label": "Acknowledge", "url": url }),
    };
    json!([{ "type": 1, "components": [button] }])
}
