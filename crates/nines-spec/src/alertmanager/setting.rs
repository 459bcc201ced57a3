//! Values of integrations: templates, and what else may stand there.

use std::collections::BTreeMap;

use nines_alert::receivers::{Field, FieldValue, Setting, parse};
use nines_base::parse_duration;

use crate::draft::Page;
use crate::fields::{Fields, Text};
use crate::finding::Span;
use crate::mistake::Mistake;
use crate::node::{Node, Value};
use crate::scraping::{HTTP_FIELDS, SecretSpec};

/// Whose text is HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Markup {
    Text,
    Html,
}

/// What was read of one integration, or of a part of it.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// What is rendered.
    pub(super) settings: BTreeMap<String, Setting>,
    /// What whoever sends must know, as text.
    pub(super) options: BTreeMap<String, String>,
    /// What nobody is shown.
    pub(super) secrets: BTreeMap<String, SecretSpec>,
}

/// The keys of these fields, with those of files for secrets.
pub(super) fn names(fields: &'static [Field]) -> Vec<String> {
    let mut names = Vec::new();
    for field in fields {
        names.push(field.name.to_owned());
        if field.is_hidden() {
            names.push(format!("{}_file", field.name));
        }
    }
    names
}

/// A setting of this kind, or nothing after a finding.
pub(super) fn setting(
    page: &mut Page<'_, '_>,
    node: &Node,
    field: &Field,
    markup: Markup,
) -> Option<Setting> {
    let what = format!("`{}`", field.name);
    match field.value {
        FieldValue::Text | FieldValue::SecretText => {
            page.scalar(node, &what).and_then(|it| template(page, it, markup))
        }
        FieldValue::Html => {
            page.scalar(node, &what).and_then(|it| template(page, it, Markup::Html))
        }
        FieldValue::Plain | FieldValue::Address | FieldValue::Secret => {
            page.scalar(node, &what).map(|it| Setting::Plain(it.text.to_owned()))
        }
        FieldValue::Flag => flag(page, node, &what).map(Setting::Flag),
        FieldValue::Whole => whole(page, node, &what).map(Setting::Whole),
        FieldValue::Length => {
            let text = page.scalar(node, &what)?;
            length(page, text).map(Setting::Whole)
        }
        FieldValue::Texts => texts(page, node, &what, markup),
        FieldValue::TextList => {
            let items = page.list(node, &what)?;
            let texts = items.iter().filter_map(|it| page.scalar(it, &what)).collect::<Vec<_>>();
            let texts = texts.into_iter().filter_map(|it| template(page, it, markup));
            Some(Setting::List(texts.collect()))
        }
        FieldValue::Any => Some(any(page, node, markup)),
        FieldValue::List(fields) => {
            let items = page.list(node, &what)?;
            let parts: Vec<Setting> = items
                .iter()
                .filter_map(|it| mapping(page, it, field.name, fields, markup))
                .collect();
            Some(Setting::List(parts))
        }
        FieldValue::Map(fields) => mapping(page, node, field.name, fields, markup),
        FieldValue::Tls => None,
    }
}

fn mapping(
    page: &mut Page<'_, '_>,
    node: &Node,
    owner: &'static str,
    fields: &'static [Field],
    markup: Markup,
) -> Option<Setting> {
    let known = names(fields);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let own = page.fields(node, owner, &known)?;
    let mut entries = BTreeMap::new();
    for field in fields.iter().filter(|it| !it.is_hidden()) {
        let setting = own.get(field.name).and_then(|it| setting(page, it, field, markup));
        entries.extend(setting.map(|it| (field.name.to_owned(), it)));
    }
    Some(Setting::Map(entries))
}

/// A template of a notice. What it calls is judged when all files are read.
pub(super) fn template(page: &mut Page<'_, '_>, text: Text<'_>, markup: Markup) -> Option<Setting> {
    match parse(text.text) {
        Ok(template) => {
            for (at, name) in template.calls() {
                let at = page.inside(text.span, text.text, Span { start: at, len: 1 });
                let call = (page.place(at), name.to_owned());
                page.draft.alerts.calls.push(call);
            }
            Some(match markup {
                Markup::Text => Setting::Text(template),
                Markup::Html => Setting::Html(template),
            })
        }
        Err(error) => {
            let at = page.inside(text.span, text.text, Span { start: error.at, len: 1 });
            page.report(&Mistake::BadNoticeTemplate { problem: error.message, at });
            None
        }
    }
}

fn texts(page: &mut Page<'_, '_>, node: &Node, what: &str, markup: Markup) -> Option<Setting> {
    let Value::Map(entries) = &node.value else {
        page.wrong_type(what, "a mapping", node, "write `name: text` lines");
        return None;
    };
    let mut out = BTreeMap::new();
    for (key, value) in entries {
        let text = page.scalar(value, &format!("`{}`", key.text));
        let setting = text.and_then(|it| template(page, it, markup));
        out.extend(setting.map(|it| (key.text.clone(), it)));
    }
    Some(Setting::Map(out))
}

/// Whatever YAML can say.
fn any(page: &mut Page<'_, '_>, node: &Node, markup: Markup) -> Setting {
    match &node.value {
        Value::Null => Setting::Null,
        Value::Bool(text) => Setting::Flag(text.eq_ignore_ascii_case("true")),
        Value::Number(text) => match text.parse() {
            Ok(whole) => Setting::Whole(whole),
            Err(_) if text.parse::<f64>().is_ok_and(f64::is_finite) => {
                Setting::Number(text.clone())
            }
            Err(_) => Setting::Plain(text.clone()),
        },
        Value::Text(text) => {
            template(page, Text { text, span: node.span }, markup).unwrap_or(Setting::Null)
        }
        Value::List(items) => Setting::List(items.iter().map(|it| any(page, it, markup)).collect()),
        Value::Map(entries) => {
            let entries = entries.iter();
            Setting::Map(
                entries.map(|(key, it)| (key.text.clone(), any(page, it, markup))).collect(),
            )
        }
    }
}

fn flag(page: &mut Page<'_, '_>, node: &Node, what: &str) -> Option<bool> {
    let Value::Bool(text) = &node.value else {
        page.wrong_type(what, "a boolean", node, "write `true` or `false`, without quotes");
        return None;
    };
    Some(text.eq_ignore_ascii_case("true"))
}

fn whole(page: &mut Page<'_, '_>, node: &Node, what: &str) -> Option<i64> {
    let number = match &node.value {
        Value::Number(text) => text.parse().ok(),
        _ => None,
    };
    if number.is_none() {
        page.wrong_type(what, "a whole number", node, "write digits, without quotes");
    }
    number
}

/// Seconds. Units may have decimals, as Go allows.
fn length(page: &mut Page<'_, '_>, text: Text<'_>) -> Option<i64> {
    let seconds = match parse_duration(text.text) {
        Ok(it) => Some(it.as_secs()),
        Err(_) => decimal_length(text.text),
    };
    if seconds.is_none() {
        let (written, at) = (text.text.to_owned(), text.span);
        page.report(&Mistake::BadDuration { text: written, label: "here".to_owned(), at });
    }
    seconds
}

/// `1.5h`, in whole seconds.
fn decimal_length(text: &str) -> Option<i64> {
    const UNITS: [(&str, i64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
    let (number, unit) = text.split_at_checked(text.find(|it: char| it.is_ascii_alphabetic())?)?;
    let (_, size) = UNITS.iter().find(|(it, _)| *it == unit)?;
    let thousandths = i64::try_from(crate::values::decimal(number, 3)?).ok()?;
    Some(thousandths.checked_mul(*size)? / 1_000_000)
}

/// `http_config`, checked for what nines does not speak.
pub(super) fn http<'n>(page: &mut Page<'_, '_>, node: &'n Node) -> Option<Fields<'n>> {
    let fields = page.fields(node, "`http_config`", &HTTP_FIELDS)?;
    if fields.get("oauth2").is_some() {
        let help = "give a token by `authorization`, with `credentials_file`";
        let (what, at) = ("`oauth2`".to_owned(), fields.key("oauth2"));
        page.report(&Mistake::CannotDeliver { what, help, at });
    }
    for (one, other) in [("bearer_token", "bearer_token_file"), ("basic_auth", "authorization")] {
        page.apart(&fields, one, other);
    }
    Some(fields.without("oauth2"))
}
