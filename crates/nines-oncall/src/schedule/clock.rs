//! Wall-clock times and the instants that they stand for, and sets of weekdays.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Which of two instants a wall time names that exists twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occurrence {
    /// The earlier one, as for beginnings.
    First,
    /// The later one, as for the ends of clock ranges.
    Last,
}

/// The instant of a wall time; one that does not exist is the first instant after the gap.
///
/// `None` beyond the years that an instant can name.
pub(crate) fn instant(zone: &TimeZone, civil: DateTime, which: Occurrence) -> Option<Timestamp> {
    match (zone.to_ambiguous_timestamp(civil).offset(), which) {
        (AmbiguousOffset::Unambiguous { offset }, _) => offset.to_timestamp(civil).ok(),
        (AmbiguousOffset::Fold { before, .. }, Occurrence::First) => {
            before.to_timestamp(civil).ok()
        }
        (AmbiguousOffset::Fold { after, .. }, Occurrence::Last) => after.to_timestamp(civil).ok(),
        (AmbiguousOffset::Gap { before, .. }, _) => {
            // Read with the offset from before the gap, the time lies at or after the change.
            let past = before.to_timestamp(civil).ok()?;
            // `preceding` is exclusive.
            let change = zone.preceding(past + SignedDuration::from_secs(1)).next();
            change.map(|it| it.timestamp())
        }
    }
}

/// The first instant of a day.
pub(crate) fn day_begin(zone: &TimeZone, date: Date) -> Option<Timestamp> {
    instant(zone, date.to_datetime(jiff::civil::Time::midnight()), Occurrence::First)
}

/// Some days of the week. Facts keep them as bits, Monday first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weekdays(u8);

impl Weekdays {
    /// No day.
    pub const NONE: Self = Self(0);
    /// Every day.
    pub const ALL: Self = Self(0b111_1111);

    /// These and one more.
    #[must_use]
    pub fn with(self, day: Weekday) -> Self {
        Self(self.0 | 1 << day.to_monday_zero_offset())
    }

    /// Whether `day` is one of them.
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.to_monday_zero_offset()) != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Weekday> for Weekdays {
    fn from_iter<I: IntoIterator<Item = Weekday>>(days: I) -> Self {
        days.into_iter().fold(Self::NONE, Self::with)
    }
}
