//! Microsoft Teams: an adaptive card to the address of a workflow. It can be neither edited nor answered.
//!
//! Source: Microsoft, "Create incoming webhooks with Workflows for Microsoft Teams"; the older connectors answer
//! 200 and tell of a limit in the text.

use nines_port::Delivery;
use serde_json::{Value, json};

use super::chat::{cut, headline};
use super::{Order, Protocol};
use crate::http::{Answer, Request};

const HEADLINE_MAX: usize = 500;
/// A card has 28 KiB at most.
const TEXT_MAX: usize = 4_000;

pub(super) struct Teams;

impl Protocol for Teams {
    fn request(&self, order: &Order<'_>) -> Result<Request, String> {
        let message = order.message;
        let block = |text: String, weight: &str| json!({ "type": "TextBlock", "text": text, "weight": weight, "wrap": true });
        let colour = if message.is_over { "good" } else { "attention" };
        let mut title = block(headline(message, HEADLINE_MAX), "bolder");
        title["color"] = colour.into();
        let lines = message.text.trim_end().lines().collect::<Vec<_>>().join("\n\n");
        let actions: Vec<Value> = message
            .ack_url
            .iter()
            .map(|url| json!({ "type": "Action.OpenUrl", "title": "Acknowledge", "url": url }))
            .collect();
        let card = json!({
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": [title, block(cut(&lines, TEXT_MAX), "default")],
            "actions": actions,
        });
        let attachment =
            json!({ "contentType": "application/vnd.microsoft.card.adaptive", "content": card });
        let body = json!({ "type": "message", "attachments": [attachment] });
        Ok(Request::post(order.account.need("webhook_url")?).json(&body))
    }

    fn judge(&self, answer: &Answer, by_status: Delivery) -> Delivery {
        let text = answer.text();
        match by_status {
            Delivery::Accepted { .. } if text.contains("HTTP error 429") => {
                let reason = format!("Teams is busy{}", answer.quoted());
                Delivery::Temporary { reason, after: None }
            }
            other => other,
        }
    }
}
