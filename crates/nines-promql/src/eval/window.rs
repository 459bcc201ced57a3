//! Functions of range vectors: where each step's window lies in the samples, and what is made of it.

pub(super) mod extended;
mod fold;
mod histograms;
mod rate;
mod series;

use nines_base::Labels;

use super::Evaluator;
use super::column::{Column, Grid, Sink};
use super::run::Run;
use super::select::Samples;
use crate::function::{Fold, WindowFunction};
use crate::plan::{Call, Extent, Node, RangeSelector};
use crate::{QueryError, ValueType, WindowSummary, Windows, WindowsView};

use series::Computation;

/// Endings of counters' names. Source: Prometheus and OpenMetrics naming rules.
const COUNTER_ENDINGS: [&str; 4] = ["_total", "_sum", "_count", "_bucket"];

impl Evaluator<'_> {
    /// A window function series by series.
    pub(super) fn window_function(
        &mut self,
        call: &Call,
        function: WindowFunction,
        grid: &Grid,
        sink: &mut dyn Sink,
    ) -> Result<(), QueryError> {
        let scalars = self.scalar_arguments(call, grid)?;
        let matrix = call.args.iter().position(|it| it.value_type() == ValueType::Matrix);
        let (Some(index), Some(argument)) = (matrix, matrix.and_then(|it| call.args.get(it)))
        else {
            return Err(QueryError::execution("expected a range vector"));
        };
        check_scalars(function, &scalars, call, &mut self.run)?;
        let (windows, extent) = match argument {
            Node::Range(it) => (self.windows_of(it, grid), it.selector.extent),
            Node::Subquery(it) => (self.subquery_windows(it, grid), Extent::Inner),
            _ => return Err(QueryError::execution("expected a range vector")),
        };
        let computation = Computation {
            function,
            windows,
            grid: *grid,
            extent,
            lookback_ms: self.limits.lookback_ms,
            scalars: &scalars,
            place: call.argument_place(index),
            first_place: call.argument_place(0),
        };
        match argument {
            Node::Range(it) if extent == Extent::Inner && answers(function) => {
                self.of_windows(it, &computation, sink)
            }
            Node::Range(it) => self.of_samples(it, &computation, sink),
            Node::Subquery(it) => self.subquery_series(it, grid, |inner, samples, run| {
                let mut column = Column::default();
                column.reset(grid.count);
                column.labels = inner.labels.clone();
                computation.column(samples, &mut column, run)?;
                column.drop_name = inner.drop_name || !function.keeps_name();
                sink.take(&mut column, run)
            }),
            _ => Ok(()),
        }
    }

    /// A series comes as samples, or already as summaries of its windows.
    fn of_windows(
        &mut self,
        it: &RangeSelector,
        computation: &Computation<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), QueryError> {
        let (mut column, buckets) = (Column::default(), it.selector.buckets);
        let Computation { function, windows, .. } = *computation;
        self.visit_windows(&it.selector, &windows, |view, run| {
            run.meter.charge(windows.count)?;
            column.reset(windows.count);
            match view {
                WindowsView::Samples(view) => {
                    column.labels = view.labels.clone();
                    let samples = Samples::of(view, buckets);
                    computation.column(&samples, &mut column, run)?;
                }
                WindowsView::Summaries { labels, windows: summaries } => {
                    column.labels = (*labels).clone();
                    of_summaries(function, &windows, summaries, &mut column.values);
                    if function.expects_counter() && summaries.iter().any(Option::is_some) {
                        computation.remark_gauge(labels, run);
                    }
                }
            }
            column.drop_name = !function.keeps_name();
            sink.take(&mut column, run)
        })
    }

    fn of_samples(
        &mut self,
        it: &RangeSelector,
        computation: &Computation<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), QueryError> {
        let (mut column, buckets) = (Column::default(), it.selector.buckets);
        let (from_ms, to_ms) = computation.extent_ms();
        self.visit(&it.selector, from_ms, to_ms, |view, run| {
            run.meter.charge(computation.grid.count)?;
            column.reset(computation.grid.count);
            column.labels = view.labels.clone();
            let samples = Samples::of(view, buckets);
            computation.column(&samples, &mut column, run)?;
            column.drop_name = !computation.function.keeps_name();
            sink.take(&mut column, run)
        })
    }
}

/// Whether summaries of windows are enough for a function.
fn answers(function: WindowFunction) -> bool {
    matches!(function, WindowFunction::Rate(_) | WindowFunction::Fold(_))
}

/// What is wrong with the scalars is wrong for every series.
fn check_scalars(
    function: WindowFunction,
    scalars: &[Vec<f64>],
    call: &Call,
    run: &mut Run<'_>,
) -> Result<(), QueryError> {
    match function {
        WindowFunction::Smoothing => {
            let names =
                ["smoothing factor. Expected: 0 < sf < 1", "trend factor. Expected: 0 < tf < 1"];
            for (name, factors) in names.iter().zip(scalars) {
                if let Some(factor) = factors.iter().find(|it| **it <= 0.0 || **it >= 1.0) {
                    return Err(QueryError::execution(format!("invalid {name}, got: {factor:.6}")));
                }
            }
        }
        WindowFunction::Quantile => {
            let place = call.argument_place(0);
            scalars.iter().flatten().for_each(|it| run.notes.check_quantile(*it, place));
        }
        _ => {}
    }
    Ok(())
}

/// What summaries of windows say, window by window.
fn of_summaries(
    function: WindowFunction,
    windows: &Windows,
    summaries: &[Option<WindowSummary>],
    values: &mut [f64],
) {
    let fold = match function {
        WindowFunction::Rate(kind) => {
            return rate::growth_of_summaries(kind, windows, summaries, values);
        }
        WindowFunction::Fold(fold) => fold,
        _ => return,
    };
    for (slot, summary) in values.iter_mut().zip(summaries) {
        let Some(it) = summary else { continue };
        *slot = match fold {
            Fold::Sum => it.sum,
            Fold::Avg => it.sum / it.count as f64,
            Fold::Min => it.min,
            Fold::Max => it.max,
            Fold::Count => it.count as f64,
            Fold::Present => 1.0,
            Fold::First => it.first.value,
            Fold::Last => it.last.value,
        };
    }
}

impl Computation<'_> {
    /// Tells the user that a rate is made of what does not look like a counter.
    fn remark_gauge(&self, labels: &Labels, run: &mut Run<'_>) {
        if let Some(name) = labels.metric_name()
            && !COUNTER_ENDINGS.iter().any(|it| name.ends_with(it))
        {
            let name = crate::format::Quoted(name);
            run.notes.info(&format!(
                "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {name}"
            ), self.first_place);
        }
    }
}
