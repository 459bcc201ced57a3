//! What one batch will do: whose each row is, what is refused, and what is new.
//!
//! It must not know the log's files.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU64;

use nines_base::Labels;
use nines_port::{Appended, RefusedSeries};

use super::Rows;
use crate::Options;
use crate::histograms::{BUCKETS_MAX, are_buckets_few};
use crate::keys::Keys;
use crate::postings::SeriesId;
use crate::registry::Registry;
use crate::settle::Timed;
use crate::store::Log;

/// Refused series that one answer names, for each reason.
pub(crate) const REFUSED_NAMED_MAX: usize = 10;
/// Errors of row makers are their own words; so many different ones are told apart.
const REASONS_MAX: usize = 100;

/// What is known of a row's series by its key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    id: Option<SeriesId>,
    wal_ref: Option<NonZeroU64>,
}

/// Looks up all rows before anything else is done: loops this small let the processor wait for many of them at once,
/// and where there are many series each look-up is a wait.
pub(super) fn known_rows(rows: &impl Rows, keys: &Keys, registry: &Registry) -> Vec<Known> {
    let ids =
        (0..rows.len()).map(|index| Known { id: rows.known(index, keys, registry), wal_ref: None });
    let mut known: Vec<Known> = ids.collect();
    for it in &mut known {
        it.wal_ref = it.id.and_then(|id| registry.get(id)).and_then(|it| it.wal_ref);
    }
    known
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
pub(super) struct Plan {
    /// As many as there are rows.
    targets: Vec<Target>,
    /// Series that get a number in the log, counted from `first_ref`.
    new: Vec<New>,
    new_by_labels: HashMap<Labels, u32>,
    first_ref: u64,
    /// Samples before are older than the retention.
    oldest_ms: i64,
    /// What is older belongs into segments.
    settled_ms: i64,
    /// Samples of rows that are older.
    pub(super) late: u64,
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
    pub(super) fn new(first_ref: u64, oldest_ms: i64, settled_ms: i64) -> Self {
        Self {
            targets: Vec::new(),
            new: Vec::new(),
            new_by_labels: HashMap::new(),
            first_ref,
            oldest_ms,
            settled_ms,
            late: 0,
            samples: 0,
            refused: BTreeMap::new(),
        }
    }

    /// Judges one row, and writes what is kept of it into the record.
    pub(super) fn row(
        &mut self,
        index: usize,
        known: Known,
        rows: &impl Rows,
        registry: &Registry,
        log: &mut Log,
        options: &Options,
    ) {
        let (samples, histograms) = (rows.samples(index), rows.histograms(index));
        let kept = self.kept(samples) + self.kept(histograms);
        let labels = || match known.id.and_then(|it| registry.labels(it)) {
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
        let (target, wal_ref) = match (known.id, known.wal_ref) {
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

    /// The series of each row.
    pub(super) fn ids(&self) -> impl Iterator<Item = Option<SeriesId>> {
        self.targets.iter().map(|it| self.id(*it))
    }

    /// How many numbers of the log are taken.
    pub(super) fn new_count(&self) -> u64 {
        self.new.len() as u64
    }

    pub(super) fn samples(&self) -> u64 {
        self.samples
    }

    pub(super) fn into_answer(self) -> Appended {
        let refused = self.refused.into_values().flatten().collect();
        Appended { samples: self.samples, refused }
    }

    fn id(&self, target: Target) -> Option<SeriesId> {
        match target {
            Target::Known(id) => Some(id),
            Target::New(new) => self.new.get(new as usize)?.id,
            Target::Refused => None,
        }
    }

    /// Brings into the heads what the record has.
    pub(super) fn apply(&mut self, rows: &impl Rows, registry: &mut Registry, keys: &mut Keys) {
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
            let samples = rows.samples(index);
            if samples.last().is_some_and(|it| it.at_ms < self.settled_ms) {
                self.late += samples.len() as u64;
            }
            if let Some(series) = registry.get_mut(id) {
                for sample in samples.iter().filter(|it| self.oldest_ms <= it.at_ms) {
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
