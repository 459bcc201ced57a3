//! What the judgement of a goal reads: counts of stretches of time, in the unit of the SLO's method.

use jiff::Timestamp;

use crate::{Suspect, WindowCounts};

/// Counts of one SLI, or of one group of it.
///
/// The unit of the counts is that of the SLO's method: events, slices, or shares of slices in 10⁻¹².
pub(crate) trait Meter {
    /// What lies in (`from_ms` rounded down to a slice, `to_ms`].
    fn between(&self, from_ms: i64, to_ms: i64) -> WindowCounts;

    /// The latest sample of a series that counts all events.
    fn last_ms(&self) -> Option<i64>;

    /// Whether samples come, and all series that are needed have been seen.
    fn has_data(&self, now_ms: i64) -> bool;

    /// Why the counts should not be believed.
    fn suspect(&self, now_ms: i64) -> Option<Suspect>;

    /// Whether the counts are those that were sent, neither estimated nor rounded on the way.
    fn is_exact(&self) -> bool {
        true
    }

    /// The latest instant up to `to_ms` at which what is counted fits together: what counts slices waits for the end
    /// of the last one. A meter around another one passes this on.
    fn settled_ms(&self, to_ms: i64) -> i64 {
        to_ms
    }

    /// The counts of the last `length_ms` before `to`, or before the last instant that is settled.
    fn last(&self, length_ms: i64, to: Timestamp) -> WindowCounts {
        let to_ms = self.settled_ms(to.as_millisecond());
        self.between(to_ms.saturating_sub(length_ms), to_ms)
    }
}
