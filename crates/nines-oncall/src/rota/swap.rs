//! Swaps: offer, take, confirm; then two overrides hold at once.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Change, Entry, Fact, Refusal, What, check_contradictions, check_on_call, check_range,
    known_person, known_schedule,
};
use crate::Duty;
use crate::stretch::earlier;

/// Whoever has to answer is reminded so long before the shift begins.
const REMINDERS: [SignedDuration; 3] =
    [SignedDuration::from_hours(72), SignedDuration::from_hours(24), SignedDuration::from_hours(4)];

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Range {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
}

/// A time on call that somebody else may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// For which schedule.
    pub schedule: String,
    /// When.
    pub range: Range,
    /// Who offers their own time.
    pub by: String,
    /// Who is asked; else everybody.
    pub to: Option<String>,
    /// Why; may be empty.
    pub reason: String,
}

/// Where an offer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OfferPhase {
    /// Nobody has taken it.
    Open,
    /// Somebody has; whoever offered has to agree.
    Taken,
    /// It holds.
    Agreed,
    /// It does not stand any more.
    Withdrawn,
    /// The shift has begun without an answer.
    Lapsed,
}

impl std::fmt::Display for OfferPhase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Taken => "taken",
            Self::Agreed => "agreed",
            Self::Withdrawn => "withdrawn",
            Self::Lapsed => "lapsed",
        })
    }
}

/// An offer and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferRecord {
    /// What was offered.
    pub offer: Offer,
    /// When.
    pub offered_at: Timestamp,
    /// Where it stands.
    pub phase: OfferPhase,
    /// Who has taken it.
    pub taker: Option<String>,
    /// What the taker gives in return.
    pub give: Option<Range>,
    /// How often somebody was reminded.
    pub reminders: u32,
}

/// A reminder that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reminder {
    /// The how-manieth, from 1.
    Number(u32),
    /// It is too late.
    Lapse,
}

impl OfferRecord {
    pub(super) fn new(offer: Offer, at: Timestamp) -> Self {
        let (phase, taker, give) = (OfferPhase::Open, None, None);
        // Reminders whose time is past already are left out.
        let past = REMINDERS.iter().filter(|it| earlier(offer.range.from, **it) <= at).count();
        let reminders = u32::try_from(past).unwrap_or(0);
        Self { offer, offered_at: at, phase, taker, give, reminders }
    }

    /// When somebody is reminded, or the offer lapses.
    pub(super) fn wake_at(&self) -> Option<Timestamp> {
        if !matches!(self.phase, OfferPhase::Open | OfferPhase::Taken) {
            return None;
        }
        let next = REMINDERS.get(self.reminders as usize);
        Some(next.map_or(self.offer.range.from, |it| earlier(self.offer.range.from, *it)))
    }

    /// What is due at `now`.
    pub(super) fn due(&self, now: Timestamp) -> Option<Reminder> {
        self.wake_at().filter(|it| *it <= now)?;
        if self.offer.range.from <= now {
            return Some(Reminder::Lapse);
        }
        let begin = self.offer.range.from;
        let past = REMINDERS.iter().filter(|it| earlier(begin, **it) <= now).count();
        Some(Reminder::Number(u32::try_from(past).unwrap_or(0)))
    }
}

pub(super) fn offer(duty: Duty<'_>, offer: Offer, now: Timestamp) -> Result<Vec<Fact>, Refusal> {
    known_schedule(duty.roster, &offer.schedule)?;
    known_person(duty.roster, &offer.by)?;
    if let Some(to) = &offer.to {
        known_person(duty.roster, to)?;
        if *to == offer.by {
            return Err(Refusal::BadPeople);
        }
    }
    check_range(offer.range)?;
    if offer.range.from <= now {
        return Err(Refusal::InPast);
    }
    if super::REASON_CHARS_MAX < offer.reason.chars().count() {
        return Err(Refusal::ReasonTooLong);
    }
    let open = duty.rota.offers.values().filter(|it| it.wake_at().is_some());
    if super::ENTRIES_MAX <= open.count() {
        return Err(Refusal::TooMany);
    }
    check_on_call(duty, &offer.schedule, &offer.by, offer.range)?;
    Ok(vec![Fact::Offered { number: duty.rota.last_number + 1, offer }])
}

fn found(
    duty: Duty<'_>,
    number: u32,
    wanted: OfferPhase,
    now: Timestamp,
) -> Result<&OfferRecord, Refusal> {
    let record = duty.rota.offers.get(&number).ok_or(Refusal::UnknownEntry(number))?;
    if record.phase != wanted {
        return Err(Refusal::WrongPhase { number, phase: record.phase });
    }
    if record.offer.range.from <= now {
        return Err(Refusal::Over(number));
    }
    Ok(record)
}

pub(super) fn answer(
    duty: Duty<'_>,
    number: u32,
    by: String,
    give: Option<Range>,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let record = found(duty, number, OfferPhase::Open, now)?;
    known_person(duty.roster, &by)?;
    let Offer { schedule, by: from, to, .. } = &record.offer;
    if by == *from {
        return Err(Refusal::NotTheirs { who: to.clone().unwrap_or_else(|| "others".to_owned()) });
    }
    if let Some(who) = to.as_ref().filter(|it| **it != by) {
        return Err(Refusal::NotTheirs { who: who.clone() });
    }
    if let Some(give) = give {
        check_range(give)?;
        if give.from <= now {
            return Err(Refusal::InPast);
        }
        check_on_call(duty, schedule, &by, give)?;
    }
    for entry in overrides(record, number, &by, give) {
        check_contradictions(duty.rota, &entry)?;
    }
    Ok(vec![Fact::Answered { number, by, give }])
}

pub(super) fn confirm(
    duty: Duty<'_>,
    number: u32,
    by: String,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let record = found(duty, number, OfferPhase::Taken, now)?;
    if by != record.offer.by {
        return Err(Refusal::NotTheirs { who: record.offer.by.clone() });
    }
    let Some(taker) = &record.taker else {
        return Err(Refusal::WrongPhase { number, phase: OfferPhase::Open });
    };
    // The world may have moved since it was taken.
    check_on_call(duty, &record.offer.schedule, &record.offer.by, record.offer.range)?;
    if let Some(give) = record.give {
        if give.from <= now {
            return Err(Refusal::InPast);
        }
        check_on_call(duty, &record.offer.schedule, taker, give)?;
    }
    let entries = overrides(record, number, taker, record.give);
    for entry in &entries {
        check_contradictions(duty.rota, entry)?;
    }
    let numbers = duty.rota.last_number + 1..;
    let entered = numbers.zip(entries).map(|(number, entry)| Fact::Entered { number, entry });
    Ok([Fact::Confirmed { number, by }].into_iter().chain(entered).collect())
}

/// What the swap makes true.
fn overrides(record: &OfferRecord, number: u32, taker: &str, give: Option<Range>) -> Vec<Entry> {
    let Offer { schedule, range, by, reason, .. } = &record.offer;
    let one = |range: Range, whom: &str, with: &str| {
        let (whom, with) = (whom.to_owned(), with.to_owned());
        let change = Change::Replace { whom, with };
        let what = What::Override { schedule: schedule.clone(), change, swap: Some(number) };
        let (by, reason) = (by.clone(), reason.clone());
        Entry { what, from: range.from, until: range.until, by, reason }
    };
    let taken = one(*range, by, taker);
    [taken].into_iter().chain(give.map(|it| one(it, taker, by))).collect()
}
