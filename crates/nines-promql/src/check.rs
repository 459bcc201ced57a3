//! Text to checked query, and to the other things that a text can become.

use nines_base::Matcher;

use crate::parse::ast::{Expr, ExprKind};
use crate::parse::{self, refuse_match_all, wrong};
use crate::plan::lower::lower;
use crate::syntax::{SyntaxNode, syntax};
use crate::{Query, QueryError};

/// Parses and type-checks a query.
///
/// # Errors
/// [`QueryError::Parse`] for everything that is not a query, names an unknown function, or is nested too deep.
pub fn check(query: &str) -> Result<Query, QueryError> {
    let root = lower(query, &parse::parse(query)?)?;
    Ok(Query::new(query, root))
}

/// Reads a series selector such as `http_requests_total{code=~"5.."}`; the name becomes a matcher of `__name__`.
///
/// # Errors
/// [`QueryError::Parse`] for everything else, selectors with a range, `offset` or `@` included.
pub fn parse_selector(text: &str) -> Result<Vec<Matcher>, QueryError> {
    let expr = parse::parse(text)?;
    match &expr.kind {
        ExprKind::Vector(it)
            if it.modifiers.offset.is_none()
                && it.modifiers.at.is_none()
                && it.extent == parse::ast::Extent::Inner =>
        {
            refuse_match_all(it, expr.span)?;
            Ok(it.named_matchers())
        }
        _ => {
            let message = "expected a series selector such as `up{job=\"shop\"}`";
            Err(wrong(expr.span, message).into())
        }
    }
}

/// The query over several lines where one would be longer than 100 columns, as Prometheus lays it out.
///
/// # Errors
/// As [`check`].
pub fn format_query(query: &str) -> Result<String, QueryError> {
    Ok(parse::pretty(&checked(query)?))
}

/// The tree of the query, in the shape of Prometheus' `parse_query`.
///
/// # Errors
/// As [`check`].
pub fn parse_query(query: &str) -> Result<SyntaxNode, QueryError> {
    Ok(syntax(&checked(query)?))
}

fn checked(query: &str) -> Result<Expr, QueryError> {
    let expr = parse::parse(query)?;
    lower(query, &expr)?;
    Ok(expr)
}

/// Feeds bytes from a fuzzer to everything that reads a text.
///
/// # Panics
/// What was printed is not read back as the same.
pub fn fuzz(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(expr) = parse::parse(text) {
        let printed = expr.to_string();
        let again = parse::parse(&printed).map(|it| it.to_string());
        assert_eq!(again.as_deref(), Ok(printed.as_str()), "printed from {text:?}");
        let laid_out = parse::parse(&parse::pretty(&expr)).map(|it| it.to_string());
        assert_eq!(laid_out.as_deref(), Ok(printed.as_str()), "laid out from {text:?}");
    }
    if let Ok(query) = check(text) {
        drop((query.explain(), query.selectors()));
        let tree = parse_query(text);
        assert!(tree.is_ok(), "a query has a tree: {text:?}");
    }
    if let Err(error) = check(text) {
        drop(error.located(text));
    }
}

#[cfg(test)]
mod tests;
