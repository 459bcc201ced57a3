//! The fold: what facts make of a state. Nothing here decides anything.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::alert::{Alert, Lease};
use super::fact::{
    Event, Expired, Extended, Fact, Flushed, Judged, Observed, Opened, Outcome, Quiet, Regrouped,
    Seen, Told,
};
use super::group::{Content, Fate, Group, GroupHash, GroupNumber, Member, Memory, Open};
use super::state::State;
use super::{Shared, Text};
use crate::{AlertKey, Phase, ResolveReason};

/// Resolved alerts stay in the table for so long.
const RESOLVED_KEPT: SignedDuration = SignedDuration::from_mins(30);

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
        Fact::Regrouped(Regrouped { opened, alerts, edges }) => {
            for (number, leading_edge) in edges {
                if let Some(group) = state.groups.get_mut(number) {
                    group.leading_edge = *leading_edge;
                }
            }
            for group in opened {
                state.open(group);
            }
            // A group whose members change places must not end in between.
            for (key, groups) in alerts {
                state.join(*key, groups);
            }
            for (key, groups) in alerts {
                state.leave_others(*key, groups);
            }
        }
    }
    // What became of a notice may be known before anything decides again; all else is decided after the ticks.
    if !matches!(fact, Fact::Told(_) | Fact::GivenUp(_)) {
        state.seen_at = at;
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
            if let Some(live) = self.live_mut() {
                live.note(*key, &after);
            }
            if after.phase() == Phase::Quiet {
                self.ended.insert((at, *key));
            }
            self.alerts.insert(*key, after);
            self.tell_groups(*key, phase, at);
            if let Event::Fired { groups, .. } = event {
                self.join(*key, groups);
                self.leave_others(*key, groups);
            }
        }
    }

    fn expire(&mut self, expired: &Expired, at: Timestamp) {
        let Expired { key, ends_at, seen_at } = expired;
        let Some(alert) = self.alerts.get_mut(key) else { return };
        alert.end(*ends_at, ResolveReason::LeaseExpired, at);
        alert.told_at = *seen_at;
        self.ended.insert((at, *key));
        let alert = alert.clone();
        if let Some(live) = self.live_mut() {
            live.note(*key, &alert);
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
    }

    fn open(&mut self, opened: &Opened) {
        let Opened { group, route, route_index, labels, due, leading_edge } = opened;
        self.next_group = GroupNumber(group.0 + 1);
        let mut made = Group {
            route: route.clone(),
            route_index: *route_index,
            labels: labels.clone(),
            hash: GroupHash::default(),
            leading_edge: *leading_edge,
            firing: 0,
            due: *due,
            flushed_at: None,
            members: BTreeMap::new(),
        };
        made.hash = GroupHash::of(&made.key());
        if let Some(live) = self.live_mut() {
            live.open(*group, &made, *due);
        }
        self.groups.insert(*group, made);
    }

    /// Makes an alert a member of these groups too.
    fn join(&mut self, key: AlertKey, groups: &[GroupNumber]) {
        let Some(alert) = self.alerts.get_mut(&key) else { return };
        let firing = u32::from(alert.phase() == Phase::Firing);
        for number in groups {
            if let Some(group) = self.groups.get_mut(number)
                && !alert.groups.contains(number)
            {
                alert.groups.push(*number);
                group.members.insert(key, Member { is_news: true, ..Member::default() });
                group.firing += firing;
            }
        }
    }

    /// Ends all memberships of an alert but these, which it has.
    fn leave_others(&mut self, key: AlertKey, groups: &[GroupNumber]) {
        let Some(alert) = self.alerts.get_mut(&key) else { return };
        let before = std::mem::replace(&mut alert.groups, groups.to_vec());
        let firing = u32::from(alert.phase() == Phase::Firing);
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
            let group = self.groups.remove(&number);
            if let (Some(live), Some(group)) = (self.live_mut(), group) {
                live.close(number, &group);
            }
        }
    }

    /// Something happened at `at` to an alert that was in phase `before`.
    fn tell_groups(&mut self, key: AlertKey, before: Phase, at: Timestamp) {
        let Some(alert) = self.alerts.get(&key) else { return };
        let after = alert.phase();
        let mut due = Vec::new();
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
                due.push(*number);
            }
        }
        if let Some(live) = self.live_mut() {
            for group in due {
                live.set_due(group, at);
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
        let hash = group.hash;
        if let Some(live) = self.live_mut() {
            live.set_due(*number, *next);
        }
        for outcome in outcomes {
            self.heard(*number, hash, receiver, *at, outcome);
        }
        if !forgotten.is_empty()
            && let Some(memories) = self.memories.get_mut(&hash)
        {
            let told = memories.iter_mut().filter_map(|it| it.told.as_mut());
            told.for_each(|it| it.forget(forgotten));
        }
        self.settle(*number);
    }

    /// Remembers what a flush means for one integration.
    fn heard(
        &mut self,
        group: GroupNumber,
        hash: GroupHash,
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
        let memory = self.memory_mut(hash, receiver, integration);
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
        let memory = self.memory_mut(GroupHash::of(group), receiver, *integration);
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
        self.settle(open.group);
    }

    /// What one integration heard of a group; a new memory is empty.
    fn memory_mut(&mut self, hash: GroupHash, receiver: &Text, integration: u32) -> &mut Memory {
        let memories = self.memories.entry(hash).or_default();
        let is_it = |it: &Memory| it.integration == integration && it.receiver == *receiver;
        let place = memories.iter().position(is_it).unwrap_or_else(|| {
            memories.reserve_exact(1);
            let receiver = receiver.clone();
            memories.push(Memory { receiver, integration, told: None, open: None });
            memories.len() - 1
        });
        &mut memories[place]
    }

    fn given_up(&mut self, told: &Told) {
        let Told { notice, group, receiver, integration, .. } = told;
        let memory = self.memory_mut(GroupHash::of(group), receiver, *integration);
        let Some(open) = memory.open.as_mut().filter(|it| it.notice == *notice) else { return };
        let number = open.group;
        if open.fate == Fate::Withdrawn {
            memory.open = None;
        } else {
            open.fate = Fate::Failed;
        }
        self.settle(number);
    }

    /// Lets resolved members go of which nothing is on its way.
    fn settle(&mut self, number: GroupNumber) {
        let Some(group) = self.groups.get(&number) else { return };
        let done = group.members.iter().filter(|(_, it)| it.is_done).map(|(key, _)| *key);
        let done: Vec<AlertKey> = done.collect();
        if done.is_empty() {
            return;
        }
        let memories = self.memories.get(&group.hash).into_iter().flatten();
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
                if let Some(live) = self.live_mut() {
                    live.forget(key);
                }
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
        self.memories.retain(|_, memories| {
            memories.retain(|it| !old(it));
            !memories.is_empty()
        });
    }
}
