//! `topk`, `bottomk` and `limitk`: members stay themselves, but not at every step.

use std::cmp::Ordering;

use super::Group;
use crate::eval::column::{Column, Grid};
use crate::plan::AggregateKind;

pub(super) fn choose(
    groups: Vec<Group>,
    kind: AggregateKind,
    counts: &[usize],
    grid: &Grid,
) -> Vec<Column> {
    let mut columns = Vec::new();
    for mut group in groups {
        let mut order = Vec::new();
        for index in 0..grid.count {
            let count = counts.get(index).copied().unwrap_or(0);
            let ranked = ranked(&group, kind, index);
            for position in ranked.iter().skip(count) {
                if let Some(member) = group.members.get_mut(*position) {
                    member.clear(index);
                }
            }
            order = ranked.into_iter().take(count).collect();
        }
        if grid.count == 1 {
            // The only step says in which order the members come.
            columns.extend(order.iter().filter_map(|it| group.members.get(*it).cloned()));
        } else {
            columns.extend(group.members.into_iter().filter(|it| !it.is_empty()));
        }
    }
    columns
}

/// The members with a value at a step, the best first; NaN is the worst either way.
fn ranked(group: &Group, kind: AggregateKind, index: usize) -> Vec<usize> {
    if kind == AggregateKind::Limitk {
        let members = group.members.iter().enumerate();
        return members.filter(|(_, it)| it.is_present(index)).map(|(at, _)| at).collect();
    }
    let order = |left: f64, right: f64| left.partial_cmp(&right).unwrap_or(Ordering::Equal);
    let compare = |left: f64, right: f64| match (left.is_nan(), right.is_nan()) {
        (false, false) if kind == AggregateKind::Topk => order(right, left),
        (false, false) => order(left, right),
        (left, right) => left.cmp(&right),
    };
    let mut members: Vec<_> = group.floats(index).collect();
    members.sort_by(|left, right| compare(left.1, right.1));
    members.into_iter().map(|(at, _)| at).collect()
}
