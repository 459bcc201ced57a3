//! What the journal says of one alert: every tick of its groups, each with the one reason why it was told or not.

use std::collections::BTreeMap;

use jiff::Timestamp;
use nines_alert::AlertKey;
use nines_alert::dispatch::{self, Event, Flushed, GroupNumber, Muted, Notice, Outcome, Told};
use nines_port::Record;

use super::{Link, link, not, quiet, reason};
use crate::fact::{DecodeError, Fact};
use crate::state::State;

/// The most records that are read for one chain.
pub const RECORDS_MAX: usize = 100_000;
/// The most links of one history; the oldest are left out.
const LINKS_MAX: usize = 500;

/// The ticks that one alert took part in, read from the journal.
#[derive(Debug)]
pub struct History {
    key: AlertKey,
    /// As the journal writes it.
    name: String,
    groups: BTreeMap<GroupNumber, String>,
    /// What a silence says is known to the state, so words come last.
    entries: Vec<(Timestamp, Entry)>,
}

#[derive(Debug)]
enum Entry {
    Muted(Muted),
    Said { part: &'static str, text: String },
}

/// A cheap look before a record is read: most are about other alerts.
fn mentions(body: &[u8], name: &str) -> bool {
    std::str::from_utf8(body).is_ok_and(|it| it.contains(name))
}

impl History {
    /// Of this alert; read it from the record of [`nines_alert::Activation::fired_seq`] on.
    pub fn new(key: AlertKey) -> Self {
        Self { key, name: key.to_string(), groups: BTreeMap::new(), entries: Vec::new() }
    }

    /// Takes one record in.
    ///
    /// # Errors
    /// The record is not one of ours.
    pub fn read(&mut self, record: &Record) -> Result<(), DecodeError> {
        if record.kind == "dispatch"
            && mentions(&record.body, &self.name)
            && let Fact::Dispatch(fact) = Fact::decode(record)?
        {
            self.note(&fact, record.at);
        }
        Ok(())
    }

    fn note(&mut self, fact: &dispatch::Fact, at: Timestamp) {
        match fact {
            dispatch::Fact::Observed(observed) => {
                for it in &observed.opened {
                    let name = format!("{}:{}", it.route, it.labels);
                    self.groups.insert(it.group, name);
                }
                let key = self.key;
                for it in observed.alerts.iter().filter(|it| it.key == key) {
                    self.seen(&it.event, at);
                }
            }
            dispatch::Fact::Expired(expired) => {
                for it in expired.iter().filter(|it| it.key == self.key) {
                    let text =
                        format!("nobody renewed it; its source last spoke at {}", it.seen_at);
                    self.entries.push((at, Entry::Said { part: "expired", text }));
                }
            }
            dispatch::Fact::Flushed(flushed) => self.flushed(flushed),
            dispatch::Fact::Told(told) => self.heard("told", "has heard of it", told, at),
            dispatch::Fact::GivenUp(told) => {
                self.heard("given up", "will not hear of it by this notice", told, at);
            }
            dispatch::Fact::Regrouped(regrouped) => {
                for it in &regrouped.opened {
                    let name = format!("{}:{}", it.route, it.labels);
                    self.groups.insert(it.group, name);
                }
                if regrouped.alerts.iter().any(|(key, _)| *key == self.key) {
                    let text = "another configuration puts it into other groups".to_owned();
                    self.entries.push((at, Entry::Said { part: "group", text }));
                }
            }
            dispatch::Fact::LeasesExtended(_) => {}
        }
    }

    fn seen(&mut self, event: &Event, at: Timestamp) {
        let (part, text) = match event {
            Event::Fired { groups, .. } => {
                let names = groups.iter().map(|it| self.group_name(*it));
                ("group", names.collect::<Vec<_>>().join(" and "))
            }
            Event::Changed { body, .. } => {
                let gist = body.detail.as_ref().map_or("", |it| it.gist.as_str());
                let gist = if gist.is_empty() { "it says something else" } else { gist };
                ("changed", gist.to_owned())
            }
            Event::Resolved { .. } => return,
        };
        self.entries.push((at, Entry::Said { part, text }));
    }

    fn group_name(&self, group: GroupNumber) -> String {
        self.groups.get(&group).cloned().unwrap_or_else(|| format!("group {group}"))
    }

    fn flushed(&mut self, flushed: &Flushed) {
        let judged = flushed.alerts.iter().find(|it| it.key == self.key);
        if let Some(muted) = judged.and_then(|it| it.muted.clone()) {
            self.entries.push((flushed.at, Entry::Muted(muted)));
            return;
        }
        let mentions =
            |it: &Notice| it.firing.contains(&self.key) || it.resolved.contains(&self.key);
        let receiver = &flushed.receiver;
        for outcome in &flushed.outcomes {
            let (part, text) = match outcome {
                Outcome::Notice(notice) if mentions(notice) => {
                    let why = reason(notice.reason);
                    let integration = notice.integration;
                    ("tick", format!("{receiver}, integration {integration}, is told: {why}"))
                }
                Outcome::Quiet { integration, why } if judged.is_some() => {
                    let why = quiet(why);
                    ("quiet", format!("{receiver}, integration {integration}: {why}"))
                }
                _ => continue,
            };
            self.entries.push((flushed.at, Entry::Said { part, text }));
        }
        if judged.is_some() && flushed.outcomes.is_empty() {
            let text = format!("receiver {receiver} has no integrations");
            self.entries.push((flushed.at, Entry::Said { part: "quiet", text }));
        }
    }

    fn heard(&mut self, part: &'static str, what: &str, told: &Told, at: Timestamp) {
        if told.firing.contains(&self.key) || told.resolved.contains(&self.key) {
            let Told { receiver, integration, .. } = told;
            let text = format!("{receiver}, integration {integration}, {what}");
            self.entries.push((at, Entry::Said { part, text }));
        }
    }

    /// In the order of the journal.
    pub(super) fn links(self, state: &State) -> Vec<Link> {
        let surplus = self.entries.len().saturating_sub(LINKS_MAX);
        let entries = self.entries.into_iter().skip(surplus);
        entries
            .map(|(at, entry)| match entry {
                Entry::Muted(muted) => not::muted(state, &muted, at),
                Entry::Said { part, text } => link(part, Some(at), text, None),
            })
            .collect()
    }
}
