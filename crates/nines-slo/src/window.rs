//! What a budget is computed over: rolling and calendar windows.
//!
//! Calendar windows follow civil time in an IANA zone, so that a month with a change of clocks has an hour more
//! or less; nothing here assumes that a day has 24 hours.

use std::fmt;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use nines_base::format_duration;

use crate::time::{instant, local_instant, millis};

/// The civil date of an instant is at most so many windows away from the window that holds it: where a clock is put
/// back over midnight, or a whole day was left out.
const STEPS_MAX: usize = 8;

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

impl Bounds {
    /// How long it is; with a change of clocks more or less than usual.
    pub fn length(&self) -> SignedDuration {
        self.to.duration_since(self.from)
    }
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

    /// The instance of it that holds `now`: events after its beginning and not after its end belong to it.
    ///
    /// At a civil boundary that is the one that ends there, because an event at this instant is its last. What
    /// cannot be written down as an instant is the first or the last that can.
    pub fn bounds(&self, now: Timestamp) -> Bounds {
        match self {
            Self::Rolling(length) => {
                let from_ms = now.as_millisecond().saturating_sub(millis(*length).max(0));
                Bounds { from: instant(from_ms), to: now }
            }
            Self::Calendar(calendar) => calendar.bounds(now),
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

impl Calendar {
    fn bounds(&self, now: Timestamp) -> Bounds {
        let mut first = self.period.holding(self.zone.to_datetime(now).date());
        for _ in 0..STEPS_MAX {
            let Some(earlier) = first.and_then(|it| self.period.before(it)) else { break };
            if self.begins(first) < now {
                break;
            }
            first = Some(earlier);
        }
        for _ in 0..STEPS_MAX {
            let Some(later) = first.and_then(|it| self.period.after(it)) else { break };
            if now <= self.begins(Some(later)) {
                break;
            }
            first = Some(later);
        }
        let to = first.and_then(|it| self.period.after(it));
        let to = to.map_or(Timestamp::MAX, |it| self.begins(Some(it)));
        Bounds { from: self.begins(first), to }
    }

    /// Midnight of a day: the first instant after a gap, the first of two.
    fn begins(&self, day: Option<Date>) -> Timestamp {
        day.map_or(Timestamp::MIN, |it| local_instant(&self.zone, it.at(0, 0, 0, 0)))
    }
}

impl Period {
    /// The first day of the window that holds a day, if it can be written down.
    fn holding(self, day: Date) -> Option<Date> {
        let back = match self {
            Self::Day => 0,
            Self::Week { starts } => i64::from(starts.until(day.weekday())),
            Self::Month => return Some(day.first_of_month()),
            Self::Quarter => {
                let month = (day.month() - 1) / 3 * 3 + 1;
                return Date::new(day.year(), month, 1).ok();
            }
            Self::Year => return Some(day.first_of_year()),
            Self::Every { days, from } => {
                let passed = day.duration_since(from).as_hours() / 24;
                passed.rem_euclid(i64::from(days.max(1)))
            }
        };
        day.checked_sub(back.days()).ok()
    }

    /// The first day of the next window.
    fn after(self, first: Date) -> Option<Date> {
        first.checked_add(self.span()).ok()
    }

    /// The first day of the window before.
    fn before(self, first: Date) -> Option<Date> {
        first.checked_sub(self.span()).ok()
    }

    fn span(self) -> jiff::Span {
        match self {
            Self::Day => 1.day(),
            Self::Week { .. } => 7.days(),
            Self::Month => 1.month(),
            Self::Quarter => 3.months(),
            Self::Year => 1.year(),
            Self::Every { days, .. } => i64::from(days.max(1)).days(),
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

#[cfg(test)]
mod tests;
