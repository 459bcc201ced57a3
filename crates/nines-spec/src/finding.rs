//! Findings: one mistake at one place, as terminals and the API show it.
//!
//! It must not know which mistakes there are; `mistake.rs` lists them.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, Severity, SourceSpan};
use serde::Serialize;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The files cannot be used.
    Error,
    /// They can, but something in them probably does not do what was meant.
    Warning,
    /// It could be written better.
    Hint,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        })
    }
}

/// A range of bytes in a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Span {
    /// Bytes before it.
    pub start: usize,
    /// Bytes in it.
    pub len: usize,
}

impl From<Span> for SourceSpan {
    fn from(span: Span) -> Self {
        Self::new(span.start.into(), span.len)
    }
}

/// What is wrong, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Such as `N0102`; never changes its meaning.
    pub code: String,
    /// How much it matters.
    pub level: Level,
    /// Path below the configuration folder.
    pub file: String,
    /// Counts from 1.
    pub line: u32,
    /// Counts characters from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to do about it; may be empty.
    pub help: String,
    /// What is written below the place.
    pub label: String,
    /// The place itself.
    pub span: Span,
    /// What was meant, where only one thing can be.
    pub fix: Option<Change>,
}

/// Bytes of a file that become other ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What goes.
    pub at: Span,
    /// What comes.
    pub text: String,
}

impl Finding {
    /// `mistake` in the file of this name and text.
    pub(crate) fn new(file: &str, text: &str, mistake: &dyn Diagnostic) -> Self {
        let label = mistake.labels().and_then(|mut it| it.next());
        let span =
            label.as_ref().map_or(Span::default(), |it| Span { start: it.offset(), len: it.len() });
        let span = within(text, span);
        let (line, column) = line_and_column(text, span.start);
        Self {
            code: mistake.code().map(|it| it.to_string()).unwrap_or_default(),
            level: match mistake.severity() {
                None | Some(Severity::Error) => Level::Error,
                Some(Severity::Warning) => Level::Warning,
                Some(Severity::Advice) => Level::Hint,
            },
            file: file.to_owned(),
            line,
            column,
            message: mistake.to_string(),
            help: mistake.help().map(|it| it.to_string()).unwrap_or_default(),
            label: label.and_then(|it| it.label().map(str::to_owned)).unwrap_or_default(),
            span,
            fix: None,
        }
    }

    /// The order in which findings are shown.
    pub(crate) fn place(&self) -> (&str, usize, &str, &str) {
        (&self.file, self.span.start, &self.code, &self.message)
    }

    /// For the picture: a finding is drawn without its level and code, which stand above it.
    pub(crate) fn labelled_span(&self) -> LabeledSpan {
        let label = Some(self.label.clone()).filter(|it| !it.is_empty());
        LabeledSpan::new_primary_with_span(label, self.span)
    }
}

/// The span, cut to what the text has.
fn within(text: &str, span: Span) -> Span {
    let start = text.floor_char_boundary(span.start);
    let end = text.ceil_char_boundary(span.start.saturating_add(span.len));
    Span { start, len: end.saturating_sub(start) }
}

/// Counts both from 1, columns in characters.
pub(crate) fn line_and_column(text: &str, at: usize) -> (u32, u32) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.bytes().filter(|it| *it == b'\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |it| it.chars().count()) + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests;
