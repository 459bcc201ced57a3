//! Kinds that are one POST of JSON.

use nines_port::Delivery;
use reqwest::Method;
use reqwest::StatusCode;
use serde_json::{Map, Value, json};

use super::{Exchange, join};
use crate::http::{Answer, Request, seconds, segment};

const PAGERDUTY_1: &str = "https://events.pagerduty.com/generic/2010-04-15/create_event.json";
const PAGERDUTY_2: &str = "https://events.pagerduty.com/v2/enqueue";
const OPSGENIE: &str = "https://api.opsgenie.com";
const VICTOROPS: &str = "https://alert.victorops.com/integrations/generic/20131114/alert/";
const TELEGRAM: &str = "https://api.telegram.org";
const SLACK: &str = "https://slack.com/api/chat.postMessage";
const WEBEX: &str = "https://webexapis.com/v1/messages";

pub(super) fn send(kind: &str, exchange: &Exchange<'_>) -> Result<Delivery, String> {
    let request = request(kind, exchange)?;
    let delivery = ask(kind, exchange, &request);
    if kind == "opsgenie" && matches!(delivery, Delivery::Accepted { .. }) {
        return update(exchange, delivery);
    }
    Ok(delivery)
}

fn ask(kind: &str, exchange: &Exchange<'_>, request: &Request) -> Delivery {
    exchange.ask(request).map_or_else(|it| it, |answer| judge(kind, exchange, &answer))
}

/// What a template made of an address or a key, else what is written.
fn filled<'a>(exchange: &'a Exchange<'_>, name: &str) -> Result<&'a str, String> {
    match exchange.field(name) {
        "" => exchange.account.need(name),
        text => Ok(text),
    }
}

fn request(kind: &str, exchange: &Exchange<'_>) -> Result<Request, String> {
    let (account, payload) = (exchange.account, exchange.payload);
    let url = |name: &str, standard: &str| {
        account.secret(name).or_else(|| account.setting(name)).unwrap_or(standard).to_owned()
    };
    let request = match kind {
        "webhook" => {
            let request = Request::post(filled(exchange, "url")?);
            request.header("idempotency-key", exchange.message.key.as_str())
        }
        "slack" => match account.secret("app_token") {
            Some(token) => Request::post(url("app_url", SLACK)).bearer(token),
            None => Request::post(account.need("api_url")?),
        },
        "discord" | "msteams" | "msteamsv2" | "mattermost" => {
            Request::post(account.need("webhook_url")?)
        }
        "rocketchat" => {
            let request = Request::post(join(account.need("api_url")?, "api/v1/chat.postMessage"));
            let request = request.header("x-auth-token", account.need("token")?);
            request.header("x-user-id", account.need("token_id")?)
        }
        "webex" => Request::post(url("api_url", WEBEX)),
        "telegram" => {
            let path = format!("bot{}/sendMessage", account.need("bot_token")?);
            let request = Request::post(join(&url("api_url", TELEGRAM), &path));
            // The chat may be written in a file.
            if let Some(chat) = account.secret("chat_id") {
                let mut body = object(exchange)?;
                let chat = chat.parse::<i64>().map_or_else(|_| chat.into(), Value::from);
                body.insert("chat_id".to_owned(), chat);
                return Ok(request.json(&body));
            }
            request
        }
        "incidentio" => {
            let request = Request::post(account.need("url")?);
            match account.secret("alert_source_token") {
                Some(token) => request.bearer(token),
                None => request,
            }
        }
        "victorops" => {
            let route = segment(filled(exchange, "routing_key")?);
            let path = format!("{}/{route}", segment(account.need("api_key")?));
            Request::post(join(&url("api_url", VICTOROPS), &path))
        }
        "opsgenie" => opsgenie(exchange, &url("api_url", OPSGENIE))?,
        "pagerduty" => return pagerduty(exchange),
        other => return Err(format!("nines cannot deliver to `{other}` yet")),
    };
    Ok(request.text(payload.body.as_str()))
}

/// The key of the integration is a part of the body.
fn pagerduty(exchange: &Exchange<'_>) -> Result<Request, String> {
    let mut body = object(exchange)?;
    let (name, standard) = if is_first_version(exchange) {
        ("service_key", PAGERDUTY_1)
    } else {
        ("routing_key", PAGERDUTY_2)
    };
    body.insert(name.to_owned(), filled(exchange, name)?.into());
    // The default of all files is the address of the second version.
    let url = exchange.account.setting("url").filter(|it| *it != PAGERDUTY_2);
    Ok(Request::post(url.unwrap_or(standard)).json(&body))
}

/// Events of the first version have a service's key, and an address of their own.
fn is_first_version(exchange: &Exchange<'_>) -> bool {
    filled(exchange, "routing_key").is_err()
}

fn object(exchange: &Exchange<'_>) -> Result<Map<String, Value>, String> {
    let body = serde_json::from_str(&exchange.payload.body);
    body.map_err(|error| format!("the body is not a JSON object: {error}"))
}

fn opsgenie(exchange: &Exchange<'_>, base: &str) -> Result<Request, String> {
    let path = match exchange.field("status") {
        "resolved" => of_alias(exchange, "close"),
        _ => "v2/alerts".to_owned(),
    };
    Ok(Request::post(join(base, &path)).header("authorization", genie_key(exchange)?))
}

fn of_alias(exchange: &Exchange<'_>, what: &str) -> String {
    format!("v2/alerts/{}/{what}?identifierType=alias", segment(exchange.field("alias")))
}

fn genie_key(exchange: &Exchange<'_>) -> Result<String, String> {
    Ok(format!("GenieKey {}", exchange.account.need("api_key")?))
}

/// An alert that exists already does not take a new message by being created: `update_alerts` says it twice.
fn update(exchange: &Exchange<'_>, created: Delivery) -> Result<Delivery, String> {
    let is_wanted = exchange.field("update") == "true" && exchange.field("status") != "resolved";
    if !is_wanted {
        return Ok(created);
    }
    let body = object(exchange)?;
    for what in ["message", "description"] {
        let Some(text) = body.get(what) else { continue };
        let base = exchange.account.setting("api_url").unwrap_or(OPSGENIE);
        let request = Request::new(Method::PUT, join(base, &of_alias(exchange, what)));
        let request = request.header("authorization", genie_key(exchange)?);
        let delivery = ask("opsgenie", exchange, &request.json(&json!({ what: text })));
        if !matches!(delivery, Delivery::Accepted { .. }) {
            return Ok(delivery);
        }
    }
    Ok(created)
}

fn judge(kind: &str, exchange: &Exchange<'_>, answer: &Answer) -> Delivery {
    let by_status = exchange.caller.judge(answer);
    let body = answer.json();
    let reason = || format!("{kind} refuses{}", answer.quoted());
    match (kind, by_status) {
        // The first version of PagerDuty's events tells of its limit by 403.
        ("pagerduty", Delivery::Refused { reason })
            if answer.status == StatusCode::FORBIDDEN && is_first_version(exchange) =>
        {
            Delivery::Temporary { reason, after: None }
        }
        ("slack", Delivery::Accepted { .. }) if body["ok"] == Value::Bool(false) => {
            match body["error"].as_str() {
                Some("ratelimited" | "internal_error" | "service_unavailable" | "fatal_error") => {
                    Delivery::Temporary { reason: reason(), after: None }
                }
                _ => Delivery::Refused { reason: reason() },
            }
        }
        ("rocketchat", Delivery::Accepted { .. }) if body["success"] == Value::Bool(false) => {
            Delivery::Refused { reason: reason() }
        }
        ("msteams", Delivery::Accepted { .. }) if answer.text().contains("HTTP error 429") => {
            Delivery::Temporary { reason: reason(), after: None }
        }
        ("telegram", Delivery::Temporary { reason, after }) => {
            let asked = seconds(&body["parameters"]["retry_after"]);
            Delivery::Temporary { reason, after: asked.or(after) }
        }
        ("discord", Delivery::Temporary { reason, after }) => {
            Delivery::Temporary { reason, after: seconds(&body["retry_after"]).or(after) }
        }
        (_, delivery) => delivery,
    }
}
