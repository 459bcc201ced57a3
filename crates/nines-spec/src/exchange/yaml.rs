//! YAML as we write it: block style, two spaces, quotes only where they are needed.
//!
//! Only for files that machines make. Files of people are kept as they are, with their comments.

use std::fmt::{self, Write};

/// A value to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Yaml {
    /// Safe without quotes: numbers, booleans, durations, percentages.
    Plain(String),
    /// Quoted if it must be.
    Text(String),
    /// Items on lines of their own.
    List(Vec<Yaml>),
    /// Fields on lines of their own.
    Map(Vec<(String, Yaml)>),
    /// Fields in one line, `{a: 1, b: 2}`.
    Row(Vec<(String, Yaml)>),
}

impl Yaml {
    pub(crate) fn plain(value: impl fmt::Display) -> Self {
        Self::Plain(format!("{value}"))
    }

    pub(crate) fn text(value: impl Into<String>) -> Self {
        Self::Text(value.into())
    }

    /// A document, ending with a line break.
    pub(crate) fn document(&self) -> String {
        let mut out = String::new();
        self.block(&mut out, 0);
        out
    }

    /// Lines at this depth; the cursor is at the beginning of a line.
    fn block(&self, out: &mut String, depth: usize) {
        match self {
            Self::Map(fields) if !fields.is_empty() => {
                for (index, (key, value)) in fields.iter().enumerate() {
                    // The first field of a list's item stands behind its dash.
                    if index != 0 || !out.ends_with("- ") {
                        indent(out, depth);
                    }
                    value.field(key, out, depth);
                }
            }
            Self::List(items) if !items.is_empty() => {
                for (index, item) in items.iter().enumerate() {
                    if index != 0 || !out.ends_with("- ") {
                        indent(out, depth);
                    }
                    out.push_str("- ");
                    item.block(out, depth + 1);
                }
            }
            _ => {
                out.push_str(&self.inline());
                out.push('\n');
            }
        }
    }

    fn field(&self, key: &str, out: &mut String, depth: usize) {
        out.push_str(&scalar(key));
        out.push(':');
        match self {
            Self::Map(it) if !it.is_empty() => {
                out.push('\n');
                self.block(out, depth + 1);
            }
            Self::List(it) if !it.is_empty() => {
                out.push('\n');
                self.block(out, depth + 1);
            }
            Self::Text(text) if is_block(text) => literal(text, out, depth + 1),
            _ => writeln!(out, " {}", self.inline()).expect("a String takes everything"),
        }
    }

    /// In one line, as in `{a: [1, 2]}`.
    fn inline(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Text(text) => scalar(text),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::inline).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Map(fields) | Self::Row(fields) => {
                let field =
                    |(key, value): &(String, Self)| format!("{}: {}", scalar(key), value.inline());
                let fields: Vec<String> = fields.iter().map(field).collect();
                format!("{{{}}}", fields.join(", "))
            }
        }
    }
}

/// Fields in the order in which they are added; what is nothing is left out.
#[derive(Debug, Default)]
pub(crate) struct Map {
    fields: Vec<(String, Yaml)>,
}

impl Map {
    pub(crate) fn with(mut self, key: &str, value: Yaml) -> Self {
        self.fields.push((key.to_owned(), value));
        self
    }

    pub(crate) fn with_maybe(self, key: &str, value: Option<Yaml>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    pub(crate) fn lines(self) -> Yaml {
        Yaml::Map(self.fields)
    }

    pub(crate) fn row(self) -> Yaml {
        Yaml::Row(self.fields)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    pub(crate) fn into_fields(self) -> Vec<(String, Yaml)> {
        self.fields
    }
}

fn indent(out: &mut String, depth: usize) {
    out.push_str(&"  ".repeat(depth));
}

/// Text of several lines that a literal block holds without loss.
fn is_block(text: &str) -> bool {
    let is_printed = |it: char| it == '\n' || !it.is_control() && it != '\u{feff}';
    let lines = || text.trim_end_matches('\n').split('\n');
    text.contains('\n')
        && text.trim_end_matches('\n').len() + 1 >= text.len()
        && text.chars().all(is_printed)
        && !text.contains(['\u{85}', '\u{2028}', '\u{2029}'])
        && lines().next().is_some_and(|it| !it.is_empty() && !it.starts_with(' '))
        && lines().all(|it| it.is_empty() || !it.trim().is_empty())
}

fn literal(text: &str, out: &mut String, depth: usize) {
    out.push_str(if text.ends_with('\n') { " |\n" } else { " |-\n" });
    for line in text.trim_end_matches('\n').split('\n') {
        if !line.is_empty() {
            indent(out, depth);
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// As plain text if every reader takes it as text, else in quotes.
fn scalar(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    if text
        .chars()
        .all(|it| !it.is_control() && !matches!(it, '\u{feff}' | '\u{2028}' | '\u{2029}'))
    {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = String::from('"');
    for it in text.chars() {
        match it {
            '"' | '\\' => out.extend(['\\', it]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            it if it.is_control() || matches!(it, '\u{feff}' | '\u{2028}' | '\u{2029}') => {
                write!(out, "\\U{:08x}", u32::from(it)).expect("a String takes everything");
            }
            it => out.push(it),
        }
    }
    out.push('"');
    out
}

/// Words that some version of YAML takes for something else than text.
const RESERVED: [&str; 12] =
    ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity"];

fn is_plain(text: &str) -> bool {
    let starts = |it: char| it.is_ascii_alphabetic() || matches!(it, '_' | '/' | '$');
    let allowed = |it: char| {
        it.is_ascii_alphanumeric()
            || matches!(it, '_' | '/' | '.' | '-' | ' ' | '$' | '(' | ')' | '+')
    };
    text.starts_with(starts)
        && text.chars().all(allowed)
        && !text.ends_with(' ')
        && !RESERVED.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests;
