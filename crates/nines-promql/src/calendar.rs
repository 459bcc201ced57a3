//! Parts of the civil date of an instant, in UTC. Arguments are seconds since the Unix epoch.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// NaN for what no calendar holds.
fn part(seconds: f64, read: impl Fn(DateTime) -> i16) -> f64 {
    if !seconds.is_finite() {
        return f64::NAN;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "towards zero, as upstream; saturates, then is out of range"
    )]
    match Timestamp::from_second(seconds as i64) {
        Ok(at) => f64::from(read(Offset::UTC.to_datetime(at))),
        Err(_) => f64::NAN,
    }
}

/// 0 to 59.
pub(crate) fn minute(seconds: f64) -> f64 {
    part(seconds, |it| it.minute().into())
}

/// 0 to 23.
pub(crate) fn hour(seconds: f64) -> f64 {
    part(seconds, |it| it.hour().into())
}

/// 0 is Sunday.
pub(crate) fn day_of_week(seconds: f64) -> f64 {
    part(seconds, |it| it.weekday().to_sunday_zero_offset().into())
}

/// From 1.
pub(crate) fn day_of_month(seconds: f64) -> f64 {
    part(seconds, |it| it.day().into())
}

/// From 1.
pub(crate) fn day_of_year(seconds: f64) -> f64 {
    part(seconds, DateTime::day_of_year)
}

/// 28 to 31.
pub(crate) fn days_in_month(seconds: f64) -> f64 {
    part(seconds, |it| it.days_in_month().into())
}

/// From 1.
pub(crate) fn month(seconds: f64) -> f64 {
    part(seconds, |it| it.month().into())
}

/// The year of the common era.
pub(crate) fn year(seconds: f64) -> f64 {
    part(seconds, DateTime::year)
}
