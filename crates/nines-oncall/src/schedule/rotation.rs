//! Rotations: whose turn it is, and when turns begin.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::clock::{Occurrence, Weekdays, instant};

/// What the length of a turn is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Hours on the clock.
    Hour,
    /// Days.
    Day,
    /// Weeks.
    Week,
    /// Months; a day that a month lacks is its last.
    Month,
}

/// People who take turns.
///
/// Turn *n* begins at `start` + *n* × `length` in clock time, counted from the start, so that hand-offs keep their
/// hour when clocks change. A hand-off that a clock change skips is the first instant after the gap; one that
/// exists twice is the first of the two, and the repeated hour belongs to the turn in progress.
#[derive(Debug, Clone, PartialEq)]
pub struct Rotation {
    /// The first hand-off, in clock time, on a whole minute. Before it nobody is on call.
    pub start: DateTime,
    /// What `length` counts.
    pub unit: Unit,
    /// The length of a turn; at least 1.
    pub length: u32,
    /// In the order of their turns.
    pub members: Vec<Member>,
    /// No hand-off takes place on these days: the turn in progress goes on. Only for hours and days; at least
    /// one hand-off must remain.
    pub skip: Weekdays,
}

/// One place in a rotation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Member {
    /// Who is on call together; nobody for a turn that is meant to be free.
    pub people: Vec<String>,
    /// Takes the turns that begin from then on, in clock time.
    pub from: Option<DateTime>,
    /// Takes no turn that begins then or later.
    pub until: Option<DateTime>,
}

impl Member {
    /// One person, always.
    pub fn person(name: &str) -> Self {
        Self { people: vec![name.to_owned()], from: None, until: None }
    }

    fn takes(&self, begin: DateTime) -> bool {
        self.from.is_none_or(|it| it <= begin) && self.until.is_none_or(|it| begin < it)
    }
}

/// After so many hand-offs the pattern of skipped weekdays repeats: seven days of 24 hours.
const SKIP_CYCLE: u64 = 7 * 24;

/// One turn: who has it, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TurnSpan<'a> {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    /// Counts the turns from 0.
    pub(super) index: u64,
    /// `None` while nobody is a member.
    pub(super) member: Option<&'a Member>,
}

/// A rotation in its zone, prepared for questions about many instants.
#[derive(Debug)]
pub(super) struct Turns<'a> {
    rotation: &'a Rotation,
    zone: &'a TimeZone,
    /// How many of the hand-offs 1 to *n* of the cycle take place; empty when all do.
    taking_place: Vec<u64>,
    /// By the turn that each begins with.
    eras: Vec<Era>,
}

/// Turns in which the same members take part.
#[derive(Debug)]
struct Era {
    first_turn: u64,
    /// Places in the list of members.
    members: Vec<usize>,
    /// Whose turn the first is, in `members`.
    first: usize,
}

impl Rotation {
    /// When hand-off `index` is on the clock.
    fn civil(&self, index: u64) -> Option<DateTime> {
        let count = i64::try_from(index).ok()?.checked_mul(i64::from(self.length))?;
        let span = match self.unit {
            Unit::Hour => Span::new().try_hours(count),
            Unit::Day => Span::new().try_days(count),
            Unit::Week => Span::new().try_weeks(count),
            Unit::Month => Span::new().try_months(count),
        };
        self.start.checked_add(span.ok()?).ok()
    }

    /// The last hand-off at or before `civil`, on the clock.
    fn index_before(&self, civil: DateTime) -> Option<u64> {
        let seconds = civil.duration_since(self.start).as_secs();
        let length = i64::from(self.length).max(1);
        let guess = match self.unit {
            Unit::Hour => seconds.div_euclid(3_600 * length),
            Unit::Day => seconds.div_euclid(86_400 * length),
            Unit::Week => seconds.div_euclid(7 * 86_400 * length),
            Unit::Month => {
                let months = |it: DateTime| i64::from(it.year()) * 12 + i64::from(it.month());
                (months(civil) - months(self.start)).div_euclid(length)
            }
        };
        let mut index = u64::try_from(guess).ok()?;
        // Within its last month a turn of months may not have begun yet.
        while self.civil(index).is_none_or(|it| civil < it) {
            index = index.checked_sub(1)?;
        }
        Some(index)
    }

    fn is_skipped(&self, index: u64) -> bool {
        0 < index && self.civil(index).is_some_and(|it| self.skip.contains(it.weekday()))
    }
}

impl<'a> Turns<'a> {
    pub(super) fn of(rotation: &'a Rotation, zone: &'a TimeZone) -> Self {
        let mut taking_place = Vec::new();
        if !rotation.skip.is_empty() {
            let mut total = 0;
            for index in 1..=SKIP_CYCLE {
                total += u64::from(!rotation.is_skipped(index));
                taking_place.push(total);
            }
        }
        let mut turns = Self { rotation, zone, taking_place, eras: Vec::new() };
        turns.eras = turns.eras();
        turns
    }

    /// Each begins where membership changes; after a change the turn is the next member's in the list.
    fn eras(&self) -> Vec<Era> {
        let members = &self.rotation.members;
        let mut changes: Vec<DateTime> =
            members.iter().flat_map(|it| [it.from, it.until]).flatten().collect();
        changes.retain(|it| self.rotation.start < *it);
        changes.sort_unstable();
        changes.dedup();
        let mut eras: Vec<Era> = Vec::new();
        for begin in [self.rotation.start].into_iter().chain(changes) {
            let Some(index) = self.first_at_or_after(begin) else { continue };
            let Some(first_begin) = self.rotation.civil(index) else { continue };
            let first_turn = self.turn_of(index);
            if eras.last().is_some_and(|it| it.first_turn == first_turn) {
                eras.pop();
            }
            let takes = |it: &usize| members.get(*it).is_some_and(|it| it.takes(first_begin));
            let taking: Vec<usize> = (0..members.len()).filter(takes).collect();
            let last = eras.iter().rev().find_map(|it| {
                let next = eras.iter().find(|next| it.first_turn < next.first_turn);
                it.place(next.map_or(first_turn, |it| it.first_turn).checked_sub(1)?)
            });
            let first = taking.iter().position(|it| last.is_none_or(|last| last < *it));
            eras.push(Era { first_turn, members: taking, first: first.unwrap_or(0) });
        }
        eras
    }

    /// The first hand-off that takes place, at or after a time of the clock.
    fn first_at_or_after(&self, civil: DateTime) -> Option<u64> {
        let before = self.rotation.index_before(civil);
        let first = match before {
            Some(it) if self.rotation.civil(it) == Some(civil) => it,
            Some(it) => it + 1,
            None => 0,
        };
        (first..first + SKIP_CYCLE).find(|it| !self.rotation.is_skipped(*it))
    }

    /// How many hand-offs after the start have taken place at `index`.
    fn turn_of(&self, index: u64) -> u64 {
        let Some(per_cycle) = self.taking_place.last() else { return index };
        let within = usize::try_from(index % SKIP_CYCLE).unwrap_or(0);
        let within = within.checked_sub(1).and_then(|it| self.taking_place.get(it)).unwrap_or(&0);
        index / SKIP_CYCLE * per_cycle + within
    }

    fn boundary(&self, index: u64) -> Option<Timestamp> {
        instant(self.zone, self.rotation.civil(index)?, Occurrence::First)
    }

    /// The last hand-off that takes place at or before `at`; `None` before the start.
    fn index_at(&self, at: Timestamp) -> Option<u64> {
        if at < self.boundary(0)? {
            return None;
        }
        let mut index = self.rotation.index_before(self.zone.to_datetime(at)).unwrap_or(0);
        // Clock changes move hand-offs by hours at most.
        while 0 < index && self.boundary(index).is_none_or(|it| at < it) {
            index -= 1;
        }
        while self.boundary(index + 1).is_some_and(|it| it <= at) {
            index += 1;
        }
        (index.saturating_sub(SKIP_CYCLE)..=index).rev().find(|it| !self.rotation.is_skipped(*it))
    }

    fn member(&self, turn: u64) -> Option<&'a Member> {
        let era = self.eras.iter().rev().find(|it| it.first_turn <= turn)?;
        self.rotation.members.get(era.place(turn)?)
    }

    /// The turns that meet [`from`, `until`), in order; the outer ones reach beyond it.
    pub(super) fn spans(&self, from: Timestamp, until: Timestamp) -> Vec<TurnSpan<'a>> {
        let mut spans = Vec::new();
        let mut index = self.index_at(from).unwrap_or(0);
        let Some(mut begin) = self.boundary(index) else { return spans };
        while begin < until {
            let mut later = index + 1..=index + SKIP_CYCLE;
            let next = later.find(|it| !self.rotation.is_skipped(*it));
            let end = next.and_then(|it| self.boundary(it)).unwrap_or(Timestamp::MAX);
            let turn = self.turn_of(index);
            if begin < end && from < end {
                let member = self.member(turn);
                spans.push(TurnSpan { from: begin, until: end, index: turn, member });
            }
            let Some(next) = next.filter(|_| end < Timestamp::MAX) else { break };
            (index, begin) = (next, end);
        }
        spans
    }
}

impl Era {
    /// The place in the list of members of whoever has this turn.
    fn place(&self, turn: u64) -> Option<usize> {
        let passed = usize::try_from(turn.checked_sub(self.first_turn)?).ok()?;
        let place = self.first.checked_add(passed)?.checked_rem(self.members.len())?;
        self.members.get(place).copied()
    }
}
