//! The counts of one SLI: fine slices for the last days, coarse ones for the rest.

use serde::{Deserialize, Serialize};

use crate::ledger::{Change, Ledger, Sums};
use crate::time::floor_to;

/// Two ledgers that are booked alike; the fine one forgets sooner.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct History {
    hot: Ledger,
    cold: Ledger,
    hot_span_ms: i64,
}

/// How much is kept, and how finely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the unit is a part of each name")]
pub(crate) struct Grains {
    pub(crate) hot_ms: i64,
    pub(crate) hot_span_ms: i64,
    pub(crate) cold_ms: i64,
    pub(crate) span_ms: i64,
}

impl History {
    pub(crate) fn new(grains: Grains) -> Self {
        assert!(grains.cold_ms % grains.hot_ms == 0, "coarse slices are made of fine ones");
        Self {
            hot: Ledger::new(grains.hot_ms, grains.hot_span_ms),
            cold: Ledger::new(grains.cold_ms, grains.span_ms),
            hot_span_ms: grains.hot_span_ms,
        }
    }

    pub(crate) fn book(&mut self, at_ms: i64, change: Change) {
        self.hot.book(at_ms, change);
        self.cold.book(at_ms, change);
    }

    pub(crate) fn settle(&mut self) {
        self.hot.settle();
        self.cold.settle();
    }

    /// The grain of a window that begins at `from_ms`, seen from `to_ms`.
    pub(crate) fn grain_ms(&self, from_ms: i64, to_ms: i64) -> i64 {
        if self.is_hot(from_ms, to_ms) { self.hot.grain_ms() } else { self.cold.grain_ms() }
    }

    /// By age, so that the answer does not depend on how much happens to be kept.
    fn is_hot(&self, from_ms: i64, to_ms: i64) -> bool {
        let is_young = to_ms.saturating_sub(from_ms) <= self.hot_span_ms;
        is_young && self.hot.complete_from_ms() <= floor_to(from_ms, self.hot.grain_ms())
    }

    /// What lies in (`from_ms` rounded down to a slice, `to_ms`], and that edge. The slice that holds
    /// `to_ms` counts as a whole.
    pub(crate) fn between(&self, from_ms: i64, to_ms: i64) -> (i64, Sums) {
        if self.is_hot(from_ms, to_ms) {
            let from_ms = floor_to(from_ms, self.hot.grain_ms());
            return (from_ms, self.hot.up_to(to_ms).minus(self.hot.up_to(from_ms)));
        }
        let from_ms = floor_to(from_ms, self.cold.grain_ms());
        let seam_ms = floor_to(to_ms, self.cold.grain_ms());
        let older = |until_ms| self.cold.up_to(until_ms).minus(self.cold.up_to(from_ms));
        if seam_ms < from_ms || seam_ms < self.hot.complete_from_ms() {
            return (from_ms, older(to_ms));
        }
        let newer = self.hot.up_to(to_ms).minus(self.hot.up_to(seam_ms));
        let older = older(seam_ms);
        let whole = older.whole.saturating_add(newer.whole);
        (from_ms, Sums { whole, part: older.part.saturating_add(newer.part) })
    }
}

#[cfg(test)]
mod tests;
