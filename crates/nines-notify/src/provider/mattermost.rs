//! Mattermost: a bot's posts, in threads, edited in place, with a button.
//!
//! Source: Mattermost, "API reference: posts" and "Interactive messages".

use nines_port::{Delivery, Place};
use reqwest::Method;
use serde_json::json;

use super::chat::{colour, cut, headline, hook, text_with_link, token};
use super::{Order, Protocol};
use crate::account::Account;
use crate::http::{Answer, Request, segment};

const HEADLINE_MAX: usize = 1_000;
const TEXT_MAX: usize = 7_000;

pub(super) struct Mattermost;

impl Protocol for Mattermost {
    fn request(&self, order: &Order<'_>) -> Result<Request, String> {
        let message = order.message;
        let headline = headline(message, HEADLINE_MAX);
        let mut attachment = json!({
            "fallback": headline,
            "color": colour(message),
            "text": text_with_link(message, TEXT_MAX),
        });
        if let Some((token, url)) = token(message).zip(hook(message, "mattermost")) {
            attachment["actions"] = json!([{
                "id": "ack",
                "name": "Acknowledge",
                "style": "primary",
                "integration": { "url": url, "context": { "token": token } },
            }]);
        }
        let mut post = json!({ "message": cut(&headline, HEADLINE_MAX), "props": { "attachments": [attachment] } });
        if let Place::InPlaceOf(id) = &message.place {
            let path = format!("posts/{}/patch", segment(id));
            return Ok(call(order.account, Method::PUT, &path)?.json(&post));
        }
        if order.to.is_empty() {
            return Err("the contact names no channel".to_owned());
        }
        post["channel_id"] = order.to.into();
        if let Place::Below(id) = &message.place {
            post["root_id"] = id.as_str().into();
        }
        Ok(call(order.account, Method::POST, "posts")?.json(&post))
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
        Some(call(account, Method::GET, "users/me"))
    }
}

fn call(account: &Account, method: Method, path: &str) -> Result<Request, String> {
    account.need("base_url")?;
    let url = format!("{}/api/v4/{path}", account.base(""));
    Ok(Request::new(method, url).bearer(account.need("token")?))
}
