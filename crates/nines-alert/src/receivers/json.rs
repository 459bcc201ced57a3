//! JSON as Go writes it, so that receivers see the same bytes as from Alertmanager.

use std::fmt::Write as _;

/// A value; mappings keep their order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Whole(i64),
    /// A number, as it is written.
    Number(String),
    Text(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Json {
    pub(super) fn map<N: Into<String>>(entries: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(name, it)| (name.into(), it)).collect())
    }

    /// Whether it says nothing: such entries are left out where providers want them left out.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(it) => !it,
            Self::Whole(it) => *it == 0,
            Self::Number(_) => false,
            Self::Text(it) => it.is_empty(),
            Self::List(it) => it.is_empty(),
            Self::Map(it) => it.is_empty(),
        }
    }

    /// Without entries that say nothing.
    pub(super) fn brief<N: Into<String>>(entries: impl IntoIterator<Item = (N, Self)>) -> Self {
        let said = entries.into_iter().filter(|(_, it)| !it.is_empty());
        Self::map(said)
    }

    /// An entry of a mapping.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(it, _)| it == name).map(|(_, it)| it),
            _ => None,
        }
    }

    pub(super) fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(it) => out.push_str(if *it { "true" } else { "false" }),
            Self::Whole(it) => out.push_str(&it.to_string()),
            Self::Number(it) => out.push_str(it),
            Self::Text(it) => text(out, it),
            Self::List(items) => {
                out.push('[');
                for (index, it) in items.iter().enumerate() {
                    if 0 < index {
                        out.push(',');
                    }
                    it.write(out);
                }
                out.push(']');
            }
            Self::Map(entries) => {
                out.push('{');
                for (index, (name, it)) in entries.iter().enumerate() {
                    if 0 < index {
                        out.push(',');
                    }
                    text(out, name);
                    out.push(':');
                    it.write(out);
                }
                out.push('}');
            }
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// A text in quotes; what could end a script in a page is escaped too.
///
/// Source: the documentation of Go's package `encoding/json`, `HTMLEscape`.
pub(super) fn text(out: &mut String, text: &str) {
    out.push('"');
    for it in text.chars() {
        match it {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => escape(out, it),
            it if it < ' ' => escape(out, it),
            it => out.push(it),
        }
    }
    out.push('"');
}

fn escape(out: &mut String, it: char) {
    write!(out, "\\u{:04x}", u32::from(it)).expect("a text takes all");
}

/// `{"name":"value"}`, in the order of the pairs.
pub(super) fn pairs<'p>(out: &mut String, pairs: impl Iterator<Item = (&'p str, &'p str)>) {
    out.push('{');
    for (index, (name, value)) in pairs.enumerate() {
        if 0 < index {
            out.push(',');
        }
        text(out, name);
        out.push(':');
        text(out, value);
    }
    out.push('}');
}
