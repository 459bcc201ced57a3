//! YAML as a tree that remembers where each thing was written.
//!
//! Kinds are read from this tree and not through derived types, because a derive stops at the first mistake
//! and we want all of them. It must not know any kind.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Location, Options, Spanned};

use crate::finding::Span;

/// The most nodes of one document.
const NODES_MAX: usize = 100_000;
/// The deepest nesting.
const DEPTH_MAX: usize = 48;
/// The most `*alias` of one document.
const ALIASES_MAX: usize = 1_000;
/// The most nodes that aliases may unfold into.
const REPLAYED_MAX: usize = 100_000;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    /// All of a scalar, the first character of anything else.
    pub(crate) span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    /// As it was written.
    Number(String),
    /// As it was written.
    Bool(String),
    /// Unquoted and unfolded.
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// Why a document is not a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeError {
    pub(crate) problem: String,
    pub(crate) at: Span,
    /// A limit was passed; the text itself may be right.
    pub(crate) is_limit: bool,
}

impl Node {
    /// Where to point when something about the whole node is wrong.
    pub(crate) fn anchor(&self) -> Span {
        match &self.value {
            Value::Map(entries) => entries.first().map_or(self.span, |(key, _)| key.span),
            _ => self.span,
        }
    }

    /// A field of a mapping that is there and not null, whatever the shape is.
    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else { return None };
        let (_, node) = entries.iter().find(|(key, _)| key.text == name)?;
        (node.value != Value::Null).then_some(node)
    }

    /// What a person would call it.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Number(_) => "a number",
            Value::Bool(_) => "a boolean",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// The documents of a YAML text, each with the bytes before it.
///
/// A line that begins with `---` starts a document wherever it stands, so a mistake in one document
/// leaves the others readable. Source: YAML 1.2.2, §9.1.2.
pub(crate) fn documents(text: &str) -> Vec<(usize, &str)> {
    let is_marker = |line: &str| {
        line.strip_prefix("---")
            .is_some_and(|it| it.is_empty() || it.starts_with([' ', '\t', '\n', '\r']))
    };
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if is_marker(line) && at != 0 {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).filter_map(|(from, to)| Some((*from, text.get(*from..to)?))).collect()
}

/// One document; `before` is added to every place in it.
pub(crate) fn parse(document: &str, before: usize) -> Result<Node, NodeError> {
    let raw: Spanned<Raw> =
        serde_saphyr::from_str_with_options(document, options()).map_err(|error| {
            let error = error.without_snippet();
            let text = error.to_string();
            let at = error.location().map_or(document.len(), |it| byte_offset(document, it));
            let passed = passed_limit(&text);
            let problem = text.split(" at line ").next().unwrap_or(&text).to_owned();
            NodeError {
                is_limit: passed.is_some(),
                problem: passed.unwrap_or(problem),
                at: Span { start: before + at, len: 1 },
            }
        })?;
    Ok(Tree { document, before }.node(raw))
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_aliases: ALIASES_MAX,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: REPLAYED_MAX },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: serde_saphyr::NonFiniteFloatPolicy::AsString,
        ignore_binary_tag_for_string: true,
        with_snippet: false,
        strict_booleans: true,
    }
}

/// Which of our limits the library's error is about.
fn passed_limit(error: &str) -> Option<String> {
    if error.contains("Depth") || error.contains("recursion limit") {
        return Some(format!("it is nested deeper than {DEPTH_MAX} levels"));
    }
    if error.contains("lias") && (error.contains("limit") || error.contains("budget")) {
        return Some(format!("its aliases unfold into more than {REPLAYED_MAX} values"));
    }
    error.contains("budget").then(|| format!("it has more than {NODES_MAX} values"))
}

/// Errors of the scanner have lines and columns only; columns count characters.
fn byte_offset(text: &str, at: Location) -> usize {
    if let Some(offset) = at.span().byte_offset().and_then(|it| usize::try_from(it).ok()) {
        return offset;
    }
    let line = usize::try_from(at.line()).unwrap_or(1).saturating_sub(1);
    let column = usize::try_from(at.column()).unwrap_or(1).saturating_sub(1);
    let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(before..).unwrap_or("");
    before + rest.char_indices().nth(column).map_or(rest.len(), |(index, _)| index)
}

/// Turns what the library gives into nodes.
struct Tree<'a> {
    document: &'a str,
    before: usize,
}

impl Tree<'_> {
    fn node(&self, raw: Spanned<Raw>) -> Node {
        let span = self.span(raw.defined);
        let value = match raw.value {
            Raw::Null => Value::Null,
            Raw::Bool => Value::Bool(self.written(span)),
            Raw::Number => Value::Number(self.written(span)),
            Raw::Text(text) => Value::Text(text),
            Raw::List(items) => Value::List(items.into_iter().map(|it| self.node(it)).collect()),
            Raw::Map(entries) => Value::Map(
                entries.into_iter().map(|(key, value)| (self.key(key), self.node(value))).collect(),
            ),
        };
        Node { value, span }
    }

    fn key(&self, raw: Spanned<Raw>) -> Key {
        let span = self.span(raw.defined);
        let text = match raw.value {
            Raw::Text(text) => text,
            _ => self.written(span),
        };
        Key { text, span }
    }

    fn span(&self, at: Location) -> Span {
        let number = |it: Option<u64>| it.and_then(|it| usize::try_from(it).ok()).unwrap_or(0);
        let (start, len) = (number(at.span().byte_offset()), number(at.span().byte_len()));
        let written = self.document.get(start..start.saturating_add(len)).unwrap_or("");
        Span { start: self.before + start, len: written.trim_end().len() }
    }

    fn written(&self, span: Span) -> String {
        let start = span.start.saturating_sub(self.before);
        self.document.get(start..start + span.len).unwrap_or_default().to_owned()
    }
}

/// What the library's events say.
enum Raw {
    Null,
    Bool,
    Number,
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Bool)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

#[cfg(test)]
mod tests;
