//! The roster: everybody who can be told, and who is on call.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{Person, Policy, Schedule, Shift, Target, Team, rota};

/// People, schedules and policies of one configuration, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Roster {
    /// By [`Person::name`].
    pub people: BTreeMap<String, Person>,
    /// By [`Schedule::name`].
    pub schedules: BTreeMap<String, Schedule>,
    /// By [`Policy::name`].
    pub policies: BTreeMap<String, Policy>,
    /// By [`Team::name`].
    pub teams: BTreeMap<String, Team>,
}

/// Who can be told now: what the files say, and what people changed of it.
#[derive(Debug, Clone, Copy)]
pub struct Duty<'a> {
    /// What the files say.
    pub roster: &'a Roster,
    /// Overrides, swaps, temporary shifts, vacations.
    pub rota: &'a rota::State,
}

impl<'a> Duty<'a> {
    /// The people behind `target` at `at`, each with the shift that makes it so; nobody is an empty list.
    pub fn resolve(&self, target: &Target, at: Timestamp) -> Vec<(&'a Person, Option<Shift>)> {
        let found = match target {
            Target::Person(name) => self.roster.people.get(name).map(|it| (it, None)),
            Target::Schedule(name) => self.on_call(name, at),
            _ => None,
        };
        found.into_iter().collect()
    }

    fn on_call(&self, schedule: &str, at: Timestamp) -> Option<(&'a Person, Option<Shift>)> {
        let shift = self.roster.schedules.get(schedule)?.on_call(at)?;
        Some((self.roster.people.get(&shift.person)?, Some(shift)))
    }
}
