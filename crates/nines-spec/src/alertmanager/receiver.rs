//! `receivers`: names, and the integrations of each.

use std::collections::BTreeMap;

use nines_alert::dispatch::{Integration, Receiver, Settings};
use nines_alert::receivers::{Field, FieldValue, KINDS, Kind, Provider, Setting, parse};
use nines_base::Origin;

use super::filled;
use super::global::{self, Global};
use super::requirement;
use super::setting::{self, Markup, Parts};
use crate::draft::{Noun, Page};
use crate::fields::{Fields, LIST_MAX, suggestion};
use crate::mistake::Mistake;
use crate::node::{Key, Node, Value};
use crate::scraping::{HttpSpec, SecretSpec, http_settings};

/// The details that PagerDuty gets beside those that are written.
const PAGERDUTY_DETAILS: [(&str, &str); 4] = [
    ("firing", "{{ template \"pagerduty.default.instances\" .Alerts.Firing }}"),
    ("resolved", "{{ template \"pagerduty.default.instances\" .Alerts.Resolved }}"),
    ("num_firing", "{{ .Alerts.Firing | len }}"),
    ("num_resolved", "{{ .Alerts.Resolved | len }}"),
];

/// What whoever sends must know of a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiverSpec {
    /// As in [`Receiver::name`].
    pub name: String,
    /// In the order of [`Receiver::integrations`].
    pub integrations: Vec<IntegrationSpec>,
}

/// What whoever sends must know of an integration: addresses, secrets, connections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntegrationSpec {
    /// As [`Settings::kind`] says.
    pub kind: String,
    /// By the field's name, such as `api_url`; of a part of the settings `sigv4.secret_key`. Never shown.
    pub secrets: BTreeMap<String, SecretSpec>,
    /// By the field's name, such as `smarthost`; lengths of time in seconds.
    pub options: BTreeMap<String, String>,
    /// Who we say we are, and whom we believe; also of mail servers.
    pub http: HttpSpec,
    /// Where it was written.
    pub origin: Origin,
}

pub(super) fn read(page: &mut Page<'_, '_>, node: &Node, global: &Global<'_>) {
    let known: Vec<&str> =
        ["name", "labels"].into_iter().chain(KINDS.iter().map(|it| it.key)).collect();
    let unknown = others(node, &known);
    let others: Vec<&str> = unknown.iter().map(|it| it.text.as_str()).collect();
    let Some(fields) = page.fields_beside(node, "a receiver", &known, &others) else { return };
    for key in unknown {
        let (what, at) = (format!("`{}`", key.text), key.span);
        let help = "use `webhook_configs`, with something that passes it on";
        page.report(&Mistake::CannotDeliver { what, help, at });
    }
    let origin = page.origin(fields.at);
    let name = page.need(&fields, "name", "name: shop").and_then(|it| filled(page, it, "`name`"));
    let name = name.filter(|it| page.define(Noun::Receiver, it.text, it.span));
    let (integrations, specs) = integrations(page, &fields, global);
    let Some(name) = name else { return };
    let name = name.text.to_owned();
    let spec = ReceiverSpec { name: name.clone(), integrations: specs };
    page.draft.spec.receivers.push(spec);
    let receiver = Receiver { name: name.clone(), integrations, origin };
    page.draft.spec.dispatch.receivers.insert(name, receiver);
}

/// Keys of integrations that nobody knows, and that are not nearly one that somebody does.
fn others<'n>(node: &'n Node, known: &[&str]) -> Vec<&'n Key> {
    let Value::Map(entries) = &node.value else { return Vec::new() };
    let keys = entries.iter().map(|(key, _)| key);
    keys.filter(|it| it.text.ends_with("_configs") && !known.contains(&it.text.as_str()))
        .filter(|it| suggestion(&it.text, known.iter().copied()).is_none())
        .collect()
}

/// All `…_configs` of a receiver.
pub(crate) fn integrations(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    global: &Global<'_>,
) -> (Vec<Integration>, Vec<IntegrationSpec>) {
    let (mut integrations, mut specs) = (Vec::new(), Vec::new());
    for kind in &KINDS {
        let Some(node) = fields.get(kind.key) else { continue };
        for node in page.list(node, kind.key).unwrap_or_default() {
            if let Some((integration, spec)) = integration(page, node, kind, global) {
                integrations.push(integration);
                specs.push(spec);
            }
        }
    }
    page.check_length(integrations.len(), 0, LIST_MAX, "a receiver", fields.at);
    (integrations, specs)
}

fn integration(
    page: &mut Page<'_, '_>,
    node: &Node,
    kind: &'static Kind,
    global: &Global<'_>,
) -> Option<(Integration, IntegrationSpec)> {
    let mut known = setting::names(kind.fields);
    known.push("send_resolved".to_owned());
    if kind.is_http {
        known.push("http_config".to_owned());
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let own = page.fields(node, kind.key, &known)?;
    let send_resolved = page.boolean(&own, "send_resolved").unwrap_or(kind.sends_resolved);
    let mut http = global.http.clone();
    if let Some(node) = own.get("http_config").filter(|_| kind.is_http)
        && let Some(fields) = setting::http(page, node)
    {
        http = http_settings(page, &fields);
    }
    let mut parts = Parts::default();
    let markup = markup(kind, &own);
    for field in kind.fields {
        read_field(page, kind, field, (&own, global), markup, &mut parts);
    }
    if let Some((key, node)) = own.entry("tls_config").filter(|_| !kind.is_http) {
        http = http_settings(page, &Fields::of("tls_config", key, node));
    } else if !kind.is_http {
        http = global.tls.clone();
    }
    complete(kind, &mut parts);
    requirement::check(page, kind, &own, global, &parts);
    let origin = page.origin(own.at);
    let Parts { settings, options, secrets } = parts;
    let spec = IntegrationSpec { kind: kind.name.to_owned(), secrets, options, http, origin };
    let settings = match settings.get("max_alerts") {
        Some(Setting::Whole(alerts_max)) if kind.name == "webhook" && settings.len() <= 2 => {
            let is_bare = settings.keys().all(|it| it == "max_alerts" || it == "timeout");
            let max_alerts = u32::try_from(*alerts_max).unwrap_or(u32::MAX);
            if is_bare { Settings::Webhook { max_alerts } } else { provider(kind, settings) }
        }
        _ => provider(kind, settings),
    };
    Some((Integration { send_resolved, settings }, spec))
}

fn provider(kind: &'static Kind, settings: BTreeMap<String, Setting>) -> Settings {
    Settings::Provider(Box::new(Provider { kind, settings }))
}

/// Whether the long text is HTML.
fn markup(kind: &Kind, own: &Fields<'_>) -> Markup {
    let says = |name: &str, wanted: &str| match own.get(name).map(|it| &it.value) {
        Some(Value::Text(text) | Value::Bool(text)) => text == wanted,
        Some(_) => false,
        None => name == "parse_mode",
    };
    let is_html = match kind.name {
        "telegram" => says("parse_mode", "HTML"),
        "pushover" => says("html", "true"),
        _ => false,
    };
    if is_html { Markup::Html } else { Markup::Text }
}

/// One field: what is written, or what `global` says, or what holds otherwise.
fn read_field(
    page: &mut Page<'_, '_>,
    kind: &Kind,
    field: &'static Field,
    (own, global): (&Fields<'_>, &Global<'_>),
    markup: Markup,
    parts: &mut Parts,
) {
    let markup = if field.name == kind.words { markup } else { Markup::Text };
    if field.is_hidden() {
        if let Some(secret) = secret(page, field, own, global, parts) {
            parts.secrets.insert(field.name.to_owned(), secret);
        }
        return;
    }
    if field.value == FieldValue::Tls {
        return;
    }
    let node = own.get(field.name).or_else(|| field.global.and_then(|it| global.get(it)));
    if let FieldValue::Map(fields) = field.value
        && let Some(node) = node
    {
        read_parts(field, fields, node, parts);
    }
    let setting = match node {
        Some(node) => setting::setting(page, node, field, markup),
        None => {
            let default = global::default_of(field);
            default.and_then(|it| default_setting(field, it, markup))
        }
    };
    let Some(setting) = setting else { return };
    let option = match &setting {
        Setting::Plain(text) => Some(text.clone()),
        Setting::Flag(it) => Some(it.to_string()),
        Setting::Whole(it) => Some(it.to_string()),
        _ => None,
    };
    parts.options.extend(option.map(|it| (field.name.to_owned(), it)));
    if field.value != FieldValue::Address {
        parts.settings.insert(field.name.to_owned(), setting);
    }
}

/// What whoever sends must know of a mapping within the settings.
///
/// Their form is looked at where the settings are read.
fn read_parts(field: &Field, fields: &'static [Field], node: &Node, parts: &mut Parts) {
    for part in fields {
        let name = format!("{}.{}", field.name, part.name);
        let text = |name: &str| match node.field(name).map(|it| &it.value) {
            Some(Value::Text(text) | Value::Number(text) | Value::Bool(text)) => Some(text.clone()),
            _ => None,
        };
        match part.value {
            FieldValue::Secret => {
                let file = text(&format!("{}_file", part.name)).map(SecretSpec::File);
                let secret = text(part.name).map(SecretSpec::Inline).or(file);
                parts.secrets.extend(secret.map(|it| (name, it)));
            }
            FieldValue::Plain => parts.options.extend(text(part.name).map(|it| (name, it))),
            _ => {}
        }
    }
}

/// What holds without being written.
fn default_setting(field: &Field, text: &str, markup: Markup) -> Option<Setting> {
    Some(match field.value {
        FieldValue::Text | FieldValue::Any if markup == Markup::Text => {
            Setting::Text(parse(text).ok()?)
        }
        FieldValue::Html | FieldValue::Text => Setting::Html(parse(text).ok()?),
        FieldValue::Flag => Setting::Flag(text == "true"),
        FieldValue::Whole => Setting::Whole(text.parse().ok()?),
        FieldValue::Length => Setting::Whole(nines_base::parse_duration(text).ok()?.as_secs()),
        _ => Setting::Plain(text.to_owned()),
    })
}

/// A secret, or a file with it. One that is written here hides both of `global`. A text with holes is no secret.
fn secret(
    page: &mut Page<'_, '_>,
    field: &'static Field,
    own: &Fields<'_>,
    global: &Global<'_>,
    parts: &mut Parts,
) -> Option<SecretSpec> {
    let file = format!("{}_file", field.name);
    if own.get(field.name).is_some() && own.get(&file).is_some() {
        requirement::conflict(page, own, field.name, &file);
    }
    if let Some(node) = own.get(field.name) {
        let text = page.scalar(node, &format!("`{}`", field.name))?;
        if field.value == FieldValue::SecretText && text.text.contains("{{") {
            let setting = setting::template(page, text, Markup::Text)?;
            parts.settings.insert(field.name.to_owned(), setting);
            return None;
        }
        return (!text.text.is_empty()).then(|| SecretSpec::Inline(text.text.to_owned()));
    }
    if let Some(node) = own.get(&file) {
        let text = page.scalar(node, &format!("`{file}`"))?;
        return (!text.text.is_empty()).then(|| SecretSpec::File(text.text.to_owned()));
    }
    let key = field.global.filter(|_| requirement::inherits(field.name, own))?;
    let text = |name: &str| match global.get(name).map(|it| &it.value) {
        Some(Value::Text(text) | Value::Number(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    let file = text(&format!("{key}_file")).map(SecretSpec::File);
    text(key).map(SecretSpec::Inline).or(file)
}

/// What Alertmanager adds to what is written.
fn complete(kind: &Kind, parts: &mut Parts) {
    let mut add = |field: &str, name: &str, text: &str| {
        let empty = || Setting::Map(BTreeMap::new());
        let entry = parts.settings.entry(field.to_owned()).or_insert_with(empty);
        if let (Setting::Map(entries), Ok(template)) = (entry, parse(text)) {
            let is_there = entries.keys().any(|it| it.eq_ignore_ascii_case(name));
            if !is_there {
                entries.insert(name.to_owned(), Setting::Text(template));
            }
        }
    };
    match kind.name {
        "telegram" => {
            // The same secret, whoever wrote it where.
            if let Some(file) = parts.options.remove("chat_id_file") {
                parts.secrets.insert("chat_id".to_owned(), SecretSpec::File(file));
            }
        }
        "email" => add("headers", "Subject", "{{ template \"email.default.subject\" . }}"),
        "pagerduty" => {
            for (name, text) in PAGERDUTY_DETAILS {
                add("details", name, text);
            }
            // Which of the two forms the body has.
            let has =
                |name: &str| parts.secrets.contains_key(name) || parts.settings.contains_key(name);
            if !has("routing_key") && has("service_key") {
                parts.settings.insert("version".to_owned(), Setting::Plain("1".to_owned()));
            }
        }
        _ => {}
    }
}
