//! Time intervals: when groups are silent.
//!
//! Source: Alertmanager's documentation, `time_interval`.

use jiff::Timestamp;
use jiff::civil::DateTime;
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

impl TimeInterval {
    /// Whether the clock on the wall of its zone shows a time of it: every field that restricts has a range with it.
    ///
    /// Ranges do not wrap: one that ends before it begins contains nothing.
    pub fn contains(&self, at: Timestamp) -> bool {
        let local = self.zone.to_datetime(at);
        let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
        let weekday = local.weekday().to_sunday_zero_offset();
        allows(&self.times, |(from, to)| (i32::from(from)..i32::from(to)).contains(&minute))
            && allows(&self.weekdays, |(from, to)| {
                (i32::from(from)..=i32::from(to)).contains(&i32::from(weekday))
            })
            && allows(&self.days_of_month, |range| holds_day(range, local))
            && allows(&self.months, |(from, to)| {
                (i32::from(from)..=i32::from(to)).contains(&i32::from(local.month()))
            })
            && allows(&self.years, |(from, to)| (from..=to).contains(&local.year()))
    }
}

/// No ranges allow everything.
fn allows<T: Copy>(ranges: &[T], holds: impl Fn(T) -> bool) -> bool {
    ranges.is_empty() || ranges.iter().any(|it| holds(*it))
}

/// Negative days count from the end of the month. A range that begins after the month has ended holds none of its
/// days; otherwise what lies outside of the month is cut off.
fn holds_day((begin, end): (i8, i8), local: DateTime) -> bool {
    let last = local.date().days_in_month();
    let resolve = |day: i8| if day < 0 { last + day + 1 } else { day };
    let (begin, end) = (resolve(begin), resolve(end));
    begin <= last && (begin..=end.min(last)).contains(&local.day())
}

#[cfg(test)]
mod tests;
