//! The cut: old samples of the head become segments, young ones a checkpoint that replaces the log so far.
//!
//! The heads are frozen first; what arrives meanwhile goes beside them and into the next file of the log. So the
//! checkpoint and that file together are what is in memory when the cut ends.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::Path;

use nines_base::{HistogramSample, Sample};

use crate::checkpoint::Checkpoint;
use crate::dictionary::{Dictionary, Rank};
use crate::head::{HeadChunk, seal_all};
use crate::maintain::{Change, Upkeep, failed, remove_segments};
use crate::pairs::PairId;
use crate::postings::SeriesId;
use crate::scratch::Scratch;
use crate::segment::SegmentWriter;
use crate::settle::Timed;
use crate::store::{segments_dir, wal_dir};
use crate::{MaintainError, Tsdb};

/// No segment spans a border of so many spans (8 days), so that old data goes in pieces and merges stay small.
pub(crate) const WINDOW_SPANS: i64 = 96;
/// Files that one cut writes at a time; a later one goes on.
const WINDOWS_MAX: i64 = 64;

/// What a cut leaves in memory.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    pub(crate) kept: Vec<(SeriesId, Vec<HeadChunk>)>,
}

/// What a freeze found.
#[derive(Debug)]
struct Freeze {
    /// The last file of the log that holds any of it.
    checkpoint: u64,
    /// How large the log was.
    log_bytes: u64,
    frozen: Vec<Frozen>,
}

/// A series as it was when the head was frozen.
#[derive(Debug)]
struct Frozen {
    id: SeriesId,
    pairs: Box<[PairId]>,
    wal_ref: u64,
    chunks: Vec<HeadChunk>,
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
        let Freeze { checkpoint, log_bytes, frozen } =
            self.freeze().map_err(failed("write to", &wal))?;
        let dictionary = self.dictionary();
        let window_ms = self.span_ms().saturating_mul(WINDOW_SPANS);
        let until_ms = until_ms(&frozen, before_ms, oldest_ms, window_ms);
        let mut writing = Writing {
            upkeep,
            folder: &segments,
            window_ms,
            open: BTreeMap::new(),
            scratch: Scratch::default(),
            cut: Cut::default(),
        };
        let mut ordered: Vec<(Box<[Rank]>, &Frozen)> =
            frozen.iter().map(|it| (dictionary.ranks(&it.pairs), it)).collect();
        ordered.sort_by(|a, b| a.0.cmp(&b.0));
        let written = Checkpoint::create(&wal, checkpoint).and_then(|mut to| {
            for (ranks, series) in &ordered {
                let range = oldest_ms..until_ms;
                writing.series(series, ranks, range, &dictionary, &mut to)?;
            }
            Ok(to)
        });
        let (open, cut) = (writing.open, writing.cut);
        let checkpoint_file = match written {
            Ok(to) => to,
            Err(error) => {
                open.into_values().for_each(SegmentWriter::abandon);
                Checkpoint::abandon(&wal, checkpoint);
                return Err(failed("write a cut in", &self.dir)(error));
            }
        };
        let (mut added, mut finished) = (Vec::new(), Ok(()));
        for writer in open.into_values() {
            if finished.is_err() {
                writer.abandon();
                continue;
            }
            finished = writer.finish(&dictionary).map(|it| added.extend(it));
        }
        let checkpoint_bytes =
            finished.and_then(|()| checkpoint_file.finish()).map_err(|error| {
                remove_segments(&segments, &added);
                Checkpoint::abandon(&wal, checkpoint);
                failed("write a cut in", &self.dir)(error)
            })?;
        added.sort_unstable();
        let count = added.len();
        let change =
            Change { added, checkpoint: Some(checkpoint), cut: Some(cut), ..Change::default() };
        self.change(upkeep, change)?;
        self.log().wal.forget(log_bytes);
        upkeep.checkpoint_bytes = checkpoint_bytes;
        Ok((count, until_ms))
    }

    /// Goes on in a new file of the log, then freezes the heads in turns.
    ///
    /// Whatever is in the log so far is in a head by now, and so is frozen. What arrives before its series' turn is
    /// frozen too and in the new file as well: equal samples are one sample.
    fn freeze(&self) -> io::Result<Freeze> {
        let mut log = self.log();
        let log_bytes = log.wal.bytes();
        let checkpoint = log.wal.rotate()?;
        drop(log);
        let ids = self.state().registry.ids().to_vec();
        let mut frozen = Vec::new();
        self.in_turns_mut(&ids, |state, turn| {
            for id in turn {
                if let Some(series) = state.registry.get_mut(*id)
                    && let Some(wal_ref) = series.wal_ref
                {
                    series.head.freeze();
                    let (pairs, chunks) = (series.pairs.clone(), series.head.frozen().to_vec());
                    frozen.push(Frozen { id: *id, pairs, wal_ref: wal_ref.get(), chunks });
                }
            }
        });
        Ok(Freeze { checkpoint, log_bytes, frozen })
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
    scratch: Scratch,
    cut: Cut,
}

impl Writing<'_> {
    fn series(
        &mut self,
        series: &Frozen,
        ranks: &[Rank],
        range: Range<i64>,
        dictionary: &Dictionary,
        checkpoint: &mut Checkpoint,
    ) -> io::Result<()> {
        self.scratch.clear();
        for chunk in &series.chunks {
            let decoded = chunk.read(range.start, i64::MAX, &mut self.scratch);
            decoded.map_err(|it| io::Error::new(io::ErrorKind::InvalidData, it))?;
        }
        self.scratch.settle();
        let Scratch { samples, histograms, .. } = &self.scratch;
        let (old, young) = samples.split_at(samples.partition_point(|it| it.at_ms < range.end));
        let split = histograms.partition_point(|it| it.at_ms < range.end);
        let (old_histograms, young_histograms) = histograms.split_at(split);
        let window_ms = self.window_ms;
        let mut parts: BTreeMap<i64, (&[Sample], &[HistogramSample])> = BTreeMap::new();
        for part in windows(old, window_ms) {
            parts.entry(window_of(part, window_ms)).or_default().0 = part;
        }
        for part in windows(old_histograms, window_ms) {
            parts.entry(window_of(part, window_ms)).or_default().1 = part;
        }
        for (window, (samples, histograms)) in parts {
            if !self.open.contains_key(&window) {
                let (number, base_ms) =
                    (self.upkeep.take_segment_number(), window.saturating_mul(window_ms));
                self.open.insert(window, SegmentWriter::create(self.folder, number, base_ms)?);
            }
            if let Some(writer) = self.open.get_mut(&window) {
                writer.add(ranks, samples, histograms)?;
            }
        }
        checkpoint.add(series.wal_ref, dictionary.labels(ranks), young, young_histograms)?;
        self.cut.kept.push((series.id, seal_all(young, young_histograms)));
        Ok(())
    }
}

fn window_of<T: Timed>(part: &[T], window_ms: i64) -> i64 {
    part.first().map_or(0, |it| it.at_ms().div_euclid(window_ms))
}

fn windows<T: Timed>(samples: &[T], window_ms: i64) -> impl Iterator<Item = &[T]> {
    let window = move |it: &T| it.at_ms().div_euclid(window_ms);
    samples.chunk_by(move |a, b| window(a) == window(b))
}
