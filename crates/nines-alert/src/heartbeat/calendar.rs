//! Recurring clock times, in the notation of cron and of systemd's `OnCalendar=`.
//!
//! Both say which months, days, hours, minutes and seconds count; they differ in how they are written, and in what
//! two restrictions of the day mean: cron takes either, systemd wants both.
//!
//! Sources: crontab(5), systemd.time(7).

mod cron;
mod on_calendar;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// Nothing recurs later than so many days from now; the 29th of February on a Sunday comes every 28 years.
const SEARCH_DAYS_MAX: u32 = 366 * 30;
/// Clock times of one day that are tried: all seconds.
const DAY_SECONDS: u32 = 86_400;

/// Small numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Set(u64);

impl Set {
    fn insert(&mut self, value: u8) {
        self.0 |= 1 << (value & 63);
    }

    fn contains(self, value: i8) -> bool {
        u8::try_from(value).is_ok_and(|it| self.0 >> (it & 63) & 1 == 1)
    }

    /// The first member that is `value` or more.
    fn at_least(self, value: i8) -> Option<i8> {
        (value.max(0)..=63).find(|it| self.contains(*it))
    }
}

/// What both restrictions of a day mean together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Days {
    /// One of them suffices.
    Either,
    /// Both must hold.
    Both,
}

/// Recurring clock times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    seconds: Set,
    minutes: Set,
    hours: Set,
    days: Set,
    /// Days before the last of the month: 0 is the last itself.
    days_from_end: Set,
    months: Set,
    /// Nothing: every year.
    years: Option<Vec<i16>>,
    /// Sunday is 0.
    weekdays: Set,
    /// The n-th of a weekday in its month; 0 for the last.
    nth_weekdays: Vec<(u8, u8)>,
    both: Days,
    text: String,
}

/// Why a text is not a calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CalendarError(String);

impl CalendarError {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl Calendar {
    /// Five fields, `*/10 8-18 * * MON-FRI`, or `@daily` and its like.
    ///
    /// # Errors
    /// Which field is wrong, and what it may be.
    pub fn cron(text: &str) -> Result<Self, CalendarError> {
        cron::parse(text)
    }

    /// `Mon..Fri *-*-* 09:00`, or `daily` and its like.
    ///
    /// # Errors
    /// Which part is wrong, and what it may be.
    pub fn on_calendar(text: &str) -> Result<Self, CalendarError> {
        on_calendar::parse(text)
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first recurrence after `at`; none if there is none for thirty years.
    ///
    /// A clock time that a change of the clocks skips is the instant of the change; one that exists twice is the
    /// first of the two.
    pub fn next(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut local = zone.to_datetime(at);
        // A change of clocks may put the same clock time before and after `at`; a few steps get past it.
        for _ in 0..4 {
            local = self.next_local(local)?;
            let found = instant(local, zone)?;
            if at < found {
                return Some(found);
            }
        }
        // All clock times of a repeated hour lie before `at`; go on after it.
        let later = zone.to_datetime(at + SignedDuration::from_hours(3));
        instant(self.next_local(later)?, zone)
    }

    /// The first clock time after `at`.
    fn next_local(&self, at: DateTime) -> Option<DateTime> {
        let (mut date, mut from) = (at.date(), Some(at.time()));
        for _ in 0..SEARCH_DAYS_MAX {
            if self.is_day(date) {
                let start = from.map_or(0, |it| seconds_into_day(it) + 1);
                if let Some(time) = self.next_time(start) {
                    return Some(date.at(time.0, time.1, time.2, 0));
                }
            }
            date = date.tomorrow().ok()?;
            from = None;
        }
        None
    }

    /// The first time of a day that is `from` seconds or more into it.
    fn next_time(&self, from: u32) -> Option<(i8, i8, i8)> {
        if DAY_SECONDS <= from {
            return None;
        }
        let part = |it: u32| i8::try_from(it).unwrap_or(i8::MAX);
        let (hour, minute, second) = (part(from / 3_600), part(from / 60 % 60), part(from % 60));
        if self.hours.contains(hour) {
            if self.minutes.contains(minute)
                && let Some(second) = self.seconds.at_least(second)
            {
                return Some((hour, minute, second));
            }
            if let Some(minute) = self.minutes.at_least(minute + 1) {
                return Some((hour, minute, self.seconds.at_least(0)?));
            }
        }
        let hour = self.hours.at_least(hour + 1)?;
        Some((hour, self.minutes.at_least(0)?, self.seconds.at_least(0)?))
    }

    fn is_day(&self, date: Date) -> bool {
        if !self.months.contains(date.month()) {
            return false;
        }
        if self.years.as_ref().is_some_and(|it| !it.contains(&date.year())) {
            return false;
        }
        let from_end = date.days_in_month() - date.day();
        let by_day = self.days.contains(date.day()) || self.days_from_end.contains(from_end);
        let weekday = date.weekday().to_sunday_zero_offset();
        let nth = |(day, nth): &(u8, u8)| {
            i8::try_from(*day) == Ok(weekday)
                && match nth {
                    0 => from_end < 7,
                    nth => i8::try_from(*nth) == Ok((date.day() - 1) / 7 + 1),
                }
        };
        let by_weekday = self.weekdays.contains(weekday) || self.nth_weekdays.iter().any(nth);
        match self.both {
            Days::Either => by_day || by_weekday,
            Days::Both => by_day && by_weekday,
        }
    }
}

fn seconds_into_day(time: Time) -> u32 {
    let part = |it: i8| u32::from(it.unsigned_abs());
    part(time.hour()) * 3_600 + part(time.minute()) * 60 + part(time.second())
}

/// The instant of a clock time.
fn instant(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
        // Before the change the clock shows an hour less: the change itself lies at most a day before.
        let later = ambiguous.later().ok()?;
        return zone
            .preceding(later + SignedDuration::from_secs(1))
            .next()
            .map(|it| it.timestamp());
    }
    ambiguous.earlier().ok()
}

/// The names of weekdays and months, with the number of the first letter group that is asked for.
fn number(word: &str, names: &[&str], first: u8) -> Option<u8> {
    if let Ok(number) = word.parse() {
        return Some(number);
    }
    let is_meant = |it: &&str| it.eq_ignore_ascii_case(word);
    let index = names.iter().position(is_meant)?;
    u8::try_from(index).ok().map(|it| it + first)
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

#[cfg(test)]
mod tests;
