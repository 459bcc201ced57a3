//! The lease of the active engine: who may write, and until when.
//!
//! One row says it, by the clock of the database: nobody compares the clocks of two machines. The holder renews it
//! from a thread of its own and believes in it for less time than the row says, counted from *before* it asked. That
//! is courtesy towards readers; what keeps two writers apart is the epoch, which every append checks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nines_port::Holder;
use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;

use super::link::Link;
use super::{number, stored};

/// How long the row keeps others away after a renewal; it is written out in the statements below.
#[cfg(test)]
pub(super) const LEASE: Duration = Duration::from_millis(1_500);
/// How long a holder believes in it, from the start of the renewal.
pub(super) const HELD: Duration = Duration::from_millis(1_200);
/// From the start of one renewal to the next.
const RENEW_EVERY: Duration = Duration::from_millis(400);
/// After a renewal that failed.
const RENEW_AGAIN: Duration = Duration::from_millis(50);
/// Giving it back at the end takes no longer.
const RELEASE_MAX: Duration = Duration::from_millis(500);

const LOOK: &str = "SELECT epoch, address, expires_at < clock_timestamp() FROM nines.engine_lease";
/// `now()` is when the statement began, before it waited for a lock.
const TAKE: &str = "UPDATE nines.engine_lease \
    SET epoch = epoch + 1, holder = $1, address = $2, \
        expires_at = clock_timestamp() + interval '1.5 s' \
    WHERE expires_at < clock_timestamp() RETURNING epoch";
const RENEW: &str = "UPDATE nines.engine_lease \
    SET expires_at = clock_timestamp() + interval '1.5 s' WHERE epoch = $1";
const RELEASE: &str = "UPDATE nines.engine_lease SET expires_at = '-infinity' WHERE epoch = $1";

/// What became of a try to take the lease.
pub(super) enum Taken {
    /// It is ours.
    Ours { epoch: u64 },
    /// It is somebody's.
    Theirs(Holder),
}

/// Takes the lease if it has run out.
pub(super) async fn take(
    database: &mut PgConnection,
    holder: &str,
    address: &str,
) -> Result<Taken, sqlx::Error> {
    let (epoch, theirs, is_over): (i64, String, bool) =
        sqlx::query_as(LOOK).fetch_one(&mut *database).await?;
    if is_over {
        let taken: Option<i64> = sqlx::query_scalar(TAKE)
            .bind(holder)
            .bind(address)
            .fetch_optional(&mut *database)
            .await?;
        if let Some(epoch) = taken {
            return Ok(Taken::Ours { epoch: number(epoch) });
        }
    }
    // Whoever was faster shows at the next look.
    Ok(Taken::Theirs(Holder { epoch: number(epoch), address: theirs }))
}

/// The hold on the lease, renewed until it is dropped.
pub(super) struct Lease {
    shared: Arc<Shared>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    held_until: Mutex<Instant>,
    /// Once lost, it stays lost: only another epoch may write again.
    is_lost: AtomicBool,
}

impl Shared {
    fn held_until(&self) -> Instant {
        *self.held_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remaining(&self) -> Option<Duration> {
        if self.is_lost.load(Ordering::Acquire) {
            return None;
        }
        let remaining = self.held_until().checked_duration_since(Instant::now());
        if remaining.is_none() {
            self.is_lost.store(true, Ordering::Release);
        }
        remaining
    }
}

impl Lease {
    /// Renews the lease of `epoch`, which was asked for at `asked`.
    pub(super) fn keep(
        options: PgConnectOptions,
        epoch: u64,
        asked: Instant,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            held_until: Mutex::new(asked + HELD),
            is_lost: AtomicBool::new(false),
        });
        let (stop, stopped) = channel();
        // A renewal that a crash of the server forgets ends the lease early, so none waits for the disk.
        let link = Link::new(options.options([("synchronous_commit", "off")]))?;
        let mut renewer = Renewer { link, epoch, shared: Arc::clone(&shared) };
        let thread = std::thread::Builder::new()
            .name("lease".to_owned())
            .spawn(move || renewer.run(asked, &stopped))?;
        Ok(Self { shared, stop: Some(stop), thread: Some(thread) })
    }

    /// How long it is ours without another renewal; `None` once it is lost.
    pub(super) fn remaining(&self) -> Option<Duration> {
        self.shared.remaining()
    }

    /// Somebody else has it.
    pub(super) fn lose(&self) {
        self.shared.is_lost.store(true, Ordering::Release);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.stop.take());
        // A panic of the thread has printed itself; the lease runs out.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

struct Renewer {
    link: Link,
    epoch: u64,
    shared: Arc<Shared>,
}

impl Renewer {
    fn run(&mut self, asked: Instant, stopped: &Receiver<()>) {
        let mut next = asked + RENEW_EVERY;
        loop {
            let pause = next.saturating_duration_since(Instant::now());
            if stopped.recv_timeout(pause) == Err(RecvTimeoutError::Disconnected) {
                break;
            }
            let started = Instant::now();
            if self.shared.remaining().is_none() {
                return;
            }
            let (epoch, deadline) = (stored(self.epoch), self.shared.held_until());
            let renewed = self.link.ask(deadline, async |database| {
                let renewed = sqlx::query(RENEW).bind(epoch).execute(database).await?;
                Ok(renewed.rows_affected() == 1)
            });
            match renewed {
                Ok(true) => {
                    *self.shared.held_until.lock().unwrap_or_else(PoisonError::into_inner) =
                        started + HELD;
                    next = started + RENEW_EVERY;
                }
                Ok(false) => {
                    self.shared.is_lost.store(true, Ordering::Release);
                    return;
                }
                Err(_) => next = Instant::now() + RENEW_AGAIN,
            }
        }
        // The next holder need not wait; if this fails, it waits.
        let epoch = stored(self.epoch);
        let released = self.link.ask(Instant::now() + RELEASE_MAX, async |database| {
            sqlx::query(RELEASE).bind(epoch).execute(database).await
        });
        drop(released);
    }
}
