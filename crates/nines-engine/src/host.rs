//! The engine's thread: a bounded queue in front of it, and timers.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use nines_port::Clock;

use crate::command::{Command, Refusal, Reply};
use crate::engine::{BATCH_MAX, Engine, EngineError};
use crate::published::Published;
use crate::state::State;

/// The most commands that wait.
pub const QUEUE_MAX: usize = 8_192;
/// The engine looks at the clock at least so often, because somebody may set it.
const IDLE_MAX: Duration = Duration::from_secs(1);

/// Called with the answer, on the engine's thread: it must not block.
type Answer = Box<dyn FnOnce(Result<Reply, Refusal>) + Send>;

enum Envelope {
    Command(Box<Command>, Answer),
    Stop,
}

/// What the engine's thread tells the process.
pub struct Hooks {
    /// After every commit, with the last sequence number; it must not block.
    pub on_commit: Box<dyn Fn(u64) + Send>,
    /// The engine cannot go on; the process must end.
    pub on_failure: Box<dyn FnOnce(EngineError) + Send>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

/// The way to the engine's thread. Cheap to clone.
#[derive(Clone)]
pub struct EngineHandle {
    queue: SyncSender<Envelope>,
    published: Published,
}

impl fmt::Debug for EngineHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineHandle").finish_non_exhaustive()
    }
}

/// Why a command did not reach the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// Try again later.
    #[error("the engine is busy: {QUEUE_MAX} commands wait already")]
    Busy,
    /// The process is about to end.
    #[error("the engine has stopped")]
    Stopped,
}

impl EngineHandle {
    /// Puts `engine` on a thread of its own.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn spawn(
        engine: Engine,
        clock: Arc<dyn Clock>,
        hooks: Hooks,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (queue, inbox) = sync_channel(QUEUE_MAX);
        let published = engine.published();
        let thread = std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || run(engine, clock.as_ref(), hooks, &inbox))?;
        Ok((Self { queue, published }, thread))
    }

    /// Queues a command; `answer` is called once its facts are durable, or it was refused.
    ///
    /// # Errors
    /// The queue is full, or the engine has stopped; then `answer` is never called.
    pub fn submit(
        &self,
        command: Command,
        answer: impl FnOnce(Result<Reply, Refusal>) + Send + 'static,
    ) -> Result<(), SubmitError> {
        self.queue.try_send(Envelope::Command(Box::new(command), Box::new(answer))).map_err(
            |error| match error {
                TrySendError::Full(_) => SubmitError::Busy,
                TrySendError::Disconnected(_) => SubmitError::Stopped,
            },
        )
    }

    /// Queues a command and waits for its answer. Not for async threads.
    ///
    /// # Errors
    /// The queue is full, or the engine has stopped.
    pub fn ask(&self, command: Command) -> Result<Result<Reply, Refusal>, SubmitError> {
        let (sender, receiver) = sync_channel(1);
        self.submit(command, move |answer| {
            // Whoever asked may have gone.
            drop(sender.send(answer));
        })?;
        receiver.recv().map_err(|_| SubmitError::Stopped)
    }

    /// Reads the state as of the last commit. The engine does not wait for readers, but a long look costs a copy.
    ///
    /// # Panics
    /// The engine's thread has panicked; the process is about to end.
    pub fn read<T>(&self, view: impl FnOnce(&State) -> T) -> T {
        view(&self.published.read())
    }

    /// The state as of the last commit, for whoever looks for longer than a moment, as a stream of a long list does.
    ///
    /// # Panics
    /// The engine's thread has panicked; the process is about to end.
    pub fn state(&self) -> Arc<State> {
        self.published.read()
    }

    /// Ends the thread after the commands that wait already.
    pub fn stop(&self) {
        // A thread that has ended needs no stop.
        drop(self.queue.send(Envelope::Stop));
    }
}

fn run(mut engine: Engine, clock: &dyn Clock, hooks: Hooks, inbox: &Receiver<Envelope>) {
    let mut stopping = false;
    let mut seq = 0;
    while !stopping {
        let first = match inbox.recv_timeout(until(engine.wake_at(), clock.now())) {
            Ok(envelope) => Some(envelope),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let mut commands = Vec::new();
        let mut answers: Vec<Answer> = Vec::new();
        for envelope in first.into_iter().chain(inbox.try_iter()).take(BATCH_MAX) {
            match envelope {
                Envelope::Command(command, answer) => {
                    commands.push(*command);
                    answers.push(answer);
                }
                Envelope::Stop => {
                    stopping = true;
                    break;
                }
            }
        }
        let now = clock.now();
        if engine.wake_at().is_some_and(|at| at <= now) {
            commands.push(Command::Wake);
            answers.push(Box::new(drop));
        }
        match engine.cycle(commands, now) {
            Ok(outcomes) => {
                for (answer, outcome) in answers.into_iter().zip(outcomes) {
                    answer(outcome);
                }
            }
            Err(error) => {
                (hooks.on_failure)(error);
                return;
            }
        }
        let committed = engine.seq();
        if committed != seq {
            seq = committed;
            (hooks.on_commit)(seq);
        }
    }
}

fn until(wake: Option<Timestamp>, now: Timestamp) -> Duration {
    let wait = wake.map(|at| at.duration_since(now).max(jiff::SignedDuration::ZERO).unsigned_abs());
    wait.map_or(IDLE_MAX, |it| it.min(IDLE_MAX))
}
