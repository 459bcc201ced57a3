//! Opsgenie: an alert, created and closed by its alias.
//!
//! Source: Opsgenie, "Alert API: Create Alert", "Close Alert".

use nines_port::{Delivery, Urgency};
use serde_json::{Value, json};

use super::chat::{cut, headline};
use super::{Order, Protocol};
use crate::account::Account;
use crate::http::{Answer, Repeats, Request, segment};

const BASE: &str = "https://api.opsgenie.com";
const MESSAGE_MAX: usize = 130;
const DESCRIPTION_MAX: usize = 15_000;

pub(super) struct Opsgenie;

impl Protocol for Opsgenie {
    fn repeats(&self, _account: &Account) -> Repeats {
        Repeats::Harmless
    }

    fn request(&self, order: &Order<'_>) -> Result<Request, String> {
        let message = order.message;
        if message.is_over {
            let path = format!("v2/alerts/{}/close?identifierType=alias", segment(&message.thread));
            return Ok(call(order.account, &path)?.json(&json!({ "source": "nines" })));
        }
        let priority = match message.urgency {
            Urgency::Page => "P1",
            Urgency::Ticket => "P3",
        };
        let mut body = json!({
            "message": headline(message, MESSAGE_MAX),
            "alias": message.thread,
            "description": cut(&message.text, DESCRIPTION_MAX),
            "priority": priority,
            "source": "nines",
            "details": message.details,
        });
        let team = if order.to.is_empty() { order.account.setting("team") } else { Some(order.to) };
        if let Some(team) = team {
            body["responders"] = json!([{ "type": "team", "name": team }]);
        }
        Ok(call(order.account, "v2/alerts")?.json(&body))
    }

    fn judge(&self, answer: &Answer, by_status: Delivery) -> Delivery {
        let body: Value = answer.json();
        match (by_status, body["requestId"].as_str()) {
            (Delivery::Accepted { .. }, Some(id)) => {
                Delivery::Accepted { reference: id.to_owned() }
            }
            (other, _) => other,
        }
    }
}

fn call(account: &Account, path: &str) -> Result<Request, String> {
    let key = format!("GenieKey {}", account.need("api_key")?);
    Ok(Request::post(format!("{}/{path}", account.base(BASE))).header("authorization", key))
}
