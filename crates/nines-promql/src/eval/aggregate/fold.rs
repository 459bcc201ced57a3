//! Aggregations that need one column at a time: sums, means, extremes, counts and variances.

use std::sync::Arc;

use nines_base::{CounterReset, Histogram, Labels};

use super::Groups;
use crate::QueryError;
use crate::eval::column::{ABSENT, Column, Sink, is_absent};
use crate::eval::run::Run;
use crate::histogram::{HistogramMean, HistogramSum, IncompatibleBuckets, Merged};
use crate::notes::Operation;
use crate::plan::{Aggregate, AggregateKind};
use crate::statistics::{Mean, Sum, Variance};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sum,
    Avg,
    Min,
    Max,
    Count,
    Group,
    Stddev,
    Stdvar,
}

impl Kind {
    /// `None` for aggregations that have to look at all columns.
    pub(super) fn of(kind: AggregateKind) -> Option<Self> {
        Some(match kind {
            AggregateKind::Sum => Self::Sum,
            AggregateKind::Avg => Self::Avg,
            AggregateKind::Min => Self::Min,
            AggregateKind::Max => Self::Max,
            AggregateKind::Count => Self::Count,
            AggregateKind::Group => Self::Group,
            AggregateKind::Stddev => Self::Stddev,
            AggregateKind::Stdvar => Self::Stdvar,
            _ => return None,
        })
    }
}

/// Takes columns and folds each into its group.
#[derive(Debug)]
pub(super) struct Folding<'a> {
    kind: Kind,
    it: &'a Aggregate,
    steps: usize,
    groups: Groups<'a>,
    folds: Vec<Fold>,
}

impl<'a> Folding<'a> {
    pub(super) fn new(kind: Kind, it: &'a Aggregate, steps: usize) -> Self {
        Self { kind, it, steps, groups: Groups::new(&it.by), folds: Vec::new() }
    }

    pub(super) fn finish(self, run: &mut Run<'_>) -> Vec<Column> {
        let columns = self.folds.into_iter().map(|fold| fold.finish(self.kind, self.it, run));
        columns.filter(|it| !it.is_empty()).collect()
    }
}

impl Sink for Folding<'_> {
    fn take(&mut self, column: &mut Column, run: &mut Run<'_>) -> Result<(), QueryError> {
        if column.is_empty() {
            return Ok(());
        }
        let (position, labels) = self.groups.position(&column.labels);
        if let Some(labels) = labels {
            run.meter.series(position + 1)?;
            run.meter.charge(self.steps)?;
            self.folds.push(Fold::new(self.kind, labels, self.steps));
        }
        run.meter.work(self.steps)?;
        let fold = self.folds.get_mut(position).expect("a position is in the list, or was added");
        fold.add(column);
        if !column.histograms.is_empty() {
            fold.add_histograms(self.kind, self.it, column, run);
        }
        Ok(())
    }
}

/// What numbers of one group were folded into, per step.
#[derive(Debug)]
enum Numbers {
    Sum(Sums),
    Avg(Vec<Mean>),
    Min(Vec<f64>),
    Max(Vec<f64>),
    Count,
    Variance(Vec<Variance>),
}

#[derive(Debug)]
struct Fold {
    labels: Labels,
    drop_name: bool,
    numbers: Numbers,
    /// How many numbers there were at each step, without those of complete columns.
    counts: Vec<u32>,
    /// How many columns had a number at every step.
    complete: u32,
    /// What histograms were folded into; empty, or one place per step.
    histograms: Vec<Option<Box<Histograms>>>,
}

/// Histograms of one group at one step.
#[derive(Debug)]
struct Histograms {
    /// `None` once they cannot be combined.
    folded: Option<Folded>,
    count: u32,
    has_reset: bool,
    has_no_reset: bool,
    is_reconciled: bool,
}

#[derive(Debug)]
enum Folded {
    Sum(HistogramSum),
    Mean(HistogramMean),
    /// They were only counted.
    Counted,
}

impl Fold {
    fn new(kind: Kind, labels: Labels, steps: usize) -> Self {
        let numbers = match kind {
            Kind::Sum => Numbers::Sum(Sums::new(steps)),
            Kind::Avg => Numbers::Avg(vec![Mean::default(); steps]),
            Kind::Min => Numbers::Min(vec![f64::NAN; steps]),
            Kind::Max => Numbers::Max(vec![f64::NAN; steps]),
            Kind::Count | Kind::Group => Numbers::Count,
            Kind::Stddev | Kind::Stdvar => Numbers::Variance(vec![Variance::default(); steps]),
        };
        let counts = vec![0; steps];
        Self { labels, drop_name: false, numbers, counts, complete: 0, histograms: Vec::new() }
    }

    fn add(&mut self, column: &Column) {
        self.drop_name |= column.drop_name;
        let present = |it: &f64| !is_absent(*it);
        // Without an early end, so that several values are looked at at once.
        let is_complete = column.values.iter().fold(true, |all, it| all & present(it));
        if is_complete {
            self.complete += 1;
        } else {
            for (count, value) in self.counts.iter_mut().zip(&column.values) {
                *count += u32::from(present(value));
            }
        }
        match &mut self.numbers {
            Numbers::Sum(sums) if is_complete => sums.add(&column.values),
            Numbers::Sum(sums) => sums.add_present(&column.values),
            Numbers::Avg(means) => {
                for (mean, value) in means.iter_mut().zip(&column.values) {
                    if present(value) {
                        mean.add(*value);
                    }
                }
            }
            Numbers::Min(best) => {
                for (best, value) in best.iter_mut().zip(&column.values) {
                    if present(value) && (*value < *best || best.is_nan()) {
                        *best = *value;
                    }
                }
            }
            Numbers::Max(best) => {
                for (best, value) in best.iter_mut().zip(&column.values) {
                    if present(value) && (*value > *best || best.is_nan()) {
                        *best = *value;
                    }
                }
            }
            Numbers::Count => {}
            Numbers::Variance(variances) => {
                for (variance, value) in variances.iter_mut().zip(&column.values) {
                    if present(value) {
                        variance.add(*value);
                    }
                }
            }
        }
    }

    fn add_histograms(&mut self, kind: Kind, it: &Aggregate, column: &Column, run: &mut Run<'_>) {
        if matches!(kind, Kind::Min | Kind::Max | Kind::Stddev | Kind::Stdvar) {
            if column.histograms.iter().any(Option::is_some) {
                run.notes.ignored_in_group(it.kind.name(), it.places.of);
            }
            return;
        }
        if self.histograms.is_empty() {
            self.histograms.resize_with(self.counts.len(), || None);
        }
        for (slot, histogram) in self.histograms.iter_mut().zip(&column.histograms) {
            let Some(histogram) = histogram else { continue };
            match slot {
                None => *slot = Some(Box::new(Histograms::new(kind, histogram))),
                Some(histograms) => {
                    if histograms.add(histogram).is_err() {
                        let name = column.labels.metric_name().unwrap_or_default();
                        run.notes.mixed_buckets(name, it.places.of);
                    }
                }
            }
        }
    }

    fn finish(mut self, kind: Kind, it: &Aggregate, run: &mut Run<'_>) -> Column {
        self.counts.iter_mut().for_each(|it| *it += self.complete);
        let mut column = Column {
            labels: self.labels,
            drop_name: self.drop_name,
            values: self.numbers.values(kind, &self.counts),
            histograms: Vec::new(),
        };
        for (index, histograms) in self.histograms.into_iter().enumerate() {
            let Some(histograms) = histograms else { continue };
            let numbers = self.counts.get(index).copied().unwrap_or(0);
            match kind {
                Kind::Count => {
                    set(&mut column, index, f64::from(numbers) + f64::from(histograms.count));
                }
                Kind::Group => set(&mut column, index, 1.0),
                _ if numbers > 0 => {
                    run.notes.mixed_group(it.places.of);
                    set(&mut column, index, ABSENT);
                }
                _ => {
                    let point = histograms.finish(it, run);
                    column.set(index, point.map(crate::eval::column::Point::Histogram));
                }
            }
        }
        column
    }
}

fn set(column: &mut Column, index: usize, value: f64) {
    if let Some(slot) = column.values.get_mut(index) {
        *slot = value;
    }
}

impl Numbers {
    fn values(self, kind: Kind, counts: &[u32]) -> Vec<f64> {
        let where_present = |values: &mut dyn Iterator<Item = f64>| {
            let pairs = values.zip(counts);
            pairs.map(|(value, count)| if *count == 0 { ABSENT } else { value }).collect()
        };
        match self {
            Self::Sum(sums) => where_present(&mut sums.totals()),
            Self::Avg(means) => where_present(&mut means.into_iter().map(Mean::value)),
            Self::Min(best) | Self::Max(best) => where_present(&mut best.into_iter()),
            Self::Count if kind == Kind::Group => where_present(&mut counts.iter().map(|_| 1.0)),
            Self::Count => where_present(&mut counts.iter().map(|it| f64::from(*it))),
            Self::Variance(variances) if kind == Kind::Stddev => {
                where_present(&mut variances.into_iter().map(|it| it.value().sqrt()))
            }
            Self::Variance(variances) => {
                where_present(&mut variances.into_iter().map(Variance::value))
            }
        }
    }
}

/// A compensated sum per step. What is lost lies apart, so that several steps are added at once.
#[derive(Debug)]
struct Sums {
    sums: Vec<f64>,
    lost: Vec<f64>,
}

impl Sums {
    fn new(steps: usize) -> Self {
        Self { sums: vec![0.0; steps], lost: vec![0.0; steps] }
    }

    /// Adds a value to every step.
    fn add(&mut self, values: &[f64]) {
        for ((sum, lost), value) in self.sums.iter_mut().zip(&mut self.lost).zip(values) {
            let mut next = Sum::from_parts(*sum, *lost);
            next.add(*value);
            (*sum, *lost) = next.parts();
        }
    }

    /// Adds where there is a value.
    fn add_present(&mut self, values: &[f64]) {
        for ((sum, lost), value) in self.sums.iter_mut().zip(&mut self.lost).zip(values) {
            let mut next = Sum::from_parts(*sum, *lost);
            next.add(*value);
            let (next_sum, next_lost) = next.parts();
            // Both are computed and one is chosen, which is quicker than to branch.
            *sum = if is_absent(*value) { *sum } else { next_sum };
            *lost = if is_absent(*value) { *lost } else { next_lost };
        }
    }

    fn totals(&self) -> impl Iterator<Item = f64> {
        self.sums.iter().zip(&self.lost).map(|(sum, lost)| Sum::from_parts(*sum, *lost).total())
    }
}

impl Histograms {
    fn new(kind: Kind, first: &Histogram) -> Self {
        let folded = match kind {
            Kind::Sum => Folded::Sum(HistogramSum::new(first)),
            Kind::Avg => Folded::Mean(HistogramMean::new(first)),
            _ => Folded::Counted,
        };
        let mut histograms = Self {
            folded: Some(folded),
            count: 1,
            has_reset: false,
            has_no_reset: false,
            is_reconciled: false,
        };
        histograms.see(first);
        histograms
    }

    fn see(&mut self, it: &Histogram) {
        self.has_reset |= it.counter_reset == CounterReset::Reset;
        self.has_no_reset |= it.counter_reset == CounterReset::NotReset;
    }

    fn add(&mut self, it: &Histogram) -> Result<(), IncompatibleBuckets> {
        self.count += 1;
        let merged = match &mut self.folded {
            Some(Folded::Sum(sum)) => sum.add(it),
            Some(Folded::Mean(mean)) => mean.add(it),
            Some(Folded::Counted) | None => return Ok(()),
        };
        match merged {
            Ok(merged) => {
                self.see(it);
                self.is_reconciled |= merged.bounds_reconciled;
                Ok(())
            }
            Err(error) => {
                self.folded = None;
                Err(error)
            }
        }
    }

    fn finish(self, it: &Aggregate, run: &mut Run<'_>) -> Option<Arc<Histogram>> {
        let merged = Merged {
            hints_collide: self.has_reset && self.has_no_reset,
            bounds_reconciled: self.is_reconciled,
        };
        run.notes.merged(merged, Operation::Aggregation, it.places.of);
        match self.folded? {
            Folded::Sum(sum) => Some(Arc::new(sum.total())),
            Folded::Mean(mean) => Some(Arc::new(mean.mean())),
            Folded::Counted => None,
        }
    }
}
