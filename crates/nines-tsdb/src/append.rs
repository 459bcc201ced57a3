//! Appending: from rows to one record of the log and to the heads of their series.
//!
//! The record is written before any head changes, and the log stays locked from the plan to the end, so that nobody
//! changes what the plan has seen. This module must not know how a head or a record keeps a sample.

mod plan;

use std::sync::atomic::Ordering;

use nines_base::{Exemplar, HistogramSample, Labels, Sample, SampleBatch};
use nines_port::{Appended, Row, SampleSink, SinkError};

use crate::keys::Keys;
use crate::postings::SeriesId;
use crate::registry::Registry;
use crate::{AppendError, Durability, Tsdb};

use plan::{Plan, known_rows};

#[cfg(test)]
pub(crate) use plan::REFUSED_NAMED_MAX;

/// Where rows come from: batches with labels, or rows with keys.
pub(crate) trait Rows {
    fn len(&self) -> usize;
    fn samples(&self, index: usize) -> &[Sample];
    fn histograms(&self, index: usize) -> &[HistogramSample];
    fn known(&self, index: usize, keys: &Keys, registry: &Registry) -> Option<SeriesId>;
    fn labels(&self, index: usize) -> Result<Labels, String>;
    fn remember(&self, index: usize, id: SeriesId, series_count: usize, keys: &mut Keys);
}

impl Rows for &[SampleBatch] {
    fn len(&self) -> usize {
        <[_]>::len(self)
    }

    fn samples(&self, index: usize) -> &[Sample] {
        self.get(index).map_or(&[], |it| &it.samples)
    }

    fn histograms(&self, index: usize) -> &[HistogramSample] {
        self.get(index).map_or(&[], |it| &it.histograms)
    }

    fn known(&self, index: usize, keys: &Keys, registry: &Registry) -> Option<SeriesId> {
        let labels = &self.get(index)?.labels;
        keys.get(keys.of_labels(labels)).filter(|it| registry.has_labels(*it, labels))
    }

    fn labels(&self, index: usize) -> Result<Labels, String> {
        Ok(self.get(index).map_or_else(Labels::empty, |it| it.labels.clone()))
    }

    fn remember(&self, index: usize, id: SeriesId, series_count: usize, keys: &mut Keys) {
        if let Some(batch) = self.get(index) {
            keys.insert(keys.of_labels(&batch.labels), id, series_count);
        }
    }
}

/// Rows with keys, and who makes their labels.
struct Keyed<'a> {
    rows: &'a [Row<'a>],
    labels: &'a dyn Fn(usize) -> Result<Labels, String>,
}

impl Rows for Keyed<'_> {
    fn len(&self) -> usize {
        self.rows.len()
    }

    #[inline]
    fn samples(&self, index: usize) -> &[Sample] {
        self.rows.get(index).map_or(&[], |it| it.samples)
    }

    #[inline]
    fn histograms(&self, index: usize) -> &[HistogramSample] {
        self.rows.get(index).map_or(&[], |it| it.histograms)
    }

    #[inline]
    fn known(&self, index: usize, keys: &Keys, _: &Registry) -> Option<SeriesId> {
        keys.get(self.rows.get(index)?.key)
    }

    fn labels(&self, index: usize) -> Result<Labels, String> {
        (self.labels)(index)
    }

    fn remember(&self, index: usize, id: SeriesId, series_count: usize, keys: &mut Keys) {
        if let Some(row) = self.rows.get(index) {
            keys.insert(row.key, id, series_count);
        }
    }
}

impl SampleSink for Tsdb {
    fn append(&self, batch: &[SampleBatch]) -> Result<Appended, SinkError> {
        self.append_from(&batch, None)
    }

    fn append_rows(
        &self,
        rows: &[Row<'_>],
        labels: &dyn Fn(usize) -> Result<Labels, String>,
    ) -> Result<Appended, SinkError> {
        self.append_from(&Keyed { rows, labels }, None)
    }

    fn append_exemplars(&self, exemplars: &[(Labels, Exemplar)]) {
        let mut kept = self.exemplars_lock();
        for (labels, exemplar) in exemplars {
            kept.add(labels, exemplar, self.options.exemplars_max);
        }
    }
}

impl Tsdb {
    /// As [`SampleSink::append_rows`], and `ids` becomes the series of each row; `None` where it was refused.
    ///
    /// Within this process a number never stands for another series, so that it can be a key for what is known about
    /// a series elsewhere; [`Self::labels_of`] tells its labels.
    ///
    /// # Errors
    /// As [`SampleSink::append_rows`].
    pub fn append_rows_to(
        &self,
        rows: &[Row<'_>],
        labels: &dyn Fn(usize) -> Result<Labels, String>,
        ids: &mut Vec<Option<u32>>,
    ) -> Result<Appended, SinkError> {
        ids.clear();
        self.append_from(&Keyed { rows, labels }, Some(ids))
    }

    /// The labels of a series that [`Self::append_rows_to`] has named, as long as it has samples.
    pub fn labels_of(&self, id: u32) -> Option<Labels> {
        self.state().registry.labels(id)
    }

    fn append_from(
        &self,
        rows: &impl Rows,
        ids: Option<&mut Vec<Option<u32>>>,
    ) -> Result<Appended, SinkError> {
        self.appending.fetch_add(1, Ordering::Relaxed);
        let stored = self.store_rows(rows);
        self.appending.fetch_sub(1, Ordering::Relaxed);
        let (plan, position) = stored.map_err(|source| SinkError { source: source.into() })?;
        if let Some(position) = position
            && self.options.durability == Durability::Sync
        {
            let synced = self.sync_to(position).map_err(AppendError::Sync);
            synced.map_err(|source| SinkError { source: source.into() })?;
        }
        if let Some(ids) = ids {
            ids.extend(plan.ids());
        }
        self.samples_appended.fetch_add(plan.samples(), Ordering::Relaxed);
        Ok(plan.into_answer())
    }

    /// Returns what was done, and where the log ends now if anything was written.
    fn store_rows(&self, rows: &impl Rows) -> Result<(Plan, Option<u64>), AppendError> {
        let mut log = self.log();
        let log = &mut *log;
        let (oldest_ms, settled_ms) =
            (self.oldest_ms.load(Ordering::Relaxed), self.settled_ms.load(Ordering::Relaxed));
        let mut plan = Plan::new(log.wal.next_ref, oldest_ms, settled_ms);
        let state = self.state();
        for (index, known) in known_rows(rows, &log.keys, &state.registry).iter().enumerate() {
            plan.row(index, *known, rows, &state.registry, log, &self.options);
        }
        drop(state);
        if log.writer.is_empty() {
            return Ok((plan, None));
        }
        log.wal.write(log.writer.finish())?;
        log.wal.next_ref += plan.new_count();
        plan.apply(rows, &mut self.state_mut().registry, &mut log.keys);
        self.late_samples.fetch_add(plan.late, Ordering::Relaxed);
        Ok((plan, Some(log.wal.position())))
    }
}

#[cfg(test)]
mod tests;
