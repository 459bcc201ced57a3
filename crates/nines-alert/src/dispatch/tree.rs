//! The tree of routes, made ready for asking which groups an alert belongs to, and the reasons.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::SignedDuration;
use nines_base::{Labels, Matcher, Origin};

use super::Text;
use super::rules::{GroupBy, Integration, Receiver, Route, Rules, Settings, Timing};
use crate::RejectedRoute;

/// What the names of receivers begin with that escalations named by rules themselves have. No receiver of a file is
/// called so.
const ESCALATION_PREFIX: &str = "escalation/";

/// A route, as groups need it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// The keys of all routes above and its own, joined by `/`.
    pub(super) key: Text,
    /// Which of the nodes with this key; counts from 0.
    pub(super) index: u32,
    pub(super) receiver: Text,
    pub(super) group_by: GroupBy,
    pub(super) timing: Timing,
    pub(super) mute_intervals: Vec<String>,
    pub(super) active_intervals: Vec<String>,
    pub(super) leading_edge: bool,
    matchers: Vec<Matcher>,
    continues: bool,
    children: Vec<usize>,
}

impl Node {
    /// The route of its own that a rule has which names its escalation.
    pub(super) fn of_escalation(name: &str) -> Self {
        Self {
            key: format!("{ESCALATION_PREFIX}{name}").into(),
            index: 0,
            receiver: format!("{ESCALATION_PREFIX}{name}").into(),
            group_by: GroupBy::All,
            timing: Timing { wait: SignedDuration::ZERO, ..Timing::default() },
            mute_intervals: Vec::new(),
            active_intervals: Vec::new(),
            leading_edge: true,
            matchers: Vec::new(),
            continues: false,
            children: Vec::new(),
        }
    }

    /// The labels that the group of an alert has on this route.
    pub(super) fn group_labels(&self, labels: &Labels) -> Labels {
        match &self.group_by {
            GroupBy::All => labels.clone(),
            GroupBy::Labels(names) if names.is_empty() => Labels::empty(),
            GroupBy::Labels(names) => {
                labels.filtered(|name| names.iter().any(|it| it.as_str() == name))
            }
        }
    }
}

/// The escalation of a route that a rule has of its own.
pub(super) fn escalation_of(route: &str) -> Option<&str> {
    route.strip_prefix(ESCALATION_PREFIX)
}

/// All routes, parents before children.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    by_key: BTreeMap<(Text, u32), usize>,
}

impl Tree {
    pub(super) fn new(rules: &Rules) -> Self {
        let mut tree = Self::default();
        let mut counts = BTreeMap::new();
        tree.add(&rules.root, None, &mut counts);
        tree
    }

    fn add(
        &mut self,
        route: &Route,
        parent: Option<&Text>,
        counts: &mut BTreeMap<Text, u32>,
    ) -> usize {
        let key = route_key(route, parent);
        let count = counts.entry(key.clone()).or_insert(0);
        let index = *count;
        *count += 1;
        let place = self.nodes.len();
        self.nodes.push(Node {
            key: key.clone(),
            index,
            receiver: route.receiver.as_str().into(),
            group_by: route.group_by.clone(),
            timing: route.timing,
            mute_intervals: route.mute_intervals.clone(),
            active_intervals: route.active_intervals.clone(),
            leading_edge: route.leading_edge,
            matchers: route.matchers.clone(),
            continues: route.continues,
            children: Vec::new(),
        });
        self.by_key.insert((key.clone(), index), place);
        let children = route.children.iter().map(|it| self.add(it, Some(&key), counts)).collect();
        if let Some(node) = self.nodes.get_mut(place) {
            node.children = children;
        }
        place
    }

    /// The node with this key, if there still is one.
    pub(super) fn node(&self, key: &Text, index: u32) -> Option<&Node> {
        self.nodes.get(*self.by_key.get(&(key.clone(), index))?)
    }

    /// The nodes that an alert with these labels goes to, in order.
    pub(super) fn matching(&self, labels: &Labels) -> Vec<&Node> {
        let mut found = Vec::with_capacity(1);
        if let Some(root) = self.nodes.first() {
            self.descend(root, labels, &mut found);
        }
        found
    }

    /// Adds what matches at or below a node that matches.
    fn descend<'a>(&'a self, node: &'a Node, labels: &Labels, found: &mut Vec<&'a Node>) {
        let before = found.len();
        for child in node.children.iter().filter_map(|it| self.nodes.get(*it)) {
            if child.matchers.iter().all(|it| it.matches(labels)) {
                self.descend(child, labels, found);
                if !child.continues {
                    break;
                }
            }
        }
        if found.len() == before {
            found.push(node);
        }
    }
}

/// The key of a route below the one with the key `parent`, as Alertmanager writes it.
fn route_key(route: &Route, parent: Option<&Text>) -> Text {
    let mut key = parent.map_or_else(String::new, |it| format!("{it}/"));
    key.push('{');
    for (index, matcher) in route.matchers.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(key, "{comma}{matcher}").expect("writing to a string cannot fail");
    }
    key.push('}');
    key.into()
}

/// A route that an alert goes to, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routed {
    /// The keys of all routes above and its own, joined by `/`.
    pub key: String,
    /// Who hears of it.
    pub receiver: String,
    /// The values of `group_by`.
    pub group_labels: Labels,
    /// Where it was written.
    pub origin: Origin,
    /// Its matchers, in words.
    pub because: String,
    /// The routes that were asked on the way and did not match, in order.
    pub rejected: Vec<RejectedRoute>,
}

impl Routed {
    /// The route of its own that a rule has which names its escalation.
    pub(super) fn by_rule(name: &str, labels: &Labels, origin: Option<Origin>) -> Self {
        let key = format!("{ESCALATION_PREFIX}{name}");
        Self {
            receiver: key.clone(),
            key,
            group_labels: labels.clone(),
            origin: origin.unwrap_or_default(),
            because: "named by the rule itself".to_owned(),
            rejected: Vec::new(),
        }
    }
}

impl Rules {
    /// The routes that an alert with these labels goes to, in order, with the reasons.
    pub fn route(&self, labels: &Labels) -> Vec<Routed> {
        let mut found = Vec::new();
        explain(&self.root, None, labels, &mut Vec::new(), &mut found);
        found
    }

    /// What an integration is, by the names that a notice has; none if it is not configured any more.
    pub fn integration(&self, receiver: &str, index: u32) -> Option<Integration> {
        if let Some(known) = self.receivers.get(receiver) {
            return known.integrations.get(usize::try_from(index).ok()?).cloned();
        }
        let name = receiver.strip_prefix(ESCALATION_PREFIX)?;
        (index == 0).then(|| Integration::escalation(name))
    }

    /// The integrations of a receiver.
    pub fn integrations(&self, receiver: &str) -> Vec<Integration> {
        match self.receivers.get(receiver) {
            Some(Receiver { integrations, .. }) => integrations.clone(),
            None => self.integration(receiver, 0).into_iter().collect(),
        }
    }
}

impl Integration {
    /// People, by an escalation policy of this name.
    pub fn escalation(name: &str) -> Self {
        Self { send_resolved: true, settings: Settings::Escalation(name.to_owned()) }
    }
}

fn explain(
    route: &Route,
    parent: Option<&Text>,
    labels: &Labels,
    rejected: &mut Vec<RejectedRoute>,
    found: &mut Vec<Routed>,
) {
    let key = route_key(route, parent);
    let before = found.len();
    for child in &route.children {
        match child.matchers.iter().find(|it| !it.matches(labels)) {
            Some(failed) => rejected.push(RejectedRoute {
                origin: child.origin.clone(),
                failed: failed.to_string(),
                value: labels.value(failed.name()).to_owned(),
            }),
            None => {
                explain(child, Some(&key), labels, rejected, found);
                if !child.continues {
                    break;
                }
            }
        }
    }
    if found.len() != before {
        return;
    }
    let because = match route.matchers.as_slice() {
        [] => "matches everything".to_owned(),
        matchers => matchers.iter().map(Matcher::to_string).collect::<Vec<_>>().join(", "),
    };
    let group_labels = match &route.group_by {
        GroupBy::All => labels.clone(),
        GroupBy::Labels(names) => {
            labels.filtered(|name| names.iter().any(|it| it.as_str() == name))
        }
    };
    found.push(Routed {
        key: key.to_string(),
        receiver: route.receiver.clone(),
        group_labels,
        origin: route.origin.clone(),
        because,
        rejected: rejected.clone(),
    });
}
