//! Subqueries: an expression at steps of its own, looked at through windows.

use std::borrow::Cow;
use std::sync::Arc;

use nines_base::{CounterReset, Histogram, HistogramSample, Sample};

use super::Evaluator;
use super::column::{Column, Grid, is_absent};
use super::run::Run;
use super::select::Samples;
use crate::plan::{Length, Subquery};
use crate::{QueryError, SeriesSamples, Windows};

impl Evaluator<'_> {
    /// The windows that a subquery looks through.
    pub(super) fn subquery_windows(&self, it: &Subquery, grid: &Grid) -> Windows {
        let first_end_ms = self.look_from(&it.shift, grid.start_ms);
        let step_ms = if it.shift.at.is_some() { 0 } else { grid.step_ms };
        Windows { first_end_ms, step_ms, count: grid.count, range_ms: it.range.ms() }
    }

    /// Evaluates the inner expression at multiples of its step, and hands out its series as samples.
    pub(super) fn subquery_series(
        &mut self,
        it: &Subquery,
        grid: &Grid,
        mut each: impl FnMut(&Column, &Samples<'_>, &mut Run<'_>) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        let (from_ms, last_ms) = self.subquery_windows(it, grid).extent_ms();
        let step_ms = it.step.as_ref().map_or(self.limits.subquery_step_ms, Length::ms).max(1);
        // The first multiple of the step after the open left border.
        let start_ms =
            from_ms.saturating_sub(1).div_euclid(step_ms).saturating_add(1).saturating_mul(step_ms);
        if start_ms > last_ms {
            return Ok(());
        }
        let count = last_ms.saturating_sub(start_ms) / step_ms + 1;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.run.meter.charge(count)?;
        let inner = Grid { start_ms, step_ms, count };
        for column in self.eval(&it.of, &inner)?.into_vector()? {
            self.run.meter.charge(count)?;
            let samples = samples_of(&column, &inner);
            if !samples.floats.is_empty() || !samples.histograms.is_empty() {
                each(&column, &samples, &mut self.run)?;
            }
        }
        Ok(())
    }

    /// All samples of a subquery at one instant.
    pub(super) fn subquery_matrix(
        &mut self,
        it: &Subquery,
        grid: &Grid,
    ) -> Result<Vec<(Column, SeriesSamples)>, QueryError> {
        let mut series = Vec::new();
        self.subquery_series(it, grid, |column, samples, _| {
            let labels = column.labels.clone();
            let floats = samples.floats.to_vec();
            let histograms = samples.histograms.to_vec();
            let drop_name = column.drop_name;
            let head = Column { labels: labels.clone(), drop_name, ..Column::default() };
            series.push((head, SeriesSamples { labels, samples: floats, histograms }));
            Ok(())
        })?;
        Ok(series)
    }
}

fn samples_of(column: &Column, steps: &Grid) -> Samples<'static> {
    let floats = steps.times().zip(&column.values).filter(|(_, value)| !is_absent(**value));
    let floats = floats.map(|(at_ms, value)| Sample { at_ms, value: *value });
    let histograms = steps.times().zip(&column.histograms).filter_map(|(at_ms, histogram)| {
        Some(HistogramSample { at_ms, histogram: unhinted(histogram.as_ref()?) })
    });
    Samples { floats: Cow::Owned(floats.collect()), histograms: Cow::Owned(histograms.collect()) }
}

/// Steps may skip samples, so what a sample knows of the one before it does not hold between steps.
fn unhinted(it: &Arc<Histogram>) -> Arc<Histogram> {
    match it.counter_reset {
        CounterReset::Gauge | CounterReset::Unknown => Arc::clone(it),
        CounterReset::Reset | CounterReset::NotReset => {
            Arc::new(Histogram { counter_reset: CounterReset::Unknown, ..Histogram::clone(it) })
        }
    }
}
