//! Two elements and an operator: numbers, histograms, or one of each.

use std::sync::Arc;

use nines_base::{CounterReset, Histogram};

use super::histogram_point;
use crate::eval::column::{Column, Point};
use crate::eval::run::Run;
use crate::format::Quoted;
use crate::histogram::{
    IncompatibleBuckets, added, compacted, divided, is_equal, scaled, subtracted, trim,
};
use crate::notes::Operation;
use crate::place::Place;
use crate::plan::{Arithmetic, Comparison, Operator};

impl Arithmetic {
    #[inline]
    fn apply(self, left: f64, right: f64) -> f64 {
        match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
            Self::Modulo => left % right,
            Self::Power => left.powf(right),
            Self::Atan2 => left.atan2(right),
        }
    }
}

impl Comparison {
    #[expect(clippy::float_cmp, reason = "the language compares exactly")]
    #[inline]
    pub(super) fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

impl Operator {
    /// The value, or `None` where a filter does not hold.
    #[inline]
    pub(super) fn of_floats(self, left: f64, right: f64) -> Option<f64> {
        match self {
            Self::Arithmetic(it) => Some(it.apply(left, right)),
            Self::Filter(it) => it.holds(left, right).then_some(left),
            Self::Test(it) => Some(if it.holds(left, right) { 1.0 } else { 0.0 }),
            Self::Set(_) | Self::Trim(_) => None,
        }
    }
}

/// Where a vector stands beside a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// An operator where histograms may meet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element {
    pub(super) operator: Operator,
    pub(super) place: Place,
}

impl Element {
    /// The value of two elements, if there is one.
    pub(super) fn of(self, left: &Point, right: &Point, run: &mut Run<'_>) -> Option<Point> {
        match (left, right) {
            (Point::Float(left), Point::Float(right)) => {
                if matches!(self.operator, Operator::Trim(_)) {
                    return self.incompatible(left_right("float", "float"), run);
                }
                self.operator.of_floats(*left, *right).map(Point::Float)
            }
            (Point::Float(left), Point::Histogram(right)) => match self.operator {
                Operator::Arithmetic(Arithmetic::Multiply) => Some(multiplied(right, *left)),
                _ => self.incompatible(left_right("float", "histogram"), run),
            },
            (Point::Histogram(left), Point::Float(right)) => match self.operator {
                Operator::Arithmetic(Arithmetic::Multiply) => Some(multiplied(left, *right)),
                Operator::Arithmetic(Arithmetic::Divide) => {
                    Some(histogram_point(compacted(&divided(left, *right))))
                }
                Operator::Trim(it) => Some(histogram_point(trim(left, *right, it))),
                _ => self.incompatible(left_right("histogram", "float"), run),
            },
            (Point::Histogram(one), Point::Histogram(two)) => self.histograms(left, one, two, run),
        }
    }

    fn histograms(
        self,
        left: &Point,
        one: &Histogram,
        two: &Histogram,
        run: &mut Run<'_>,
    ) -> Option<Point> {
        let (found, operation) = match self.operator {
            Operator::Arithmetic(Arithmetic::Add) => (added(one, two), Operation::Addition),
            Operator::Arithmetic(Arithmetic::Subtract) => {
                let gauge = subtracted(one, two).map(|(it, merged)| {
                    (Histogram { counter_reset: CounterReset::Gauge, ..it }, merged)
                });
                (gauge, Operation::Subtraction)
            }
            Operator::Filter(it @ (Comparison::Equal | Comparison::NotEqual)) => {
                let holds = is_equal(one, two) == (it == Comparison::Equal);
                return holds.then(|| left.clone());
            }
            Operator::Test(it @ (Comparison::Equal | Comparison::NotEqual)) => {
                let holds = is_equal(one, two) == (it == Comparison::Equal);
                return Some(Point::Float(if holds { 1.0 } else { 0.0 }));
            }
            _ => return self.incompatible(left_right("histogram", "histogram"), run),
        };
        match found {
            Ok((found, merged)) => {
                run.notes.merged(merged, operation, self.place);
                Some(histogram_point(found))
            }
            Err(IncompatibleBuckets) => {
                let name = self.operator.text();
                run.notes.warn(
                    &format!("incompatible bucket layout encountered for binary operator {name}"),
                    self.place,
                );
                None
            }
        }
    }

    fn incompatible(self, [left, right]: [&str; 2], run: &mut Run<'_>) -> Option<Point> {
        let name = self.operator.text();
        let quoted = Quoted(name);
        run.notes.info(
            &format!(
                "incompatible sample types encountered for binary operator {quoted}: {left} {name} {right}"
            ),
            self.place,
        );
        None
    }

    /// The histograms of a column, each with the scalar of its step.
    pub(super) fn histograms_with_scalars(
        self,
        column: &mut Column,
        scalars: &[f64],
        side: Side,
        run: &mut Run<'_>,
    ) {
        for (index, scalar) in scalars.iter().enumerate() {
            let Some(histogram) = column.histogram(index) else { continue };
            let histogram = Point::Histogram(Arc::clone(histogram));
            let scalar = Point::Float(*scalar);
            let found = match side {
                Side::Left => self.of(&histogram, &scalar, run),
                Side::Right => self.of(&scalar, &histogram, run),
            };
            column.set(index, found);
        }
    }
}

fn left_right<'a>(left: &'a str, right: &'a str) -> [&'a str; 2] {
    [left, right]
}

fn multiplied(histogram: &Histogram, factor: f64) -> Point {
    histogram_point(compacted(&scaled(histogram, factor)))
}
