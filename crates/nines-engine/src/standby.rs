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

    /// Decides from now on.
    fn take_over(
        mut self,
        mut journal: Box<dyn Journal>,
        now: Timestamp,
    ) -> Result<(Engine, Role), EngineError> {
        let mut read = |after, count| journal.read(after, count);
        let last_at = replay(&mut self.state, &mut read, |_, _| {})?.unwrap_or(self.last_at);
        self.published.replace(&self.state);
        let states = (self.state, self.published);
        let now = now.max(last_at);
        let mut engine = Engine::take_over(journal, self.installation, states, self.seed, now)?;
        if let Some(config) = self.config {
            engine.cycle(vec![Command::ApplyConfig(config)], now)?;
        }
        Ok((engine, self.role))
    }
}

/// Follows until it is our turn, then decides until the end.
pub(crate) fn run(
    mut standby: Standby,
    snapshot: Option<Vec<u8>>,
    clock: &dyn Clock,
    hooks: Hooks,
    inbox: &Receiver<Envelope>,
) {
    if let Some(Err(error)) = snapshot.map(|bytes| standby.load(&bytes)) {
        (hooks.on_failure)(error);
        return;
    }
    let mut current_at = Timestamp::MIN;
    loop {
        let (before, looked_at) = (standby.state.seq, clock.now());
        match standby.catch_up() {
            Ok(()) => current_at = looked_at,
            // The database may come back; until then the state grows old, and says so.
            Err(EngineError::Journal(_)) => {}
            Err(error) => return (hooks.on_failure)(error),
        }
        let holder = match standby.journal.acquire() {
            Ok(Turn::Ours(journal)) => {
                return match standby.take_over(journal, clock.now()) {
                    Ok((engine, role)) => {
                        role.decide();
                        (hooks.on_active)();
                        (hooks.on_commit)(engine.seq());
                        host::run(engine, clock, (hooks.on_commit, hooks.on_failure), inbox);
                    }
                    Err(error) => (hooks.on_failure)(error),
                };
            }
            Ok(Turn::Theirs(holder)) => Some(holder),
            Err(_) => None,
        };
        standby.role.follow(Following { holder, current_at });
        if before != standby.state.seq {
            (hooks.on_commit)(standby.state.seq);
        }
        if !answer(&mut standby, inbox) {
            return;
        }
    }
}

/// Waits for the next look, or takes a configuration. Gives whether to go on.
fn answer(standby: &mut Standby, inbox: &Receiver<Envelope>) -> bool {
    match inbox.recv_timeout(LOOK_EVERY) {
        Ok(Envelope::Command(command, answer)) => answer(match *command {
            Command::ApplyConfig(config) => {
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
