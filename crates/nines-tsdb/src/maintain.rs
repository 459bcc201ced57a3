//! Maintenance: what to cut, merge, drop and quarantine, and how the set of files changes as one step.
//!
//! The manifest changes first on disk, then in memory, so that queries find every sample at every instant. It must not know what a chunk looks like.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::cut::Cut;
use crate::files::{numbered, quarantine, remove_if_present, sync_folder};
use crate::manifest::Manifest;
use crate::merge;
use crate::pairs::PairId;
use crate::segment::{Index, SEGMENT, Segment, SegmentError, Stored};
use crate::store::{State, segments_dir, wal_dir};
use crate::{Damage, Finding, MaintainError, Tsdb};

/// More samples that are older than the last cut are cut without waiting for the next span.
const LATE_SAMPLES_MAX: u64 = 500_000;
/// Merges of one call, so that it ends.
const MERGES_MAX: usize = 16;
/// A longer log is rewritten even when no span has passed, so that a restart stays fast.
const WAL_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What maintenance remembers from call to call.
#[derive(Debug)]
pub(crate) struct Upkeep {
    pub(crate) manifest: Manifest,
    pub(crate) next_segment: u64,
    pub(crate) checkpoint_bytes: u64,
    /// The last cut of this process went up to here.
    cut_before_ms: i64,
}

impl Upkeep {
    pub(crate) fn new(manifest: Manifest, next_segment: u64, checkpoint_bytes: u64) -> Self {
        Self { manifest, next_segment, checkpoint_bytes, cut_before_ms: i64::MIN }
    }

    /// A number that no segment ever had.
    pub(crate) fn take_segment_number(&mut self) -> u64 {
        self.next_segment += 1;
        self.next_segment - 1
    }
}

/// What one call of [`Tsdb::maintain`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Segments that were cut from the head.
    pub segments_cut: usize,
    /// Segments that were merged into fewer.
    pub segments_merged: usize,
    /// Segments that were older than the retention.
    pub segments_dropped: usize,
    /// Segments that were dropped because all files together were larger than `retention_bytes`.
    pub segments_dropped_for_space: usize,
    /// Damage that queries have met.
    pub findings: Vec<Finding>,
}

/// How the set of files changes.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) added: Vec<u64>,
    pub(crate) removed: BTreeSet<u64>,
    /// The new checkpoint.
    pub(crate) checkpoint: Option<u64>,
    /// The cut that ends with this change.
    pub(crate) cut: Option<Cut>,
}

pub(crate) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> MaintainError {
    let path = path.to_owned();
    move |source| MaintainError { action, path, source }
}

impl Tsdb {
    /// Cuts, merges and drops what is due at `now_ms`. To be called about once per minute.
    ///
    /// Appends and queries go on meanwhile; they wait only while the head is frozen and while a change is shown.
    ///
    /// # Errors
    /// Something could not be written. Everything stays readable, and the next call tries again.
    pub fn maintain(&self, now_ms: i64) -> Result<Maintained, MaintainError> {
        let mut upkeep = self.upkeep();
        let mut done = Maintained::default();
        self.quarantine(&mut upkeep, &mut done)?;
        let oldest_ms = self.oldest_kept_ms(now_ms);
        self.drop_old(&mut upkeep, oldest_ms, &mut done)?;
        self.cut_what_is_due(&mut upkeep, now_ms, oldest_ms, &mut done)?;
        self.merge_what_is_due(&mut upkeep, now_ms, oldest_ms, &mut done)?;
        self.drop_for_space(&mut upkeep, &mut done)?;
        self.quarantine(&mut upkeep, &mut done)?;
        Ok(done)
    }

    fn cut_what_is_due(
        &self,
        upkeep: &mut Upkeep,
        now_ms: i64,
        oldest_ms: i64,
        done: &mut Maintained,
    ) -> Result<(), MaintainError> {
        let span_ms = self.span_ms();
        // Half a span of grace, so that what arrives a little late still comes in order.
        let before_ms =
            now_ms.saturating_sub(span_ms / 2).div_euclid(span_ms).saturating_mul(span_ms);
        let suspect = self.log_is_suspect.load(Ordering::Relaxed);
        let log_max = WAL_BYTES_MAX.max(2 * upkeep.checkpoint_bytes);
        let log_is_long = log_max < self.log().wal.bytes();
        // Not `<`: when a clock that went ahead has gone back, cuts go on.
        let span_has_passed =
            upkeep.cut_before_ms != before_ms && self.has_samples_before(before_ms);
        // Back-fill goes on to where it belongs, and does not wait in memory for the next span.
        let much_is_late = LATE_SAMPLES_MAX < self.late_samples.load(Ordering::Relaxed);
        if suspect || log_is_long || span_has_passed || much_is_late {
            self.log_is_suspect.store(false, Ordering::Relaxed);
            self.late_samples.store(0, Ordering::Relaxed);
            let cut = self.cut(upkeep, before_ms, oldest_ms);
            if cut.is_err() && suspect {
                self.log_is_suspect.store(true, Ordering::Relaxed);
            }
            let (segments, until_ms) = cut?;
            done.segments_cut += segments;
            upkeep.cut_before_ms = until_ms;
            self.settled_ms.store(until_ms, Ordering::Relaxed);
        }
        Ok(())
    }

    fn merge_what_is_due(
        &self,
        upkeep: &mut Upkeep,
        now_ms: i64,
        oldest_ms: i64,
        done: &mut Maintained,
    ) -> Result<(), MaintainError> {
        for _ in 0..MERGES_MAX {
            let segments = self.state().segments.clone();
            let Some(group) = merge::choose(&segments, self.span_ms(), now_ms) else { break };
            if !self.merge(upkeep, &group, oldest_ms)? {
                break;
            }
            done.segments_merged += group.len();
        }
        Ok(())
    }

    pub(crate) fn span_ms(&self) -> i64 {
        self.options.segment_span_ms.max(1)
    }

    fn has_samples_before(&self, before_ms: i64) -> bool {
        let oldest = |bounds: Option<(i64, i64)>| bounds.is_some_and(|it| it.0 < before_ms);
        self.state().registry.iter().any(|(_, it)| oldest(it.head.bounds_ms()))
    }

    /// What is older may go. A clock that jumps ahead of all samples must not empty the store.
    pub(crate) fn oldest_kept_ms(&self, now_ms: i64) -> i64 {
        let Some(retention) = self.options.retention else { return i64::MIN };
        let retention_ms = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
        let newest_ms = self.newest_ms().unwrap_or(i64::MIN);
        let oldest_ms = now_ms.min(newest_ms).saturating_sub(retention_ms);
        self.oldest_ms.store(oldest_ms, Ordering::Relaxed);
        oldest_ms
    }

    fn newest_ms(&self) -> Option<i64> {
        let state = self.state();
        let heads = state.registry.iter().filter_map(|(_, it)| it.head.bounds_ms()).map(|it| it.1);
        heads.chain(state.segments.iter().map(|it| it.last_ms)).max()
    }

    fn drop_old(
        &self,
        upkeep: &mut Upkeep,
        oldest_ms: i64,
        done: &mut Maintained,
    ) -> Result<(), MaintainError> {
        let old = |it: &&Arc<Segment>| it.last_ms < oldest_ms;
        let removed: BTreeSet<u64> =
            self.state().segments.iter().filter(old).map(|it| it.number).collect();
        done.segments_dropped += removed.len();
        self.change(upkeep, Change { removed, ..Change::default() })
    }

    /// Drops the oldest segments until all files fit. Merged segments are large, so more may go than must.
    fn drop_for_space(
        &self,
        upkeep: &mut Upkeep,
        done: &mut Maintained,
    ) -> Result<(), MaintainError> {
        let Some(bytes_max) = self.options.retention_bytes else { return Ok(()) };
        let log_bytes = self.log().wal.bytes() + upkeep.checkpoint_bytes;
        let mut segments = self.state().segments.clone();
        segments.sort_by_key(|it| (it.last_ms, it.number));
        // However large the log is, it cannot take the place of more than half.
        let bytes_max = bytes_max.saturating_sub(log_bytes).max(bytes_max / 2);
        let mut bytes = segments.iter().map(|it| it.bytes).sum::<u64>();
        let mut removed = BTreeSet::new();
        for segment in segments {
            if bytes <= bytes_max {
                break;
            }
            bytes -= segment.bytes;
            removed.insert(segment.number);
        }
        done.segments_dropped_for_space += removed.len();
        self.change(upkeep, Change { removed, ..Change::default() })
    }

    /// Takes out segments in which a query has found damage.
    fn quarantine(&self, upkeep: &mut Upkeep, done: &mut Maintained) -> Result<(), MaintainError> {
        let damaged: Vec<Arc<Segment>> =
            self.state().segments.iter().filter(|it| it.is_damaged()).map(Arc::clone).collect();
        for segment in &damaged {
            let file = segment.path.clone();
            let moved_to = quarantine(&file).map_err(failed("rename", &file))?;
            let damage = Damage("a checksum is wrong");
            done.findings.push(Finding::DamagedSegment { file, moved_to, damage });
        }
        let removed = damaged.iter().map(|it| it.number).collect();
        self.change(upkeep, Change { removed, ..Change::default() })
    }

    /// Makes a change of the set of files real: on the disk, then for queries, then old files are removed.
    pub(crate) fn change(&self, upkeep: &mut Upkeep, change: Change) -> Result<(), MaintainError> {
        let Change { added, removed, checkpoint, cut } = change;
        if added.is_empty() && removed.is_empty() && checkpoint.is_none() {
            return Ok(());
        }
        let folder = segments_dir(&self.dir);
        let opened =
            added.iter().map(|it| Segment::open(&folder, *it)).collect::<Result<Vec<_>, _>>();
        let opened = opened.map_err(|error| unreadable(error, &folder)).inspect_err(|_| {
            remove_segments(&folder, &added);
        })?;

        let mut manifest = upkeep.manifest.clone();
        manifest.checkpoint = checkpoint.unwrap_or(manifest.checkpoint);
        manifest.segments.retain(|it| !removed.contains(it));
        manifest.segments.extend(&added);
        let prepared = sync_folder(&folder).and_then(|()| manifest.prepare(&self.dir));
        prepared.map_err(failed("write the manifest in", &self.dir)).inspect_err(|_| {
            remove_segments(&folder, &added);
        })?;
        Manifest::commit(&self.dir).map_err(failed("replace the manifest in", &self.dir))?;
        upkeep.manifest = manifest;

        self.show(opened, &removed, cut);
        remove_segments(&folder, &removed);
        if let Some(checkpoint) = checkpoint {
            // A start would remove them as well, so that a failure here costs only space.
            drop(crate::store::remove_old_logs(&wal_dir(&self.dir), checkpoint));
        }
        Ok(())
    }

    /// Makes a change visible: what is new is placed before it is shown, and what is old is taken away after.
    ///
    /// Meanwhile samples may be found twice, which is as good as once. Blocks of segments that are not shown are not
    /// looked at.
    fn show(&self, opened: Vec<(Segment, Index)>, removed: &BTreeSet<u64>, cut: Option<Cut>) {
        for (_, index) in &opened {
            self.place(index);
        }
        let mut state = self.state_mut();
        state.segments.extend(opened.into_iter().map(|(segment, _)| Arc::new(segment)));
        state.segments.retain(|it| !removed.contains(&it.number));
        let mut touched =
            if removed.is_empty() { Vec::new() } else { state.registry.ids().to_vec() };
        drop(state);
        self.in_turns_mut(&touched, |state, turn| {
            for id in turn {
                if let Some(series) = state.registry.get_mut(*id) {
                    series.stored.retain(|it| !removed.contains(&u64::from(it.segment)));
                }
            }
        });
        let kept = cut.map(|it| it.kept).unwrap_or_default();
        touched.extend(kept.iter().map(|(id, _)| *id));
        self.in_turns_mut(&kept, |state, turn| {
            for (id, kept) in turn {
                if let Some(series) = state.registry.get_mut(*id) {
                    series.head.thaw(kept.clone());
                }
            }
        });
        self.tidy_in_turns(&touched);
    }

    fn place(&self, index: &Index) {
        let texts: Vec<(&str, &str)> = index.pairs().collect();
        let mut ids = Vec::with_capacity(texts.len());
        self.in_turns_mut(&texts, |state, turn| ids.extend(intern(state, turn)));
        let series: Vec<(&[u32], Stored)> = index.series().collect();
        self.in_turns_mut(&series, |state, turn| place(state, &ids, turn));
    }
}

/// Makes a segment visible when nobody looks yet. Its number is higher than all before, so its samples win.
pub(crate) fn attach(state: &mut State, segment: Segment, index: &Index) {
    let ids = intern(state, &index.pairs().collect::<Vec<_>>());
    place(state, &ids, &index.series().collect::<Vec<_>>());
    state.segments.push(Arc::new(segment));
}

fn intern(state: &mut State, texts: &[(&str, &str)]) -> Vec<PairId> {
    texts.iter().map(|(name, value)| state.registry.intern(name, value)).collect()
}

/// Notes where the series have blocks. `ids` are the registry's numbers of the index's pairs.
fn place(state: &mut State, ids: &[PairId], series: &[(&[u32], Stored)]) {
    for (pairs, stored) in series {
        let pairs = pairs.iter().filter_map(|it| ids.get(*it as usize)).copied().collect();
        let id = state.registry.get_or_insert_pairs(pairs);
        if let Some(series) = state.registry.get_mut(id) {
            series.stored.reserve_exact(1); // there are few
            series.stored.push(*stored);
        }
    }
}

/// Removes files that no manifest names; a start would do it too.
pub(crate) fn remove_segments<'a>(folder: &Path, numbers: impl IntoIterator<Item = &'a u64>) {
    for number in numbers {
        drop(remove_if_present(&numbered(folder, *number, SEGMENT)));
    }
}

pub(crate) fn unreadable(error: SegmentError, folder: &Path) -> MaintainError {
    match error {
        SegmentError::Failed { path, source } => MaintainError { action: "read", path, source },
        SegmentError::Damaged { source, .. } => {
            let source = io::Error::new(io::ErrorKind::InvalidData, source);
            MaintainError { action: "read back a new segment in", path: folder.to_owned(), source }
        }
    }
}
