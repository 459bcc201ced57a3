//! One series: its windows, and the function of each.

use nines_base::{HistogramSample, Sample};

use super::super::column::{Column, Grid, Point};
use super::super::run::Run;
use super::super::select::Samples;
use super::{extended, fold, histograms, rate};
use crate::function::WindowFunction;
use crate::place::Place;
use crate::plan::Extent;
use crate::{QueryError, Windows};

/// A window function with all that it needs besides samples.
pub(in super::super) struct Computation<'a> {
    pub(super) function: WindowFunction,
    pub(super) windows: Windows,
    pub(super) grid: Grid,
    pub(super) extent: Extent,
    pub(super) lookback_ms: i64,
    /// The scalar arguments, each with a value per step.
    pub(super) scalars: &'a [Vec<f64>],
    /// Where the range vector stands.
    pub(super) place: Place,
    /// Where the first argument stands.
    pub(super) first_place: Place,
}

/// The samples of one series in `(start_ms, end_ms]`, or a little more with `anchored` and `smoothed`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window<'a> {
    pub(super) floats: &'a [Sample],
    pub(super) histograms: &'a [HistogramSample],
    pub(super) start_ms: i64,
    pub(super) end_ms: i64,
    /// The step that is evaluated; differs from `end_ms` by `offset` and `@`.
    pub(super) at_ms: i64,
    pub(super) index: usize,
}

/// What a window function may look at besides its window.
pub(super) struct Around<'a, 'b> {
    pub(super) of: &'a Computation<'a>,
    /// Of the series.
    pub(super) name: &'a str,
    pub(super) run: &'a mut Run<'b>,
}

impl Computation<'_> {
    /// The closed range of all samples that any window can see.
    pub(super) fn extent_ms(&self) -> (i64, i64) {
        let (from_ms, to_ms) = self.windows.extent_ms();
        match self.extent {
            Extent::Inner => (from_ms, to_ms),
            Extent::Anchored => (from_ms.saturating_sub(self.lookback_ms), to_ms),
            Extent::Smoothed => {
                (from_ms.saturating_sub(self.lookback_ms), to_ms.saturating_add(self.lookback_ms))
            }
        }
    }

    /// The function of every window of a series; the column's labels are those of the series.
    pub(super) fn column(
        &self,
        samples: &Samples<'_>,
        column: &mut Column,
        run: &mut Run<'_>,
    ) -> Result<(), QueryError> {
        let has_seen = self.column_of(samples, column, run)?;
        if has_seen && self.function.expects_counter() {
            self.remark_gauge(&column.labels, run);
        }
        Ok(())
    }

    /// Says whether any window held a number.
    fn column_of(
        &self,
        samples: &Samples<'_>,
        column: &mut Column,
        run: &mut Run<'_>,
    ) -> Result<bool, QueryError> {
        if samples.histograms.is_empty() && self.extent == Extent::Inner {
            let (floats, windows) = (samples.floats.as_ref(), &self.windows);
            let values = &mut column.values;
            let is_done = match self.function {
                WindowFunction::Rate(it) => {
                    rate::growth_of_series(it, floats, windows, values);
                    true
                }
                WindowFunction::Fold(it) => {
                    fold::fold_of_series(it, floats, windows, values);
                    true
                }
                _ => false,
            };
            if is_done {
                run.meter.work(floats.len())?;
                let from_ms = windows.first_end_ms.saturating_sub(windows.range_ms);
                return Ok(floats.last().is_some_and(|it| it.at_ms > from_ms));
            }
        }
        let mut has_seen = false;
        for window in self.windows(samples) {
            has_seen |= !window.floats.is_empty();
            run.meter.work(window.floats.len() + window.histograms.len())?;
            let name = column.labels.metric_name().unwrap_or_default();
            let mut around = Around { of: self, name, run };
            let point = self.point(&window, &mut around);
            column.set(window.index, point);
        }
        Ok(has_seen)
    }

    /// Windows that hold anything.
    fn windows<'s>(&self, samples: &'s Samples<'_>) -> impl Iterator<Item = Window<'s>> {
        let (floats, hists) = (samples.floats.as_ref(), samples.histograms.as_ref());
        let (before_ms, after_ms) = match self.extent {
            Extent::Inner => (0, 0),
            Extent::Anchored => (self.lookback_ms, 0),
            Extent::Smoothed => (self.lookback_ms, self.lookback_ms),
        };
        let (mut of_floats, mut of_histograms) = ((0, 0), (0, 0));
        let (windows, grid) = (self.windows, self.grid);
        (0..windows.count).filter_map(move |index| {
            let steps = i64::try_from(index).unwrap_or(i64::MAX);
            let end_ms = windows.first_end_ms.saturating_add(windows.step_ms.saturating_mul(steps));
            let start_ms = end_ms.saturating_sub(windows.range_ms);
            let from_ms = start_ms.saturating_sub(before_ms);
            let to_ms = end_ms.saturating_add(after_ms);
            slide(&mut of_floats, |at| floats.get(at).map(|it| it.at_ms), from_ms, to_ms);
            slide(&mut of_histograms, |at| hists.get(at).map(|it| it.at_ms), from_ms, to_ms);
            let floats = floats.get(of_floats.0..of_floats.1).unwrap_or_default();
            let histograms = hists.get(of_histograms.0..of_histograms.1).unwrap_or_default();
            let at_ms = grid.at(index);
            let window = Window { floats, histograms, start_ms, end_ms, at_ms, index };
            (!floats.is_empty() || !histograms.is_empty()).then_some(window)
        })
    }

    fn point(&self, window: &Window<'_>, around: &mut Around<'_, '_>) -> Option<Point> {
        if self.extent != Extent::Inner {
            return extended::point(window, around);
        }
        if window.histograms.is_empty() {
            return fold::of_floats(window, around).map(Point::Float);
        }
        histograms::point(window, around)
    }

    /// A scalar argument at a step.
    pub(super) fn scalar(&self, argument: usize, index: usize) -> f64 {
        let values = self.scalars.get(argument);
        values.and_then(|it| it.get(index)).copied().unwrap_or(f64::NAN)
    }
}

/// Moves a window on; it never goes back.
fn slide(
    (from, to): &mut (usize, usize),
    at_ms: impl Fn(usize) -> Option<i64>,
    from_ms: i64,
    to_ms: i64,
) {
    while at_ms(*from).is_some_and(|it| it <= from_ms) {
        *from += 1;
    }
    *to = (*to).max(*from);
    while at_ms(*to).is_some_and(|it| it <= to_ms) {
        *to += 1;
    }
}
