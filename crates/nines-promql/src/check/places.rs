//! Where calls stand in the text. The parser's tree does not say, but warnings name line and column.

use std::fmt;

/// Line and column, both from 1; columns count bytes, as Prometheus does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    line: usize,
    column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Places of a function or an aggregation: of its name, then of its arguments.
pub(crate) type CallPlaces = Vec<Place>;

/// Words before a bracket that are no functions.
const KEYWORDS: [&str; 12] = [
    "and",
    "atan2",
    "bool",
    "fill",
    "fill_left",
    "fill_right",
    "group_left",
    "group_right",
    "ignoring",
    "on",
    "or",
    "unless",
];
/// Words between an aggregation's name and its arguments.
const CLAUSES: [&str; 2] = ["by", "without"];

/// Calls in the order of the text.
pub(super) fn calls(text: &str) -> Vec<CallPlaces> {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0, calls: Vec::new() };
    scanner.scan();
    let line_starts: Vec<_> = [0]
        .into_iter()
        .chain(text.bytes().zip(1..).filter(|(byte, _)| *byte == b'\n').map(|(_, next)| next))
        .collect();
    let to_place = |at: usize| {
        let line = line_starts.partition_point(|it| *it <= at);
        let start = line_starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        Place { line, column: at - start + 1 }
    };
    scanner.calls.into_iter().map(|it| it.into_iter().map(to_place).collect()).collect()
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Offsets of names and arguments.
    calls: Vec<Vec<usize>>,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn scan(&mut self) {
        // The call that each open bracket belongs to, and the one that waits for its bracket.
        let (mut open, mut waiting) = (Vec::<Option<usize>>::new(), None);
        let (mut is_clause, mut is_after_at) = (false, false);
        loop {
            self.skip_space();
            let Some(byte) = self.peek() else { return };
            let was_after_at = std::mem::replace(&mut is_after_at, byte == b'@');
            match byte {
                b'"' | b'\'' | b'`' => self.skip_text(byte),
                b'{' => self.skip_braces(),
                b'0'..=b'9' => drop(self.word()),
                b'_' | b':' | b'a'..=b'z' | b'A'..=b'Z' => {
                    let start = self.at;
                    let word = self.word();
                    is_clause =
                        KEYWORDS.contains(&word.as_str()) || CLAUSES.contains(&word.as_str());
                    // `and (…)` opens an expression, no clause.
                    is_clause &=
                        !matches!(word.as_str(), "and" | "or" | "unless" | "atan2" | "bool");
                    let is_keyword = KEYWORDS.contains(&word.as_str()) || is_clause;
                    if !is_keyword && !was_after_at && self.is_call() {
                        waiting = Some(self.calls.len());
                        self.calls.push(vec![start]);
                    }
                }
                b'(' => {
                    self.at += 1;
                    let call = if is_clause { None } else { waiting.take() };
                    is_clause = false;
                    open.push(call);
                    self.argument(call);
                }
                b',' => {
                    self.at += 1;
                    self.argument(open.last().copied().flatten());
                }
                b')' => {
                    self.at += 1;
                    open.pop();
                }
                _ => self.at += 1,
            }
        }
    }

    /// Notes that an argument begins at the next word.
    fn argument(&mut self, call: Option<usize>) {
        self.skip_space();
        if let Some(call) = call.and_then(|it| self.calls.get_mut(it))
            && self.bytes.get(self.at).is_some_and(|it| *it != b')')
        {
            call.push(self.at);
        }
    }

    /// Whether arguments follow, perhaps after a clause; does not move.
    fn is_call(&mut self) -> bool {
        let start = self.at;
        self.skip_space();
        let is_call = self.peek() == Some(b'(') || CLAUSES.contains(&self.word().as_str());
        self.at = start;
        is_call
    }

    fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'#' {
                while self.peek().is_some_and(|it| it != b'\n') {
                    self.at += 1;
                }
            } else if byte.is_ascii_whitespace() {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    /// Letters and digits, in lower case.
    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(byte) =
            self.peek().filter(|it| it.is_ascii_alphanumeric() || matches!(it, b'_' | b':' | b'.'))
        {
            word.push(byte.to_ascii_lowercase().into());
            self.at += 1;
        }
        word
    }

    fn skip_text(&mut self, quote: u8) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += if byte == b'\\' && quote != b'`' { 2 } else { 1 };
            if byte == quote {
                return;
            }
        }
    }

    fn skip_braces(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'"' | b'\'' | b'`' => self.skip_text(byte),
                _ => self.at += 1,
            }
            if byte == b'}' {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
