//! Amazon SNS: one signed form.
//!
//! Source: AWS, "Publish" of the SNS API, "Message deduplication for FIFO topics".

use nines_port::Delivery;

use super::Exchange;
use super::signature::{Signed, Signer, authorization, stamp};
use crate::http::{Request, encoded};

/// What is rendered, and what the API calls it.
const PARAMETERS: [(&str, &str); 5] = [
    ("topic_arn", "TopicArn"),
    ("target_arn", "TargetArn"),
    ("phone_number", "PhoneNumber"),
    ("subject", "Subject"),
    ("message", "Message"),
];

pub(super) fn publish(exchange: &Exchange<'_>) -> Result<Delivery, String> {
    let account = exchange.account;
    if account.setting("sigv4.profile").or(account.setting("sigv4.role_arn")).is_some() {
        return Err("`profile` and `role_arn` of `sigv4` are not supported: use keys".to_owned());
    }
    let signer = Signer {
        access_key: account.need("sigv4.access_key")?,
        secret_key: account.need("sigv4.secret_key")?,
        region: account.need("sigv4.region")?,
        service: "sns",
    };
    let standard = format!("https://sns.{}.amazonaws.com", signer.region);
    let url = Some(exchange.field("api_url"))
        .filter(|it| !it.is_empty())
        .unwrap_or(&standard)
        .trim_end_matches('/')
        .to_owned()
        + "/";
    let host = url.split_once("://").and_then(|(_, it)| it.split('/').next());
    let host = host.ok_or("`api_url` has no host")?.to_owned();
    let at = stamp(exchange.caller.clock().now());
    let fields = fields(exchange);
    let body = encoded(&fields);
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("host", host.as_str()),
        ("x-amz-date", at.as_str()),
    ];
    let signed = Signed { method: "POST", path: "/", query: "", headers: &headers, body: &body };
    let request = Request::post(url.as_str())
        .header("x-amz-date", at.as_str())
        .header("authorization", authorization(&signer, &signed, &at))
        .form(fields);
    Ok(exchange.ask(&request).map_or_else(|it| it, |it| exchange.caller.judge(&it)))
}

fn fields(exchange: &Exchange<'_>) -> Vec<(String, String)> {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut out = vec![pair("Action", "Publish"), pair("Version", "2010-03-31")];
    let rendered = exchange.payload.fields.iter().filter(|(_, value)| !value.is_empty());
    let attributes =
        rendered.filter_map(|(name, value)| Some((name.strip_prefix("attribute:")?, value)));
    for (index, (name, value)) in attributes.enumerate() {
        let entry = format!("MessageAttributes.entry.{}", index + 1);
        out.push((format!("{entry}.Name"), name.to_owned()));
        out.push((format!("{entry}.Value.DataType"), "String".to_owned()));
        out.push((format!("{entry}.Value.StringValue"), value.clone()));
    }
    for (name, to) in PARAMETERS {
        if !exchange.field(name).is_empty() {
            out.push(pair(to, exchange.field(name)));
        }
    }
    if exchange.field("topic_arn").rsplit('.').next() == Some("fifo") {
        let group: String = crate::mail::digest(&exchange.message.thread);
        out.push(pair("MessageGroupId", &group));
        out.push(pair("MessageDeduplicationId", &exchange.message.key));
    }
    out
}
