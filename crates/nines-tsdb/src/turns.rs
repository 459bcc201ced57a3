//! Long work of maintenance in short turns, so that appends and queries get in between.
//!
//! Only maintenance takes series, pairs and segments away, and only one maintenance runs at a time: so what it has
//! seen in one turn is still there in the next. It must not know what the work is.

use std::sync::atomic::Ordering;

use crate::Tsdb;
use crate::dictionary::Dictionary;
use crate::store::State;

/// Series or pairs of one turn, about a millisecond's work.
const TURN_ITEMS: usize = 2_048;
/// Series that are looked at at once for being forgotten: each turn goes through whole lists of series.
const TIDY_ITEMS: usize = 65_536;
/// After this many maintenance takes its turn: appends may never end.
const YIELDS_MAX: usize = 1_000;

impl Tsdb {
    /// Shows the state to `work`, for some of the items at a time.
    pub(crate) fn in_turns<T>(&self, items: &[T], mut work: impl FnMut(&State, &[T])) {
        for turn in items.chunks(TURN_ITEMS) {
            self.let_appends_go_first();
            work(&self.state(), turn);
        }
    }

    /// Lets `work` change the state, for some of the items at a time.
    pub(crate) fn in_turns_mut<T>(&self, items: &[T], mut work: impl FnMut(&mut State, &[T])) {
        for turn in items.chunks(TURN_ITEMS) {
            self.let_appends_go_first();
            work(&mut self.state_mut(), turn);
        }
    }

    /// Locks are not fair: who gives one back and asks again at once mostly gets it, and whoever waits goes on waiting.
    fn let_appends_go_first(&self) {
        for _ in 0..YIELDS_MAX {
            if self.appending.load(Ordering::Relaxed) == 0 {
                return;
            }
            std::thread::yield_now();
        }
    }

    /// Forgets what is not needed of these series.
    pub(crate) fn tidy_in_turns(&self, touched: &[u32]) {
        let mut any_gone = false;
        for turn in touched.chunks(TIDY_ITEMS) {
            self.let_appends_go_first();
            // Appends plan under the log's lock, and what they have seen disappears here.
            let log = self.log();
            any_gone |= self.state_mut().registry.tidy(turn.iter().copied());
            drop(log);
        }
        if any_gone {
            let mut log = self.log();
            let state = self.state();
            log.keys.retain(|id| state.registry.get(id).is_some());
        }
    }

    /// The texts of all pairs that were there before.
    pub(crate) fn dictionary(&self) -> Dictionary {
        let slots: Vec<u32> = (0..self.state().registry.pairs().slots_count()).collect();
        let mut texts = Vec::with_capacity(slots.len());
        self.in_turns(&slots, |state, turn| {
            texts.extend(turn.iter().filter_map(|it| state.registry.pairs().owned_texts(*it)));
        });
        Dictionary::new(texts)
    }
}
