//! The journal in memory, for tests and the simulator. It must not know any file.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use nines_port::{Journal, JournalError, Record};

/// Records in memory. Clones share them, as two handles on one opening.
#[derive(Debug, Clone)]
pub struct MemoryJournal {
    epoch: u64,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    last_epoch: u64,
    records: BTreeMap<u64, Record>,
}

impl MemoryJournal {
    /// Opens the same records again, as after the death of the process: the epoch is one higher.
    #[must_use]
    pub fn reopen(&self) -> Self {
        let mut shared = self.lock();
        shared.last_epoch += 1;
        Self { epoch: shared.last_epoch, shared: Arc::clone(&self.shared) }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("nobody panics while holding the records")
    }
}

/// An empty journal in its first epoch.
impl Default for MemoryJournal {
    fn default() -> Self {
        let shared = Shared { last_epoch: 1, records: BTreeMap::new() };
        Self { epoch: 1, shared: Arc::new(Mutex::new(shared)) }
    }
}

impl Journal for MemoryJournal {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn append(&mut self, records: &[Record]) -> Result<(), JournalError> {
        let mut batch = BTreeMap::new();
        let mut shared = self.lock();
        for record in records {
            let exists = shared.records.contains_key(&record.seq);
            if exists || batch.insert(record.seq, record.clone()).is_some() {
                let source = format!("record {} exists already", record.seq);
                return Err(JournalError::unknown("append to", source));
            }
        }
        shared.records.append(&mut batch);
        Ok(())
    }

    fn read(&mut self, after_seq: u64, count_max: usize) -> Result<Vec<Record>, JournalError> {
        let later = (Bound::Excluded(after_seq), Bound::Unbounded);
        Ok(self.lock().records.range(later).take(count_max).map(|(_, it)| it.clone()).collect())
    }
}
