//! The engine: decides, makes durable, applies, answers, in that order.

use std::collections::BTreeSet;
use std::sync::Arc;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use nines_alert::dispatch::{Rules, Upkeep};
use nines_port::{Failure, HASH_BYTES, Journal, JournalError, Record, Room};

use crate::chain;
use crate::command::{Command, Refusal, Reply};
use crate::config::{Config, Installation};
use crate::decide::Draft;
use crate::fact::{DecodeError, EpochStarted, Fact};
use crate::published::Published;
use crate::snapshot;
use crate::state::State;

/// The most commands of one cycle.
pub const BATCH_MAX: usize = 4_096;
/// How many records are read at once when the journal is replayed.
const READ_MAX: usize = 10_000;
/// After a commit that was rolled back, what is due waits so long for the next try.
const STALL: SignedDuration = SignedDuration::from_millis(250);

/// Why the engine cannot go on. The caller ends the process: start is the recovery.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Another process decides now, or may do so.
    #[error("nines does not decide any more, because it could not renew its turn in time: {0}")]
    TurnLost(Box<dyn std::error::Error + Send + Sync>),
    /// Nobody knows what is durable.
    #[error(
        "nines stops, because it cannot know whether its last write is on the disk; free some space or mend the disk, then start it again: nothing that was acknowledged is lost"
    )]
    Journal(#[source] JournalError),
    /// A record is not one of ours, or of a newer nines.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The hash chain is broken.
    #[error(
        "record {seq} of the journal does not follow from the one before it: somebody or something changed the file; restore a backup"
    )]
    Chain {
        /// The first record that does not fit.
        seq: u64,
    },
}

impl From<JournalError> for EngineError {
    fn from(error: JournalError) -> Self {
        match error.failure {
            Failure::Fenced => Self::TurnLost(error.source),
            Failure::RolledBack | Failure::Unknown => Self::Journal(error),
        }
    }
}

/// The only place where domains meet, and the only writer of the journal.
#[derive(Debug)]
pub struct Engine {
    journal: Box<dyn Journal>,
    installation: Installation,
    config: Option<Arc<Config>>,
    rng: Rng,
    /// Ahead of the journal during a cycle, equal to `published` between two.
    working: State,
    /// What readers see: never ahead of the journal.
    published: Published,
    /// Engine time never goes back.
    now: Timestamp,
    handed_steps: BTreeSet<String>,
    /// Set while the journal takes no writes.
    stalled_until: Option<Timestamp>,
}

/// Reads records with a higher sequence number than the first argument, at most as many as the second says.
pub(crate) type Read<'a> = &'a mut dyn FnMut(u64, usize) -> Result<Vec<Record>, JournalError>;

/// Folds all records after `state` into it. Gives them to `each`, and the time of the last one.
pub(crate) fn replay(
    state: &mut State,
    read: Read<'_>,
    mut each: impl FnMut(&Fact, &Record),
) -> Result<Option<Timestamp>, EngineError> {
    let mut last_at = None;
    loop {
        let records = read(state.seq, READ_MAX)?;
        for record in &records {
            if record.seq != state.seq + 1 || record.hash != chain::hash(&state.head, record) {
                return Err(EngineError::Chain { seq: record.seq });
            }
            let fact = Fact::decode(record)?;
            state.evolve(&fact, record.at, record.seq, record.epoch);
            state.head = record.hash;
            last_at = last_at.max(Some(record.at));
            each(&fact, record);
        }
        if records.is_empty() {
            return Ok(last_at);
        }
    }
}

impl Engine {
    /// Folds the journal into state, and takes over what an earlier process left open.
    ///
    /// `seed` makes ids and jitter. `snapshot` is a shortcut that may be wrong: then the whole journal is read.
    ///
    /// # Errors
    /// The journal cannot be read, or is not what was written.
    pub fn recover(
        mut journal: Box<dyn Journal>,
        installation: Installation,
        snapshot: Option<&[u8]>,
        seed: u64,
        now: Timestamp,
    ) -> Result<Self, EngineError> {
        let mut read = |after, count| journal.read(after, count);
        let saved = match snapshot {
            Some(bytes) => snapshot::decode(bytes, &installation.version, &mut read)?,
            None => None,
        };
        let mut state = saved.unwrap_or_default();
        let last_at = replay(&mut state, &mut read, |_, _| {})?;
        let published = Published::new(state.clone());
        Self::take_over(
            journal,
            installation,
            (state, published),
            seed,
            last_at.max(Some(now)).unwrap_or(now),
        )
    }

    /// Begins the journal's epoch upon a state that is the fold of everything before it.
    pub(crate) fn take_over(
        journal: Box<dyn Journal>,
        installation: Installation,
        (working, published): (State, Published),
        seed: u64,
        now: Timestamp,
    ) -> Result<Self, EngineError> {
        let mut engine = Self {
            journal,
            installation,
            config: None,
            rng: Rng::with_seed(seed),
            published,
            working,
            now,
            handed_steps: BTreeSet::new(),
            stalled_until: None,
        };
        let program = engine.installation.version.clone();
        let mut facts = vec![Fact::EpochStarted(EpochStarted { program })];
        let (seq, epoch) = (engine.working.seq + 1, engine.journal.epoch());
        for fact in &facts {
            engine.working.evolve(fact, engine.now, seq, epoch);
        }
        engine.draft(&mut facts, &mut Vec::new()).take_over();
        engine.commit(&facts)?;
        engine.publish(&facts, &[], None, None);
        Ok(engine)
    }

    /// Decides every command, makes all their facts durable in one commit, and only then answers. If the journal takes
    /// nothing now, and says so cleanly, nothing has changed and every answer is a refusal.
    ///
    /// # Errors
    /// The journal failed in a way that leaves open what is durable. Drop the engine.
    pub fn cycle(
        &mut self,
        commands: Vec<Command>,
        now: Timestamp,
    ) -> Result<Vec<Result<Reply, Refusal>>, EngineError> {
        self.now = now.max(self.now);
        let is_refreshed = self.working.silences.refresh(self.now);
        let mut facts = Vec::new();
        let mut answers = Vec::with_capacity(commands.len());
        let mut upkeep = Vec::new();
        let (mut rules, mut is_start) = (None, false);
        let before =
            (self.config.clone(), takes_steps(&commands).then(|| self.handed_steps.clone()));
        // What was due before is not decided by what comes now, whichever command wakes the engine up.
        self.draft(&mut facts, &mut upkeep).flush();
        for command in commands {
            if command.can_wait() && self.journal.room() != Room::Ample {
                answers.push(Err(Refusal::NotDurable(NO_ROOM.to_owned())));
                continue;
            }
            if let Command::ApplyConfig(config) = &command {
                is_start |= self.config.is_none();
                self.config = Some(Arc::clone(config));
                self.working.dispatch.configure(&config.dispatch);
                if is_start {
                    self.working.dispatch.give_grace(self.now);
                }
                let Rules { silence_limits, silences, .. } = &*config.dispatch;
                self.working.silences.configure(silence_limits, silences, self.now);
                rules = Some(Arc::clone(&config.dispatch));
            }
            answers.push(self.draft(&mut facts, &mut upkeep).carry_out(command));
        }
        self.draft(&mut facts, &mut upkeep).flush();
        match self.commit(&facts) {
            Ok(()) => {
                self.publish(&facts, &upkeep, rules.as_ref(), is_start.then_some(self.now));
                if is_refreshed {
                    let now = self.now;
                    self.published.follow(&self.working, |it| {
                        it.silences.refresh(now);
                    });
                }
                self.stalled_until = None;
                Ok(answers)
            }
            Err(EngineError::Journal(error)) if error.failure == Failure::RolledBack => {
                self.roll_back(before);
                let refusal = Refusal::NotDurable(error.source.to_string());
                Ok(answers.iter().map(|_| Err(refusal.clone())).collect())
            }
            Err(error) => Err(error),
        }
    }

    /// Memory never stays ahead of the journal: what the cycle had decided is forgotten.
    fn roll_back(
        &mut self,
        (config, handed_steps): (Option<Arc<Config>>, Option<BTreeSet<String>>),
    ) {
        self.working = State::clone(&self.published.read());
        if let Some(rules) = self.working.dispatch.rules().map(Arc::clone) {
            self.working.dispatch.configure(&rules);
        }
        self.config = config;
        self.handed_steps = handed_steps.unwrap_or(std::mem::take(&mut self.handed_steps));
        self.stalled_until = self.now.checked_add(STALL).ok();
    }

    /// An error once another process may have taken over; found out here although there is nothing to write.
    pub(crate) fn keep_turn(&mut self) -> Result<(), EngineError> {
        if self.journal.may_write() {
            return Ok(());
        }
        let source = "this process did not renew its turn to write in time".into();
        let failure = Failure::Fenced;
        Err(JournalError { action: "keep the turn to write", failure, source }.into())
    }

    /// When [`Command::Wake`] is due, if time matters.
    pub fn wake_at(&self) -> Option<Timestamp> {
        // Without a configuration nobody knows who comes on call.
        let rota = self.config.as_ref().and_then(|_| self.working.rota.wake_at());
        let wake = [self.working.wake_at(), rota].into_iter().flatten().min();
        wake.map(|at| at.max(self.stalled_until.unwrap_or(at)))
    }

    /// The sequence number of the last durable fact.
    pub fn seq(&self) -> u64 {
        self.working.seq
    }

    /// What readers may see; updated after each commit.
    pub fn published(&self) -> Published {
        self.published.clone()
    }

    fn draft<'a>(&'a mut self, facts: &'a mut Vec<Fact>, upkeep: &'a mut Vec<Upkeep>) -> Draft<'a> {
        Draft {
            state: &mut self.working,
            config: self.config.as_deref(),
            installation: &self.installation,
            rng: &mut self.rng,
            now: self.now,
            epoch: self.journal.epoch(),
            facts,
            upkeep,
            handed_steps: &mut self.handed_steps,
        }
    }

    fn commit(&mut self, facts: &[Fact]) -> Result<(), EngineError> {
        if facts.is_empty() {
            return Ok(());
        }
        let epoch = self.journal.epoch();
        let mut head = self.working.head;
        let mut records = Vec::with_capacity(facts.len());
        for (seq, fact) in (self.first_seq(facts)..).zip(facts) {
            let (kind, version, body) = (fact.kind().to_owned(), fact.version(), fact.encode());
            let (at, hash) = (self.now, [0; HASH_BYTES]);
            let mut record = Record { seq, epoch, at, kind, version, body, hash };
            record.hash = chain::hash(&head, &record);
            head = record.hash;
            records.push(record);
        }
        self.journal.append(&records)?;
        self.working.head = head;
        Ok(())
    }

    /// Shows readers what is durable now, and what need not be.
    fn publish(
        &self,
        facts: &[Fact],
        upkeep: &[Upkeep],
        rules: Option<&Arc<Rules>>,
        started_at: Option<Timestamp>,
    ) {
        if facts.is_empty() && upkeep.is_empty() && rules.is_none() {
            return;
        }
        let (now, epoch, first_seq) = (self.now, self.journal.epoch(), self.first_seq(facts));
        self.published.follow(&self.working, |published| {
            if let Some(rules) = rules {
                published.dispatch.attach(rules);
                if let Some(at) = started_at {
                    published.dispatch.give_grace(at);
                }
                let Rules { silence_limits, silences, .. } = &**rules;
                published.silences.configure(silence_limits, silences, now);
            }
            for (seq, fact) in (first_seq..).zip(facts) {
                published.evolve(fact, now, seq, epoch);
            }
            for it in upkeep {
                published.dispatch.keep_up(it);
            }
            published.head = self.working.head;
        });
    }

    /// The sequence number of the first fact of this cycle.
    fn first_seq(&self, facts: &[Fact]) -> u64 {
        self.working.seq + 1 - facts.len() as u64
    }
}

/// Why a note is refused before the disk is full.
const NO_ROOM: &str =
    "little room is left on its disk, and it is kept for alerts and pages; free some space";

fn takes_steps(commands: &[Command]) -> bool {
    commands.iter().any(|it| matches!(it, Command::TakeSteps { .. }))
}

#[cfg(test)]
pub(crate) mod tests;
