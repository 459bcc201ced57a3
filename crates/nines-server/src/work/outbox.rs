//! The outbox worker: takes what is due, sends it, brings the receipt. On plain threads, since ports block.
//!
//! A slow receiver holds one thread and nobody else: as many messages are taken as threads are free. Threads are
//! made when they are needed, at most [`SENDS_MAX`], and stay.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Scope;
use std::time::Duration;

use nines_engine::{Command, EngineHandle, Reply, Send, SubmitError};
use nines_port::{Clock, Delivery, Notifier};

use crate::app::Shared;
use crate::health::Health;

/// Messages that are sent at once.
const SENDS_MAX: usize = 32;
/// The longest pause between two looks.
const IDLE_MAX: Duration = Duration::from_millis(500);
/// After an engine that would not give anything out, as with a full disk.
const REFUSED_PAUSE: Duration = Duration::from_millis(250);
/// How often a receipt is offered to a busy engine, and how long it is waited in between.
const RECEIPT_TRIES_MAX: u32 = 200;
const RECEIPT_PAUSE: Duration = Duration::from_millis(50);

/// Sends until the sender of `commits` is gone, and what is on its way then has arrived or failed.
pub(crate) fn send_messages(app: &Arc<Shared>, notifier: &dyn Notifier, commits: &Receiver<u64>) {
    let (jobs, queue) = mpsc::channel();
    let senders = Senders { app, notifier, queue: Mutex::new(queue), busy: AtomicUsize::new(0) };
    std::thread::scope(|scope| {
        let mut threads = 0;
        while wait(app, &senders, commits) {
            let count_max = SENDS_MAX.saturating_sub(senders.busy.load(Ordering::Acquire));
            if count_max == 0 {
                continue;
            }
            let taken = app.engine.ask(Command::TakeSends { count_max });
            let Ok(Ok(Reply::Sends(sends))) = taken else {
                std::thread::sleep(REFUSED_PAUSE);
                continue;
            };
            for send in sends {
                let busy = senders.busy.fetch_add(1, Ordering::AcqRel) + 1;
                if threads < busy {
                    threads += 1;
                    senders.start(scope);
                }
                jobs.send(send).expect("the queue lives as long as the senders");
            }
        }
        drop(jobs);
    });
}

/// Until something may be due, and somebody is free for it; `false` at the end.
fn wait(app: &Shared, senders: &Senders<'_>, commits: &Receiver<u64>) -> bool {
    let is_full = SENDS_MAX <= senders.busy.load(Ordering::Acquire);
    // A sender that becomes free brings a receipt, which is a commit.
    let pause = if is_full { IDLE_MAX } else { until_next(&app.engine, app.clock.as_ref()) };
    match commits.recv_timeout(pause) {
        Ok(_) | Err(RecvTimeoutError::Timeout) => while commits.try_recv().is_ok() {},
        Err(RecvTimeoutError::Disconnected) => return false,
    }
    while !until_next(&app.engine, app.clock.as_ref()).is_zero() {
        match commits.recv_timeout(until_next(&app.engine, app.clock.as_ref())) {
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
    true
}

fn until_next(engine: &EngineHandle, clock: &dyn Clock) -> Duration {
    // What waits is sent by the process that decides.
    let next = engine.read(nines_engine::State::send_at).filter(|_| engine.is_active());
    next.map_or(IDLE_MAX, |at| {
        let wait = at.duration_since(clock.now());
        Duration::try_from(wait).unwrap_or_default().min(IDLE_MAX)
    })
}

/// What all threads that send share.
struct Senders<'a> {
    app: &'a Shared,
    notifier: &'a dyn Notifier,
    queue: Mutex<Receiver<Send>>,
    /// Messages that were taken and have no outcome yet.
    busy: AtomicUsize,
}

impl<'a> Senders<'a> {
    fn start<'scope>(&'scope self, scope: &'scope Scope<'scope, 'a>) {
        let work = move || {
            // The lock is held only while somebody waits for the next message.
            while let Some(send) = self.next() {
                self.deliver(send);
            }
        };
        let thread = std::thread::Builder::new().name("send".to_owned());
        if let Err(error) = thread.spawn_scoped(scope, work) {
            // The threads that there are will send it.
            tracing::error!(%error, "no thread for another message");
        }
    }

    fn next(&self) -> Option<Send> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
    }

    fn deliver(&self, send: Send) {
        let Send { intent, attempt, channel, message } = send;
        // What may be there already is asked for, where one can ask.
        let found = message.possible_repeat.then(|| self.notifier.query(&channel, &message));
        let delivery = match found.flatten() {
            Some(found @ Delivery::Accepted { .. }) => found,
            _ => self.notifier.send(&channel, &message),
        };
        self.busy.fetch_sub(1, Ordering::AcqRel);
        Health::add(&self.app.health.sends, 1);
        if !matches!(delivery, Delivery::Accepted { .. }) {
            Health::add(&self.app.health.send_failures, 1);
            tracing::warn!(intent, attempt, ?delivery, "a message was not accepted");
        }
        // Without a receipt the next start repeats the message, marked; so a busy engine is asked again.
        for _ in 0..RECEIPT_TRIES_MAX {
            let (intent, delivery) = (intent.clone(), delivery.clone());
            match self.app.engine.ask(Command::Receipt { intent, attempt, delivery }) {
                // Another process has the journal now, and treats the outcome as unknown.
                Ok(Ok(_)) | Err(SubmitError::Stopped | SubmitError::Standby) => return,
                Ok(Err(_)) | Err(SubmitError::Busy) => {
                    std::thread::sleep(RECEIPT_PAUSE);
                }
            }
        }
    }
}
