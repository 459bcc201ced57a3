//! When a target is scraped: a fixed phase inside of the interval.
//!
//! The phase is made from job and address, so scrapes are spread evenly, and a restart keeps the rhythm.

use nines_base::Labels;

/// A scrape that begins at most this much after its slot is dated to its slot, because evenly spaced samples
/// compress better and make rates exact. Source: Prometheus, `--scrape.timestamp-tolerance`.
const ALIGN_MS_MAX: i64 = 2;
/// But never more than this share of the interval.
const ALIGN_SHARE: i64 = 100;

/// Where inside of its interval a target is scraped, in milliseconds.
pub(super) fn phase_ms(job: &str, address: &str, interval_ms: i64) -> i64 {
    let pairs = [("address", address), ("job", job)];
    let hash = Labels::new(pairs).unwrap_or_default().fingerprint();
    // FNV mixes the last bytes badly into the high bits; ports differ in the last bytes.
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
    let interval = interval_ms.max(1).unsigned_abs();
    i64::try_from(mixed % interval).unwrap_or(0)
}

/// The next instant, in milliseconds, that lies after `now_ms` and is not `last_ms` again.
///
/// A clock that was set back a little must not make two scrapes of one slot.
pub(super) fn next_slot_ms(
    now_ms: i64,
    last_ms: Option<i64>,
    interval_ms: i64,
    phase_ms: i64,
) -> i64 {
    let interval_ms = interval_ms.max(1);
    let slot = (now_ms - phase_ms).div_euclid(interval_ms) * interval_ms + phase_ms + interval_ms;
    if last_ms == Some(slot) { slot + interval_ms } else { slot }
}

/// The time that samples of a scrape get which began at `now_ms` for `slot_ms`.
pub(super) fn aligned_ms(now_ms: i64, slot_ms: i64, interval_ms: i64) -> i64 {
    let tolerance_ms = ALIGN_MS_MAX.min(interval_ms / ALIGN_SHARE);
    if (now_ms - slot_ms).abs() <= tolerance_ms { slot_ms } else { now_ms }
}

#[cfg(test)]
mod tests;
