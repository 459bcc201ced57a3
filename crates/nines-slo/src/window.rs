//! What a budget is computed over: rolling and calendar windows.
//!
//! Calendar windows follow civil time in an IANA zone, so that a month with a change of clocks has an hour more
//! or less; nothing here assumes that a day has 24 hours.

use std::fmt;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use nines_base::format_duration;

/// What a budget is computed over.
#[derive(Debug, Clone, PartialEq)]
pub enum Window {
    /// The last so long; an event leaves it when it is older.
    Rolling(SignedDuration),
    /// From one civil boundary to the next; the budget is whole again at each.
    Calendar(Calendar),
}

/// Equal stretches of civil time.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    /// How long one is.
    pub period: Period,
    /// Where midnight is.
    pub zone: TimeZone,
}

/// How long a calendar window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// Seven days.
    Week {
        /// The first of them.
        starts: Weekday,
    },
    /// A month of the calendar.
    Month,
    /// Three months; the first begins with January.
    Quarter,
    /// From January to December.
    Year,
    /// So many days, again and again.
    Every {
        /// At least 1, at most 400.
        days: u16,
        /// The first day of one of them; there are earlier ones too.
        from: Date,
    },
}

/// The two ends of a window at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Events at this instant are outside.
    pub from: Timestamp,
    /// Events at this instant are inside; of a calendar window it lies ahead.
    pub to: Timestamp,
}

impl Window {
    /// How long it is, for what scales with it: calendar windows count as 1, 7, 30, 90 or 365 days.
    pub fn nominal(&self) -> SignedDuration {
        let days = |it: i64| SignedDuration::from_hours(24 * it);
        match self {
            Self::Rolling(length) => *length,
            Self::Calendar(Calendar { period, .. }) => match period {
                Period::Day => days(1),
                Period::Week { .. } => days(7),
                Period::Month => days(30),
                Period::Quarter => days(90),
                Period::Year => days(365),
                Period::Every { days: it, .. } => days(i64::from(*it)),
            },
        }
    }

    /// No instance of it is longer; so much history must be kept.
    pub fn longest(&self) -> SignedDuration {
        // A quarter has up to 92 days, a year 366; a change of zone may add most of a day more.
        let slack = SignedDuration::from_hours(3 * 24);
        match self {
            Self::Rolling(length) => *length,
            Self::Calendar(_) => self.nominal() + slack,
        }
    }
}

/// `28d`, `month`, `every 14d`; unique among the windows of one objective, so it serves as a label.
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rolling(length) => f.write_str(&format_duration(*length)),
            Self::Calendar(Calendar { period, .. }) => match period {
                Period::Day => f.write_str("day"),
                Period::Week { .. } => f.write_str("week"),
                Period::Month => f.write_str("month"),
                Period::Quarter => f.write_str("quarter"),
                Period::Year => f.write_str("year"),
                Period::Every { days, .. } => write!(f, "every {days}d"),
            },
        }
    }
}
