//! Reading windows: from the summaries of chunks where windows are long, else from samples.
//!
//! Chunks inside of a window are taken as a whole, and only those at its ends are decoded. That is right where no two
//! chunks of a series overlap in time; where they do, all samples are read. It must not know PromQL.

use std::ops::ControlFlow;
use std::sync::Arc;

use nines_base::{Matcher, Sample};
use nines_promql::{SelectLimits, SeriesView, SourceError, WindowSummary, Windows, WindowsView};

use crate::Tsdb;
use crate::chunk::{CHUNK_SAMPLES_MAX, Entry, Kind};
use crate::head::HeadChunk;
use crate::query::{Candidate, Snapshot, damaged, unreadable};
use crate::scratch::Scratch;
use crate::segment::{Block, BlockReader, Segment, Stored};
use crate::summary::{join, summarize};

/// Shorter windows hold parts of chunks, so that it is not worth looking.
const RANGE_MIN_MS: i64 = 10 * 60 * 1000;

/// A run of samples, and how to get at them.
#[derive(Debug)]
struct Piece<'a> {
    first_ms: i64,
    last_ms: i64,
    place: Place<'a>,
}

#[derive(Debug)]
enum Place<'a> {
    /// A chunk of a block, by their numbers.
    Stored(usize, usize),
    Head(&'a HeadChunk),
}

/// The pieces of one series in the order of time, and the samples of those that were decoded last.
#[derive(Debug)]
struct Pieces<'a> {
    list: Vec<Piece<'a>>,
    blocks: Vec<Block>,
    /// By the parity of the window's end that needed it: the start of a window and its end move on their own.
    decoded: [Decoded; 2],
    samples_count: usize,
}

#[derive(Debug, Default)]
struct Decoded {
    piece: Option<usize>,
    scratch: Scratch,
}

/// Which end of a window.
#[derive(Debug, Clone, Copy)]
enum End {
    Start,
    Finish,
}

impl<'a> Pieces<'a> {
    /// `None` where summaries cannot be joined, or are no cheaper than samples.
    fn of(
        snapshot: &'a Snapshot,
        candidate: &Candidate,
        windows: &Windows,
        reader: &mut BlockReader,
    ) -> Result<Option<Self>, SourceError> {
        let blocks: &[(Arc<Segment>, Stored)] = snapshot.blocks(candidate);
        let chunks = snapshot.chunks(candidate);
        let is_short = windows.range_ms < RANGE_MIN_MS || blocks.is_empty() && chunks.len() < 2;
        if is_short || chunks.iter().any(HeadChunk::has_histograms) {
            return Ok(None);
        }
        let mut it = Self {
            list: Vec::new(),
            blocks: Vec::with_capacity(blocks.len()),
            decoded: Default::default(),
            samples_count: 0,
        };
        let mut samples_count = 0;
        for (number, (segment, stored)) in blocks.iter().enumerate() {
            let block = reader.open(segment, stored).map_err(unreadable)?;
            for (index, (entry, _)) in block.entries.iter().enumerate() {
                if !entry.overlaps(snapshot.reach.from_ms, snapshot.reach.to_ms) {
                    continue;
                }
                if entry.kind == Kind::Histograms {
                    return Ok(None);
                }
                samples_count += entry.count as usize;
                let place = Place::Stored(number, index);
                let Entry { first_ms, last_ms, .. } = *entry;
                it.list.push(Piece { first_ms, last_ms, place });
            }
            it.blocks.push(block);
        }
        for chunk in chunks {
            samples_count += chunk.entry().map_or(0, |it| it.count as usize);
            let HeadChunk { first_ms, last_ms, .. } = *chunk;
            it.list.push(Piece { first_ms, last_ms, place: Place::Head(chunk) });
        }
        it.list.sort_by_key(|it| it.first_ms);
        let apart = it.list.is_sorted_by(|a, b| a.last_ms < b.first_ms);
        // Each window decodes at most two chunks and so reads about one; all samples are read once.
        let cheaper = windows.count.saturating_mul(CHUNK_SAMPLES_MAX) <= samples_count;
        Ok((apart && cheaper).then_some(it))
    }

    /// What is in `(start_ms, end_ms]`.
    fn summary(
        &mut self,
        start_ms: i64,
        end_ms: i64,
        reader: &mut BlockReader,
    ) -> Result<Option<WindowSummary>, SourceError> {
        let first = self.list.partition_point(|it| it.last_ms <= start_ms);
        let mut sum = None;
        for index in first..self.list.len() {
            let Some(piece) = self.list.get(index) else { break };
            if end_ms < piece.first_ms {
                break;
            }
            let starts_within = start_ms < piece.first_ms;
            let part = if starts_within && piece.last_ms <= end_ms {
                self.whole(index, reader)?
            } else {
                let end = if starts_within { End::Finish } else { End::Start };
                let samples = self.samples(index, end, reader)?;
                let from = samples.partition_point(|it| it.at_ms <= start_ms);
                let to = samples.partition_point(|it| it.at_ms <= end_ms);
                summarize(samples.get(from..to).unwrap_or_default())
            };
            sum = join(sum, part);
        }
        Ok(sum)
    }

    fn whole(
        &mut self,
        index: usize,
        reader: &mut BlockReader,
    ) -> Result<Option<WindowSummary>, SourceError> {
        let known = match self.list.get(index).map(|it| &it.place) {
            Some(Place::Stored(block, chunk)) => {
                self.blocks.get(*block).and_then(|it| it.entries.get(*chunk)).map(|it| it.0.summary)
            }
            Some(Place::Head(chunk)) => chunk.entry().map(|it| it.summary),
            None => return Ok(None),
        };
        match known {
            Some(summary) => Ok(summary),
            None => self.samples(index, End::Finish, reader).map(summarize),
        }
    }

    fn samples(
        &mut self,
        index: usize,
        end: End,
        reader: &mut BlockReader,
    ) -> Result<&[Sample], SourceError> {
        let [start, finish] = &mut self.decoded;
        let decoded = match end {
            End::Start => start,
            End::Finish => finish,
        };
        if decoded.piece != Some(index) {
            decoded.piece = None;
            decoded.scratch.clear();
            match self.list.get(index).map(|it| &it.place) {
                Some(Place::Stored(block, chunk)) => {
                    if let Some(block) = self.blocks.get(*block) {
                        reader.fetch(block, *chunk..*chunk + 1).map_err(unreadable)?;
                        let (from_ms, to_ms) = (i64::MIN, i64::MAX);
                        let read =
                            reader.decode(block, *chunk, from_ms, to_ms, &mut decoded.scratch);
                        read.map_err(unreadable)?;
                    }
                }
                Some(Place::Head(chunk)) => {
                    let read = chunk.read(i64::MIN, i64::MAX, &mut decoded.scratch);
                    read.map_err(damaged)?;
                }
                None => {}
            }
            decoded.piece = Some(index);
            self.samples_count += decoded.scratch.samples.len();
        }
        Ok(&decoded.scratch.samples)
    }
}

impl Tsdb {
    pub(crate) fn visit_windows_of(
        &self,
        matchers: &[Matcher],
        windows: &Windows,
        limits: &SelectLimits,
        visit: &mut dyn FnMut(WindowsView<'_>) -> ControlFlow<()>,
    ) -> Result<(), SourceError> {
        let (from_ms, to_ms) = windows.extent_ms();
        let snapshot = self.snapshot_of(matchers, from_ms, to_ms, limits)?;
        let (mut reader, mut scratch) = (BlockReader::default(), Scratch::default());
        let (mut summaries, mut samples_count) = (Vec::new(), 0);
        for candidate in &snapshot.candidates {
            let labels = &candidate.labels;
            let pieces = Pieces::of(&snapshot, candidate, windows, &mut reader)?;
            let went_on = if let Some(mut pieces) = pieces {
                summaries.clear();
                for end_ms in ends_ms(windows) {
                    let start_ms = end_ms.saturating_sub(windows.range_ms);
                    summaries.push(pieces.summary(start_ms, end_ms, &mut reader)?);
                }
                samples_count += pieces.samples_count;
                if summaries.iter().all(Option::is_none) {
                    continue;
                }
                visit(WindowsView::Summaries { labels, windows: &summaries })
            } else {
                scratch.limit = limits.samples_max.saturating_sub(samples_count);
                snapshot.read(candidate, &mut reader, &mut scratch)?;
                let Scratch { samples, histograms, .. } = &scratch;
                samples_count += samples.len() + histograms.len();
                if samples.is_empty() && histograms.is_empty() {
                    continue;
                }
                visit(WindowsView::Samples(SeriesView { labels, samples, histograms }))
            };
            if limits.samples_max < samples_count {
                return Err(SourceError::TooManySamples { limit: limits.samples_max });
            }
            if went_on.is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn ends_ms(windows: &Windows) -> impl Iterator<Item = i64> {
    let Windows { first_end_ms, step_ms, count, .. } = *windows;
    (0..count).map(move |it| {
        let steps = i64::try_from(it).unwrap_or(i64::MAX);
        first_end_ms.saturating_add(step_ms.saturating_mul(steps))
    })
}

#[cfg(test)]
mod tests;
