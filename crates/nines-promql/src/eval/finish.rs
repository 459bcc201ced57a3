//! The end of a query: names that must go are dropped, duplicates refused, results sorted.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use nines_base::{HistogramSample, Labels, METRIC_NAME, Sample};

use super::column::{Column, Grid, Point, is_absent};
use crate::function::Function;
use crate::plan::{AggregateKind, Node};
use crate::{QueryError, SeriesSamples, Value, VectorSample};

/// Labels that describe a stored metric, and not what is computed from it.
const METADATA: [&str; 3] = [METRIC_NAME, "__type__", "__unit__"];

/// The words of Prometheus, which clients look for.
pub(super) fn duplicate() -> QueryError {
    QueryError::execution("vector cannot contain metrics with the same labelset")
}

/// Labels without the metric's name and what else describes the metric.
pub(super) fn without_name(labels: &Labels) -> Labels {
    labels.filtered(|it| !METADATA.contains(&it))
}

impl Column {
    fn finish(&mut self) {
        if self.drop_name {
            self.labels = without_name(&self.labels);
        }
    }
}

/// One step of each column as an instant vector.
pub(super) fn vector(columns: Vec<Column>, at_ms: i64, root: &Node) -> Result<Value, QueryError> {
    let mut samples = Vec::with_capacity(columns.len());
    for mut column in columns {
        let Some(point) = column.point(0) else { continue };
        column.finish();
        let labels = column.labels;
        samples.push(match point {
            Point::Float(value) => VectorSample { labels, at_ms, value, histogram: None },
            Point::Histogram(it) => {
                VectorSample { labels, at_ms, value: f64::NAN, histogram: Some(it) }
            }
        });
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
pub(super) fn matrix(mut columns: Vec<Column>, grid: &Grid) -> Result<Value, QueryError> {
    columns.iter_mut().for_each(Column::finish);
    let series = merge(columns, |it| it.labels.clone())?.into_iter().map(|column| {
        let floats = grid.times().zip(&column.values).filter(|(_, value)| !is_absent(**value));
        let samples = floats.map(|(at_ms, value)| Sample { at_ms, value: *value }).collect();
        let histograms = grid.times().zip(&column.histograms).filter_map(|(at_ms, histogram)| {
            Some(HistogramSample { at_ms, histogram: histogram.clone()? })
        });
        SeriesSamples { labels: column.labels, samples, histograms: histograms.collect() }
    });
    let is_full = |it: &SeriesSamples| !it.samples.is_empty() || !it.histograms.is_empty();
    Ok(Value::Matrix(series.filter(is_full).collect()))
}

/// Sorted by a key of their labels; columns with equal keys become one, if no step has two values.
pub(super) fn merge<K: Ord>(
    columns: Vec<Column>,
    key: impl Fn(&Column) -> K,
) -> Result<Vec<Column>, QueryError> {
    let mut merged = BTreeMap::<K, Column>::new();
    for column in columns {
        match merged.entry(key(&column)) {
            Entry::Vacant(it) => {
                it.insert(column);
            }
            Entry::Occupied(mut it) => overlay(it.get_mut(), &column)?,
        }
    }
    Ok(merged.into_values().collect())
}

/// Adds the values of a column to another; no step may have one in both.
pub(super) fn overlay(into: &mut Column, from: &Column) -> Result<(), QueryError> {
    for index in 0..from.values.len() {
        let Some(point) = from.point(index) else { continue };
        if into.is_present(index) {
            return Err(duplicate());
        }
        into.set(index, Some(point));
    }
    Ok(())
}

/// A range vector as the result of an instant query, sorted by labels.
pub(super) fn window(series: Vec<(Column, SeriesSamples)>) -> Result<Value, QueryError> {
    let mut found: Vec<_> = series
        .into_iter()
        .map(|(mut head, samples)| {
            head.finish();
            SeriesSamples { labels: head.labels, ..samples }
        })
        .collect();
    found.sort_by(|left, right| left.labels.cmp(&right.labels));
    refuse_duplicates(&found.iter().map(|it| &it.labels).collect::<Vec<_>>())?;
    Ok(Value::Matrix(found))
}
