//! Configuration as text that anybody may see: what is secret in it is covered.
//!
//! The text is written again from the tree, so that no way of writing a secret escapes. Comments are lost.

use crate::node::{Node, Value, documents, parse};

/// What is shown instead; as Prometheus does.
const COVER: &str = "<secret>";

/// Keys with secret values, whatever is below them. Files that hold secrets are no secrets.
///
/// Source: the fields of type `Secret` in the configurations of Prometheus and Alertmanager.
const SECRET_KEYS: [&str; 37] = [
    "access_key",
    "alert_source_token",
    "api_key",
    "api_secret",
    "app_token",
    "application_secret",
    "auth_password",
    "auth_secret",
    "auth_token",
    "authorization_credentials",
    "bearer_token",
    "bot_token",
    "client_secret",
    "consumer_key",
    "credentials",
    "key",
    "mattermost_webhook_url",
    "opsgenie_api_key",
    "password",
    "rocketchat_token",
    "rocketchat_token_id",
    "routing_key",
    "secret",
    "secret_key",
    "secrets",
    "service_key",
    "slack_api_url",
    "slack_app_token",
    "smtp_auth_password",
    "smtp_auth_secret",
    "telegram_bot_token",
    "token",
    "token_id",
    "user_key",
    "victorops_api_key",
    "webhook_url",
    "wechat_api_secret",
];
/// Below these, every value may be a secret.
const SECRET_MAPS: [&str; 1] = ["headers"];

/// Keys with addresses that are secrets only below these: what follows the host is covered.
const SECRET_ADDRESSES: [(&str, &str); 3] =
    [("webhook_configs", "url"), ("slack_configs", "api_url"), ("incidentio_configs", "url")];

/// All documents of a YAML text without their secrets. What cannot be read is left out.
pub fn shown(text: &str) -> String {
    let mut out = String::new();
    for (before, document) in documents(text) {
        let Ok(node) = parse(document, before) else { continue };
        if node.value == Value::Null {
            continue;
        }
        if !out.is_empty() {
            out.push_str("---\n");
        }
        let mut node = node;
        cover_addresses(&mut node, "");
        write(&mut out, &node, 0, Place::LineStart);
    }
    out
}

/// Covers addresses that are secrets because of where they stand; `above` is the last key on the way here.
fn cover_addresses(node: &mut Node, above: &str) {
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|it| cover_addresses(it, above)),
        Value::Map(entries) => {
            for (key, value) in entries {
                let is_secret = SECRET_ADDRESSES.contains(&(above, key.text.as_str()));
                match &mut value.value {
                    Value::Text(text) if is_secret => *text = address(text),
                    _ => cover_addresses(value, &key.text),
                }
            }
        }
        _ => {}
    }
}

/// Scheme and host; what follows may be secret. Tools still read it as an address.
pub(crate) fn address(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return COVER.to_owned() };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}/{COVER}")
}

/// Where the cursor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The indentation is still to be written.
    LineStart,
    /// Behind `- `: a first key goes on the same line.
    Item,
    /// Behind `key:`.
    Behind,
}

fn write(out: &mut String, node: &Node, indent: usize, place: Place) {
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => {
            for (index, (key, value)) in entries.iter().enumerate() {
                begin(out, indent, place, index);
                out.push_str(&scalar(&key.text));
                out.push(':');
                if is_secret(&key.text, value) {
                    out.push_str(&format!(" {COVER}\n"));
                } else if SECRET_MAPS.contains(&key.text.as_str()) {
                    write(out, &covered(value), indent + 2, Place::Behind);
                } else {
                    write(out, value, indent + 2, Place::Behind);
                }
            }
        }
        Value::List(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                begin(out, indent, place, index);
                out.push('-');
                write(out, item, indent + 2, Place::Item);
            }
        }
        other => {
            let text = match other {
                Value::Map(_) => "{}".to_owned(),
                Value::List(_) => "[]".to_owned(),
                Value::Null => "null".to_owned(),
                Value::Number(text) | Value::Bool(text) => text.clone(),
                Value::Text(text) => scalar(&without_user(text)),
            };
            let space = if place == Place::LineStart { "" } else { " " };
            out.push_str(&format!("{space}{text}\n"));
        }
    }
}

fn begin(out: &mut String, indent: usize, place: Place, index: usize) {
    match (place, index) {
        (Place::Item, 0) => out.push(' '),
        (Place::Behind, 0) => {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
        }
        _ => out.push_str(&" ".repeat(indent)),
    }
}

fn is_secret(key: &str, value: &Node) -> bool {
    value.value != Value::Null && SECRET_KEYS.contains(&key.to_ascii_lowercase().as_str())
}

/// Every scalar below a node covered.
fn covered(node: &Node) -> Node {
    let value = match &node.value {
        Value::Map(entries) => {
            Value::Map(entries.iter().map(|(key, it)| (key.clone(), covered(it))).collect())
        }
        Value::List(items) => Value::List(items.iter().map(covered).collect()),
        _ => Value::Text(COVER.to_owned()),
    };
    Node { value, span: node.span }
}

/// The name and password of a URL covered.
fn without_user(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.rsplit_once('@') {
        Some((user, _)) => {
            let tail = rest.strip_prefix(user).unwrap_or(rest);
            format!("{scheme}://{COVER}{tail}")
        }
        None => text.to_owned(),
    }
}

/// Plain where that can be nothing but this text, else in double quotes.
fn scalar(text: &str) -> String {
    let is_plain =
        |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '.' | '/' | '<' | '>' | '-');
    let looks_like_more = ["true", "false", "null", "yes", "no", "on", "off"]
        .iter()
        .any(|it| text.eq_ignore_ascii_case(it));
    let begins_well =
        text.starts_with(|it: char| it.is_ascii_alphabetic() || matches!(it, '_' | '/' | '<'));
    if text.chars().all(is_plain) && begins_well && !looks_like_more {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for it in text.chars() {
        match it {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            it if it.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(it))),
            it => out.push(it),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests;
