//! A tree back to text over several lines, as Prometheus' `format_query` lays it out.

use super::ast::{Expr, ExprKind};
use super::print::{AggregateHead, BinaryHead, SubqueryTail};

/// What fits stays on one line.
const COLUMNS_MAX: usize = 100;

/// The text of an expression that begins `level` steps to the right.
pub(super) fn pretty(expr: &Expr, level: usize) -> String {
    let (indent, inner) = ("  ".repeat(level), level + 1);
    let line = expr.to_string();
    let is_leaf = matches!(
        expr.kind,
        ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Vector(_) | ExprKind::Matrix(..)
    );
    // A sign and its operand are never on different lines, so the operand decides.
    let is_unary = matches!(expr.kind, ExprKind::Unary(..));
    if is_leaf || (line.len() <= COLUMNS_MAX && !is_unary) {
        return format!("{indent}{line}");
    }
    match &expr.kind {
        ExprKind::Unary(sign, of) => {
            format!("{indent}{}{}", sign.text(), pretty(of, level).trim())
        }
        ExprKind::Paren(of) => format!("{indent}(\n{}\n{indent})", pretty(of, inner)),
        ExprKind::Binary(it) => {
            let (left, right) = (pretty(&it.left, inner), pretty(&it.right, inner));
            format!("{left}\n{indent}{}\n{right}", BinaryHead(it))
        }
        ExprKind::Aggregate(it) => {
            let args = it.parameter.iter().chain([&it.of]).map(|it| pretty(it, inner));
            let args = args.collect::<Vec<_>>().join(",\n");
            format!("{indent}{}(\n{args}\n{indent})", AggregateHead(it))
        }
        ExprKind::Call(it) => {
            let args: Vec<_> = it.args.iter().map(|it| pretty(it, inner)).collect();
            format!("{indent}{}(\n{}\n{indent})", it.name, args.join(",\n"))
        }
        ExprKind::Subquery(it) => format!("{}{}", pretty(&it.of, level), SubqueryTail(it)),
        ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Vector(_) | ExprKind::Matrix(..) => {
            format!("{indent}{line}")
        }
    }
}
