//! The roster: everybody who can be told, and who is on call.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{Person, Policy, Schedule, Shift, Target};

/// People, schedules and policies of one configuration, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Roster {
    /// By [`Person::name`].
    pub people: BTreeMap<String, Person>,
    /// By [`Schedule::name`].
    pub schedules: BTreeMap<String, Schedule>,
    /// By [`Policy::name`].
    pub policies: BTreeMap<String, Policy>,
}

impl Roster {
    /// The person behind `target` at `at`, with the shift that makes it so.
    pub fn resolve(&self, target: &Target, at: Timestamp) -> Option<(&Person, Option<Shift>)> {
        match target {
            Target::Person(name) => Some((self.people.get(name)?, None)),
            Target::Schedule(name) => {
                let shift = self.schedules.get(name)?.on_call(at)?;
                Some((self.people.get(&shift.person)?, Some(shift)))
            }
        }
    }
}
