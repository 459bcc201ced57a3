//! Operators between two values. Series are matched by labels once, then combined step by step.

mod element;
mod join;
mod set;

use std::collections::BTreeMap;
use std::sync::Arc;

use nines_base::Labels;

use super::aggregate::group_labels;
use super::column::{ABSENT, Column, Grid, Mapped, Point, Sink, is_absent};
use super::run::Run;
use super::{Columns, Evaluator};
use crate::plan::{Binary, Matching, Operator};
use crate::{QueryError, ValueType};

use element::{Element, Side};

/// Whether one side is a scalar, so that every column of the other stands alone.
pub(super) fn is_streamed(it: &Binary) -> bool {
    let types = [it.left.value_type(), it.right.value_type()];
    types.contains(&ValueType::Scalar) && types.contains(&ValueType::Vector)
}

impl Evaluator<'_> {
    pub(super) fn binary(&mut self, it: &Binary, grid: &Grid) -> Result<Columns, QueryError> {
        if is_streamed(it) {
            let mut collected = super::Collected::default();
            self.stream_with_scalar(it, grid, &mut collected)?;
            return Ok(Columns::Vector(collected.columns));
        }
        let left = self.eval(&it.left, grid)?;
        let right = self.eval(&it.right, grid)?;
        match (left, right) {
            (Columns::Scalar(mut left), Columns::Scalar(right)) => {
                for (left, right) in left.iter_mut().zip(right) {
                    *left = it.operator.of_floats(*left, right).unwrap_or(f64::NAN);
                }
                Ok(Columns::Scalar(left))
            }
            (Columns::Vector(left), Columns::Vector(right)) => {
                let size = left.len().saturating_add(right.len()).saturating_mul(grid.count);
                self.run.meter.work(size)?;
                let matches = Match::of(&it.matching, &left, &right);
                match it.operator {
                    Operator::Set(operator) => {
                        set::apply(operator, &matches, left, right, grid).map(Columns::Vector)
                    }
                    _ => {
                        let joined = join::join(it, &matches, [&left, &right], grid, &mut self.run);
                        joined.map(Columns::Vector)
                    }
                }
            }
            _ => Err(QueryError::execution("operators work between scalars and instant vectors")),
        }
    }

    /// Every column with the scalar of the same step.
    pub(super) fn stream_with_scalar(
        &mut self,
        it: &Binary,
        grid: &Grid,
        sink: &mut dyn Sink,
    ) -> Result<(), QueryError> {
        let (operator, place) = (it.operator, it.place);
        let is_left = it.left.value_type() == ValueType::Scalar;
        let (scalar, vector) = if is_left { (&it.left, &it.right) } else { (&it.right, &it.left) };
        let scalars = self.eval(scalar, grid)?.into_scalar()?;
        let side = if is_left { Side::Right } else { Side::Left };
        let apply = move |column: &mut Column, run: &mut Run<'_>| {
            column.drop_name |= !operator.keeps_name();
            with_scalars(operator, column, &scalars, side);
            if !column.histograms.is_empty() {
                let element = Element { operator, place };
                element.histograms_with_scalars(column, &scalars, side, run);
            }
        };
        self.stream(vector, grid, &mut Mapped { sink, apply })
    }
}

/// Numbers alone; `side` is where the column stands.
fn with_scalars(operator: Operator, column: &mut Column, scalars: &[f64], side: Side) {
    if matches!(operator, Operator::Trim(_)) {
        // Numbers have no buckets to cut; the histograms' turn comes next, with a note.
        return;
    }
    for (value, scalar) in column.values.iter_mut().zip(scalars) {
        if is_absent(*value) {
            continue;
        }
        let (left, right) = match side {
            Side::Left => (*value, *scalar),
            Side::Right => (*scalar, *value),
        };
        *value = match operator {
            // A filter always keeps the vector's value.
            Operator::Filter(it) => {
                if it.holds(left, right) {
                    *value
                } else {
                    ABSENT
                }
            }
            _ => operator.of_floats(left, right).unwrap_or(ABSENT),
        };
    }
}

/// Columns of both sides whose matching labels are the same; positions in their lists.
struct Match {
    labels: Labels,
    left: Vec<usize>,
    right: Vec<usize>,
}

impl Match {
    fn of(matching: &Matching, left: &[Column], right: &[Column]) -> Vec<Self> {
        let mut matches = BTreeMap::<Labels, (Vec<usize>, Vec<usize>)>::new();
        for (index, column) in left.iter().enumerate() {
            matches.entry(group_labels(&matching.by, &column.labels)).or_default().0.push(index);
        }
        for (index, column) in right.iter().enumerate() {
            matches.entry(group_labels(&matching.by, &column.labels)).or_default().1.push(index);
        }
        matches.into_iter().map(|(labels, (left, right))| Self { labels, left, right }).collect()
    }
}

fn histogram_point(it: nines_base::Histogram) -> Point {
    Point::Histogram(Arc::new(it))
}
