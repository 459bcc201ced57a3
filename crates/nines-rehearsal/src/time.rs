//! Instants and lengths in whole milliseconds.

use jiff::{SignedDuration, Timestamp};

/// Beyond 64 bits of milliseconds the longest length.
pub(crate) fn millis(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The nearest instant that can be written down.
pub(crate) fn instant(at_ms: i64) -> Timestamp {
    let least = Timestamp::MIN.as_millisecond() + 1;
    let most = Timestamp::MAX.as_millisecond() - 1;
    Timestamp::from_millisecond(at_ms.clamp(least, most)).expect("clamped to what there is")
}

/// The greatest multiple of `step_ms` that is not above `at_ms`.
pub(crate) fn floor_to(at_ms: i64, step_ms: i64) -> i64 {
    at_ms.div_euclid(step_ms).saturating_mul(step_ms)
}
