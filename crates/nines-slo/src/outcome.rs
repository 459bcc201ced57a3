//! What somebody else reads for an SLI, slice by slice: the answers, and the questions that are open.

use jiff::{SignedDuration, Timestamp};

use crate::SloName;

/// What became of one slice.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// So many events. Instead of what was recorded for the slice before, where somebody else reads the slices;
    /// beside what is counted already for SLIs that read series.
    Events {
        /// Those that kept the SLI.
        good: u64,
        /// All.
        total: u64,
    },
    /// The share of good events, 0 to 1; NaN when there were none.
    Ratio(f64),
    /// The value that is compared with the target; NaN when nothing happened.
    Value(f64),
    /// It was read, and there are no data.
    NoData,
    /// It could not be read: it stays to be read.
    Unread,
}

/// A slice that nobody has read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueSlice {
    /// Whose.
    pub slo: SloName,
    /// Its end, which is inside.
    pub end: Timestamp,
    /// How long it is.
    pub width: SignedDuration,
}
