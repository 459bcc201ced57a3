//! The oracle: what alerts, groups and notices mean, by scanning everything every second.
//!
//! Nothing here is fast, incremental or shared with the code under test but the plain types of the configuration, the
//! matchers, the time intervals and the silences. It knows a network that never fails.

use std::collections::{BTreeMap, BTreeSet};

use nines_base::Labels;

use super::super::{GroupBy, Incoming, Integration, Route, Rules};
use super::world::at;
use crate::silence;

/// One thing that an integration is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Said {
    pub(super) second: i64,
    pub(super) group: String,
    pub(super) receiver: String,
    pub(super) integration: usize,
    pub(super) firing: BTreeSet<String>,
    pub(super) resolved: BTreeSet<String>,
}

#[derive(Debug, Clone)]
struct Alert {
    labels: Labels,
    starts: i64,
    ends: i64,
    is_timeout: bool,
    fires: bool,
}

#[derive(Debug, Clone)]
struct Group {
    path: Vec<usize>,
    key: String,
    labels: Labels,
    members: Vec<Labels>,
    due: i64,
    has_spoken: bool,
}

#[derive(Debug, Clone)]
struct Memory {
    at: i64,
    forget_at: i64,
    firing: BTreeSet<String>,
    resolved: BTreeSet<String>,
}

#[derive(Debug)]
pub(super) struct Oracle {
    rules: Rules,
    now: i64,
    alerts: Vec<Alert>,
    groups: Vec<Group>,
    memories: BTreeMap<(String, String, usize), Memory>,
    pub(super) silences: silence::State,
    pub(super) said: Vec<Said>,
    /// Which rules were applied.
    pub(super) hits: BTreeSet<&'static str>,
}

const MINUTES_30: i64 = 30 * 60;
const HOURS_120: i64 = 120 * 3_600;
const MINUTES_15: i64 = 15 * 60;

fn secs(it: jiff::SignedDuration) -> i64 {
    it.as_secs()
}

/// The routes that these labels go to, as paths from the root.
fn routes(route: &Route, labels: &Labels, path: &[usize], out: &mut Vec<Vec<usize>>) {
    let before = out.len();
    for (place, child) in route.children.iter().enumerate() {
        if child.matchers.iter().all(|it| it.matches(labels)) {
            routes(child, labels, &[path, &[place]].concat(), out);
            if !child.continues {
                break;
            }
        }
    }
    if out.len() == before {
        out.push(path.to_vec());
    }
}

/// The route at the end of a path, and its key.
fn route_at<'a>(root: &'a Route, path: &[usize]) -> Option<(&'a Route, String)> {
    let text = |route: &Route| {
        let matchers: Vec<String> = route.matchers.iter().map(ToString::to_string).collect();
        format!("{{{}}}", matchers.join(","))
    };
    let (mut route, mut key) = (root, text(root));
    for place in path {
        route = route.children.get(*place)?;
        key = format!("{key}/{}", text(route));
    }
    Some((route, key))
}

impl Oracle {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            now: 0,
            alerts: Vec::new(),
            groups: Vec::new(),
            memories: BTreeMap::new(),
            silences: silence::State::default(),
            said: Vec::new(),
            hits: BTreeSet::new(),
        }
    }

    /// Lives through every second until this one, that one included.
    pub(super) fn wait(&mut self, until: i64) {
        self.second();
        while self.now < until {
            self.now += 1;
            self.second();
        }
    }

    fn second(&mut self) {
        let now = self.now;
        for place in 0..self.alerts.len() {
            if self.alerts[place].fires && self.alerts[place].ends <= now {
                self.hits.insert("lease expired");
                self.alerts[place].fires = false;
                self.turned(&self.alerts[place].labels.clone(), "edge: last");
            }
        }
        while let Some(place) = self.groups.iter().position(|it| it.due <= now) {
            self.tick(place);
        }
    }

    fn fires(&self, labels: &Labels) -> bool {
        self.alerts.iter().any(|it| it.labels == *labels && it.fires)
    }

    /// An alert began or ended: a group with a leading edge speaks at once when it is the first or the last.
    fn turned(&mut self, labels: &Labels, turn: &'static str) {
        for place in 0..self.groups.len() {
            let group = &self.groups[place];
            let others = group.members.iter().filter(|it| *it != labels).any(|it| self.fires(it));
            let route = route_at(&self.rules.root, &group.path).map(|(it, _)| it.leading_edge);
            if group.members.contains(labels) && !others && route == Some(true) {
                self.hits.insert(turn);
                self.groups[place].due = self.now;
            }
        }
    }

    pub(super) fn post(&mut self, incoming: &Incoming) {
        let now = self.now;
        let second = |it: jiff::Timestamp| it.as_second();
        let given = incoming.ends_at.map(second);
        let starts = incoming.starts_at.map(second).or(given).unwrap_or(now);
        if given.is_some_and(|it| it < starts) {
            self.hits.insert("refused");
            return;
        }
        let timeout = secs(self.rules.resolve_timeout);
        let mut new = Alert {
            labels: incoming.labels.clone(),
            starts,
            ends: given.unwrap_or(now + timeout),
            is_timeout: given.is_none(),
            fires: false,
        };
        let known = self.alerts.iter().position(|it| it.labels == new.labels);
        let was_firing = known.is_some_and(|it| self.alerts[it].fires);
        if let Some(old) = known.map(|it| &self.alerts[it]) {
            let inside = |it: i64| old.starts < it && it < old.ends;
            if inside(new.starts) || inside(new.ends) {
                self.hits.insert("merged");
                new.starts = new.starts.min(old.starts);
                if new.ends <= now {
                    if old.ends <= now {
                        new.ends = new.ends.max(old.ends);
                    }
                } else if old.ends > new.ends && !old.is_timeout {
                    self.hits.insert("older end kept");
                    new.ends = old.ends;
                }
            }
        }
        new.fires = now < new.ends;
        if known.is_none() && !new.fires {
            return;
        }
        let (labels, fires) = (new.labels.clone(), new.fires);
        match known {
            Some(place) => self.alerts[place] = new.clone(),
            None => self.alerts.push(new.clone()),
        }
        match (was_firing, fires) {
            (false, true) => {
                self.join(&new);
                self.turned(&labels, "edge: first");
            }
            (true, false) => {
                self.hits.insert("resolved by its source");
                self.turned(&labels, "edge: last");
            }
            _ => {}
        }
    }

    /// Puts an alert into the groups of its routes.
    fn join(&mut self, alert: &Alert) {
        let mut paths = Vec::new();
        routes(&self.rules.root, &alert.labels, &[], &mut paths);
        if 1 < paths.len() {
            self.hits.insert("continue");
        }
        for path in paths {
            self.join_one(alert, path);
        }
    }

    fn join_one(&mut self, alert: &Alert, path: Vec<usize>) {
        let (route, key) = route_at(&self.rules.root, &path).unwrap();
        let values = match &route.group_by {
            GroupBy::All => alert.labels.clone(),
            GroupBy::Labels(names) => alert.labels.filtered(|it| names.iter().any(|n| n == it)),
        };
        let key = format!("{key}:{values}");
        let known = self.groups.iter_mut().find(|it| it.path == path && it.labels == values);
        if let Some(group) = known {
            if !group.members.contains(&alert.labels) {
                group.members.push(alert.labels.clone());
            }
            return;
        }
        let wait = secs(route.timing.wait);
        let is_old = alert.starts + wait < self.now;
        if is_old {
            self.hits.insert("old alert at once");
        }
        let due = if is_old || route.leading_edge { self.now } else { self.now + wait };
        let members = vec![alert.labels.clone()];
        self.groups.push(Group { path, key, labels: values, members, due, has_spoken: false });
    }

    fn mute(&self, alert: &Alert, route: &Route) -> Option<&'static str> {
        for rule in &self.rules.inhibitions {
            let is_target = rule.target.iter().all(|it| it.matches(&alert.labels));
            let clause = &rule.sources[0].matchers;
            let is_source = |labels: &Labels| clause.iter().all(|it| it.matches(labels));
            let is_like = |labels: &Labels| rule.target.iter().all(|it| it.matches(labels));
            let counts = |it: &&Alert| {
                self.now < it.ends
                    && is_source(&it.labels)
                    && rule.equal.iter().all(|n| it.labels.value(n) == alert.labels.value(n))
                    && !(is_source(&alert.labels) && is_like(&it.labels))
            };
            if is_target && self.alerts.iter().any(|it| counts(&it)) {
                return Some("inhibited");
            }
        }
        let holds =
            |name: &String| self.rules.intervals[name].iter().any(|it| it.contains(at(self.now)));
        if !route.active_intervals.is_empty() && !route.active_intervals.iter().any(holds) {
            return Some("not in an active interval");
        }
        if route.mute_intervals.iter().any(holds) {
            return Some("in a mute interval");
        }
        (!self.silences.silencing(&alert.labels, at(self.now)).is_empty()).then_some("silenced")
    }

    fn tick(&mut self, place: usize) {
        let now = self.now;
        let group = self.groups[place].clone();
        let (route, _) = route_at(&self.rules.root, &group.path).unwrap();
        let route = route.clone();
        let first_edge = route.leading_edge && !group.has_spoken && route.timing.wait.is_positive();
        let pause = if first_edge { route.timing.wait } else { route.timing.interval };
        self.groups[place].due = now + secs(pause);
        self.groups[place].has_spoken = true;

        let (mut firing, mut resolved) = (BTreeSet::new(), BTreeSet::new());
        let (mut over, mut over_in_silence) = (Vec::new(), BTreeSet::new());
        for labels in &group.members {
            let alert = self.alerts.iter().find(|it| it.labels == *labels).unwrap().clone();
            let muted = self.mute(&alert, &route);
            self.hits.extend(muted);
            let is_over = alert.ends <= now;
            if is_over {
                over.push(labels.clone());
            }
            match (muted, is_over) {
                (None, false) => drop(firing.insert(labels.to_string())),
                (None, true) => drop(resolved.insert(labels.to_string())),
                (Some(_), true) => drop(over_in_silence.insert(labels.to_string())),
                (Some(_), false) => {}
            }
        }
        if !firing.is_empty() || !resolved.is_empty() {
            let integrations = self.rules.receivers[&route.receiver].integrations.clone();
            for it in integrations.iter().enumerate() {
                self.tell(&group, &route, it, &firing, &resolved);
            }
        }
        for ((key, ..), memory) in &mut self.memories {
            if *key == group.key && !memory.firing.is_disjoint(&over_in_silence) {
                self.hits.insert("forgotten in silence");
                memory.firing.retain(|it| !over_in_silence.contains(it));
            }
        }
        self.groups[place].members.retain(|it| !over.contains(it));
        if self.groups[place].members.is_empty() {
            self.groups.remove(place);
        }
        let in_group = |labels: &Labels| self.groups.iter().any(|it| it.members.contains(labels));
        let old = |it: &Alert| it.ends + MINUTES_30 <= now && !in_group(&it.labels);
        let kept = self.alerts.iter().filter(|it| !old(it)).cloned().collect();
        self.alerts = kept;
    }

    fn tell(
        &mut self,
        group: &Group,
        route: &Route,
        (integration, wants): (usize, &Integration),
        firing: &BTreeSet<String>,
        resolved: &BTreeSet<String>,
    ) {
        let (now, repeat) = (self.now, secs(route.timing.repeat));
        let send_resolved = wants.send_resolved;
        let key = (group.key.clone(), route.receiver.clone(), integration);
        let memory = self.memories.get(&key).filter(|it| now < it.forget_at);
        let (rule, notify) = match memory {
            None => ("1: no memory", !firing.is_empty()),
            Some(it) if !firing.is_subset(&it.firing) => ("2: new firing", true),
            Some(it) if firing.is_empty() => ("3: nothing fires", !it.firing.is_empty()),
            Some(it) if send_resolved && !resolved.is_subset(&it.resolved) => ("4: resolved", true),
            Some(it) if it.at < now - repeat => ("5: repeat", true),
            Some(_) => ("quiet", false),
        };
        self.hits.insert(rule);
        if !notify {
            return;
        }
        let forget_at = now + (2 * repeat).clamp(MINUTES_15, HOURS_120);
        let memory =
            Memory { at: now, forget_at, firing: firing.clone(), resolved: resolved.clone() };
        self.memories.insert(key, memory);
        let resolved = if send_resolved { resolved.clone() } else { BTreeSet::new() };
        if firing.is_empty() && resolved.is_empty() {
            self.hits.insert("not wanted");
            return;
        }
        self.said.push(Said {
            second: now,
            group: group.key.clone(),
            receiver: route.receiver.clone(),
            integration,
            firing: firing.clone(),
            resolved,
        });
    }

    /// Other rules: groups that they have too stay, with their timers.
    pub(super) fn configure(&mut self, rules: Rules) {
        let old = std::mem::replace(&mut self.rules, rules);
        let nth = |root: &Route, path: &[usize]| {
            let key = route_at(root, path).map(|(_, key)| key);
            let mut paths = vec![Vec::new()];
            all_paths(root, &[], &mut paths);
            let same = paths.into_iter().filter(|it| route_at(root, it).map(|(_, k)| k) == key);
            let place = same.collect::<Vec<_>>().iter().position(|it| it == path);
            (key, place)
        };
        let mut paths = vec![Vec::new()];
        all_paths(&self.rules.root, &[], &mut paths);
        for group in &mut self.groups {
            let name = nth(&old.root, &group.path);
            let same = paths.iter().find(|it| nth(&self.rules.root, it) == name);
            group.path = same.cloned().unwrap_or_else(|| vec![usize::MAX]);
        }
        let before: Vec<Group> = self.groups.clone();
        for group in &mut self.groups {
            group.members.clear();
        }
        let mut alerts = self.alerts.clone();
        alerts.sort_by_key(|it| it.labels.fingerprint());
        for alert in alerts {
            if alert.fires || before.iter().any(|it| it.members.contains(&alert.labels)) {
                let mut paths = Vec::new();
                routes(&self.rules.root, &alert.labels, &[], &mut paths);
                for path in paths {
                    self.join_one(&alert, path);
                }
            }
        }
        if self.groups.iter().any(|it| !it.members.is_empty() && it.has_spoken) {
            self.hits.insert("group kept over a reload");
        }
        self.groups.retain(|it| !it.members.is_empty());
    }
}

fn all_paths(route: &Route, path: &[usize], out: &mut Vec<Vec<usize>>) {
    for (place, child) in route.children.iter().enumerate() {
        let path = [path, &[place]].concat();
        out.push(path.clone());
        all_paths(child, &path, out);
    }
}
