//! Plans: what a new configuration would change, and what that would have meant.
//!
//! A plan is made against the configuration that decides now, and can be applied only while that one still
//! decides. Plans live in memory and are forgotten after a day, or when there are too many.

mod history;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use nines_oncall::{
    Duty, DutyChange, Finding as Gap, Roster, Verdict, coverage, duty_changes, rota,
};
use nines_spec::{Action, DocumentChange, Finding, Level, Reading, SourceFile, Spec};
use serde::Serialize;

use crate::app::{Loaded, Metrics};
use crate::oncall_views::{fitness, page_routes};

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
    /// When a page would reach nobody that reaches somebody now.
    pub(crate) gaps: Vec<Gap>,
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
    pub(crate) duty: Vec<DutyView>,
}

/// A stretch in which somebody else is on call.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DutyView {
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
    /// What people changed of schedules, and who is on call.
    pub(crate) rota: rota::State,
}

/// Makes a plan. Takes as long as playing the history of changed objectives takes, so not on an async thread.
pub(crate) fn make(proposal: Proposal<'_>) -> Plan {
    let Proposal { id, now, base, loaded, files, reading, metrics, since, not_applicable, rota } =
        proposal;
    let rosters = (crate::work::roster(&loaded.spec), crate::work::roster(&reading.spec));
    let rotas = (&rota, edited(&rota, &rosters.1, now));
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
            let before = Duty { roster: &rosters.0, rota: rotas.0 };
            let after = Duty { roster: &rosters.1, rota: &rotas.1 };
            duty(&change.name, before, after, now)
        } else {
            Vec::new()
        };
        Planned { change, effects, duty }
    });
    let changes = changes.collect();
    let was = Duty { roster: &rosters.0, rota: rotas.0 };
    let will = Duty { roster: &rosters.1, rota: &rotas.1 };
    let gaps = gaps((was, before), (will, after), now);
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
        gaps,
        not_applicable,
    }
}

/// Gaps that only the new files have.
fn gaps(before: (Duty<'_>, &Spec), after: (Duty<'_>, &Spec), now: Timestamp) -> Vec<Gap> {
    let found = |(duty, spec): (Duty<'_>, &Spec)| {
        let routes = page_routes(spec);
        let found = coverage(duty, &routes, &fitness, now, now + DUTY_AHEAD).findings.into_iter();
        found.filter(|it| it.verdict == Verdict::Gap).collect::<Vec<_>>()
    };
    let known = found(before);
    let is_new = |it: &Gap| {
        !known.iter().any(|known| {
            known.policy == it.policy && known.from <= it.from && it.until <= known.until
        })
    };
    found(after).into_iter().filter(is_new).collect()
}

/// The rota as it would be once the files decide: whoever is on call stays until the hand-off, unless they say
/// otherwise.
fn edited(rota: &rota::State, roster: &Roster, now: Timestamp) -> rota::State {
    let mut edited = rota.clone();
    // An edit is never refused.
    let facts = rota::decide(rota, rota::Command::Reconfigured, roster, now).unwrap_or_default();
    for fact in &facts {
        rota::evolve(&mut edited, fact, now);
    }
    edited
}

fn duty(name: &str, before: Duty<'_>, after: Duty<'_>, now: Timestamp) -> Vec<DutyView> {
    let schedules = [after, before].map(|it| it.roster.schedules.get(name));
    let zone = schedules.into_iter().flatten().find_map(|it| it.zone.iana_name());
    let zone = zone.unwrap_or("UTC").to_owned();
    let stretches = |it: Duty<'_>| it.stretches(name, now, now + DUTY_AHEAD);
    let changes = duty_changes(&stretches(before), &stretches(after));
    let duty = |change: DutyChange| {
        let is_soon = change.from < now + DUTY_SOON;
        DutyView { change, zone: zone.clone(), is_soon }
    };
    changes.into_iter().map(duty).collect()
}

#[cfg(test)]
mod tests;
