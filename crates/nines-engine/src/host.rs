//! The engine's thread: a bounded queue in front of it, and timers.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use nines_port::{Clock, Holder, SharedJournal};

use crate::command::{Command, Refusal, Reply};
use crate::config::Installation;
use crate::engine::{BATCH_MAX, Engine, EngineError};
use crate::published::Published;
use crate::standby::{self, Standby};
use crate::state::State;

/// The most commands that wait.
pub const QUEUE_MAX: usize = 8_192;
/// The engine looks at the clock at least so often, because somebody may set it.
const IDLE_MAX: Duration = Duration::from_millis(500);

/// Called with the answer, on the engine's thread: it must not block.
pub(crate) type Answer = Box<dyn FnOnce(Result<Reply, Refusal>) + Send>;

pub(crate) enum Envelope {
    Command(Box<Command>, Answer),
    Stop,
}

/// What the engine's thread tells the process.
pub struct Hooks {
    /// Whether this process decides, whenever that changes, and once at the beginning if it does; it must not block.
    pub deciding: Box<dyn Fn(bool) + Send>,
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
    role: Role,
}

/// Whether this process decides. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Role {
    is_standby: Arc<AtomicBool>,
    following: Arc<RwLock<Option<Following>>>,
}

/// Whom a standby follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Following {
    /// Who decides, if somebody does.
    pub holder: Option<Holder>,
    /// The state is that of the journal at this instant.
    pub current_at: Timestamp,
}

impl Role {
    pub(crate) fn follow(&self, following: Following) {
        *self.following.write().expect("nobody panics while holding a name") = Some(following);
        self.is_standby.store(true, Ordering::Release);
    }

    pub(crate) fn decide(&self) {
        *self.following.write().expect("nobody panics while holding a name") = None;
        self.is_standby.store(false, Ordering::Release);
    }
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
    /// Ask the process that decides.
    #[error("this process follows the one that decides, and cannot reach it for you now")]
    Standby,
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
        let thread = std::thread::Builder::new().name("engine".to_owned()).spawn(move || {
            (hooks.deciding)(true);
            if let Err(error) = run(engine, clock.as_ref(), &hooks.on_commit, &inbox) {
                (hooks.on_failure)(error);
            }
        })?;
        Ok((Self { queue, published, role: Role::default() }, thread))
    }

    /// Follows a journal that several processes share on a thread of its own, and decides once it is our turn. The
    /// configuration is remembered until then; other commands are not taken.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn spawn_shared(
        journal: Box<dyn SharedJournal>,
        installation: Installation,
        snapshot: Option<Vec<u8>>,
        seed: u64,
        clock: Arc<dyn Clock>,
        hooks: Hooks,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (queue, inbox) = sync_channel(QUEUE_MAX);
        let (published, role) = (Published::new(State::default()), Role::default());
        role.follow(Following { holder: None, current_at: Timestamp::MIN });
        let standby = Standby::new(journal, installation, seed, published.clone(), role.clone());
        let thread = std::thread::Builder::new().name("engine".to_owned()).spawn(move || {
            if let Err(error) = standby::run(standby, snapshot, clock.as_ref(), &hooks, &inbox) {
                (hooks.on_failure)(error);
            }
        })?;
        Ok((Self { queue, published, role }, thread))
    }

    /// Whom this process follows; `None` when it decides itself.
    ///
    /// # Panics
    /// Never: nobody panics while holding a name.
    pub fn following(&self) -> Option<Following> {
        self.role.following.read().expect("nobody panics while holding a name").clone()
    }

    /// Whether this process decides.
    pub fn is_active(&self) -> bool {
        !self.role.is_standby.load(Ordering::Acquire)
    }

    /// Queues a command; `answer` is called once its facts are durable, or it was refused.
    ///
    /// # Errors
    /// The queue is full, the engine has stopped, or another process decides; then `answer` is never called.
    pub fn submit(
        &self,
        command: Command,
        answer: impl FnOnce(Result<Reply, Refusal>) + Send + 'static,
    ) -> Result<(), SubmitError> {
        if !self.is_active() && !matches!(command, Command::ApplyConfig(_)) {
            return Err(SubmitError::Standby);
        }
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

/// Decides until it is stopped, or cannot go on.
pub(crate) fn run(
    mut engine: Engine,
    clock: &dyn Clock,
    on_commit: &(dyn Fn(u64) + Send),
    inbox: &Receiver<Envelope>,
) -> Result<(), EngineError> {
    let mut stopping = false;
    let mut seq = 0;
    while !stopping {
        let first = match inbox.recv_timeout(until(engine.wake_at(), clock.now())) {
            Ok(envelope) => Some(envelope),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
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
        engine.keep_turn()?;
        let outcomes = engine.cycle(commands, now)?;
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            answer(outcome);
        }
        let committed = engine.seq();
        if committed != seq {
            seq = committed;
            on_commit(seq);
        }
    }
    Ok(())
}

fn until(wake: Option<Timestamp>, now: Timestamp) -> Duration {
    let wait = wake.map(|at| at.duration_since(now).max(jiff::SignedDuration::ZERO).unsigned_abs());
    wait.map_or(IDLE_MAX, |it| it.min(IDLE_MAX))
}
