//! The clock. Only edges hold one; domains get `now` as an argument.

use std::fmt;
use std::sync::Mutex;

use jiff::Timestamp;

/// What time it is.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present instant. It may go back when somebody sets the machine's clock; the engine's time does not.
    fn now(&self) -> Timestamp;
}

/// A clock that goes only when it is told to.
#[derive(Debug)]
pub struct VirtualClock {
    now: Mutex<Timestamp>,
}

impl VirtualClock {
    /// A clock that stands at `now`.
    pub fn starting_at(now: Timestamp) -> Self {
        Self { now: Mutex::new(now) }
    }

    /// Puts the clock forward; never back.
    ///
    /// # Panics
    /// Another thread has panicked while it held the clock.
    pub fn advance_to(&self, at: Timestamp) {
        let mut now = self.now.lock().expect("nobody panics while holding the clock");
        *now = at.max(*now);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().expect("nobody panics while holding the clock")
    }
}
