//! The end of a query: names that must go are dropped, duplicates refused, results sorted.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use nines_base::{Labels, METRIC_NAME, Sample, is_stale};

use super::select::Windows;
use super::{Column, Grid};
use crate::function::Function;
use crate::plan::{AggregateKind, Node};
use crate::{QueryError, SeriesSamples, Value, VectorSample};

/// The words of Prometheus, which clients look for.
pub(super) fn duplicate() -> QueryError {
    QueryError::execution("vector cannot contain metrics with the same labelset")
}

impl Column {
    fn finished(self) -> (Labels, Vec<f64>) {
        let labels = if self.drop_name { without_name(&self.labels) } else { self.labels };
        (labels, self.values)
    }
}

fn without_name(labels: &Labels) -> Labels {
    labels.filtered(|it| it != METRIC_NAME)
}

/// One step of each column as an instant vector.
pub(super) fn vector(columns: Vec<Column>, at_ms: i64, root: &Node) -> Result<Value, QueryError> {
    let mut samples = Vec::with_capacity(columns.len());
    for column in columns {
        let (labels, values) = column.finished();
        if let Some(value) = values.first().copied().filter(|it| !is_stale(*it)) {
            samples.push(VectorSample { labels, at_ms, value, histogram: None });
        }
    }
    if is_ordered(root) {
        let mut sorted: Vec<_> = samples.iter().map(|it| &it.labels).collect();
        sorted.sort_unstable();
        refuse_duplicates(&sorted)?;
    } else {
        samples.sort_by(|left, right| left.labels.cmp(&right.labels));
        refuse_duplicates(&samples.iter().map(|it| &it.labels).collect::<Vec<_>>())?;
    }
    Ok(Value::Vector(samples))
}

fn refuse_duplicates(sorted: &[&Labels]) -> Result<(), QueryError> {
    let is_duplicate = sorted.windows(2).any(|pair| matches!(pair, [one, two] if one == two));
    if is_duplicate { Err(duplicate()) } else { Ok(()) }
}

/// Whether the query itself says in which order its result comes.
fn is_ordered(root: &Node) -> bool {
    match root {
        Node::Call(it) => matches!(it.function, Function::Sort(_) | Function::SortByLabel(_)),
        Node::Aggregate(it) => matches!(it.kind, AggregateKind::Topk | AggregateKind::Bottomk),
        _ => false,
    }
}

/// All steps; columns whose labels became equal are one series if they never have a value at the same step.
pub(super) fn matrix(columns: Vec<Column>, grid: &Grid) -> Result<Value, QueryError> {
    let labelled = columns.into_iter().map(Column::finished).collect();
    let series = merge(labelled)?.into_iter().map(|(labels, values)| {
        let present = grid.times().zip(values).filter(|(_, value)| !is_stale(*value));
        let samples = present.map(|(at_ms, value)| Sample { at_ms, value }).collect();
        SeriesSamples { labels, samples, histograms: Vec::new() }
    });
    Ok(Value::Matrix(series.filter(|it| !it.samples.is_empty()).collect()))
}

/// Sorted by labels; values with equal labels become one list, if no step has two of them.
pub(super) fn merge<K: Ord>(
    columns: Vec<(K, Vec<f64>)>,
) -> Result<BTreeMap<K, Vec<f64>>, QueryError> {
    let mut merged = BTreeMap::<K, Vec<f64>>::new();
    for (labels, values) in columns {
        match merged.entry(labels) {
            Entry::Vacant(it) => {
                it.insert(values);
            }
            Entry::Occupied(mut it) => overlay(it.get_mut(), &values)?,
        }
    }
    Ok(merged)
}

fn overlay(into: &mut [f64], values: &[f64]) -> Result<(), QueryError> {
    for (slot, value) in into.iter_mut().zip(values).filter(|(_, value)| !is_stale(**value)) {
        if !is_stale(*slot) {
            return Err(duplicate());
        }
        *slot = *value;
    }
    Ok(())
}

/// The samples of the only step's windows.
pub(super) fn window(windows: Windows) -> Result<Value, QueryError> {
    let (start_ms, end_ms) = windows.bounds.first().copied().unwrap_or_default();
    let mut series: Vec<_> = windows
        .series
        .into_iter()
        .map(|mut it| {
            it.samples.retain(|it| start_ms < it.at_ms && it.at_ms <= end_ms);
            let labels = if it.drop_name { without_name(&it.labels) } else { it.labels };
            SeriesSamples { labels, samples: it.samples, histograms: Vec::new() }
        })
        .filter(|it| !it.samples.is_empty())
        .collect();
    series.sort_by(|left, right| left.labels.cmp(&right.labels));
    refuse_duplicates(&series.iter().map(|it| &it.labels).collect::<Vec<_>>())?;
    Ok(Value::Matrix(series))
}
