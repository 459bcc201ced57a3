//! The series of one target: which labels belong to which bytes, and which series have ended.
//!
//! Scrape after scrape a target sends the same lines in the same order. So the labels of a line are built once and
//! found again by comparing its bytes with those at the same place in the last scrape; only a line that is not
//! where it was is looked up. Labels come with their key, so that the store need not read them either.

use std::collections::BTreeMap;
use std::sync::Arc;

use nines_base::{Histogram, HistogramSample, Labels, Sample, stale_marker};
use nines_port::{Row, SeriesKey};

use crate::key::key_of;

/// Ended series are forgotten when there are more of them than of the others and this.
const ENDED_MAX: usize = 1_000;

/// One sample on its way to the store.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pending {
    pub(super) key: SeriesKey,
    pub(super) labels: Labels,
    pub(super) value: PendingValue,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum PendingValue {
    Number(Sample),
    Histogram(HistogramSample),
}

impl Pending {
    pub(super) fn number(labels: Labels, sample: Sample) -> Self {
        Self { key: key_of(&labels), labels, value: PendingValue::Number(sample) }
    }

    pub(super) fn row(&self) -> Row<'_> {
        let (samples, histograms): (&[Sample], &[HistogramSample]) = match &self.value {
            PendingValue::Number(it) => (std::slice::from_ref(it), &[]),
            PendingValue::Histogram(it) => (&[], std::slice::from_ref(it)),
        };
        Row { key: self.key, samples, histograms }
    }

    /// Whether it ends its series.
    pub(super) fn is_end(&self) -> bool {
        match &self.value {
            PendingValue::Number(it) => nines_base::is_stale(it.value),
            PendingValue::Histogram(it) => it.histogram.is_stale(),
        }
    }
}

/// The memory of one target's series.
#[derive(Debug, Default)]
pub(super) struct SeriesMemory {
    series: Vec<Series>,
    /// Which of `series` a spelling means; several spellings may mean the same one.
    spellings: BTreeMap<Arc<[u8]>, usize>,
    by_labels: BTreeMap<Labels, usize>,
    /// Counts readings from 1.
    reading: u64,
}

#[derive(Debug)]
struct Series {
    /// The spelling that was read last.
    spelling: Arc<[u8]>,
    /// As stored, with the labels of the target; nothing for a series that relabelling drops.
    stored: Option<(Labels, SeriesKey)>,
    /// The last reading that had it; 0 is none.
    seen: u64,
    /// As that reading had it.
    ends: Ends,
    /// Whether the store has an open series: to end with a marker.
    open: bool,
    /// Whether its last sample was a histogram: then its end is one too.
    is_histogram: bool,
    /// A hash of the exemplar that was read last: targets show the same one again and again.
    exemplar: u64,
}

/// When a series ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// With the first body that does not have it.
    WhenMissing,
    /// Never by itself: its samples have times of their own.
    Never,
}

/// How a sample was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It is not to be stored: dropped by a rule.
    Dropped,
    /// The same series twice in one body: the first counts.
    Again,
    /// The scrape before had it too.
    Known,
    /// It had not.
    Added,
}

impl SeriesMemory {
    /// Begins to read a body. Nothing of it counts until [`Self::settle`].
    pub(super) fn begin(&mut self) {
        self.reading += 1;
    }

    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    /// The spelling that stood at this place.
    pub(super) fn expected(&self, place: usize) -> Option<&[u8]> {
        self.series.get(place).map(|it| &*it.spelling)
    }

    /// The place of a spelling; `labels` makes what is stored when it is new.
    pub(super) fn find(
        &mut self,
        spelling: &[u8],
        labels: impl FnOnce() -> Result<Option<Labels>, String>,
    ) -> Result<usize, String> {
        match self.spellings.get(spelling) {
            Some(index) => Ok(*index),
            None => Ok(self.remember(spelling, labels()?)),
        }
    }

    /// Notes that the body has the series at this place.
    pub(super) fn note(&mut self, place: usize, ends: Ends) -> Found {
        let reading = self.reading;
        let Some(series) = self.series.get_mut(place) else { return Found::Dropped };
        if series.seen == reading && ends == Ends::WhenMissing && series.stored.is_some() {
            return Found::Again;
        }
        let is_new = series.seen + 1 < reading || series.seen == 0;
        series.seen = reading;
        series.ends = ends;
        series.is_histogram = false;
        match (&series.stored, is_new) {
            (None, _) => Found::Dropped,
            (_, true) => Found::Added,
            (_, false) => Found::Known,
        }
    }

    /// Says of the series that was noted last at this place that its sample is a histogram.
    pub(super) fn note_histogram(&mut self, place: usize) {
        if let Some(series) = self.series.get_mut(place) {
            series.is_histogram = true;
        }
    }

    /// As stored.
    pub(super) fn stored(&self, place: usize) -> Option<&(Labels, SeriesKey)> {
        self.series.get(place)?.stored.as_ref()
    }

    /// Whether an exemplar with this hash is another one than the last.
    pub(super) fn is_new_exemplar(&mut self, place: usize, hash: u64) -> bool {
        let last = self.series.get_mut(place).map(|it| std::mem::replace(&mut it.exemplar, hash));
        last != Some(hash)
    }

    /// Takes over what was read last; ends the series that were not in it.
    pub(super) fn settle(&mut self, at_ms: i64) -> Vec<Pending> {
        let mut ended = Vec::new();
        for series in &mut self.series {
            let is_there = series.seen == self.reading;
            if series.open && !is_there {
                ended.extend(end(series, at_ms));
            }
            series.open = is_there && series.ends == Ends::WhenMissing && series.stored.is_some();
        }
        self.forget_ended();
        ended
    }

    /// Ends every open series.
    pub(super) fn end_all(&mut self, at_ms: i64) -> Vec<Pending> {
        let open = self.series.iter_mut().filter(|it| it.open);
        open.filter_map(|it| {
            it.open = false;
            end(it, at_ms)
        })
        .collect()
    }

    fn remember(&mut self, spelling: &[u8], labels: Option<Labels>) -> usize {
        let spelling: Arc<[u8]> = Arc::from(spelling);
        let next = self.series.len();
        let index = match &labels {
            Some(labels) => *self.by_labels.entry(labels.clone()).or_insert(next),
            None => next,
        };
        match self.series.get_mut(index) {
            Some(series) => series.spelling = Arc::clone(&spelling),
            None => self.series.push(Series {
                spelling: Arc::clone(&spelling),
                stored: labels.map(|it| {
                    let key = key_of(&it);
                    (it, key)
                }),
                seen: 0,
                ends: Ends::Never,
                open: false,
                is_histogram: false,
                exemplar: 0,
            }),
        }
        self.spellings.insert(spelling, index);
        index
    }

    /// Bounds the memory of targets whose series come and go.
    fn forget_ended(&mut self) {
        let is_there = |it: &Series| it.seen == self.reading;
        let there = self.series.iter().filter(|it| is_there(it)).count();
        let spellings_max = 2 * there + ENDED_MAX;
        if self.series.len() <= spellings_max && self.spellings.len() <= spellings_max {
            return;
        }
        let reading = self.reading;
        self.series.retain(|it| it.seen == reading);
        let places = || self.series.iter().enumerate();
        self.spellings = places().map(|(index, it)| (Arc::clone(&it.spelling), index)).collect();
        let stored = |(index, it): (usize, &Series)| Some((it.stored.as_ref()?.0.clone(), index));
        self.by_labels = places().filter_map(stored).collect();
    }
}

fn end(series: &Series, at_ms: i64) -> Option<Pending> {
    let (labels, key) = series.stored.clone()?;
    let value = if series.is_histogram {
        let histogram = Arc::new(Histogram::stale());
        PendingValue::Histogram(HistogramSample { at_ms, histogram })
    } else {
        PendingValue::Number(Sample { at_ms, value: stale_marker() })
    };
    Some(Pending { key, labels, value })
}

#[cfg(test)]
mod tests;
