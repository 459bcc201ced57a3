//! Steps, and series with a value per step.

use std::sync::Arc;

use nines_base::{Histogram, Labels, STALE_NAN_BITS, is_stale};

use super::run::Run;
use crate::QueryError;

/// No value at this step. It is the staleness marker, which never is a result.
pub(super) const ABSENT: f64 = f64::from_bits(STALE_NAN_BITS);

/// Whether there is no number at a step.
#[inline]
pub(super) fn is_absent(value: f64) -> bool {
    is_stale(value)
}

/// The steps that are evaluated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    pub(super) start_ms: i64,
    pub(super) step_ms: i64,
    /// At least 1.
    pub(super) count: usize,
}

impl Grid {
    pub(super) fn at(&self, index: usize) -> i64 {
        let index = i64::try_from(index).unwrap_or(i64::MAX);
        self.start_ms.saturating_add(self.step_ms.saturating_mul(index))
    }

    pub(super) fn last(&self) -> i64 {
        self.at(self.count.saturating_sub(1))
    }

    pub(super) fn times(self) -> impl Iterator<Item = i64> {
        (0..self.count).map(move |index| self.at(index))
    }

    pub(super) fn first_only(&self) -> Self {
        Self { count: 1, ..*self }
    }
}

/// A value of one series at one step.
#[derive(Debug, Clone)]
pub(super) enum Point {
    Float(f64),
    Histogram(Arc<Histogram>),
}

/// One series with a value per step.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    pub(super) labels: Labels,
    /// The name is dropped when the query ends; until then labels can still be made from it.
    pub(super) drop_name: bool,
    /// Numbers; [`ABSENT`] where there is none.
    pub(super) values: Vec<f64>,
    /// Native histograms at steps without a number; empty, or one place per step.
    pub(super) histograms: Vec<Option<Arc<Histogram>>>,
}

impl Column {
    pub(super) fn of_values(labels: Labels, values: Vec<f64>) -> Self {
        Self { labels, drop_name: false, values, histograms: Vec::new() }
    }

    /// Nothing at any step, in the buffers that are there.
    pub(super) fn reset(&mut self, count: usize) {
        self.values.clear();
        self.values.resize(count, ABSENT);
        self.histograms.clear();
        self.drop_name = false;
    }

    #[inline]
    pub(super) fn float(&self, index: usize) -> Option<f64> {
        self.values.get(index).copied().filter(|it| !is_absent(*it))
    }

    pub(super) fn histogram(&self, index: usize) -> Option<&Arc<Histogram>> {
        self.histograms.get(index).and_then(Option::as_ref)
    }

    pub(super) fn point(&self, index: usize) -> Option<Point> {
        self.float(index)
            .map(Point::Float)
            .or_else(|| self.histogram(index).map(|it| Point::Histogram(Arc::clone(it))))
    }

    pub(super) fn is_present(&self, index: usize) -> bool {
        self.float(index).is_some() || self.histogram(index).is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.iter().all(|it| is_absent(*it)) && self.histograms.iter().all(Option::is_none)
    }

    pub(super) fn clear(&mut self, index: usize) {
        self.set(index, None);
    }

    pub(super) fn set(&mut self, index: usize, point: Option<Point>) {
        let (value, histogram) = match point {
            None => (ABSENT, None),
            Some(Point::Float(it)) => (it, None),
            Some(Point::Histogram(it)) => (ABSENT, Some(it)),
        };
        if let Some(slot) = self.values.get_mut(index) {
            *slot = value;
        }
        if histogram.is_some() && self.histograms.is_empty() {
            self.histograms.resize(self.values.len(), None);
        }
        if let Some(slot) = self.histograms.get_mut(index) {
            *slot = histogram;
        }
    }

    /// The first step at all steps.
    pub(super) fn repeat(&mut self, count: usize) {
        let first = self.values.first().copied().unwrap_or(ABSENT);
        self.values.clear();
        self.values.resize(count, first);
        if let Some(first) = self.histograms.first().cloned() {
            self.histograms.clear();
            self.histograms.resize(count, first);
        }
    }
}

/// Takes columns one after the other.
pub(super) trait Sink {
    /// What is taken out of the column is missing from it afterwards.
    fn take(&mut self, column: &mut Column, run: &mut Run<'_>) -> Result<(), QueryError>;
}

/// Keeps all columns that are not empty.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) columns: Vec<Column>,
}

impl Sink for Collected {
    fn take(&mut self, column: &mut Column, run: &mut Run<'_>) -> Result<(), QueryError> {
        if !column.is_empty() {
            run.meter.series(self.columns.len() + 1)?;
            self.columns.push(std::mem::take(column));
        }
        Ok(())
    }
}

/// Changes every column on its way.
pub(super) struct Mapped<'s, F> {
    pub(super) sink: &'s mut dyn Sink,
    pub(super) apply: F,
}

impl<F: FnMut(&mut Column, &mut Run<'_>)> Sink for Mapped<'_, F> {
    fn take(&mut self, column: &mut Column, run: &mut Run<'_>) -> Result<(), QueryError> {
        (self.apply)(column, run);
        self.sink.take(column, run)
    }
}
