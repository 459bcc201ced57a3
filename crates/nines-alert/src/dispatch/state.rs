//! The fold of all facts about alerts and groups, and what follows from it and the configuration.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::alert::{Alert, Lease, Span};
use super::fact::{
    Event, Expired, Extended, Fact, Flushed, Judged, Observed, Opened, Outcome, Quiet, Regrouped,
    Seen, Told,
};
use super::group::{Content, Fate, Group, GroupNumber, Member, Memory, Open};
use super::tree::{Node, Tree, escalation_of};
use super::{Notice, Rules, Shared, Source, Text, Timing, Upkeep};
use crate::{AlertKey, Phase, ResolveReason, inhibit};

/// Resolved alerts stay in the table for so long.
const RESOLVED_KEPT: SignedDuration = SignedDuration::from_mins(30);
/// Renewals become a fact at most so often.
const EXTENSION_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// What integrations heard: by the key of the group, the receiver, the integration. Routes with equal keys share it.
pub type Memories = BTreeMap<Text, BTreeMap<Text, BTreeMap<u32, Memory>>>;

/// Everything known of alerts, groups, and what was said of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    alerts: BTreeMap<AlertKey, Alert>,
    groups: BTreeMap<GroupNumber, Group>,
    memories: Memories,
    /// The number that the next group gets.
    next_group: GroupNumber,
    /// Alerts that leave the table some time after they ended.
    ended: BTreeSet<(Timestamp, AlertKey)>,
    /// When memories were looked through for old ones.
    swept_at: Timestamp,
    #[serde(skip)]
    pub(super) soft: Soft,
}

/// What follows from the fold and the configuration; rebuilt by [`State::configure`].
#[derive(Debug, Clone, Default)]
pub(super) struct Soft {
    pub(super) rules: Option<Arc<Rules>>,
    pub(super) tree: Tree,
    /// The next tick of each group, both ways.
    dues: BTreeMap<GroupNumber, Timestamp>,
    ticks: BTreeSet<(Timestamp, GroupNumber)>,
    /// Groups by the fingerprints of their labels.
    index: BTreeSet<(u64, GroupNumber)>,
    /// When to look whether leases ran out, both ways. Not later than they do.
    armed: BTreeMap<AlertKey, Timestamp>,
    ends: BTreeSet<(Timestamp, AlertKey)>,
    pub(super) firing: BTreeMap<Source, BTreeSet<AlertKey>>,
    /// Of all alerts of the table. Those that fire have no end here: a lease that runs out is a fact before any tick.
    pub(super) inhibitions: inhibit::Index,
    /// Sources with renewals that no fact holds, and since when.
    renewed: BTreeMap<Source, Timestamp>,
}

/// No part of what states are compared by.
impl PartialEq for Soft {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl State {
    /// The table.
    pub fn alerts(&self) -> &BTreeMap<AlertKey, Alert> {
        &self.alerts
    }

    /// The alert with this key.
    pub fn alert(&self, key: AlertKey) -> Option<&Alert> {
        self.alerts.get(&key)
    }

    /// The alerts that fire.
    pub fn firing(&self) -> impl Iterator<Item = (AlertKey, &Alert)> {
        let firing = |it: &(&AlertKey, &Alert)| it.1.phase() == Phase::Firing;
        self.alerts.iter().filter(firing).map(|(key, it)| (*key, it))
    }

    /// The groups.
    pub fn groups(&self) -> &BTreeMap<GroupNumber, Group> {
        &self.groups
    }

    /// The group with this number.
    pub fn group(&self, number: GroupNumber) -> Option<&Group> {
        self.groups.get(&number)
    }

    /// What integrations heard.
    pub fn memories(&self) -> &Memories {
        &self.memories
    }

    /// What one integration heard of the group with this key.
    pub fn memory(&self, group: &Text, receiver: &Text, integration: u32) -> Option<&Memory> {
        self.memories.get(group)?.get(receiver)?.get(&integration)
    }

    /// The configuration that decides, once there is one.
    pub fn rules(&self) -> Option<&Arc<Rules>> {
        self.soft.rules.as_ref()
    }

    /// The next tick of this group.
    pub fn due(&self, group: GroupNumber) -> Option<Timestamp> {
        self.soft.dues.get(&group).copied()
    }

    /// When [`super::Command::Wake`] is due, if time matters. Not before there is a configuration.
    pub fn wake_at(&self) -> Option<Timestamp> {
        let tick = self.soft.ticks.first().map(|(at, _)| *at);
        let end = self.soft.ends.first().map(|(at, _)| *at);
        let extension = self.soft.renewed.values().min().map(|it| *it + EXTENSION_EVERY);
        [tick, end, extension].into_iter().flatten().min()
    }

    /// From here on these rules decide. The first time, which is after a start, every lease gets a grace: nobody could
    /// renew it while nothing ran. Follow it with [`super::Command::Regroup`].
    pub fn configure(&mut self, rules: &Arc<Rules>, now: Timestamp) {
        let is_start = self.soft.rules.is_none();
        let before = std::mem::take(&mut self.soft);
        self.soft.rules = Some(Arc::clone(rules));
        self.soft.tree = Tree::new(rules);
        self.soft.renewed = before.renewed;
        self.soft.inhibitions = inhibit::Index::new(&rules.inhibitions);
        if is_start {
            self.give_grace(rules.resolve_timeout, now);
        }
        for (key, alert) in &self.alerts {
            self.soft.note(*key, alert);
        }
        for (number, group) in &self.groups {
            self.soft.index.insert((group.labels.fingerprint(), *number));
            let due = match before.dues.get(number) {
                Some(due) => *due,
                None => group.due,
            };
            self.soft.set_due(*number, Some(due));
        }
    }

    fn give_grace(&mut self, timeout: SignedDuration, now: Timestamp) {
        for alert in self.alerts.values_mut() {
            let Span { ends_at: Some(ends_at), is_timeout, .. } = alert.told else { continue };
            if alert.phase() == Phase::Firing {
                let until = now + alert.lease_length().max(timeout);
                let seen_at = alert.told_at;
                alert.lease = Some(Lease { ends_at: ends_at.max(until), is_timeout, seen_at });
            }
        }
    }

    /// Applies what is no fact: renewed leases, ticks without news.
    pub fn keep_up(&mut self, upkeep: &Upkeep) {
        for (key, lease) in &upkeep.renewals {
            let Some(alert) = self.alerts.get_mut(key) else { continue };
            alert.lease = Some(*lease);
            if self.soft.rules.is_some() {
                if !self.soft.renewed.contains_key(&alert.source) {
                    self.soft.renewed.insert(alert.source.clone(), lease.seen_at);
                }
                // A timer that rings too early only looks; one that rings too late would be wrong.
                if self.soft.armed.get(key).is_none_or(|it| lease.ends_at < *it) {
                    self.soft.arm(*key, Some(lease.ends_at));
                }
            }
        }
        for (group, due) in &upkeep.passed {
            if self.groups.contains_key(group) {
                self.soft.set_due(*group, Some(*due));
            }
        }
        for key in &upkeep.looked_at {
            let end = self.alerts.get(key).and_then(|it| it.span().ends_at);
            self.soft.arm(*key, end);
        }
    }

    /// The group of a node with these labels, if there is one.
    pub(super) fn find_group(
        &self,
        node: &Node,
        labels: &nines_base::Labels,
    ) -> Option<GroupNumber> {
        let print = labels.fingerprint();
        let found = self.soft.index.range((print, GroupNumber(0))..=(print, GroupNumber(u64::MAX)));
        let is_it = |it: &Group| {
            it.route_index == node.index && it.route == node.key && it.labels == *labels
        };
        found.map(|(_, number)| *number).find(|it| self.groups.get(it).is_some_and(is_it))
    }

    /// The route of a group, if there still is one.
    pub(super) fn node_of(&self, group: &Group) -> Option<Cow<'_, Node>> {
        match escalation_of(&group.route) {
            Some(name) => Some(Cow::Owned(Node::of_escalation(name))),
            None => self.soft.tree.node(&group.route, group.route_index).map(Cow::Borrowed),
        }
    }

    /// After how long what a notice said is said again.
    pub(super) fn repeat_of(&self, notice: &Notice) -> SignedDuration {
        let memory = self.memory(&notice.group, &notice.receiver, notice.integration);
        let open = memory.and_then(|it| it.open.as_ref()).filter(|it| it.notice == notice.id);
        let group = open.and_then(|it| self.groups.get(&it.group));
        let node = group.and_then(|it| self.node_of(it));
        node.map_or_else(|| Timing::default().repeat, |it| it.timing.repeat)
    }

    /// The number that the next group gets.
    pub(super) fn next_group(&self) -> GroupNumber {
        self.next_group
    }

    /// The groups whose tick is due, the most overdue first.
    pub(super) fn due_groups(
        &self,
        now: Timestamp,
    ) -> impl Iterator<Item = (Timestamp, GroupNumber)> {
        self.soft.ticks.iter().copied().take_while(move |(at, _)| *at <= now)
    }

    /// The alerts whose leases may have run out.
    pub(super) fn due_ends(&self, now: Timestamp) -> impl Iterator<Item = AlertKey> {
        let due = self.soft.ends.iter().take_while(move |(at, _)| *at <= now);
        due.map(|(_, key)| *key)
    }

    /// The sources whose renewals are to become a fact.
    pub(super) fn due_extensions(&self, now: Timestamp) -> impl Iterator<Item = &Source> {
        let due = move |it: &(&Source, &Timestamp)| *it.1 + EXTENSION_EVERY <= now;
        self.soft.renewed.iter().filter(due).map(|(source, _)| source)
    }
}

impl Soft {
    fn set_due(&mut self, group: GroupNumber, due: Option<Timestamp>) {
        let before = match due {
            Some(due) => {
                self.ticks.insert((due, group));
                self.dues.insert(group, due)
            }
            None => self.dues.remove(&group),
        };
        if let Some(before) = before.filter(|it| Some(*it) != due) {
            self.ticks.remove(&(before, group));
        }
    }

    /// Takes in an alert as it is now.
    fn note(&mut self, key: AlertKey, alert: &Alert) {
        let fires = alert.phase() == Phase::Firing;
        let end = alert.span().ends_at;
        self.arm(key, end.filter(|_| fires));
        self.inhibitions.set(key, &alert.labels, end.filter(|_| !fires));
        let keys = match self.firing.get_mut(&alert.source) {
            Some(keys) => keys,
            None => self.firing.entry(alert.source.clone()).or_default(),
        };
        if fires {
            keys.insert(key);
        } else {
            keys.remove(&key);
        }
    }

    fn arm(&mut self, alert: AlertKey, end: Option<Timestamp>) {
        let before = match end {
            Some(end) => {
                self.ends.insert((end, alert));
                self.armed.insert(alert, end)
            }
            None => self.armed.remove(&alert),
        };
        if let Some(before) = before.filter(|it| Some(*it) != end) {
            self.ends.remove(&(before, alert));
        }
    }
}

/// Applies one fact that was recorded at `at` under `seq`. It cannot fail: what happened, happened.
pub fn evolve(state: &mut State, fact: &Fact, at: Timestamp, seq: u64) {
    match fact {
        Fact::Observed(observed) => state.observed(observed, at, seq),
        Fact::Expired(expired) => expired.iter().for_each(|it| state.expire(it, at)),
        Fact::LeasesExtended(extended) => {
            for Extended { lease, alerts } in extended {
                for key in alerts {
                    state.extend(*key, *lease);
                }
            }
        }
        Fact::Flushed(flushed) => state.flushed(flushed),
        Fact::Told(told) => state.told(told, at),
        Fact::GivenUp(told) => state.given_up(told),
        Fact::Regrouped(Regrouped { opened, alerts }) => {
            for group in opened {
                state.open(group);
            }
            for (key, groups) in alerts {
                state.set_groups(*key, groups);
            }
        }
    }
    state.forget(at);
}

impl State {
    fn observed(&mut self, observed: &Observed, at: Timestamp, seq: u64) {
        let Observed { source, opened, alerts } = observed;
        for group in opened {
            self.open(group);
        }
        for Seen { key, event } in alerts {
            let before = self.alerts.remove(key);
            let was = before.as_ref().map(|it| it.groups.clone());
            let phase = before.as_ref().map_or(Phase::Quiet, Alert::phase);
            let Some(mut after) = Alert::after(before, source, event, at) else { continue };
            if let Event::Fired { .. } = event {
                (after.activation.fired_seq, after.groups) = (seq, was.unwrap_or_default());
            }
            if self.soft.rules.is_some() {
                self.soft.note(*key, &after);
            }
            if after.phase() == Phase::Quiet {
                self.ended.insert((at, *key));
            }
            self.alerts.insert(*key, after);
            self.tell_groups(*key, phase, at);
            if let Event::Fired { groups, .. } = event {
                self.set_groups(*key, groups);
            }
        }
    }

    fn expire(&mut self, expired: &Expired, at: Timestamp) {
        let Expired { key, ends_at, seen_at } = expired;
        let Some(alert) = self.alerts.get_mut(key) else { return };
        alert.end(*ends_at, ResolveReason::LeaseExpired, at);
        alert.told_at = *seen_at;
        self.ended.insert((at, *key));
        if self.soft.rules.is_some() {
            self.soft.note(*key, alert);
        }
        self.tell_groups(*key, Phase::Firing, at);
    }

    fn extend(&mut self, key: AlertKey, lease: Lease) {
        let Some(alert) = self.alerts.get_mut(&key) else { return };
        alert.told.ends_at = Some(lease.ends_at);
        alert.told.is_timeout = lease.is_timeout;
        alert.told_at = lease.seen_at;
        if alert.lease.is_some_and(|it| it.seen_at <= lease.seen_at) {
            alert.lease = None;
        }
        self.soft.renewed.remove(&alert.source);
    }

    fn open(&mut self, opened: &Opened) {
        let Opened { group, route, route_index, labels, due, leading_edge } = opened;
        self.next_group = GroupNumber(group.0 + 1);
        let made = Group {
            route: route.clone(),
            route_index: *route_index,
            labels: labels.clone(),
            leading_edge: *leading_edge,
            firing: 0,
            due: *due,
            flushed_at: None,
            members: BTreeMap::new(),
        };
        self.groups.insert(*group, made);
        if self.soft.rules.is_some() {
            self.soft.index.insert((labels.fingerprint(), *group));
            self.soft.set_due(*group, Some(*due));
        }
    }

    /// Makes an alert a member of these groups and of no others.
    fn set_groups(&mut self, key: AlertKey, groups: &[GroupNumber]) {
        let Some(alert) = self.alerts.get_mut(&key) else { return };
        let before = std::mem::replace(&mut alert.groups, groups.to_vec());
        let firing = u32::from(alert.phase() == Phase::Firing);
        for group in groups.iter().filter(|it| !before.contains(it)) {
            if let Some(group) = self.groups.get_mut(group) {
                group.members.insert(key, Member { is_news: true, ..Member::default() });
                group.firing += firing;
            }
        }
        for group in before.iter().filter(|it| !groups.contains(it)) {
            self.part(*group, key, firing);
        }
    }

    /// Ends one membership, of an alert that counts for `firing`; a group without members ends.
    fn part(&mut self, number: GroupNumber, key: AlertKey, firing: u32) {
        let Some(group) = self.groups.get_mut(&number) else { return };
        group.members.remove(&key);
        group.firing = group.firing.saturating_sub(firing);
        if group.members.is_empty() {
            let print = group.labels.fingerprint();
            self.groups.remove(&number);
            self.soft.index.remove(&(print, number));
            self.soft.set_due(number, None);
        }
    }

    /// Something happened at `at` to an alert that was in phase `before`.
    fn tell_groups(&mut self, key: AlertKey, before: Phase, at: Timestamp) {
        let Some(alert) = self.alerts.get(&key) else { return };
        let after = alert.phase();
        for number in &alert.groups {
            let Some(group) = self.groups.get_mut(number) else { continue };
            if let Some(member) = group.members.get_mut(&key) {
                (member.is_news, member.is_done) = (true, false);
            }
            let is_edge = match (before, after) {
                (Phase::Quiet, Phase::Firing) => {
                    group.firing += 1;
                    group.firing == 1
                }
                (Phase::Firing, Phase::Quiet) => {
                    group.firing = group.firing.saturating_sub(1);
                    group.firing == 0
                }
                _ => false,
            };
            if is_edge && group.leading_edge {
                group.due = at;
                if self.soft.rules.is_some() {
                    self.soft.set_due(*number, Some(at));
                }
            }
        }
    }

    fn flushed(&mut self, flushed: &Flushed) {
        let Flushed { group: number, at, next, receiver, alerts, outcomes, done, forgotten } =
            flushed;
        let Some(group) = self.groups.get_mut(number) else { return };
        (group.due, group.flushed_at) = (*next, Some(*at));
        for Judged { key, muted, .. } in alerts {
            if let Some(member) = group.members.get_mut(key) {
                member.is_news = false;
                member.muted = muted.clone().map(Box::new);
            }
        }
        for key in done {
            if let Some(member) = group.members.get_mut(key) {
                member.is_done = true;
            }
        }
        let key = Text::from(group.key());
        if self.soft.rules.is_some() {
            self.soft.set_due(*number, Some(*next));
        }
        for outcome in outcomes {
            self.heard(*number, &key, receiver, *at, outcome);
        }
        if !forgotten.is_empty()
            && let Some(memories) = self.memories.get_mut(&key)
        {
            let told = memories.values_mut().flat_map(BTreeMap::values_mut);
            told.filter_map(|it| it.told.as_mut()).for_each(|it| it.forget(forgotten));
        }
        self.settle(*number, &key);
    }

    /// Remembers what a flush means for one integration.
    fn heard(
        &mut self,
        group: GroupNumber,
        key: &Text,
        receiver: &Text,
        t: Timestamp,
        outcome: &Outcome,
    ) {
        let integration = match outcome {
            Outcome::Notice(notice) => notice.integration,
            Outcome::Quiet {
                integration,
                why: Quiet::NotWanted { .. } | Quiet::Withdrawn { .. },
            } => *integration,
            Outcome::Quiet { .. } => return,
        };
        let of_group = self.memories.entry(key.clone()).or_default();
        let memory = of_group.entry(receiver.clone()).or_default().entry(integration).or_default();
        match outcome {
            Outcome::Notice(notice) => {
                memory.open = Some(Open {
                    notice: notice.id,
                    group,
                    fate: Fate::OnItsWay,
                    firing: notice.firing.clone(),
                    resolved: notice.resolved.clone(),
                });
            }
            Outcome::Quiet { why: Quiet::NotWanted { resolved, forget_at }, .. } => {
                memory.told = Some(Content {
                    at: t,
                    firing: Shared::from(Vec::new()),
                    resolved: resolved.clone(),
                    forget_at: *forget_at,
                });
            }
            Outcome::Quiet { why: Quiet::Withdrawn { .. }, .. } => {
                memory.open = memory.open.take().filter(|it| it.fate != Fate::Failed);
                if let Some(open) = &mut memory.open {
                    open.fate = Fate::Withdrawn;
                }
            }
            Outcome::Quiet { .. } => {}
        }
    }

    fn told(&mut self, told: &Told, at: Timestamp) {
        let Told { notice, group, receiver, integration, firing, resolved, forget_at } = told;
        let of_group = self.memories.entry(group.clone()).or_default();
        let memory = of_group.entry(receiver.clone()).or_default().entry(*integration).or_default();
        let (firing, resolved) = (firing.clone(), resolved.clone());
        memory.told = Some(Content { at, firing: firing.clone(), resolved, forget_at: *forget_at });
        let Some(open) = memory.open.take_if(|it| it.notice == *notice) else { return };
        if open.fate == Fate::Withdrawn
            && let Some(group) = self.groups.get_mut(&open.group)
        {
            // It arrived all the same, so whoever heard that these fire must hear that they do not.
            for (_, member) in group.members.iter_mut().filter(|(key, _)| firing.contains(key)) {
                if member.is_done {
                    (member.is_news, member.is_done) = (true, false);
                }
            }
        }
        self.settle(open.group, group);
    }

    fn given_up(&mut self, told: &Told) {
        let Told { notice, group, receiver, integration, .. } = told;
        let memories = self.memories.get_mut(group).and_then(|it| it.get_mut(receiver));
        let Some(memory) = memories.and_then(|it| it.get_mut(integration)) else { return };
        let Some(open) = memory.open.as_mut().filter(|it| it.notice == *notice) else { return };
        let number = open.group;
        if open.fate == Fate::Withdrawn {
            memory.open = None;
        } else {
            open.fate = Fate::Failed;
        }
        self.settle(number, group);
    }

    /// Lets resolved members go of which nothing is on its way.
    fn settle(&mut self, number: GroupNumber, key: &Text) {
        let Some(group) = self.groups.get(&number) else { return };
        let done = group.members.iter().filter(|(_, it)| it.is_done).map(|(key, _)| *key);
        let done: Vec<AlertKey> = done.collect();
        if done.is_empty() {
            return;
        }
        let memories = self.memories.get(key);
        let memories = memories.into_iter().flat_map(BTreeMap::values).flat_map(BTreeMap::values);
        let open: Vec<&Open> = memories.filter_map(|it| it.open.as_ref()).collect();
        let free = done.into_iter().filter(|key| !open.iter().any(|it| it.mentions(*key)));
        let free: Vec<AlertKey> = free.collect();
        for key in free {
            if let Some(alert) = self.alerts.get_mut(&key) {
                alert.groups.retain(|it| *it != number);
            }
            self.part(number, key, 0);
        }
    }

    /// Lets go of what is too old.
    fn forget(&mut self, now: Timestamp) {
        while let Some((at, key)) = self.ended.first().copied() {
            if now < at + RESOLVED_KEPT {
                break;
            }
            self.ended.pop_first();
            let Some(alert) = self.alerts.get(&key) else { continue };
            if alert.activation.resolved_at.is_none_or(|it| now < it + RESOLVED_KEPT) {
                continue;
            }
            if alert.groups.is_empty() {
                self.alerts.remove(&key);
                self.soft.inhibitions.remove(key);
            } else {
                // A group has not spoken of its end yet.
                self.ended.insert((now, key));
            }
        }
        if now.duration_since(self.swept_at) < RESOLVED_KEPT {
            return;
        }
        self.swept_at = now;
        let old = |it: &Memory| {
            it.open.is_none() && it.told.as_ref().is_none_or(|it| it.forget_at <= now)
        };
        self.memories.retain(|_, receivers| {
            receivers.retain(|_, memories| {
                memories.retain(|_, it| !old(it));
                !memories.is_empty()
            });
            !receivers.is_empty()
        });
    }
}
