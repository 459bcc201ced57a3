//! One `eval` command: what is asked and what is expected.

use nines_base::Labels;
use regex::Regex;

use super::script::{Block, Point, number, quoted, series, time_ms};

/// When the query is evaluated.
#[derive(Debug, Clone, Copy)]
pub(super) enum When {
    Instant(i64),
    Range { start_ms: i64, end_ms: i64, step_ms: i64 },
}

/// A text that must occur.
#[derive(Debug)]
pub(super) enum Text {
    Any,
    Exactly(String),
    Like(Regex),
}

impl Text {
    fn read(rest: &str) -> Self {
        let rest = rest.trim();
        if let Some(it) = rest.strip_prefix("msg:") {
            Self::Exactly(it.trim().to_owned())
        } else if let Some(it) = rest.strip_prefix("regex:") {
            Self::Like(Regex::new(it.trim()).unwrap())
        } else {
            Self::Any
        }
    }

    pub(super) fn is_like(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(it) => text == it,
            Self::Like(it) => it.is_match(text),
        }
    }
}

#[derive(Debug)]
pub(super) struct Case<'a> {
    pub(super) line: usize,
    pub(super) query: &'a str,
    pub(super) when: When,
    pub(super) fail: Option<Text>,
    pub(super) warn: Vec<Text>,
    pub(super) info: Vec<Text>,
    pub(super) no_warn: bool,
    pub(super) no_info: bool,
    pub(super) is_ordered: bool,
    pub(super) string: Option<String>,
    pub(super) scalar: Option<f64>,
    /// For a range vector at an instant: start, end and step of the expected points.
    pub(super) points_at: Option<(i64, i64, i64)>,
    pub(super) series: Vec<(Labels, Vec<Point>)>,
}

impl<'a> Case<'a> {
    /// `None` if the block is no `eval`.
    pub(super) fn read(block: &Block<'a>) -> Option<Self> {
        let (kind, rest) = block.head.split_once(' ')?;
        let form = kind.strip_prefix("eval")?;
        let (when, query) = when(rest.trim_start())?;
        let mut case = Self {
            line: block.line,
            query,
            when,
            fail: (form == "_fail").then_some(Text::Any),
            warn: if form == "_warn" { vec![Text::Any] } else { Vec::new() },
            info: if form == "_info" { vec![Text::Any] } else { Vec::new() },
            no_warn: false,
            no_info: false,
            is_ordered: form == "_ordered",
            string: None,
            scalar: None,
            points_at: None,
            series: Vec::new(),
        };
        block.body.iter().for_each(|it| case.line_of_body(it));
        Some(case)
    }

    fn line_of_body(&mut self, line: &str) {
        if let Some(it) = line.strip_prefix("expect ") {
            self.expectation(it.trim());
        } else if let Some(it) = line.strip_prefix("expected_fail_message ") {
            self.fail = Some(Text::Exactly(it.trim().to_owned()));
        } else if let Some(it) = line.strip_prefix("expected_fail_regexp ") {
            self.fail = Some(Text::Like(Regex::new(it.trim()).unwrap()));
        } else if let Some(it) = number(line) {
            self.scalar = Some(it);
        } else {
            let series = series(line).unwrap_or_else(|| panic!("line after {}: {line}", self.line));
            self.series.push(series);
        }
    }

    fn expectation(&mut self, text: &str) {
        let (word, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        match word {
            "fail" => self.fail = Some(Text::read(rest)),
            "warn" => self.warn.push(Text::read(rest)),
            "info" => self.info.push(Text::read(rest)),
            "no_warn" => self.no_warn = true,
            "no_info" => self.no_info = true,
            "ordered" => self.is_ordered = true,
            "string" => self.string = quoted(rest.trim()).map(|(it, _)| it),
            "range" => {
                let words: Vec<_> = rest.split_whitespace().collect();
                let [_, _, start, _, end, _, step] = words[..] else { panic!("{text}") };
                self.points_at = Some((time_ms(start), time_ms(end), time_ms(step)));
            }
            _ => panic!("line after {}: unknown expectation {text}", self.line),
        }
    }
}

fn when(text: &str) -> Option<(When, &str)> {
    let word = |text: &'_ str| -> Option<(String, usize)> {
        let end = text.find(char::is_whitespace)?;
        Some((text[..end].to_owned(), end))
    };
    let mut rest = text;
    let mut next = || {
        rest = rest.trim_start();
        let (found, end) = word(rest)?;
        rest = &rest[end..];
        Some(found)
    };
    let kind = next()?;
    let skip_two = |next: &mut dyn FnMut() -> Option<String>| {
        next()?;
        next().map(|it| time_ms(&it))
    };
    let when = match kind.as_str() {
        "instant" => When::Instant(skip_two(&mut next)?),
        _ => When::Range {
            start_ms: skip_two(&mut next)?,
            end_ms: skip_two(&mut next)?,
            step_ms: skip_two(&mut next)?,
        },
    };
    Some((when, rest.trim()))
}
