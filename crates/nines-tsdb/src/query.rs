//! Reading: samples by matchers, one series after the other.
//!
//! Under the lock only references are taken; samples are decoded after it, into buffers that are used again. It must
//! not know PromQL.

use std::collections::HashMap;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use nines_base::{Labels, Matcher};
use nines_promql::{
    SelectLimits, SeriesSamples, SeriesSource, SeriesView, SourceError, Windows, WindowsView,
};

use crate::head::HeadChunk;
use crate::postings::SeriesId;
use crate::scratch::Scratch;
use crate::segment::{BlockReader, Reach, Segment, SegmentError, Stored};
use crate::settle::prefer_histograms;
use crate::store::State;
use crate::{Damage, Tsdb};

/// Series whose labels are kept as they were made for the last queries: about 8 MB.
const KNOWN_MAX: usize = 8_192;

/// Labels that queries have asked for; rules and dashboards ask for the same again and again.
#[derive(Debug, Default)]
pub(crate) struct KnownLabels {
    /// Numbers never stand for another series, so that what is gone only takes space.
    by_id: HashMap<SeriesId, Labels>,
}

impl KnownLabels {
    fn get(&mut self, state: &State, id: SeriesId) -> Option<Labels> {
        if let Some(labels) = self.by_id.get(&id) {
            return Some(labels.clone());
        }
        if KNOWN_MAX <= self.by_id.len() {
            self.by_id.clear();
        }
        let labels = state.registry.labels(id)?;
        self.by_id.insert(id, labels.clone());
        Some(labels)
    }
}

/// What has to be read, as it was at one instant.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) reach: Reach,
    /// Sorted by labels.
    pub(crate) candidates: Vec<Candidate>,
    blocks: Vec<(Arc<Segment>, Stored)>,
    chunks: Vec<HeadChunk>,
}

/// One series, and which blocks and chunks of the snapshot are its own.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) labels: Labels,
    blocks: Range<usize>,
    chunks: Range<usize>,
}

impl Snapshot {
    fn take(
        state: &State,
        matchers: &[Matcher],
        from_ms: i64,
        to_ms: i64,
        limits: &SelectLimits,
        known: Option<&mut KnownLabels>,
    ) -> Result<Self, SourceError> {
        let reach = Reach::new(&state.segments, from_ms, to_ms);
        let mut it = Self { reach, candidates: Vec::new(), blocks: Vec::new(), chunks: Vec::new() };
        let ids = state.registry.resolve(matchers);
        let mut known = known.filter(|_| ids.len() <= KNOWN_MAX);
        for id in ids {
            it.add(state, id, known.as_deref_mut());
            if limits.series_max < it.candidates.len() {
                return Err(SourceError::TooManySeries { limit: limits.series_max });
            }
        }
        Ok(it)
    }

    fn add(&mut self, state: &State, id: SeriesId, known: Option<&mut KnownLabels>) {
        let Some(series) = state.registry.get(id) else { return };
        let (blocks, chunks) = (self.blocks.len(), self.chunks.len());
        for stored in &series.stored {
            if let Some(segment) = self.reach.segment_of(stored) {
                self.blocks.push((Arc::clone(segment), *stored));
            }
        }
        series.head.chunks(self.reach.from_ms, self.reach.to_ms, &mut self.chunks);
        let (blocks, chunks) = (blocks..self.blocks.len(), chunks..self.chunks.len());
        if (blocks.is_empty() && chunks.is_empty()) || self.reach.to_ms < self.reach.from_ms {
            return;
        }
        let labels = match known {
            Some(known) => known.get(state, id),
            None => state.registry.labels(id),
        };
        self.candidates.extend(labels.map(|labels| Candidate { labels, blocks, chunks }));
    }

    pub(crate) fn blocks(&self, of: &Candidate) -> &[(Arc<Segment>, Stored)] {
        self.blocks.get(of.blocks.clone()).unwrap_or_default()
    }

    pub(crate) fn chunks(&self, of: &Candidate) -> &[HeadChunk] {
        self.chunks.get(of.chunks.clone()).unwrap_or_default()
    }

    /// Reads all samples of one series in the range.
    pub(crate) fn read(
        &self,
        candidate: &Candidate,
        reader: &mut BlockReader,
        scratch: &mut Scratch,
    ) -> Result<(), SourceError> {
        let Reach { from_ms, to_ms, .. } = self.reach;
        scratch.clear();
        let mut blocks = self.blocks(candidate);
        let ordered = in_order_of_time(blocks);
        if let Some(ordered) = &ordered {
            blocks = ordered;
        }
        for (segment, stored) in blocks {
            if scratch.is_over_limit() {
                return Ok(()); // the caller refuses what is there already
            }
            reader.read_all(segment, stored, from_ms, to_ms, scratch).map_err(unreadable)?;
        }
        for chunk in self.chunks(candidate) {
            chunk.read(from_ms, to_ms, scratch).map_err(damaged)?;
        }
        scratch.settle();
        prefer_histograms(&mut scratch.samples, &scratch.histograms);
        Ok(())
    }
}

pub(crate) fn unreadable(source: SegmentError) -> SourceError {
    SourceError::Failed { source: source.into() }
}

pub(crate) fn damaged(source: Damage) -> SourceError {
    SourceError::Failed { source: source.into() }
}

/// Blocks come by the number of their segment, which decides between equal times. Where no two segments overlap, the
/// order of time is as good, and saves sorting samples. `None` where the order is to be left.
fn in_order_of_time(blocks: &[(Arc<Segment>, Stored)]) -> Option<Vec<(Arc<Segment>, Stored)>> {
    if blocks.is_sorted_by(|a, b| a.0.last_ms < b.0.first_ms) {
        return None;
    }
    let mut ordered = blocks.to_vec();
    ordered.sort_by_key(|it| it.0.first_ms);
    ordered.is_sorted_by(|a, b| a.0.last_ms < b.0.first_ms).then_some(ordered)
}

impl Tsdb {
    pub(crate) fn snapshot_of(
        &self,
        matchers: &[Matcher],
        from_ms: i64,
        to_ms: i64,
        limits: &SelectLimits,
    ) -> Result<Snapshot, SourceError> {
        let state = self.state();
        // Two queries at once: the second makes its labels itself.
        let mut known = self.known_labels.try_lock().ok();
        let known = known.as_deref_mut();
        let mut snapshot = Snapshot::take(&state, matchers, from_ms, to_ms, limits, known)?;
        drop(state);
        snapshot.candidates.sort_by(|a, b| a.labels.cmp(&b.labels));
        Ok(snapshot)
    }
}

impl SeriesSource for Tsdb {
    fn select(
        &self,
        matchers: &[Matcher],
        from_ms: i64,
        to_ms: i64,
        limits: &SelectLimits,
    ) -> Result<Vec<SeriesSamples>, SourceError> {
        let mut found = Vec::new();
        self.visit(matchers, from_ms, to_ms, limits, &mut |it| {
            found.push(SeriesSamples {
                labels: it.labels.clone(),
                samples: it.samples.to_vec(),
                histograms: it.histograms.to_vec(),
            });
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    fn visit(
        &self,
        matchers: &[Matcher],
        from_ms: i64,
        to_ms: i64,
        limits: &SelectLimits,
        visit: &mut dyn FnMut(SeriesView<'_>) -> ControlFlow<()>,
    ) -> Result<(), SourceError> {
        let snapshot = self.snapshot_of(matchers, from_ms, to_ms, limits)?;
        let (mut reader, mut scratch) = (BlockReader::default(), Scratch::default());
        let mut samples_count = 0;
        for candidate in &snapshot.candidates {
            scratch.limit = limits.samples_max.saturating_sub(samples_count);
            snapshot.read(candidate, &mut reader, &mut scratch)?;
            let Scratch { samples, histograms, .. } = &scratch;
            samples_count += samples.len() + histograms.len();
            if limits.samples_max < samples_count {
                return Err(SourceError::TooManySamples { limit: limits.samples_max });
            }
            let labels = &candidate.labels;
            if samples.is_empty() && histograms.is_empty() {
                continue;
            }
            if visit(SeriesView { labels, samples, histograms }).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn visit_windows(
        &self,
        matchers: &[Matcher],
        windows: &Windows,
        limits: &SelectLimits,
        visit: &mut dyn FnMut(WindowsView<'_>) -> ControlFlow<()>,
    ) -> Result<(), SourceError> {
        self.visit_windows_of(matchers, windows, limits, visit)
    }
}
