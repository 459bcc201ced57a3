//! Conservation: nothing that happened to an alert got lost on its way to the people who have to know.
//!
//! For every transition of an alert, every group that it belongs to, and every integration that hears of the group,
//! the journal must say exactly one thing: it was told, folded into what was told, muted by something with a name, not
//! wanted, known already, superseded, given up, or its time has not come. This reads the journal's facts by themselves:
//! it shares no code with what folds them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use nines_alert::AlertKey;
use nines_alert::dispatch::{
    Event, Fact, Flushed, GroupNumber, Judged, Muted, NoticeId, Opened, Outcome, Quiet,
};

/// So much later than it should have been a tick may be.
const SLACK: SignedDuration = SignedDuration::from_secs(10);
/// The most problems that are described; all are counted.
const PROBLEMS_MAX: usize = 20;

/// What became of all transitions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conservation {
    /// How often an alert fired, changed or ended.
    pub transitions: u64,
    /// How many (transition, group, integration) there are of each kind; muted ones count once for a group.
    pub buckets: BTreeMap<&'static str, u64>,
    /// What is in no bucket, or in two.
    pub problems: Vec<String>,
    /// How many of those there are.
    pub problems_total: u64,
}

/// Reads facts in the order of the journal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Auditor {
    found: Conservation,
    groups: BTreeMap<GroupNumber, Group>,
    /// The groups that each alert is in, as far as facts say.
    memberships: BTreeMap<AlertKey, Vec<GroupNumber>>,
    /// Notices that nobody has taken or refused yet, by integration.
    open: BTreeMap<(String, String, u32), NoticeId>,
    /// How many transitions each of those tells.
    notices: BTreeMap<NoticeId, u64>,
    /// All that were ever ordered.
    ordered: BTreeSet<NoticeId>,
    last_at: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct Group {
    due: Timestamp,
    /// From one tick to the next, once there was one.
    interval: SignedDuration,
    /// Transitions that no tick has judged yet: since when, and how many.
    claims: BTreeMap<AlertKey, (Timestamp, u64)>,
}

impl Auditor {
    /// Takes in one fact.
    pub(crate) fn read(&mut self, fact: &Fact, at: Timestamp) {
        self.last_at = Some(at);
        match fact {
            Fact::Observed(observed) => {
                self.open(&observed.opened);
                for seen in &observed.alerts {
                    if let Event::Fired { groups, .. } = &seen.event {
                        self.belong(seen.key, groups);
                    }
                    self.claim(seen.key, at);
                }
            }
            Fact::Expired(expired) => expired.iter().for_each(|it| self.claim(it.key, at)),
            Fact::LeasesExtended(_) => {}
            Fact::Flushed(flushed) => self.flushed(flushed),
            Fact::Told(told) => self.settle(told.notice, "told", "notice that was taken"),
            Fact::GivenUp(told) => self.settle(told.notice, "given up", "notice that was given up"),
            Fact::Regrouped(regrouped) => {
                self.open(&regrouped.opened);
                for (key, groups) in &regrouped.alerts {
                    self.move_to(*key, groups, at);
                }
            }
        }
    }

    fn open(&mut self, opened: &[Opened]) {
        for Opened { group, due, .. } in opened {
            let (interval, claims) = (SignedDuration::ZERO, BTreeMap::new());
            self.groups.insert(*group, Group { due: *due, interval, claims });
        }
    }

    fn belong(&mut self, key: AlertKey, groups: &[GroupNumber]) {
        self.memberships.insert(key, groups.to_vec());
    }

    /// Something happened to an alert: each of its groups owes an answer.
    fn claim(&mut self, key: AlertKey, at: Timestamp) {
        self.found.transitions += 1;
        let groups = self.memberships.get(&key).cloned().unwrap_or_default();
        if groups.is_empty() {
            *self.found.buckets.entry("in no group any more").or_default() += 1;
        }
        for number in groups {
            match self.groups.get_mut(&number) {
                Some(group) => group.claims.entry(key).or_insert((at, 0)).1 += 1,
                None => {
                    self.problem(format!("alert {key} is in group {number}, which never began"));
                }
            }
        }
    }

    /// What the old groups owe the new ones do.
    fn move_to(&mut self, key: AlertKey, groups: &[GroupNumber], at: Timestamp) {
        let mut owed = 0;
        for number in self.memberships.get(&key).cloned().unwrap_or_default() {
            if !groups.contains(&number)
                && let Some(group) = self.groups.get_mut(&number)
                && let Some((_, count)) = group.claims.remove(&key)
            {
                owed = owed.max(count);
            }
        }
        let before = self.memberships.insert(key, groups.to_vec()).unwrap_or_default();
        for number in groups.iter().filter(|it| !before.contains(it)) {
            if let Some(group) = self.groups.get_mut(number) {
                group.claims.entry(key).or_insert((at, 0)).1 += owed.max(1);
            }
        }
    }

    fn flushed(&mut self, flushed: &Flushed) {
        let Flushed { group: number, at, next, receiver, alerts, outcomes, done, .. } = flushed;
        let Some(group) = self.groups.get_mut(number) else {
            return self.problem(format!("group {number} speaks at {at} and never began"));
        };
        group.due = *next;
        group.interval = next.duration_since(*at);
        let mut settled = Vec::new();
        for Judged { key, muted, .. } in alerts {
            // Another verdict than the last time without anything new is no transition.
            let count = group.claims.remove(key).map_or(0, |(_, count)| count);
            settled.push((*key, muted, count));
        }
        let owed: Vec<AlertKey> = group.claims.keys().copied().collect();
        for key in owed {
            self.problem(format!("group {number} spoke at {at} and did not judge alert {key}"));
        }
        let mut told = BTreeMap::new();
        for outcome in outcomes {
            if let Outcome::Notice(notice) = outcome {
                let whose = (notice.group.to_string(), receiver.to_string(), notice.integration);
                if let Some(before) = self.open.insert(whose, notice.id) {
                    self.close(before, "superseded");
                }
                let said: BTreeSet<AlertKey> =
                    notice.firing.iter().chain(&*notice.resolved).copied().collect();
                told.insert(notice.integration, said);
                self.notices.insert(notice.id, 0);
                self.ordered.insert(notice.id);
            }
        }
        for (key, muted, count) in settled {
            match muted {
                Some(Muted::Silenced(_)) => self.count("silenced", count),
                Some(Muted::Inhibited(_)) => self.count("inhibited", count),
                Some(Muted::Interval(_)) => self.count("muted by a time interval", count),
                None if outcomes.is_empty() => {
                    self.count("its receiver has no integrations", count);
                }
                None => {
                    for outcome in outcomes {
                        self.outcome(outcome, key, &told, count);
                    }
                }
            }
        }
        for key in done {
            if let Some(groups) = self.memberships.get_mut(key) {
                groups.retain(|it| it != number);
            }
        }
    }

    fn outcome(
        &mut self,
        outcome: &Outcome,
        key: AlertKey,
        told: &BTreeMap<u32, BTreeSet<AlertKey>>,
        count: u64,
    ) {
        match outcome {
            Outcome::Notice(notice) => {
                let says = told.get(&notice.integration).is_some_and(|it| it.contains(&key));
                if !says {
                    // An end that this integration does not want, or knows.
                    return self.count("not wanted", count);
                }
                // Of several transitions since the last tick only the last is told as such.
                self.count("folded into a notice", count.saturating_sub(1));
                *self.notices.entry(notice.id).or_default() += count.min(1);
            }
            Outcome::Quiet { why, .. } => self.count(
                match why {
                    Quiet::NeverTold => "over before it was told",
                    Quiet::Known { .. } => "known already",
                    Quiet::NotWanted { .. } => "not wanted",
                    Quiet::Open { .. } => "folded into a notice",
                    Quiet::Withdrawn { .. } => "withdrawn",
                },
                count,
            ),
        }
    }

    fn settle(&mut self, notice: NoticeId, bucket: &'static str, what: &str) {
        if !self.ordered.contains(&notice) {
            return self.problem(format!("{notice} is a {what} and was never ordered"));
        }
        self.open.retain(|_, it| *it != notice);
        self.close(notice, bucket);
    }

    fn close(&mut self, notice: NoticeId, bucket: &'static str) {
        let count = self.notices.remove(&notice).unwrap_or(0);
        self.count(bucket, count);
    }

    fn count(&mut self, bucket: &'static str, count: u64) {
        if count > 0 {
            *self.found.buckets.entry(bucket).or_default() += count;
        }
    }

    fn problem(&mut self, text: String) {
        self.found.problems_total += 1;
        if self.found.problems.len() < PROBLEMS_MAX {
            self.found.problems.push(text);
        }
    }

    /// What was found, up to the last fact.
    pub(crate) fn finish(mut self) -> Conservation {
        let on_their_way: u64 = self.notices.values().sum();
        self.count("on its way", on_their_way);
        let Some(now) = self.last_at else { return self.found };
        let mut waiting = 0;
        for (number, group) in std::mem::take(&mut self.groups) {
            for (key, (since, count)) in group.claims {
                let due = group.due.max(since + group.interval);
                if due + SLACK < now {
                    self.problem(format!(
                        "alert {key} waits since {since} for group {number}, which was to speak by {due}"
                    ));
                } else {
                    waiting += count;
                }
            }
        }
        self.count("waits for its group", waiting);
        self.found
    }
}

#[cfg(test)]
mod tests;
