//! The tree of a query as it was written, with places. Types are checked later.

use nines_base::{METRIC_NAME, Matcher};

use super::token::{Aggregator, Span};

/// An expression and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) span: Span,
}

#[derive(Debug, Clone)]
pub(crate) enum ExprKind {
    Number(Number),
    Text(Text),
    Paren(Box<Expr>),
    Unary(Sign, Box<Expr>),
    Binary(Box<Binary>),
    Aggregate(Box<Aggregate>),
    Call(Call),
    Vector(Selector),
    Matrix(Selector, DurationExpr),
    Subquery(Box<Subquery>),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Number {
    pub(crate) value: f64,
    /// Written as `5m`.
    pub(crate) is_duration: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Text {
    /// Bytes that are no UTF-8 are replaced.
    pub(crate) value: String,
    /// Whether nothing had to be replaced.
    pub(crate) is_utf8: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Plus,
    Minus,
}

impl Sign {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Binary {
    pub(crate) operator: BinaryOperator,
    pub(crate) operator_span: Span,
    pub(crate) left: Expr,
    pub(crate) right: Expr,
    pub(crate) is_bool: bool,
    pub(crate) matching: Matching,
}

/// In the order of how tightly they bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinaryOperator {
    Or,
    And,
    Unless,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    TrimUpper,
    TrimLower,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Atan2,
    Power,
}

impl BinaryOperator {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Unless => "unless",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::TrimUpper => "</",
            Self::TrimLower => ">/",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
            Self::Atan2 => "atan2",
            Self::Power => "^",
        }
    }

    pub(crate) fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Less
                | Self::LessOrEqual
                | Self::Greater
                | Self::GreaterOrEqual
        )
    }

    pub(crate) fn is_set(self) -> bool {
        matches!(self, Self::Or | Self::And | Self::Unless)
    }
}

/// The words between an operator and its right side.
#[derive(Debug, Clone, Default)]
pub(crate) struct Matching {
    /// `on` or `ignoring`.
    pub(crate) by: Option<LabelChoice>,
    pub(crate) group: Option<Group>,
    pub(crate) fill_left: Option<f64>,
    pub(crate) fill_right: Option<f64>,
}

impl Matching {
    pub(crate) fn has_fill(&self) -> bool {
        self.fill_left.is_some() || self.fill_right.is_some()
    }
}

/// `group_left (…)` or `group_right (…)`.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) side: Side,
    pub(crate) include: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// Labels that count, or labels that do not.
#[derive(Debug, Clone)]
pub(crate) enum LabelChoice {
    /// `by`, `on`
    Only(Vec<String>),
    /// `without`, `ignoring`
    Except(Vec<String>),
}

#[derive(Debug, Clone)]
pub(crate) struct Aggregate {
    pub(crate) operator: Aggregator,
    pub(crate) by: Option<LabelChoice>,
    pub(crate) parameter: Option<Expr>,
    pub(crate) of: Expr,
}

#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) name_span: Span,
    pub(crate) args: Vec<Expr>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Selector {
    /// The name outside of the braces.
    pub(crate) name: Option<String>,
    /// What is in the braces, in order.
    pub(crate) matchers: Vec<Matcher>,
    pub(crate) modifiers: Modifiers,
    pub(crate) extent: Extent,
}

impl Selector {
    /// The name outside of the braces, then the matchers in them.
    pub(crate) fn named_matchers(&self) -> Vec<Matcher> {
        let name = self.name.iter().map(|it| Matcher::equal(METRIC_NAME, it));
        name.chain(self.matchers.iter().cloned()).collect()
    }
}

/// Whether samples around a range count, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Extent {
    /// Only those in it.
    #[default]
    Inner,
    /// The last one before it, too.
    Anchored,
    /// Values at its borders are interpolated.
    Smoothed,
}

/// `offset` and `@`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Modifiers {
    pub(crate) offset: Option<DurationExpr>,
    pub(crate) at: Option<AtTime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtTime {
    Start,
    End,
    /// Milliseconds since the Unix epoch.
    Instant(i64),
}

#[derive(Debug, Clone)]
pub(crate) struct Subquery {
    pub(crate) of: Expr,
    pub(crate) range: DurationExpr,
    pub(crate) step: Option<DurationExpr>,
    pub(crate) modifiers: Modifiers,
}

/// A length of time that may depend on the query's range and step.
#[derive(Debug, Clone)]
pub(crate) struct DurationExpr {
    pub(crate) kind: DurationKind,
    pub(crate) span: Span,
}

#[derive(Debug, Clone)]
pub(crate) enum DurationKind {
    /// Seconds.
    Literal(f64),
    Step,
    Range,
    Negate(Box<DurationExpr>),
    Paren(Box<DurationExpr>),
    Binary(DurationOperator, Box<DurationExpr>, Box<DurationExpr>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DurationOperator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    /// `min_of(a, b)`
    Min,
    /// `max_of(a, b)`
    Max,
}

impl DurationOperator {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
            Self::Power => "^",
            Self::Min => "min_of",
            Self::Max => "max_of",
        }
    }
}
