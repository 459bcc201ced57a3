//! The functions that templates of notices have beside Go's own.
//!
//! Source: Alertmanager 0.34, "Notification template reference".

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use regex::Regex;

use super::json::Json;
use super::values;
use crate::rule::humanize_duration;
use crate::template::{FloatForm, Functions, Map, Time, Value, format_float};

/// The functions' names.
pub(super) const NAMES: [&str; 20] = [
    "append",
    "date",
    "dict",
    "humanizeDuration",
    "join",
    "list",
    "match",
    "now",
    "reReplaceAll",
    "safeHtml",
    "safeUrl",
    "since",
    "stringSlice",
    "title",
    "toJson",
    "toLower",
    "toUpper",
    "trimSpace",
    "tz",
    "urlUnescape",
];
/// Fields that have another name in JSON, in the order in which they are written.
const JSON_NAMES: [(&str, &str); 13] = [
    ("Receiver", "receiver"),
    ("Status", "status"),
    ("Alerts", "alerts"),
    ("GroupLabels", "groupLabels"),
    ("CommonLabels", "commonLabels"),
    ("CommonAnnotations", "commonAnnotations"),
    ("ExternalURL", "externalURL"),
    ("Labels", "labels"),
    ("Annotations", "annotations"),
    ("StartsAt", "startsAt"),
    ("EndsAt", "endsAt"),
    ("GeneratorURL", "generatorURL"),
    ("Fingerprint", "fingerprint"),
];

type Result<T> = std::result::Result<T, String>;

/// Runs the functions at one instant.
pub(super) struct NoticeFunctions {
    pub(super) at: Timestamp,
}

impl Functions for NoticeFunctions {
    fn call(&self, name: &str, args: &[Value]) -> Result<Value> {
        match (name, args) {
            ("toUpper", [it]) => Ok(text(it)?.to_uppercase().into()),
            ("toLower", [it]) => Ok(text(it)?.to_lowercase().into()),
            ("title", [it]) => Ok(title(text(it)?).into()),
            ("trimSpace", [it]) => Ok(text(it)?.trim().into()),
            ("join", [separator, list]) => join(text(separator)?, list),
            ("match", [pattern, it]) => Ok(Value::Bool(regex(text(pattern)?)?.is_match(text(it)?))),
            ("reReplaceAll", [pattern, with, it]) => {
                let replaced =
                    regex(text(pattern)?)?.replace_all(text(it)?, text(with)?).into_owned();
                Ok(replaced.into())
            }
            ("safeHtml" | "safeUrl", [it]) => Ok(Value::Markup(text(it)?.into())),
            ("urlUnescape", [it]) => url_unescape(text(it)?).map(Value::from),
            ("stringSlice", texts) => {
                let texts: Result<Vec<Value>> =
                    texts.iter().map(|it| text(it).map(Value::from)).collect();
                Ok(texts?.into())
            }
            ("list", items) => Ok(items.to_vec().into()),
            ("append", [Value::List(items), more @ ..]) => {
                Ok(items.iter().chain(more).cloned().collect::<Vec<_>>().into())
            }
            ("dict", entries) => dict(entries),
            ("now", []) => Ok(Value::Time(Box::new(Time::utc(self.at)))),
            ("since", [it]) => Ok(Value::Length(self.at.duration_since(time(it)?.timestamp()))),
            ("date", [layout, it]) => Ok(time(it)?.format(text(layout)?).into()),
            ("tz", [zone, it]) => {
                let zone = match text(zone)? {
                    "" | "UTC" | "Local" => TimeZone::UTC,
                    name => TimeZone::get(name).map_err(|_| format!("unknown time zone {name}"))?,
                };
                Ok(Value::Time(Box::new(time(it)?.with_zone(zone))))
            }
            ("humanizeDuration", [it]) => Ok(humanize_duration(seconds(it)?).into()),
            ("toJson", [it]) => Ok(json(it).to_text().into()),
            _ => Err(format!("wrong number or kind of args: got {}", args.len())),
        }
    }

    fn method(&self, of: &Value, name: &str, args: &[Value]) -> Option<Result<Value>> {
        values::method(of, name, args)
    }
}

fn expected(what: &str, found: &Value) -> String {
    format!("expected {what}, got {}", found.type_name())
}

fn text(it: &Value) -> Result<&str> {
    it.as_text().ok_or_else(|| expected("string", it))
}

fn time(it: &Value) -> Result<&Time> {
    match it {
        Value::Time(it) => Ok(it),
        other => Err(expected("time.Time", other)),
    }
}

fn seconds(it: &Value) -> Result<f64> {
    match it {
        Value::Float(it) => Ok(*it),
        Value::Int(it) => Ok(*it as f64),
        Value::Length(it) => Ok(it.as_secs_f64()),
        Value::Text(text) => text.parse().map_err(|_| format!("parsing {text:?}: invalid syntax")),
        other => Err(format!("can't convert {} to float", other.type_name())),
    }
}

fn regex(pattern: &str) -> Result<Regex> {
    Regex::new(pattern).map_err(|it| format!("bad regular expression: {it}"))
}

fn join(separator: &str, list: &Value) -> Result<Value> {
    let Value::List(items) = list else { return Err(expected("a list of strings", list)) };
    let texts: Result<Vec<&str>> = items.iter().map(text).collect();
    Ok(texts?.join(separator).into())
}

fn dict(entries: &[Value]) -> Result<Value> {
    if !entries.len().is_multiple_of(2) {
        return Err("dict requires an even number of arguments".to_owned());
    }
    let mut map = BTreeMap::new();
    for pair in entries.chunks_exact(2) {
        if let [key, value] = pair {
            let key = key.as_text().ok_or("dict keys must be strings")?;
            map.insert(key.to_owned(), value.clone());
        }
    }
    Ok(Value::Map(Arc::new(Map { entries: map, missing: Value::Nil })))
}

/// Every word with a capital first letter and small others. Letters, digits and `_` make words, and so do points
/// and apostrophes between them.
///
/// Source: Unicode 15, annex 29, word boundaries, as far as labels need them.
fn title(text: &str) -> String {
    let is_word = |it: char| it == '_' || it.is_alphanumeric();
    let joins = |it: char| matches!(it, '.' | '\'' | '\u{2019}' | ':' | '\u{b7}');
    let (mut out, mut is_inside) = (String::with_capacity(text.len()), false);
    let mut characters = text.chars().peekable();
    while let Some(it) = characters.next() {
        if is_word(it) {
            if is_inside {
                out.extend(it.to_lowercase());
            } else {
                out.extend(it.to_uppercase());
            }
            // A digit or a low line begins a word whose letters stay small only behind another letter.
            is_inside = is_inside || it.is_alphabetic() || it.is_numeric();
        } else {
            is_inside = is_inside && joins(it) && characters.peek().is_some_and(|it| is_word(*it));
            out.push(it);
        }
    }
    out
}

/// `+` is a space, `%41` a byte.
fn url_unescape(text: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(it) = rest.next() {
        match it {
            b'+' => bytes.push(b' '),
            b'%' => {
                let mut digit = || rest.next().and_then(|it| char::from(it).to_digit(16));
                let code =
                    digit().zip(digit()).and_then(|(one, two)| u8::try_from(one * 16 + two).ok());
                bytes.push(code.ok_or_else(|| format!("invalid URL escape in {text:?}"))?);
            }
            it => bytes.push(it),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// As Go would write it: the structs of a notice have small names.
fn json(value: &Value) -> Json {
    match value {
        Value::Nil => Json::Null,
        Value::Bool(it) => Json::Bool(*it),
        Value::Int(it) => Json::Whole(*it),
        Value::Float(it) if it.is_finite() => {
            Json::Number(format_float(*it, FloatForm::Decimal, None))
        }
        Value::Float(_) => Json::Null,
        Value::Text(it) | Value::Markup(it) => Json::from(it.as_ref()),
        Value::Time(it) => Json::from(it.rfc3339()),
        Value::Length(it) => Json::Number(it.as_nanos().to_string()),
        Value::List(items) => Json::List(items.iter().map(json).collect()),
        Value::Map(map) => {
            Json::map(map.entries.iter().map(|(name, it)| (name.as_str(), json(it))))
        }
        Value::Struct(fields) => {
            let known = JSON_NAMES.iter().filter_map(|(name, it)| Some((*it, fields.get(name)?)));
            let is_known = |name: &str| JSON_NAMES.iter().any(|(it, _)| *it == name);
            let other = fields.iter().filter(|(name, _)| !is_known(name));
            let other = other.map(|(name, it)| (*name, it));
            Json::map(known.chain(other).map(|(name, it)| (name, json(it))))
        }
    }
}
