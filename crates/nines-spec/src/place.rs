//! Places inside a scalar: from an offset in the text that YAML means to one in the text that was written.
//!
//! Quotes, escapes and folded lines make the two differ. It must not know what the scalar says.

use crate::finding::Span;

/// The place of `part` (bytes of `meant`) in `file`, where `whole` is the scalar's own place.
///
/// Both texts are walked side by side: what differs is white space that folding has changed, or an escape.
/// When they cannot be aligned the whole scalar is the place.
pub(crate) fn inside(file: &str, whole: Span, meant: &str, part: Span) -> Span {
    let Some(written) = file.get(whole.start..whole.start.saturating_add(whole.len)) else {
        return whole;
    };
    let (from, to) = (part.start, part.start.saturating_add(part.len));
    let mut walk = Walk::new(written);
    let (mut start, mut end) = (None, None);
    for (index, wanted) in meant.char_indices() {
        let Some(range) = walk.find(wanted) else { return whole };
        if index == from {
            start = Some(range.0);
        }
        if from <= index && index < to {
            end = Some(range.1);
        }
    }
    match (start, end) {
        (Some(start), Some(end)) => Span { start: whole.start + start, len: end - start },
        // Behind the last character: the place where something is missing.
        _ if from >= meant.len() && walk.at != 0 => Span { start: whole.start + walk.at, len: 1 },
        _ => whole,
    }
}

/// `\"` and `\\` stand for themselves; other escapes are too rare in queries to be followed.
fn escaped(rest: &str, wanted: char) -> Option<char> {
    rest.chars().nth(1).filter(|it| *it == wanted && matches!(it, '"' | '\\' | '/'))
}

struct Walk<'a> {
    written: &'a str,
    at: usize,
    quote: Option<char>,
}

impl<'a> Walk<'a> {
    fn new(written: &'a str) -> Self {
        let quote = written.chars().next().filter(|it| matches!(it, '"' | '\''));
        Self { written, at: quote.map_or(0, char::len_utf8), quote }
    }

    /// The bytes that stand for `wanted`; moves behind them.
    fn find(&mut self, wanted: char) -> Option<(usize, usize)> {
        if wanted.is_whitespace() {
            return Some(self.space());
        }
        let rest = self.rest().trim_start();
        let start = self.written.len() - rest.len();
        let (skipped, found) = match (self.quote, rest.chars().next()?) {
            (Some('"'), '\\') => (1, escaped(rest, wanted)?),
            (Some('\''), '\'') => (1, rest.chars().nth(1)?),
            (_, it) => (0, it),
        };
        if found != wanted {
            return None;
        }
        let end = start + skipped + found.len_utf8();
        self.at = end;
        Some((start, end))
    }

    fn space(&mut self) -> (usize, usize) {
        let start = self.at;
        let rest = self.rest();
        // One meant space may be written as several characters, when lines are folded.
        let width = match rest.chars().next() {
            Some('\n' | '\r') => rest.len() - rest.trim_start().len(),
            Some(it) if it.is_whitespace() => it.len_utf8(),
            _ => 0,
        };
        self.at += width;
        (start, self.at)
    }

    fn rest(&self) -> &'a str {
        self.written.get(self.at..).unwrap_or("")
    }
}

#[cfg(test)]
mod tests;
