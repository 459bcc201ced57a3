//! Hand-offs: whoever comes on call by turn is told what is open.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use nines_oncall::handoff::{Situation, words};
use nines_oncall::load::{calls, loads};
use nines_oncall::rota::Stood;
use nines_oncall::{Phase, Target};
use nines_port::Urgency;

use crate::decide::Draft;
use crate::message;
use crate::state::EscalationRecord;

/// Changes of so long before a hand-off are told.
const CHANGES_LOOK: SignedDuration = SignedDuration::from_hours(24);
/// Calls of so long before a hand-off may have left a debt.
const DEBT_LOOK: SignedDuration = SignedDuration::from_hours(48);

impl Draft<'_> {
    /// What those are told who come on call for `schedule`, and were not before: person, subject, text.
    pub(crate) fn hand_over(
        &self,
        schedule: &str,
        before: Option<&Stood>,
        stood: &Stood,
    ) -> Vec<(String, String, String)> {
        // Without a turn before it is the beginning of everything, and no hand-off.
        let Some(before) = before else { return Vec::new() };
        let before = before.cover.names();
        let comes: Vec<&str> =
            stood.cover.names().into_iter().filter(|it| !before.contains(it)).collect();
        if comes.is_empty() {
            return Vec::new();
        }
        let situation = self.situation(schedule, stood);
        let (subject, text) = words(schedule, &before, stood.until, &situation);
        comes.into_iter().map(|it| (it.to_owned(), subject.clone(), text.clone())).collect()
    }

    fn situation(&self, schedule: &str, stood: &Stood) -> Situation {
        let is_told = |it: &&EscalationRecord| {
            let mut reached = it.state.steps.values().flat_map(|(_, reached)| reached);
            it.state.phase != Phase::Resolved
                && reached
                    .any(|it| matches!(&it.target, Target::Schedule(name) if name == schedule))
        };
        let told: Vec<&EscalationRecord> =
            self.state.escalations.values().filter(is_told).collect();
        let keys: BTreeSet<_> =
            told.iter().flat_map(|it| &it.alerts).map(|(key, _)| *key).collect();
        let firing = self.state.firing().filter(|(key, _)| keys.contains(key));
        let incidents: BTreeSet<_> = told.iter().filter_map(|it| it.incident).collect();
        let incidents = incidents.iter().filter_map(|it| self.state.incidents.get(it));
        let open = incidents.filter(|it| it.is_open());
        let silences = self.state.silences.iter().map(|(_, it)| it);
        let ending = silences.filter(|it| {
            let is_active = it.phase(self.now) == nines_alert::silence::Phase::Active;
            is_active && it.end() < stood.until
        });
        let changes = self.state.changes.iter().rev();
        let recent = changes.take_while(|it| self.now - CHANGES_LOOK <= it.change.started);
        Situation {
            alerts: firing.map(|(_, it)| message::summary(it)).collect(),
            incidents: open
                .map(|it| format!("INC-{} {} {}", it.number, it.severity, it.title))
                .collect(),
            silences: ending.map(|it| (it.end(), describe(it))).collect(),
            changes: recent
                .map(|it| {
                    let change = &it.change;
                    let version = change.version.as_deref().unwrap_or("");
                    let changed = format!("{} {} {version}", change.kind, change.service);
                    format!("{} at {}", changed.trim_end(), change.started)
                })
                .collect(),
            debts: self.debts(),
        }
    }

    /// Everybody who owes sleep.
    fn debts(&self) -> Vec<(jiff::Timestamp, String)> {
        let Some(config) = self.config else { return Vec::new() };
        let from = self.now - DEBT_LOOK;
        let waking = self.state.escalations.values();
        let waking = waking.filter(|it| it.urgency == Urgency::Page && from <= it.opened_at);
        let calls: Vec<_> = waking.flat_map(|it| calls(&it.state, "", None)).collect();
        let loads = loads(&calls, &config.roster.people, from, self.now);
        loads.into_iter().filter_map(|it| Some((it.sleep_debt_since?, it.person))).collect()
    }
}

fn describe(silence: &nines_alert::silence::Silence) -> String {
    let terms = &silence.terms;
    let sets: Vec<String> =
        terms.sets.iter().map(|it| nines_alert::syntax::write_matchers(it)).collect();
    format!("{} by {}: {}", sets.join(" or "), terms.author, terms.reason)
}
