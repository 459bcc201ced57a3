//! Conversions between instants, durations and whole milliseconds, the unit of all sums.

use jiff::{SignedDuration, Timestamp};

/// Whole milliseconds, rounded towards zero; what does not fit is as long as possible.
pub(crate) fn millis(duration: SignedDuration) -> i64 {
    let limit = if duration.is_negative() { i64::MIN } else { i64::MAX };
    i64::try_from(duration.as_millis()).unwrap_or(limit)
}

/// The instant, or the nearest one that can be written down.
pub(crate) fn instant(at_ms: i64) -> Timestamp {
    let limit = if at_ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(at_ms).unwrap_or(limit)
}

/// The last multiple of `step_ms` that is not after `at_ms`.
pub(crate) fn floor_to(at_ms: i64, step_ms: i64) -> i64 {
    at_ms.saturating_sub(at_ms.rem_euclid(step_ms))
}

/// The first multiple of `step_ms` that is not before `at_ms`.
pub(crate) fn ceil_to(at_ms: i64, step_ms: i64) -> i64 {
    let floor_ms = floor_to(at_ms, step_ms);
    if floor_ms == at_ms { at_ms } else { floor_ms.saturating_add(step_ms) }
}
