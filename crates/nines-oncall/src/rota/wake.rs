//! What time brings: hand-offs, reminders, offers that lapse.

use jiff::{SignedDuration, Timestamp};

use super::swap::Reminder;
use super::{Fact, Stood};
use crate::schedule::Edits;
use crate::stretch::{Cover, LOOK_MAX, Stretch, later};
use crate::{Duty, Schedule};

/// Hand-offs of one schedule that are noted after a pause; older ones stay as the files say.
const CATCH_UP_MAX: usize = 1_000;
/// The first look ahead for the next hand-off; most are nearer.
const AHEAD: SignedDuration = SignedDuration::from_hours(32 * 24);

/// The hand-offs and reminders that are due.
pub(super) fn wake(duty: Duty<'_>, now: Timestamp) -> Vec<Fact> {
    let mut facts = Vec::new();
    for schedule in duty.roster.schedules.values() {
        let from = last(duty, schedule).map_or(now, |it| it.until);
        if from <= now {
            facts.extend(hand_offs(schedule, from, now));
        }
    }
    facts.extend(gone(duty, now));
    for (number, record) in &duty.rota.offers {
        let number = *number;
        match record.due(now) {
            Some(Reminder::Number(reminder)) => facts.push(Fact::Reminded { number, reminder }),
            Some(Reminder::Lapse) => facts.push(Fact::Lapsed { number }),
            None => {}
        }
    }
    facts
}

/// The hand-offs that an edit of the files brings at once: of new schedules, of those that say so, and of those
/// whose people are gone.
pub(super) fn reconfigured(duty: Duty<'_>, now: Timestamp) -> Vec<Fact> {
    let mut facts = Vec::new();
    for schedule in duty.roster.schedules.values() {
        let from = match last(duty, schedule) {
            Some(last) if now < last.until => {
                let said = schedule.stretches(now, later(now, SignedDuration::from_secs(1)));
                let is_same = said.first().is_some_and(|it| it.cover.names() == last.cover.names());
                let people = &duty.roster.people;
                let mut on_duty = last.cover.on_duty().iter();
                let is_known = on_duty.all(|it| people.contains_key(&it.person));
                let holds = schedule.edits == Edits::AtHandOff
                    && is_known
                    && !last.cover.on_duty().is_empty();
                if is_same || holds {
                    continue;
                }
                now
            }
            Some(last) => last.until,
            None => now,
        };
        facts.extend(hand_offs(schedule, from, now));
    }
    facts
}

/// What comes after the last shifts of schedules that no file knows any more.
fn gone(duty: Duty<'_>, now: Timestamp) -> impl Iterator<Item = Fact> {
    let gone =
        duty.rota.stood.iter().filter(move |(it, _)| !duty.roster.schedules.contains_key(*it));
    gone.filter_map(move |(schedule, stood)| {
        let from = stood.values().next_back().map(|it| it.until).filter(|it| *it <= now)?;
        let stood = Stood { from, until: later(now, LOOK_MAX), cover: Cover::Nobody };
        Some(Fact::HandedOver { schedule: schedule.clone(), stood })
    })
}

/// The last hand-off that is noted.
fn last<'a>(duty: Duty<'a>, schedule: &Schedule) -> Option<&'a Stood> {
    duty.rota.stood.get(&schedule.name)?.values().next_back()
}

/// The stretches of layers that begin in [`from`, `now`].
fn hand_offs(schedule: &Schedule, from: Timestamp, now: Timestamp) -> Vec<Fact> {
    let begun = |end| {
        let stretches = schedule.stretches(from, end).into_iter();
        stretches.take_while(|it| it.from <= now).collect::<Vec<_>>()
    };
    let end = later(now, AHEAD);
    let mut stretches = begun(end);
    if stretches.last().is_some_and(|it| it.until == end) {
        stretches = begun(later(now, LOOK_MAX));
    }
    let surplus = stretches.len().saturating_sub(CATCH_UP_MAX);
    let stood = |it: Stretch| Stood { from: it.from, until: it.until, cover: it.cover };
    let schedule = &schedule.name;
    let handed = stretches.into_iter().skip(surplus).map(stood);
    handed.map(|stood| Fact::HandedOver { schedule: schedule.clone(), stood }).collect()
}
