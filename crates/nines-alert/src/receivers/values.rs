//! A notice as templates see it, and the methods of its parts.
//!
//! Source: Alertmanager, "Notification template reference".

use std::sync::Arc;

use jiff::Timestamp;

use super::data::{AlertData, NoticeData, ZERO_TIME};
use super::webhook::quoted_meta;
use crate::template::{Map, Time, Value};

type Result<T> = std::result::Result<T, String>;

/// The label that sorted pairs begin with.
const FIRST: &str = "alertname";

/// The dot of a notice's templates.
pub(super) fn data(notice: &NoticeData) -> Value {
    let alerts: Vec<Value> = notice.alerts.iter().map(alert).collect();
    Value::structure([
        ("Receiver", Value::from(quoted_meta(&notice.receiver))),
        ("Status", Value::from(notice.status())),
        ("Alerts", alerts.into()),
        ("GroupLabels", pairs(notice.group_labels.iter())),
        ("CommonLabels", pairs(notice.common_labels().into_iter())),
        ("CommonAnnotations", pairs(notice.common_annotations().into_iter())),
        ("ExternalURL", Value::from(notice.external_url.as_str())),
    ])
}

fn alert(it: &AlertData) -> Value {
    let zero = || ZERO_TIME.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    let annotations = it.annotations.iter().map(|(name, it)| (name.as_str(), it.as_str()));
    Value::structure([
        ("Status", Value::from(it.status())),
        ("Labels", pairs(it.labels.iter())),
        ("Annotations", pairs(annotations)),
        ("StartsAt", time(it.starts_at)),
        ("EndsAt", time(it.ends_at.unwrap_or_else(zero))),
        ("GeneratorURL", Value::from(it.generator_url.as_str())),
        ("Fingerprint", Value::from(it.fingerprint())),
    ])
}

fn time(at: Timestamp) -> Value {
    Value::Time(Box::new(Time::utc(at)))
}

/// Names and texts; a name that is not there stands for the empty text.
pub(super) fn pairs<'p>(pairs: impl Iterator<Item = (&'p str, &'p str)>) -> Value {
    let entries = pairs.map(|(name, value)| (name.to_owned(), Value::from(value)));
    Value::Map(Arc::new(Map { entries: entries.collect(), missing: Value::from("") }))
}

/// The methods of label sets, lists of pairs and lists of alerts.
pub(super) fn method(of: &Value, name: &str, args: &[Value]) -> Option<Result<Value>> {
    match (of, name, args) {
        (Value::Map(map), _, _) if is_label_set(map) => of_labels(map, name, args),
        (Value::List(items), "Firing" | "Resolved", []) => {
            let status = if name == "Firing" { "firing" } else { "resolved" };
            let is_wanted = |it: &&Value| text_of(it, "Status") == Some(status);
            Some(Ok(items.iter().filter(is_wanted).cloned().collect::<Vec<_>>().into()))
        }
        (Value::List(items), "Names", []) => each(items, "Name"),
        (Value::List(items), "Values", []) => each(items, "Value"),
        (Value::List(items), "String", []) => {
            let texts = items.iter().map(|it| {
                let part = |name| text_of(it, name).unwrap_or_default();
                format!("{}={}", part("Name"), part("Value"))
            });
            Some(Ok(texts.collect::<Vec<_>>().join(", ").into()))
        }
        _ => None,
    }
}

/// Not a mapping that a template made itself.
fn is_label_set(map: &Map) -> bool {
    map.missing.as_text().is_some()
}

fn of_labels(map: &Map, name: &str, args: &[Value]) -> Option<Result<Value>> {
    Some(match (name, args) {
        ("SortedPairs", []) => Ok(sorted(map).into()),
        ("Names", []) => each(&sorted(map), "Name")?,
        ("Values", []) => each(&sorted(map), "Value")?,
        ("Remove", [Value::List(names)]) => {
            let removed = |it: &str| names.iter().any(|name| name.as_text() == Some(it));
            let kept = map.entries.iter().filter(|(name, _)| !removed(name));
            let entries = kept.map(|(name, it)| (name.clone(), it.clone())).collect();
            Ok(Value::Map(Arc::new(Map { entries, missing: map.missing.clone() })))
        }
        ("Remove", [other]) => Err(format!("expected a list, got {}", other.type_name())),
        ("SortedPairs" | "Names" | "Values" | "Remove", _) => {
            Err(format!("wrong number of args for {name}: got {}", args.len()))
        }
        _ => return None,
    })
}

/// By name, but the alert's name first.
fn sorted(map: &Map) -> Vec<Value> {
    let first = map.entries.get_key_value(FIRST).into_iter();
    let rest = map.entries.iter().filter(|(name, _)| *name != FIRST);
    let pair = |(name, value): (&String, &Value)| {
        Value::structure([("Name", Value::from(name.as_str())), ("Value", value.clone())])
    };
    first.chain(rest).map(pair).collect()
}

/// One field of every element; nothing if they are of another kind.
fn each(items: &[Value], field: &str) -> Option<Result<Value>> {
    let texts: Option<Vec<Value>> =
        items.iter().map(|it| text_of(it, field).map(Value::from)).collect();
    texts.map(|it| Ok(it.into()))
}

fn text_of<'v>(it: &'v Value, field: &str) -> Option<&'v str> {
    match it {
        Value::Struct(fields) => fields.get(field)?.as_text(),
        _ => None,
    }
}
