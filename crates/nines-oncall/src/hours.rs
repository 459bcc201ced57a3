//! Hours of the week in a time zone: when somebody works, and when a step of an escalation counts.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ClockRange;
use crate::schedule::windows;

/// How far ahead [`Hours::next`] looks: a week, and two days for clock changes.
const LOOK: SignedDuration = SignedDuration::from_hours(9 * 24);
const MOMENT: SignedDuration = SignedDuration::from_nanos(1);

/// Ranges of clock time on some days of the week, in a zone. Part of facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// An IANA time zone. An unknown one counts as UTC.
    pub zone: String,
    /// Any of them counts.
    pub ranges: Vec<ClockRange>,
}

impl Hours {
    /// Whether `at` lies inside.
    pub fn contains(&self, at: Timestamp) -> bool {
        let windows = windows(&self.ranges, &self.zone(), at, at + MOMENT);
        windows.into_iter().any(|(from, until)| from <= at && at < until)
    }

    /// The first instant at or after `at` that lies inside; `at` itself when there is none within a week.
    pub fn next(&self, at: Timestamp) -> Timestamp {
        let windows = windows(&self.ranges, &self.zone(), at, at + LOOK);
        let first = windows.into_iter().find(|(_, until)| at < *until);
        first.map_or(at, |(from, _)| from.max(at))
    }

    fn zone(&self) -> TimeZone {
        TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC)
    }
}

#[cfg(test)]
mod tests;
