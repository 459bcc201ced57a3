//! SLIs of any PromQL, evaluated once per slice.
//!
//! `$slice` stands for the length of the slice. A range that is written out may be longer, and then an event is
//! seen by more than one slice; that is a finding.

use jiff::SignedDuration;
use nines_base::{format_duration, parse_duration};
use nines_promql::{QueryError, check};
use nines_slo::{PromqlQueries, PromqlSli, SliKind};

use crate::draft::Page;
use crate::fields::{Fields, Text};
use crate::finding::Span;
use crate::mistake::Mistake;
use crate::node::Node;
use crate::query::suspect;
use crate::shape::{Field, QUERY, Shape, TARGET, Type};

use super::sli::{WIDTH, width};
use super::target::{self, Unit};

/// The length of the slice, in a query.
const SLICE: &str = "$slice";

pub(super) static PROMQL: Shape = Shape::new(
    "a promql SLI",
    &[
        Field::new("good", Type::Like(&QUERY), "Good events of a slice; stands beside `total`."),
        Field::new("total", Type::Like(&QUERY), "All events of a slice; stands beside `good`."),
        Field::new("ratio", Type::Like(&QUERY), "The share of good events, 0 to 1."),
        Field::new("value", Type::Like(&QUERY), "A value; stands beside `target`."),
        Field::new("target", Type::Like(&TARGET), "When the value is good."),
        WIDTH,
    ],
)
.one_of(&["good", "ratio", "value"]);

/// What a query is for, and so what it must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Events are counted: each must be seen by one slice.
    Events,
    /// Anything that may look at more than a slice.
    Value,
}

pub(super) fn read(page: &mut Page<'_, '_>, node: &Node) -> Option<SliKind> {
    let fields = page.shape(node, &PROMQL)?;
    let width = width(page, &fields);
    let span = width.unwrap_or(super::sli::WIDTH_DEFAULT);
    let total = fields.get("total").and_then(|it| query(page, it, "`total`", Role::Events, span));
    let target = fields.get("target").and_then(|it| target::read(page, it, Unit::OfMetric));
    let (name, node) = page.chosen(&fields)?;
    let queries = match name {
        "good" => {
            beside(page, &fields, "total", "total: sum(increase(http_requests_total[$slice]))");
            let good = query(page, node, "`good`", Role::Events, span);
            apart(page, &fields, "good", "target");
            PromqlQueries::Events { good: good?, total: total? }
        }
        "ratio" => {
            apart(page, &fields, "ratio", "total");
            apart(page, &fields, "ratio", "target");
            PromqlQueries::Ratio(query(page, node, "`ratio`", Role::Value, span)?)
        }
        _ => {
            beside(page, &fields, "target", "target: '< 300ms'");
            apart(page, &fields, "value", "total");
            let query = query(page, node, "`value`", Role::Value, span);
            PromqlQueries::Value { query: query?, target: target? }
        }
    };
    Some(SliKind::Promql(PromqlSli { queries, width: width? }))
}

fn beside(
    page: &mut Page<'_, '_>,
    fields: &Fields<'_>,
    field: &'static str,
    example: &'static str,
) {
    page.need(fields, field, example);
}

fn apart(page: &mut Page<'_, '_>, fields: &Fields<'_>, one: &'static str, other: &'static str) {
    page.apart(fields, one, other);
}

fn query(
    page: &mut Page<'_, '_>,
    node: &Node,
    what: &str,
    role: Role,
    width: SignedDuration,
) -> Option<String> {
    let query = page.scalar(node, what)?;
    if !is_right(page, query, width) {
        return None;
    }
    let ranges = ranges(query.text);
    for range in &ranges {
        let Some(length) = range.length.filter(|it| *it != width) else { continue };
        let at = page.inside(query.span, query.text, range.at);
        let (range, slice) = (format_duration(length), format_duration(width));
        match role {
            Role::Events => page.report(&Mistake::EventsMiscounted { range, slice, at }),
            Role::Value if width < length => {
                page.report(&Mistake::RangeBeyondSlice { range, slice, at });
            }
            Role::Value => {}
        }
    }
    if role == Role::Events && ranges.is_empty() {
        let at = query.span;
        page.report(&Mistake::NoSlice { what: what.to_owned(), at });
    }
    Some(query.text.to_owned())
}

/// Whether the query can be evaluated, with any length in the place of `$slice`.
fn is_right(page: &mut Page<'_, '_>, query: Text<'_>, width: SignedDuration) -> bool {
    let (filled, shifts) = fill(query.text, &format_duration(width));
    let Err(error) = check(&filled) else { return true };
    let problem = match &error {
        QueryError::Parse { message, .. } => message.clone(),
        other => other.to_string(),
    };
    let part = match error {
        QueryError::Parse { at: Some(at), .. } => word_at(query.text, back(at, &shifts)),
        _ => suspect(query.text, &problem),
    };
    let at = page.inside(query.span, query.text, part);
    page.report(&Mistake::BadQuery { problem, at });
    false
}

/// The query with the length in it, and where: (offset behind the place in the filled text, bytes that it is longer).
fn fill(query: &str, length: &str) -> (String, Vec<(usize, usize)>) {
    let mut filled = String::new();
    let mut places = Vec::new();
    for (index, part) in query.split(SLICE).enumerate() {
        if index != 0 {
            filled.push_str(length);
            places.push((filled.len(), length.len()));
        }
        filled.push_str(part);
    }
    (filled, places)
}

/// From an offset in the filled text to one in what was written.
fn back(at: usize, places: &[(usize, usize)]) -> usize {
    places.iter().filter(|(end, _)| *end <= at).fold(at, |at, (_, len)| at + SLICE.len() - len)
}

/// The word that begins at an offset, at least one character.
fn word_at(query: &str, at: usize) -> Span {
    let at = query.floor_char_boundary(at.min(query.len()));
    let rest = query.get(at..).unwrap_or("");
    let is_word = |it: char| it.is_alphanumeric() || matches!(it, '_' | ':');
    let word: usize = rest.chars().take_while(|it| is_word(*it)).map(char::len_utf8).sum();
    let first = rest.chars().next().map_or(1, char::len_utf8);
    Span { start: at, len: word.max(first) }
}

/// A range in square brackets.
struct Range {
    at: Span,
    /// Nothing for `$slice`, and for what is computed from it.
    length: Option<SignedDuration>,
}

/// All ranges of selectors and subqueries; brackets in quotes are none.
fn ranges(query: &str) -> Vec<Range> {
    let (mut found, mut quote, mut open) = (Vec::new(), None, None);
    let mut chars = query.char_indices();
    while let Some((at, it)) = chars.next() {
        match (quote, it) {
            (None, '"' | '\'' | '`') => quote = Some(it),
            (Some('"' | '\''), '\\') => drop(chars.next()),
            (Some(begun), _) if begun == it => quote = None,
            (Some(_), _) => {}
            (None, '[') => open = Some(at + 1),
            (None, ']') => {
                let Some(start) = open.take() else { continue };
                let inner = query.get(start..at).unwrap_or("");
                let written = inner.split(':').next().unwrap_or("");
                let length = parse_duration(written.trim()).ok();
                found.push(Range { at: Span { start, len: written.len().max(1) }, length });
            }
            (None, _) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests;
