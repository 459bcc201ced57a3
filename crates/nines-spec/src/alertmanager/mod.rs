//! `alertmanager.yml`, read as it is: deprecated keys included, refused where Alertmanager refuses it.
//!
//! A document without `apiVersion`, told apart by its first level. Unknown keys are warnings; what nines cannot do is
//! an error that says so. It must not know how alerts are told.
//!
//! Source: Alertmanager 0.34, "Configuration".

mod global;
mod inhibition;
mod interval;
mod receiver;
mod requirement;
mod route;
mod setting;
mod templates;

use std::collections::BTreeSet;

use nines_alert::dispatch::{Route, Rules};
use nines_alert::syntax::{Warning, parse_matchers};
use nines_base::{MatchOp, Matcher};

use crate::draft::{Draft, Form, Noun, Page, Place};
use crate::fields::{Fields, Text};
use crate::mistake::Mistake;
use crate::node::{Node, Value};

pub use receiver::{IntegrationSpec, ReceiverSpec};

pub(crate) use global::{Global, default_of};
pub(crate) use interval::intervals;
pub(crate) use receiver::integrations;
pub(crate) use route::{group_by, named_intervals, shadow, sort, timing};
pub(crate) use templates::files as template_files;

/// The keys of the first level; some of these are in no other file.
const FILE_FIELDS: [&str; 8] = [
    "global",
    "route",
    "receivers",
    "inhibit_rules",
    "templates",
    "time_intervals",
    "mute_time_intervals",
    "tracing",
];

/// What is known while files about alerts are read.
#[derive(Debug, Default)]
pub(crate) struct AlertDraft {
    /// The first document of Alertmanager.
    pub(crate) file: Option<Place>,
    /// Its root.
    pub(crate) root: Option<Route>,
    /// Native routes, in the order of files and lines.
    pub(crate) native: Vec<Route>,
    /// Templates that texts call, and where.
    pub(crate) calls: Vec<(Place, String)>,
    /// Receivers that native routes name, and where.
    pub(crate) native_receivers: Vec<(String, Place)>,
    /// Where native receivers name their fallback.
    pub(crate) fallback_places: Vec<(String, Place)>,
    /// Receivers that routes name.
    pub(crate) used_receivers: BTreeSet<String>,
    /// Intervals that routes name.
    pub(crate) used_intervals: BTreeSet<String>,
}

/// Whether a document without `apiVersion` is Alertmanager's configuration. `global` alone is also Prometheus'.
pub(crate) fn is_alertmanager(document: &Node) -> bool {
    let Value::Map(entries) = &document.value else { return false };
    let has = |name: &str| entries.iter().any(|(key, _)| key.text == name);
    let is_shared = |it: &str| ["global", "tracing"].contains(&it);
    !has("apiVersion") && FILE_FIELDS.iter().any(|it| !is_shared(it) && has(it))
}

pub(crate) fn read(page: &mut Page<'_, '_>, document: &Node) {
    page.form = Form::Foreign;
    let Some(file) = page.fields(document, "an Alertmanager configuration", &FILE_FIELDS) else {
        return;
    };
    let place = page.place(file.at);
    if let Some(first) = page.draft.alerts.file {
        let first = page.draft.origin(first).to_string();
        page.report(&Mistake::SecondAlertmanager { first, at: place.span });
        return;
    }
    page.draft.alerts.file = Some(place);
    if file.get("tracing").is_some() {
        let (what, help) = ("`tracing`".to_owned(), "nines sends no traces of itself");
        page.report(&Mistake::Ignored { what, help, at: file.key("tracing") });
    }
    // The files are loaded before anything is read; here is only the form.
    page.texts(&file, "templates");
    let global = global::read(page, &file);
    page.draft.spec.dispatch.resolve_timeout = global.resolve_timeout;
    for field in ["mute_time_intervals", "time_intervals"] {
        if let Some(node) = file.get(field) {
            named(page, node, field);
        }
    }
    if let Some(node) = file.get("receivers") {
        for node in page.list(node, "`receivers`").unwrap_or_default() {
            receiver::read(page, node, &global);
        }
    }
    if let Some(node) = file.get("inhibit_rules") {
        for node in page.list(node, "`inhibit_rules`").unwrap_or_default() {
            if let Some(rule) = inhibition::read(page, node) {
                page.draft.spec.dispatch.inhibitions.push(rule);
            }
        }
    }
    let Some(root) = page.need(&file, "route", "route: {receiver: shop}") else {
        page.draft.has_gaps = true;
        return;
    };
    page.draft.alerts.root = route::root(page, root);
    page.draft.spec.alertmanager = Some(crate::shown(page.text()));
}

/// `- name: …` with `time_intervals`.
fn named(page: &mut Page<'_, '_>, node: &Node, field: &'static str) {
    for node in page.list(node, &format!("`{field}`")).unwrap_or_default() {
        let known = ["name", "time_intervals"];
        let Some(fields) = page.fields(node, "a time interval", &known) else { continue };
        let name = page.need(&fields, "name", "name: weekend");
        let name = name.and_then(|it| filled(page, it, "`name`"));
        let name = name.filter(|it| page.define(Noun::TimeInterval, it.text, it.span));
        let list = fields.get("time_intervals");
        let elements = list.map(|it| intervals(page, it)).unwrap_or_default();
        if let Some(name) = name {
            let intervals = &mut page.draft.spec.dispatch.intervals;
            intervals.insert(name.text.to_owned(), elements);
        }
    }
}

/// A text that says something.
pub(crate) fn filled<'n>(page: &mut Page<'_, '_>, node: &'n Node, what: &str) -> Option<Text<'n>> {
    let text = page.scalar(node, what)?;
    if text.text.is_empty() {
        page.report(&Mistake::BadName { name: String::new(), rule: "not empty", at: text.span });
        return None;
    }
    Some(text)
}

/// Matchers of the lists `fields[0]` (any syntax), and the deprecated mappings `fields[1]` and `fields[2]`.
///
/// Nothing when one of them is wrong: fewer conditions would match more.
pub(crate) fn matchers(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    [list, equal, regex]: [&'static str; 3],
) -> Option<Vec<Matcher>> {
    let mut all = Some(Vec::new());
    let mut add = |some: Option<Vec<Matcher>>| match (&mut all, some) {
        (Some(all), Some(some)) => all.extend(some),
        _ => all = None,
    };
    if let Some(node) = fields.get(list) {
        for node in page.list(node, &format!("`{list}`")).unwrap_or_default() {
            add(matcher_text(page, node));
        }
    }
    for (field, op) in [(equal, MatchOp::Equal), (regex, MatchOp::Regex)] {
        let Some(node) = fields.get(field) else { continue };
        if page.fields(node, field, &[]).is_none() {
            add(None);
            continue;
        }
        let Value::Map(entries) = &node.value else { continue };
        for (key, value) in entries {
            let value = page.scalar(value, &format!("label `{}`", key.text));
            let Some(value) = value else {
                add(None);
                continue;
            };
            match Matcher::new(&key.text, op, value.text) {
                Ok(matcher) if !key.text.is_empty() => add(Some(vec![matcher])),
                Ok(_) => {
                    page.report(&Mistake::BadLabelName { name: key.text.clone(), at: key.span });
                    add(None);
                }
                Err(error) => {
                    let why = error.source.to_string();
                    let why = why.lines().last().unwrap_or("").trim_start_matches("error: ");
                    let problem = format!("{error}: {why}");
                    page.report(&Mistake::BadMatcherText { problem, at: value.span });
                    add(None);
                }
            }
        }
    }
    let mut all = all?;
    sort(&mut all);
    Some(all)
}

/// One text, which may hold several matchers.
pub(crate) fn matcher_text(page: &mut Page<'_, '_>, node: &Node) -> Option<Vec<Matcher>> {
    let text = page.scalar(node, "a matcher")?;
    match parse_matchers(text.text) {
        Ok(parsed) => {
            if let Some(warning) = parsed.warning {
                let (problem, better) = match warning {
                    Warning::ClassicOnly { problem, better } => (
                        format!("only the classic syntax of matchers knows this: {problem}"),
                        better,
                    ),
                    Warning::Disagreement { other, better } => {
                        (format!("this could also mean {other}"), better)
                    }
                };
                let (help, at) = (format!("write `{better}`"), text.span);
                page.report(&Mistake::ClassicMatcher { problem, help, at });
            }
            Some(parsed.matchers)
        }
        Err(error) => {
            let part = crate::finding::Span { start: error.at, len: 1 };
            let at = page.inside(text.span, text.text, part);
            page.report(&Mistake::BadMatcherText { problem: error.to_string(), at });
            None
        }
    }
}

/// Puts both sources into one tree, now that everything is read: native routes are asked first, then those of
/// `alertmanager.yml`, whose root hears the rest. So the keys of its groups are those that Alertmanager writes.
pub(crate) fn join(draft: &mut Draft<'_>, template_files: &BTreeSet<usize>) {
    templates::read(draft, template_files);
    let native = std::mem::take(&mut draft.alerts.native);
    if !native.is_empty() {
        // It is not the whole of what decides.
        draft.spec.alertmanager = None;
    }
    let mut root = draft.alerts.root.take().unwrap_or_else(|| Rules::default().root);
    root.children.splice(..0, native);
    draft.spec.dispatch.root = root;
    let teams = draft.spec.teams.iter();
    let longest = teams.filter_map(|it| Some((it.name.clone(), it.silence_max?))).collect();
    draft.spec.dispatch.silence_limits.longest_of_team = longest;
}
