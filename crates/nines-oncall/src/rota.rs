//! The rota: what people changed of schedules without changing files: overrides, swaps, temporary shifts,
//! vacations. And who was on call: the past stays as it was, whatever the files say later.

mod layover;
mod notice;
mod swap;
mod take;
mod wake;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::stretch::Cover;
use crate::{Duty, Roster};

pub use notice::{Notice, notices};
pub use swap::{Offer, OfferPhase, OfferRecord, Range};

/// The most changes that have not ended.
pub const ENTRIES_MAX: usize = 10_000;
/// The most people of one temporary shift.
pub const PEOPLE_MAX: usize = 20;
/// The longest reason.
pub const REASON_CHARS_MAX: usize = 500;
/// No change is longer.
pub const LENGTH_MAX: SignedDuration = SignedDuration::from_hours(400 * 24);
/// Nothing is planned further ahead.
pub const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(2 * 400 * 24);
/// What was is remembered for so long.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);
/// The most days of one feed.
pub const AWAY_MAX: usize = 10_000;

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Change who is on call, or say who is away.
    Enter(Entry),
    /// Be on call from now on, instead of whoever is.
    Take {
        /// For which schedule.
        schedule: String,
        /// Who is on call then.
        person: String,
        /// Until when; else until the shift that is taken over ends.
        until: Option<Timestamp>,
        /// Who asks.
        by: String,
        /// Why.
        reason: String,
    },
    /// End a change, or an offer, now.
    Withdraw {
        /// Which.
        number: u32,
        /// Who asks.
        by: String,
    },
    /// Ask others to take a shift.
    Offer(Offer),
    /// Take a shift that is offered, maybe for one in return.
    Answer {
        /// Which offer.
        number: u32,
        /// Who takes it.
        by: String,
        /// The taker's own time on call that the other takes in return.
        give: Option<Range>,
    },
    /// Agree with whoever has taken the offer; then it holds.
    Confirm {
        /// Which offer.
        number: u32,
        /// Who agrees.
        by: String,
    },
    /// A calendar says who is away. Replaces what it said before.
    NoteFeed {
        /// Its name.
        feed: String,
        /// Everything that it says.
        away: Vec<Away>,
    },
    /// The address of a calendar of shifts becomes worthless.
    RevokeCalendar {
        /// As [`crate::ical::Subject`] is written.
        calendar: String,
        /// Who asks.
        by: String,
    },
    /// Other files decide.
    Reconfigured,
    /// Time has passed; sent at or after [`State::wake_at`].
    Wake,
}

/// A change of who is on call, for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What changes.
    pub what: What,
    /// From then on.
    pub from: Timestamp,
    /// Until then.
    pub until: Timestamp,
    /// Who asked.
    pub by: String,
    /// Why; may be empty.
    pub reason: String,
}

/// What a change changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// Of whoever else is on call.
    Override {
        /// For which schedule.
        schedule: String,
        /// What.
        change: Change,
        /// The swap that it is a part of.
        swap: Option<u32>,
    },
    /// Nobody but these people is on call.
    Temporary {
        /// For which schedule.
        schedule: String,
        /// Who.
        people: Vec<String>,
    },
    /// Somebody is away; whoever is on call all the same is a finding.
    Vacation {
        /// Who.
        person: String,
    },
}

/// One override.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// This person is on call too.
    Add {
        /// Who.
        person: String,
    },
    /// This person is not.
    Remove {
        /// Who.
        person: String,
    },
    /// While one person is on call, the other is instead.
    Replace {
        /// Who would be.
        whom: String,
        /// Who is.
        with: String,
    },
}

impl What {
    /// The schedule that it changes.
    pub fn schedule(&self) -> Option<&str> {
        match self {
            Self::Override { schedule, .. } | Self::Temporary { schedule, .. } => Some(schedule),
            Self::Vacation { .. } => None,
        }
    }

    /// Everybody who is named.
    pub fn people(&self) -> Vec<&str> {
        match self {
            Self::Override {
                change: Change::Add { person } | Change::Remove { person }, ..
            } => {
                vec![person]
            }
            Self::Override { change: Change::Replace { whom, with }, .. } => vec![whom, with],
            Self::Temporary { people, .. } => people.iter().map(String::as_str).collect(),
            Self::Vacation { person } => vec![person],
        }
    }
}

/// `ben for ana`, `ana too`, `without ana`, `only ana, ben`, `ana away`.
impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Override { change: Change::Add { person }, .. } => write!(f, "{person} too"),
            Self::Override { change: Change::Remove { person }, .. } => {
                write!(f, "without {person}")
            }
            Self::Override { change: Change::Replace { whom, with }, .. } => {
                write!(f, "{with} for {whom}")
            }
            Self::Temporary { people, .. } => write!(f, "only {}", people.join(", ")),
            Self::Vacation { person } => write!(f, "{person} away"),
        }
    }
}

/// Somebody is away, as a calendar says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Away {
    /// From then on.
    pub from: Timestamp,
    /// Until then.
    pub until: Timestamp,
    /// Who.
    pub person: String,
}

/// Who was on call by layers, without overrides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stood {
    /// The hand-off to them.
    pub from: Timestamp,
    /// The hand-off to the next.
    pub until: Timestamp,
    /// Who.
    pub cover: Cover,
}

/// What happened. Journaled: a released shape never changes, a new one is a new version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    /// Somebody changed who is on call, or is away.
    Entered {
        /// Its number, for people.
        number: u32,
        /// What.
        entry: Entry,
    },
    /// A change ends earlier, or an offer does not stand any more.
    Withdrawn {
        /// Which.
        number: u32,
        /// Who.
        by: String,
        /// When it ends.
        until: Timestamp,
    },
    /// A shift is offered.
    Offered {
        /// Its number, for people.
        number: u32,
        /// What.
        offer: Offer,
    },
    /// Somebody takes what is offered.
    Answered {
        /// Which offer.
        number: u32,
        /// Who.
        by: String,
        /// In return for this.
        give: Option<Range>,
    },
    /// It is agreed; the overrides follow.
    Confirmed {
        /// Which offer.
        number: u32,
        /// Who.
        by: String,
    },
    /// Whoever has to answer was reminded.
    Reminded {
        /// Which offer.
        number: u32,
        /// The how-manieth time, from 1.
        reminder: u32,
    },
    /// The shift that was offered has begun, and nobody has it but whoever had it.
    Lapsed {
        /// Which offer.
        number: u32,
    },
    /// A calendar says who is away.
    FeedNoted {
        /// Its name.
        feed: String,
        /// Everything that it says.
        away: Vec<Away>,
    },
    /// The address of a calendar has become worthless.
    CalendarRevoked {
        /// Which.
        calendar: String,
        /// Who.
        by: String,
    },
    /// These people came on call by layers.
    HandedOver {
        /// For which schedule.
        schedule: String,
        /// Who, and until when.
        stood: Stood,
    },
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No such schedule.
    #[error("there is no schedule `{name}`; known are {known}")]
    UnknownSchedule {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// No such person.
    #[error("there is no person `{name}`")]
    UnknownPerson {
        /// What was asked for.
        name: String,
    },
    /// No such change or offer.
    #[error("there is no change O-{0}")]
    UnknownEntry(u32),
    /// It ends before it begins.
    #[error("it ends before it begins")]
    BadRange,
    /// It is longer than is sensible, or further ahead.
    #[error("a change lasts at most 400 days and begins within 800")]
    TooFar,
    /// What was stays.
    #[error("it begins in the past, and who was on call is a fact; begin it now or later")]
    InPast,
    /// Hand-offs are on whole minutes.
    #[error("hand-offs are on whole minutes")]
    NotWholeMinute,
    /// A change without people, with too many, or with the same twice.
    #[error("name 1 to {PEOPLE_MAX} people, each once")]
    BadPeople,
    /// A text is too long.
    #[error("a reason has at most {REASON_CHARS_MAX} characters")]
    ReasonTooLong,
    /// Both cannot hold.
    #[error("it contradicts O-{number} ({what}); withdraw that first")]
    Contradiction {
        /// The other one.
        number: u32,
        /// What the other one says.
        what: String,
    },
    /// Nothing would change.
    #[error("{person} is not on call for `{schedule}` then")]
    NotOnCall {
        /// Who.
        person: String,
        /// For which schedule.
        schedule: String,
    },
    /// Nothing would change.
    #[error("{person} is on call for `{schedule}` already")]
    OnCallAlready {
        /// Who.
        person: String,
        /// For which schedule.
        schedule: String,
    },
    /// It has ended already.
    #[error("O-{0} is over")]
    Over(u32),
    /// The offer is not at that point.
    #[error("offer O-{number} is {phase}")]
    WrongPhase {
        /// Which.
        number: u32,
        /// Where it stands.
        phase: OfferPhase,
    },
    /// It is for somebody else to answer.
    #[error("that is for {who} to answer")]
    NotTheirs {
        /// Who may.
        who: String,
    },
    /// There are too many.
    #[error("{ENTRIES_MAX} changes wait already; withdraw some")]
    TooMany,
}

/// The fold of all facts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// By number, so in the order in which they were made.
    pub entries: BTreeMap<u32, Entry>,
    /// By number.
    pub offers: BTreeMap<u32, OfferRecord>,
    /// Who was and is on call by layers: by schedule, then by beginning.
    pub stood: BTreeMap<String, BTreeMap<Timestamp, Stood>>,
    /// Who is away, as calendars say, by the calendar's name.
    pub feeds: BTreeMap<String, Vec<Away>>,
    /// How often the addresses of calendars were revoked.
    pub calendars: BTreeMap<String, u32>,
    /// The last number that was given.
    pub last_number: u32,
    wake_at: Option<Timestamp>,
}

impl State {
    /// When a shift ends, or somebody wants to be reminded.
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.wake_at
    }

    fn next_wake(&self) -> Option<Timestamp> {
        let shifts = self.stood.values().filter_map(|it| it.values().next_back());
        let offers = self.offers.values().filter_map(OfferRecord::wake_at);
        shifts.map(|it| it.until).chain(offers).min()
    }

    /// The stretches of [`from`, `until`) in which `person` is away, as typed or as calendars say, in order; they
    /// may overlap.
    pub fn away(&self, person: &str, from: Timestamp, until: Timestamp) -> Vec<Range> {
        let typed = self.entries.values().filter_map(|it| match &it.what {
            What::Vacation { person: who } if who == person => Some((it.from, it.until)),
            _ => None,
        });
        let feeds = self.feeds.values().flatten().filter(|it| it.person == person);
        let all = typed.chain(feeds.map(|it| (it.from, it.until)));
        let meeting = all.filter(|(begin, end)| *begin < until && from < *end);
        let mut ranges: Vec<Range> = meeting.map(|(from, until)| Range { from, until }).collect();
        ranges.sort_unstable();
        ranges
    }

    /// Whether `person` is away at `at`.
    pub fn is_away(&self, person: &str, at: Timestamp) -> bool {
        let moment = at.checked_add(SignedDuration::from_secs(1)).unwrap_or(at);
        !self.away(person, at, moment).is_empty()
    }

    /// The changes of `schedule` that meet [`from`, `until`), in the order in which they were made.
    pub fn entries_of(
        &self,
        schedule: &str,
        from: Timestamp,
        until: Timestamp,
    ) -> impl Iterator<Item = (u32, &Entry)> {
        let entries = self.entries.iter().map(|(number, it)| (*number, it));
        entries.filter(move |(_, it)| {
            it.from < until && from < it.until && it.what.schedule() == Some(schedule)
        })
    }
}

/// What `command` would make happen.
pub fn decide(
    state: &State,
    command: Command,
    roster: &Roster,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let duty = Duty { roster, rota: state };
    match command {
        Command::Enter(entry) => {
            check_new(duty, &entry, now)?;
            Ok(vec![Fact::Entered { number: state.last_number + 1, entry }])
        }
        Command::Take { schedule, person, until, by, reason } => {
            take::take(duty, &take::Take { schedule, person, until, by, reason }, now)
        }
        Command::Withdraw { number, by } => withdraw(state, number, by, now),
        Command::Offer(offer) => swap::offer(duty, offer, now),
        Command::Answer { number, by, give } => swap::answer(duty, number, by, give, now),
        Command::Confirm { number, by } => swap::confirm(duty, number, by, now),
        Command::NoteFeed { feed, mut away } => {
            away.sort_unstable();
            away.dedup();
            away.truncate(AWAY_MAX);
            let is_news = state.feeds.get(&feed).map_or(!away.is_empty(), |it| *it != away);
            Ok(is_news.then_some(Fact::FeedNoted { feed, away }).into_iter().collect())
        }
        Command::RevokeCalendar { calendar, by } => {
            Ok(vec![Fact::CalendarRevoked { calendar, by }])
        }
        Command::Reconfigured => Ok(wake::reconfigured(duty, now)),
        Command::Wake => Ok(wake::wake(duty, now)),
    }
}

/// Applies one fact that was recorded at `at`. It cannot fail: what happened, happened.
pub fn evolve(state: &mut State, fact: &Fact, at: Timestamp) {
    match fact {
        Fact::Entered { number, entry } => {
            state.last_number = state.last_number.max(*number);
            state.entries.insert(*number, entry.clone());
            forget(state, at);
        }
        Fact::Withdrawn { number, until, .. } => {
            if let Some(entry) = state.entries.get_mut(number) {
                entry.until = (*until).max(entry.from);
                if entry.until == entry.from {
                    state.entries.remove(number);
                }
            }
            if let Some(offer) = state.offers.get_mut(number) {
                offer.phase = OfferPhase::Withdrawn;
            }
        }
        Fact::Offered { number, offer } => {
            state.last_number = state.last_number.max(*number);
            state.offers.insert(*number, OfferRecord::new(offer.clone(), at));
            forget(state, at);
        }
        Fact::Answered { number, by, give } => {
            if let Some(offer) = state.offers.get_mut(number) {
                offer.phase = OfferPhase::Taken;
                (offer.taker, offer.give) = (Some(by.clone()), *give);
            }
        }
        Fact::Confirmed { number, .. } => {
            if let Some(offer) = state.offers.get_mut(number) {
                offer.phase = OfferPhase::Agreed;
            }
        }
        Fact::Reminded { number, reminder } => {
            if let Some(offer) = state.offers.get_mut(number) {
                offer.reminders = *reminder;
            }
        }
        Fact::Lapsed { number } => {
            if let Some(offer) = state.offers.get_mut(number) {
                offer.phase = OfferPhase::Lapsed;
            }
        }
        Fact::FeedNoted { feed, away } => {
            if away.is_empty() {
                state.feeds.remove(feed);
            } else {
                state.feeds.insert(feed.clone(), away.clone());
            }
        }
        Fact::CalendarRevoked { calendar, .. } => {
            *state.calendars.entry(calendar.clone()).or_default() += 1;
        }
        Fact::HandedOver { schedule, stood } => {
            let all = state.stood.entry(schedule.clone()).or_default();
            if let Some(last) = all.values_mut().next_back() {
                last.until = last.until.min(stood.from);
            }
            all.insert(stood.from, stood.clone());
            let oldest = crate::stretch::earlier(at, KEPT);
            all.retain(|_, it| oldest < it.until && it.from < it.until);
        }
    }
    state.wake_at = state.next_wake();
}

/// Forgets what ended long ago.
fn forget(state: &mut State, at: Timestamp) {
    let oldest = crate::stretch::earlier(at, KEPT);
    state.entries.retain(|_, it| oldest < it.until);
    state.offers.retain(|_, it| oldest < it.offer.range.until);
}

fn withdraw(state: &State, number: u32, by: String, now: Timestamp) -> Result<Vec<Fact>, Refusal> {
    if let Some(offer) = state.offers.get(&number) {
        return match offer.phase {
            OfferPhase::Open | OfferPhase::Taken => {
                Ok(vec![Fact::Withdrawn { number, by, until: now }])
            }
            phase => Err(Refusal::WrongPhase { number, phase }),
        };
    }
    let entry = state.entries.get(&number).ok_or(Refusal::UnknownEntry(number))?;
    if entry.until <= now {
        return Err(Refusal::Over(number));
    }
    Ok(vec![Fact::Withdrawn { number, by, until: now.max(entry.from) }])
}

/// What holds of every change that somebody types.
fn check_new(duty: Duty<'_>, entry: &Entry, now: Timestamp) -> Result<(), Refusal> {
    let Entry { what, from, until, by: _, reason } = entry;
    check_range(Range { from: *from, until: *until })?;
    if let What::Vacation { .. } = what {
        // Nobody's shift depends on it, and calendars are written afterwards too.
    } else if *from < minute_of(now) {
        return Err(Refusal::InPast);
    }
    if crate::stretch::later(now, AHEAD_MAX) < *from {
        return Err(Refusal::TooFar);
    }
    if REASON_CHARS_MAX < reason.chars().count() {
        return Err(Refusal::ReasonTooLong);
    }
    if let Some(name) = what.schedule() {
        known_schedule(duty.roster, name)?;
    }
    let people = what.people();
    for name in &people {
        known_person(duty.roster, name)?;
    }
    let mut each = people.clone();
    each.sort_unstable();
    each.dedup();
    if people.is_empty() || PEOPLE_MAX < people.len() || each.len() < people.len() {
        return Err(Refusal::BadPeople);
    }
    if ENTRIES_MAX <= duty.rota.entries.values().filter(|it| now < it.until).count() {
        return Err(Refusal::TooMany);
    }
    check_contradictions(duty.rota, entry)?;
    match what {
        What::Override {
            schedule,
            change: Change::Replace { whom: person, .. } | Change::Remove { person },
            ..
        } => check_on_call(duty, schedule, person, Range { from: *from, until: *until }),
        _ => Ok(()),
    }
}

fn check_range(range: Range) -> Result<(), Refusal> {
    if range.until <= range.from {
        return Err(Refusal::BadRange);
    }
    if minute_of(range.from) != range.from || minute_of(range.until) != range.until {
        return Err(Refusal::NotWholeMinute);
    }
    if LENGTH_MAX < range.until.duration_since(range.from) {
        return Err(Refusal::TooFar);
    }
    Ok(())
}

fn known_schedule(roster: &Roster, name: &str) -> Result<(), Refusal> {
    if roster.schedules.contains_key(name) {
        return Ok(());
    }
    let known: Vec<&str> = roster.schedules.keys().map(String::as_str).collect();
    Err(Refusal::UnknownSchedule { name: name.to_owned(), known: known.join(", ") })
}

fn known_person(roster: &Roster, name: &str) -> Result<(), Refusal> {
    let is_known = roster.people.contains_key(name);
    if is_known { Ok(()) } else { Err(Refusal::UnknownPerson { name: name.to_owned() }) }
}

fn check_on_call(
    duty: Duty<'_>,
    schedule: &str,
    person: &str,
    range: Range,
) -> Result<(), Refusal> {
    let stretches = duty.stretches(schedule, range.from, range.until);
    let mut on_duty = stretches.iter().flat_map(|it| it.cover.on_duty());
    if on_duty.any(|it| it.person == person) {
        return Ok(());
    }
    Err(Refusal::NotOnCall { person: person.to_owned(), schedule: schedule.to_owned() })
}

/// The beginning of the minute that `at` lies in.
pub(crate) fn minute_of(at: Timestamp) -> Timestamp {
    let seconds = at.as_second().div_euclid(60) * 60;
    Timestamp::from_second(seconds).unwrap_or(at)
}

/// Refuses a change that cannot hold together with one that is there.
fn check_contradictions(state: &State, entry: &Entry) -> Result<(), Refusal> {
    let Some(schedule) = entry.what.schedule() else { return Ok(()) };
    let mut others = state.entries_of(schedule, entry.from, entry.until);
    match others.find(|(_, it)| contradict(&entry.what, &it.what)) {
        Some((number, it)) => Err(Refusal::Contradiction { number, what: it.what.to_string() }),
        None => Ok(()),
    }
}

/// Whether two changes of one schedule, at one time, contradict each other.
fn contradict(new: &What, old: &What) -> bool {
    match (new, old) {
        // A temporary shift hides overrides, so nothing that is said beside it could hold.
        (What::Temporary { .. }, What::Temporary { .. } | What::Override { .. }) => true,
        (What::Override { .. }, What::Temporary { .. }) => true,
        (What::Override { change: new, .. }, What::Override { change: old, .. }) => {
            changes_contradict(new, old) || changes_contradict(old, new)
        }
        (What::Vacation { .. }, _) | (_, What::Vacation { .. }) => false,
    }
}

fn changes_contradict(one: &Change, other: &Change) -> bool {
    match (one, other) {
        (Change::Add { person }, Change::Add { person: it } | Change::Remove { person: it }) => {
            person == it
        }
        (Change::Add { person }, Change::Replace { whom, .. }) => person == whom,
        (Change::Remove { person }, Change::Remove { person: it }) => person == it,
        (Change::Remove { person }, Change::Replace { whom, with }) => {
            person == whom || person == with
        }
        (Change::Replace { whom, with }, Change::Replace { whom: who, with: instead }) => {
            whom == who || (whom == instead && with == who)
        }
        (Change::Replace { .. } | Change::Remove { .. }, Change::Add { .. })
        | (Change::Replace { .. }, Change::Remove { .. }) => false,
    }
}

#[cfg(test)]
mod tests;
