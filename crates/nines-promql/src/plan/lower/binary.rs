//! Operators between two values: which values, and which words between them.

use super::{Lowering, grouping};
use crate::parse::ast::{self, BinaryOperator, LabelChoice, Side};
use crate::parse::token::Span;
use crate::parse::wrong;
use crate::plan::{
    Arithmetic, Binary, Cardinality, Comparison, Grouping, Matching, Node, Operator, SetOperator,
    Trim,
};
use crate::{QueryError, ValueType};

impl Lowering<'_> {
    pub(super) fn binary(
        &self,
        it: &ast::Binary,
        span: Span,
        depth: usize,
    ) -> Result<Node, QueryError> {
        let (left, right) = (self.node(&it.left, depth)?, self.node(&it.right, depth)?);
        check_types(it, [&left, &right], span)?;
        let operator = operator(it);
        let matching = matching(&it.matching);
        let place = self.place(span);
        let binary = Binary { operator, left, right, matching, place };
        Ok(Node::Binary(Box::new(binary)))
    }
}

impl Binary {
    /// Whether the result depends on the buckets of histograms.
    pub(super) fn compares_buckets(&self) -> bool {
        matches!(self.operator, Operator::Trim(_) | Operator::Filter(_) | Operator::Test(_))
            && self.left.value_type() == ValueType::Vector
    }
}

fn check_types(it: &ast::Binary, sides: [&Node; 2], span: Span) -> Result<(), QueryError> {
    let refuse = |at: Span, message: String| Err(wrong(at, message).into());
    let types = sides.map(Node::value_type);
    let are_scalars = types == [ValueType::Scalar; 2];
    let are_vectors = types == [ValueType::Vector; 2];
    let name = it.operator.text();
    if it.is_bool && !it.operator.is_comparison() {
        let message = "bool modifier can only be used on comparison operators";
        return refuse(it.operator_span, message.to_owned());
    }
    if it.operator.is_comparison() && !it.is_bool && are_scalars {
        let message = "comparisons between scalars must use BOOL modifier";
        return refuse(it.operator_span, message.to_owned());
    }
    if let (Some(LabelChoice::Only(on)), Some(group)) = (&it.matching.by, &it.matching.group)
        && let Some(label) = group.include.iter().find(|it| on.contains(it))
    {
        let message = format!("label {label:?} must not occur in ON and GROUP clause at once");
        return refuse(it.operator_span, message);
    }
    for (side, found) in [&it.left, &it.right].into_iter().zip(types) {
        if !matches!(found, ValueType::Scalar | ValueType::Vector) {
            let message = "binary expression must contain only scalar and instant vector types";
            return refuse(side.span, message.to_owned());
        }
    }
    if !are_vectors && it.operator.is_set() {
        let message = format!("set operator {name:?} not allowed in binary scalar expression");
        return refuse(span, message);
    }
    if !are_vectors && names_labels(&it.matching) {
        let message = "vector matching only allowed between instant vectors";
        return refuse(span, message.to_owned());
    }
    if it.matching.has_fill() && (!are_vectors || it.operator.is_set()) {
        let message = "filling in missing series is only allowed between instant vectors, and not for set operators";
        return refuse(it.operator_span, message.to_owned());
    }
    if it.operator.is_set() && it.matching.group.is_some() {
        return refuse(span, format!("no grouping allowed for {name:?} operation"));
    }
    let is_trim = matches!(it.operator, BinaryOperator::TrimLower | BinaryOperator::TrimUpper);
    if is_trim && are_scalars {
        return refuse(span, format!("operator {name:?} not allowed for scalar operations"));
    }
    Ok(())
}

fn names_labels(matching: &ast::Matching) -> bool {
    match &matching.by {
        Some(LabelChoice::Only(labels) | LabelChoice::Except(labels)) => !labels.is_empty(),
        None => false,
    }
}

/// The matcher-like words as the evaluator needs them.
fn matching(it: &ast::Matching) -> Matching {
    let (cardinality, include) = match &it.group {
        None => (Cardinality::OneToOne, Vec::new()),
        Some(group) if group.side == Side::Left => (Cardinality::ManyToOne, group.include.clone()),
        Some(group) => (Cardinality::OneToMany, group.include.clone()),
    };
    let by = it.by.as_ref().map_or_else(Grouping::default, grouping);
    Matching { by, cardinality, include, fill_left: it.fill_left, fill_right: it.fill_right }
}

fn operator(it: &ast::Binary) -> Operator {
    let comparison = |of| if it.is_bool { Operator::Test(of) } else { Operator::Filter(of) };
    match it.operator {
        BinaryOperator::Or => Operator::Set(SetOperator::Or),
        BinaryOperator::And => Operator::Set(SetOperator::And),
        BinaryOperator::Unless => Operator::Set(SetOperator::Unless),
        BinaryOperator::Equal => comparison(Comparison::Equal),
        BinaryOperator::NotEqual => comparison(Comparison::NotEqual),
        BinaryOperator::Less => comparison(Comparison::Less),
        BinaryOperator::LessOrEqual => comparison(Comparison::LessOrEqual),
        BinaryOperator::Greater => comparison(Comparison::Greater),
        BinaryOperator::GreaterOrEqual => comparison(Comparison::GreaterOrEqual),
        BinaryOperator::TrimUpper => Operator::Trim(Trim::Upper),
        BinaryOperator::TrimLower => Operator::Trim(Trim::Lower),
        BinaryOperator::Add => Operator::Arithmetic(Arithmetic::Add),
        BinaryOperator::Subtract => Operator::Arithmetic(Arithmetic::Subtract),
        BinaryOperator::Multiply => Operator::Arithmetic(Arithmetic::Multiply),
        BinaryOperator::Divide => Operator::Arithmetic(Arithmetic::Divide),
        BinaryOperator::Modulo => Operator::Arithmetic(Arithmetic::Modulo),
        BinaryOperator::Atan2 => Operator::Arithmetic(Arithmetic::Atan2),
        BinaryOperator::Power => Operator::Arithmetic(Arithmetic::Power),
    }
}

impl Operator {
    /// As it is written.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Arithmetic(Arithmetic::Add) => "+",
            Self::Arithmetic(Arithmetic::Subtract) => "-",
            Self::Arithmetic(Arithmetic::Multiply) => "*",
            Self::Arithmetic(Arithmetic::Divide) => "/",
            Self::Arithmetic(Arithmetic::Modulo) => "%",
            Self::Arithmetic(Arithmetic::Power) => "^",
            Self::Arithmetic(Arithmetic::Atan2) => "atan2",
            Self::Filter(it) | Self::Test(it) => match it {
                Comparison::Equal => "==",
                Comparison::NotEqual => "!=",
                Comparison::Less => "<",
                Comparison::LessOrEqual => "<=",
                Comparison::Greater => ">",
                Comparison::GreaterOrEqual => ">=",
            },
            Self::Set(SetOperator::And) => "and",
            Self::Set(SetOperator::Or) => "or",
            Self::Set(SetOperator::Unless) => "unless",
            Self::Trim(Trim::Upper) => "</",
            Self::Trim(Trim::Lower) => ">/",
        }
    }
}
