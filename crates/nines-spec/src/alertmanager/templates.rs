//! `templates`: which files they are, and what they define.

use std::collections::BTreeSet;

use nines_alert::receivers::parse;

use crate::draft::{Draft, Place};
use crate::finding::Span;
use crate::mistake::Mistake;
use crate::node::{self, Node, Value};
use crate::rules::matches;

/// The files that documents of Alertmanager name as templates: neither YAML nor Markdown.
pub(crate) fn files(draft: &mut Draft<'_>) -> BTreeSet<usize> {
    let mut all = BTreeSet::new();
    for file in 0..draft.files.len() {
        // Most files have none, and need not be parsed twice.
        let Some(source) = draft.files.get(file).filter(|it| it.text.contains("templates:")) else {
            continue;
        };
        for (before, text) in node::documents(&source.text) {
            if let Ok(document) = node::parse(text, before)
                && super::is_alertmanager(&document)
            {
                mark(draft, file, &document, &mut all);
            }
        }
    }
    all
}

fn mark(draft: &mut Draft<'_>, file: usize, document: &Node, all: &mut BTreeSet<usize>) {
    let Some(Value::List(items)) = document.field("templates").map(|it| &it.value) else { return };
    let Some(path) = draft.files.get(file).map(|it| it.path.as_str()) else { return };
    let folder = path.rsplit_once('/').map_or("", |(it, _)| it);
    for item in items {
        let Value::Text(pattern) = &item.value else { continue };
        let files = draft.files.iter().enumerate();
        let named = files.filter(|(index, it)| *index != file && names(folder, pattern, &it.path));
        let named: Vec<usize> = named.map(|(index, _)| index).collect();
        if named.is_empty() {
            let (pattern, at) = (pattern.clone(), item.span);
            draft.report(file, &Mistake::NoTemplateFile { pattern, at });
        }
        all.extend(named);
    }
}

/// Whether a pattern in a file of `folder` names the file at `path`. A pattern that begins at the root of the disk
/// names a file whose folder it ends with.
fn names(folder: &str, pattern: &str, path: &str) -> bool {
    let whole = if pattern.starts_with('/') || folder.is_empty() {
        pattern.to_owned()
    } else {
        format!("{folder}/{pattern}")
    };
    let whole = normal(&whole);
    let (wanted_folder, wanted) = whole.rsplit_once('/').unwrap_or(("", &whole));
    let (found_folder, found) = path.rsplit_once('/').unwrap_or(("", path));
    let is_same = if pattern.starts_with('/') {
        let tail = wanted_folder.strip_suffix(found_folder);
        tail.is_some_and(|it| it.is_empty() || it.ends_with('/') || found_folder.is_empty())
    } else {
        wanted_folder == found_folder
    };
    is_same && matches(wanted.as_bytes(), found.as_bytes())
}

/// Without `.` and `..`, as far as names alone tell.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." if parts.last().is_some_and(|it| !it.is_empty() && *it != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Reads the files, then judges what was called.
pub(super) fn read(draft: &mut Draft<'_>, files: &BTreeSet<usize>) {
    for &file in files {
        let Some(source) = draft.files.get(file) else { continue };
        match parse(&source.text) {
            Ok(template) => {
                draft.spec.dispatch.templates.add(&template);
                for (at, name) in template.calls() {
                    let place = Place { file, span: Span { start: at, len: 1 } };
                    draft.alerts.calls.push((place, name.to_owned()));
                }
            }
            Err(error) => {
                let at = Span { start: error.at.min(source.text.len()), len: 1 };
                draft.report(file, &Mistake::BadNoticeTemplate { problem: error.message, at });
            }
        }
    }
    for (place, name) in std::mem::take(&mut draft.alerts.calls) {
        if !draft.spec.dispatch.templates.defines(&name) {
            let known = draft.spec.dispatch.templates.names();
            let label = crate::fields::did_you_mean(&name, known);
            let label = label.unwrap_or_else(|| "built-in words would be sent instead".to_owned());
            let at = place.span;
            draft.report(place.file, &Mistake::UndefinedTemplate { name, label, at });
        }
    }
}
