//! Whom targets stand for, and the pages that follow from it.

use jiff::Timestamp;

use super::{Fact, Page, Reached, State};
use crate::{Duty, Person, Shift, Target};

/// Where pages belong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) round: u32,
    pub(super) step: u32,
    pub(super) entry: u32,
}

/// Whom some targets stand for.
#[derive(Debug, Default)]
pub(super) struct Reach {
    pub(super) reached: Vec<Reached>,
    /// Pages and notices.
    pub(super) orders: Vec<Fact>,
}

/// Who is asked, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) state: &'a State,
    pub(super) duty: Duty<'a>,
    pub(super) now: Timestamp,
}

impl<'a> Asker<'a> {
    /// The people and receivers behind `targets`, each told once.
    pub(super) fn reach(&self, targets: &[Target], place: Place, skips: Skips) -> Reach {
        let mut reach = Reach::default();
        let mut told: Vec<&str> = Vec::new();
        for target in targets {
            if let Target::Receiver(receiver) = target {
                let Place { round, step, entry } = place;
                let receiver = receiver.clone();
                reach.reached.push(nobody(target));
                reach.orders.push(Fact::ReceiverIntended { round, step, entry, receiver });
                continue;
            }
            let found = self.people(target, place.round);
            if found.is_empty() {
                reach.reached.push(nobody(target));
            }
            for (person, shift) in found {
                let name = Some(person.name.clone());
                reach.reached.push(Reached { target: target.clone(), person: name, shift });
                let is_skipped =
                    skips == Skips::Declined && self.state.declined.contains(&person.name);
                if !told.contains(&person.name.as_str()) && !is_skipped {
                    told.push(&person.name);
                    reach.orders.extend(self.pages(person, place));
                }
            }
        }
        reach
    }

    /// The pages to one person: every way in the person's list, when it is due.
    pub(super) fn pages(&self, person: &Person, place: Place) -> impl Iterator<Item = Fact> {
        let Place { round, step, entry } = place;
        let (urgency, now) = (self.state.about.urgency, self.now);
        let ways = (0_u32..).zip(person.ways(urgency));
        ways.map(move |(contact, (way, delay))| {
            let page = Page { round, step, person: person.name.clone(), contact, entry };
            let due = person.due(urgency, now, delay);
            Fact::PageIntended { page, channel: way.channel.clone(), due }
        })
    }

    fn people(&self, target: &Target, round: u32) -> Vec<(&'a Person, Option<Shift>)> {
        let found = self.duty.resolve(target, self.now);
        if !matches!(target, Target::RoundRobin(_)) {
            return found;
        }
        // Whoever is gone from the files loses the turn to the next one.
        let turn = self.state.turn as usize + round as usize;
        let index = turn.checked_rem(found.len());
        index.and_then(|it| found.into_iter().nth(it)).into_iter().collect()
    }
}

/// Whether people who are not able are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skips {
    Declined,
    Nobody,
}

fn nobody(target: &Target) -> Reached {
    Reached { target: target.clone(), person: None, shift: None }
}
