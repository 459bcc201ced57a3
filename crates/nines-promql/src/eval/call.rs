//! Functions: how each kind gets its arguments.

use nines_base::{Labels, METRIC_NAME, is_stale};

use super::select::labels_of;
use super::{ABSENT, Column, Columns, Evaluator, Grid, map};
use crate::check::Place;
use crate::function::{Clock, Direction, Function, NameRule, Remark, WindowFunction};
use crate::plan::{Call, Node};
use crate::{QueryError, ValueType};

/// Endings of counters' names. Source: Prometheus and OpenMetrics naming rules.
const COUNTER_ENDINGS: [&str; 4] = ["_total", "_sum", "_count", "_bucket"];

impl Evaluator<'_> {
    pub(super) fn call(&mut self, call: &Call, grid: &Grid) -> Result<Columns, QueryError> {
        let vector = |it: Vec<Column>| Ok(Columns::Vector(it));
        match call.function {
            Function::Map(apply) => {
                let columns = self.vector_argument(call, 0, grid)?;
                vector(map(columns, |it| Some(apply(it))))
            }
            Function::MapWith(apply) => {
                let columns = self.vector_argument(call, 0, grid)?;
                let scalars = self.scalar_arguments(call, grid)?;
                vector(map_with(columns, &scalars, apply))
            }
            Function::Calendar(part) if call.args.is_empty() => {
                self.meter.charge(grid.count)?;
                let values = grid.times().map(|it| part(it as f64 / 1e3)).collect();
                vector(vec![Column { labels: Labels::empty(), drop_name: false, values }])
            }
            Function::Calendar(part) => {
                let columns = self.vector_argument(call, 0, grid)?;
                vector(map(columns, |it| Some(part(it))))
            }
            Function::Scalars(apply) => {
                let scalars = self.scalar_arguments(call, grid)?;
                self.meter.charge(grid.count)?;
                let values = (0..grid.count).map(|index| apply(&step_of(&scalars, index)));
                Ok(Columns::Scalar(values.collect()))
            }
            Function::Window(it) => vector(self.window_function(call, it, grid)?),
            Function::Clock(it) => self.clock(it, grid),
            Function::Timestamp => vector(self.timestamp(call, grid)?),
            Function::Vector => {
                let values = self.scalar_argument(call, 0, grid)?;
                vector(vec![Column { labels: Labels::empty(), drop_name: false, values }])
            }
            Function::Scalar => self.scalar_of_vector(call, grid),
            Function::Absent => vector(self.absent(call, grid)?),
            Function::AbsentOverTime => vector(self.absent_over_time(call, grid)?),
            Function::LabelReplace => vector(self.label_replace(call, grid)?),
            Function::LabelJoin => vector(self.label_join(call, grid)?),
            Function::Sort(direction) => vector(self.sort(call, direction, grid)?),
            Function::SortByLabel(direction) => vector(self.sort_by_label(call, direction, grid)?),
            Function::HistogramQuantile => vector(self.histogram_quantile(call, grid)?),
            Function::HistogramQuantiles => vector(self.histogram_quantiles(call, grid)?),
            Function::HistogramFraction => vector(self.histogram_fraction(call, grid)?),
            Function::Info => vector(self.info(call, grid)?),
            Function::OfNativeHistogram => {
                self.vector_argument(call, 0, grid)?;
                vector(Vec::new())
            }
        }
    }

    pub(super) fn vector_argument(
        &mut self,
        call: &Call,
        index: usize,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        self.eval(argument(call, index)?, grid)?.into_vector()
    }

    pub(super) fn scalar_argument(
        &mut self,
        call: &Call,
        index: usize,
        grid: &Grid,
    ) -> Result<Vec<f64>, QueryError> {
        self.eval(argument(call, index)?, grid)?.into_scalar()
    }

    /// Every scalar argument, in order.
    pub(super) fn scalar_arguments(
        &mut self,
        call: &Call,
        grid: &Grid,
    ) -> Result<Vec<Vec<f64>>, QueryError> {
        let scalars = call.args.iter().filter(|it| it.value_type() == ValueType::Scalar);
        scalars.map(|it| self.eval(it, grid)?.into_scalar()).collect()
    }

    fn window_function(
        &mut self,
        call: &Call,
        function: WindowFunction,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        let scalars = self.scalar_arguments(call, grid)?;
        let steps: Vec<_> = (0..grid.count).map(|index| step_of(&scalars, index)).collect();
        if let Some(message) = steps.iter().find_map(|it| (function.refuse)(it)) {
            return Err(QueryError::execution(message));
        }
        if function.remark == Remark::ExpectsQuantile {
            steps
                .iter()
                .filter_map(|it| it.first())
                .for_each(|it| self.notes.check_quantile(*it, call.argument_place(0)));
        }
        let windows = match call.args.iter().find(|it| it.value_type() == ValueType::Matrix) {
            Some(it) => self.windows(it, grid)?,
            None => return Err(QueryError::execution("expected a range vector")),
        };
        let mut columns = Vec::new();
        for series in &windows.series {
            self.meter.charge(grid.count)?;
            let (mut values, mut seen, mut is_empty) = (vec![ABSENT; grid.count], 0, true);
            windows.each(series, grid, |index, window| {
                seen += window.samples.len();
                let value = (function.apply)(window, steps.get(index).map_or(&[], Vec::as_slice));
                if let (Some(slot), Some(value)) = (values.get_mut(index), value) {
                    (*slot, is_empty) = (value, false);
                }
            });
            self.meter.work(seen)?;
            if seen > 0 && function.remark == Remark::ExpectsCounter {
                self.remark_gauge(&series.labels, call.argument_place(0));
            }
            if !is_empty {
                let drop_name = series.drop_name || function.name == NameRule::Drop;
                columns.push(Column { labels: series.labels.clone(), drop_name, values });
            }
        }
        Ok(columns)
    }

    /// Tells the user that a rate is made of what does not look like a counter.
    fn remark_gauge(&mut self, labels: &Labels, place: Option<Place>) {
        if let Some(name) = labels.metric_name()
            && !COUNTER_ENDINGS.iter().any(|it| name.ends_with(it))
        {
            self.notes.info(&format!(
                "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {name:?}"
            ), place);
        }
    }

    fn clock(&mut self, clock: Clock, grid: &Grid) -> Result<Columns, QueryError> {
        let span = self.span;
        let seconds = |it: i64| it as f64 / 1e3;
        self.scalar(grid, |at_ms| {
            seconds(match clock {
                Clock::Time => at_ms,
                Clock::Start => span.start_ms,
                Clock::End => span.end_ms,
                Clock::Step => span.step_ms,
                Clock::Range => span.end_ms.saturating_sub(span.start_ms),
            })
        })
    }

    /// The time of the sample for a plain selector, else the time of the step.
    fn timestamp(&mut self, call: &Call, grid: &Grid) -> Result<Vec<Column>, QueryError> {
        let argument = argument(call, 0)?;
        if let Node::Selector(it) = argument {
            let mut columns = self.select_timestamp(it, grid)?;
            for column in &mut columns {
                column.drop_name = true;
            }
            return Ok(columns);
        }
        let mut columns = self.eval(argument, grid)?.into_vector()?;
        for column in &mut columns {
            column.drop_name = true;
            for (value, at_ms) in column.values.iter_mut().zip(grid.times()) {
                if !is_stale(*value) {
                    *value = at_ms as f64 / 1e3;
                }
            }
        }
        Ok(columns)
    }

    fn scalar_of_vector(&mut self, call: &Call, grid: &Grid) -> Result<Columns, QueryError> {
        let columns = self.vector_argument(call, 0, grid)?;
        self.meter.charge(grid.count)?;
        let only = |index: usize| {
            let mut present =
                columns.iter().filter_map(|it| it.values.get(index)).filter(|it| !is_stale(**it));
            match (present.next(), present.next()) {
                (Some(value), None) => *value,
                _ => f64::NAN,
            }
        };
        Ok(Columns::Scalar((0..grid.count).map(only).collect()))
    }

    fn absent(&mut self, call: &Call, grid: &Grid) -> Result<Vec<Column>, QueryError> {
        let labels = match argument(call, 0)? {
            Node::Selector(it) => labels_of(&it.matchers),
            _ => Labels::empty(),
        };
        let columns = self.vector_argument(call, 0, grid)?;
        self.meter.charge(grid.count)?;
        let mut values = vec![1.0; grid.count];
        for column in &columns {
            for (value, _) in
                values.iter_mut().zip(&column.values).filter(|(_, it)| !is_stale(**it))
            {
                *value = ABSENT;
            }
        }
        Ok(non_empty(labels, values))
    }

    fn absent_over_time(&mut self, call: &Call, grid: &Grid) -> Result<Vec<Column>, QueryError> {
        let argument = argument(call, 0)?;
        let labels = match argument {
            Node::Range(it) => labels_of(&it.selector.matchers),
            _ => Labels::empty(),
        };
        let windows = self.windows(argument, grid)?;
        self.meter.charge(grid.count)?;
        let mut values = vec![1.0; grid.count];
        for series in &windows.series {
            windows.each(series, grid, |index, _| {
                if let Some(slot) = values.get_mut(index) {
                    *slot = ABSENT;
                }
            });
        }
        Ok(non_empty(labels, values))
    }

    fn sort(
        &mut self,
        call: &Call,
        direction: Direction,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        let mut columns = self.vector_argument(call, 0, grid)?;
        if self.warn_unsorted(call) {
            return Ok(columns);
        }
        let value = |it: &Column| it.values.first().copied().unwrap_or(f64::NAN);
        columns.sort_by(|left, right| {
            let (left, right) = (value(left), value(right));
            match (left.is_nan(), right.is_nan(), direction) {
                (false, false, Direction::Ascending) => left.total_cmp(&right),
                (false, false, Direction::Descending) => right.total_cmp(&left),
                // NaN is last either way.
                (left, right, _) => left.cmp(&right),
            }
        });
        Ok(columns)
    }

    /// A range query is always sorted by labels.
    pub(super) fn warn_unsorted(&mut self, call: &Call) -> bool {
        let is_range = self.span.step_ms > 0;
        if is_range {
            self.notes.warn(
                "sort is ineffective for range queries since results are always ordered by labels",
                call.place(),
            );
        }
        is_range
    }
}

pub(super) fn argument(call: &Call, index: usize) -> Result<&Node, QueryError> {
    call.args.get(index).ok_or_else(|| QueryError::execution("an argument is missing"))
}

/// The text of a literal; the type check promises that it is one.
pub(super) fn text_argument(call: &Call, index: usize) -> Result<&str, QueryError> {
    match argument(call, index)? {
        Node::Text(it) => Ok(it),
        _ => Err(QueryError::execution("expected a text")),
    }
}

/// The scalars of one step.
fn step_of(scalars: &[Vec<f64>], index: usize) -> Vec<f64> {
    scalars.iter().map(|it| it.get(index).copied().unwrap_or(f64::NAN)).collect()
}

fn map_with(
    mut columns: Vec<Column>,
    scalars: &[Vec<f64>],
    apply: fn(f64, &[f64]) -> Option<f64>,
) -> Vec<Column> {
    for column in &mut columns {
        column.drop_name = true;
        let present = column.values.iter_mut().enumerate().filter(|(_, it)| !is_stale(**it));
        for (index, value) in present {
            *value = apply(*value, &step_of(scalars, index)).unwrap_or(ABSENT);
        }
    }
    columns
}

fn non_empty(labels: Labels, values: Vec<f64>) -> Vec<Column> {
    let is_empty = values.iter().all(|it| is_stale(*it));
    debug_assert!(labels.get(METRIC_NAME).is_none(), "what is absent has no name");
    if is_empty { Vec::new() } else { vec![Column { labels, drop_name: false, values }] }
}
