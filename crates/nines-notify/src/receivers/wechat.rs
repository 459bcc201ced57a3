//! WeChat Work: a token for the secret, then the message.
//!
//! Source: WeChat Work, "gettoken", "message/send", "Global error codes".

use nines_port::Delivery;
use serde_json::Value;

use super::{Exchange, join};
use crate::http::{Request, segment};

const BASE: &str = "https://qyapi.weixin.qq.com/cgi-bin/";
/// Busy, too often, an old token.
const PASSING: [i64; 4] = [-1, 45009, 40014, 42001];

pub(super) fn send(exchange: &Exchange<'_>) -> Result<Delivery, String> {
    let account = exchange.account;
    let base = account.setting("api_url").unwrap_or(BASE);
    let (secret, corp) = (account.need("api_secret")?, account.need("corp_id")?);
    let path = format!("gettoken?corpid={}&corpsecret={}", segment(corp), segment(secret));
    let body = match ask(exchange, &Request::get(join(base, &path))) {
        Ok(body) => body,
        // No message was sent yet.
        Err(Delivery::Unknown { reason }) => {
            return Ok(Delivery::Temporary { reason, after: None });
        }
        Err(delivery) => return Ok(delivery),
    };
    let token = body["access_token"].as_str().unwrap_or_default();
    let path = format!("message/send?access_token={}", segment(token));
    let request = Request::post(join(base, &path)).text(exchange.payload.body.as_str());
    Ok(match ask(exchange, &request) {
        Ok(body) => {
            Delivery::Accepted { reference: body["msgid"].as_str().unwrap_or("0").to_owned() }
        }
        Err(delivery) => delivery,
    })
}

/// Errors come with status 200 and a number.
fn ask(exchange: &Exchange<'_>, request: &Request) -> Result<Value, Delivery> {
    let answer = exchange.ask(request)?;
    let by_status = exchange.caller.judge(&answer);
    let Delivery::Accepted { .. } = by_status else { return Err(by_status) };
    let body = answer.json();
    match body["errcode"].as_i64() {
        Some(0) => Ok(body),
        code => {
            let reason = format!("WeChat refuses{}", answer.quoted());
            if code.is_some_and(|it| PASSING.contains(&it)) {
                Err(Delivery::Temporary { reason, after: None })
            } else {
                Err(Delivery::Refused { reason })
            }
        }
    }
}
