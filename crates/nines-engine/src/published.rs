//! What readers see: the state as of the last commit, which nobody has to wait for.
//!
//! A reader takes a reference and looks at leisure. The engine changes the state in place while nobody looks, and
//! leaves it to whoever looks for long, with a copy for everybody else: a slow reader costs memory, never a page.

use std::sync::{Arc, RwLock};

use crate::state::State;

/// How often the engine lets readers finish before it leaves them the state as it is. Most need microseconds.
const PATIENCE_TURNS: u32 = 32;

/// The state as of the last commit. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Published {
    slot: Arc<RwLock<Arc<State>>>,
}

impl Published {
    pub(crate) fn new(state: State) -> Self {
        Self { slot: Arc::new(RwLock::new(Arc::new(state))) }
    }

    /// The state as of the last commit; it does not change while it is looked at.
    ///
    /// # Panics
    /// The engine's thread has panicked; the process is about to end.
    pub fn read(&self) -> Arc<State> {
        Arc::clone(&self.slot.read().expect("the engine's thread did not panic"))
    }

    /// Brings readers to `working`, from which the published state differs by `change`.
    pub(crate) fn follow(&self, working: &State, change: impl FnOnce(&mut State)) {
        for _ in 0..PATIENCE_TURNS {
            let mut slot = self.slot.write().expect("readers only clone");
            if let Some(state) = Arc::get_mut(&mut slot) {
                change(state);
                return;
            }
            drop(slot);
            std::thread::yield_now();
        }
        self.replace(working);
    }

    /// Brings readers to `working`, whatever they saw before.
    pub(crate) fn replace(&self, working: &State) {
        let fresh = Arc::new(working.clone());
        *self.slot.write().expect("readers only clone") = fresh;
    }
}

#[cfg(test)]
mod tests;
