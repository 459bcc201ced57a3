//! Kinds that are one POST of JSON.

use nines_port::Delivery;
use reqwest::StatusCode;
use serde_json::Value;

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
    let answer = match exchange.ask(&request) {
        Ok(answer) => answer,
        Err(delivery) => return Ok(delivery),
    };
    Ok(judge(kind, exchange, &answer))
}

fn request(kind: &str, exchange: &Exchange<'_>) -> Result<Request, String> {
    let (account, payload) = (exchange.account, exchange.payload);
    let url = |name: &str, standard: &str| {
        account.secret(name).or_else(|| account.setting(name)).unwrap_or(standard).to_owned()
    };
    let request = match kind {
        "webhook" => {
            let request = Request::post(account.need("url")?);
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
            Request::post(join(&url("api_url", TELEGRAM), &path))
        }
        "incidentio" => {
            let request = Request::post(account.need("url")?);
            match account.secret("alert_source_token") {
                Some(token) => request.bearer(token),
                None => request,
            }
        }
        "victorops" => {
            let (key, route) = (segment(account.need("api_key")?), exchange.field("routing_key"));
            let path = format!("{key}/{}", segment(route));
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
    let account = exchange.account;
    let body = serde_json::from_str(&exchange.payload.body);
    let mut body: Value = body.map_err(|error| format!("the event is not JSON: {error}"))?;
    let (name, standard) = match account.secret("routing_key") {
        Some(_) => ("routing_key", PAGERDUTY_2),
        None => ("service_key", PAGERDUTY_1),
    };
    let key = account.need(name)?;
    let fields = body.as_object_mut().ok_or("the event is not a JSON object")?;
    fields.insert(name.to_owned(), key.into());
    Ok(Request::post(account.setting("url").unwrap_or(standard)).json(&body))
}

fn opsgenie(exchange: &Exchange<'_>, base: &str) -> Result<Request, String> {
    let path = match exchange.field("action") {
        "close" => {
            format!("v2/alerts/{}/close?identifierType=alias", segment(exchange.field("alias")))
        }
        _ => "v2/alerts".to_owned(),
    };
    let key = exchange.account.need("api_key")?;
    Ok(Request::post(join(base, &path)).header("authorization", format!("GenieKey {key}")))
}

fn judge(kind: &str, exchange: &Exchange<'_>, answer: &Answer) -> Delivery {
    let by_status = exchange.caller.judge(answer);
    let body = answer.json();
    let reason = || format!("{kind} refuses{}", answer.quoted());
    match (kind, by_status) {
        // The first version of PagerDuty's events tells of its limit by 403.
        ("pagerduty", Delivery::Refused { reason })
            if answer.status == StatusCode::FORBIDDEN
                && exchange.account.secret("routing_key").is_none() =>
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
