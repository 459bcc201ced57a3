//! The store itself: its state behind locks, appending, syncing, figures.
//!
//! It must not know how files are laid out; the log and the segments do.

mod open;

pub(crate) use open::{remove_old_logs, segments_dir, wal_dir};

use std::fmt;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::Options;
use crate::exemplars::Exemplars;
use crate::keys::Keys;
use crate::maintain::Upkeep;
use crate::query::KnownLabels;
use crate::registry::Registry;
use crate::segment::Segment;
use crate::wal::{RecordWriter, Wal};

const UNPOISONED: &str = "nobody panics while holding it";

/// A store of samples in one folder. Every method may be called from any thread.
pub struct Tsdb {
    pub(crate) dir: PathBuf,
    pub(crate) options: Options,
    /// Locked as long as it is open.
    _lock: File,
    upkeep: Mutex<Upkeep>,
    log: Mutex<Log>,
    state: RwLock<State>,
    exemplars: Mutex<Exemplars>,
    pub(crate) known_labels: Mutex<KnownLabels>,
    pub(crate) samples_appended: AtomicU64,
    /// Appends that run or wait.
    pub(crate) appending: AtomicU64,
    /// Samples before are older than the retention.
    pub(crate) oldest_ms: AtomicI64,
    /// What was older at the last cut has left the head.
    pub(crate) settled_ms: AtomicI64,
    /// Samples that came since the last cut although they are older than it.
    pub(crate) late_samples: AtomicU64,
    /// The position in the log up to which everything survives the loss of power.
    synced: Mutex<u64>,
    /// A failed sync may have lost what it should have written, so only writing it again helps.
    pub(crate) log_is_suspect: AtomicBool,
}

/// Only where it is: its samples are too many to print.
impl fmt::Debug for Tsdb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tsdb").field("dir", &self.dir).finish_non_exhaustive()
    }
}

/// The end of the write-ahead log, and a buffer for the next record.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) wal: Wal,
    pub(crate) writer: RecordWriter,
    /// Which series the keys of writers stand for.
    pub(crate) keys: Keys,
}

impl Log {
    fn new(wal: Wal) -> Self {
        Self { wal, writer: RecordWriter::default(), keys: Keys::default() }
    }
}

/// What queries see.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) registry: Registry,
    /// By rising number.
    pub(crate) segments: Vec<Arc<Segment>>,
}

/// Figures about the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Series with samples anywhere.
    pub series: usize,
    /// Series with samples that are not in a segment yet; [`Options::series_max`] limits these.
    pub series_active: usize,
    /// Chunks in memory.
    pub head_chunks: usize,
    /// Samples appended since the store was opened.
    pub samples_appended: u64,
    /// Bytes of the write-ahead log, without its checkpoint.
    pub wal_bytes: u64,
    /// Segment files.
    pub segments: usize,
    /// Bytes of all files.
    pub disk_bytes: u64,
    /// The oldest sample; a lower bound.
    pub min_ms: Option<i64>,
    /// The newest sample.
    pub max_ms: Option<i64>,
}

impl Tsdb {
    /// Makes everything that is appended survive the loss of power. To be called a few times per second.
    ///
    /// # Errors
    /// The operating system refused; the next maintenance writes the log again.
    pub fn sync(&self) -> io::Result<()> {
        self.sync_to(u64::MAX)
    }

    /// Returns when the log survives the loss of power up to this position. Whoever comes first waits for the disk,
    /// and those behind find it done.
    pub(crate) fn sync_to(&self, position: u64) -> io::Result<()> {
        let mut synced = self.synced.lock().expect(UNPOISONED);
        if position <= *synced {
            return Ok(());
        }
        let mut log = self.log();
        let (files, reached) = (log.wal.take_unsynced(), log.wal.position());
        drop(log);
        let done = files.iter().try_for_each(|it| it.sync_data());
        if done.is_err() {
            self.log_is_suspect.store(true, Ordering::Relaxed);
            self.log().wal.give_back_unsynced(files);
        } else {
            *synced = reached;
        }
        done
    }

    /// Syncs and closes. Without it nothing is lost either, but for the loss of power.
    ///
    /// # Errors
    /// As [`Self::sync`].
    pub fn close(self) -> io::Result<()> {
        self.sync()
    }

    /// Figures about the store as it is now.
    pub fn stats(&self) -> Stats {
        let checkpoint_bytes = self.upkeep.try_lock().map_or(0, |it| it.checkpoint_bytes);
        let wal_bytes = self.log().wal.bytes();
        let state = self.state();
        let head_chunks = state.registry.iter().map(|(_, it)| it.head.chunks_count()).sum();
        let segments = state.segments.iter().map(|it| (it.first_ms, it.last_ms));
        let heads = state.registry.iter().filter_map(|(_, it)| it.head.bounds_ms());
        let bounds = segments.chain(heads).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let segment_bytes: u64 = state.segments.iter().map(|it| it.bytes).sum();
        Stats {
            series: state.registry.len(),
            series_active: state.registry.active(),
            head_chunks,
            samples_appended: self.samples_appended.load(Ordering::Relaxed),
            wal_bytes,
            segments: state.segments.len(),
            disk_bytes: segment_bytes + wal_bytes + checkpoint_bytes,
            min_ms: bounds.map(|it| it.0),
            max_ms: bounds.map(|it| it.1),
        }
    }

    pub(crate) fn upkeep(&self) -> MutexGuard<'_, Upkeep> {
        self.upkeep.lock().expect(UNPOISONED)
    }

    pub(crate) fn exemplars_lock(&self) -> MutexGuard<'_, Exemplars> {
        self.exemplars.lock().expect(UNPOISONED)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().expect(UNPOISONED)
    }

    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().expect(UNPOISONED)
    }

    pub(crate) fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().expect(UNPOISONED)
    }
}

#[cfg(test)]
mod tests;
