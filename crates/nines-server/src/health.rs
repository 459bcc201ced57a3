//! How nines itself is: counts that the loops write and `/metrics` shows.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of one process.
#[derive(Debug, Default)]
pub(crate) struct Health {
    pub(crate) samples: AtomicU64,
    pub(crate) queries: AtomicU64,
    pub(crate) query_failures: AtomicU64,
    pub(crate) sends: AtomicU64,
    pub(crate) send_failures: AtomicU64,
    pub(crate) evaluations: AtomicU64,
    pub(crate) panics: AtomicU64,
    /// Messages to ourselves, those of them that were slow or lost, and milliseconds of the last.
    pub(crate) watches: AtomicU64,
    pub(crate) watches_late: AtomicU64,
    pub(crate) watch_ms: AtomicU64,
    /// What does not work now, in words; shown on the console.
    problem: Mutex<Option<String>>,
}

impl Health {
    pub(crate) fn add(count: &AtomicU64, by: u64) {
        count.fetch_add(by, Ordering::Relaxed);
    }

    pub(crate) fn problem(&self) -> Option<String> {
        self.problem.lock().expect("nobody panics while holding a text").clone()
    }

    pub(crate) fn set_problem(&self, problem: Option<String>) {
        *self.problem.lock().expect("nobody panics while holding a text") = problem;
    }
}
