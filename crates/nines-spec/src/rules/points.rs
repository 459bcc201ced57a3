//! The notation of series in unit tests: `up{job="api"}` and `0+10x5 _ stale 3`.
//!
//! Source: Prometheus, "Unit testing for rules", section on series.

use nines_alert::rule::trial::Point;
use nines_base::{Labels, METRIC_NAME, stale_marker};

use super::histogram;
use crate::draft::Page;
use crate::fields::Text;
use crate::finding::Span;
use crate::mistake::Mistake;

/// The most points of one series.
pub(crate) const POINTS_MAX: usize = 1_000_000;

/// What is wrong, and where in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) at: usize,
    pub(crate) problem: String,
}

impl Wrong {
    pub(crate) fn new(at: usize, problem: impl Into<String>) -> Self {
        Self { at, problem: problem.into() }
    }
}

type Result<T> = std::result::Result<T, Wrong>;

/// What was read, or a finding about it.
pub(crate) fn understood<T>(page: &mut Page<'_, '_>, text: Text<'_>, read: Result<T>) -> Option<T> {
    match read {
        Ok(it) => Some(it),
        Err(Wrong { at, problem }) => {
            let at = page.inside(text.span, text.text, Span { start: at, len: 1 });
            page.report(&Mistake::BadSeries { problem, at });
            None
        }
    }
}

/// `name{label="value"}`, where either part may be missing.
pub(crate) fn series(text: &str) -> Result<Labels> {
    let mut reader = Reader { text, at: 0 };
    reader.space();
    let mut pairs = Vec::new();
    let name = reader.word(|it| it.is_ascii_alphanumeric() || matches!(it, '_' | ':'));
    if !name.is_empty() {
        pairs.push((METRIC_NAME.to_owned(), name.to_owned()));
    }
    reader.space();
    if reader.take("{") {
        reader.labels(&mut pairs)?;
    }
    reader.space();
    if !reader.rest().is_empty() {
        return Err(Wrong::new(reader.at, "something stands behind the series"));
    }
    Labels::new(pairs).map_err(|it| Wrong::new(0, it.to_string()))
}

/// `1 2x3 0+1x4 _ stale {{schema:0 …}}`
pub(crate) fn values(text: &str) -> Result<Vec<Option<Point>>> {
    let mut points = Vec::new();
    let mut reader = Reader { text, at: 0 };
    loop {
        reader.space();
        if reader.rest().is_empty() {
            return Ok(points);
        }
        let at = reader.at;
        if reader.rest().starts_with("{{") {
            reader.histograms(&mut points)?;
        } else {
            let token = reader.word(|it| !it.is_whitespace());
            expand(token, &mut points).map_err(|it| Wrong::new(at, it))?;
        }
        if POINTS_MAX < points.len() {
            return Err(Wrong::new(at, format!("a series has at most {POINTS_MAX} points")));
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, wanted: &str) -> bool {
        let is_there = self.rest().starts_with(wanted);
        self.at += if is_there { wanted.len() } else { 0 };
        is_there
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|it| !belongs(it)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or("")
    }

    /// Pairs up to the closing brace; a quoted text alone is the metric's name.
    fn labels(&mut self, pairs: &mut Vec<(String, String)>) -> Result<()> {
        loop {
            self.space();
            if self.take("}") {
                return Ok(());
            }
            let at = self.at;
            let is_quoted = self.rest().starts_with(['"', '\'', '`']);
            let name = if is_quoted {
                self.quoted()?
            } else {
                self.word(|it| it.is_ascii_alphanumeric() || it == '_').to_owned()
            };
            self.space();
            if self.take("=") {
                self.space();
                let value = self.quoted()?;
                pairs.push((name, value));
            } else if is_quoted {
                pairs.push((METRIC_NAME.to_owned(), name));
            } else {
                return Err(Wrong::new(at, "expected `label=\"value\"`"));
            }
            self.space();
            if !self.take(",") && !self.rest().starts_with('}') {
                return Err(Wrong::new(self.at, "expected `,` or `}`"));
            }
        }
    }

    fn quoted(&mut self) -> Result<String> {
        let start = self.at;
        let rest = self.rest();
        let Some(quote) = rest.chars().next().filter(|it| matches!(it, '"' | '\'' | '`')) else {
            return Err(Wrong::new(start, "expected a text in quotes"));
        };
        let (mut out, mut is_escaped) = (String::new(), false);
        for (at, it) in rest.char_indices().skip(1) {
            match it {
                _ if is_escaped => {
                    out.push(match it {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        other => other,
                    });
                    is_escaped = false;
                }
                '\\' if quote != '`' => is_escaped = true,
                _ if it == quote => {
                    self.at = start + at + quote.len_utf8();
                    return Ok(out);
                }
                _ => out.push(it),
            }
        }
        Err(Wrong::new(start, "a quote is open"))
    }

    /// `{{…}}`, `{{…}}x3`, `{{…}}+{{…}}x3`
    fn histograms(&mut self, points: &mut Vec<Option<Point>>) -> Result<()> {
        let first = self.histogram()?;
        let sign = match () {
            () if self.rest().starts_with("+{{") => Some(1.0),
            () if self.rest().starts_with("-{{") => Some(-1.0),
            () => None,
        };
        let step = match sign {
            Some(sign) => {
                self.at += 1;
                Some((sign, self.histogram()?))
            }
            None => None,
        };
        let at = self.at;
        let times = self.word(|it| !it.is_whitespace());
        let times =
            if times.is_empty() { 0 } else { count(times).map_err(|it| Wrong::new(at, it))? };
        let mut last = first;
        for index in 0..=times {
            if let Some((sign, step)) = &step
                && index != 0
            {
                last = histogram::added(&last, step, *sign).map_err(|it| Wrong::new(at, it))?;
            }
            points.push(Some(Point::Histogram(last.clone().into())));
        }
        Ok(())
    }

    fn histogram(&mut self) -> Result<nines_base::Histogram> {
        let start = self.at;
        let Some(length) = self.rest().find("}}") else {
            return Err(Wrong::new(start, "a histogram has no `}}`"));
        };
        let inside = self.rest().get(2..length).unwrap_or("");
        self.at += length + 2;
        histogram::read(inside).map_err(|it| Wrong::new(start, it))
    }
}

/// The `x3` behind a value.
fn count(text: &str) -> std::result::Result<usize, String> {
    let digits = text.strip_prefix('x').unwrap_or("");
    let times = digits.parse().ok().filter(|it| *it < POINTS_MAX);
    times.ok_or_else(|| format!("`{text}` is no number of repetitions such as `x3`"))
}

/// Numbers as PromQL writes them, but for hexadecimal ones: `0x3` is four zeros here.
pub(crate) fn number(text: &str) -> Option<f64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let is_number = digits.starts_with(|it: char| it.is_ascii_digit() || it == '.');
    let is_word = ["inf", "nan"].contains(&digits.to_ascii_lowercase().as_str());
    (is_number || is_word).then(|| digits.parse::<f64>().ok()).flatten().map(|it| sign * it)
}

fn expand(token: &str, points: &mut Vec<Option<Point>>) -> std::result::Result<(), String> {
    let wrong = || format!("`{token}` is no value");
    let plain = |text: &str| match text {
        "_" => Some(None),
        "stale" => Some(Some(stale_marker())),
        _ => number(text).map(Some),
    };
    let keep = |it: Option<f64>| it.map(Point::Number);
    if let Some(value) = plain(token) {
        points.push(keep(value));
        return Ok(());
    }
    let x = token.rfind('x').ok_or_else(wrong)?;
    let (formula, repetition) = token.split_at(x);
    let times = count(repetition)?;
    // Gaps are counted, values are repeated.
    if formula == "_" {
        points.extend(std::iter::repeat_n(None, times));
        return Ok(());
    }
    if let Some(value) = plain(formula) {
        points.extend(std::iter::repeat_n(keep(value), times + 1));
        return Ok(());
    }
    let signs = formula.char_indices().skip(1).filter(|(at, it)| {
        let before = formula.get(..*at).unwrap_or("");
        matches!(it, '+' | '-') && !before.ends_with(['e', 'E'])
    });
    let (at, _) = signs.last().ok_or_else(wrong)?;
    let (start, step) = formula.split_at(at);
    let start = number(start).ok_or_else(wrong)?;
    let step = number(step).ok_or_else(wrong)?;
    // Added up one after the other, as Prometheus does: the rounding is the same.
    let mut value = start;
    for _ in 0..=times {
        points.push(Some(Point::Number(value)));
        value += step;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
