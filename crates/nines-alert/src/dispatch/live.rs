//! What makes time matter and answers fast: timers and indices of a state that decides.
//!
//! Nothing here is a fact. All of it follows from the fold and the configuration, and is rebuilt when either is new.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::alert::{Alert, Lease};
use super::group::{Group, GroupNumber};
use super::{Rules, Source};
use crate::{AlertKey, Phase, inhibit};

/// Renewals become a fact at most so often.
const EXTENSION_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// Timers and indices.
#[derive(Debug, Clone)]
pub(super) struct Live {
    /// The next tick of each group, both ways.
    dues: BTreeMap<GroupNumber, Timestamp>,
    ticks: BTreeSet<(Timestamp, GroupNumber)>,
    /// Groups by the fingerprints of their labels.
    index: BTreeSet<(u64, GroupNumber)>,
    /// When to look whether leases ran out. Each alert that fires and has an end is here at least once, not later than
    /// its end; what is here in vain is found out by looking.
    ends: BTreeMap<Timestamp, Vec<AlertKey>>,
    /// By who began them.
    firing: BTreeMap<Source, BTreeSet<AlertKey>>,
    /// Of all alerts of the table. Those that fire have no end here: a lease that runs out is a fact before any tick.
    inhibitions: inhibit::Index,
    /// Sources with renewals that no fact holds, and since when.
    renewed: BTreeMap<Source, Timestamp>,
}

impl Live {
    /// Without alerts and groups.
    pub(super) fn new(rules: &Rules) -> Self {
        Self {
            dues: BTreeMap::new(),
            ticks: BTreeSet::new(),
            index: BTreeSet::new(),
            ends: BTreeMap::new(),
            firing: BTreeMap::new(),
            inhibitions: inhibit::Index::new(&rules.inhibitions),
            renewed: BTreeMap::new(),
        }
    }

    /// When there is something to do.
    pub(super) fn wake_at(&self) -> Option<Timestamp> {
        let tick = self.ticks.first().map(|(at, _)| *at);
        let end = self.ends.first_key_value().map(|(at, _)| *at);
        let extension = self.renewed.values().min().map(|it| *it + EXTENSION_EVERY);
        [tick, end, extension].into_iter().flatten().min()
    }

    // Groups

    pub(super) fn open(&mut self, number: GroupNumber, group: &Group, due: Timestamp) {
        self.index.insert((group.labels.fingerprint(), number));
        self.set_due(number, due);
    }

    pub(super) fn close(&mut self, number: GroupNumber, group: &Group) {
        self.index.remove(&(group.labels.fingerprint(), number));
        if let Some(due) = self.dues.remove(&number) {
            self.ticks.remove(&(due, number));
        }
    }

    pub(super) fn set_due(&mut self, group: GroupNumber, due: Timestamp) {
        let before = self.dues.insert(group, due);
        if before == Some(due) {
            return;
        }
        if let Some(before) = before {
            self.ticks.remove(&(before, group));
        }
        self.ticks.insert((due, group));
    }

    pub(super) fn due(&self, group: GroupNumber) -> Option<Timestamp> {
        self.dues.get(&group).copied()
    }

    /// The groups whose tick is due, the most overdue first.
    pub(super) fn due_groups(
        &self,
        now: Timestamp,
    ) -> impl Iterator<Item = (Timestamp, GroupNumber)> {
        self.ticks.iter().copied().take_while(move |(at, _)| *at <= now)
    }

    /// The groups whose labels have this fingerprint.
    pub(super) fn groups_with(&self, fingerprint: u64) -> impl Iterator<Item = GroupNumber> {
        let all = (fingerprint, GroupNumber(0))..=(fingerprint, GroupNumber(u64::MAX));
        self.index.range(all).map(|(_, number)| *number)
    }

    // Alerts

    /// Takes in an alert of which something is new.
    pub(super) fn note(&mut self, key: AlertKey, alert: &Alert) {
        let fires = alert.phase() == Phase::Firing;
        let end = alert.span().ends_at;
        if let Some(end) = end.filter(|_| fires) {
            self.ends.entry(end).or_default().push(key);
        }
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

    /// There is no such alert any more.
    pub(super) fn forget(&mut self, key: AlertKey) {
        self.inhibitions.remove(key);
    }

    /// Takes in a renewal of an alert that was to end at `end`.
    pub(super) fn renew(&mut self, key: AlertKey, source: &Source, end: Timestamp, lease: Lease) {
        // A timer that rings too early only looks; one that rings too late would be wrong.
        if lease.ends_at < end {
            self.ends.entry(lease.ends_at).or_default().push(key);
        }
        if !self.renewed.contains_key(source) {
            self.renewed.insert(source.clone(), lease.seen_at);
        }
    }

    /// The alerts to look at.
    pub(super) fn due_ends(&self, now: Timestamp) -> impl Iterator<Item = AlertKey> {
        self.ends.range(..=now).flat_map(|(_, keys)| keys).copied()
    }

    /// Those up to `now` have been looked at; `end` tells when the ones that still fire end.
    pub(super) fn looked(&mut self, now: Timestamp, end: impl Fn(AlertKey) -> Option<Timestamp>) {
        while let Some(entry) = self.ends.first_entry().filter(|it| *it.key() <= now) {
            let mut again = BTreeMap::<Timestamp, Vec<AlertKey>>::new();
            for key in entry.remove() {
                if let Some(end) = end(key) {
                    again.entry(end).or_default().push(key);
                }
            }
            for (end, mut keys) in again {
                self.ends.entry(end).or_default().append(&mut keys);
            }
        }
    }

    pub(super) fn firing(&self, source: &Source) -> impl Iterator<Item = AlertKey> {
        self.firing.get(source).into_iter().flatten().copied()
    }

    pub(super) fn inhibitions(&self) -> &inhibit::Index {
        &self.inhibitions
    }

    /// The sources whose renewals are to become a fact.
    pub(super) fn due_extensions(&self, now: Timestamp) -> impl Iterator<Item = &Source> {
        let due = move |it: &(&Source, &Timestamp)| *it.1 + EXTENSION_EVERY <= now;
        self.renewed.iter().filter(due).map(|(source, _)| source)
    }

    /// A fact holds the renewals of this source.
    pub(super) fn extended(&mut self, source: &Source) {
        self.renewed.remove(source);
    }
}
