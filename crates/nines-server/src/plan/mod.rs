//! Plans: what a new configuration would change, and what that would have meant.
//!
//! A plan is made against the configuration that decides now, and can be applied only while that one still
//! decides. Plans live in memory and are forgotten after a day, or when there are too many.

mod history;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use nines_oncall::{Cover, DutyChange, Schedule, Stretch, duty_changes};
use nines_spec::{Action, DocumentChange, Finding, Level, Reading, SourceFile, Spec};
use serde::Serialize;

use crate::app::{Loaded, Metrics};

pub(crate) use history::HISTORY_DEFAULT;

/// Plans that can be applied at once; the oldest goes first.
pub(crate) const PLANS_MAX: usize = 20;
/// No plan is older.
const AGE_MAX: SignedDuration = SignedDuration::from_hours(24);
/// Who is on call is compared for so long.
const DUTY_AHEAD: SignedDuration = SignedDuration::from_hours(28 * 24);
/// A change of duty so near is pointed out.
const DUTY_SOON: SignedDuration = SignedDuration::from_hours(48);

/// What would change.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Plan {
    pub(crate) id: String,
    pub(crate) made_at: Timestamp,
    /// The configuration that it was made against.
    pub(crate) base: Base,
    /// The revision of the files that it would apply.
    pub(crate) revision: String,
    /// Documents that differ, by file and place.
    pub(crate) changes: Vec<Planned>,
    /// What `nines check` says of the new files; no errors.
    pub(crate) findings: Vec<Finding>,
    /// The same, as it draws them.
    pub(crate) rendered: String,
    pub(crate) summary: Summary,
    /// Why it cannot be applied here; nothing when it can.
    pub(crate) not_applicable: Option<String>,
}

/// A configuration that decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Base {
    /// Names the files' contents.
    pub(crate) revision: String,
    /// Counts what was applied; nothing for a server that follows a folder.
    pub(crate) number: Option<u32>,
}

/// One document that differs, and what that means.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Planned {
    #[serde(flatten)]
    pub(crate) change: DocumentChange,
    /// In sentences: what it would have meant on the history.
    pub(crate) effects: Vec<String>,
    /// Who would be on call instead of whom.
    pub(crate) duty: Vec<Duty>,
}

/// A stretch in which somebody else is on call.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Duty {
    #[serde(flatten)]
    pub(crate) change: DutyChange,
    /// Where the people read their clocks.
    pub(crate) zone: String,
    /// It begins within two days.
    pub(crate) is_soon: bool,
}

/// How many documents differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    pub(crate) add: usize,
    pub(crate) change: usize,
    pub(crate) delete: usize,
    pub(crate) warnings: usize,
}

/// The plans that can be applied.
#[derive(Debug, Default)]
pub(crate) struct Plans(BTreeMap<String, Plan>);

impl Plans {
    /// Keeps a plan; the ids of those that make room for it are returned.
    pub(crate) fn keep(&mut self, plan: Plan) -> Vec<String> {
        let gone = self.forget(plan.made_at);
        self.0.insert(plan.id.clone(), plan);
        gone
    }

    fn forget(&mut self, now: Timestamp) -> Vec<String> {
        let old = self.0.values().filter(|it| it.made_at + AGE_MAX < now);
        let mut gone: BTreeSet<String> = old.map(|it| it.id.clone()).collect();
        let mut by_age: Vec<_> = self.0.values().map(|it| (it.made_at, it.id.clone())).collect();
        by_age.sort();
        let surplus = (by_age.len() + 1).saturating_sub(PLANS_MAX);
        gone.extend(by_age.into_iter().take(surplus).map(|(_, id)| id));
        self.0.retain(|id, _| !gone.contains(id));
        gone.into_iter().collect()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Plan> {
        self.0.get(id)
    }

    pub(crate) fn take(&mut self, id: &str) -> Option<Plan> {
        self.0.remove(id)
    }
}

/// What a plan is made from.
pub(crate) struct Proposal<'a> {
    pub(crate) id: String,
    pub(crate) now: Timestamp,
    pub(crate) base: Base,
    pub(crate) loaded: &'a Loaded,
    pub(crate) files: &'a [SourceFile],
    pub(crate) reading: &'a Reading,
    pub(crate) metrics: &'a Metrics,
    /// How far back it is asked what would have been.
    pub(crate) since: SignedDuration,
    pub(crate) not_applicable: Option<String>,
}

/// Makes a plan. Takes as long as playing the history of changed objectives takes, so not on an async thread.
pub(crate) fn make(proposal: Proposal<'_>) -> Plan {
    let Proposal { id, now, base, loaded, files, reading, metrics, since, not_applicable } =
        proposal;
    let (before, after) = (loaded.spec.as_ref(), &reading.spec);
    let mut summary = Summary::default();
    let mut effects = history::effects(metrics, (before, after), since, now);
    let changes = nines_spec::compare(&loaded.sources, files);
    let changes = changes.into_iter().map(|change| {
        match change.action {
            Action::Added => summary.add += 1,
            Action::Changed => summary.change += 1,
            Action::Deleted => summary.delete += 1,
        }
        let effects = match change.kind.as_str() {
            "SLO" => effects.remove(&change.name).unwrap_or_default(),
            _ => Vec::new(),
        };
        let duty = if change.kind == "Schedule" {
            duty(&change.name, before, after, now)
        } else {
            Vec::new()
        };
        Planned { change, effects, duty }
    });
    let changes = changes.collect();
    let is_warning = |it: &&Finding| it.level == Level::Warning;
    summary.warnings = reading.findings.iter().filter(is_warning).count();
    Plan {
        id,
        made_at: now,
        base,
        revision: after.revision.clone(),
        changes,
        findings: reading.findings.clone(),
        rendered: nines_spec::render(
            &reading.findings,
            &reading.sources,
            nines_spec::Style::Unicode,
        ),
        summary,
        not_applicable,
    }
}

fn duty(name: &str, before: &Spec, after: &Spec, now: Timestamp) -> Vec<Duty> {
    let find = |it: &'_ Spec| it.schedules.iter().find(|it| it.name == name).cloned();
    let (before, after): (Option<Schedule>, Option<Schedule>) = (find(before), find(after));
    let zone = after.as_ref().or(before.as_ref()).and_then(|it| it.zone.iana_name());
    let zone = zone.unwrap_or("UTC").to_owned();
    let stretches = |it: Option<&Schedule>| match it {
        Some(it) => it.stretches(now, now + DUTY_AHEAD),
        None => vec![Stretch { from: now, until: now + DUTY_AHEAD, cover: Cover::Nobody }],
    };
    let changes = duty_changes(&stretches(before.as_ref()), &stretches(after.as_ref()));
    let duty = |change: DutyChange| {
        let is_soon = change.from < now + DUTY_SOON;
        Duty { change, zone: zone.clone(), is_soon }
    };
    changes.into_iter().map(duty).collect()
}

#[cfg(test)]
mod tests;
