//! Telegram: a bot's messages, as answers to earlier ones, edited in place, with a button.
//!
//! Source: Telegram, "Bot API: sendMessage", "editMessageText", "Making requests", "InlineKeyboardButton".

use nines_port::{Delivery, Place, Urgency};
use serde_json::{Value, json};

use super::chat::{code, escaped, headline, text_with_link};
use super::{Order, Protocol};
use crate::account::Account;
use crate::http::{Answer, Request, seconds};

const BASE: &str = "https://api.telegram.org";
const HEADLINE_MAX: usize = 400;
/// A message has 4,096 characters, counted after the marks are taken out.
const TEXT_MAX: usize = 3_500;

pub(super) struct Telegram;

impl Protocol for Telegram {
    fn request(&self, order: &Order<'_>) -> Result<Request, String> {
        let message = order.message;
        let headline = escaped(&headline(message, HEADLINE_MAX));
        let text = escaped(&text_with_link(message, TEXT_MAX));
        let mut body = json!({
            "chat_id": order.to,
            "text": format!("<b>{headline}</b>\n{text}"),
            "parse_mode": "HTML",
            "disable_notification": message.is_over || message.urgency == Urgency::Ticket,
            "link_preview_options": { "is_disabled": true },
        });
        if let Some(button) = button(order) {
            body["reply_markup"] = json!({ "inline_keyboard": [[button]] });
        }
        let mut method = "sendMessage";
        match &message.place {
            Place::New => {}
            Place::Below(reference) => {
                let (_, id) = place(reference)?;
                body["reply_parameters"] =
                    json!({ "message_id": id, "allow_sending_without_reply": true });
            }
            Place::InPlaceOf(reference) => {
                let (chat, id) = place(reference)?;
                (body["chat_id"], body["message_id"]) = (chat.into(), id.into());
                method = "editMessageText";
            }
        }
        if body["chat_id"] == "" {
            return Err("the contact names no chat".to_owned());
        }
        Ok(call(order.account, method)?.json(&body))
    }

    fn judge(&self, answer: &Answer, by_status: Delivery) -> Delivery {
        let body = answer.json();
        match by_status {
            Delivery::Accepted { reference } => {
                let result = &body["result"];
                let ids = result["chat"]["id"].as_i64().zip(result["message_id"].as_i64());
                let ids = ids.map(|(chat, id)| format!("{chat}:{id}"));
                Delivery::Accepted { reference: ids.unwrap_or(reference) }
            }
            Delivery::Temporary { reason, after } => {
                let asked = seconds(&body["parameters"]["retry_after"]);
                Delivery::Temporary { reason, after: asked.or(after) }
            }
            other => other,
        }
    }

    fn verify(&self, account: &Account, _to: &str) -> Option<Result<Request, String>> {
        Some(call(account, "getMe"))
    }
}

fn call(account: &Account, method: &str) -> Result<Request, String> {
    let token = account.need("token")?;
    Ok(Request::post(format!("{}/bot{token}/{method}", account.base(BASE))))
}

/// `-100123:42`: chat and message.
fn place(reference: &str) -> Result<(&str, i64), String> {
    let ids = reference.split_once(':').and_then(|(chat, id)| Some((chat, id.parse().ok()?)));
    ids.ok_or_else(|| format!("`{reference}` names no message of Telegram"))
}

/// A button that calls us back if Telegram was told where, else a link. Callback data has 64 bytes at most, so it
/// names the page by its number; that Telegram sent it is proved by the secret of its calls.
fn button(order: &Order<'_>) -> Option<Value> {
    let (code, url) = code(order.message).zip(order.message.ack_url.as_deref())?;
    if order.account.secret("webhook_secret").is_some() {
        return Some(json!({ "text": "Acknowledge", "callback_data": format!("ack:{code}") }));
    }
    // Telegram takes only addresses that everybody can reach.
    url.starts_with("https://").then(|| json!({ "text": "Acknowledge", "url": url }))
}
