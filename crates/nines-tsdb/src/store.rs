//! The store itself: its state behind locks, appending, syncing, figures.
//!
//! It must not know how files are laid out; the log and the segments do.

mod open;

pub(crate) use open::{remove_old_logs, segments_dir, wal_dir};

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

use nines_base::{Labels, Sample, SampleBatch};
use nines_port::{Appended, RefusedSeries, SampleSink, SinkError};

use crate::maintain::Upkeep;
use crate::postings::SeriesId;
use crate::registry::Registry;
use crate::segment::Segment;
use crate::wal::{RecordWriter, Wal};
use crate::{AppendError, Options};

/// Refused series that one answer names, for each reason.
const REFUSED_NAMED_MAX: usize = 10;
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
    samples_appended: AtomicU64,
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
    writer: RecordWriter,
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
        let files = self.log().wal.take_unsynced();
        let synced = files.iter().try_for_each(|it| it.sync_data());
        if synced.is_err() {
            self.log_is_suspect.store(true, Ordering::Relaxed);
            self.log().wal.give_back_unsynced(files);
        }
        synced
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
        let segments = state.segments.iter().map(|it| (it.first_ms, it.last_ms));
        let heads = state.registry.iter().filter_map(|it| it.head.bounds_ms());
        let bounds = segments.chain(heads).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let segment_bytes: u64 = state.segments.iter().map(|it| it.bytes).sum();
        Stats {
            series: state.registry.len(),
            series_active: state.registry.active(),
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

impl SampleSink for Tsdb {
    fn append(&self, batch: &[SampleBatch]) -> Result<Appended, SinkError> {
        // The log stays locked from the plan to the end, so nobody changes what the plan has seen.
        let mut log = self.log();
        let plan = Plan::make(batch, &self.state().registry, &self.options, log.wal.next_ref);
        let Log { wal, writer } = &mut *log;
        if !plan.entries.is_empty() {
            plan.new.iter().for_each(|(wal_ref, labels)| writer.define(*wal_ref, labels));
            plan.entries.iter().for_each(|it| writer.add(it.wal_ref, it.samples));
            let failed = |source: AppendError| SinkError { source: source.into() };
            wal.write(writer.finish()).map_err(failed)?;
            wal.next_ref += plan.new.len() as u64;
            plan.apply(&mut self.state_mut().registry);
        }
        let samples = plan.entries.iter().map(|it| it.samples.len() as u64).sum();
        self.samples_appended.fetch_add(samples, Ordering::Relaxed);
        Ok(Appended { samples, refused: plan.refused.into_values().flatten().collect() })
    }
}

/// What one batch will do.
#[derive(Debug, Default)]
struct Plan<'a> {
    entries: Vec<Entry<'a>>,
    /// Series that get a number in the log.
    new: Vec<(u64, &'a Labels)>,
    refused: BTreeMap<&'static str, Vec<RefusedSeries>>,
}

#[derive(Debug)]
struct Entry<'a> {
    labels: &'a Labels,
    /// `None` for a series that does not exist yet.
    id: Option<SeriesId>,
    wal_ref: u64,
    samples: &'a [Sample],
}

impl<'a> Plan<'a> {
    fn make(
        batch: &'a [SampleBatch],
        registry: &Registry,
        options: &Options,
        next_ref: u64,
    ) -> Self {
        let mut plan = Self::default();
        let mut new_refs: HashMap<&Labels, u64> = HashMap::new();
        for SampleBatch { labels, samples, .. } in batch.iter().filter(|it| !it.samples.is_empty())
        {
            let id = registry.id(labels);
            let known = id.and_then(|it| registry.get(it)?.wal_ref);
            let wal_ref = match known.or_else(|| new_refs.get(labels).copied()) {
                Some(wal_ref) => wal_ref,
                None => {
                    if let Err(limit) = admit(labels, registry.active() + new_refs.len(), options) {
                        plan.refuse(labels, limit);
                        continue;
                    }
                    let wal_ref = next_ref + plan.new.len() as u64;
                    plan.new.push((wal_ref, labels));
                    new_refs.insert(labels, wal_ref);
                    wal_ref
                }
            };
            plan.entries.push(Entry { labels, id, wal_ref, samples });
        }
        plan
    }

    fn refuse(&mut self, labels: &Labels, limit: Limit) {
        let refused = self.refused.entry(limit.name).or_default();
        if refused.len() < REFUSED_NAMED_MAX {
            let reason = format!("{} is {}: {}", limit.name, limit.max, limit.meaning);
            refused.push(RefusedSeries { labels: labels.clone(), reason });
        }
    }

    fn apply(&self, registry: &mut Registry) {
        for (wal_ref, labels) in &self.new {
            let id = registry.get_or_insert(labels);
            registry.activate(id, *wal_ref);
        }
        for entry in &self.entries {
            let id = entry.id.or_else(|| registry.id(entry.labels));
            if let Some(series) = id.and_then(|it| registry.get_mut(it)) {
                entry.samples.iter().for_each(|it| series.head.push(*it));
            }
        }
    }
}

/// Why a series is not taken.
#[derive(Debug, Clone, Copy)]
struct Limit {
    name: &'static str,
    max: usize,
    meaning: &'static str,
}

/// Whether a series that is not active may become so.
fn admit(labels: &Labels, active: usize, options: &Options) -> Result<(), Limit> {
    let bytes_max = options.label_bytes_max;
    if options.series_max <= active {
        let meaning = "no new series is taken while so many are active";
        Err(Limit { name: "series_max", max: options.series_max, meaning })
    } else if labels.is_empty() {
        Err(Limit { name: "labels_min", max: 1, meaning: "a series needs a label" })
    } else if options.labels_max < labels.len() {
        Err(Limit {
            name: "labels_max",
            max: options.labels_max,
            meaning: "the series has more labels",
        })
    } else if labels.iter().any(|(name, value)| bytes_max < name.len() || bytes_max < value.len()) {
        Err(Limit { name: "label_bytes_max", max: bytes_max, meaning: "a label has more bytes" })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
