//! Alerts and groups as this API shows them.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Bound;

use jiff::{SignedDuration, Timestamp};
use nines_alert::dispatch::{self, Alert, Group, GroupNumber, Text};
use nines_alert::{AlertKey, inhibit, silence};
use nines_base::{Labels, Matcher};
use nines_engine::State;

use super::query::{Query, Receivers};
use super::refusal::AmError;
use super::wire;

/// What is known, as of one instant.
#[derive(Debug)]
pub(super) struct Table<'a> {
    dispatch: &'a dispatch::State,
    silences: &'a silence::State,
    inhibitions: &'a inhibit::Index,
    now: Timestamp,
}

/// Which alerts are meant.
#[derive(Debug)]
pub(super) struct Filter {
    /// What the request does not want to see.
    unwanted: Vec<Kind>,
    matchers: Vec<Matcher>,
    receivers: Receivers,
}

/// Alerts that a request may leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Active,
    Silenced,
    Inhibited,
    /// Groups in a time interval.
    Muted,
}

impl Filter {
    pub(super) fn read(query: &Query) -> Result<Self, AmError> {
        let kinds = [
            ("active", Kind::Active),
            ("silenced", Kind::Silenced),
            ("inhibited", Kind::Inhibited),
            ("muted", Kind::Muted),
        ];
        let unwanted = kinds.into_iter().filter(|(name, _)| !query.wants(name));
        Ok(Self {
            unwanted: unwanted.map(|(_, kind)| kind).collect(),
            matchers: query.matchers("filter")?,
            receivers: query.receivers()?,
        })
    }

    fn leaves_out(&self, kind: Kind) -> bool {
        self.unwanted.contains(&kind)
    }
}

/// Why an alert is not told of, if it is not.
#[derive(Debug, Default)]
struct Status {
    silences: Vec<silence::SilenceId>,
    inhibitor: Option<AlertKey>,
    intervals: Vec<String>,
}

impl Status {
    fn is_active(&self) -> bool {
        self.silences.is_empty() && self.inhibitor.is_none()
    }
}

impl<'a> Table<'a> {
    /// `inhibitions` are those of the state.
    pub(super) fn new(state: &'a State, inhibitions: &'a inhibit::Index, now: Timestamp) -> Self {
        Self { dispatch: &state.dispatch, silences: &state.silences, inhibitions, now }
    }

    /// Writes the alerts that are meant, from where the page is until it is full, as the items of a JSON array. Says
    /// which was the last one looked at, unless the table is at its end.
    pub(super) fn write_alerts(
        &self,
        out: &mut Vec<u8>,
        filter: &Filter,
        page: &mut Page,
    ) -> Option<AlertKey> {
        let from = page.after.map_or(Bound::Unbounded, Bound::Excluded);
        for (key, alert) in self.dispatch.alerts().range((from, Bound::Unbounded)) {
            let before = out.len();
            if page.written != 0 {
                out.push(b',');
            }
            if self.write_alert(out, filter, *key, alert) {
                page.written += 1;
            } else {
                out.truncate(before);
            }
            page.looked += 1;
            page.after = Some(*key);
            if page.is_full() {
                return Some(*key);
            }
        }
        None
    }

    /// Writes an alert if it is meant.
    fn write_alert(
        &self,
        out: &mut Vec<u8>,
        filter: &Filter,
        key: AlertKey,
        alert: &Alert,
    ) -> bool {
        let Some(status) = self.judge(filter, alert) else { return false };
        let receivers = self.receivers(alert);
        if !receivers.iter().any(|it| filter.receivers.has(it)) {
            return false;
        }
        self.write(out, (key, alert), &receivers, &status);
        true
    }

    /// The status of an alert, if it is meant as far as it itself says.
    fn judge(&self, filter: &Filter, alert: &Alert) -> Option<Status> {
        let is_over = alert.span().ends_at.is_some_and(|it| it < self.now);
        if is_over || !filter.matchers.iter().all(|it| it.matches(&alert.labels)) {
            return None;
        }
        let inhibition = self.inhibitions.inhibited(&alert.labels, self.now);
        let groups = alert.groups.iter().filter_map(|it| self.dispatch.group(*it));
        let intervals = groups.filter_map(|it| self.dispatch.muted_by(it, self.now));
        let status = Status {
            silences: self.silences.silencing(&alert.labels, self.now),
            inhibitor: inhibition.map(|it| it.by),
            intervals: intervals.collect(),
        };
        let is_left_out = (filter.leaves_out(Kind::Active) && status.is_active())
            || (filter.leaves_out(Kind::Silenced) && !status.silences.is_empty())
            || (filter.leaves_out(Kind::Inhibited) && status.inhibitor.is_some());
        (!is_left_out).then_some(status)
    }

    /// In the order of the routes, as far as groups remember it.
    fn receivers(&self, alert: &Alert) -> Vec<Text> {
        let groups = alert.groups.iter().filter_map(|it| self.dispatch.group(*it));
        groups.filter_map(|it| self.dispatch.receiver_of(it)).collect()
    }

    fn write(
        &self,
        out: &mut Vec<u8>,
        (key, alert): (AlertKey, &Alert),
        receivers: &[Text],
        status: &Status,
    ) {
        let span = alert.span();
        out.extend(b"{\"annotations\":");
        wire::pairs(out, alert.annotations().iter());
        out.extend(b",\"endsAt\":");
        wire::instant(out, span.ends_at.unwrap_or_else(|| self.far()));
        out.extend(format!(",\"fingerprint\":\"{key}\",\"receivers\":").as_bytes());
        wire::list(out, receivers, |out, it| write_receiver(out, it));
        out.extend(b",\"startsAt\":");
        wire::instant(out, span.starts_at);
        out.extend(b",\"status\":{\"inhibitedBy\":");
        wire::list(out, status.inhibitor, |out, it| wire::text(out, &it.to_string()));
        out.extend(b",\"mutedBy\":");
        wire::list(out, &status.intervals, |out, it| wire::text(out, it));
        out.extend(b",\"silencedBy\":");
        wire::list(out, &status.silences, |out, it| wire::text(out, &silence::uuid(*it)));
        let state = if status.is_active() { "active" } else { "suppressed" };
        out.extend(format!(",\"state\":\"{state}\"}},\"updatedAt\":").as_bytes());
        wire::instant(out, alert.updated_at());
        if !alert.body.generator_url.is_empty() {
            out.extend(b",\"generatorURL\":");
            wire::text(out, &alert.body.generator_url);
        }
        out.extend(b",\"labels\":");
        wire::labels(out, &alert.labels);
        out.push(b'}');
    }

    /// The end of an alert without one: this API needs an end, and a client that asks again finds a later one.
    fn far(&self) -> Timestamp {
        let timeout = self.dispatch.rules().map_or(SignedDuration::ZERO, |it| it.resolve_timeout);
        self.now.checked_add(timeout).unwrap_or(Timestamp::MAX)
    }

    /// Writes the groups with alerts that are meant, as a JSON array.
    pub(super) fn write_groups(&self, out: &mut Vec<u8>, filter: &Filter) {
        let mut groups: BTreeMap<(&Labels, Text, GroupNumber), &Group> = BTreeMap::new();
        for (number, group) in self.dispatch.groups() {
            let Some(receiver) = self.dispatch.receiver_of(group) else { continue };
            if filter.receivers.has(&receiver) {
                groups.insert((&group.labels, receiver, *number), group);
            }
        }
        out.push(b'[');
        let mut is_first = true;
        for ((labels, receiver, _), group) in groups {
            let is_muted = self.dispatch.muted_by(group, self.now).is_some();
            if is_muted && filter.leaves_out(Kind::Muted) {
                continue;
            }
            let before = out.len();
            if !is_first {
                out.push(b',');
            }
            out.extend(b"{\"alerts\":[");
            let written = self.write_members(out, filter, group);
            out.extend(b"],\"labels\":");
            wire::labels(out, labels);
            out.extend(b",\"receiver\":");
            write_receiver(out, &receiver);
            out.push(b'}');
            if written == 0 {
                out.truncate(before);
            } else {
                is_first = false;
            }
        }
        out.push(b']');
    }

    /// Says how many there were.
    fn write_members(&self, out: &mut Vec<u8>, filter: &Filter, group: &Group) -> usize {
        let members = group.members.keys();
        let mut members: Vec<(AlertKey, &Alert)> =
            members.filter_map(|key| Some((*key, self.dispatch.alert(*key)?))).collect();
        members.sort_by(|a, b| by_job(&a.1.labels, &b.1.labels));
        let mut written = 0;
        for (key, alert) in members {
            let Some(status) = self.judge(filter, alert) else { continue };
            if written != 0 {
                out.push(b',');
            }
            self.write(out, (key, alert), &self.receivers(alert), &status);
            written += 1;
        }
        written
    }
}

/// As Alertmanager sorts the alerts of a group; a set without one of the labels comes first.
///
/// Source: Alertmanager, `types.AlertSlice`.
fn by_job(a: &Labels, b: &Labels) -> Ordering {
    let by = |name: &str| a.get(name).cmp(&b.get(name));
    by("job").then_with(|| by("instance")).then_with(|| a.cmp(b))
}

pub(super) fn write_receiver(out: &mut Vec<u8>, name: &str) {
    out.extend(b"{\"name\":");
    wire::text(out, name);
    out.push(b'}');
}

/// Where a list is, and how much of it is wanted.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The last alert that was looked at.
    pub(super) after: Option<AlertKey>,
    pub(super) written: usize,
    pub(super) looked: usize,
    /// How many are to be written, and how many to be looked at before somebody else has a turn.
    pub(super) limit: Option<usize>,
    pub(super) looks_max: Option<usize>,
}

impl Page {
    fn is_full(&self) -> bool {
        self.limit.is_some_and(|it| it <= self.written)
            || self.looks_max.is_some_and(|it| it <= self.looked)
    }
}
