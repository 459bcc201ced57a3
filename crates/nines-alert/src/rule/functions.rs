//! The functions that templates of rules have beside Go's own.
//!
//! Source: Prometheus, "Template reference". `tmpl` is for consoles only and not among them, as there.

use std::collections::BTreeMap;
use std::sync::Arc;

use nines_base::parse_duration;
use nines_promql::{VectorSample, check};
use regex::Regex;

use super::expand::query_vector;
use super::humanize::{
    humanize, humanize_1024, humanize_duration, humanize_percentage, humanize_timestamp,
};
use super::{Environment, graph_link, table_link, time};
use crate::template::{Functions, Map, Value, url_query};

/// The functions' names.
pub(super) const NAMES: [&str; 29] = [
    "args",
    "externalURL",
    "first",
    "graphLink",
    "humanize",
    "humanize1024",
    "humanizeDuration",
    "humanizePercentage",
    "humanizeTimestamp",
    "label",
    "match",
    "now",
    "parseDuration",
    "pathPrefix",
    "query",
    "reReplaceAll",
    "safeHtml",
    "sortByLabel",
    "stripDomain",
    "stripPort",
    "strvalue",
    "tableLink",
    "title",
    "toDuration",
    "toLower",
    "toTime",
    "toUpper",
    "urlQueryEscape",
    "value",
];

/// Runs the functions at one instant.
pub(super) struct RuleFunctions<'a> {
    pub(super) at_ms: i64,
    pub(super) environment: &'a Environment<'a>,
}

type Result<T> = std::result::Result<T, String>;

impl Functions for RuleFunctions<'_> {
    fn call(&self, name: &str, args: &[Value]) -> Result<Value> {
        if name == "args" {
            return Ok(numbered(args));
        }
        match args {
            [] => self.without(name),
            [one] => self.of_one(name, one),
            [one, two] => of_two(name, one, two),
            [one, two, three] if name == "reReplaceAll" => {
                let (pattern, with, text) = (text(one)?, text(two)?, text(three)?);
                Ok(regex(pattern)?.replace_all(text, with).into_owned().into())
            }
            _ => Err(wrong_count(args.len())),
        }
    }
}

impl RuleFunctions<'_> {
    fn without(&self, name: &str) -> Result<Value> {
        let url = self.environment.external_url;
        match name {
            "externalURL" => Ok(url.into()),
            "pathPrefix" => Ok(path_of(url).into()),
            "now" => Ok(Value::Float(self.at_ms as f64 / 1_000.0)),
            _ => Err(wrong_count(0)),
        }
    }

    fn of_one(&self, name: &str, it: &Value) -> Result<Value> {
        Ok(match name {
            "query" => self.query(text(it)?)?,
            "first" => first(it)?,
            "value" => field(it, "Value")?,
            "strvalue" => label("__value__", it)?,
            "humanize" => humanize(number(it)?).into(),
            "humanize1024" => humanize_1024(number(it)?).into(),
            "humanizeDuration" => humanize_duration(number(it)?).into(),
            "humanizePercentage" => humanize_percentage(number(it)?).into(),
            "humanizeTimestamp" => humanize_timestamp(number(it)?)?.into(),
            "toTime" => time::instant(number(it)?)?.into(),
            "toDuration" => time::length(number(it)?)?.into(),
            "parseDuration" => {
                let wrong = |_| format!("not a valid duration string: {it:?}");
                parse_duration(text(it)?).map_err(wrong)?.as_secs_f64().into()
            }
            "title" => title(text(it)?).into(),
            "toUpper" => text(it)?.to_uppercase().into(),
            "toLower" => text(it)?.to_lowercase().into(),
            "safeHtml" => text(it)?.into(),
            "stripPort" => strip_port(text(it)?).into(),
            "stripDomain" => strip_domain(text(it)?).into(),
            "urlQueryEscape" => url_query(text(it)?).into(),
            "graphLink" => graph_link(text(it)?).into(),
            "tableLink" => table_link(text(it)?).into(),
            _ => return Err(wrong_count(1)),
        })
    }

    fn query(&self, expression: &str) -> Result<Value> {
        let query = check(expression).map_err(|it| it.to_string())?;
        let vector = query_vector(&query, self.at_ms, self.environment)?;
        Ok(vector.iter().map(sample).collect::<Vec<_>>().into())
    }
}

fn of_two(name: &str, one: &Value, two: &Value) -> Result<Value> {
    match name {
        "label" => label(text(one)?, two),
        "match" => Ok(Value::Bool(regex(text(one)?)?.is_match(text(two)?))),
        "sortByLabel" => {
            let name = text(one)?;
            let Value::List(items) = two else { return Err(expected("a query's result", two)) };
            let mut items: Vec<Value> = items.to_vec();
            let key = |it: &Value| label(name, it).map(|it| it.to_string()).unwrap_or_default();
            items.sort_by_cached_key(key);
            Ok(items.into())
        }
        _ => Err(wrong_count(2)),
    }
}

fn wrong_count(count: usize) -> String {
    format!("wrong number of args: got {count}")
}

fn expected(what: &str, found: &Value) -> String {
    format!("expected {what}, got {}", found.type_name())
}

fn text(it: &Value) -> Result<&str> {
    it.as_text().ok_or_else(|| expected("string", it))
}

/// Texts are read, so that a label can be a number.
fn number(it: &Value) -> Result<f64> {
    match it {
        Value::Float(it) => Ok(*it),
        Value::Int(it) => Ok(*it as f64),
        Value::Text(text) => text.parse().map_err(|_| format!("parsing {text:?}: invalid syntax")),
        other => Err(format!("can't convert {} to float", other.type_name())),
    }
}

fn regex(pattern: &str) -> Result<Regex> {
    Regex::new(pattern).map_err(|it| format!("bad regular expression: {it}"))
}

/// A struct of labels and value, as results of queries are.
fn sample(it: &VectorSample) -> Value {
    let labels = Value::labels(&it.labels);
    Value::structure([("Labels", labels), ("Value", Value::Float(it.value))])
}

fn field(it: &Value, name: &str) -> Result<Value> {
    match it {
        Value::Struct(fields) => {
            fields.get(name).cloned().ok_or_else(|| expected("an element of a query's result", it))
        }
        _ => Err(expected("an element of a query's result", it)),
    }
}

fn label(name: &str, of: &Value) -> Result<Value> {
    match field(of, "Labels")? {
        Value::Map(map) => Ok(map.entries.get(name).unwrap_or(&map.missing).clone()),
        other => Err(expected("labels", &other)),
    }
}

fn first(list: &Value) -> Result<Value> {
    match list {
        Value::List(items) => items
            .first()
            .cloned()
            .ok_or_else(|| "first() called on vector with no elements".to_owned()),
        other => Err(expected("a query's result", other)),
    }
}

/// `arg0`, `arg1`, …
fn numbered(args: &[Value]) -> Value {
    let entries = args.iter().enumerate().map(|(at, it)| (format!("arg{at}"), it.clone()));
    let entries: BTreeMap<_, _> = entries.collect();
    Value::Map(Arc::new(Map { entries, missing: Value::Nil }))
}

/// Every word with a capital first letter; words are cut as Go cuts them.
fn title(text: &str) -> String {
    let is_separator = |it: char| {
        if it.is_ascii() { !(it.is_ascii_alphanumeric() || it == '_') } else { it.is_whitespace() }
    };
    let mut before = ' ';
    text.chars().fold(String::with_capacity(text.len()), |mut out, it| {
        if is_separator(before) {
            out.extend(it.to_uppercase());
        } else {
            out.push(it);
        }
        before = it;
        out
    })
}

/// `host` of `host:port`; what is not of this form stays.
fn strip_port(address: &str) -> &str {
    split_port(address).map_or(address, |(host, _)| host)
}

fn split_port(address: &str) -> Option<(&str, &str)> {
    if let Some(inside) = address.strip_prefix('[') {
        let (host, rest) = inside.split_once(']')?;
        return Some((host, rest.strip_prefix(':')?));
    }
    address.split_once(':').filter(|(_, port)| !port.contains([':', '[', ']']))
}

/// `host:port` of `host.example.org:port`; addresses stay.
fn strip_domain(address: &str) -> String {
    let (host, port) = match split_port(address) {
        Some((host, port)) => (host, Some(port)),
        None => (address, None),
    };
    if host.parse::<core::net::IpAddr>().is_ok() {
        return address.to_owned();
    }
    let short = host.split('.').next().unwrap_or(host);
    match port {
        Some(port) => format!("{short}:{port}"),
        None => short.to_owned(),
    }
}

fn path_of(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, it)| it);
    after.find('/').and_then(|at| after.get(at..)).unwrap_or("")
}
