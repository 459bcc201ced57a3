//! Reading: samples by matchers, and the names and values of labels.
//!
//! Under the lock only references are taken; samples are decoded after it. It must not know PromQL.

use std::collections::BTreeSet;
use std::sync::Arc;

use nines_base::{Labels, Matcher, Sample};
use nines_promql::{SelectLimits, SeriesSamples, SeriesSource, SourceError};

use crate::Tsdb;
use crate::chunk::{Chunk, settle};
use crate::pairs::PairId;
use crate::postings::SeriesId;
use crate::registry::Registry;
use crate::series::{Series, Stored};

/// What has to be read of one series.
#[derive(Debug)]
struct Candidate {
    labels: Labels,
    stored: Vec<Stored>,
    chunks: Vec<Arc<Chunk>>,
}

impl Candidate {
    fn of(registry: &Registry, id: SeriesId, from_ms: i64, to_ms: i64) -> Option<Self> {
        let series = registry.get(id)?;
        let touched = series.stored.iter().filter(|it| it.block.overlaps(from_ms, to_ms));
        let mut stored: Vec<Stored> = touched.cloned().collect();
        order_by_time(&mut stored);
        let chunks = series.head.chunks(from_ms, to_ms);
        let empty = stored.is_empty() && chunks.is_empty();
        if empty { None } else { Some(Self { labels: registry.labels(id)?, stored, chunks }) }
    }

    fn read(&self, from_ms: i64, to_ms: i64) -> Result<Vec<Sample>, SourceError> {
        let mut samples = Vec::new();
        for Stored { segment, block } in &self.stored {
            let read = segment.read(block, from_ms, to_ms, &mut samples);
            read.map_err(|it| SourceError::Failed { source: it.into() })?;
        }
        for chunk in &self.chunks {
            let read = chunk.decode(from_ms, to_ms, &mut samples);
            read.map_err(|it| SourceError::Failed { source: it.into() })?;
        }
        settle(&mut samples);
        Ok(samples)
    }
}

/// Blocks come by the number of their segment, which decides between equal times. Where no two overlap, the order
/// of time is as good, and saves sorting samples.
fn order_by_time(stored: &mut [Stored]) {
    let mut ordered = stored.to_vec();
    ordered.sort_by_key(|it| it.block.first_ms);
    if ordered.is_sorted_by(|a, b| a.block.last_ms < b.block.first_ms) {
        stored.clone_from_slice(&ordered);
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
        let mut candidates = Vec::new();
        let state = self.state();
        for id in state.registry.resolve(matchers) {
            let candidate = Candidate::of(&state.registry, id, from_ms, to_ms);
            let Some(candidate) = candidate else { continue };
            if limits.series_max <= candidates.len() {
                return Err(SourceError::TooManySeries { limit: limits.series_max });
            }
            candidates.push(candidate);
        }
        drop(state);
        candidates.sort_by(|a, b| a.labels.cmp(&b.labels));
        let mut found = Vec::with_capacity(candidates.len());
        let mut samples_count = 0;
        for candidate in candidates {
            let samples = candidate.read(from_ms, to_ms)?;
            samples_count += samples.len();
            if limits.samples_max < samples_count {
                return Err(SourceError::TooManySamples { limit: limits.samples_max });
            }
            if !samples.is_empty() {
                found.push(SeriesSamples {
                    labels: candidate.labels,
                    samples,
                    histograms: Vec::new(),
                });
            }
        }
        Ok(found)
    }
}

/// Each of these looks at series that fulfil all matchers of at least one set, or at all series if there is no
/// set, and that may have samples in the closed range: whole chunks are taken for their range.
impl Tsdb {
    /// Sorted names of labels, at most `limit`.
    pub fn label_names(
        &self,
        sets: &[Vec<Matcher>],
        from_ms: i64,
        to_ms: i64,
        limit: usize,
    ) -> Vec<String> {
        let state = self.state();
        let (registry, pairs) = (&state.registry, state.registry.pairs());
        if sets.is_empty() {
            let overlaps = |values: &[PairId]| {
                let ids = values.iter().flat_map(|it| pairs.series(*it));
                any_overlaps(registry, ids, from_ms, to_ms)
            };
            let present = pairs.names().filter(|(_, values)| overlaps(values));
            return present.map(|(name, _)| name.to_owned()).take(limit).collect();
        }
        let mut names = BTreeSet::new();
        for (_, series) in matching(registry, sets, from_ms, to_ms) {
            names.extend(series.pairs.iter().filter_map(|it| pairs.texts(*it)).map(|it| it.0));
        }
        names.into_iter().take(limit).map(str::to_owned).collect()
    }

    /// Sorted values of one label, at most `limit`.
    pub fn label_values(
        &self,
        name: &str,
        sets: &[Vec<Matcher>],
        from_ms: i64,
        to_ms: i64,
        limit: usize,
    ) -> Vec<String> {
        let state = self.state();
        let (registry, pairs) = (&state.registry, state.registry.pairs());
        if sets.is_empty() {
            let sorted = pairs.sorted(pairs.values(name)).into_iter();
            let present =
                sorted.filter(|it| any_overlaps(registry, pairs.series(*it), from_ms, to_ms));
            let texts = present.filter_map(|it| pairs.texts(it));
            return texts.map(|it| it.1.to_owned()).take(limit).collect();
        }
        let series = matching(registry, sets, from_ms, to_ms);
        let values: BTreeSet<&str> = series
            .map(|(_, it)| pairs.value_in(&it.pairs, name))
            .filter(|it| !it.is_empty())
            .collect();
        values.into_iter().take(limit).map(str::to_owned).collect()
    }

    /// Sorted label sets, at most `limit`.
    pub fn series(
        &self,
        sets: &[Vec<Matcher>],
        from_ms: i64,
        to_ms: i64,
        limit: usize,
    ) -> Vec<Labels> {
        let state = self.state();
        let found = matching(&state.registry, sets, from_ms, to_ms).map(|it| it.0).collect();
        let mut found = state.registry.in_order(found);
        found.truncate(limit);
        found.into_iter().filter_map(|it| state.registry.labels(it)).collect()
    }
}

fn matching<'a>(
    registry: &'a Registry,
    sets: &[Vec<Matcher>],
    from_ms: i64,
    to_ms: i64,
) -> impl Iterator<Item = (SeriesId, &'a Series)> {
    let ids: BTreeSet<SeriesId> = match sets {
        [] => registry.ids().iter().copied().collect(),
        sets => sets.iter().flat_map(|it| registry.resolve(it)).collect(),
    };
    ids.into_iter()
        .filter_map(|id| registry.get(id).map(|it| (id, it)))
        .filter(move |(_, it)| it.overlaps(from_ms, to_ms))
}

fn any_overlaps<'a>(
    registry: &Registry,
    ids: impl IntoIterator<Item = &'a SeriesId>,
    from_ms: i64,
    to_ms: i64,
) -> bool {
    ids.into_iter().filter_map(|id| registry.get(*id)).any(|it| it.overlaps(from_ms, to_ms))
}
