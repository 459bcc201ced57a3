//! The fold of all facts about alerts and groups, and what follows from it and the configuration.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::alert::{Alert, Lease, Span};
use super::group::{Group, GroupHash, GroupNumber, Memory};
use super::live::Live;
use super::tree::{Node, Tree, escalation_of};
use super::{Notice, Rules, Timing, Upkeep};
use crate::{AlertKey, Phase};

/// What integrations heard, by the group. Few receivers ever hear of one, so each is a short list.
pub type Memories = BTreeMap<GroupHash, Vec<Memory>>;

/// Everything known of alerts, groups, and what was said of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub(super) alerts: BTreeMap<AlertKey, Alert>,
    pub(super) groups: BTreeMap<GroupNumber, Group>,
    pub(super) memories: Memories,
    /// The number that the next group gets.
    pub(super) next_group: GroupNumber,
    /// Alerts that leave the table some time after they ended.
    pub(super) ended: BTreeSet<(Timestamp, AlertKey)>,
    /// When the last fact was decided.
    pub(super) seen_at: Timestamp,
    /// When memories were looked through for old ones.
    pub(super) swept_at: Timestamp,
    #[serde(skip)]
    soft: Soft,
}

/// What follows from the configuration.
#[derive(Debug, Clone, Default)]
pub(super) struct Soft {
    rules: Option<Arc<Rules>>,
    tree: Tree,
    /// Only of a state that decides.
    live: Option<Box<Live>>,
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

    /// What one integration heard of a group.
    pub fn memory(&self, group: GroupHash, receiver: &str, integration: u32) -> Option<&Memory> {
        let is_it = |it: &&Memory| it.integration == integration && *it.receiver == *receiver;
        self.memories.get(&group)?.iter().find(is_it)
    }

    /// What the integration of this notice heard of its group.
    pub(super) fn memory_of(&self, notice: &Notice) -> Option<&Memory> {
        self.memory(GroupHash::of(&notice.group), &notice.receiver, notice.integration)
    }

    /// The configuration that decides, once there is one.
    pub fn rules(&self) -> Option<&Arc<Rules>> {
        self.soft.rules.as_ref()
    }

    /// The next tick of this group; of a state that only answers, the first one that may not have been yet.
    pub fn due(&self, group: GroupNumber) -> Option<Timestamp> {
        match &self.soft.live {
            Some(live) => live.due(group),
            None => self.groups.get(&group).map(|it| self.missed_due(it)),
        }
    }

    /// When [`super::Command::Wake`] is due, if time matters. Not before there is a configuration.
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.soft.live.as_ref()?.wake_at()
    }

    /// From here on this state only answers questions, and these rules stand beside it. It costs less than one that
    /// decides; [`Self::configure`] makes it decide again.
    pub fn attach(&mut self, rules: &Arc<Rules>) {
        self.soft = Soft { rules: Some(Arc::clone(rules)), tree: Tree::new(rules), live: None };
    }

    /// From here on these rules decide. Follow it with [`super::Command::Regroup`], and after a start or a takeover
    /// with [`Self::give_grace`].
    pub fn configure(&mut self, rules: &Arc<Rules>) {
        let before = self.soft.live.take();
        self.attach(rules);
        let mut live = Box::new(Live::new(rules));
        for (key, alert) in &self.alerts {
            live.note(*key, alert);
            if let Some(lease) = alert.lease {
                live.renew(*key, &alert.source, lease.ends_at, lease);
            }
        }
        for (number, group) in &self.groups {
            let known = before.as_ref().and_then(|it| it.due(*number));
            live.open(*number, group, known.unwrap_or_else(|| self.missed_due(group)));
        }
        self.soft.live = Some(live);
    }

    /// The first tick of a group that may not have been yet. When the last fact was decided, all earlier ones had.
    fn missed_due(&self, group: &Group) -> Timestamp {
        match self.node_of(group) {
            Some(node) => not_before(group.due, node.timing.interval, self.seen_at),
            None => group.due,
        }
    }

    /// Every lease runs on for a while: nobody could renew it while nothing ran, or while another process decided.
    pub fn give_grace(&mut self, now: Timestamp) {
        let timeout =
            self.soft.rules.as_ref().map_or(SignedDuration::ZERO, |it| it.resolve_timeout);
        for alert in self.alerts.values_mut() {
            let Span { ends_at: Some(ends_at), is_timeout, .. } = alert.told else { continue };
            if alert.phase() == Phase::Firing {
                // The timer rings at the old end and finds the new one.
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
            let end = alert.span().ends_at.unwrap_or(Timestamp::MAX);
            alert.lease = Some(*lease);
            if let Some(live) = &mut self.soft.live {
                live.renew(*key, &alert.source, end, *lease);
            }
        }
        let Some(live) = &mut self.soft.live else { return };
        for source in &upkeep.extended {
            live.extended(source);
        }
        for (group, due) in &upkeep.passed {
            if self.groups.contains_key(group) {
                live.set_due(*group, *due);
            }
        }
        if let Some(until) = upkeep.looked_until {
            let firing = |it: &&Alert| it.phase() == Phase::Firing;
            live.looked(until, |key| self.alerts.get(&key).filter(firing)?.span().ends_at);
        }
    }

    /// The timers and indices of a state that decides.
    pub(super) fn live_mut(&mut self) -> Option<&mut Live> {
        self.soft.live.as_deref_mut()
    }

    /// The timers and indices of a state that decides.
    pub(super) fn live(&self) -> Option<&Live> {
        self.soft.live.as_deref()
    }

    /// The routes.
    pub(super) fn tree(&self) -> &Tree {
        &self.soft.tree
    }

    /// The group of a node with these labels, if there is one.
    pub(super) fn find_group(
        &self,
        node: &Node,
        labels: &nines_base::Labels,
    ) -> Option<GroupNumber> {
        let mut found = self.soft.live.as_ref()?.groups_with(labels.fingerprint());
        let is_it = |it: &Group| {
            it.route_index == node.index && it.route == node.key && it.labels == *labels
        };
        found.find(|it| self.groups.get(it).is_some_and(is_it))
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
        let open = self
            .memory_of(notice)
            .and_then(|it| it.open.as_ref())
            .filter(|it| it.notice == notice.id);
        let group = open.and_then(|it| self.groups.get(&it.group));
        let node = group.and_then(|it| self.node_of(it));
        node.map_or_else(|| Timing::default().repeat, |it| it.timing.repeat)
    }
}

/// The first of `first` and whole intervals later that is not before `t`.
pub(super) fn not_before(first: Timestamp, interval: SignedDuration, t: Timestamp) -> Timestamp {
    if t <= first {
        return first;
    }
    let interval = interval.as_nanos().max(1);
    let count = (t.duration_since(first).as_nanos() + interval - 1) / interval;
    let later = i64::try_from(count * interval).unwrap_or(i64::MAX);
    first.checked_add(SignedDuration::from_nanos(later)).unwrap_or(Timestamp::MAX)
}
