//! Lengths of time that may depend on the query's range and step, such as `[step() * 2]`.

use crate::QueryError;
use crate::parse::ast::{DurationExpr, DurationKind, DurationOperator};
use crate::place::Place;

use super::{Node, Selector};

/// What a whole query asks for; `@ start()` and `range()` look at it from inside of subqueries, too.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "a bare number ends in its unit")]
pub(crate) struct QuerySpan {
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    /// 0 for an instant query.
    pub(crate) step_ms: i64,
}

/// A length of time.
#[derive(Debug, Clone)]
pub(crate) enum Length {
    /// Milliseconds.
    Fixed(i64),
    /// Known when the query runs.
    Computed(Box<Computed>),
}

/// An expression and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Computed {
    expr: DurationExpr,
    place: Place,
    sign: SignRule,
}

/// Which results are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignRule {
    Positive,
    Any,
}

impl Length {
    pub(crate) fn new(expr: &DurationExpr, place: Place, sign: SignRule) -> Self {
        match &expr.kind {
            DurationKind::Literal(seconds) => Self::Fixed(to_ms(*seconds)),
            _ => Self::Computed(Box::new(Computed { expr: expr.clone(), place, sign })),
        }
    }

    /// Milliseconds; the plan is resolved before it is evaluated.
    pub(crate) fn ms(&self) -> i64 {
        match self {
            Self::Fixed(it) => *it,
            Self::Computed(_) => 0,
        }
    }

    fn is_computed(&self) -> bool {
        matches!(self, Self::Computed(_))
    }

    fn resolve(&mut self, span: QuerySpan) -> Result<(), QueryError> {
        /// What 64 bits of nanoseconds hold, in seconds.
        const SECONDS_MAX: f64 = 9_223_372_036.0;
        let Self::Computed(it) = self else { return Ok(()) };
        let wrong = |message: &str| QueryError::execution(format!("{}: {message}", it.place));
        let seconds = seconds(&it.expr, span).map_err(wrong)?;
        if seconds <= 0.0 && it.sign == SignRule::Positive {
            return Err(wrong("duration must be greater than 0"));
        }
        if seconds.is_nan() || seconds.abs() > SECONDS_MAX {
            return Err(wrong("duration is out of range"));
        }
        *self = Self::Fixed(to_ms(seconds));
        Ok(())
    }
}

fn to_ms(seconds: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let ns = (seconds * 1e9).round() as i64;
    ns / 1_000_000
}

fn seconds(expr: &DurationExpr, span: QuerySpan) -> Result<f64, &'static str> {
    Ok(match &expr.kind {
        DurationKind::Literal(it) => *it,
        DurationKind::Step => span.step_ms as f64 / 1e3,
        DurationKind::Range => span.end_ms.saturating_sub(span.start_ms) as f64 / 1e3,
        DurationKind::Negate(of) => -seconds(of, span)?,
        DurationKind::Paren(of) => seconds(of, span)?,
        DurationKind::Binary(operator, left, right) => {
            let (left, right) = (seconds(left, span)?, seconds(right, span)?);
            match operator {
                DurationOperator::Add => left + right,
                DurationOperator::Subtract => left - right,
                DurationOperator::Multiply => left * right,
                DurationOperator::Divide if right == 0.0 => return Err("division by zero"),
                DurationOperator::Divide => left / right,
                DurationOperator::Modulo if right == 0.0 => return Err("modulo by zero"),
                DurationOperator::Modulo => left % right,
                DurationOperator::Power => left.powf(right),
                DurationOperator::Min => left.min(right),
                DurationOperator::Max => left.max(right),
            }
        }
    })
}

fn lengths(node: &mut Node) -> Vec<&mut Length> {
    match node {
        Node::Selector(Selector { shift, .. }) => vec![&mut shift.offset],
        Node::Range(it) => vec![&mut it.range, &mut it.selector.shift.offset],
        Node::Subquery(it) => {
            let step = it.step.iter_mut();
            step.chain([&mut it.range, &mut it.shift.offset]).collect()
        }
        _ => Vec::new(),
    }
}

impl Node {
    /// Computes all lengths below for one run of the query.
    pub(crate) fn resolve(&mut self, span: QuerySpan) -> Result<(), QueryError> {
        for length in lengths(self) {
            length.resolve(span)?;
        }
        for child in self.children_mut() {
            child.resolve(span)?;
        }
        Ok(())
    }

    /// Whether there is a length below that has to be computed.
    pub(crate) fn has_computed_lengths(&self) -> bool {
        let own = match self {
            Self::Selector(it) => it.shift.offset.is_computed(),
            Self::Range(it) => it.range.is_computed() || it.selector.shift.offset.is_computed(),
            Self::Subquery(it) => {
                it.range.is_computed()
                    || it.step.as_ref().is_some_and(Length::is_computed)
                    || it.shift.offset.is_computed()
            }
            _ => false,
        };
        own || self.children().into_iter().any(Self::has_computed_lengths)
    }
}

impl std::fmt::Display for Computed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.expr.fmt(f)
    }
}
