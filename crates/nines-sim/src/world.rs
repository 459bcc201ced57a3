//! What lies outside of the engine: a journal, a channel and a person's pocket, each of which may lie.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use fastrand::Rng;
use nines_port::{Delivery, Journal, JournalError, Message, Record};
use nines_store::MemoryJournal;

/// Shared by the engine's journal and the simulation.
#[derive(Debug, Clone)]
pub(crate) struct World(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    rng: Rng,
    fault_share: f64,
    /// How often each key arrived, and how often it was marked as a possible repeat.
    arrived: BTreeMap<String, Arrivals>,
}

/// What a person saw of one message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Arrivals {
    pub(crate) unmarked: u32,
    pub(crate) marked: u32,
}

impl World {
    pub(crate) fn seeded(seed: u64, fault_share: f64) -> Self {
        let (rng, arrived) = (Rng::with_seed(seed), BTreeMap::new());
        Self(Arc::new(Mutex::new(Inner { rng, fault_share, arrived })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("the simulation has one thread")
    }

    /// Whether the next thing goes wrong.
    pub(crate) fn fails(&self) -> bool {
        let mut inner = self.inner();
        inner.rng.f64() < inner.fault_share
    }

    pub(crate) fn below(&self, limit: u64) -> u64 {
        self.inner().rng.u64(..limit)
    }

    /// From here on everything works.
    pub(crate) fn calm_down(&self) {
        self.inner().fault_share = 0.0;
    }

    /// A channel: it may refuse for now, lose the message, or deliver it and lose the answer.
    pub(crate) fn deliver(&self, message: &Message) -> Delivery {
        if self.fails() {
            return Delivery::Temporary { reason: "503".to_owned(), after: None };
        }
        let is_lost = self.fails();
        if !is_lost {
            let mut inner = self.inner();
            let arrivals = inner.arrived.entry(message.key.clone()).or_default();
            if message.possible_repeat {
                arrivals.marked += 1;
            } else {
                arrivals.unmarked += 1;
            }
        }
        if is_lost || self.fails() {
            return Delivery::Unknown { reason: "no answer".to_owned() };
        }
        Delivery::Accepted { reference: "200".to_owned() }
    }

    pub(crate) fn arrived(&self) -> BTreeMap<String, Arrivals> {
        self.inner().arrived.clone()
    }
}

/// A journal whose appends fail before or after they wrote.
#[derive(Debug)]
pub(crate) struct FlakyJournal {
    pub(crate) world: World,
    pub(crate) journal: MemoryJournal,
}

impl Journal for FlakyJournal {
    fn epoch(&self) -> u64 {
        self.journal.epoch()
    }

    fn append(&mut self, records: &[Record]) -> Result<(), JournalError> {
        let error = || JournalError::unknown("append to", "simulated");
        if self.world.fails() {
            return Err(error());
        }
        self.journal.append(records)?;
        if self.world.fails() { Err(error()) } else { Ok(()) }
    }

    fn read(&mut self, after_seq: u64, count_max: usize) -> Result<Vec<Record>, JournalError> {
        self.journal.read(after_seq, count_max)
    }
}
