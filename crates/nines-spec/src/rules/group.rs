//! Rule files: groups and their rules.

use std::collections::{BTreeMap, BTreeSet};

use nines_alert::rule::{AlertRule, Rule, RuleGroup, RuleKind, parse_template};
use nines_alert::template::Template;
use nines_base::METRIC_NAME;
use nines_promql::{Query, QueryError, check};

use crate::draft::Page;
use crate::fields::{Fields, Text};
use crate::finding::{Span, line_and_column};
use crate::mistake::Mistake;
use crate::node::{Key, Node, Value};
use crate::query::suspect;

const GROUP_FIELDS: [&str; 6] = ["name", "interval", "query_offset", "limit", "labels", "rules"];
const RULE_FIELDS: [&str; 7] =
    ["record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"];
/// The most labels, and the most annotations, of one rule.
const PAIRS_MAX: usize = 64;

/// `groups: …`; what is not understood is left out.
pub(super) fn read(page: &mut Page<'_, '_>, document: &Node) {
    let Some(fields) = page.fields(document, "a rule file", &["groups"]) else { return };
    let Some(groups) = fields.get("groups") else { return };
    let mut names: BTreeMap<String, Span> = BTreeMap::new();
    for node in page.list(groups, "`groups`").unwrap_or_default() {
        if let Some(group) = group(page, node, &mut names) {
            page.draft.spec.rule_groups.push(group);
        }
    }
}

fn group(
    page: &mut Page<'_, '_>,
    node: &Node,
    names: &mut BTreeMap<String, Span>,
) -> Option<RuleGroup> {
    let fields = page.fields(node, "a rule group", &GROUP_FIELDS)?;
    let name = page.need(&fields, "name", "name: shop");
    let name = name.and_then(|it| filled(page, it, "`name`"));
    let name = name.filter(|it| is_free(page, *it, names));
    let interval = page.maybe_duration(&fields, "interval").unwrap_or_default();
    let query_offset = page.maybe_duration(&fields, "query_offset");
    let limit = limit(page, &fields);
    let shared: BTreeMap<_, _> = pairs(page, &fields, "labels").into_iter().collect();
    let mut rules = Vec::new();
    let mut seen = BTreeSet::new();
    let nodes = fields.get("rules").and_then(|it| page.list(it, "`rules`")).unwrap_or_default();
    for node in nodes {
        if let Some((rule, at)) = rule(page, node, &shared) {
            let identity = (rule.name.clone(), rule.labels.clone(), rule.as_alert().is_some());
            let is_repeated = !seen.insert((identity, rule.query.text().to_owned()));
            if is_repeated || is_twin(&rules, &rule) {
                page.report(&Mistake::DuplicateRule { name: rule.name.clone(), at });
            }
            rules.push(rule);
        }
    }
    Some(RuleGroup {
        name: name?.text.to_owned(),
        file: page.file_path().to_owned(),
        interval,
        query_offset: query_offset.unwrap_or(super::settings::OFFSET_UNSET),
        limit,
        rules,
        origin: page.origin(fields.at),
    })
}

/// 0 for no limit, and so is everything below.
fn limit(page: &mut Page<'_, '_>, fields: &Fields<'_>) -> usize {
    if let Some(Node { value: Value::Number(text), span }) = fields.get("limit")
        && text.parse::<i64>().is_ok_and(|it| it < 0)
    {
        let (what, help) = ("a `limit` below 0".to_owned(), "leave it out for no limit");
        page.report(&Mistake::Ignored { what, help, at: *span });
        return 0;
    }
    let limit = page.whole_number(fields, "limit", 0, u32::MAX).unwrap_or(0);
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// Two recording rules that write the same series.
fn is_twin(rules: &[Rule], rule: &Rule) -> bool {
    let is_same =
        |it: &&Rule| it.name == rule.name && it.labels == rule.labels && it.as_alert().is_none();
    rule.as_alert().is_none() && rules.iter().any(|it| is_same(&it))
}

/// Names of groups are unique in their file only.
fn is_free(page: &mut Page<'_, '_>, name: Text<'_>, names: &mut BTreeMap<String, Span>) -> bool {
    if let Some(first) = names.get(name.text).copied() {
        let (line, _) = line_and_column(page.text(), first.start);
        let first = format!("line {line}");
        let (noun, name_text) = ("rule group", name.text.to_owned());
        page.report(&Mistake::DuplicateName { noun, name: name_text, first, at: name.span });
        return false;
    }
    names.insert(name.text.to_owned(), name.span);
    true
}

fn rule(
    page: &mut Page<'_, '_>,
    node: &Node,
    shared: &BTreeMap<String, Text<'_>>,
) -> Option<(Rule, Span)> {
    let fields = page.fields(node, "a rule", &RULE_FIELDS)?;
    let name = name(page, &fields);
    let query = page.need(&fields, "expr", "expr: up == 0");
    let query = query.and_then(|it| match &it.value {
        // A metric may be called so.
        Value::Bool(text) => Some(Text { text, span: it.span }),
        _ => page.scalar(it, "`expr`"),
    });
    let query = query.and_then(|it| expression(page, it));
    let is_alert = fields.get("alert").is_some();
    let own = pairs(page, &fields, "labels");
    let mut labels = shared.clone();
    labels.extend(own);
    let kind = if is_alert {
        RuleKind::Alert(alert(page, &fields, &labels)?)
    } else {
        only_for_alerts(page, &fields);
        RuleKind::Record
    };
    let name = name?;
    let labels = labels.into_iter().map(|(name, it)| (name, it.text.to_owned())).collect();
    let origin = page.origin(name.span);
    Some((Rule { name: name.text.to_owned(), query: query?, kind, labels, origin }, name.span))
}

/// `record` or `alert`, one of them.
fn name<'n>(page: &mut Page<'_, '_>, fields: &Fields<'n>) -> Option<Text<'n>> {
    let (record, alert) = (fields.get("record"), fields.get("alert"));
    match (record, alert) {
        (Some(_), Some(_)) => {
            let (owner, one, other, at) = ("a rule", "record", "alert", fields.key("alert"));
            page.report(&Mistake::Conflict { owner, one, other, at });
            None
        }
        (Some(node), None) => {
            let name = page.scalar(node, "`record`")?;
            if is_metric_name(name.text) {
                return Some(name);
            }
            page.report(&Mistake::BadMetricName { name: name.text.to_owned(), at: name.span });
            None
        }
        (None, _) => {
            let node = page.need(fields, "alert", "alert: InstanceDown` or `record: job:up:sum")?;
            filled(page, node, "`alert`")
        }
    }
}

/// A text that says something.
fn filled<'n>(page: &mut Page<'_, '_>, node: &'n Node, what: &str) -> Option<Text<'n>> {
    let text = page.scalar(node, what)?;
    if text.text.is_empty() {
        let rule = "not empty";
        page.report(&Mistake::BadName { name: String::new(), rule, at: text.span });
        return None;
    }
    Some(text)
}

fn alert(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    labels: &BTreeMap<String, Text<'_>>,
) -> Option<AlertRule> {
    let hold = page.maybe_duration(fields, "for").unwrap_or_default();
    let keep_firing = page.maybe_duration(fields, "keep_firing_for").unwrap_or_default();
    let annotations: BTreeMap<_, _> = pairs(page, fields, "annotations").into_iter().collect();
    let label_templates = templates(page, labels);
    let annotations = templates(page, &annotations);
    Some(AlertRule {
        hold,
        keep_firing,
        label_templates: label_templates?,
        annotations: annotations?,
    })
}

fn templates(
    page: &mut Page<'_, '_>,
    texts: &BTreeMap<String, Text<'_>>,
) -> Option<Vec<(String, Template)>> {
    let read: Vec<_> = texts
        .iter()
        .map(|(name, text)| match parse_template(text.text) {
            Ok(template) => Some((name.clone(), template)),
            Err(error) => {
                let at = page.inside(text.span, text.text, Span { start: error.at, len: 1 });
                page.report(&Mistake::BadTemplate { problem: error.message, at });
                None
            }
        })
        .collect();
    read.into_iter().collect()
}

fn only_for_alerts(page: &mut Page<'_, '_>, fields: &Fields<'_>) {
    for field in ["for", "keep_firing_for", "annotations"] {
        let is_given = match fields.get(field).map(|it| &it.value) {
            None => false,
            // A length of nothing says nothing.
            Some(Value::Text(text) | Value::Number(text)) => {
                !matches!(text.as_str(), "0" | "0s" | "0m")
            }
            Some(Value::Map(entries)) => !entries.is_empty(),
            Some(_) => true,
        };
        if is_given {
            page.report(&Mistake::OnlyForAlerts { field, at: fields.key(field) });
        }
    }
}

/// A PromQL expression.
pub(super) fn expression(page: &mut Page<'_, '_>, text: Text<'_>) -> Option<Query> {
    let error = match check(text.text) {
        Ok(query) => return Some(query),
        Err(error) => error,
    };
    let (problem, place) = match error {
        QueryError::Parse { message, at: Some(at) } => (message, Span { start: at, len: 1 }),
        QueryError::Parse { message, at: None } => {
            let place = suspect(text.text, &message);
            (message, place)
        }
        other => (other.to_string(), Span { start: 0, len: text.text.len() }),
    };
    let at = page.inside(text.span, text.text, place);
    page.report(&Mistake::BadExpression { problem, at });
    None
}

/// Names and texts of labels or annotations; numbers and booleans are taken as they were written.
pub(super) fn pairs<'n>(
    page: &mut Page<'_, '_>,
    fields: &Fields<'n>,
    field: &'static str,
) -> Vec<(String, Text<'n>)> {
    let Some(node) = fields.get(field) else { return Vec::new() };
    if page.fields(node, field, &[]).is_none() {
        return Vec::new();
    }
    let Value::Map(entries) = &node.value else { return Vec::new() };
    page.check_length(entries.len(), 0, PAIRS_MAX, field, node.anchor());
    entries
        .iter()
        .take(PAIRS_MAX)
        .filter_map(|(key, value)| pair(page, field, key, value))
        .collect()
}

fn pair<'n>(
    page: &mut Page<'_, '_>,
    field: &str,
    key: &Key,
    value: &'n Node,
) -> Option<(String, Text<'n>)> {
    let is_allowed = field == "annotations" && key.text == METRIC_NAME;
    if !is_allowed && !is_label_name(&key.text) {
        page.report(&Mistake::BadLabelName { name: key.text.clone(), at: key.span });
        return None;
    }
    let text = match &value.value {
        Value::Bool(text) => Text { text, span: value.span },
        Value::Null => Text { text: "", span: value.span },
        _ => page.scalar(value, &format!("`{}`", key.text))?,
    };
    Some((key.text.clone(), text))
}

/// Rules may set any label but the metric's name.
fn is_label_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|it| it.is_ascii_alphabetic() || it == '_')
        && characters.all(|it| it.is_ascii_alphanumeric() || it == '_')
        && text != METRIC_NAME
}

fn is_metric_name(text: &str) -> bool {
    let is_start = |it: char| it.is_ascii_alphabetic() || matches!(it, '_' | ':');
    text.starts_with(is_start) && text.chars().all(|it| is_start(it) || it.is_ascii_digit())
}
