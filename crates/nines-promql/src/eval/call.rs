//! Functions: how each kind gets its arguments.

use std::sync::Arc;

use nines_base::{Histogram, Labels};

use super::column::{ABSENT, Column, Grid, Mapped, Sink, is_absent};
use super::run::Run;
use super::{Columns, Evaluator};
use crate::function::{Clock, Function};
use crate::histogram::scaled;
use crate::plan::{Call, Node};
use crate::{QueryError, ValueType};

impl Function {
    /// Whether it makes one column from one column.
    pub(super) fn is_streamed(self) -> bool {
        matches!(
            self,
            Self::Map(_)
                | Self::MapWith(_)
                | Self::OfHistogram(_)
                | Self::Window(_)
                | Self::Timestamp
        )
    }
}

/// Numbers through a function; the results are new measurements, so they lose the name. Histograms are left out.
fn map(column: &mut Column, apply: impl Fn(usize, f64) -> Option<f64>) {
    column.drop_name = true;
    column.histograms.clear();
    for (index, value) in column.values.iter_mut().enumerate() {
        if !is_absent(*value) {
            *value = apply(index, *value).unwrap_or(ABSENT);
        }
    }
}

/// Everything times -1 on its way.
pub(super) fn negated(
    sink: &mut dyn Sink,
) -> Mapped<'_, impl FnMut(&mut Column, &mut Run<'_>) + use<>> {
    Mapped {
        sink,
        apply: |column: &mut Column, _: &mut Run<'_>| {
            let histograms = std::mem::take(&mut column.histograms);
            map(column, |_, it| Some(-it));
            let negated = |it: Arc<Histogram>| Arc::new(scaled(&it, -1.0));
            column.histograms = histograms.into_iter().map(|it| it.map(negated)).collect();
        },
    }
}

impl Evaluator<'_> {
    /// A function of one column after the other.
    pub(super) fn stream_call(
        &mut self,
        call: &Call,
        grid: &Grid,
        sink: &mut dyn Sink,
    ) -> Result<(), QueryError> {
        match call.function {
            Function::Map(apply) => {
                let apply = move |column: &mut Column, _: &mut Run<'_>| {
                    map(column, |_, it| Some(apply(it)));
                };
                self.stream(argument(call, 0)?, grid, &mut Mapped { sink, apply })
            }
            Function::MapWith(apply) => {
                let scalars = self.scalar_arguments(call, grid)?;
                let apply = move |column: &mut Column, _: &mut Run<'_>| {
                    let mut of_step = Vec::with_capacity(scalars.len());
                    column.drop_name = true;
                    column.histograms.clear();
                    for (index, value) in column.values.iter_mut().enumerate() {
                        if is_absent(*value) {
                            continue;
                        }
                        of_step.clear();
                        let scalar = |it: &Vec<f64>| it.get(index).copied().unwrap_or(f64::NAN);
                        of_step.extend(scalars.iter().map(scalar));
                        *value = apply(*value, &of_step).unwrap_or(ABSENT);
                    }
                };
                self.stream(argument(call, 0)?, grid, &mut Mapped { sink, apply })
            }
            Function::OfHistogram(read) => {
                let apply = move |column: &mut Column, _: &mut Run<'_>| {
                    column.drop_name = true;
                    column.values.fill(ABSENT);
                    let histograms = std::mem::take(&mut column.histograms);
                    for (value, histogram) in column.values.iter_mut().zip(histograms) {
                        if let Some(histogram) = histogram {
                            *value = read(&histogram);
                        }
                    }
                };
                self.stream(argument(call, 0)?, grid, &mut Mapped { sink, apply })
            }
            Function::Window(function) => self.window_function(call, function, grid, sink),
            Function::Timestamp => self.timestamp(call, grid, sink),
            _ => Err(QueryError::execution("a function cannot be streamed")),
        }
    }

    /// A function that needs all columns of its argument, or none.
    pub(super) fn call(&mut self, call: &Call, grid: &Grid) -> Result<Columns, QueryError> {
        let vector = |it: Vec<Column>| Ok(Columns::Vector(it));
        match call.function {
            Function::Calendar(part) if call.args.is_empty() => {
                self.run.meter.charge(grid.count)?;
                let values = grid.times().map(|it| part(it as f64 / 1e3)).collect();
                vector(vec![Column::of_values(Labels::empty(), values)])
            }
            Function::Calendar(part) => {
                let mut columns = self.vector_argument(call, 0, grid)?;
                for column in &mut columns {
                    map(column, |_, value| Some(part(value)));
                }
                vector(columns)
            }
            Function::Scalars(apply) => {
                let scalars = self.scalar_arguments(call, grid)?;
                self.run.meter.charge(grid.count)?;
                let values = (0..grid.count).map(|index| apply(&step_of(&scalars, index)));
                Ok(Columns::Scalar(values.collect()))
            }
            Function::Clock(it) => self.clock(it, grid),
            Function::StartTimestamp => {
                self.vector_argument(call, 0, grid)?;
                vector(Vec::new())
            }
            Function::Vector => {
                let values = self.scalar_argument(call, 0, grid)?;
                vector(vec![Column::of_values(Labels::empty(), values)])
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
            Function::Map(_)
            | Function::MapWith(_)
            | Function::OfHistogram(_)
            | Function::Window(_)
            | Function::Timestamp => {
                Err(QueryError::execution("a function of columns must be streamed"))
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
    fn timestamp(
        &mut self,
        call: &Call,
        grid: &Grid,
        sink: &mut dyn Sink,
    ) -> Result<(), QueryError> {
        let argument = argument(call, 0)?.unshared();
        if let Node::Selector(it) = argument {
            let apply = |column: &mut Column, _: &mut Run<'_>| column.drop_name = true;
            return self.select_timestamp(it, grid, &mut Mapped { sink, apply });
        }
        let steps = *grid;
        let apply = move |column: &mut Column, _: &mut Run<'_>| {
            column.drop_name = true;
            let histograms = std::mem::take(&mut column.histograms);
            let is_histogram = |index: usize| histograms.get(index).is_some_and(Option::is_some);
            for (index, (value, at_ms)) in column.values.iter_mut().zip(steps.times()).enumerate() {
                if !is_absent(*value) || is_histogram(index) {
                    *value = at_ms as f64 / 1e3;
                }
            }
        };
        self.stream(argument, grid, &mut Mapped { sink, apply })
    }

    fn scalar_of_vector(&mut self, call: &Call, grid: &Grid) -> Result<Columns, QueryError> {
        let columns = self.vector_argument(call, 0, grid)?;
        self.run.meter.charge(grid.count)?;
        let only = |index: usize| {
            let mut present = columns.iter().filter_map(|it| it.float(index));
            match (present.next(), present.next()) {
                (Some(value), None) => value,
                _ => f64::NAN,
            }
        };
        Ok(Columns::Scalar((0..grid.count).map(only).collect()))
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
