//! Runbooks: Markdown files with front matter. The steps themselves are read by `nines-runbook`.
//!
//! A Markdown file is a runbook when its front matter says `kind: Runbook`, or when it lies in a folder
//! `runbooks`; every other one is prose.

use std::collections::BTreeMap;

use nines_base::Origin;
use nines_runbook::Runbook;
use sha2::{Digest, Sha256};

use crate::draft::{Noun, Page};
use crate::fields::Fields;
use crate::finding::{Span, line_and_column};
use crate::hex::hex;
use crate::mistake::Mistake;
use crate::node::{self, Value};
use crate::source::SourceFile;
use crate::values::is_name;

const FIELDS: [&str; 8] =
    ["apiVersion", "kind", "name", "title", "owner", "services", "inputs", "metadata"];
/// The most inputs of one runbook.
const INPUTS_MAX: usize = 50;

/// The front matter, its place, and the rest.
struct Parts<'a> {
    front: Option<(usize, &'a str)>,
    body_at: usize,
    body: &'a str,
}

/// Whether a Markdown file is a runbook, with mistakes or without.
pub(crate) fn is_runbook(file: &SourceFile) -> bool {
    let front = || split(&file.text)?.front.and_then(|(at, text)| node::parse(text, at).ok());
    is_in_folder(file) || front().is_some_and(|it| kind(&it) == Some("Runbook"))
}

fn is_in_folder(file: &SourceFile) -> bool {
    file.path.split('/').rev().skip(1).any(|it| it == "runbooks")
}

/// Reads a Markdown file, if it is a runbook.
pub(crate) fn read(page: &mut Page<'_, '_>) {
    let Some(file) = page.draft.files.get(page.file) else { return };
    let is_in_folder = is_in_folder(file);
    let Some(parts) = split(&file.text) else {
        if is_in_folder {
            page.report(&Mistake::OpenFrontMatter { at: Span { start: 0, len: 3 } });
        }
        return;
    };
    let front = parts.front.map(|(at, text)| node::parse(text, at));
    let says_so = matches!(&front, Some(Ok(it)) if kind(it) == Some("Runbook"));
    if !is_in_folder && !says_so {
        return;
    }
    let front = match front {
        Some(Ok(it)) => Some(it),
        Some(Err(error)) => {
            page.report(&Mistake::Syntax { problem: error.problem, at: error.at });
            None
        }
        None => None,
    };
    let stem = file.path.rsplit('/').next().unwrap_or("").rsplit_once('.').map_or("", |(it, _)| it);
    let name_at = Span { start: 0, len: 0 };
    if !is_name(stem) {
        let rule = "1 to 63 letters, digits, `-`, `_` or `.`; rename the file";
        page.report(&Mistake::BadName { name: stem.to_owned(), rule, at: name_at });
    } else if page.define(Noun::Runbook, stem, name_at) {
        keep(page, stem, front.as_ref(), &parts);
    }
}

fn keep(page: &mut Page<'_, '_>, name: &str, front: Option<&node::Node>, parts: &Parts<'_>) {
    let Some(file) = page.draft.files.get(page.file) else { return };
    let (first_line, _) = line_and_column(&file.text, parts.body_at);
    let fields = front.filter(|it| it.value != Value::Null);
    let fields = fields.and_then(|it| page.fields(it, "a runbook's front matter", &FIELDS));
    let title = fields.as_ref().and_then(|it| page.maybe(it, "title")).map(|it| it.text.to_owned());
    let title = title.or_else(|| heading(parts.body)).unwrap_or_else(|| name.to_owned());
    let services = fields.as_ref().map(|it| services(page, it)).unwrap_or_default();
    let inputs = fields.as_ref().map(|it| inputs(page, it)).unwrap_or_default();
    if let Some(fields) = &fields {
        page.maybe(fields, "owner");
    }
    let (steps, findings) = nines_runbook::parse(parts.body, first_line);
    for finding in findings {
        let at = line_span(&file.text, finding.line);
        let (problem, help) = (finding.message, finding.help);
        page.report(&Mistake::RunbookStep { problem, help, at });
    }
    page.draft.spec.runbooks.push(Runbook {
        name: name.to_owned(),
        title,
        services,
        inputs,
        steps,
        markdown: parts.body.to_owned(),
        digest: hex(&Sha256::digest(file.text.as_bytes())),
        origin: Origin { file: file.path.clone(), line: 1 },
    });
}

fn services(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> Vec<String> {
    let services = page.texts(fields, "services");
    for it in &services {
        page.refer(Noun::Service, it.text, it.span, "this runbook is never offered for it");
    }
    services.iter().map(|it| it.text.to_owned()).collect()
}

/// Names that a shell takes as environment variables, with their defaults.
fn inputs(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> BTreeMap<String, String> {
    let mut inputs = BTreeMap::new();
    let Some(node) = fields.get("inputs") else { return inputs };
    if page.fields(node, "inputs", &[]).is_none() {
        return inputs;
    }
    let Value::Map(entries) = &node.value else { return inputs };
    page.check_length(entries.len(), 0, INPUTS_MAX, "`inputs`", node.anchor());
    for (key, value) in entries.iter().take(INPUTS_MAX) {
        let is_start = |it: char| it.is_ascii_alphabetic() || it == '_';
        let is_variable = key.text.starts_with(is_start)
            && key.text.chars().all(|it| is_start(it) || it.is_ascii_digit());
        if !is_variable {
            let rule = "letters, digits and `_`, because it becomes an environment variable";
            page.report(&Mistake::BadName { name: key.text.clone(), rule, at: key.span });
        } else if value.value == Value::Null {
            inputs.insert(key.text.clone(), String::new());
        } else if let Some(value) = page.scalar(value, "an input's default") {
            inputs.insert(key.text.clone(), value.text.to_owned());
        }
    }
    inputs
}

fn kind(front: &node::Node) -> Option<&str> {
    let Value::Map(entries) = &front.value else { return None };
    let (_, value) = entries.iter().find(|(key, _)| key.text == "kind")?;
    match &value.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// Front matter lies between two lines `---`, the first of which is the first of the file.
fn split(text: &str) -> Option<Parts<'_>> {
    let is_fence = |line: &str| line.trim_end() == "---";
    let mut lines = text.split_inclusive('\n');
    let Some(first) = lines.next().filter(|it| is_fence(it)) else {
        return Some(Parts { front: None, body_at: 0, body: text });
    };
    let mut at = first.len();
    for line in lines {
        if is_fence(line) {
            let front = text.get(first.len()..at)?;
            let body_at = at + line.len();
            let front = Some((first.len(), front));
            return Some(Parts { front, body_at, body: text.get(body_at..)? });
        }
        at += line.len();
    }
    None
}

/// The first `# Heading`.
fn heading(markdown: &str) -> Option<String> {
    let line = markdown.lines().find_map(|it| it.strip_prefix("# "))?;
    Some(line.trim().to_owned()).filter(|it| !it.is_empty())
}

/// All of a line that counts from 1, without its end.
fn line_span(text: &str, line: u32) -> Span {
    let index = usize::try_from(line).unwrap_or(1).saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(index).map(str::len).sum();
    let len = text.lines().nth(index).map_or(0, |it| it.trim_end().len());
    Span { start, len }
}
