//! How matchers are written: `alertname="Down",job=~"shop.*"`.
//!
//! Alertmanager has two readings of such a text: the classic one, which splits at commas, and a later one for label
//! names in any script. They disagree rarely. Where they do, or where only the classic one accepts, the classic
//! reading holds, with a [`Warning`], so that a file means what it meant when it was written.
//!
//! Source: Alertmanager's documentation, "Label matchers" and "UTF-8 in Alertmanager".

mod classic;
mod utf8;

use std::fmt::Write as _;

use nines_base::{MatchOp, Matcher};

/// The longest text that is read.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// Matchers as they were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// In the order of the text.
    pub matchers: Vec<Matcher>,
    /// That the text should be written otherwise.
    pub warning: Option<Warning>,
}

/// Why a text should be written otherwise, though its classic reading counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The reading for any script does not accept it.
    ClassicOnly {
        /// What that reading says.
        problem: String,
        /// The same matchers for both readings.
        better: String,
    },
    /// The reading for any script finds other matchers.
    Disagreement {
        /// What that reading finds.
        other: String,
        /// The same matchers for both readings.
        better: String,
    },
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ClassicOnly { problem, better } => {
                write!(f, "only the classic syntax accepts this ({problem}); write {better}")
            }
            Self::Disagreement { other, better } => {
                write!(
                    f,
                    "the classic syntax counts, though this could also mean {other}; write {better}"
                )
            }
        }
    }
}

/// Why a text is no list of matchers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct SyntaxError {
    /// What is wrong.
    pub problem: String,
    /// Where in the text, in bytes.
    pub at: usize,
}

impl SyntaxError {
    fn new(at: usize, problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), at }
    }
}

/// Reads any number of matchers, with or without braces around them.
///
/// # Errors
/// Neither reading accepts the text.
pub fn parse_matchers(text: &str) -> Result<Parsed, SyntaxError> {
    if TEXT_BYTES_MAX < text.len() {
        let problem = format!("matchers are longer than {TEXT_BYTES_MAX} bytes");
        return Err(SyntaxError::new(TEXT_BYTES_MAX, problem));
    }
    match (classic::read(text), utf8::read(text)) {
        (Ok(matchers), Ok(other)) if matchers == other => Ok(Parsed { matchers, warning: None }),
        (Ok(matchers), Ok(other)) => {
            let (other, better) = (write_matchers(&other), write_matchers(&matchers));
            Ok(Parsed { matchers, warning: Some(Warning::Disagreement { other, better }) })
        }
        (Ok(matchers), Err(error)) => {
            let (problem, better) = (error.problem, write_matchers(&matchers));
            Ok(Parsed { matchers, warning: Some(Warning::ClassicOnly { problem, better }) })
        }
        (Err(_), Ok(matchers)) => Ok(Parsed { matchers, warning: None }),
        (Err(_), Err(error)) => Err(error),
    }
}

/// Reads exactly one matcher.
///
/// # Errors
/// Neither reading accepts the text, or it holds none or several.
pub fn parse_matcher(text: &str) -> Result<(Matcher, Option<Warning>), SyntaxError> {
    let Parsed { matchers, warning } = parse_matchers(text)?;
    let count = matchers.len();
    let mut matchers = matchers.into_iter();
    match (matchers.next(), matchers.next()) {
        (Some(matcher), None) => Ok((matcher, warning)),
        _ => Err(SyntaxError::new(0, format!("there must be one matcher, not {count}"))),
    }
}

/// A text that both readings take for these matchers, as far as the classic one knows their label names.
pub fn write_matchers(matchers: &[Matcher]) -> String {
    let mut text = String::from("{");
    for (index, it) in matchers.iter().enumerate() {
        text.push_str(if index == 0 { "" } else { "," });
        text.push_str(&write_matcher(it));
    }
    text.push('}');
    text
}

/// A text that both readings take for this matcher, as far as the classic one knows its label name.
pub fn write_matcher(matcher: &Matcher) -> String {
    let is_plain = !matcher.name().is_empty() && !matcher.name().contains(utf8::is_reserved);
    let name = if is_plain { matcher.name().to_owned() } else { quoted(matcher.name()) };
    format!("{name}{}{}", matcher.op(), quoted(matcher.value()))
}

/// With the escapes that both readings know.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for it in text.chars() {
        match it {
            '"' | '\\' => write!(quoted, "\\{it}").expect("a string takes everything"),
            '\n' => quoted.push_str("\\n"),
            it => quoted.push(it),
        }
    }
    quoted.push('"');
    quoted
}

/// The operator at the beginning of a text, and the rest.
fn operator(text: &str) -> Option<(MatchOp, &str)> {
    MatchOp::ALL.into_iter().find_map(|op| Some((op, text.strip_prefix(op.sign())?)))
}

/// A matcher whose text begins at `at`.
fn matcher(at: usize, name: &str, op: MatchOp, value: &str) -> Result<Matcher, SyntaxError> {
    Matcher::new(name, op, value).map_err(|error| SyntaxError::new(at, error.to_string()))
}

#[cfg(test)]
mod tests;
