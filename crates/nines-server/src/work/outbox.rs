//! The outbox worker: takes what is due, sends it, brings the receipt. On plain threads, since ports block.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
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

/// Sends until the sender of `commits` is gone.
pub(crate) fn send_messages(
    app: &Arc<Shared>,
    notifier: &Arc<dyn Notifier>,
    commits: &Receiver<u64>,
) {
    loop {
        let wait = until_next(&app.engine, app.clock.as_ref());
        match commits.recv_timeout(wait) {
            Ok(_) | Err(RecvTimeoutError::Timeout) => while commits.try_recv().is_ok() {},
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if !until_next(&app.engine, app.clock.as_ref()).is_zero() {
            continue;
        }
        let taken = app.engine.ask(Command::TakeSends { count_max: SENDS_MAX });
        let Ok(Ok(Reply::Sends(sends))) = taken else {
            std::thread::sleep(REFUSED_PAUSE);
            continue;
        };
        std::thread::scope(|scope| {
            for send in sends {
                scope.spawn(|| deliver(app, notifier.as_ref(), send));
            }
        });
    }
}

fn until_next(engine: &EngineHandle, clock: &dyn Clock) -> Duration {
    // What waits is sent by the process that decides.
    if !engine.is_active() {
        return IDLE_MAX;
    }
    let next = engine.read(nines_engine::State::send_at);
    next.map_or(IDLE_MAX, |at| {
        let wait = at.duration_since(clock.now());
        Duration::try_from(wait).unwrap_or_default().min(IDLE_MAX)
    })
}

fn deliver(app: &Shared, notifier: &dyn Notifier, send: Send) {
    let Send { intent, attempt, channel, message } = send;
    let delivery = notifier.send(&channel, &message);
    Health::add(&app.health.sends, 1);
    if !matches!(delivery, Delivery::Accepted { .. }) {
        Health::add(&app.health.send_failures, 1);
        tracing::warn!(intent, attempt, ?delivery, "a message was not accepted");
    }
    // Without a receipt the next start repeats the message, marked; so a busy engine is asked again.
    for _ in 0..RECEIPT_TRIES_MAX {
        let (intent, delivery) = (intent.clone(), delivery.clone());
        match app.engine.ask(Command::Receipt { intent, attempt, delivery }) {
            Ok(Ok(_)) | Err(SubmitError::Stopped | SubmitError::Standby) => return,
            Ok(Err(_)) | Err(SubmitError::Busy) => std::thread::sleep(RECEIPT_PAUSE),
        }
    }
}
