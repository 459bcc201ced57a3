//! The evaluator: a plan and a source to values.
//!
//! It works in columns. A vector is a list of series, each with one value per step, so labels are grouped and
//! matched once per query and not once per step. A missing value is the staleness marker, which never is a result.

mod aggregate;
mod binary;
mod call;
mod finish;
mod histogram;
mod info;
mod label;
mod select;

use nines_base::{Labels, STALE_NAN_BITS, Sample, is_stale};

use crate::limits::Meter;
use crate::notes::Notes;
use crate::plan::{At, Node, Shift};
use crate::{Answer, QueryError, QueryLimits, SeriesSource, Value, ValueType};

/// No value at this step.
const ABSENT: f64 = f64::from_bits(STALE_NAN_BITS);

/// The steps that are evaluated.
#[derive(Debug, Clone, Copy)]
struct Grid {
    start_ms: i64,
    step_ms: i64,
    /// At least 1.
    count: usize,
}

impl Grid {
    fn at(&self, index: usize) -> i64 {
        let index = i64::try_from(index).unwrap_or(i64::MAX);
        self.start_ms.saturating_add(self.step_ms.saturating_mul(index))
    }

    fn last(&self) -> i64 {
        self.at(self.count.saturating_sub(1))
    }

    fn times(self) -> impl Iterator<Item = i64> {
        (0..self.count).map(move |index| self.at(index))
    }

    fn first_only(&self) -> Self {
        Self { count: 1, ..*self }
    }
}

/// One series with a value per step.
#[derive(Debug, Clone)]
struct Column {
    labels: Labels,
    /// The name is dropped when the query ends; until then labels can still be made from it.
    drop_name: bool,
    values: Vec<f64>,
}

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

/// What the whole query asks for; `@ start()` and `range()` look at it from inside of subqueries, too.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "a bare number ends in its unit")]
struct Span {
    start_ms: i64,
    end_ms: i64,
    step_ms: i64,
}

impl Span {
    /// Where a shifted selector looks when `at_ms` is evaluated.
    fn look_from(&self, shift: Shift, at_ms: i64) -> i64 {
        let base = match shift.at {
            None => at_ms,
            Some(At::Start) => self.start_ms,
            Some(At::End) => self.end_ms,
            Some(At::Instant(it)) => it,
        };
        base.saturating_sub(shift.offset_ms)
    }
}

/// One run of one query.
struct Evaluator<'a> {
    source: &'a dyn SeriesSource,
    span: Span,
    meter: Meter<'a>,
    notes: Notes,
}

/// Evaluates at one instant.
pub(crate) fn instant(
    root: &Node,
    source: &dyn SeriesSource,
    at_ms: i64,
    limits: &QueryLimits<'_>,
) -> Result<Answer, QueryError> {
    let span = Span { start_ms: at_ms, end_ms: at_ms, step_ms: 0 };
    let grid = Grid { start_ms: at_ms, step_ms: 0, count: 1 };
    let mut evaluator = Evaluator::new(source, span, limits);
    let value = if root.value_type() == ValueType::Matrix {
        let windows = evaluator.windows(root, &grid)?;
        finish::window(windows)?
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
    Ok(evaluator.answer(value))
}

/// Evaluates at every step from start to end.
pub(crate) fn range(
    root: &Node,
    source: &dyn SeriesSource,
    (start_ms, end_ms, step_ms): (i64, i64, i64),
    limits: &QueryLimits<'_>,
) -> Result<Answer, QueryError> {
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
    let mut evaluator = Evaluator::new(source, Span { start_ms, end_ms, step_ms }, limits);
    let columns = match root.value_type() {
        ValueType::Scalar | ValueType::Vector => evaluator.eval(root, &grid)?,
        found => {
            let message = format!("a range query needs a scalar or a vector, got a {found}");
            return Err(QueryError::parse(message));
        }
    };
    let columns = match columns {
        Columns::Vector(it) => it,
        Columns::Scalar(values) => {
            vec![Column { labels: Labels::empty(), drop_name: false, values }]
        }
        Columns::Text(_) => Vec::new(),
    };
    Ok(evaluator.answer(finish::matrix(columns, &grid)?))
}

impl<'a> Evaluator<'a> {
    fn new(source: &'a dyn SeriesSource, span: Span, limits: &'a QueryLimits<'a>) -> Self {
        Self { source, span, meter: Meter::new(limits), notes: Notes::default() }
    }

    fn answer(self, value: Value) -> Answer {
        let (series_read, samples_read) = (self.meter.series_read, self.meter.samples_read);
        let (warnings, infos) = self.notes.into_parts();
        Answer { value, warnings, infos, series_read, samples_read }
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
        let repeated = |values: &[f64]| vec![values.first().copied().unwrap_or(ABSENT); count];
        Ok(match columns {
            Columns::Scalar(values) => {
                self.meter.charge(count)?;
                Columns::Scalar(repeated(&values))
            }
            Columns::Text(it) => Columns::Text(it),
            Columns::Vector(mut columns) => {
                self.meter.charge(count.saturating_mul(columns.len()))?;
                for column in &mut columns {
                    column.values = repeated(&column.values);
                }
                Columns::Vector(columns)
            }
        })
    }

    fn eval_each(&mut self, node: &Node, grid: &Grid) -> Result<Columns, QueryError> {
        match node {
            Node::Number(it) => self.scalar(grid, |_| *it),
            Node::Text(it) => Ok(Columns::Text(it.clone())),
            Node::Selector(it) => self.select_instant(it, grid).map(Columns::Vector),
            Node::Negate(of) => self.negate(of, grid),
            Node::Binary(it) => self.binary(it, grid),
            Node::Aggregate(it) => self.aggregate(it, grid).map(Columns::Vector),
            Node::Call(it) => self.call(it, grid),
            Node::Range(_) | Node::Subquery(_) => {
                Err(QueryError::execution("a range vector needs a function of windows around it"))
            }
        }
    }

    /// One number per step, made from its time.
    fn scalar(&mut self, grid: &Grid, make: impl Fn(i64) -> f64) -> Result<Columns, QueryError> {
        self.meter.charge(grid.count)?;
        Ok(Columns::Scalar(grid.times().map(make).collect()))
    }

    fn negate(&mut self, of: &Node, grid: &Grid) -> Result<Columns, QueryError> {
        Ok(match self.eval(of, grid)? {
            Columns::Scalar(mut values) => {
                for value in &mut values {
                    *value = -*value;
                }
                Columns::Scalar(values)
            }
            Columns::Vector(columns) => Columns::Vector(map(columns, |it| Some(-it))),
            Columns::Text(it) => Columns::Text(it),
        })
    }

    /// The windows of a range vector; the type check promises that it is one.
    fn windows(&mut self, node: &Node, grid: &Grid) -> Result<select::Windows, QueryError> {
        match node {
            Node::Range(it) => self.select_range(it, grid),
            Node::Subquery(it) => self.subquery(it, grid),
            _ => Err(QueryError::execution("expected a range vector")),
        }
    }
}

/// Every value through a function; the results are new measurements, so they lose the name.
fn map(mut columns: Vec<Column>, apply: impl Fn(f64) -> Option<f64>) -> Vec<Column> {
    for column in &mut columns {
        column.drop_name = true;
        for value in column.values.iter_mut().filter(|it| !is_stale(**it)) {
            *value = apply(*value).unwrap_or(ABSENT);
        }
    }
    columns
}

#[cfg(test)]
mod tests;
