//! One series: its labels, its samples in memory, and where its samples in segments are.
//!
//! Later writes win over earlier ones at equal times: segments by their numbers, then the head. This module must not
//! know files.

use std::num::NonZeroU64;

use crate::head::Head;
use crate::pairs::PairId;
use crate::segment::{Reach, Stored};

/// A series and everything that is known of it.
#[derive(Debug)]
pub(crate) struct Series {
    /// Its labels, sorted by name.
    pub(crate) pairs: Box<[PairId]>,
    /// Its number in the write-ahead log; an inactive series has none.
    pub(crate) wal_ref: Option<NonZeroU64>,
    pub(crate) head: Head,
    /// Its blocks in segments, oldest segment first.
    pub(crate) stored: Vec<Stored>,
}

impl Series {
    pub(crate) fn new(pairs: Box<[PairId]>) -> Self {
        Self { pairs, wal_ref: None, head: Head::default(), stored: Vec::new() }
    }

    /// Whether there may be samples in the range.
    pub(crate) fn overlaps(&self, reach: &Reach) -> bool {
        self.head.overlaps(reach.from_ms, reach.to_ms)
            || self.stored.iter().any(|it| reach.segment_of(it).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_takes_two_cache_lines() {
        assert!(size_of::<Series>() <= 128, "{}", size_of::<Series>());
    }
}
