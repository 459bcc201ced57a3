//! Kinds that are one POST of a form.

use nines_port::Delivery;

use super::Exchange;
use crate::http::Request;

const PUSHOVER: &str = "https://api.pushover.net/1/messages.json";

/// The parameters that are rendered.
const PUSHOVER_FIELDS: [&str; 12] = [
    "device",
    "expire",
    "html",
    "message",
    "monospace",
    "priority",
    "retry",
    "sound",
    "title",
    "ttl",
    "url",
    "url_title",
];

/// The rendered fields are those of the form.
pub(super) fn pushover(exchange: &Exchange<'_>) -> Result<Delivery, String> {
    let account = exchange.account;
    let secrets = [("token", account.need("token")?), ("user", account.need("user_key")?)];
    let given = PUSHOVER_FIELDS.iter().map(|name| (*name, exchange.field(name)));
    let given = given.filter(|(_, value)| !value.is_empty());
    let url = account.setting("api_url").unwrap_or(PUSHOVER);
    let request = Request::post(url).form(secrets.into_iter().chain(given));
    Ok(exchange.ask(&request).map_or_else(|it| it, |it| exchange.caller.judge(&it)))
}
