//! Twilio's API for short messages and calls, which others speak too.
//!
//! It drops no repeats, but lists what it has, so it is asked after an unknown outcome. Source: Twilio, "Message
//! resource", "Call resource", "TwiML: Gather", "Error codes".

use nines_port::{Delivery, Message, Provider};
use serde_json::Value;

use super::chat::{escaped, hook, token};
use super::sms::{Answers, spoken, text};
use super::{Order, Protocol};
use crate::account::Account;
use crate::http::{Answer, Request, segment};

const BASE: &str = "https://api.twilio.com";
/// How many of the newest messages to a number are looked at.
const LISTED_MAX: &str = "50";
/// The key that acknowledges, as the spoken text says.
const KEY: &str = "4";

pub(super) struct Twilio;

impl Protocol for Twilio {
    fn request(&self, order: &Order<'_>) -> Result<Request, String> {
        if order.to.is_empty() {
            return Err("the contact names no number".to_owned());
        }
        let message = order.message;
        let (from_name, from) = sender(order.account)?;
        let mut fields = vec![("To", order.to.to_owned()), (from_name, from.to_owned())];
        fields.extend(hook(message, "twilio/status").map(|it| ("StatusCallback", it)));
        let resource = match order.provider {
            Provider::Voice => {
                fields.push(("Twiml", twiml(message)));
                "Calls"
            }
            _ => {
                fields.push(("Body", text(message, Answers::Heard)));
                "Messages"
            }
        };
        let url = format!("{}/{resource}.json", account_url(order.account)?);
        Ok(signed(Request::post(url), order.account)?.form(fields))
    }

    fn judge(&self, answer: &Answer, by_status: Delivery) -> Delivery {
        let body = answer.json();
        match (by_status, body["sid"].as_str()) {
            (Delivery::Accepted { .. }, Some(sid)) => {
                Delivery::Accepted { reference: sid.to_owned() }
            }
            (other, _) => other,
        }
    }

    fn query(&self, order: &Order<'_>) -> Option<Result<Request, String>> {
        let resource = match order.provider {
            Provider::Voice => "Calls",
            _ => "Messages",
        };
        let request = || {
            let (base, to) = (account_url(order.account)?, segment(order.to));
            let url = format!("{base}/{resource}.json?To={to}&PageSize={LISTED_MAX}");
            signed(Request::get(url), order.account)
        };
        Some(request())
    }

    /// The same words, or any call, since the message was decided.
    fn find(&self, order: &Order<'_>, answer: &Answer) -> Option<String> {
        let body = answer.json();
        let since = order.message.decided_at;
        let is_recent = |it: &&Value| {
            let date = it["date_created"].as_str().unwrap_or("");
            let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date);
            // The dates are whole seconds.
            date.is_ok_and(|it| since.as_second() <= it.as_second())
        };
        let first_try = Message { possible_repeat: false, ..order.message.clone() };
        let words = [text(order.message, Answers::Heard), text(&first_try, Answers::Heard)];
        let is_same = |it: &&Value| match order.provider {
            Provider::Voice => true,
            _ => it["body"].as_str().is_some_and(|it| words.iter().any(|words| words == it)),
        };
        let list = body["messages"].as_array().or_else(|| body["calls"].as_array())?;
        let found = list.iter().filter(is_recent).find(is_same)?;
        Some(found["sid"].as_str()?.to_owned())
    }

    fn verify(&self, account: &Account, _to: &str) -> Option<Result<Request, String>> {
        let request = || signed(Request::get(format!("{}.json", account_url(account)?)), account);
        Some(request())
    }
}

fn account_url(account: &Account) -> Result<String, String> {
    let sid = segment(account.need("account_sid")?);
    Ok(format!("{}/2010-04-01/Accounts/{sid}", account.base(BASE)))
}

fn signed(request: Request, account: &Account) -> Result<Request, String> {
    let (sid, token) = (account.need("account_sid")?, account.need("auth_token")?);
    Ok(request.basic(sid, token))
}

fn sender(account: &Account) -> Result<(&'static str, &str), String> {
    match account.setting("messaging_service_sid") {
        Some(sid) => Ok(("MessagingServiceSid", sid)),
        None => Ok(("From", account.need("from")?)),
    }
}

/// Says it twice and waits for a key.
fn twiml(message: &Message) -> String {
    let words = escaped(&spoken(message));
    let Some((token, hook)) = token(message).zip(hook(message, "twilio/voice")) else {
        return format!("<Response><Say loop=\"2\">{words}</Say></Response>");
    };
    let action = escaped(&format!("{hook}?page={token}"));
    format!(
        "<Response><Gather input=\"dtmf\" numDigits=\"1\" timeout=\"15\" method=\"POST\" action=\"{action}\">\
         <Say loop=\"2\">{words}. Press {KEY} to acknowledge.</Say></Gather></Response>"
    )
}
