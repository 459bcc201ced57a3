//! `and`, `or` and `unless`: which elements are there, whatever their values.

use std::collections::BTreeMap;

use super::Match;
use crate::QueryError;
use crate::eval::column::{Column, Grid};
use crate::eval::finish::overlay;
use crate::plan::SetOperator;

pub(super) fn apply(
    operator: SetOperator,
    matches: &[Match],
    mut left: Vec<Column>,
    mut right: Vec<Column>,
    grid: &Grid,
) -> Result<Vec<Column>, QueryError> {
    for group in matches {
        for index in 0..grid.count {
            match operator {
                SetOperator::And if !is_in(&right, &group.right, index) => {
                    clear(&mut left, &group.left, index);
                }
                SetOperator::Unless if is_in(&right, &group.right, index) => {
                    clear(&mut left, &group.left, index);
                }
                SetOperator::Or if is_in(&left, &group.left, index) => {
                    clear(&mut right, &group.right, index);
                }
                _ => {}
            }
        }
    }
    if operator == SetOperator::Or {
        left = united(left, right)?;
    }
    left.retain(|it| !it.is_empty());
    Ok(left)
}

/// A series that is on the left at some steps and on the right at others is one series.
fn united(mut left: Vec<Column>, right: Vec<Column>) -> Result<Vec<Column>, QueryError> {
    let known = left.iter().enumerate().map(|(position, it)| (it.labels.clone(), position));
    let known: BTreeMap<_, _> = known.collect();
    for column in right.into_iter().filter(|it| !it.is_empty()) {
        match known.get(&column.labels).and_then(|it| left.get_mut(*it)) {
            Some(it) => overlay(it, &column)?,
            None => left.push(column),
        }
    }
    Ok(left)
}

fn is_in(columns: &[Column], positions: &[usize], index: usize) -> bool {
    let mut found = positions.iter().filter_map(|it| columns.get(*it));
    found.any(|it| it.is_present(index))
}

fn clear(columns: &mut [Column], positions: &[usize], index: usize) {
    for position in positions {
        if let Some(column) = columns.get_mut(*position) {
            column.clear(index);
        }
    }
}
