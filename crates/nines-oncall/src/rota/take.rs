//! Taking over now, for people who cannot wait for a plan.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    Change, Entry, Fact, Refusal, What, check_contradictions, known_person, known_schedule,
};
use crate::Duty;
use crate::stretch::LOOK_MAX;

/// As in [`super::Command::Take`].
pub(super) struct Take {
    pub(super) schedule: String,
    pub(super) person: String,
    pub(super) until: Option<Timestamp>,
    pub(super) by: String,
    pub(super) reason: String,
}

/// Overrides from now on; a temporary shift is cut, because it would hide them.
pub(super) fn take(duty: Duty<'_>, take: &Take, now: Timestamp) -> Result<Vec<Fact>, Refusal> {
    let Take { schedule, person, until, by, reason } = take;
    known_schedule(duty.roster, schedule)?;
    known_person(duty.roster, person)?;
    let shifts = duty.on_call(schedule, now);
    if shifts.iter().any(|it| it.person == *person) && shifts.len() == 1 && until.is_none() {
        let (person, schedule) = (person.clone(), schedule.clone());
        return Err(Refusal::OnCallAlready { person, schedule });
    }
    // With nobody on call it goes on until somebody is.
    let next = || duty.next_on_call(schedule, now).into_iter().find_map(|(_, it)| Some(it?.from));
    let end = shifts.iter().map(|it| it.until).min().or_else(next);
    let until = until.or(end).unwrap_or_else(|| now.checked_add(LOOK_MAX).unwrap_or(now));
    if until <= now {
        return Err(Refusal::BadRange);
    }
    if super::LENGTH_MAX < until.duration_since(now) {
        return Err(Refusal::TooFar);
    }
    let entry = |what, from, until| {
        let (by, reason) = (by.clone(), reason.clone());
        Entry { what, from, until, by, reason }
    };
    let mut facts = Vec::new();
    let mut entries: Vec<Entry> = Vec::new();
    let is_temporary = |it: &What| matches!(it, What::Temporary { .. });
    let mut hiding = duty.rota.entries_of(schedule, now, until);
    if let Some((number, hidden)) = hiding.find(|(_, it)| is_temporary(&it.what)) {
        if now < hidden.from {
            let what = hidden.what.to_string();
            return Err(Refusal::Contradiction { number, what });
        }
        facts.push(Fact::Withdrawn { number, by: by.clone(), until: now });
        let (only, before) = (vec![person.clone()], hidden.what.clone());
        let what = What::Temporary { schedule: schedule.clone(), people: only };
        entries.push(entry(what, now, until.min(hidden.until)));
        if until < hidden.until {
            entries.push(Entry { what: before, from: until, ..hidden.clone() });
        }
    } else {
        let stretches = duty.stretches(schedule, now, until);
        let on_duty = stretches.iter().flat_map(|it| it.cover.on_duty());
        let relieved: BTreeSet<&str> = on_duty.map(|it| it.person.as_str()).collect();
        let change_of = |change| {
            let (schedule, swap) = (schedule.clone(), None);
            What::Override { schedule, change, swap }
        };
        let gap = stretches.iter().any(|it| it.cover.on_duty().is_empty());
        for whom in relieved.iter().filter(|it| **it != person) {
            let (whom, with) = ((*whom).to_owned(), person.clone());
            entries.push(entry(change_of(Change::Replace { whom, with }), now, until));
        }
        if gap && !relieved.contains(person.as_str()) {
            entries.push(entry(change_of(Change::Add { person: person.clone() }), now, until));
        }
        for it in &entries {
            check_contradictions(duty.rota, it)?;
        }
    }
    if entries.is_empty() {
        let (person, schedule) = (person.clone(), schedule.clone());
        return Err(Refusal::OnCallAlready { person, schedule });
    }
    let first = duty.rota.last_number + 1;
    let numbers = first..;
    facts.extend(numbers.zip(entries).map(|(number, entry)| Fact::Entered { number, entry }));
    Ok(facts)
}
