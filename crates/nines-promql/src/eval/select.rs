//! Selectors: samples to columns and to windows. Each selector reads its data once.

use nines_base::{Labels, METRIC_NAME, Matcher, Sample, is_stale};

use super::{ABSENT, Column, Evaluator, Grid};
use crate::function::Window;
use crate::plan::{RangeSelector, Selector, Shift, Subquery};
use crate::{QueryError, SeriesSamples};

/// How long a value counts after its sample. Source: Prometheus, `--query.lookback-delta`.
const LOOKBACK_MS: i64 = 5 * 60_000;
/// The step of a subquery that names none. Source: Prometheus, `global.evaluation_interval`.
const SUBQUERY_STEP_MS: i64 = 60_000;

/// A range vector at all steps: samples that are read once, and where each step's window lies in them.
pub(super) struct Windows {
    pub(super) series: Vec<WindowSeries>,
    /// Start (exclusive) and end (inclusive) of the window of each step.
    pub(super) bounds: Vec<(i64, i64)>,
}

/// The samples of one series, without staleness markers.
pub(super) struct WindowSeries {
    pub(super) labels: Labels,
    pub(super) drop_name: bool,
    pub(super) samples: Vec<Sample>,
}

impl Windows {
    /// Calls `visit` with the step's index for every window that is not empty.
    pub(super) fn each(
        &self,
        series: &WindowSeries,
        grid: &Grid,
        mut visit: impl FnMut(usize, &Window<'_>),
    ) {
        let (mut from, mut to) = (0, 0);
        for (index, (start_ms, end_ms)) in self.bounds.iter().copied().enumerate() {
            let passed =
                |at: usize, limit: i64| series.samples.get(at).is_some_and(|it| it.at_ms <= limit);
            while passed(from, start_ms) {
                from += 1;
            }
            to = to.max(from);
            while passed(to, end_ms) {
                to += 1;
            }
            if let Some(samples @ [_, ..]) = series.samples.get(from..to) {
                visit(index, &Window { samples, start_ms, end_ms, at_ms: grid.at(index) });
            }
        }
    }
}

impl Evaluator<'_> {
    fn read(
        &mut self,
        matchers: &[Matcher],
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<SeriesSamples>, QueryError> {
        let limits = self.meter.select_limits();
        let found = self.source.select(matchers, from_ms, to_ms, &limits)?;
        self.meter.series(found.len())?;
        self.meter.read(found.len(), found.iter().map(|it| it.samples.len()).sum())?;
        Ok(found)
    }

    /// Reads what a selector can see in its lookback windows from the first to the last step.
    fn read_lookback(
        &mut self,
        it: &Selector,
        grid: &Grid,
    ) -> Result<Vec<SeriesSamples>, QueryError> {
        let first = self.span.look_from(it.shift, grid.start_ms);
        let last = self.span.look_from(it.shift, grid.last());
        self.read(&it.matchers, first.saturating_sub(LOOKBACK_MS).saturating_add(1), last)
    }

    /// The newest value of each series within the lookback.
    pub(super) fn select_instant(
        &mut self,
        it: &Selector,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        self.newest(it, grid, |it| it.value)
    }

    /// As `select_instant`, but with the seconds of the sample's own time.
    pub(super) fn select_timestamp(
        &mut self,
        it: &Selector,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        self.newest(it, grid, |it| it.at_ms as f64 / 1e3)
    }

    fn newest(
        &mut self,
        selector: &Selector,
        grid: &Grid,
        read: fn(&Sample) -> f64,
    ) -> Result<Vec<Column>, QueryError> {
        let found = self.read_lookback(selector, grid)?;
        let (span, shift) = (self.span, selector.shift);
        let mut columns = Vec::new();
        for SeriesSamples { labels, samples, .. } in found {
            self.meter.charge(grid.count)?;
            let (mut next, mut is_empty) = (0, true);
            let values = grid.times().map(|at_ms| {
                let look_ms = span.look_from(shift, at_ms);
                while samples.get(next).is_some_and(|it| it.at_ms <= look_ms) {
                    next += 1;
                }
                match next.checked_sub(1).and_then(|it| samples.get(it)) {
                    Some(it)
                        if it.at_ms > look_ms.saturating_sub(LOOKBACK_MS)
                            && !is_stale(it.value) =>
                    {
                        is_empty = false;
                        read(it)
                    }
                    _ => ABSENT,
                }
            });
            let values = values.collect();
            if !is_empty {
                columns.push(Column { labels, drop_name: false, values });
            }
        }
        Ok(columns)
    }

    fn bounds(
        &mut self,
        shift: Shift,
        range_ms: i64,
        grid: &Grid,
    ) -> Result<Vec<(i64, i64)>, QueryError> {
        self.meter.charge(grid.count)?;
        let span = self.span;
        let bounds = grid.times().map(|at_ms| {
            let end_ms = span.look_from(shift, at_ms);
            (end_ms.saturating_sub(range_ms), end_ms)
        });
        Ok(bounds.collect())
    }

    pub(super) fn select_range(
        &mut self,
        it: &RangeSelector,
        grid: &Grid,
    ) -> Result<Windows, QueryError> {
        let bounds = self.bounds(it.selector.shift, it.range_ms, grid)?;
        let (first_ms, last_ms) = outer(&bounds);
        let found = self.read(&it.selector.matchers, first_ms.saturating_add(1), last_ms)?;
        let series = found.into_iter().map(|SeriesSamples { labels, mut samples, .. }| {
            samples.retain(|it| !is_stale(it.value));
            WindowSeries { labels, drop_name: false, samples }
        });
        Ok(Windows { series: series.filter(|it| !it.samples.is_empty()).collect(), bounds })
    }

    /// Evaluates the inner expression at multiples of its step, and looks at that through windows.
    pub(super) fn subquery(&mut self, it: &Subquery, grid: &Grid) -> Result<Windows, QueryError> {
        let bounds = self.bounds(it.shift, it.range_ms, grid)?;
        let (first_ms, last_ms) = outer(&bounds);
        let step_ms = it.step_ms.unwrap_or(SUBQUERY_STEP_MS);
        // The first multiple of the step after the open left border.
        let start_ms = first_ms.div_euclid(step_ms).saturating_add(1).saturating_mul(step_ms);
        if start_ms > last_ms {
            return Ok(Windows { series: Vec::new(), bounds });
        }
        let count = last_ms.saturating_sub(start_ms) / step_ms + 1;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.meter.charge(count)?;
        let inner = Grid { start_ms, step_ms, count };
        let columns = self.eval(&it.of, &inner)?.into_vector()?;
        let mut series = Vec::with_capacity(columns.len());
        for column in columns {
            self.meter.charge(count)?;
            let present = inner.times().zip(column.values).filter(|(_, value)| !is_stale(*value));
            let samples: Vec<_> = present.map(|(at_ms, value)| Sample { at_ms, value }).collect();
            if !samples.is_empty() {
                series.push(WindowSeries {
                    labels: column.labels,
                    drop_name: column.drop_name,
                    samples,
                });
            }
        }
        Ok(Windows { series, bounds })
    }
}

/// From the first window's start to the last window's end; bounds never go back.
fn outer(bounds: &[(i64, i64)]) -> (i64, i64) {
    let first_ms = bounds.first().map_or(0, |it| it.0);
    let last_ms = bounds.last().map_or(0, |it| it.1);
    (first_ms, last_ms)
}

/// The labels that `absent` can promise: those that are matched by exactly one `=`.
pub(super) fn labels_of(matchers: &[Matcher]) -> Labels {
    use nines_base::MatchOp;
    let is_single = |it: &&Matcher| {
        it.op() == MatchOp::Equal
            && matchers.iter().filter(|other| other.name() == it.name()).count() == 1
    };
    let named = matchers.iter().filter(|it| it.name() != METRIC_NAME).filter(is_single);
    let pairs = named.map(|it| (it.name(), it.value()));
    Labels::new(pairs).unwrap_or_default()
}
