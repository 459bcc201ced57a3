//! Time intervals: when groups are silent.
//!
//! Source: Alertmanager's documentation, `time_interval`.

use jiff::tz::TimeZone;

/// A recurring set of instants; empty lists of a field do not restrict.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeInterval {
    /// Minutes of the day, the end exclusive; 1440 is legal as an end.
    pub times: Vec<(u16, u16)>,
    /// Sunday is 0; both ends count.
    pub weekdays: Vec<(u8, u8)>,
    /// 1 to 31, or -1 (the last) to -31; both ends count.
    pub days_of_month: Vec<(i8, i8)>,
    /// 1 to 12; both ends count.
    pub months: Vec<(u8, u8)>,
    /// Both ends count.
    pub years: Vec<(i16, i16)>,
    /// Where clock times are meant.
    pub zone: TimeZone,
}
