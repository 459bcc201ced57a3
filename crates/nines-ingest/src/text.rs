//! The text formats of metrics: Prometheus 0.0.4 and OpenMetrics 1.0.
//!
//! A body is read line by line. The part of a line that names the series is kept apart from its value, because
//! scrape after scrape it is the same bytes: whoever remembers them need not read the labels again. Metadata and
//! exemplars are skipped. It must not know targets or times.
//!
//! Source: Prometheus, "Exposition formats"; OpenMetrics 1.0.

mod series;

use nines_base::Labels;

pub(crate) use series::series_labels;

/// Samples of one body, when a job sets no lower limit.
const SAMPLES_MAX: usize = 500_000;
/// One line with its labels.
const LINE_BYTES_MAX: usize = 32 * 1024;
/// Labels of one series.
const LABELS_MAX: usize = 128;
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
    for line in SampleLines::new(body, format, *limits) {
        let line = line?;
        let read = || {
            let (series, rest) = split_series(line.text)?;
            let labels = series_labels(series, limits.labels_max)?;
            let (value, at_ms) = value_and_time(rest, format)?;
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

/// A line that holds a sample, without blanks around it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SampleLine<'a> {
    number: usize,
    pub(crate) text: &'a str,
}

impl SampleLine<'_> {
    pub(crate) fn error(self, message: String) -> ParseError {
        ParseError { line: self.number, message }
    }
}

/// The lines of a body that hold samples. It ends after the first error.
#[derive(Debug)]
pub(crate) struct SampleLines<'a> {
    lines: std::str::Split<'a, char>,
    format: Format,
    limits: TextLimits,
    number: usize,
    samples: usize,
    is_over: bool,
}

impl<'a> SampleLines<'a> {
    pub(crate) fn new(body: &'a str, format: Format, limits: TextLimits) -> Self {
        let lines = body.split('\n');
        Self { lines, format, limits, number: 0, samples: 0, is_over: false }
    }

    /// After the end mark nothing may follow but one line break.
    fn finish(&mut self) -> Result<(), String> {
        self.is_over = true;
        let is_end = self.lines.all(str::is_empty);
        if is_end { Ok(()) } else { Err("text after `# EOF`".to_owned()) }
    }

    /// The next line with a sample, or nothing at the end.
    fn advance(&mut self) -> Result<Option<&'a str>, String> {
        loop {
            let Some(line) = self.lines.next() else {
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
            if !text.is_empty() && !text.starts_with('#') {
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

impl<'a> Iterator for SampleLines<'a> {
    type Item = Result<SampleLine<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let found = self.advance().transpose();
        self.is_over |= !matches!(found, Some(Ok(_)));
        let number = self.number.max(1);
        let line = |text| SampleLine { number, text };
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

/// Reads what follows the series.
pub(crate) fn value_and_time(rest: &str, format: Format) -> Result<(f64, Option<i64>), String> {
    let mut words = rest.split(is_blank).filter(|it| !it.is_empty());
    let value = words.next().ok_or("a sample without a value")?;
    let value: f64 = value.parse().map_err(|_| format!("`{}` is not a number", shown(value)))?;
    // The staleness marker is a NaN too, and only we may write it.
    let value = if value.is_nan() { f64::NAN } else { value };
    let at_ms = match words.next() {
        None => None,
        Some(word) if is_exemplar(word, format) => return Ok((value, None)),
        Some(word) => {
            Some(time(word, format).ok_or_else(|| format!("`{}` is not a time", shown(word)))?)
        }
    };
    match words.next() {
        Some(word) if !is_exemplar(word, format) => {
            Err(format!("`{}` after the end of the sample", shown(word)))
        }
        _ => Ok((value, at_ms)),
    }
}

fn is_exemplar(word: &str, format: Format) -> bool {
    format == Format::OpenMetrics && word.starts_with('#')
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
