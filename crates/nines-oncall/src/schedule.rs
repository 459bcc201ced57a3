//! Schedules: who is on call at an instant.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use nines_base::Origin;

/// A weekly rotation in one time zone.
///
/// Shift *n* begins at `start` + *n* × `weeks` weeks in clock time, so that hand-offs keep their hour
/// when clocks change.
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
