//! What all kinds of OpenSLO share: names, labels, annotations, descriptions.

use nines_base::Labels;

use super::{Version, broken, nearly};
use crate::draft::Page;
use crate::fields::{Fields, Text};
use crate::finding::Span;
use crate::mistake::Mistake;
use crate::node::{Key, Node, Value};
use crate::values::is_label_name;

/// The longest `displayName`, in characters.
const DISPLAY_NAME_MAX: usize = 63;
/// The longest `description`, in characters.
const DESCRIPTION_MAX: usize = 1_050;
/// The longest name of a label or an annotation, without its prefix.
const KEY_MAX: usize = 63;
/// The longest prefix of an annotation.
const PREFIX_MAX: usize = 253;

pub(super) struct Metadata {
    /// Nothing when it is missing or wrong.
    pub(super) name: Option<Name>,
    pub(super) labels: Labels,
}

pub(super) struct Name {
    pub(super) text: String,
    pub(super) at: Span,
}

/// The metadata of a document, or of something inline.
pub(super) fn read(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    version: Version,
    example: &'static str,
) -> Option<Metadata> {
    let node = page.need(fields, "metadata", example)?;
    let known: &[&str] = match version {
        Version::V1 => &["name", "displayName", "labels", "annotations"],
        Version::V1alpha => &["name", "displayName"],
        Version::V2alpha => &["name", "labels", "annotations"],
    };
    let fields = page.fields(node, "metadata", known)?;
    let name = page.need(&fields, "name", "name: availability");
    let name = name.and_then(|it| page.scalar(it, "`name`"));
    let name = name.and_then(|it| check_dns_label(page, it));
    if let Some(it) = page.maybe(&fields, "displayName")
        && DISPLAY_NAME_MAX < it.text.chars().count()
    {
        let help = format!("shorten it to {DISPLAY_NAME_MAX} characters");
        broken(page, "this display name is too long", help, it.span);
    }
    let labels = labels(page, &fields, version);
    annotations(page, &fields);
    Some(Metadata { name, labels })
}

pub(super) fn check_description(page: &mut Page<'_, '_>, fields: &Fields<'_>) {
    if let Some(it) = page.maybe(fields, "description")
        && DESCRIPTION_MAX < it.text.chars().count()
    {
        let help = format!("shorten it to {DESCRIPTION_MAX} characters");
        broken(page, "this description is too long", help, it.span);
    }
}

/// Source: RFC 1123, section 2.1, as Kubernetes reads it.
pub(super) fn check_dns_label(page: &mut Page<'_, '_>, name: Text<'_>) -> Option<Name> {
    let inner = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    let is_label = (1..=63).contains(&name.text.len())
        && name.text.chars().all(inner)
        && !name.text.starts_with('-')
        && !name.text.ends_with('-');
    if is_label {
        return Some(Name { text: name.text.to_owned(), at: name.span });
    }
    let rule =
        "1 to 63 lower-case letters, digits or `-`, with a letter or digit at both ends (RFC 1123)";
    page.report(&Mistake::BadName { name: name.text.to_owned(), rule, at: name.span });
    None
}

fn labels(page: &mut Page<'_, '_>, fields: &Fields<'_>, version: Version) -> Labels {
    let mut labels = Labels::empty();
    for (key, value) in entries(page, fields, "labels") {
        let parts = key.text.split_once('/');
        let has_prefix = version == Version::V2alpha;
        let is_key = match parts {
            Some((prefix, name)) => has_prefix && is_domain(prefix) && is_key(name),
            None => is_key(&key.text),
        };
        if !is_key {
            let problem = format!("`{}` is not a label of OpenSLO", key.text);
            let help =
                "write letters, digits, `-`, `_` or `.`, with a letter or digit at both ends";
            broken(page, problem, help, key.span);
            continue;
        }
        let Some(text) = label_value(page, key, value, version) else { continue };
        let name = if is_label_name(&key.text) {
            key.text.clone()
        } else {
            let letters = key.text.chars();
            let name: String =
                letters.map(|it| if it.is_ascii_alphanumeric() { it } else { '_' }).collect();
            let name = if name.starts_with(|it: char| it.is_ascii_digit()) {
                format!("_{name}")
            } else {
                name
            };
            nearly(
                page,
                format!("label `{}`", key.text),
                format!("it is `{name}` in nines"),
                key.span,
            );
            name
        };
        labels = labels.with(&name, &text);
    }
    labels
}

fn label_value(
    page: &mut Page<'_, '_>,
    key: &Key,
    value: &Node,
    version: Version,
) -> Option<String> {
    let what = format!("label `{}`", key.text);
    if let Value::List(items) = &value.value
        && version == Version::V1
    {
        let texts: Vec<&str> =
            items.iter().filter_map(|it| page.scalar(it, &what)).map(|it| it.text).collect();
        if texts.len() != 1 {
            nearly(
                page,
                format!("{what} with several values"),
                "they are one text, with commas",
                key.span,
            );
        }
        return Some(texts.join(","));
    }
    page.scalar(value, &what).map(|it| it.text.to_owned())
}

/// They are for people and other tools, so they are only looked at.
fn annotations(page: &mut Page<'_, '_>, fields: &Fields<'_>) {
    for (key, value) in entries(page, fields, "annotations") {
        let is_right = match key.text.split_once('/') {
            Some((prefix, name)) => is_domain(prefix) && is_key(name),
            None => is_key(&key.text),
        };
        if !is_right {
            let problem = format!("`{}` is not an annotation of OpenSLO", key.text);
            broken(page, problem, "write `my-key` or `my-domain.org/my-key`", key.span);
        }
        page.scalar(value, &format!("annotation `{}`", key.text));
    }
}

fn entries<'n>(
    page: &mut Page<'_, '_>,
    fields: &Fields<'n>,
    field: &str,
) -> Vec<(&'n Key, &'n Node)> {
    let Some(node) = fields.get(field) else { return Vec::new() };
    // Also reports keys that are given twice.
    let owner = if field == "labels" { "labels" } else { "annotations" };
    let is_map = page.fields(node, owner, &[]).is_some();
    match &node.value {
        Value::Map(entries) if is_map => entries.iter().map(|(key, value)| (key, value)).collect(),
        _ => Vec::new(),
    }
}

fn is_key(text: &str) -> bool {
    let end = |it: char| it.is_ascii_alphanumeric();
    (1..=KEY_MAX).contains(&text.len())
        && text.starts_with(end)
        && text.ends_with(end)
        && text.chars().all(|it| end(it) || matches!(it, '-' | '_' | '.'))
}

fn is_domain(text: &str) -> bool {
    let part = |it: &str| {
        let end = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
        !it.is_empty()
            && it.starts_with(end)
            && it.ends_with(end)
            && it.chars().all(|it| end(it) || it == '-')
    };
    (1..=PREFIX_MAX).contains(&text.len()) && text.split('.').all(part)
}
