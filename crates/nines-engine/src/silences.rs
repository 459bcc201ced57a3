//! Silences meet alerts: those that end when what they hide is over, and those that somebody has to confirm.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use nines_alert::dispatch::{self, Event, Incoming, Source};
use nines_alert::silence::{self, Command, Ending, SilenceId, Why};
use nines_base::Labels;

use crate::command::{Refusal, Reply};
use crate::decide::Draft;
use crate::fact::Fact;

/// The `alertname` of reminders that a silence wants to be confirmed.
const REMINDER: &str = "SilenceNeedsConfirmation";
/// The `alertname` of notices that a silence ended because nobody confirmed it.
const UNCONFIRMED: &str = "SilenceEndedUnconfirmed";
/// How long such a notice fires.
const NOTICE_LIFE: SignedDuration = SignedDuration::from_hours(1);

/// The watched silences that a fact about alerts concerns, and whether it says that something fires.
pub(crate) type Seen = BTreeMap<SilenceId, bool>;

impl Draft<'_> {
    /// What a person wants of silences.
    pub(crate) fn silence(&mut self, command: Command) -> Result<Reply, Refusal> {
        let id = self.new_id();
        let facts = silence::decide(&self.state.silences, command, id, self.now)?;
        let is_said = |it: &&silence::Fact| {
            matches!(it, silence::Fact::Made { .. } | silence::Fact::Changed { .. })
        };
        let said = facts.iter().rev().find(is_said).map(silence::Fact::id);
        self.note_silences(facts);
        if let Some(id) = said {
            self.begin_watch(id);
        }
        Ok(said.map_or(Reply::Done, Reply::Silence))
    }

    /// What time makes of silences.
    pub(crate) fn wake_silences(&mut self) {
        if self.state.silences.wake_at().is_none_or(|it| self.now < it) {
            return;
        }
        let id = self.new_id();
        // A wake-up is never refused.
        let facts = silence::decide(&self.state.silences, Command::Wake, id, self.now);
        self.note_silences(facts.unwrap_or_default());
    }

    fn note_silences(&mut self, facts: Vec<silence::Fact>) {
        for fact in facts {
            let notice = self.notice(&fact);
            self.apply(Fact::Silence(fact));
            if let Some(alert) = notice {
                // A table that is full of alerts has worse to say.
                drop(self.observe_foreign(Source::Own, vec![alert]));
            }
        }
    }

    /// The alert by which an owner hears of a silence, if there is something to hear.
    fn notice(&self, fact: &silence::Fact) -> Option<Incoming> {
        let (name, id) = match fact {
            silence::Fact::Reminded { id } => (REMINDER, *id),
            silence::Fact::Ended { id, why: Why::Unconfirmed } => (UNCONFIRMED, *id),
            _ => return None,
        };
        let terms = &self.state.silences.get(id)?.terms;
        let (author, team) = (terms.author.clone(), terms.team().unwrap_or("").to_owned());
        let silence = id.to_string();
        let labels = Labels::new([
            ("alertname", name),
            ("author", &author),
            ("severity", "info"),
            ("silence", &silence),
            ("team", &team),
        ]);
        let until = terms.confirm_by.filter(|_| name == REMINDER);
        let summary = match until {
            Some(at) => format!("silence {id} ends at {at} unless somebody confirms it"),
            None => format!("silence {id} has ended: nobody confirmed it"),
        };
        let annotations = [("summary", summary), ("reason", terms.reason.clone())];
        Some(Incoming {
            labels: labels.ok()?,
            annotations: annotations.map(|(name, it)| (name.to_owned(), it)).into(),
            starts_at: Some(self.now),
            ends_at: until.or_else(|| self.now.checked_add(NOTICE_LIFE).ok()),
            generator_url: String::new(),
            detail: None,
        })
    }

    /// A silence that ends when its alerts are over is told of those that fire already.
    fn begin_watch(&mut self, id: SilenceId) {
        let silence = self.state.silences.get(id);
        if silence.is_some_and(|it| it.terms.ending == Ending::Resolved) {
            self.tell_silences(BTreeMap::from([(id, false)]));
        }
    }

    /// Which watched silences a fact concerns; asked before the fact is applied.
    pub(crate) fn seen_by_silences(&self, fact: &dispatch::Fact) -> Seen {
        let (silences, mut seen) = (&self.state.silences, Seen::new());
        if silences.watched().next().is_none() {
            return seen;
        }
        let mut ended = Vec::new();
        match fact {
            dispatch::Fact::Observed(observed) => {
                for it in &observed.alerts {
                    match &it.event {
                        Event::Fired { labels, .. } => {
                            seen.extend(silences.watching(labels).map(|id| (id, true)));
                        }
                        Event::Resolved { .. } => ended.push(it.key),
                        Event::Changed { .. } => {}
                    }
                }
            }
            dispatch::Fact::Expired(expired) => ended.extend(expired.iter().map(|it| it.key)),
            _ => {}
        }
        for alert in ended.into_iter().filter_map(|key| self.state.dispatch.alert(key)) {
            for id in silences.watching(&alert.labels) {
                seen.entry(id).or_insert(false);
            }
        }
        seen
    }

    /// Tells silences what was seen; of those whose alert ended, others may fire.
    pub(crate) fn tell_silences(&mut self, mut seen: Seen) {
        if seen.is_empty() {
            return;
        }
        for (id, fires) in seen.iter_mut().filter(|(_, fires)| !**fires) {
            let Some(silence) = self.state.silences.get(*id) else { continue };
            *fires = self.state.firing().any(|(_, alert)| silence.matches(&alert.labels));
        }
        let id = self.new_id();
        // What was seen is never refused.
        let facts = silence::decide(&self.state.silences, Command::Watch(seen), id, self.now);
        self.note_silences(facts.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests;
