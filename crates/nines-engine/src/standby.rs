//! An engine that waits for its turn: it reads what another process decides, so that taking over costs no replay.
//!
//! It decides nothing itself. When its turn comes it is in the situation of a start after a crash: what the other one
//! was sending has an unknown outcome.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use jiff::Timestamp;
use nines_port::{Clock, Journal, SharedJournal, Turn};

use crate::command::{Command, Refusal, Reply};
use crate::config::{Config, Installation};
use crate::engine::{Engine, EngineError, replay};
use crate::fact::Fact;
use crate::host::{self, Envelope, Following, Hooks, Role};
use crate::published::Published;
use crate::snapshot;
use crate::state::State;

/// How often the journal and the turn are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A state that follows a journal.
#[derive(Debug)]
pub(crate) struct Standby {
    journal: Box<dyn SharedJournal>,
    installation: Installation,
    seed: u64,
    state: State,
    published: Published,
    role: Role,
    /// What will decide.
    config: Option<Arc<Config>>,
    last_at: Timestamp,
}

impl Standby {
    pub(crate) fn new(
        journal: Box<dyn SharedJournal>,
        installation: Installation,
        seed: u64,
        published: Published,
        role: Role,
    ) -> Self {
        let (state, config, last_at) = (State::default(), None, Timestamp::MIN);
        Self { journal, installation, seed, state, published, role, config, last_at }
    }

    fn load(&mut self, snapshot: &[u8]) -> Result<(), EngineError> {
        let journal = &mut self.journal;
        let mut read = |after, count| journal.read(after, count);
        if let Some(state) = snapshot::decode(snapshot, &self.installation.version, &mut read)? {
            self.state = state;
            self.published.replace(&self.state);
        }
        Ok(())
    }

    /// Reads the journal to its end.
    fn catch_up(&mut self) -> Result<(), EngineError> {
        let Self { journal, state, published, last_at, .. } = self;
        let mut news: Vec<(Fact, Timestamp, u64, u64)> = Vec::new();
        let mut read = |after, count| journal.read(after, count);
        let caught_up = replay(state, &mut read, |fact, record| {
            news.push((fact.clone(), record.at, record.seq, record.epoch));
        });
        if !news.is_empty() {
            published.follow(state, |published| {
                for (fact, at, seq, epoch) in &news {
                    published.evolve(fact, *at, *seq, *epoch);
                }
                published.head = state.head;
            });
        }
        *last_at = (*last_at).max(caught_up?.unwrap_or(*last_at));
        Ok(())
    }

    /// An engine that decides from now on.
    fn take_over(
        &mut self,
        mut journal: Box<dyn Journal>,
        now: Timestamp,
    ) -> Result<Engine, EngineError> {
        let mut read = |after, count| journal.read(after, count);
        let last_at = replay(&mut self.state, &mut read, |_, _| {})?.unwrap_or(self.last_at);
        self.published.replace(&self.state);
        let states = (std::mem::take(&mut self.state), self.published.clone());
        let (installation, now) = (self.installation.clone(), now.max(last_at));
        // Another epoch, other ids.
        let seed = self.seed.wrapping_add(journal.epoch());
        let mut engine = Engine::take_over(journal, installation, states, seed, now)?;
        if let Some(config) = self.config.clone() {
            engine.cycle(vec![Command::ApplyConfig(config)], now)?;
        }
        Ok(engine)
    }

    /// Reads along until it is our turn; `None` when it is stopped before.
    fn follow(
        &mut self,
        clock: &dyn Clock,
        on_commit: &(dyn Fn(u64) + Send),
        inbox: &Receiver<Envelope>,
    ) -> Result<Option<Engine>, EngineError> {
        let mut current_at = Timestamp::MIN;
        loop {
            let (before, looked_at) = (self.state.seq, clock.now());
            match self.catch_up() {
                Ok(()) => current_at = looked_at,
                // The database may come back; until then the state grows old, and says so.
                Err(EngineError::Journal(_)) => {}
                Err(error) => return Err(error),
            }
            let holder = match self.journal.acquire() {
                Ok(Turn::Ours(journal)) => match self.take_over(journal, clock.now()) {
                    // What went wrong may pass, and somebody else may have been faster.
                    Err(EngineError::TurnLost(_)) => {
                        self.state = State::clone(&self.published.read());
                        None
                    }
                    engine => return engine.map(Some),
                },
                Ok(Turn::Theirs(holder)) => Some(holder),
                Err(_) => None,
            };
            self.role.follow(Following { holder, current_at });
            if before != self.state.seq {
                on_commit(self.state.seq);
            }
            if !answer(self, inbox) {
                return Ok(None);
            }
        }
    }
}

/// Follows until it is our turn, decides until it is somebody else's, and so on until the end.
pub(crate) fn run(
    mut standby: Standby,
    snapshot: Option<Vec<u8>>,
    clock: &dyn Clock,
    hooks: &Hooks,
    inbox: &Receiver<Envelope>,
) -> Result<(), EngineError> {
    if let Some(bytes) = snapshot {
        standby.load(&bytes)?;
    }
    while let Some(engine) = standby.follow(clock, &hooks.on_commit, inbox)? {
        standby.role.decide();
        (hooks.deciding)(true);
        (hooks.on_commit)(engine.seq());
        match host::run(engine, clock, &hooks.on_commit, inbox) {
            Err(EngineError::TurnLost(_)) => {}
            end => return end,
        }
        // Readers see what is durable, and so does whoever goes on from there.
        standby.state = State::clone(&standby.published.read());
        standby.role.follow(Following { holder: None, current_at: clock.now() });
        (hooks.deciding)(false);
    }
    Ok(())
}

/// Waits for the next look, or takes a configuration. Gives whether to go on.
fn answer(standby: &mut Standby, inbox: &Receiver<Envelope>) -> bool {
    match inbox.recv_timeout(LOOK_EVERY) {
        Ok(Envelope::Command(command, answer)) => answer(match *command {
            Command::ApplyConfig(config) => {
                standby.state.dispatch.attach(&config.dispatch);
                standby.published.replace(&standby.state);
                standby.config = Some(config);
                Ok(Reply::Done)
            }
            // It was on its way while this process was told that it follows.
            _ => Err(Refusal::NotDurable("another process decides".to_owned())),
        }),
        Ok(Envelope::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
        Err(RecvTimeoutError::Timeout) => {}
    }
    true
}

#[cfg(test)]
mod tests;
