//! The roster: everybody who can be told, and who is on call.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::stretch::{self, Cover, Shift, Stretch};
use crate::{Person, Policy, Schedule, Target, Team, rota};

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
    /// Overrides, swaps, temporary shifts, vacations, and who was on call in the past.
    pub rota: &'a rota::State,
}

impl<'a> Duty<'a> {
    /// The people behind `target` at `at`, each with the shift that makes it so; nobody is an empty list.
    pub fn resolve(&self, target: &Target, at: Timestamp) -> Vec<(&'a Person, Option<Shift>)> {
        let named = |name: &String| self.roster.people.get(name).map(|it| (it, None));
        match target {
            Target::Person(name) => named(name).into_iter().collect(),
            Target::Schedule(name) => self.known(self.on_call(name, at)),
            Target::NextOnCall(name) => self.next_on_call(name, at),
            Target::Team(name) => {
                let team = self.roster.teams.get(name);
                team.map(|it| &it.members).into_iter().flatten().filter_map(named).collect()
            }
            // Whose turn it is the escalation knows.
            Target::RoundRobin(names) => names.iter().filter_map(named).collect(),
            Target::Receiver(_) => Vec::new(),
        }
    }

    /// The people who will be on call after the ones at `at`, each with that shift; nobody when it is always the
    /// same people, or nobody ever.
    pub fn next_on_call(&self, schedule: &str, at: Timestamp) -> Vec<(&'a Person, Option<Shift>)> {
        self.known(stretch::shifts_after(at, |from, until| self.stretches(schedule, from, until)))
    }

    /// The whole shifts of `schedule` that `at` lies in.
    pub fn on_call(&self, schedule: &str, at: Timestamp) -> Vec<Shift> {
        stretch::shifts_at(at, |from, until| self.stretches(schedule, from, until))
    }

    /// The shifts of `schedule` that meet [`from`, `until`), clipped to it, by their beginnings.
    pub fn shifts(&self, schedule: &str, from: Timestamp, until: Timestamp) -> Vec<Shift> {
        stretch::shifts(&self.stretches(schedule, from, until))
    }

    /// [`from`, `until`) without gaps, cut where it changes who is on call for `schedule`; nobody is when it does
    /// not exist.
    pub fn stretches(&self, schedule: &str, from: Timestamp, until: Timestamp) -> Vec<Stretch> {
        match self.roster.schedules.get(schedule) {
            Some(it) => {
                self.rota.lay_over(schedule, from, until, |from, until| it.stretches(from, until))
            }
            None => vec![Stretch { from, until, cover: Cover::Nobody }],
        }
    }

    /// Without those whom no file knows.
    fn known(&self, shifts: Vec<Shift>) -> Vec<(&'a Person, Option<Shift>)> {
        let known = |it: Shift| Some((self.roster.people.get(&it.person)?, Some(it)));
        shifts.into_iter().filter_map(known).collect()
    }
}
