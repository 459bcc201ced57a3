//! The tree of a query as Prometheus' `parse_query` shows it.

use serde::Serialize;

use nines_base::Matcher;

use crate::ValueType;
use crate::format::Plain;
use crate::function::signature;
use crate::parse::ast::{
    AtTime, DurationExpr, DurationKind, Expr, ExprKind, Extent, LabelChoice, Modifiers, Selector,
    Side,
};

/// One node of the tree; `type` tells them apart.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "names and meanings are those of Prometheus' HTTP API")]
pub enum SyntaxNode {
    Aggregation {
        op: String,
        expr: Box<Self>,
        param: Option<Box<Self>>,
        grouping: Vec<String>,
        without: bool,
    },
    BinaryExpr {
        op: String,
        lhs: Box<Self>,
        rhs: Box<Self>,
        matching: Option<SyntaxMatching>,
        bool: bool,
    },
    Call {
        func: SyntaxFunction,
        args: Vec<Self>,
    },
    MatrixSelector {
        name: String,
        range: i64,
        offset: i64,
        matchers: Vec<SyntaxMatcher>,
        timestamp: Option<i64>,
        start_or_end: Option<String>,
        anchored: bool,
        smoothed: bool,
    },
    Subquery {
        expr: Box<Self>,
        range: i64,
        offset: i64,
        step: i64,
        timestamp: Option<i64>,
        start_or_end: Option<String>,
    },
    NumberLiteral {
        val: String,
    },
    ParenExpr {
        expr: Box<Self>,
    },
    StringLiteral {
        val: String,
    },
    UnaryExpr {
        op: String,
        expr: Box<Self>,
    },
    VectorSelector {
        name: String,
        offset: i64,
        matchers: Vec<SyntaxMatcher>,
        timestamp: Option<i64>,
        start_or_end: Option<String>,
        anchored: bool,
        smoothed: bool,
    },
}

/// How the two sides of an operator find each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SyntaxMatching {
    /// `one-to-one`, `many-to-one`, `one-to-many` or `many-to-many`.
    pub card: String,
    /// Of `on` or `ignoring`.
    pub labels: Vec<String>,
    /// `on` rather than `ignoring`.
    pub on: bool,
    /// Of `group_left` or `group_right`.
    pub include: Vec<String>,
    /// Of `fill`.
    pub fill_values: SyntaxFill,
}

/// What stands for a missing side.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SyntaxFill {
    /// Of the left side.
    pub lhs: Option<f64>,
    /// Of the right side.
    pub rhs: Option<f64>,
}

/// One matcher of a selector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SyntaxMatcher {
    /// Of the label.
    pub name: String,
    /// What it is compared with.
    pub value: String,
    /// `=`, `!=`, `=~` or `!~`.
    #[serde(rename = "type")]
    pub op: String,
}

/// A function with its types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SyntaxFunction {
    /// As it is written.
    pub name: String,
    /// Of its arguments.
    pub arg_types: Vec<String>,
    /// How often the last argument may come; -1 for any number, 0 for exactly as declared.
    pub variadic: i32,
    /// Of its value.
    pub return_type: String,
}

/// The tree of an expression.
pub(crate) fn syntax(expr: &Expr) -> SyntaxNode {
    let boxed = |it: &Expr| Box::new(syntax(it));
    match &expr.kind {
        ExprKind::Number(it) => SyntaxNode::NumberLiteral { val: Plain(it.value).to_string() },
        ExprKind::Text(it) => SyntaxNode::StringLiteral { val: it.value.clone() },
        ExprKind::Paren(of) => SyntaxNode::ParenExpr { expr: boxed(of) },
        ExprKind::Unary(sign, of) => {
            SyntaxNode::UnaryExpr { op: sign.text().to_owned(), expr: boxed(of) }
        }
        ExprKind::Binary(it) => SyntaxNode::BinaryExpr {
            op: it.operator.text().to_owned(),
            lhs: boxed(&it.left),
            rhs: boxed(&it.right),
            matching: matching(it),
            bool: it.is_bool,
        },
        ExprKind::Aggregate(it) => {
            let (grouping, without) = labels(it.by.as_ref());
            SyntaxNode::Aggregation {
                op: it.operator.name().to_owned(),
                expr: boxed(&it.of),
                param: it.parameter.as_ref().map(boxed),
                grouping,
                without,
            }
        }
        ExprKind::Call(it) => SyntaxNode::Call {
            func: function(&it.name),
            args: it.args.iter().map(syntax).collect(),
        },
        ExprKind::Vector(it) => {
            let Times { offset, timestamp, start_or_end } = times(&it.modifiers);
            let (anchored, smoothed) = extent(it);
            let (name, matchers) = (name(it), matchers(it));
            SyntaxNode::VectorSelector {
                name,
                offset,
                matchers,
                timestamp,
                start_or_end,
                anchored,
                smoothed,
            }
        }
        ExprKind::Matrix(it, range) => {
            let Times { offset, timestamp, start_or_end } = times(&it.modifiers);
            let (anchored, smoothed) = extent(it);
            let (name, matchers, range) = (name(it), matchers(it), literal_ms(range));
            SyntaxNode::MatrixSelector {
                name,
                range,
                offset,
                matchers,
                timestamp,
                start_or_end,
                anchored,
                smoothed,
            }
        }
        ExprKind::Subquery(it) => {
            let Times { offset, timestamp, start_or_end } = times(&it.modifiers);
            SyntaxNode::Subquery {
                expr: boxed(&it.of),
                range: literal_ms(&it.range),
                offset,
                step: it.step.as_ref().map_or(0, literal_ms),
                timestamp,
                start_or_end,
            }
        }
    }
}

fn name(it: &Selector) -> String {
    it.name.clone().unwrap_or_default()
}

fn matchers(it: &Selector) -> Vec<SyntaxMatcher> {
    let shown = |it: Matcher| SyntaxMatcher {
        name: it.name().to_owned(),
        value: it.value().to_owned(),
        op: it.op().to_string(),
    };
    // Prometheus puts the name last.
    let mut matchers: Vec<_> = it.named_matchers().into_iter().map(shown).collect();
    if it.name.is_some() {
        matchers.rotate_left(1);
    }
    matchers
}

fn extent(it: &Selector) -> (bool, bool) {
    (it.extent == Extent::Anchored, it.extent == Extent::Smoothed)
}

struct Times {
    offset: i64,
    timestamp: Option<i64>,
    start_or_end: Option<String>,
}

fn times(it: &Modifiers) -> Times {
    let (timestamp, start_or_end) = match it.at {
        None => (None, None),
        Some(AtTime::Start) => (None, Some("start".to_owned())),
        Some(AtTime::End) => (None, Some("end".to_owned())),
        Some(AtTime::Instant(at_ms)) => (Some(at_ms), None),
    };
    Times { offset: it.offset.as_ref().map_or(0, literal_ms), timestamp, start_or_end }
}

/// Milliseconds of a literal; 0 for what is known only when the query runs.
fn literal_ms(it: &DurationExpr) -> i64 {
    match it.kind {
        #[expect(clippy::cast_possible_truncation, reason = "saturates")]
        DurationKind::Literal(seconds) => (seconds * 1e3).round() as i64,
        _ => 0,
    }
}

fn labels(by: Option<&LabelChoice>) -> (Vec<String>, bool) {
    match by {
        None => (Vec::new(), false),
        Some(LabelChoice::Only(it)) => (it.clone(), false),
        Some(LabelChoice::Except(it)) => (it.clone(), true),
    }
}

/// Only vectors are matched.
fn matching(it: &crate::parse::ast::Binary) -> Option<SyntaxMatching> {
    if [&it.left, &it.right].into_iter().any(|it| value_type(it) != ValueType::Vector) {
        return None;
    }
    let (labels, is_except) = labels(it.matching.by.as_ref());
    let group = it.matching.group.as_ref();
    let card = match group.map(|it| it.side) {
        Some(Side::Left) => "many-to-one",
        Some(Side::Right) => "one-to-many",
        None if it.operator.is_set() => "many-to-many",
        None => "one-to-one",
    };
    Some(SyntaxMatching {
        card: card.to_owned(),
        labels,
        on: it.matching.by.is_some() && !is_except,
        include: group.map(|it| it.include.clone()).unwrap_or_default(),
        fill_values: SyntaxFill { lhs: it.matching.fill_left, rhs: it.matching.fill_right },
    })
}

/// The type of a checked expression.
fn value_type(expr: &Expr) -> ValueType {
    match &expr.kind {
        ExprKind::Number(_) => ValueType::Scalar,
        ExprKind::Text(_) => ValueType::String,
        ExprKind::Paren(of) | ExprKind::Unary(_, of) => value_type(of),
        ExprKind::Binary(it) => match (value_type(&it.left), value_type(&it.right)) {
            (ValueType::Scalar, ValueType::Scalar) => ValueType::Scalar,
            _ => ValueType::Vector,
        },
        ExprKind::Aggregate(_) | ExprKind::Vector(_) => ValueType::Vector,
        ExprKind::Call(it) => signature(&it.name).map_or(ValueType::Vector, |it| it.returns),
        ExprKind::Matrix(..) | ExprKind::Subquery(_) => ValueType::Matrix,
    }
}

fn function(name: &str) -> SyntaxFunction {
    let known = signature(name);
    SyntaxFunction {
        name: name.to_owned(),
        arg_types: known.iter().flat_map(|it| it.args).map(ToString::to_string).collect(),
        variadic: known.map_or(0, |it| it.variadic),
        return_type: known.map_or(ValueType::Vector, |it| it.returns).to_string(),
    }
}

#[cfg(test)]
mod tests;
