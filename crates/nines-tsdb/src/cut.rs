//! The cut: old samples of the head become segments, young ones a checkpoint that replaces the log so far.
//!
//! The head is frozen first; what arrives meanwhile goes beside it and into the next file of the log. So the
//! checkpoint and that file together are exactly what is in memory when the cut ends.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nines_base::{Labels, Sample};

use crate::chunk::{Chunk, encode, settle};
use crate::files::{UNFINISHED, numbered, sync_folder, with_suffix};
use crate::maintain::{Change, Upkeep, failed, remove_segments};
use crate::postings::SeriesId;
use crate::segment::SegmentWriter;
use crate::series::HEAD_CHUNK_SAMPLES;
use crate::store::{segments_dir, wal_dir};
use crate::wal::{CHECKPOINT, RecordWriter};
use crate::{MaintainError, Tsdb};

/// No segment spans a border of so many spans (8 days), so that old data goes in pieces and merges stay small.
pub(crate) const WINDOW_SPANS: i64 = 96;
/// Files that one cut writes at a time; a later one goes on.
const WINDOWS_MAX: i64 = 64;
/// About the size of one record of a checkpoint.
const RECORD_BYTES: usize = 1024 * 1024;

/// What a cut leaves in memory.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    pub(crate) kept: Vec<(SeriesId, Vec<Arc<Chunk>>)>,
}

/// A series as it was when the head was frozen.
#[derive(Debug)]
struct Frozen {
    id: SeriesId,
    labels: Labels,
    wal_ref: u64,
    chunks: Vec<Arc<Chunk>>,
}

impl Tsdb {
    /// Cuts what is older than `before_ms`, and drops what is older than `oldest_ms`.
    ///
    /// Returns how many segments were written, and up to what time.
    pub(crate) fn cut(
        &self,
        upkeep: &mut Upkeep,
        before_ms: i64,
        oldest_ms: i64,
    ) -> Result<(usize, i64), MaintainError> {
        let (wal, segments) = (wal_dir(&self.dir), segments_dir(&self.dir));
        let (checkpoint, frozen) = self.freeze().map_err(failed("write to", &wal))?;
        let window_ms = self.span_ms().saturating_mul(WINDOW_SPANS);
        let until_ms = until_ms(&frozen, before_ms, oldest_ms, window_ms);
        let mut writing = Writing {
            upkeep,
            folder: &segments,
            window_ms,
            open: BTreeMap::new(),
            cut: Cut::default(),
        };
        let written = Checkpoint::create(&wal, checkpoint).and_then(|mut to| {
            frozen.iter().try_for_each(|it| writing.series(it, oldest_ms, until_ms, &mut to))?;
            Ok(to)
        });
        let (open, cut) = (writing.open, writing.cut);
        let checkpoint_file = match written {
            Ok(to) => to,
            Err(error) => {
                open.into_values().for_each(SegmentWriter::abandon);
                return Err(failed("write a cut in", &self.dir)(error));
            }
        };
        let mut added = Vec::new();
        let finished = open.into_values().try_for_each(|it| {
            added.push(it.finish()?);
            Ok(())
        });
        let checkpoint_bytes =
            finished.and_then(|()| checkpoint_file.finish()).map_err(|error| {
                remove_segments(&segments, &added);
                failed("write a cut in", &self.dir)(error)
            })?;
        added.sort_unstable();
        let count = added.len();
        let change =
            Change { added, checkpoint: Some(checkpoint), cut: Some(cut), ..Change::default() };
        self.change(upkeep, change)?;
        upkeep.checkpoint_bytes = checkpoint_bytes;
        Ok((count, until_ms))
    }

    /// Freezes the head and goes on in a new file of the log, at one instant.
    fn freeze(&self) -> io::Result<(u64, Vec<Frozen>)> {
        let mut log = self.log();
        let mut state = self.state_mut();
        let checkpoint = log.wal.rotate()?;
        let mut frozen = Vec::new();
        for id in state.registry.in_order(state.registry.ids().to_vec()) {
            let Some(labels) = state.registry.labels(id) else { continue };
            if let Some(series) = state.registry.get_mut(id)
                && let Some(wal_ref) = series.wal_ref
            {
                let chunks = series.head.freeze();
                frozen.push(Frozen { id, labels, wal_ref, chunks });
            }
        }
        drop(state);
        drop(log);
        Ok((checkpoint, frozen))
    }
}

/// `before_ms`, or earlier if that would open too many files.
fn until_ms(frozen: &[Frozen], before_ms: i64, oldest_ms: i64, window_ms: i64) -> i64 {
    let firsts = frozen.iter().flat_map(|it| &it.chunks).map(|it| it.first_ms.max(oldest_ms));
    let first_window = firsts.min().unwrap_or(before_ms).div_euclid(window_ms);
    before_ms.min(first_window.saturating_add(WINDOWS_MAX).saturating_mul(window_ms))
}

/// The segments that are being written, by window.
#[derive(Debug)]
struct Writing<'a> {
    upkeep: &'a mut Upkeep,
    folder: &'a Path,
    window_ms: i64,
    open: BTreeMap<i64, SegmentWriter>,
    cut: Cut,
}

impl Writing<'_> {
    fn series(
        &mut self,
        series: &Frozen,
        oldest_ms: i64,
        until_ms: i64,
        checkpoint: &mut Checkpoint,
    ) -> io::Result<()> {
        let mut samples = Vec::new();
        for chunk in &series.chunks {
            let decoded = chunk.decode(oldest_ms, i64::MAX, &mut samples);
            decoded.map_err(|it| io::Error::new(io::ErrorKind::InvalidData, it))?;
        }
        settle(&mut samples);
        let (old, young) = samples.split_at(samples.partition_point(|it| it.at_ms < until_ms));
        let window_ms = self.window_ms;
        let window = |it: &Sample| it.at_ms.div_euclid(window_ms);
        for part in old.chunk_by(|a, b| window(a) == window(b)) {
            let Some(number) = part.first().map(window) else { continue };
            if !self.open.contains_key(&number) {
                let writer = SegmentWriter::create(self.folder, self.upkeep.take_segment_number())?;
                self.open.insert(number, writer);
            }
            if let Some(writer) = self.open.get_mut(&number) {
                writer.add(&series.labels, part)?;
            }
        }
        checkpoint.add(series, young)?;
        let kept = encode(young, HEAD_CHUNK_SAMPLES as usize).into_iter().map(Arc::new).collect();
        self.cut.kept.push((series.id, kept));
        Ok(())
    }
}

/// A checkpoint that is being written.
#[derive(Debug)]
struct Checkpoint {
    path: PathBuf,
    unfinished: PathBuf,
    folder: PathBuf,
    file: BufWriter<File>,
    writer: RecordWriter,
    bytes: u64,
}

impl Checkpoint {
    fn create(folder: &Path, number: u64) -> io::Result<Self> {
        let path = numbered(folder, number, CHECKPOINT);
        let unfinished = with_suffix(&path, UNFINISHED);
        let file = BufWriter::new(File::create(&unfinished)?);
        let (folder, writer) = (folder.to_owned(), RecordWriter::default());
        Ok(Self { path, unfinished, folder, file, writer, bytes: 0 })
    }

    /// Every active series is named, because later files of the log use its number.
    fn add(&mut self, series: &Frozen, samples: &[Sample]) -> io::Result<()> {
        self.writer.define(series.wal_ref, &series.labels);
        for sample in samples {
            self.writer.add(series.wal_ref, *sample);
            if RECORD_BYTES < self.writer.len() {
                self.flush()?;
            }
        }
        if RECORD_BYTES < self.writer.len() { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.writer.is_empty() {
            let record = self.writer.finish();
            self.bytes += record.len() as u64;
            self.file.write_all(record)?;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<u64> {
        self.flush()?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(&self.unfinished, &self.path)?;
        sync_folder(&self.folder)?;
        Ok(self.bytes)
    }
}
