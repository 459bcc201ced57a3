//! `and`, `or` and `unless`: which elements are there, whatever their values.

use super::Match;
use crate::eval::column::{Column, Grid};
use crate::plan::SetOperator;

pub(super) fn apply(
    operator: SetOperator,
    matches: &[Match],
    mut left: Vec<Column>,
    mut right: Vec<Column>,
    grid: &Grid,
) -> Vec<Column> {
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
        left.extend(right);
    }
    left.retain(|it| !it.is_empty());
    left
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
