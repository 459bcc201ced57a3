//! The language: text to tree and back. It knows no types and no functions.

pub(crate) mod ast;
mod cursor;
mod expression;
mod lex;
mod literal;
mod pretty;
mod print;
mod selector;
pub(crate) mod token;

use ast::Expr;
use cursor::{Cursor, Parsed};
use token::Kind;

pub(crate) use cursor::{SyntaxError, wrong};
pub(crate) use selector::refuse_match_all;

/// The longest text of a query.
pub const QUERY_BYTES_MAX: usize = 128 * 1024;
/// How deep expressions may be nested; `a + b + c` is two deep.
pub const QUERY_DEPTH_MAX: usize = 128;

/// Reads a whole expression.
pub(crate) fn parse(text: &str) -> Result<Expr, SyntaxError> {
    if text.len() > QUERY_BYTES_MAX {
        let message = format!("a query has at most {QUERY_BYTES_MAX} bytes");
        return Err(SyntaxError { message, at: QUERY_BYTES_MAX });
    }
    let mut cursor = Cursor::new(text, QUERY_DEPTH_MAX)?;
    if cursor.peek().kind == Kind::End {
        return Err(SyntaxError { message: "no expression found in input".to_owned(), at: 0 });
    }
    let expr = cursor.expression()?;
    finished(&cursor)?;
    Ok(expr)
}

fn finished(cursor: &Cursor<'_>) -> Parsed<()> {
    if cursor.peek().kind == Kind::End { Ok(()) } else { Err(cursor.unexpected("", "")) }
}

/// Over several lines where one would be too long.
pub(crate) fn pretty(expr: &Expr) -> String {
    pretty::pretty(expr, 0)
}

#[cfg(test)]
mod tests;
