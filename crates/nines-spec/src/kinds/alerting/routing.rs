//! Kind `Routing`: from an alert's labels to people and receivers.

use jiff::SignedDuration;
use nines_alert::dispatch::{GroupBy, Integration, Receiver, Route, Timing};

use crate::alertmanager::{group_by, named_intervals, shadow, sort, timing};
use crate::draft::{Noun, Page};
use crate::fields::{Fields, LIST_MAX};
use crate::mistake::Mistake;
use crate::node::Node;
use crate::shape::{DURATION, Field, Shape, Type};

use super::super::Envelope;
use super::{INTERVALS, MATCH};

/// What the names of receivers begin with that stand for escalations.
const ESCALATION_PREFIX: &str = "escalation/";

pub(crate) static SPEC: Shape = Shape::new(
    "Routing spec",
    &[
        Field::new(
            "routes",
            Type::List { of: &Type::Map(&ROUTE), min: 0, max: LIST_MAX },
            "Tried in order; the first that matches decides.",
        )
        .needed("routes: [{escalation: shop-primary}]"),
        Field::new(
            "last_resort",
            Type::Map(&LAST_RESORT),
            "Who hears what could not be delivered in any other way.",
        ),
    ],
);
static LAST_RESORT: Shape = Shape::new(
    "last_resort",
    &[
        Field::new("escalation", Type::Text, "People, by this escalation."),
        Field::new("receiver", Type::Text, "The integrations of this receiver."),
    ],
)
.one_of(&["escalation", "receiver"]);

/// The fields of a route, and of routes within it.
macro_rules! route_fields {
    ($($more:expr),*) => {
        [
            Field::new(
                "match",
                MATCH,
                "Conditions on the alert's labels; without them every alert matches.",
            ),
            Field::new("escalation", Type::Text, "Who is told: people, by this escalation."),
            Field::new("receiver", Type::Text, "Who is told: the integrations of this receiver."),
            Field::new(
                "group_by",
                Type::List { of: &Type::Text, min: 0, max: LIST_MAX },
                "Alerts with equal values of these labels are told together; `[]` is all of them.",
            )
            .default("each alert by itself"),
            Field::new("group_wait", Type::Like(&DURATION), "How long a group waits for others.")
                .default("0s, with `group_by` 30s"),
            Field::new("group_interval", Type::Like(&DURATION), "How often a group may speak.")
                .default("5m"),
            Field::new("repeat_interval", Type::Like(&DURATION), "When it says the same again.")
                .default("4h"),
            Field::new(
                "leading_edge",
                Type::Boolean,
                "Whether the first alert of a group is told at once, before `group_wait`.",
            )
            .default("true"),
            Field::new("mute_time_intervals", INTERVALS, "When the route is silent."),
            Field::new("active_time_intervals", INTERVALS, "Outside of these it is silent."),
            Field::new("continue", Type::Boolean, "Whether the next route is asked too.")
                .default("false"),
            $($more),*
        ]
    };
}

/// A field with further routes.
macro_rules! routes {
    ($shape:expr) => {
        Field::new(
            "routes",
            Type::List { of: &Type::Map($shape), min: 0, max: LIST_MAX },
            "Asked in order, before this one; what they do not say they have from here.",
        )
    };
}

static ROUTE: Shape = Shape::new("a route", &route_fields!(routes!(&CHILD)));
static CHILD: Shape = Shape::new("a route", &route_fields!(routes!(&GRANDCHILD)));
static GRANDCHILD: Shape = Shape::new("a route", &route_fields!());
/// From the top; deeper trees are better told by more labels.
static LEVELS: [&Shape; 3] = [&ROUTE, &CHILD, &GRANDCHILD];

/// What routes within a route have without saying it.
#[derive(Debug, Clone)]
struct Inherited {
    receiver: Option<String>,
    group_by: Option<GroupBy>,
    timing: Option<Timing>,
    leading_edge: bool,
}

pub(crate) fn read(page: &mut Page<'_, '_>, document: &Envelope<'_>) {
    let Some(spec) = page.shape(document.spec, &SPEC) else { return };
    last_resort(page, &spec);
    let Some(routes) = page.needed(&spec, "routes") else { return };
    let inherited = Inherited { receiver: None, group_by: None, timing: None, leading_edge: true };
    for node in page.list(routes, "`routes`").unwrap_or_default() {
        let Some(route) = route(page, node, &inherited, 0) else { continue };
        let mut native = std::mem::take(&mut page.draft.alerts.native);
        shadow(page, &native, node.anchor());
        native.push(route);
        page.draft.alerts.native = native;
    }
}

fn last_resort(page: &mut Page<'_, '_>, spec: &Fields<'_>) {
    let Some(node) = spec.get("last_resort") else { return };
    let Some(fields) = page.shape(node, &LAST_RESORT) else { return };
    if page.chosen(&fields).is_none() {
        return;
    }
    let told = told(page, &fields, "what could not be delivered would be lost");
    if let Some(receiver) = told
        && page.define(Noun::Setting, "last_resort", spec.key("last_resort"))
    {
        page.draft.spec.fallbacks.last_resort = Some(receiver);
    }
}

/// The receiver, and the escalation that it stands for.
fn told(page: &mut Page<'_, '_>, fields: &Fields<'_>, consequence: &'static str) -> Option<String> {
    if !page.apart(fields, "escalation", "receiver") {
        return None;
    }
    if let Some(text) = page.maybe(fields, "escalation") {
        page.refer(Noun::Escalation, text.text, text.span, consequence);
        let name = format!("{ESCALATION_PREFIX}{}", text.text);
        let receiver = Receiver {
            name: name.clone(),
            integrations: vec![Integration::escalation(text.text)],
            origin: page.origin(text.span),
        };
        page.draft.spec.dispatch.receivers.entry(name.clone()).or_insert(receiver);
        return Some(name);
    }
    let text = page.maybe(fields, "receiver")?;
    page.refer(Noun::Receiver, text.text, text.span, consequence);
    page.draft.alerts.used_receivers.insert(text.text.to_owned());
    let place = page.place(text.span);
    page.draft.alerts.native_receivers.push((text.text.to_owned(), place));
    Some(text.text.to_owned())
}

fn route(page: &mut Page<'_, '_>, node: &Node, parent: &Inherited, level: usize) -> Option<Route> {
    let fields = page.shape(node, LEVELS.get(level)?)?;
    let matchers = match fields.get("match") {
        Some(it) => page.matchers(it),
        None => Some(Vec::new()),
    };
    let consequence = "an alert of this route would reach nobody";
    let is_named = fields.get("escalation").or_else(|| fields.get("receiver")).is_some();
    let told = told(page, &fields, consequence);
    if !is_named && parent.receiver.is_none() {
        let (owner, field, at) = ("a route", "escalation", fields.at);
        let example = "escalation: shop-primary` or `receiver: shop-chat";
        page.report(&Mistake::MissingField { owner, field, example, at });
    }
    let receiver = told.or_else(|| parent.receiver.clone());
    let group_by = group_by(page, &fields, "group_by").or_else(|| parent.group_by.clone());
    // Who waits for nobody need not wait.
    let wait = match &group_by {
        None | Some(GroupBy::All) => SignedDuration::ZERO,
        Some(GroupBy::Labels(_)) => Timing::default().wait,
    };
    let timing =
        timing(page, &fields, parent.timing.unwrap_or(Timing { wait, ..Timing::default() }));
    let leading_edge = page.boolean(&fields, "leading_edge").unwrap_or(parent.leading_edge);
    let inherited = Inherited { receiver, group_by, timing: Some(timing), leading_edge };
    let mute_intervals = named_intervals(page, &fields, "mute_time_intervals");
    let active_intervals = named_intervals(page, &fields, "active_time_intervals");
    let continues = page.boolean(&fields, "continue").unwrap_or(false);
    let mut children = Vec::new();
    if let Some(node) = fields.get("routes") {
        for node in page.list(node, "`routes`").unwrap_or_default() {
            if let Some(child) = route(page, node, &inherited, level + 1) {
                shadow(page, &children, node.anchor());
                children.push(child);
            }
        }
    }
    let Inherited { receiver, group_by, .. } = inherited;
    let (Some(mut matchers), Some(receiver)) = (matchers, receiver) else {
        page.draft.has_broken_routes = true;
        return None;
    };
    sort(&mut matchers);
    Some(Route {
        matchers,
        receiver,
        group_by: group_by.unwrap_or(GroupBy::All),
        timing,
        mute_intervals,
        active_intervals,
        continues,
        leading_edge,
        children,
        origin: page.origin(fields.at),
    })
}
