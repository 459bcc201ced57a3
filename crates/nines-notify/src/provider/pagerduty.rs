//! PagerDuty: an alert of a service, triggered and resolved by the key of its matter.
//!
//! Source: PagerDuty, "Events API v2: Send an Alert Event", "Event Rate Limits".

use nines_port::{Delivery, Urgency};
use serde_json::json;

use super::chat::headline;
use super::{Order, Protocol};
use crate::account::Account;
use crate::http::{Answer, Repeats, Request};

const BASE: &str = "https://events.pagerduty.com";
const SUMMARY_MAX: usize = 1_024;

pub(super) struct PagerDuty;

impl Protocol for PagerDuty {
    fn repeats(&self, _account: &Account) -> Repeats {
        Repeats::Harmless
    }

    fn request(&self, order: &Order<'_>) -> Result<Request, String> {
        let message = order.message;
        let routing_key = order.account.need("routing_key")?;
        let url = format!("{}/v2/enqueue", order.account.base(BASE));
        if message.is_over {
            return Ok(Request::post(url).json(&json!({
                "routing_key": routing_key,
                "event_action": "resolve",
                "dedup_key": message.thread,
            })));
        }
        let severity = match message.urgency {
            Urgency::Page => "critical",
            Urgency::Ticket => "warning",
        };
        let links: Vec<_> = message
            .ack_url
            .iter()
            .map(|url| json!({ "href": url, "text": "Acknowledge in nines" }))
            .collect();
        Ok(Request::post(url).json(&json!({
            "routing_key": routing_key,
            "event_action": "trigger",
            "dedup_key": message.thread,
            "client": "nines",
            "links": links,
            "payload": {
                "summary": headline(message, SUMMARY_MAX),
                "source": message.details.get("label_service").map_or("nines", String::as_str),
                "severity": severity,
                "timestamp": message.decided_at.to_string(),
                "custom_details": { "text": message.text, "details": message.details },
            },
        })))
    }

    fn judge(&self, answer: &Answer, by_status: Delivery) -> Delivery {
        match (by_status, answer.json()["dedup_key"].as_str()) {
            (Delivery::Accepted { .. }, Some(key)) => {
                Delivery::Accepted { reference: key.to_owned() }
            }
            (other, _) => other,
        }
    }
}
