//! Sorting, which only matters at one instant.

use std::cmp::Ordering;

use super::Evaluator;
use super::call::text_argument;
use super::column::{Column, Grid};
use crate::QueryError;
use crate::function::Direction;
use crate::plan::Call;

impl Evaluator<'_> {
    pub(super) fn sort(
        &mut self,
        call: &Call,
        direction: Direction,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        let mut columns = self.vector_argument(call, 0, grid)?;
        // Histograms have no order.
        for column in &mut columns {
            column.histograms.clear();
        }
        columns.retain(|it| !it.is_empty());
        if self.warn_unsorted(call) {
            return Ok(columns);
        }
        let value = |it: &Column| it.values.first().copied().unwrap_or(f64::NAN);
        columns.sort_by(|left, right| {
            let (left, right) = (value(left), value(right));
            match (left.is_nan(), right.is_nan(), direction) {
                (false, false, Direction::Ascending) => compare(left, right),
                (false, false, Direction::Descending) => compare(right, left),
                // NaN is last either way.
                (left, right, _) => left.cmp(&right),
            }
        });
        Ok(columns)
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

    /// A range query is always sorted by labels.
    fn warn_unsorted(&mut self, call: &Call) -> bool {
        let is_range = self.span.step_ms > 0;
        if is_range {
            self.run.notes.warn(
                "sort is ineffective for range queries since results are always ordered by labels",
                call.place,
            );
        }
        is_range
    }
}

fn compare(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or(Ordering::Equal)
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
