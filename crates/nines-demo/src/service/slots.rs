//! A bounded number of places, and a bounded queue before them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::failure::Failure;
use super::{WAIT_MAX, WAITING_MAX};

/// Places that requests take and give back; those that find none wait a while, in order.
#[derive(Debug)]
pub(super) struct Slots {
    semaphore: Arc<Semaphore>,
    count_max: usize,
    waiting: AtomicUsize,
}

impl Slots {
    pub(super) fn new(slots_max: usize) -> Self {
        Self {
            semaphore: Arc::new(Semaphore::new(slots_max)),
            count_max: slots_max,
            waiting: AtomicUsize::new(0),
        }
    }

    /// A place, or 503 when too many wait already or the wait was too long.
    pub(super) async fn take(&self) -> Result<OwnedSemaphorePermit, Failure> {
        let turned_away = |why: &str| Failure::Unavailable(format!("{why}, try again later"));
        let waiting = Waiting::enter(&self.waiting);
        if WAITING_MAX < waiting.length {
            return Err(turned_away("too many requests wait"));
        }
        match tokio::time::timeout(WAIT_MAX, Arc::clone(&self.semaphore).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(turned_away("all slots stayed taken")),
        }
    }

    pub(super) fn slots_max(&self) -> usize {
        self.count_max
    }

    pub(super) fn in_use(&self) -> usize {
        self.count_max - self.semaphore.available_permits().min(self.count_max)
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// Counts one who waits, also when the request is dropped meanwhile.
struct Waiting<'a> {
    counter: &'a AtomicUsize,
    length: usize,
}

impl<'a> Waiting<'a> {
    fn enter(counter: &'a AtomicUsize) -> Self {
        let length = counter.fetch_add(1, Ordering::Relaxed) + 1;
        Self { counter, length }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.counter.fetch_sub(1, Ordering::Relaxed);
    }
}
