//! Appending: from rows to one record of the log and to the heads of their series.
//!
//! The record is written before any head changes, and the log stays locked from the plan to the end, so that nobody
//! changes what the plan has seen. This module must not know how a head or a record keeps a sample.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;

use nines_base::{Exemplar, HistogramSample, Labels, Sample, SampleBatch};
use nines_port::{Appended, RefusedSeries, Row, SampleSink, SinkError};

use crate::histograms::{BUCKETS_MAX, are_buckets_few};
use crate::keys::Keys;
use crate::postings::SeriesId;
use crate::registry::Registry;
use crate::settle::Timed;
use crate::store::Log;
use crate::{AppendError, Durability, Options, Tsdb};

/// Refused series that one answer names, for each reason.
pub(crate) const REFUSED_NAMED_MAX: usize = 10;
/// Errors of row makers are their own words; so many different ones are told apart.
const REASONS_MAX: usize = 100;

/// Where rows come from: batches with labels, or rows with keys.
trait Rows {
    fn len(&self) -> usize;
    fn samples(&self, index: usize) -> &[Sample];
    fn histograms(&self, index: usize) -> &[HistogramSample];
    fn known(&self, index: usize, keys: &Keys) -> Option<SeriesId>;
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

    fn known(&self, _: usize, _: &Keys) -> Option<SeriesId> {
        None
    }

    fn labels(&self, index: usize) -> Result<Labels, String> {
        Ok(self.get(index).map_or_else(Labels::empty, |it| it.labels.clone()))
    }

    fn remember(&self, _: usize, _: SeriesId, _: usize, _: &mut Keys) {}
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
    fn known(&self, index: usize, keys: &Keys) -> Option<SeriesId> {
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
        let mut guard = self.log();
        let log = &mut *guard;
        let mut plan = Plan::new(log.wal.next_ref, self.oldest_ms.load(Ordering::Relaxed));
        let before = log.wal.position();
        {
            let state = self.state();
            for index in 0..rows.len() {
                plan.row(index, rows, &state.registry, log, &self.options);
            }
        }
        if !log.writer.is_empty() {
            let failed = |source: AppendError| SinkError { source: source.into() };
            log.wal.write(log.writer.finish()).map_err(failed)?;
            log.wal.next_ref += plan.new.len() as u64;
            plan.apply(rows, &mut self.state_mut().registry, &mut log.keys);
        }
        let position = log.wal.position();
        drop(guard);
        if self.options.durability == Durability::Sync && position != before {
            self.sync_to(position).map_err(|source| {
                let source = AppendError::Sync(source);
                SinkError { source: source.into() }
            })?;
        }
        if let Some(ids) = ids {
            ids.extend(plan.targets.iter().map(|it| plan.id(*it)));
        }
        self.samples_appended.fetch_add(plan.samples, Ordering::Relaxed);
        let refused = plan.refused.into_values().flatten().collect();
        Ok(Appended { samples: plan.samples, refused })
    }
}

/// Where the samples of one row go.
#[derive(Debug, Clone, Copy)]
enum Target {
    Known(SeriesId),
    /// The place in [`Plan::new`].
    New(u32),
    Refused,
}

/// What one batch will do.
#[derive(Debug)]
struct Plan {
    /// As many as there are rows.
    targets: Vec<Target>,
    /// Series that get a number in the log, counted from `first_ref`.
    new: Vec<New>,
    new_by_labels: HashMap<Labels, u32>,
    first_ref: u64,
    /// Samples before are older than the retention.
    oldest_ms: i64,
    samples: u64,
    refused: BTreeMap<String, Vec<RefusedSeries>>,
}

#[derive(Debug)]
struct New {
    labels: Labels,
    /// After [`Plan::apply`].
    id: Option<SeriesId>,
}

impl Plan {
    fn new(first_ref: u64, oldest_ms: i64) -> Self {
        Self {
            targets: Vec::new(),
            new: Vec::new(),
            new_by_labels: HashMap::new(),
            first_ref,
            oldest_ms,
            samples: 0,
            refused: BTreeMap::new(),
        }
    }

    fn row(
        &mut self,
        index: usize,
        rows: &impl Rows,
        registry: &Registry,
        log: &mut Log,
        options: &Options,
    ) {
        let (samples, histograms) = (rows.samples(index), rows.histograms(index));
        let kept = self.kept(samples) + self.kept(histograms);
        let known = rows.known(index, &log.keys);
        let labels = || match known.and_then(|it| registry.labels(it)) {
            Some(labels) => labels,
            None => rows.labels(index).unwrap_or_default(),
        };
        if kept < samples.len() + histograms.len() {
            let oldest_ms = self.oldest_ms;
            let reason = || format!("retention: samples before {oldest_ms} ms are not kept");
            self.refuse("retention", labels, reason);
        }
        let too_wide = !histograms.iter().all(|it| are_buckets_few(&it.histogram));
        if too_wide {
            let reason = || format!("histogram_buckets_max is {BUCKETS_MAX}: a histogram has more");
            self.refuse("histogram_buckets_max", labels, reason);
        }
        if too_wide || kept == 0 && !(samples.is_empty() && histograms.is_empty()) {
            self.targets.push(Target::Refused);
            return;
        }
        let known_ref = known.and_then(|it| registry.get(it)).and_then(|it| it.wal_ref);
        let (target, wal_ref) = match (known, known_ref) {
            (Some(id), Some(wal_ref)) => (Target::Known(id), wal_ref.get()),
            _ if samples.is_empty() && histograms.is_empty() => (Target::Refused, 0),
            _ => self.unknown(index, rows, registry, log, options),
        };
        self.targets.push(target);
        if matches!(target, Target::Refused) {
            return;
        }
        self.samples += kept as u64;
        for sample in samples.iter().filter(|it| self.oldest_ms <= it.at_ms) {
            log.writer.add(wal_ref, *sample);
        }
        for sample in histograms.iter().filter(|it| self.oldest_ms <= it.at_ms) {
            log.writer.add_histogram(wal_ref, sample);
        }
    }

    fn kept<T: Timed>(&self, samples: &[T]) -> usize {
        samples.iter().filter(|it| self.oldest_ms <= it.at_ms()).count()
    }

    /// A row whose series is not active, or whose key is new.
    fn unknown(
        &mut self,
        index: usize,
        rows: &impl Rows,
        registry: &Registry,
        log: &mut Log,
        options: &Options,
    ) -> (Target, u64) {
        let labels = match rows.labels(index) {
            Ok(labels) => labels,
            Err(reason) => {
                self.refuse(&reason, Labels::empty, || reason.clone());
                return (Target::Refused, 0);
            }
        };
        if let Some(id) = registry.id(&labels) {
            rows.remember(index, id, registry.len(), &mut log.keys);
            if let Some(wal_ref) = registry.get(id).and_then(|it| it.wal_ref) {
                return (Target::Known(id), wal_ref.get());
            }
        }
        if let Some(new) = self.new_by_labels.get(&labels) {
            return (Target::New(*new), self.first_ref + u64::from(*new));
        }
        if let Err(limit) = admit(&labels, registry.active() + self.new.len(), options) {
            let Limit { name, max, meaning } = limit;
            self.refuse(name, || labels, || format!("{name} is {max}: {meaning}"));
            return (Target::Refused, 0);
        }
        let new = u32::try_from(self.new.len()).expect("a batch has fewer than 2^32 rows");
        let wal_ref = self.first_ref + u64::from(new);
        log.writer.define(wal_ref, labels.iter());
        self.new_by_labels.insert(labels.clone(), new);
        self.new.push(New { labels, id: None });
        (Target::New(new), wal_ref)
    }

    /// `kind` counts refusals that are alike; words are made only for those that are named.
    fn refuse(
        &mut self,
        kind: &str,
        labels: impl FnOnce() -> Labels,
        reason: impl FnOnce() -> String,
    ) {
        if !self.refused.contains_key(kind) {
            if REASONS_MAX <= self.refused.len() {
                return;
            }
            self.refused.insert(kind.to_owned(), Vec::new());
        }
        if let Some(refused) = self.refused.get_mut(kind)
            && refused.len() < REFUSED_NAMED_MAX
        {
            refused.push(RefusedSeries { labels: labels(), reason: reason() });
        }
    }

    fn id(&self, target: Target) -> Option<SeriesId> {
        match target {
            Target::Known(id) => Some(id),
            Target::New(new) => self.new.get(new as usize)?.id,
            Target::Refused => None,
        }
    }

    fn apply(&mut self, rows: &impl Rows, registry: &mut Registry, keys: &mut Keys) {
        for (wal_ref, new) in (self.first_ref..).zip(&mut self.new) {
            let id = registry.get_or_insert(&new.labels);
            registry.activate(id, wal_ref);
            new.id = Some(id);
        }
        for (index, target) in self.targets.iter().enumerate() {
            let Some(id) = self.id(*target) else { continue };
            if matches!(target, Target::New(_)) {
                rows.remember(index, id, registry.len(), keys);
            }
            if let Some(series) = registry.get_mut(id) {
                for sample in rows.samples(index).iter().filter(|it| self.oldest_ms <= it.at_ms) {
                    series.head.push(*sample);
                }
                for sample in rows.histograms(index).iter().filter(|it| self.oldest_ms <= it.at_ms)
                {
                    series.head.push_histogram(sample);
                }
            }
        }
    }
}

/// Why a series is not taken.
#[derive(Debug, Clone, Copy)]
struct Limit {
    name: &'static str,
    max: usize,
    meaning: &'static str,
}

/// Whether a series that is not active may become so.
fn admit(labels: &Labels, active: usize, options: &Options) -> Result<(), Limit> {
    let bytes_max = options.label_bytes_max;
    if options.series_max <= active {
        let meaning = "no new series is taken while so many are active";
        Err(Limit { name: "series_max", max: options.series_max, meaning })
    } else if labels.is_empty() {
        Err(Limit { name: "labels_min", max: 1, meaning: "a series needs a label" })
    } else if options.labels_max < labels.len() {
        let meaning = "the series has more labels";
        Err(Limit { name: "labels_max", max: options.labels_max, meaning })
    } else if labels.iter().any(|(name, value)| bytes_max < name.len() || bytes_max < value.len()) {
        Err(Limit { name: "label_bytes_max", max: bytes_max, meaning: "a label has more bytes" })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
