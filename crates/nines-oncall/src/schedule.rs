//! Schedules: who is on call at an instant.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use nines_base::Origin;
use serde::{Deserialize, Serialize};

/// A weekly rotation in one time zone.
///
/// Shift *n* begins at `start` + *n* × `weeks` weeks in clock time, so that hand-offs keep their hour
/// when clocks change. A hand-off that a clock change skips is the first instant after the gap; one that
/// exists twice is the first of the two.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Unique, such as `shop`.
    pub name: String,
    /// An IANA time zone.
    pub zone: TimeZone,
    /// The first hand-off, in clock time. Before it nobody is on call.
    pub start: DateTime,
    /// The length of a shift in weeks; 1 to 52.
    pub weeks: u32,
    /// Names of people, in order; at least one.
    pub members: Vec<String>,
    /// Where it was written.
    pub origin: Origin,
}

/// One turn of one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// Who.
    pub person: String,
    /// Counts from 0 at the schedule's start.
    pub index: u32,
    /// The hand-off to this person.
    pub from: Timestamp,
    /// The hand-off to the next.
    pub until: Timestamp,
}

impl Schedule {
    /// The shift that `at` lies in: on call from the hand-off on, up to but not at the next.
    ///
    /// `None` before the start, without members, or beyond the years that a calendar can name.
    pub fn on_call(&self, at: Timestamp) -> Option<Shift> {
        let elapsed = at.as_second() - self.boundary(0)?.as_second();
        let length = i64::from(self.weeks) * 7 * 86_400;
        // A clock change moves a boundary by hours at most, so the true index is this one or a neighbour.
        let guess = elapsed.checked_div(length)?.max(0);
        let candidates = [guess - 1, guess, guess + 1];
        candidates.into_iter().filter(|it| 0 <= *it).find_map(|it| {
            let shift = self.shift(u32::try_from(it).ok()?)?;
            (shift.from <= at && at < shift.until).then_some(shift)
        })
    }

    /// The `index`-th shift.
    pub fn shift(&self, index: u32) -> Option<Shift> {
        let turn = (index as usize).checked_rem(self.members.len())?;
        let person = self.members.get(turn)?.clone();
        Some(Shift { person, index, from: self.boundary(index)?, until: self.boundary(index + 1)? })
    }

    /// When shift `index` begins.
    fn boundary(&self, index: u32) -> Option<Timestamp> {
        let weeks = i64::from(index).checked_mul(i64::from(self.weeks))?;
        let civil = self.start.checked_add(Span::new().try_weeks(weeks).ok()?).ok()?;
        let at = self.zone.to_timestamp(civil).ok()?;
        Some(self.end_of_gap(civil, at))
    }

    /// For a wall time inside a gap the library keeps the minutes past it; a hand-off is at its end.
    fn end_of_gap(&self, civil: DateTime, at: Timestamp) -> Timestamp {
        if self.zone.to_datetime(at) == civil {
            return at;
        }
        // `preceding` is exclusive, and `at` may be the change itself.
        let just_after = at + SignedDuration::from_secs(1);
        self.zone.preceding(just_after).next().map_or(at, |change| change.timestamp())
    }
}

#[cfg(test)]
mod tests;
