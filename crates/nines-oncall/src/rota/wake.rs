//! What time brings: hand-offs, reminders, offers that lapse.

use jiff::{SignedDuration, Timestamp};

use super::swap::Reminder;
use super::{Fact, Stood};
use crate::schedule::Edits;
use crate::stretch::{Stretch, earlier, later};
use crate::{Duty, Schedule};

/// Hand-offs of one schedule that are noted after a pause; older ones stay as the files say.
const CATCH_UP_MAX: usize = 1_000;
/// A hand-off that is further away is looked for again at that time.
const AHEAD: SignedDuration = SignedDuration::from_hours(32 * 24);

pub(super) fn wake(duty: Duty<'_>, now: Timestamp) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (name, schedule) in &duty.roster.schedules {
        let handed = hand_offs(duty, schedule, now).into_iter();
        facts.extend(handed.map(|stood| Fact::HandedOver { schedule: name.clone(), stood }));
    }
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

/// The stretches of layers that have begun since the last one that is noted, or that an edit of the file begins.
fn hand_offs(duty: Duty<'_>, schedule: &Schedule, now: Timestamp) -> Vec<Stood> {
    let last = duty.rota.stood.get(&schedule.name).and_then(|it| it.values().next_back());
    let from = match last {
        Some(last) if now < last.until => {
            let said = schedule.stretches(now, later(now, SignedDuration::from_secs(1)));
            let is_same = said.first().is_some_and(|it| it.cover.names() == last.cover.names());
            let is_known =
                last.cover.on_duty().iter().all(|it| duty.roster.people.contains_key(&it.person));
            if is_same || (schedule.edits == Edits::AtHandOff && is_known) {
                return Vec::new();
            }
            now
        }
        Some(last) => last.until,
        None => now,
    };
    let stretches = schedule.stretches(earlier(from, SignedDuration::ZERO), later(now, AHEAD));
    let begun = stretches.into_iter().filter(|it| it.from <= now);
    let mut begun: Vec<Stretch> = begun.collect();
    if CATCH_UP_MAX < begun.len() {
        begun.drain(..begun.len() - CATCH_UP_MAX);
    }
    let stood = |it: Stretch| Stood { from: it.from, until: it.until, cover: it.cover };
    begun.into_iter().map(stood).collect()
}
