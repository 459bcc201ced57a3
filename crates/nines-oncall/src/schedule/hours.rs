//! Clock ranges on some days of the week, and the instants that they cover.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::clock::{Occurrence, Weekdays, day_begin, instant};

/// A clock range on some days of the week.
///
/// It starts at the first and ends at the last occurrence of its times, so that clocks that are set back open
/// no gap; its end at 24:00 is the first instant of the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockRange {
    /// The days on which it begins; at least one.
    pub weekdays: Weekdays,
    /// The minute of the day at which it begins; below [`Self::DAY_MINUTES`].
    pub begin_minute: u16,
    /// The minute of the day before which it ends, 1 to [`Self::DAY_MINUTES`]. Unless it is after `begin_minute`, it is
    /// one of the next day.
    pub end_minute: u16,
}

impl ClockRange {
    /// The minutes of a day; as an end it is the beginning of the next day.
    pub const DAY_MINUTES: u16 = 24 * 60;

    /// The range that begins on `date`; nothing when clocks jump over all of it.
    fn on(self, zone: &TimeZone, date: Date) -> Option<(Timestamp, Timestamp)> {
        let at = |date: Date, minute| Some(date.to_datetime(time(minute)?));
        let begin = instant(zone, at(date, self.begin_minute)?, Occurrence::First)?;
        let is_next = self.end_minute <= self.begin_minute;
        let last = if is_next { date.tomorrow().ok()? } else { date };
        let end = if self.end_minute == Self::DAY_MINUTES {
            day_begin(zone, last.tomorrow().ok()?)?
        } else {
            instant(zone, at(last, self.end_minute)?, Occurrence::Last)?
        };
        (begin < end).then_some((begin, end))
    }
}

fn time(minute: u16) -> Option<Time> {
    let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
    Time::new(hour, minute, 0, 0).ok()
}

/// What `hours` cover together of [`from`, `until`), in order and apart; the outer ones may reach beyond it.
pub(crate) fn windows(
    hours: &[ClockRange],
    zone: &TimeZone,
    from: Timestamp,
    until: Timestamp,
) -> Vec<(Timestamp, Timestamp)> {
    // A range reaches into the next day, and a zone may skip a day.
    let before = Span::new().days(3);
    let Ok(mut date) = zone.to_datetime(from).date().checked_sub(before) else { return Vec::new() };
    let last = zone.to_datetime(until).date();
    let mut windows: Vec<(Timestamp, Timestamp)> = Vec::new();
    while date <= last {
        let today = hours.iter().filter(|it| it.weekdays.contains(date.weekday()));
        let today = today.filter_map(|it| it.on(zone, date));
        windows.extend(today.filter(|(begin, end)| from < *end && *begin < until));
        let Ok(next) = date.tomorrow() else { break };
        date = next;
    }
    windows.sort_unstable();
    windows.dedup_by(|later, earlier| {
        let joins = later.0 <= earlier.1;
        if joins {
            earlier.1 = earlier.1.max(later.1);
        }
        joins
    });
    windows
}
