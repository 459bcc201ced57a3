//! What differs between two configurations, document by document: for `plan`, `apply` and `drift`.
//!
//! It compares what was written, not what it means, so that it works for every kind of document. Comments, order
//! and layout are no difference.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::line_and_column;
use crate::node::{self, Node, Value};
use crate::runbooks::is_runbook;
use crate::source::{SourceFile, is_markdown};

/// No more differing fields of one document are listed.
pub const FIELDS_MAX: usize = 50;
/// A value is cut after so many characters.
const VALUE_CHARACTERS_MAX: usize = 80;

/// One document that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentChange {
    /// Such as `SLO`.
    pub kind: String,
    /// Such as `checkout/availability`; the file for kinds without names.
    pub name: String,
    /// Where it is written, or was if it is deleted.
    pub file: String,
    /// Counts from 1.
    pub line: u32,
    /// What happened to it.
    pub action: Action,
    /// What differs, in the order of the new document; none for added and deleted ones.
    pub fields: Vec<FieldChange>,
}

/// What happened to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is new.
    Added,
    /// It says something else.
    Changed,
    /// It is gone.
    Deleted,
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Keys from the outside to the inside, without `spec`, such as `alerting.escalation` or `members`.
    pub path: String,
    /// As it was written; nothing when it was not there.
    pub before: Option<String>,
    /// As it is written; nothing when it is gone.
    pub after: Option<String>,
}

/// What differs between two sets of files, sorted by file and place.
pub fn compare(before: &[SourceFile], after: &[SourceFile]) -> Vec<DocumentChange> {
    let (mut old, new) = (documents(before), documents(after));
    let mut changes: Vec<DocumentChange> = Vec::new();
    for (key, document) in new {
        let (action, fields) = match old.remove(&key) {
            None => (Action::Added, Vec::new()),
            Some(former) => match differences(&former, &document) {
                fields if fields.is_empty() => continue,
                fields => (Action::Changed, fields),
            },
        };
        changes.push(change(key, document, action, fields));
    }
    let gone = old.into_iter().map(|(key, it)| change(key, it, Action::Deleted, Vec::new()));
    changes.extend(gone);
    changes.sort_by(|a, b| (&a.file, a.line, &a.name).cmp(&(&b.file, b.line, &b.name)));
    changes
}

fn change(
    (kind, name): Key,
    document: Document,
    action: Action,
    fields: Vec<FieldChange>,
) -> DocumentChange {
    DocumentChange { kind, name, file: document.file, line: document.line, action, fields }
}

/// Kind and name.
type Key = (String, String);

#[derive(Debug)]
struct Document {
    file: String,
    line: u32,
    body: Body,
}

#[derive(Debug, PartialEq)]
enum Body {
    Tree(Node),
    Text(String),
}

/// Every document by kind and name. Files that are no YAML count as text.
fn documents(files: &[SourceFile]) -> BTreeMap<Key, Document> {
    let mut documents = BTreeMap::new();
    for file in files {
        if is_markdown(&file.path) {
            if !is_runbook(file) {
                continue;
            }
            let key = ("Runbook".to_owned(), stem(&file.path));
            add(&mut documents, key, file, 0, Body::Text(file.text.clone()));
            continue;
        }
        for (before, text) in node::documents(&file.text) {
            match node::parse(text, before) {
                Ok(node) if node.value == Value::Null => {}
                Ok(node) => add_tree(&mut documents, file, node),
                Err(_) => {
                    let key = ("File".to_owned(), file.path.clone());
                    add(&mut documents, key, file, before, Body::Text(text.to_owned()));
                }
            }
        }
    }
    documents
}

fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".md").unwrap_or(name).to_owned()
}

/// Each group of a rule file is a document of its own, as each has a name of its own.
fn add_tree(documents: &mut BTreeMap<Key, Document>, file: &SourceFile, node: Node) {
    let kind = get(&node, "kind").and_then(text);
    if let (None, Some(Value::List(groups))) = (kind, get(&node, "groups").map(|it| &it.value)) {
        for group in groups {
            let name = get(group, "name").and_then(text).unwrap_or("?");
            let key = ("RuleGroup".to_owned(), format!("{} of {}", name, file.path));
            let start = group.anchor().start;
            add(documents, key, file, start, Body::Tree(group.clone()));
        }
        return;
    }
    let kind = kind.unwrap_or("Prometheus").to_owned();
    let name = match get(&node, "metadata").and_then(|it| get(it, "name")).and_then(text) {
        // OpenSLO names the service in the spec.
        Some(name) => match get(&node, "spec").and_then(|it| get(it, "service")).and_then(text) {
            Some(service) if kind == "SLO" => format!("{service}/{name}"),
            _ => name.to_owned(),
        },
        None => file.path.clone(),
    };
    let start = node.anchor().start;
    add(documents, (kind, name), file, start, Body::Tree(node));
}

/// Of several with one name each counts.
fn add(
    documents: &mut BTreeMap<Key, Document>,
    (kind, name): Key,
    file: &SourceFile,
    start: usize,
    body: Body,
) {
    let (line, _) = line_and_column(&file.text, start);
    let document = Document { file: file.path.clone(), line, body };
    let mut number = 1;
    let mut key = (kind.clone(), name.clone());
    while documents.contains_key(&key) {
        number += 1;
        key = (kind.clone(), format!("{name} ({number})"));
    }
    documents.insert(key, document);
}

fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match &node.value {
        Value::Map(entries) => entries.iter().find(|(it, _)| it.text == key).map(|(_, it)| it),
        _ => None,
    }
}

fn text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(it) | Value::Number(it) => Some(it),
        _ => None,
    }
}

fn differences(before: &Document, after: &Document) -> Vec<FieldChange> {
    let mut fields = Vec::new();
    match (&before.body, &after.body) {
        (Body::Tree(old), Body::Tree(new)) => walk(&mut fields, "", old, new),
        (Body::Text(old), Body::Text(new)) if old == new => {}
        (old, new) => {
            let lines = |it: &Body| match it {
                Body::Text(it) => Some(format!("{} lines", it.lines().count())),
                Body::Tree(_) => None,
            };
            let path = "text".to_owned();
            fields.push(FieldChange { path, before: lines(old), after: lines(new) });
        }
    }
    fields.truncate(FIELDS_MAX);
    fields
}

fn walk(fields: &mut Vec<FieldChange>, path: &str, before: &Node, after: &Node) {
    match (&before.value, &after.value) {
        (Value::Map(old), Value::Map(new)) => {
            for (key, value) in new {
                let path = inner(path, &key.text);
                match old.iter().find(|(it, _)| it.text == key.text) {
                    Some((_, former)) => walk(fields, &path, former, value),
                    None => report(fields, path, None, Some(value)),
                }
            }
            for (key, value) in old {
                if new.iter().all(|(it, _)| it.text != key.text) {
                    report(fields, inner(path, &key.text), Some(value), None);
                }
            }
        }
        (Value::List(old), Value::List(new)) if are_named(old) && are_named(new) => {
            let named = |items: &[Node], name: &str| {
                items.iter().find(|it| get(it, "name").and_then(text) == Some(name)).cloned()
            };
            for item in new {
                let name = get(item, "name").and_then(text).unwrap_or_default();
                let path = format!("{path}[{name}]");
                match named(old, name) {
                    Some(former) => walk(fields, &path, &former, item),
                    None => report(fields, path, None, Some(item)),
                }
            }
            for item in old {
                let name = get(item, "name").and_then(text).unwrap_or_default();
                if named(new, name).is_none() {
                    report(fields, format!("{path}[{name}]"), Some(item), None);
                }
            }
        }
        (Value::List(old), Value::List(new)) if old.len() == new.len() && !are_scalars(new) => {
            for (index, (former, item)) in old.iter().zip(new).enumerate() {
                walk(fields, &format!("{path}[{}]", index + 1), former, item);
            }
        }
        _ if written(before) == written(after) => {}
        _ => report(fields, path.to_owned(), Some(before), Some(after)),
    }
}

/// Whether every item has a name of its own.
fn are_named(items: &[Node]) -> bool {
    let mut names: Vec<&str> =
        items.iter().filter_map(|it| get(it, "name").and_then(text)).collect();
    names.sort_unstable();
    names.dedup();
    !items.is_empty() && names.len() == items.len()
}

fn are_scalars(items: &[Node]) -> bool {
    items.iter().all(|it| !matches!(it.value, Value::List(_) | Value::Map(_)))
}

/// `spec` is around nearly everything, and so says nothing.
fn inner(path: &str, key: &str) -> String {
    match (path, key) {
        ("", "spec") => String::new(),
        ("", key) => key.to_owned(),
        (path, key) => format!("{path}.{key}"),
    }
}

fn report(
    fields: &mut Vec<FieldChange>,
    path: String,
    before: Option<&Node>,
    after: Option<&Node>,
) {
    let shown = |it: &Node| {
        let text = written(it);
        match text.char_indices().nth(VALUE_CHARACTERS_MAX) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        }
    };
    fields.push(FieldChange { path, before: before.map(shown), after: after.map(shown) });
}

/// On one line, as a person would write it.
fn written(node: &Node) -> String {
    match &node.value {
        Value::Null => "nothing".to_owned(),
        Value::Number(it) | Value::Bool(it) | Value::Text(it) => it.clone(),
        Value::List(items) => items.iter().map(written).collect::<Vec<_>>().join(", "),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, it)| format!("{}: {}", key.text, written(it)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests;
