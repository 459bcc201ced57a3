//! The evaluator: a plan and a source to values.
//!
//! It works in columns. A vector is a list of series, each with one value per step, so labels are grouped and
//! matched once per query and not once per step. Where an operator needs only one series at a time, columns are
//! streamed: one column is in memory, and its buffers are used again for the next.

mod absent;
mod aggregate;
mod binary;
mod call;
mod column;
mod finish;
mod histogram;
mod info;
mod label;
mod run;
mod select;
mod sort;
mod subquery;
mod window;

use std::collections::BTreeMap;
use std::rc::Rc;

use nines_base::{Labels, Sample};

use crate::plan::{At, Node, Operator, QuerySpan, Shift};
use crate::{Answer, QueryError, QueryLimits, SeriesSource, Value, ValueType};

use column::{Collected, Column, Grid, Sink, is_absent};
use run::Run;

/// The value of a node at all steps.
#[derive(Debug, Clone)]
enum Columns {
    Scalar(Vec<f64>),
    Text(String),
    Vector(Vec<Column>),
}

impl Columns {
    /// The type check promises a vector.
    fn into_vector(self) -> Result<Vec<Column>, QueryError> {
        match self {
            Self::Vector(it) => Ok(it),
            _ => Err(QueryError::execution("expected an instant vector")),
        }
    }

    /// The type check promises a scalar.
    fn into_scalar(self) -> Result<Vec<f64>, QueryError> {
        match self {
            Self::Scalar(it) => Ok(it),
            _ => Err(QueryError::execution("expected a scalar")),
        }
    }
}

/// What a shared node was at some steps: its id, and the first step, the distance and the number of steps.
type SharedKey = (usize, i64, i64, usize);

/// One run of one query.
struct Evaluator<'a> {
    source: &'a dyn SeriesSource,
    span: QuerySpan,
    limits: &'a QueryLimits<'a>,
    run: Run<'a>,
    shared: BTreeMap<SharedKey, Rc<[Column]>>,
}

/// Evaluates at one instant.
pub(crate) fn instant(
    root: &Node,
    source: &dyn SeriesSource,
    span: QuerySpan,
    limits: &QueryLimits<'_>,
) -> Result<Answer, QueryError> {
    let at_ms = span.start_ms;
    let grid = Grid { start_ms: at_ms, step_ms: 0, count: 1 };
    let mut evaluator = Evaluator::new(source, span, limits);
    let value = if root.value_type() == ValueType::Matrix {
        evaluator.matrix(root, &grid)?
    } else {
        match evaluator.eval(root, &grid)? {
            Columns::Scalar(it) => {
                let value = it.first().copied().unwrap_or(f64::NAN);
                Value::Scalar(Sample { at_ms, value })
            }
            Columns::Text(value) => Value::String { at_ms, value },
            Columns::Vector(it) => finish::vector(it, at_ms, root)?,
        }
    };
    Ok(evaluator.run.answer(value))
}

/// Evaluates at every step from start to end.
pub(crate) fn range(
    root: &Node,
    source: &dyn SeriesSource,
    span: QuerySpan,
    limits: &QueryLimits<'_>,
) -> Result<Answer, QueryError> {
    let QuerySpan { start_ms, end_ms, step_ms } = span;
    if step_ms <= 0 {
        return Err(QueryError::parse("the step must be greater than zero"));
    }
    if end_ms < start_ms {
        return Err(QueryError::parse("the end must not be before the start"));
    }
    let steps = end_ms.saturating_sub(start_ms) / step_ms;
    let count = usize::try_from(steps).unwrap_or(usize::MAX).saturating_add(1);
    if count > limits.points_max {
        return Err(QueryError::Limit {
            what: "points per series",
            limit: limits.points_max,
            advice: "shorten the range or enlarge the step",
        });
    }
    let grid = Grid { start_ms, step_ms, count };
    let mut evaluator = Evaluator::new(source, span, limits);
    let columns = match root.value_type() {
        ValueType::Scalar | ValueType::Vector => evaluator.eval(root, &grid)?,
        found => {
            let message = format!("a range query needs a scalar or a vector, got a {found}");
            return Err(QueryError::parse(message));
        }
    };
    let columns = match columns {
        Columns::Vector(it) => it,
        Columns::Scalar(values) => vec![Column::of_values(Labels::empty(), values)],
        Columns::Text(_) => Vec::new(),
    };
    let value = finish::matrix(columns, &grid)?;
    Ok(evaluator.run.answer(value))
}

impl<'a> Evaluator<'a> {
    fn new(source: &'a dyn SeriesSource, span: QuerySpan, limits: &'a QueryLimits<'a>) -> Self {
        Self { source, span, limits, run: Run::new(limits), shared: BTreeMap::new() }
    }

    /// Where a shifted selector looks when `at_ms` is evaluated.
    fn look_from(&self, shift: &Shift, at_ms: i64) -> i64 {
        let base = match shift.at {
            None => at_ms,
            Some(At::Start) => self.span.start_ms,
            Some(At::End) => self.span.end_ms,
            Some(At::Instant(it)) => it,
        };
        base.saturating_sub(shift.offset.ms())
    }

    /// The node at all steps; what does not change is evaluated once.
    fn eval(&mut self, node: &Node, grid: &Grid) -> Result<Columns, QueryError> {
        if grid.count == 1 || !node.is_constant() {
            return self.eval_each(node, grid);
        }
        let columns = self.eval_each(node, &grid.first_only())?;
        self.repeat(columns, grid.count)
    }

    fn repeat(&mut self, columns: Columns, count: usize) -> Result<Columns, QueryError> {
        Ok(match columns {
            Columns::Scalar(values) => {
                self.run.meter.charge(count)?;
                Columns::Scalar(vec![values.first().copied().unwrap_or(f64::NAN); count])
            }
            Columns::Text(it) => Columns::Text(it),
            Columns::Vector(mut columns) => {
                self.run.meter.charge(count.saturating_mul(columns.len()))?;
                for column in &mut columns {
                    column.repeat(count);
                }
                Columns::Vector(columns)
            }
        })
    }

    fn eval_each(&mut self, node: &Node, grid: &Grid) -> Result<Columns, QueryError> {
        match node {
            Node::Number(it) => self.scalar(grid, |_| *it),
            Node::Text(it) => Ok(Columns::Text(it.clone())),
            Node::Shared(id, of) => self.shared(*id, of, grid).map(Columns::Vector),
            Node::Binary(it) => self.binary(it, grid),
            Node::Aggregate(it) => self.aggregate(it, grid).map(Columns::Vector),
            Node::Negate(of) if of.value_type() == ValueType::Scalar => {
                let mut values = self.eval(of, grid)?.into_scalar()?;
                for value in &mut values {
                    *value = -*value;
                }
                Ok(Columns::Scalar(values))
            }
            Node::Call(it) if !it.function.is_streamed() => self.call(it, grid),
            Node::Selector(_) | Node::Negate(_) | Node::Call(_) => {
                let mut collected = Collected::default();
                self.stream_each(node, grid, &mut collected)?;
                Ok(Columns::Vector(collected.columns))
            }
            Node::Range(_) | Node::Subquery(_) => {
                Err(QueryError::execution("a range vector needs a function of windows around it"))
            }
        }
    }

    /// The columns of a vector one after the other, where that is possible without having all of them first.
    fn stream(&mut self, node: &Node, grid: &Grid, sink: &mut dyn Sink) -> Result<(), QueryError> {
        if grid.count > 1 && node.is_constant() {
            return self.replay(node, grid, sink);
        }
        self.stream_each(node, grid, sink)
    }

    fn stream_each(
        &mut self,
        node: &Node,
        grid: &Grid,
        sink: &mut dyn Sink,
    ) -> Result<(), QueryError> {
        match node {
            Node::Selector(it) => self.select_instant(it, grid, sink),
            Node::Negate(of) if of.value_type() == ValueType::Vector => {
                self.stream(of, grid, &mut call::negated(sink))
            }
            Node::Binary(it) if binary::is_streamed(it) => self.stream_with_scalar(it, grid, sink),
            Node::Call(it) if it.function.is_streamed() => self.stream_call(it, grid, sink),
            _ => self.replay(node, grid, sink),
        }
    }

    fn replay(&mut self, node: &Node, grid: &Grid, sink: &mut dyn Sink) -> Result<(), QueryError> {
        for mut column in self.eval(node, grid)?.into_vector()? {
            sink.take(&mut column, &mut self.run)?;
        }
        Ok(())
    }

    /// What occurs more than once is evaluated once, unless it has something to say about each occurrence.
    fn shared(&mut self, id: usize, of: &Node, grid: &Grid) -> Result<Vec<Column>, QueryError> {
        let key = (id, grid.start_ms, grid.step_ms, grid.count);
        if let Some(known) = self.shared.get(&key) {
            let columns = known.to_vec();
            self.run.meter.charge(columns.len().saturating_mul(grid.count))?;
            return Ok(columns);
        }
        let noted = self.run.notes.noted();
        let columns = self.eval(of, grid)?.into_vector()?;
        if noted == self.run.notes.noted() {
            self.run.meter.charge(columns.len().saturating_mul(grid.count))?;
            self.shared.insert(key, Rc::from(columns.as_slice()));
        }
        Ok(columns)
    }

    /// One number per step, made from its time.
    fn scalar(&mut self, grid: &Grid, make: impl Fn(i64) -> f64) -> Result<Columns, QueryError> {
        self.run.meter.charge(grid.count)?;
        Ok(Columns::Scalar(grid.times().map(make).collect()))
    }

    /// The samples of a range vector at one instant.
    fn matrix(&mut self, node: &Node, grid: &Grid) -> Result<Value, QueryError> {
        let series = match node {
            Node::Range(it) => self.select_matrix(it, grid)?,
            Node::Subquery(it) => self.subquery_matrix(it, grid)?,
            _ => return Err(QueryError::execution("expected a range vector")),
        };
        finish::window(series)
    }
}

impl Operator {
    fn keeps_name(self) -> bool {
        matches!(self, Self::Filter(_) | Self::Set(_) | Self::Trim(_))
    }
}

#[cfg(test)]
mod tests;
