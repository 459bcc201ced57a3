//! Functions that make labels, and sorting by them.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use nines_base::{Labels, METRIC_NAME};
use regex::Regex;

use super::call::text_argument;
use super::finish::merge;
use super::{Column, Evaluator, Grid};
use crate::QueryError;
use crate::function::Direction;
use crate::plan::Call;

impl Evaluator<'_> {
    pub(super) fn label_replace(
        &mut self,
        call: &Call,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        let (target, replacement) = (text_argument(call, 1)?, text_argument(call, 2)?);
        let (source, pattern) = (text_argument(call, 3)?, text_argument(call, 4)?);
        let regex = Regex::new(&format!("^(?s:{pattern})$")).map_err(|_| {
            QueryError::execution(format!(
                "invalid regular expression in label_replace(): {pattern}"
            ))
        })?;
        refuse_empty_name(target, "label_replace")?;
        let columns = self.vector_argument(call, 0, grid)?;
        relabel(columns, target, |labels| {
            let captures = regex.captures(labels.value(source))?;
            let mut value = String::new();
            captures.expand(replacement, &mut value);
            Some(value)
        })
    }

    pub(super) fn label_join(
        &mut self,
        call: &Call,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        let (target, separator) = (text_argument(call, 1)?, text_argument(call, 2)?);
        refuse_empty_name(target, "label_join")?;
        let sources = (3..call.args.len()).map(|index| text_argument(call, index));
        let sources = sources.collect::<Result<Vec<_>, _>>()?;
        let columns = self.vector_argument(call, 0, grid)?;
        relabel(columns, target, |labels| {
            let values: Vec<_> = sources.iter().map(|it| labels.value(it)).collect();
            Some(values.join(separator))
        })
    }

    pub(super) fn sort_by_label(
        &mut self,
        call: &Call,
        direction: Direction,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        let mut columns = self.vector_argument(call, 0, grid)?;
        if self.warn_unsorted(call) {
            return Ok(columns);
        }
        let names = (1..call.args.len()).map(|index| text_argument(call, index));
        let names = names.collect::<Result<Vec<_>, _>>()?;
        columns.sort_by(|left, right| {
            let by_name =
                names.iter().map(|name| natural(left.labels.value(name), right.labels.value(name)));
            let decided = by_name.fold(Ordering::Equal, Ordering::then);
            let order = decided.then_with(|| left.labels.cmp(&right.labels));
            if direction == Direction::Descending { order.reverse() } else { order }
        });
        Ok(columns)
    }
}

fn refuse_empty_name(name: &str, function: &str) -> Result<(), QueryError> {
    if name.is_empty() {
        let message = format!("invalid destination label name in {function}(): {name}");
        return Err(QueryError::execution(message));
    }
    Ok(())
}

/// Sets `target` where `make` says so; a name that was set on purpose stays.
fn relabel(
    mut columns: Vec<Column>,
    target: &str,
    make: impl Fn(&Labels) -> Option<String>,
) -> Result<Vec<Column>, QueryError> {
    for column in &mut columns {
        if let Some(value) = make(&column.labels) {
            column.labels = column.labels.with(target, &value);
            column.drop_name &= target != METRIC_NAME;
        }
    }
    let different: BTreeSet<_> = columns.iter().map(|it| &it.labels).collect();
    if different.len() == columns.len() {
        return Ok(columns);
    }
    let keyed = columns.into_iter().map(|it| ((it.labels, it.drop_name), it.values)).collect();
    let merged = merge(keyed)?.into_iter();
    Ok(merged.map(|((labels, drop_name), values)| Column { labels, drop_name, values }).collect())
}

/// Runs of digits compare as numbers: `2` before `10`.
fn natural(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (chunks(left).into_iter(), chunks(right).into_iter());
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(left), Some(right)) => match (left.parse::<u64>(), right.parse::<u64>()) {
                (Ok(left), Ok(right)) => left.cmp(&right),
                _ => left.cmp(right),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Runs of digits and of other characters.
fn chunks(text: &str) -> Vec<&str> {
    let is_digit = |it: &char| it.is_ascii_digit();
    let (mut rest, mut chunks) = (text, Vec::new());
    while let Some(first) = rest.chars().next() {
        let kind = is_digit(&first);
        let end = rest.find(|it: char| is_digit(&it) != kind).unwrap_or(rest.len());
        let (chunk, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        chunks.push(chunk);
        rest = tail;
    }
    chunks
}
