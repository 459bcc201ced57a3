//! One series: its samples in memory, and where its samples in segments are.
//!
//! Later writes win over earlier ones at equal times, so the order of chunks matters: segments by their
//! numbers, then what a cut has frozen, then samples that came in order, then samples that came late. A sample
//! that comes in order is newer than every other of its kind, so only a late one can repeat a time.

use std::sync::Arc;

use nines_base::Sample;

use crate::chunk::{Chunk, Encoder, encode, settle};
use crate::pairs::PairId;
use crate::segment::{BlockRef, Segment};

/// Samples of one chunk in the head: two hours at one sample every 30 s.
pub(crate) const HEAD_CHUNK_SAMPLES: u32 = 240;
/// Late samples that a series keeps unencoded.
const LATE_MAX: usize = 256;

/// A series and everything that is known of it.
#[derive(Debug)]
pub(crate) struct Series {
    /// Its labels, sorted by name.
    pub(crate) pairs: Box<[PairId]>,
    /// Its number in the write-ahead log; an inactive series has none.
    pub(crate) wal_ref: Option<u64>,
    pub(crate) head: Head,
    /// Its blocks in segments, oldest segment first.
    pub(crate) stored: Vec<Stored>,
}

/// Where a segment keeps the samples of a series.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) segment: Arc<Segment>,
    pub(crate) block: BlockRef,
}

impl Series {
    pub(crate) fn new(pairs: Box<[PairId]>) -> Self {
        Self { pairs, wal_ref: None, head: Head::default(), stored: Vec::new() }
    }

    /// Whether there may be samples in the closed range.
    pub(crate) fn overlaps(&self, from_ms: i64, to_ms: i64) -> bool {
        self.head.overlaps(from_ms, to_ms)
            || self.stored.iter().any(|it| it.block.overlaps(from_ms, to_ms))
    }
}

/// The samples of a series that are not in a segment.
#[derive(Debug, Default)]
pub(crate) struct Head {
    /// What a running cut writes; it stays readable until the segment is.
    frozen: Vec<Arc<Chunk>>,
    sealed: Vec<Arc<Chunk>>,
    open: Encoder,
    /// Of the samples that came in order; `None` before the first.
    newest_ms: Option<i64>,
    /// Few series have any, so it costs one word.
    late: Option<Box<Late>>,
}

#[derive(Debug, Default)]
struct Late {
    sealed: Vec<Arc<Chunk>>,
    samples: Vec<Sample>,
}

impl Head {
    /// Takes one sample of any age.
    pub(crate) fn push(&mut self, sample: Sample) {
        if self.newest_ms.is_some_and(|newest| sample.at_ms <= newest) {
            self.late.get_or_insert_default().push(sample);
            return;
        }
        self.newest_ms = Some(sample.at_ms);
        self.open.push(sample);
        if HEAD_CHUNK_SAMPLES <= self.open.count() {
            self.seal();
        }
    }

    fn seal(&mut self) {
        if self.open.count() != 0 {
            self.sealed.push(Arc::new(self.open.to_chunk()));
            self.open.clear();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frozen.is_empty()
            && self.sealed.is_empty()
            && self.open.count() == 0
            && self.late.is_none()
    }

    /// Chunks of the closed range in the order of writing; the open ones are copied.
    pub(crate) fn chunks(&self, from_ms: i64, to_ms: i64) -> Vec<Arc<Chunk>> {
        let complete = self.frozen.iter().chain(&self.sealed);
        let mut chunks: Vec<Arc<Chunk>> =
            complete.filter(|it| it.overlaps(from_ms, to_ms)).map(Arc::clone).collect();
        if self.open_overlaps(from_ms, to_ms) {
            chunks.push(Arc::new(self.open.to_chunk()));
        }
        if let Some(late) = &self.late {
            chunks.extend(
                late.sealed.iter().filter(|it| it.overlaps(from_ms, to_ms)).map(Arc::clone),
            );
            chunks.extend(
                late.encoded().into_iter().filter(|it| it.overlaps(from_ms, to_ms)).map(Arc::new),
            );
        }
        chunks
    }

    fn open_overlaps(&self, from_ms: i64, to_ms: i64) -> bool {
        let newest = self.newest_ms.filter(|_| self.open.count() != 0);
        newest.is_some_and(|newest| self.open.first_ms() <= to_ms && from_ms <= newest)
    }

    fn overlaps(&self, from_ms: i64, to_ms: i64) -> bool {
        let late = self.late.as_ref();
        let late_sealed = late.iter().flat_map(|it| &it.sealed);
        let mut late_samples = late.iter().flat_map(|it| &it.samples);
        self.open_overlaps(from_ms, to_ms)
            || self
                .frozen
                .iter()
                .chain(&self.sealed)
                .chain(late_sealed)
                .any(|it| it.overlaps(from_ms, to_ms))
            || late_samples.any(|it| (from_ms..=to_ms).contains(&it.at_ms))
    }

    /// First and last time of what is in memory.
    pub(crate) fn bounds_ms(&self) -> Option<(i64, i64)> {
        let late = self.late.as_ref();
        let late_sealed = late.iter().flat_map(|it| &it.sealed);
        let chunks = self.frozen.iter().chain(&self.sealed).chain(late_sealed);
        let newest = self.newest_ms.filter(|_| self.open.count() != 0);
        let single = late.iter().flat_map(|it| &it.samples).map(|it| (it.at_ms, it.at_ms));
        chunks
            .map(|it| (it.first_ms, it.last_ms))
            .chain(newest.map(|it| (self.open.first_ms(), it)))
            .chain(single)
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// Makes everything a matter of the running cut, and returns it in the order of writing.
    pub(crate) fn freeze(&mut self) -> Vec<Arc<Chunk>> {
        self.seal();
        self.frozen.append(&mut self.sealed);
        if let Some(late) = self.late.take() {
            let rest = late.encoded();
            self.frozen.extend(late.sealed);
            self.frozen.extend(rest.into_iter().map(Arc::new));
        }
        self.frozen.clone()
    }

    /// Gives back what an empty head holds.
    pub(crate) fn release(&mut self) {
        self.open = Encoder::default();
        self.newest_ms = None;
    }

    /// Ends a cut: of the frozen samples only these are still to be kept in memory.
    pub(crate) fn thaw(&mut self, kept: Vec<Arc<Chunk>>) {
        self.frozen = kept;
    }
}

impl Late {
    fn push(&mut self, sample: Sample) {
        self.samples.push(sample);
        if LATE_MAX <= self.samples.len() {
            let chunks = self.encoded();
            self.sealed.extend(chunks.into_iter().map(Arc::new));
            self.samples.clear();
        }
    }

    fn encoded(&self) -> Vec<Chunk> {
        let mut samples = self.samples.clone();
        settle(&mut samples);
        encode(&samples, HEAD_CHUNK_SAMPLES as usize)
    }
}
