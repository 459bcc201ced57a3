//! Where something stands in the text of a query.

use std::fmt;

/// Line and column, both from 1; columns count bytes, as Prometheus does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    line: usize,
    column: usize,
}

impl Place {
    /// The place of a byte of the text.
    pub(crate) fn of(text: &str, at: usize) -> Self {
        let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
        let last = before.split(|it| *it == b'\n').enumerate().last();
        let (newlines, start) = last.map_or((0, 0), |(index, it)| (index, it.len()));
        Self { line: newlines + 1, column: start + 1 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}
