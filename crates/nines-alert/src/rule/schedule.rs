//! When groups are evaluated: at even distances, each group at its own place between them.

use jiff::{SignedDuration, Timestamp};
use nines_base::Labels;

use super::RuleGroup;

/// The last instant at or before `at` at which the group is due.
///
/// The place within an interval comes from a hash of the group's name and file, so that groups spread, and stays
/// the same over restarts.
pub fn slot_before(group: &RuleGroup, at: Timestamp) -> Timestamp {
    let interval_ms = interval_ms(group);
    let identity = Labels::empty().with("name", &group.name).with("file", &group.file);
    let length = interval_ms.unsigned_abs();
    let offset_ms = i64::try_from(identity.fingerprint() % length).unwrap_or(0);
    let shifted_ms = at.as_millisecond() - offset_ms;
    let slot_ms = shifted_ms - shifted_ms.rem_euclid(interval_ms) + offset_ms;
    Timestamp::from_millisecond(slot_ms).unwrap_or(at)
}

fn interval_ms(group: &RuleGroup) -> i64 {
    i64::try_from(group.interval.as_millis()).unwrap_or(i64::MAX).max(1)
}

/// When a group is evaluated next, and how many evaluations came too late to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The next evaluation's instant.
    pub next: Timestamp,
    /// Evaluations that were due, whether they happened or not.
    pub scheduled_total: u64,
    /// Evaluations that were left out because the ones before took too long.
    pub missed_total: u64,
}

impl Schedule {
    /// The first evaluation comes with the next slot.
    pub fn starting(group: &RuleGroup, now: Timestamp) -> Self {
        let next = slot_before(group, now) + SignedDuration::from_millis(interval_ms(group));
        Self { next, scheduled_total: 0, missed_total: 0 }
    }

    /// The instant to evaluate at, if one is due; moves on to the next.
    ///
    /// Of several that are due only the last is evaluated.
    pub fn take(&mut self, group: &RuleGroup, now: Timestamp) -> Option<Timestamp> {
        let interval_ms = interval_ms(group);
        if now < self.next {
            // The clock was set back: nobody waits until it is where it was.
            if interval_ms < self.next.as_millisecond() - now.as_millisecond() {
                self.next = Self::starting(group, now).next;
            }
            return None;
        }
        let late_ms = now.as_millisecond() - self.next.as_millisecond();
        let missed = late_ms / interval_ms;
        let at = self.next + SignedDuration::from_millis(missed * interval_ms);
        self.missed_total += missed.unsigned_abs();
        self.scheduled_total += missed.unsigned_abs() + 1;
        self.next = at + SignedDuration::from_millis(interval_ms);
        Some(at)
    }
}
