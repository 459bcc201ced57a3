//! The samples of one series that are not in a segment.
//!
//! Later writes win over earlier ones at equal times, so the order of chunks matters: what a cut has frozen, then
//! samples that came in order, then samples that came late. A sample that comes in order is newer than every other
//! of its kind, so only a late one can repeat a time.

mod chunk;

use nines_base::{HistogramSample, Sample};

use crate::growing::{Growing, decode};
use crate::histograms::HistogramWriter;
use crate::settle::{Timed, settle};
use crate::wire::Reader;

pub(crate) use chunk::{HeadChunk, seal_all};

/// Samples of one chunk in the head: half an hour at one sample every 15 s, and one block of a column.
const CHUNK_SAMPLES: u32 = 128;
/// Late samples that a series keeps unencoded.
const LATE_MAX: usize = 64;

/// The head of one series.
#[derive(Debug, Default)]
pub(crate) struct Head {
    open: Growing,
    /// What series need that live longer than one chunk, or that are unusual.
    rest: Option<Box<Rest>>,
}

#[derive(Debug, Default)]
struct Rest {
    /// What a running cut writes; it stays readable until the segment is.
    frozen: Vec<HeadChunk>,
    sealed: Vec<HeadChunk>,
    histograms: Option<Box<OpenHistograms>>,
    late: Option<Box<Late>>,
}

#[derive(Debug, Default)]
struct OpenHistograms {
    writer: HistogramWriter,
    newest_ms: Option<i64>,
}

#[derive(Debug, Default)]
struct Late {
    sealed: Vec<HeadChunk>,
    samples: Vec<Sample>,
    histograms: Vec<HistogramSample>,
}

impl Head {
    /// Takes one sample of any age.
    #[inline]
    pub(crate) fn push(&mut self, sample: Sample) {
        if !self.open.is_next(sample.at_ms) {
            if !self.open.is_newest(sample) {
                self.rest.get_or_insert_default().late.get_or_insert_default().push(sample);
            }
            return;
        }
        self.open.push(sample);
        if CHUNK_SAMPLES <= self.open.count() {
            self.seal();
        }
    }

    /// Takes one histogram of any age.
    pub(crate) fn push_histogram(&mut self, sample: &HistogramSample) {
        let rest = self.rest.get_or_insert_default();
        let open = rest.histograms.get_or_insert_default();
        if open.newest_ms.is_some_and(|newest| sample.at_ms <= newest) {
            rest.late.get_or_insert_default().push_histogram(sample);
            return;
        }
        open.newest_ms = Some(sample.at_ms);
        open.writer.push(sample);
        if CHUNK_SAMPLES <= open.writer.count {
            push_exact(&mut rest.sealed, [HeadChunk::of_histograms(&open.writer)]);
            open.writer.clear();
        }
    }

    #[cold]
    fn seal(&mut self) {
        let Some((first_ms, _)) = self.open.bounds_ms() else { return };
        let mut samples = Vec::with_capacity(CHUNK_SAMPLES as usize);
        let mut reader = Reader::new(self.open.bytes());
        let count = self.open.count();
        let decoded = decode(&mut reader, first_ms, count, i64::MIN, i64::MAX, &mut samples);
        debug_assert!(decoded.is_ok(), "it was written by this process");
        let sealed = HeadChunk::sealed(&samples);
        push_exact(&mut self.rest.get_or_insert_default().sealed, sealed);
        self.open.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.count() == 0 && self.rest.as_ref().is_none_or(|it| it.is_empty())
    }

    /// Adds the chunks of the closed range in the order of writing; the open ones are copied.
    pub(crate) fn chunks(&self, from_ms: i64, to_ms: i64, out: &mut Vec<HeadChunk>) {
        let overlaps = |it: &&HeadChunk| it.overlaps(from_ms, to_ms);
        let rest = self.rest.as_deref();
        if let Some(rest) = rest {
            out.extend(rest.frozen.iter().chain(&rest.sealed).filter(overlaps).cloned());
        }
        if self.open.bounds_ms().is_some_and(|(first, last)| first <= to_ms && from_ms <= last) {
            out.extend(HeadChunk::of_growing(&self.open));
        }
        let Some(rest) = rest else { return };
        if let Some(open) = &rest.histograms
            && open.writer.count != 0
            && open.writer.first_ms <= to_ms
            && from_ms <= open.writer.last_ms
        {
            out.push(HeadChunk::of_histograms(&open.writer));
        }
        if let Some(late) = &rest.late {
            out.extend(late.sealed.iter().filter(overlaps).cloned());
            out.extend(late.encoded().into_iter().filter(|it| it.overlaps(from_ms, to_ms)));
        }
    }

    pub(crate) fn overlaps(&self, from_ms: i64, to_ms: i64) -> bool {
        let touches = |(first_ms, last_ms): (i64, i64)| first_ms <= to_ms && from_ms <= last_ms;
        self.open.bounds_ms().is_some_and(touches)
            || self.rest.as_ref().is_some_and(|rest| rest.bounds_ms().any(touches))
    }

    /// First and last time of what is in memory.
    pub(crate) fn bounds_ms(&self) -> Option<(i64, i64)> {
        let rest = self.rest.iter().flat_map(|it| it.bounds_ms());
        rest.chain(self.open.bounds_ms()).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// How many chunks are in memory.
    pub(crate) fn chunks_count(&self) -> usize {
        let rest = self.rest.iter().map(|it| {
            let late = it.late.as_ref().map_or(0, |it| it.sealed.len() + 1);
            let histograms = it.histograms.iter().filter(|it| it.writer.count != 0).count();
            it.frozen.len() + it.sealed.len() + histograms + late
        });
        usize::from(self.open.bounds_ms().is_some()) + rest.sum::<usize>()
    }

    /// Makes everything a matter of the running cut.
    pub(crate) fn freeze(&mut self) {
        if self.is_empty() {
            return;
        }
        let open = HeadChunk::of_growing(&self.open);
        self.open.clear();
        let rest = self.rest.get_or_insert_default();
        rest.frozen.reserve_exact(rest.sealed.len() + 1);
        rest.frozen.append(&mut rest.sealed);
        rest.frozen.extend(open);
        if let Some(open) = &mut rest.histograms
            && open.writer.count != 0
        {
            rest.frozen.push(HeadChunk::of_histograms(&open.writer));
            open.writer.clear();
        }
        if let Some(late) = rest.late.take() {
            let encoded = late.encoded();
            rest.frozen.extend(late.sealed);
            rest.frozen.extend(encoded);
        }
    }

    /// What a running cut writes, in the order of writing.
    pub(crate) fn frozen(&self) -> &[HeadChunk] {
        self.rest.as_ref().map_or(&[], |it| &it.frozen)
    }

    /// Ends a cut: of the frozen samples only these are still to be kept in memory.
    pub(crate) fn thaw(&mut self, kept: Vec<HeadChunk>) {
        if !kept.is_empty() || self.rest.is_some() {
            self.rest.get_or_insert_default().frozen = kept;
        }
    }

    /// Gives back the memory of an empty head.
    pub(crate) fn release(&mut self) {
        *self = Self::default();
    }
}

/// A series has few chunks, so that doubling would waste much.
fn push_exact(chunks: &mut Vec<HeadChunk>, more: impl IntoIterator<Item = HeadChunk>) {
    chunks.reserve_exact(1);
    chunks.extend(more);
}

impl Rest {
    fn is_empty(&self) -> bool {
        self.bounds_ms().next().is_none()
    }

    /// Of each chunk and each late sample.
    fn bounds_ms(&self) -> impl Iterator<Item = (i64, i64)> {
        let late = self.late.as_deref();
        let late_sealed = late.into_iter().flat_map(|it| &it.sealed);
        let chunks = self.frozen.iter().chain(&self.sealed).chain(late_sealed);
        let histograms = self.histograms.iter().map(|it| &it.writer).filter(|it| it.count != 0);
        let numbers = late.into_iter().flat_map(|it| &it.samples).map(Timed::at_ms);
        let late_histograms = late.into_iter().flat_map(|it| &it.histograms).map(Timed::at_ms);
        chunks
            .map(|it| (it.first_ms, it.last_ms))
            .chain(histograms.map(|it| (it.first_ms, it.last_ms)))
            .chain(numbers.chain(late_histograms).map(|it| (it, it)))
    }
}

impl Late {
    fn push(&mut self, sample: Sample) {
        self.samples.push(sample);
        self.seal_if_full();
    }

    fn push_histogram(&mut self, sample: &HistogramSample) {
        self.histograms.push(sample.clone());
        self.seal_if_full();
    }

    fn seal_if_full(&mut self) {
        if LATE_MAX <= self.samples.len() + self.histograms.len() {
            let encoded = self.encoded();
            self.sealed.extend(encoded);
            self.samples.clear();
            self.histograms.clear();
        }
    }

    fn encoded(&self) -> Vec<HeadChunk> {
        let (mut samples, mut histograms) = (self.samples.clone(), self.histograms.clone());
        settle(&mut samples);
        settle(&mut histograms);
        seal_all(&samples, &histograms)
    }
}
