//! Hours of the week in a time zone: working hours, and when a step of an escalation counts.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// The minutes of a day, without clock changes.
pub const DAY_MINUTES: u16 = 24 * 60;
/// How far ahead [`Hours::next`] looks: a week, and a day for clock changes.
const DAYS_AHEAD: i64 = 8;

/// A range of clock time on some days of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// An IANA time zone. An unknown one counts as UTC.
    pub zone: String,
    /// The days on which the range begins: 1 is Monday, 7 is Sunday; in order.
    pub days: Vec<i8>,
    /// The first minute of the day; less than [`DAY_MINUTES`].
    pub from_minute: u16,
    /// The minute at which it is over; at most [`DAY_MINUTES`]. Not later than the first: it is over the next day.
    pub until_minute: u16,
}

impl Hours {
    /// Whether `at` lies inside.
    pub fn contains(&self, at: Timestamp) -> bool {
        let local = self.zone().to_datetime(at);
        let minute = minute_of_day(local);
        let today = local.date().weekday().to_monday_one_offset();
        let yesterday = if today == 1 { 7 } else { today - 1 };
        let (from, until) = (self.from_minute, self.until_minute);
        if from < until {
            return self.days.contains(&today) && from <= minute && minute < until;
        }
        (self.days.contains(&today) && from <= minute)
            || (self.days.contains(&yesterday) && minute < until)
    }

    /// The first instant at or after `at` that lies inside; `at` itself when there is none within a week.
    pub fn next(&self, at: Timestamp) -> Timestamp {
        if self.contains(at) {
            return at;
        }
        let zone = self.zone();
        let today = zone.to_datetime(at).date().to_datetime(jiff::civil::Time::midnight());
        let minutes = Span::new().minutes(i64::from(self.from_minute));
        let starts = (0..=DAYS_AHEAD).filter_map(|days| {
            let civil = today.checked_add(days.days()).ok()?.checked_add(minutes).ok()?;
            zone.to_timestamp(civil).ok()
        });
        starts.into_iter().find(|it| at <= *it && self.contains(*it)).unwrap_or(at)
    }

    /// How long it is, clock changes aside.
    pub fn length(&self) -> SignedDuration {
        let (from, until) = (self.from_minute, self.until_minute);
        let minutes = if from < until { until - from } else { DAY_MINUTES - from + until };
        SignedDuration::from_mins(i64::from(minutes))
    }

    fn zone(&self) -> TimeZone {
        TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC)
    }
}

fn minute_of_day(local: DateTime) -> u16 {
    u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap_or(0)
}

#[cfg(test)]
mod tests;
