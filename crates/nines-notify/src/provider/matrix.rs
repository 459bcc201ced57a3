//! Matrix: an event in a room, in a thread, edited in place. The transaction id makes repeats harmless.
//!
//! Source: Matrix specification, "Client-Server API": `PUT /rooms/{roomId}/send`, "Event replacements",
//! "Threading", "Rate limiting".

use jiff::SignedDuration;
use nines_port::{Delivery, Place};
use reqwest::Method;
use serde_json::{Value, json};

use super::chat::{escaped, headline, text_with_link};
use super::{Order, Protocol};
use crate::account::Account;
use crate::http::{Answer, Repeats, Request, segment};

const HEADLINE_MAX: usize = 500;
const TEXT_MAX: usize = 8_000;
const MILLIS_MAX: i64 = 3_600_000;

pub(super) struct Matrix;

impl Protocol for Matrix {
    fn repeats(&self, _account: &Account) -> Repeats {
        Repeats::Harmless
    }

    fn request(&self, order: &Order<'_>) -> Result<Request, String> {
        let message = order.message;
        if order.to.is_empty() {
            return Err("the contact names no room".to_owned());
        }
        let mut event = content(order);
        match &message.place {
            Place::New => {}
            Place::Below(id) => {
                event["m.relates_to"] = json!({ "rel_type": "m.thread", "event_id": id });
            }
            Place::InPlaceOf(id) => {
                event["m.new_content"] = event.clone();
                event["m.relates_to"] = json!({ "rel_type": "m.replace", "event_id": id });
            }
        }
        let path =
            format!("rooms/{}/send/m.room.message/{}", segment(order.to), segment(&message.key));
        Ok(call(order.account, Method::PUT, &path)?.json(&event))
    }

    fn judge(&self, answer: &Answer, by_status: Delivery) -> Delivery {
        let body = answer.json();
        match by_status {
            Delivery::Accepted { reference } => {
                let id = body["event_id"].as_str().map(str::to_owned);
                Delivery::Accepted { reference: id.unwrap_or(reference) }
            }
            Delivery::Temporary { reason, after } => {
                let asked = body["retry_after_ms"].as_i64();
                let asked = asked.map(|it| SignedDuration::from_millis(it.clamp(0, MILLIS_MAX)));
                Delivery::Temporary { reason, after: asked.or(after) }
            }
            other => other,
        }
    }

    fn verify(&self, account: &Account, _to: &str) -> Option<Result<Request, String>> {
        Some(call(account, Method::GET, "account/whoami"))
    }
}

fn call(account: &Account, method: Method, path: &str) -> Result<Request, String> {
    let base = account.need("base_url")?.trim_end_matches('/');
    let url = format!("{base}/_matrix/client/v3/{path}");
    Ok(Request::new(method, url).bearer(account.need("token")?))
}

fn content(order: &Order<'_>) -> Value {
    let headline = headline(order.message, HEADLINE_MAX);
    let text = text_with_link(order.message, TEXT_MAX);
    json!({
        "msgtype": "m.text",
        "body": format!("{headline}\n{text}"),
        "format": "org.matrix.custom.html",
        "formatted_body": format!(
            "<strong>{}</strong><br>{}", escaped(&headline), escaped(&text).replace('\n', "<br>"),
        ),
    })
}
