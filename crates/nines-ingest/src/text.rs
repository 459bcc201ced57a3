//! The text formats of metrics: Prometheus 0.0.4 and OpenMetrics 1.0.
//!
//! A body is read line by line. The part of a line that names the series is kept apart from its value, because
//! scrape after scrape it is the same bytes: whoever remembers them need not read the labels again. It must not know
//! targets or times.
//!
//! Source: Prometheus, "Exposition formats"; OpenMetrics 1.0.

mod comment;
mod series;

use nines_base::{Exemplar, Labels};

pub(crate) use comment::{Comment, Says, border, comment, normal_borders};
pub(crate) use series::series_labels;

/// Samples of one body, when a job sets no lower limit.
const SAMPLES_MAX: usize = 500_000;
/// One line with its labels.
const LINE_BYTES_MAX: usize = 32 * 1024;
/// Labels of one series.
const LABELS_MAX: usize = 128;
/// Characters of all labels of one exemplar. Source: OpenMetrics 1.0, "Exemplars".
pub(crate) const EXEMPLAR_CHARS_MAX: usize = 128;
/// A timestamp beyond this is not a time: 2^53 milliseconds.
const SECONDS_MAX: f64 = 9_007_199_254_740.0;

/// Which of the two formats a body has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text 0.0.4: timestamps in milliseconds, no end mark.
    Text,
    /// OpenMetrics 1.0: timestamps in seconds, exemplars, `# EOF` at the end.
    OpenMetrics,
}

/// What a body may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the unit and `max` belong to the name of a limit")]
pub struct TextLimits {
    /// Samples of the whole body.
    pub samples_max: usize,
    /// Bytes of one line.
    pub line_bytes_max: usize,
    /// Labels of one series, its name included.
    pub labels_max: usize,
}

impl Default for TextLimits {
    fn default() -> Self {
        Self { samples_max: SAMPLES_MAX, line_bytes_max: LINE_BYTES_MAX, labels_max: LABELS_MAX }
    }
}

/// One sample as the target wrote it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scraped {
    /// `__name__` included.
    pub labels: Labels,
    /// Never the staleness marker.
    pub value: f64,
    /// Milliseconds since the Unix epoch, when the target gives a time.
    pub at_ms: Option<i64>,
}

/// Where a body is not what its format says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ParseError {
    /// Counts from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

/// Reads a whole body, in its order.
///
/// # Errors
/// The first line that breaks the format or a limit.
pub fn parse(body: &str, format: Format, limits: &TextLimits) -> Result<Vec<Scraped>, ParseError> {
    let mut out = Vec::new();
    for line in Lines::new(body, format, *limits) {
        let line = line?;
        if line.is_comment() {
            continue;
        }
        let read = || {
            let (series, rest) = split_series(line.text)?;
            let labels = series_labels(series, limits.labels_max)?;
            let Tail { value, at_ms, .. } = tail(rest, format)?;
            Ok(Scraped { labels, value, at_ms })
        };
        out.push(read().map_err(|message| line.error(message))?);
    }
    Ok(out)
}

/// Reads anything as both formats.
///
/// # Panics
/// What was read breaks a limit or a rule: a bug.
pub fn fuzz(bytes: &[u8]) {
    let limits = TextLimits { samples_max: 100, line_bytes_max: 1_000, labels_max: 10 };
    let body = String::from_utf8_lossy(bytes);
    for format in [Format::Text, Format::OpenMetrics] {
        for line in Lines::new(&body, format, limits).map_while(Result::ok) {
            drop((comment(line.text), exemplar(line.text, 0), tail(line.text, format).is_ok()));
        }
        if let Ok(samples) = parse(&body, format, &limits) {
            assert!(samples.len() <= limits.samples_max, "too many samples");
            for sample in samples {
                assert!(sample.labels.len() <= limits.labels_max, "too many labels");
                assert!(sample.labels.metric_name().is_some(), "a series without a name");
                assert!(!nines_base::is_stale(sample.value), "targets cannot end series");
            }
        }
    }
}

/// A line that holds a sample or a comment, without blanks around it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    number: usize,
    pub(crate) text: &'a str,
}

impl Line<'_> {
    pub(crate) fn is_comment(self) -> bool {
        self.text.starts_with('#')
    }

    pub(crate) fn error(self, message: String) -> ParseError {
        ParseError { line: self.number, message }
    }
}

/// The lines of a body that are not empty. It ends after the first error.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    rest: std::str::Split<'a, char>,
    format: Format,
    limits: TextLimits,
    number: usize,
    samples: usize,
    is_over: bool,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(body: &'a str, format: Format, limits: TextLimits) -> Self {
        let rest = body.split('\n');
        Self { rest, format, limits, number: 0, samples: 0, is_over: false }
    }

    /// After the end mark nothing may follow but one line break.
    fn finish(&mut self) -> Result<(), String> {
        self.is_over = true;
        let is_end = self.rest.all(str::is_empty);
        if is_end { Ok(()) } else { Err("text after `# EOF`".to_owned()) }
    }

    /// The next line, or nothing at the end.
    fn advance(&mut self) -> Result<Option<&'a str>, String> {
        loop {
            let Some(line) = self.rest.next() else {
                return match self.format {
                    Format::Text => Ok(None),
                    Format::OpenMetrics => Err("no `# EOF`: the body is cut off".to_owned()),
                };
            };
            self.number += 1;
            if self.limits.line_bytes_max < line.len() {
                return Err(format!("longer than {} bytes", self.limits.line_bytes_max));
            }
            let text = line.trim_matches(is_blank);
            if self.format == Format::OpenMetrics && text == "# EOF" {
                return self.finish().map(|()| None);
            }
            if text.starts_with('#') {
                return Ok(Some(text));
            }
            if !text.is_empty() {
                break self.count(text).map(Some);
            }
        }
    }

    fn count(&mut self, text: &'a str) -> Result<&'a str, String> {
        self.samples += 1;
        if self.limits.samples_max < self.samples {
            let max = self.limits.samples_max;
            return Err(format!("more than {max} samples, the limit of this target"));
        }
        Ok(text)
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<Line<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let found = self.advance().transpose();
        self.is_over |= !matches!(found, Some(Ok(_)));
        let number = self.number.max(1);
        let line = |text| Line { number, text };
        found.map(|it| it.map(line).map_err(|message| ParseError { line: number, message }))
    }
}

fn is_blank(it: char) -> bool {
    matches!(it, ' ' | '\t')
}

/// Parts `name{labels}` from what follows.
pub(crate) fn split_series(line: &str) -> Result<(&str, &str), String> {
    let bytes = line.as_bytes();
    let name_bytes = bytes.iter().position(|it| matches!(it, b'{' | b' ' | b'\t'));
    let name_bytes = name_bytes.ok_or("a sample without a value")?;
    let blanks = bytes.iter().skip(name_bytes).take_while(|it| matches!(it, b' ' | b'\t')).count();
    let brace = name_bytes + blanks;
    let series_bytes = match bytes.get(brace) {
        Some(b'{') => brace + 1 + closing_brace(bytes.get(brace + 1..).unwrap_or_default())?,
        _ => name_bytes,
    };
    line.split_at_checked(series_bytes).ok_or_else(|| "a label that is not closed".to_owned())
}

/// How many bytes there are up to the brace that closes the labels, itself included.
fn closing_brace(bytes: &[u8]) -> Result<usize, String> {
    let (mut in_quotes, mut escaped) = (false, false);
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_quotes => escaped = true,
            b'"' => in_quotes = !in_quotes,
            b'}' if !in_quotes => return Ok(index + 1),
            _ => {}
        }
    }
    Err("labels that are not closed by `}`".to_owned())
}

/// What follows the series on its line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tail<'a> {
    pub(crate) value: f64,
    pub(crate) at_ms: Option<i64>,
    /// From its brace on.
    pub(crate) exemplar: Option<&'a str>,
}

/// Reads what follows the series; the exemplar is found and not read.
pub(crate) fn tail(rest: &str, format: Format) -> Result<Tail<'_>, String> {
    let (rest, exemplar) = match format {
        Format::OpenMetrics => match rest.split_once('#') {
            Some((rest, exemplar)) => (rest, Some(exemplar.trim_start_matches(is_blank))),
            None => (rest, None),
        },
        Format::Text => (rest, None),
    };
    let mut words = rest.split(is_blank).filter(|it| !it.is_empty());
    let value = number(words.next().ok_or("a sample without a value")?)?;
    let at_ms = match words.next() {
        None => None,
        Some(word) => {
            Some(time(word, format).ok_or_else(|| format!("`{}` is not a time", shown(word)))?)
        }
    };
    match words.next() {
        Some(word) => Err(format!("`{}` after the end of the sample", shown(word))),
        None => Ok(Tail { value, at_ms, exemplar }),
    }
}

/// The staleness marker is a NaN too, and only we may write it.
fn number(word: &str) -> Result<f64, String> {
    let value: f64 = word.parse().map_err(|_| format!("`{}` is not a number", shown(word)))?;
    Ok(if value.is_nan() { f64::NAN } else { value })
}

/// Reads `{label="value"} 0.5 1.5`; without a time it has the sample's.
pub(crate) fn exemplar(text: &str, at_ms: i64) -> Result<Exemplar, String> {
    let inside = text.strip_prefix('{').ok_or("an exemplar without labels")?;
    let bytes = closing_brace(inside.as_bytes())?;
    let (labels, rest) = inside.split_at_checked(bytes).ok_or("a label that is not closed")?;
    let labels = series::label_pairs(labels, LABELS_MAX)?;
    let labels = Labels::new(labels).map_err(|error| error.to_string())?;
    let chars: usize =
        labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
    if EXEMPLAR_CHARS_MAX < chars {
        return Err(format!("an exemplar with more than {EXEMPLAR_CHARS_MAX} characters"));
    }
    let mut words = rest.split(is_blank).filter(|it| !it.is_empty());
    let value = number(words.next().ok_or("an exemplar without a value")?)?;
    let own_ms = words.next().map(|word| {
        time(word, Format::OpenMetrics).ok_or_else(|| format!("`{}` is not a time", shown(word)))
    });
    if let Some(word) = words.next() {
        return Err(format!("`{}` after the end of the exemplar", shown(word)));
    }
    Ok(Exemplar { labels, value, at_ms: own_ms.transpose()?.unwrap_or(at_ms) })
}

#[expect(clippy::cast_possible_truncation, reason = "held below SECONDS_MAX")]
fn time(word: &str, format: Format) -> Option<i64> {
    match format {
        Format::Text => word.parse().ok(),
        Format::OpenMetrics => {
            let seconds: f64 = word.parse().ok()?;
            (seconds.abs() <= SECONDS_MAX).then(|| (seconds * 1_000.0).round() as i64)
        }
    }
}

/// The beginning of foreign text, for messages.
fn shown(text: &str) -> String {
    const SHOWN_MAX: usize = 40;
    let head: String = text.chars().take(SHOWN_MAX).collect();
    if head.len() < text.len() { head + "…" } else { head }
}

#[cfg(test)]
mod tests;
