//! What a command would make happen.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use nines_base::Labels;

use super::alert::{Alert, Body, Lease, Span};
use super::dedup;
use super::fact::{Event, Expired, Extended, Fact, Observed, Opened, Regrouped, Seen, Told};
use super::group::{Group, GroupNumber};
use super::live::Live;
use super::tick::{Around, tick};
use super::tree::Node;
use super::{Command, Incoming, Notice, NoticeId, Shared, Source, State, Timing};
use crate::{AlertKey, Phase, ResolveReason, silence};

/// The most labels of one alert, and the most annotations.
const PAIRS_MAX: usize = 64;
/// The longest value of a label or an annotation.
const VALUE_BYTES_MAX: usize = 4_096;
/// The most alerts of the table.
const ALERTS_MAX: usize = 500_000;
/// The most groups.
const GROUPS_MAX: usize = 1_000_000;

/// What a command would make happen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decided {
    /// For the journal.
    pub facts: Vec<Fact>,
    /// For [`State::keep_up`]; not for the journal.
    pub upkeep: Upkeep,
    /// Alerts that were left out, and why; the others count.
    pub refused: Vec<Refused>,
}

/// What changes without being a fact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// Known alerts that hold on.
    pub renewals: Vec<(AlertKey, Lease)>,
    /// Groups whose tick had no news, and their next ones.
    pub passed: Vec<(GroupNumber, Timestamp)>,
    /// Until then all leases have been looked at.
    pub looked_until: Option<Timestamp>,
    /// Sources none of whose renewals are left to be told by a fact.
    pub extended: Vec<Source>,
}

impl Upkeep {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }
}

/// An alert that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its place in the list; counts from 0.
    pub place: usize,
    /// Why.
    pub why: Refusal,
}

/// Why a command, or one alert of it, was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Nothing is decided without rules.
    #[error("there is no configuration yet")]
    NotConfigured,
    /// It could not be told from others.
    #[error("an alert needs at least one label")]
    NoLabels,
    /// Too many labels or annotations.
    #[error("an alert has at most {PAIRS_MAX} labels and {PAIRS_MAX} annotations")]
    TooManyPairs,
    /// One value is too long.
    #[error("the value of `{name}` is longer than {VALUE_BYTES_MAX} bytes")]
    ValueTooLong {
        /// The label or annotation.
        name: String,
    },
    /// It ends before it begins.
    #[error("the alert ends at {ends_at}, before it starts at {starts_at}")]
    EndsBeforeStart {
        /// As given.
        starts_at: Timestamp,
        /// As given.
        ends_at: Timestamp,
    },
    /// The table is full.
    #[error(
        "there are {ALERTS_MAX} alerts already, which is the most; resolve some or fix their source"
    )]
    TooManyAlerts,
    /// There are too many groups.
    #[error("there are {GROUPS_MAX} groups already, which is the most; group by fewer labels")]
    TooManyGroups,
}

/// What `command` would make happen. `ids` names notices that it makes.
///
/// # Errors
/// There is no configuration.
pub fn decide(
    state: &State,
    command: Command,
    silences: &silence::State,
    ids: &mut dyn FnMut() -> NoticeId,
    now: Timestamp,
) -> Result<Decided, Refusal> {
    let Some(live) = state.live() else {
        return Err(Refusal::NotConfigured);
    };
    Ok(match command {
        Command::Observe { source, alerts, is_complete } => {
            let listing = if is_complete { Listing::Complete } else { Listing::Partial };
            observe(state, live, source, alerts, listing, now)
        }
        Command::Resolve { alerts, reason } => resolve(state, &alerts, reason, now),
        Command::Accepted(notice) => Decided::of(Fact::Told(told(state, &notice, now))),
        Command::GiveUp(notice) => {
            let memory = state.memory_of(&notice);
            let is_open =
                memory.and_then(|it| it.open.as_ref()).is_some_and(|it| it.notice == notice.id);
            if is_open {
                Decided::of(Fact::GivenUp(told(state, &notice, now)))
            } else {
                Decided::default()
            }
        }
        Command::Regroup => regroup(state, now),
        Command::Wake => wake(state, live, silences, ids, now),
    })
}

impl Decided {
    fn of(fact: Fact) -> Self {
        Self { facts: vec![fact], ..Self::default() }
    }
}

/// Whether alerts that a source does not name are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listing {
    Complete,
    Partial,
}

/// A batch of news in the making.
struct Batch<'a> {
    state: &'a State,
    now: Timestamp,
    opened: Vec<Opened>,
    /// Places in `opened`, by the fingerprints of their labels.
    index: BTreeMap<u64, Vec<usize>>,
    alerts: Vec<Seen>,
    /// Alerts as this batch leaves them.
    changed: BTreeMap<AlertKey, Alert>,
    fired_total: usize,
}

fn observe(
    state: &State,
    live: &Live,
    source: Source,
    alerts: Vec<Incoming>,
    listing: Listing,
    now: Timestamp,
) -> Decided {
    let mut decided = Decided::default();
    let mut batch = Batch::new(state, now);
    let keys: Vec<AlertKey> = alerts.iter().map(|it| AlertKey::of(&it.labels)).collect();
    let mut listed = keys.clone();
    listed.sort_unstable();
    let repeats = listed.windows(2).any(|it| matches!(it, [a, b] if a == b));
    for (place, (key, incoming)) in keys.into_iter().zip(alerts).enumerate() {
        match batch.observe(key, &source, incoming) {
            // What is said of an alert later in a batch counts more.
            Ok(None) if repeats => decided.upkeep.renewals.retain(|(it, _)| *it != key),
            Ok(None) => {}
            Ok(Some(lease)) => {
                decided.upkeep.renewals.push((key, lease));
                if repeats {
                    batch.renew(key, lease);
                }
            }
            Err(why) => decided.refused.push(Refused { place, why }),
        }
    }
    if listing == Listing::Complete {
        for key in live.firing(&source).filter(|it| listed.binary_search(it).is_err()) {
            batch.resolve(key, now, ResolveReason::ConditionCleared, None);
        }
    }
    decided.facts.extend(batch.finish(source));
    decided
}

fn resolve(state: &State, alerts: &[AlertKey], reason: ResolveReason, now: Timestamp) -> Decided {
    let mut batch = Batch::new(state, now);
    for key in alerts {
        let alert = state.alert(*key).filter(|it| it.phase() == Phase::Firing);
        if alert.is_some() {
            batch.resolve(*key, now, reason, None);
        }
    }
    Decided { facts: batch.finish(Source::Own).into_iter().collect(), ..Decided::default() }
}

impl<'a> Batch<'a> {
    fn new(state: &'a State, now: Timestamp) -> Self {
        Self {
            state,
            now,
            opened: Vec::new(),
            index: BTreeMap::new(),
            alerts: Vec::new(),
            changed: BTreeMap::new(),
            fired_total: 0,
        }
    }

    fn finish(self, source: Source) -> Option<Fact> {
        let Self { opened, alerts, .. } = self;
        (!alerts.is_empty()).then_some(Fact::Observed(Observed { source, opened, alerts }))
    }

    /// Takes in one alert. A lease comes back if it only holds on.
    fn observe(
        &mut self,
        key: AlertKey,
        source: &Source,
        incoming: Incoming,
    ) -> Result<Option<Lease>, Refusal> {
        check_limits(&incoming)?;
        let span = self.span_of(source, &incoming)?;
        let now = self.now;
        let known = self.changed.get(&key).or_else(|| self.state.alert(key));
        let span = known.map_or(span, |it| it.span().merge(span, now));
        let fires = known.filter(|it| it.phase() == Phase::Firing);
        match (fires, span.ends_at.filter(|it| *it <= now)) {
            (None, Some(_)) => {
                // What is over stays over, but it may have begun earlier or ended later than was known.
                if let Some(known) = known.filter(|it| it.told != span) {
                    let body = known.body.clone();
                    self.add(key, &Source::Own, Event::Changed { body, span });
                }
                Ok(None)
            }
            (None, None) => self.fire(key, source, incoming, span).map(|()| None),
            (Some(known), Some(ends_at)) => {
                let is_new = incoming.detail.is_none() && !known.body.says(&incoming);
                let body = is_new.then(|| Shared::new(Body::of(incoming)));
                self.resolve(key, ends_at, ResolveReason::Ended, body);
                Ok(None)
            }
            (Some(known), None) => {
                if !known.body.says(&incoming) || span.starts_at != known.told.starts_at {
                    let body = Shared::new(Body::of(incoming));
                    self.add(key, &Source::Own, Event::Changed { body, span });
                    return Ok(None);
                }
                let lease = |ends_at| Lease { ends_at, is_timeout: span.is_timeout, seen_at: now };
                Ok(span.ends_at.map(lease))
            }
        }
    }

    fn span_of(&self, source: &Source, incoming: &Incoming) -> Result<Span, Refusal> {
        let given = incoming.ends_at;
        let starts_at = incoming.starts_at.or(given).unwrap_or(self.now);
        let timeout = self.state.rules().map_or(SignedDuration::ZERO, |it| it.resolve_timeout);
        let (ends_at, is_timeout) = match (given, source) {
            (Some(ends_at), _) => (Some(ends_at), false),
            (None, Source::Api) => (Some(self.now + timeout), true),
            (None, _) => (None, false),
        };
        match given.filter(|it| *it < starts_at) {
            Some(ends_at) => Err(Refusal::EndsBeforeStart { starts_at, ends_at }),
            None => Ok(Span { starts_at, ends_at, is_timeout }),
        }
    }

    fn fire(
        &mut self,
        key: AlertKey,
        source: &Source,
        incoming: Incoming,
        span: Span,
    ) -> Result<(), Refusal> {
        if ALERTS_MAX <= self.state.alerts().len() + self.fired_total {
            return Err(Refusal::TooManyAlerts);
        }
        let groups = self.groups_of(&incoming.labels, incoming.detail.as_ref(), span)?;
        self.fired_total += 1;
        let labels = incoming.labels.clone();
        let body = Shared::new(Body::of(incoming));
        self.add(key, source, Event::Fired { labels, body, span, groups });
        Ok(())
    }

    fn resolve(
        &mut self,
        key: AlertKey,
        ends_at: Timestamp,
        reason: ResolveReason,
        body: Option<Shared<Body>>,
    ) {
        self.add(key, &Source::Own, Event::Resolved { ends_at, reason, body });
    }

    /// The next word of the same alert finds it renewed.
    fn renew(&mut self, key: AlertKey, lease: Lease) {
        let known = self.changed.remove(&key).or_else(|| self.state.alert(key).cloned());
        self.changed.extend(known.map(|it| (key, Alert { lease: Some(lease), ..it })));
    }

    fn add(&mut self, key: AlertKey, source: &Source, event: Event) {
        let before = self.changed.remove(&key).or_else(|| self.state.alert(key).cloned());
        if let Some(after) = Alert::after(before, source, &event, self.now) {
            self.changed.insert(key, after);
        }
        self.alerts.push(Seen { key, event });
    }

    /// The groups that an alert belongs to, existing ones and new ones.
    fn groups_of(
        &mut self,
        labels: &Labels,
        detail: Option<&super::Detail>,
        span: Span,
    ) -> Result<Vec<GroupNumber>, Refusal> {
        let state = self.state;
        if let Some(name) = detail.and_then(|it| it.escalation.as_deref()) {
            let node = Node::of_escalation(name);
            return Ok(vec![self.group_of(&node, labels, span)?]);
        }
        let nodes = state.tree().matching(labels);
        nodes.into_iter().map(|node| self.group_of(node, labels, span)).collect()
    }

    fn group_of(
        &mut self,
        node: &Node,
        labels: &Labels,
        span: Span,
    ) -> Result<GroupNumber, Refusal> {
        let labels = node.group_labels(labels);
        if let Some(known) = self.state.find_group(node, &labels) {
            return Ok(known);
        }
        let print = labels.fingerprint();
        let is_it = |it: &Opened| {
            it.route_index == node.index && it.route == node.key && it.labels == labels
        };
        let opened = self.index.get(&print).into_iter().flatten();
        let opened = opened.filter_map(|place| self.opened.get(*place)).find(|it| is_it(it));
        if let Some(opened) = opened {
            return Ok(opened.group);
        }
        if GROUPS_MAX <= self.state.groups().len() + self.opened.len() {
            return Err(Refusal::TooManyGroups);
        }
        let group = GroupNumber(self.state.next_group.0 + self.opened.len() as u64);
        let wait = node.timing.wait;
        let is_old = span.starts_at.checked_add(wait).is_ok_and(|it| it < self.now);
        let due = if node.leading_edge || is_old { self.now } else { self.now + wait };
        self.index.entry(print).or_default().push(self.opened.len());
        let (route, route_index, leading_edge) = (node.key.clone(), node.index, node.leading_edge);
        self.opened.push(Opened { group, route, route_index, labels, due, leading_edge });
        Ok(group)
    }
}

fn check_limits(incoming: &Incoming) -> Result<(), Refusal> {
    let Incoming { labels, annotations, .. } = incoming;
    if labels.is_empty() {
        return Err(Refusal::NoLabels);
    }
    if PAIRS_MAX < labels.len() || PAIRS_MAX < annotations.len() {
        return Err(Refusal::TooManyPairs);
    }
    let annotations = annotations.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let too_long = labels.iter().chain(annotations).find(|(_, it)| VALUE_BYTES_MAX < it.len());
    too_long.map_or(Ok(()), |(name, _)| Err(Refusal::ValueTooLong { name: name.to_owned() }))
}

fn told(state: &State, notice: &Notice, now: Timestamp) -> Told {
    let repeat = state.repeat_of(notice);
    Told {
        notice: notice.id,
        group: notice.group.clone(),
        receiver: notice.receiver.clone(),
        integration: notice.integration,
        firing: notice.firing.clone(),
        resolved: notice.resolved.clone(),
        forget_at: dedup::forget_at(now, repeat),
    }
}

/// Leases that ran out, then ticks, then renewals that are due to become a fact.
fn wake(
    state: &State,
    live: &Live,
    silences: &silence::State,
    ids: &mut dyn FnMut() -> NoticeId,
    now: Timestamp,
) -> Decided {
    let mut decided = Decided::default();
    let mut expired = BTreeMap::new();
    for key in live.due_ends(now) {
        decided.upkeep.looked_until = Some(now);
        let Some(alert) = state.alert(key) else { continue };
        let ends_at = alert.span().ends_at.filter(|it| *it <= now);
        if let (Phase::Firing, Some(ends_at)) = (alert.phase(), ends_at) {
            expired.insert(key, Expired { key, ends_at, seen_at: alert.updated_at() });
        }
    }
    if !expired.is_empty() {
        // Ticks must see them, so they wait for the next call.
        decided.facts.push(Fact::Expired(expired.into_values().collect()));
        return decided;
    }
    if let Some(rules) = state.rules() {
        let around = Around { rules, silences, now };
        let mut spoken = BTreeSet::new();
        for (t, number) in live.due_groups(now) {
            let Some(group) = state.group(number) else { continue };
            // Groups that share a memory speak one after the other.
            if !spoken.insert((&group.route, &group.labels)) {
                continue;
            }
            let Some(node) = state.node_of(group) else {
                // Whoever changes the routes sends its alerts elsewhere.
                decided.upkeep.passed.push((number, now + Timing::default().interval));
                continue;
            };
            let flushed = tick(state, (number, group, &node), t, &around, ids);
            if flushed.is_news() {
                decided.facts.push(Fact::Flushed(Box::new(flushed)));
            } else {
                decided.upkeep.passed.push((number, flushed.next));
            }
        }
    }
    decided.upkeep.extended = live.due_extensions(now).cloned().collect();
    let extended = extensions(state, live, &decided.upkeep.extended);
    if !extended.is_empty() {
        decided.facts.push(Fact::LeasesExtended(extended));
    }
    decided
}

fn extensions(state: &State, live: &Live, sources: &[Source]) -> Vec<Extended> {
    let mut extended: Vec<Extended> = Vec::new();
    let mut places = BTreeMap::new();
    for source in sources {
        for key in live.firing(source) {
            let Some(lease) = state.alert(key).and_then(|it| it.lease) else { continue };
            let end = (lease.ends_at, lease.seen_at, lease.is_timeout);
            let place = *places.entry(end).or_insert(extended.len());
            match extended.get_mut(place) {
                Some(known) => known.alerts.push(key),
                None => extended.push(Extended { lease, alerts: vec![key] }),
            }
        }
    }
    extended
}

/// What the present tree makes of alerts that are in groups already.
fn regroup(state: &State, now: Timestamp) -> Decided {
    let mut batch = Batch::new(state, now);
    let mut alerts = Vec::new();
    for (key, alert) in state.alerts() {
        if alert.phase() == Phase::Quiet && alert.groups.is_empty() {
            continue;
        }
        let groups = batch.groups_of(&alert.labels, alert.body.detail.as_deref(), alert.span());
        if let Ok(groups) = groups
            && groups != alert.groups
        {
            alerts.push((*key, groups));
        }
    }
    let edge = |(number, group): (&GroupNumber, &Group)| {
        let edge = state.node_of(group)?.leading_edge;
        (edge != group.leading_edge).then_some((*number, edge))
    };
    let edges: Vec<(GroupNumber, bool)> = state.groups().iter().filter_map(edge).collect();
    if alerts.is_empty() && edges.is_empty() {
        return Decided::default();
    }
    Decided::of(Fact::Regrouped(Regrouped { opened: batch.opened, alerts, edges }))
}
