//! Memory that nobody gives back: real allocations, all pages touched, bounded.

use std::sync::{Mutex, PoisonError};

/// 2^20 bytes.
pub(super) const MEBIBYTE: usize = 1 << 20;

/// One page of most machines; touching one byte of each makes it resident.
const PAGE_BYTES: usize = 4096;

/// What has leaked so far.
#[derive(Debug, Default)]
pub(super) struct Leak {
    kept: Mutex<Vec<Vec<u8>>>,
}

impl Leak {
    /// Keeps `bytes` more unless that would be more than `bytes_max` in all; says how many are kept.
    pub(super) fn grow(&self, bytes: usize, bytes_max: usize) -> usize {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let before: usize = kept.iter().map(Vec::len).sum();
        if bytes_max < before + bytes {
            return before;
        }
        // Not zero: a page of zeros would be shared and not resident.
        kept.push(vec![1; bytes]);
        before + bytes
    }

    /// Looks at every page in vain, as a collector does that finds nothing to free.
    pub(super) fn sweep(&self) -> u64 {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().flat_map(|it| it.iter().step_by(PAGE_BYTES)).map(|it| u64::from(*it)).sum()
    }

    /// Gives everything back.
    pub(super) fn clear(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
