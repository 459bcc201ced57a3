//! The checked plan: what the evaluator walks. Every node's types were checked when it was made.

pub(crate) mod explain;
mod length;
pub(crate) mod lower;
pub(crate) mod share;

use nines_base::Matcher;

use crate::ValueType;
use crate::function::Function;
use crate::place::Place;

pub(crate) use crate::parse::ast::Extent;
pub(crate) use crate::parse::token::Aggregator as AggregateKind;
pub(crate) use length::{Length, QuerySpan};

/// One operator with its operands.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Number(f64),
    Text(String),
    /// An instant vector of stored series.
    Selector(Selector),
    /// A range vector of stored series.
    Range(RangeSelector),
    /// A range vector of computed series.
    Subquery(Box<Subquery>),
    Negate(Box<Self>),
    Binary(Box<Binary>),
    Aggregate(Box<Aggregate>),
    Call(Box<Call>),
    /// Occurs more than once in the query; equal ids are equal plans.
    Shared(usize, Box<Self>),
}

/// Which series, seen from when.
#[derive(Debug, Clone)]
pub(crate) struct Selector {
    pub(crate) matchers: Vec<Matcher>,
    pub(crate) shift: Shift,
    pub(crate) extent: Extent,
    pub(crate) buckets: Buckets,
    pub(crate) place: Place,
}

/// Whether the buckets of native histograms are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Buckets {
    Needed,
    /// Only counts and sums are; so counter resets are detected while reading.
    Ignored,
}

/// A selector that keeps the samples of a window.
#[derive(Debug, Clone)]
pub(crate) struct RangeSelector {
    pub(crate) selector: Selector,
    pub(crate) range: Length,
}

/// An expression that is evaluated at steps of its own.
#[derive(Debug, Clone)]
pub(crate) struct Subquery {
    pub(crate) of: Node,
    pub(crate) range: Length,
    /// `None` is the default resolution.
    pub(crate) step: Option<Length>,
    pub(crate) shift: Shift,
}

/// `offset` and `@`.
#[derive(Debug, Clone)]
pub(crate) struct Shift {
    pub(crate) offset: Length,
    pub(crate) at: Option<At>,
}

pub(crate) use crate::parse::ast::AtTime as At;

/// An operator between two values.
#[derive(Debug, Clone)]
pub(crate) struct Binary {
    pub(crate) operator: Operator,
    pub(crate) left: Node,
    pub(crate) right: Node,
    pub(crate) matching: Matching,
    pub(crate) place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Arithmetic(Arithmetic),
    /// Keeps the left side where the condition holds.
    Filter(Comparison),
    /// 1 where the condition holds, else 0.
    Test(Comparison),
    Set(SetOperator),
    /// Keeps the part of a histogram on one side of a number.
    Trim(Trim),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Atan2,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetOperator {
    And,
    Or,
    Unless,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trim {
    /// `</` keeps what is below.
    Upper,
    /// `>/` keeps what is above.
    Lower,
}

/// Which elements of two vectors belong together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Matching {
    pub(crate) by: Grouping,
    pub(crate) cardinality: Cardinality,
    /// Labels that are taken from the "one" side.
    pub(crate) include: Vec<String>,
    /// What stands for a left element that is missing.
    pub(crate) fill_left: Option<f64>,
    /// What stands for a right element that is missing.
    pub(crate) fill_right: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Cardinality {
    #[default]
    OneToOne,
    /// `group_left`
    ManyToOne,
    /// `group_right`
    OneToMany,
}

/// A choice of labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Grouping {
    /// `by` and `on`.
    Only(Vec<String>),
    /// `without` and `ignoring`; the metric name is always among the ignored.
    Except(Vec<String>),
}

impl Default for Grouping {
    fn default() -> Self {
        Self::Except(Vec::new())
    }
}

/// Many series to one.
#[derive(Debug, Clone)]
pub(crate) struct Aggregate {
    pub(crate) kind: AggregateKind,
    pub(crate) by: Grouping,
    pub(crate) of: Node,
    /// The number or text before the vector.
    pub(crate) parameter: Option<Node>,
    pub(crate) places: AggregatePlaces,
}

/// Where an aggregation, its vector and its parameter stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AggregatePlaces {
    pub(crate) own: Place,
    pub(crate) of: Place,
    pub(crate) parameter: Place,
}

/// A function and its arguments, whose number and types fit.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) function: Function,
    pub(crate) args: Vec<Node>,
    pub(crate) place: Place,
    pub(crate) arg_places: Vec<Place>,
}

impl Call {
    /// Where an argument stands; where the call does, if there is none.
    pub(crate) fn argument_place(&self, index: usize) -> Place {
        self.arg_places.get(index).copied().unwrap_or(self.place)
    }
}

impl Node {
    /// The type of the node's value.
    pub(crate) fn value_type(&self) -> ValueType {
        match self {
            Self::Number(_) => ValueType::Scalar,
            Self::Text(_) => ValueType::String,
            Self::Selector(_) | Self::Aggregate(_) => ValueType::Vector,
            Self::Range(_) | Self::Subquery(_) => ValueType::Matrix,
            Self::Negate(of) | Self::Shared(_, of) => of.value_type(),
            Self::Binary(it) => match (it.left.value_type(), it.right.value_type()) {
                (ValueType::Scalar, ValueType::Scalar) => ValueType::Scalar,
                _ => ValueType::Vector,
            },
            Self::Call(it) => it.function.value_type(),
        }
    }

    /// Whether the value is the same at every step, so that one step is enough.
    pub(crate) fn is_constant(&self) -> bool {
        match self {
            Self::Number(_) | Self::Text(_) => true,
            Self::Selector(it) => it.shift.at.is_some(),
            Self::Range(it) => it.selector.shift.at.is_some(),
            Self::Subquery(it) => it.shift.at.is_some(),
            Self::Negate(of) | Self::Shared(_, of) => of.is_constant(),
            Self::Binary(it) => it.left.is_constant() && it.right.is_constant(),
            Self::Aggregate(it) => {
                it.of.is_constant() && it.parameter.as_ref().is_none_or(Self::is_constant)
            }
            Self::Call(it) => {
                !it.function.depends_on_time(it.args.first())
                    && it.args.iter().all(Self::is_constant)
            }
        }
    }

    /// The operands, left to right.
    pub(crate) fn children(&self) -> Vec<&Self> {
        match self {
            Self::Number(_) | Self::Text(_) | Self::Selector(_) | Self::Range(_) => Vec::new(),
            Self::Subquery(it) => vec![&it.of],
            Self::Negate(of) | Self::Shared(_, of) => vec![of],
            Self::Binary(it) => vec![&it.left, &it.right],
            Self::Aggregate(it) => it.parameter.iter().chain([&it.of]).collect(),
            Self::Call(it) => it.args.iter().collect(),
        }
    }

    /// The operands, left to right.
    pub(crate) fn children_mut(&mut self) -> Vec<&mut Self> {
        match self {
            Self::Number(_) | Self::Text(_) | Self::Selector(_) | Self::Range(_) => Vec::new(),
            Self::Subquery(it) => vec![&mut it.of],
            Self::Negate(of) | Self::Shared(_, of) => vec![of],
            Self::Binary(it) => vec![&mut it.left, &mut it.right],
            Self::Aggregate(it) => it.parameter.iter_mut().chain([&mut it.of]).collect(),
            Self::Call(it) => it.args.iter_mut().collect(),
        }
    }

    /// The node without the mark that it is shared.
    pub(crate) fn unshared(&self) -> &Self {
        match self {
            Self::Shared(_, of) => of.unshared(),
            _ => self,
        }
    }

    /// Adds the matchers of every selector below, in the order of the text.
    pub(crate) fn collect_selectors(&self, found: &mut Vec<Vec<Matcher>>) {
        match self {
            Self::Selector(it) => found.push(it.matchers.clone()),
            Self::Range(it) => found.push(it.selector.matchers.clone()),
            _ => self.children().into_iter().for_each(|it| it.collect_selectors(found)),
        }
    }
}
