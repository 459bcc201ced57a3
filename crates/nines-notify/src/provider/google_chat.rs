//! Google Chat: a card to the webhook of a space, in a thread of its own matter.
//!
//! A repeat with the same request id gives back the first message. Source: Google, "spaces.messages.create",
//! "Send messages with webhooks".

use nines_port::Delivery;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::chat::{cut, escaped, headline};
use super::{Order, Protocol};
use crate::account::Account;
use crate::hex::hex;
use crate::http::{Answer, Repeats, Request, segment};

const HEADLINE_MAX: usize = 200;
const TEXT_MAX: usize = 3_500;
/// A thread's key has at most 4,000 characters; ids of ours are short, labels are not.
const ID_MAX: usize = 32;

pub(super) struct GoogleChat;

impl Protocol for GoogleChat {
    fn repeats(&self, _account: &Account) -> Repeats {
        Repeats::Harmless
    }

    fn request(&self, order: &Order<'_>) -> Result<Request, String> {
        let message = order.message;
        let url = order.account.need("webhook_url")?;
        let joint = if url.contains('?') { '&' } else { '?' };
        let request_id = id(&message.key);
        let url = format!(
            "{url}{joint}messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD&requestId={}",
            segment(&request_id)
        );
        let text = escaped(&cut(message.text.trim_end(), TEXT_MAX)).replace('\n', "<br>");
        let mut widgets = vec![json!({ "textParagraph": { "text": text } })];
        if let Some(url) = &message.ack_url {
            let open = json!({ "openLink": { "url": url } });
            let button = json!({ "text": "Acknowledge", "onClick": open });
            widgets.push(json!({ "buttonList": { "buttons": [button] } }));
        }
        let headline = headline(message, HEADLINE_MAX);
        let card = json!({ "header": { "title": headline }, "sections": [{ "widgets": widgets }] });
        let body = json!({
            "fallbackText": headline,
            "cardsV2": [{ "cardId": "page", "card": card }],
            "thread": { "threadKey": id(&message.thread) },
        });
        Ok(Request::post(url).json(&body))
    }

    fn judge(&self, answer: &Answer, by_status: Delivery) -> Delivery {
        match (by_status, answer.json()["name"].as_str()) {
            (Delivery::Accepted { .. }, Some(name)) => {
                Delivery::Accepted { reference: name.to_owned() }
            }
            (other, _) => other,
        }
    }
}

fn id(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes())).chars().take(ID_MAX).collect()
}
