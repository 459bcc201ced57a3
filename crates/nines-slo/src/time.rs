//! Conversions between instants, durations and whole milliseconds, the unit of all sums.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
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

/// When it is so late in a zone: the first instant after a gap, the first of two. What cannot be written down is the
/// nearest instant that can.
pub(crate) fn local_instant(zone: &TimeZone, at: DateTime) -> Timestamp {
    let limit = if at.year() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    match zone.to_ambiguous_timestamp(at).offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
            offset.to_timestamp(at).unwrap_or(limit)
        }
        // With the later offset the time lies before the change, with the earlier one after it.
        AmbiguousOffset::Gap { before, after } => {
            let earlier = after.to_timestamp(at).ok();
            let change = earlier.and_then(|it| zone.following(it).next()).map(|it| it.timestamp());
            change.or_else(|| before.to_timestamp(at).ok()).unwrap_or(limit)
        }
    }
}

#[cfg(test)]
mod tests;
