//! Kinds that are one POST of a form.

use nines_port::Delivery;

use super::Exchange;
use crate::http::Request;

const PUSHOVER: &str = "https://api.pushover.net/1/messages.json";

/// The rendered fields are those of the form.
pub(super) fn pushover(exchange: &Exchange<'_>) -> Result<Delivery, String> {
    let account = exchange.account;
    let secrets = [("token", account.need("token")?), ("user", account.need("user_key")?)];
    let fields =
        exchange.payload.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let given = fields.filter(|(_, value)| !value.is_empty());
    let url = account.setting("api_url").unwrap_or(PUSHOVER);
    let request = Request::post(url).form(secrets.into_iter().chain(given));
    Ok(exchange.ask(&request).map_or_else(|it| it, |it| exchange.caller.judge(&it)))
}
