//! `route`: the tree, with everything inherited.

use nines_alert::dispatch::{GroupBy, Route, Timing};
use nines_base::{MatchOp, Matcher};

use super::{filled, matchers};
use crate::draft::{Noun, Page};
use crate::fields::Fields;
use crate::finding::Span;
use crate::mistake::Mistake;
use crate::node::Node;

/// How deep routes may be nested; YAML may be nested as deep.
const DEPTH_MAX: usize = 20;
/// The word that stands for all labels.
const ALL: &str = "...";

const FIELDS: [&str; 12] = [
    "receiver",
    "group_by",
    "matchers",
    "match",
    "match_re",
    "continue",
    "routes",
    "group_wait",
    "group_interval",
    "repeat_interval",
    "mute_time_intervals",
    "active_time_intervals",
];

/// What children have without saying it.
#[derive(Debug, Clone)]
struct Inherited {
    receiver: Option<String>,
    group_by: GroupBy,
    timing: Timing,
}

/// The root has everything, and matches everything.
pub(super) fn root(page: &mut Page<'_, '_>, node: &Node) -> Option<Route> {
    let fields = page.fields(node, "a route", &FIELDS)?;
    for (field, problem) in [
        ("matchers", "the root of the routes has conditions"),
        ("match", "the root of the routes has conditions"),
        ("match_re", "the root of the routes has conditions"),
        ("mute_time_intervals", "the root of the routes has time intervals"),
        ("active_time_intervals", "the root of the routes has time intervals"),
    ] {
        let says = |it: &Node| match &it.value {
            crate::node::Value::List(items) => !items.is_empty(),
            crate::node::Value::Map(entries) => !entries.is_empty(),
            _ => true,
        };
        if fields.get(field).is_some_and(says) {
            let help = format!("take `{field}` out, or put it into a child under `routes`");
            let (problem, at) = (problem.to_owned(), fields.key(field));
            page.report(&Mistake::BadRoot { problem, help, at });
        }
    }
    if page.boolean(&fields, "continue") == Some(true) {
        let problem = "the root of the routes continues".to_owned();
        let help = "take `continue` out: the root has no siblings".to_owned();
        page.report(&Mistake::BadRoot { problem, help, at: fields.key("continue") });
    }
    if fields.get("receiver").is_none() {
        let problem = "the root of the routes names no receiver".to_owned();
        let help = "add `receiver: NAME`; it hears of all that no other route takes".to_owned();
        page.report(&Mistake::BadRoot { problem, help, at: fields.at });
    }
    let inherited = Inherited {
        receiver: None,
        group_by: GroupBy::Labels(Vec::new()),
        timing: Timing::default(),
    };
    let mut root = read(page, &fields, &inherited, 0)?;
    // Mistakes were told; nothing of an alert may get lost.
    root.matchers.clear();
    root.mute_intervals.clear();
    root.active_intervals.clear();
    root.continues = false;
    Some(root)
}

fn read(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    parent: &Inherited,
    depth: usize,
) -> Option<Route> {
    if depth == DEPTH_MAX {
        let (what, range) = ("a tree of routes".to_owned(), format!("at most {DEPTH_MAX} levels"));
        page.report(&Mistake::BadLength { what, range, found: depth + 1, at: fields.at });
        return None;
    }
    let matchers = matchers(page, fields, ["matchers", "match", "match_re"]);
    let receiver = fields.get("receiver").and_then(|it| filled(page, it, "`receiver`"));
    if let Some(receiver) = receiver {
        let consequence = "alerts of this route would reach nobody";
        page.refer(Noun::Receiver, receiver.text, receiver.span, consequence);
        page.draft.alerts.used_receivers.insert(receiver.text.to_owned());
    }
    let receiver = receiver.map(|it| it.text.to_owned()).or_else(|| parent.receiver.clone());
    let inherited = Inherited {
        receiver,
        group_by: group_by(page, fields, "group_by").unwrap_or_else(|| parent.group_by.clone()),
        timing: timing(page, fields, parent.timing),
    };
    let mute_intervals = named_intervals(page, fields, "mute_time_intervals");
    let active_intervals = named_intervals(page, fields, "active_time_intervals");
    let continues = match depth {
        0 => false,
        _ => page.boolean(fields, "continue").unwrap_or(false),
    };
    let mut children = Vec::new();
    if let Some(node) = fields.get("routes") {
        for node in page.list(node, "`routes`").unwrap_or_default() {
            if let Some(fields) = page.fields(node, "a route", &FIELDS)
                && let Some(child) = read(page, &fields, &inherited, depth + 1)
            {
                shadow(page, &children, fields.at);
                children.push(child);
            }
        }
    }
    Some(Route {
        matchers: matchers?,
        receiver: inherited.receiver.unwrap_or_default(),
        group_by: inherited.group_by,
        timing: inherited.timing,
        mute_intervals,
        active_intervals,
        continues,
        leading_edge: false,
        children,
        origin: page.origin(fields.at),
    })
}

/// A route behind a sibling that takes everything.
pub(crate) fn shadow(page: &mut Page<'_, '_>, before: &[Route], at: Span) {
    let takes_all = |it: &&Route| it.matchers.is_empty() && !it.continues;
    if let Some(first) = before.iter().find(takes_all) {
        let before = first.origin.to_string();
        page.report(&Mistake::ShadowedRoute { before, at });
    }
}

/// By name, operator and value, as keys of groups have them.
pub(crate) fn sort(matchers: &mut [Matcher]) {
    let rank = |it: &Matcher| match it.op() {
        MatchOp::Equal => 0,
        MatchOp::NotEqual => 1,
        MatchOp::Regex => 2,
        MatchOp::NotRegex => 3,
    };
    matchers.sort_by(|one, other| {
        one.name()
            .cmp(other.name())
            .then_with(|| one.value().cmp(other.value()))
            .then_with(|| rank(one).cmp(&rank(other)))
    });
}

/// What tells groups apart; an empty list says that nothing does.
pub(crate) fn group_by(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    field: &'static str,
) -> Option<GroupBy> {
    let node = fields.get(field)?;
    let items = page.list(node, &format!("`{field}`"))?;
    let mut labels: Vec<String> = Vec::new();
    for item in items {
        let Some(text) = page.scalar(item, "a label's name") else { continue };
        let problem = if text.text.is_empty() {
            Some("a label has no name".to_owned())
        } else if labels.iter().any(|it| it == text.text) {
            Some(format!("label `{}` is listed twice", text.text))
        } else {
            None
        };
        if let Some(problem) = problem {
            page.report(&Mistake::BadGroupBy { problem, at: text.span });
            continue;
        }
        labels.push(text.text.to_owned());
    }
    if labels.iter().any(|it| it == ALL) {
        if 1 < labels.len() {
            let problem =
                "`...` stands for all labels, and other labels stand beside it".to_owned();
            page.report(&Mistake::BadGroupBy { problem, at: node.anchor() });
        }
        return Some(GroupBy::All);
    }
    Some(GroupBy::Labels(labels))
}

/// When groups speak; only the first wait may be nothing.
pub(crate) fn timing(page: &mut Page<'_, '_>, fields: &Fields<'_>, parent: Timing) -> Timing {
    let mut length = |field: &'static str| {
        let length = page.maybe_duration(fields, field)?;
        if length.is_zero() && field != "group_wait" {
            page.report(&Mistake::ZeroTime { field, at: fields.key(field) });
            return None;
        }
        Some(length)
    };
    Timing {
        wait: length("group_wait").unwrap_or(parent.wait),
        interval: length("group_interval").unwrap_or(parent.interval),
        repeat: length("repeat_interval").unwrap_or(parent.repeat),
    }
}

/// Names of time intervals.
pub(crate) fn named_intervals(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    field: &'static str,
) -> Vec<String> {
    let mut names = Vec::new();
    for text in page.texts(fields, field) {
        let consequence = "the route would be silent at the wrong times";
        page.refer(Noun::TimeInterval, text.text, text.span, consequence);
        page.draft.alerts.used_intervals.insert(text.text.to_owned());
        names.push(text.text.to_owned());
    }
    names
}
