//! Aggregations. Those that can are fed one column at a time; the others look at all columns of a group.

mod choose;
mod fold;

use std::collections::BTreeMap;

use nines_base::{Labels, METRIC_NAME};

use super::column::{ABSENT, Column, Grid, Point, is_absent};
use super::{Columns, Evaluator};
use crate::QueryError;
use crate::format::{Plain, Shortest};
use crate::histogram::Shown;
use crate::plan::{Aggregate, AggregateKind, Grouping};
use crate::statistics::quantile;

/// The labels that a grouping keeps.
pub(super) fn group_labels(by: &Grouping, labels: &Labels) -> Labels {
    match by {
        Grouping::Only(names) if names.is_empty() => Labels::empty(),
        Grouping::Only(names) => labels.filtered(|it| names.iter().any(|name| name == it)),
        Grouping::Except(names) => {
            labels.filtered(|it| it != METRIC_NAME && !names.iter().any(|name| name == it))
        }
    }
}

/// Which group a series belongs to; groups are numbered in the order of their first members.
#[derive(Debug)]
struct Groups<'a> {
    by: &'a Grouping,
    positions: BTreeMap<Labels, usize>,
}

impl<'a> Groups<'a> {
    fn new(by: &'a Grouping) -> Self {
        Self { by, positions: BTreeMap::new() }
    }

    /// The group's number, and its labels if it is new.
    fn position(&mut self, labels: &Labels) -> (usize, Option<Labels>) {
        let next = self.positions.len();
        // Most aggregations have one group, which needs no look at the labels.
        if matches!(self.by, Grouping::Only(names) if names.is_empty()) && next == 1 {
            return (0, None);
        }
        let labels = group_labels(self.by, labels);
        if let Some(position) = self.positions.get(&labels) {
            return (*position, None);
        }
        self.positions.insert(labels.clone(), next);
        (next, Some(labels))
    }
}

/// Columns of one group.
struct Group {
    labels: Labels,
    drop_name: bool,
    members: Vec<Column>,
}

impl Group {
    /// Members with a number at a step.
    fn floats(&self, index: usize) -> impl Iterator<Item = (usize, f64)> {
        let members = self.members.iter().enumerate();
        members.filter_map(move |(position, it)| Some((position, it.float(index)?)))
    }
}

fn groups(by: &Grouping, columns: Vec<Column>) -> Vec<Group> {
    let (mut known, mut groups) = (Groups::new(by), Vec::<Group>::new());
    for column in columns {
        let (position, labels) = known.position(&column.labels);
        if let Some(labels) = labels {
            groups.push(Group { labels, drop_name: false, members: Vec::new() });
        }
        if let Some(group) = groups.get_mut(position) {
            group.drop_name |= column.drop_name;
            group.members.push(column);
        }
    }
    groups
}

impl Evaluator<'_> {
    pub(super) fn aggregate(
        &mut self,
        it: &Aggregate,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        if let Some(kind) = fold::Kind::of(it.kind) {
            let mut folding = fold::Folding::new(kind, it, grid.count);
            self.stream(&it.of, grid, &mut folding)?;
            return Ok(folding.finish(&mut self.run));
        }
        let parameter = match &it.parameter {
            Some(node) => self.eval(node, grid)?,
            None => return Err(QueryError::execution("an aggregation needs its parameter")),
        };
        let columns = self.eval(&it.of, grid)?.into_vector()?;
        match (it.kind, parameter) {
            (AggregateKind::CountValues, Columns::Text(label)) => {
                self.count_values(groups(&it.by, columns), &label, grid)
            }
            (AggregateKind::Quantile, Columns::Scalar(quantiles)) => {
                self.quantile(it, columns, &quantiles, grid)
            }
            (AggregateKind::LimitRatio, Columns::Scalar(ratios)) => {
                self.limit_ratio(it, columns, &ratios)
            }
            (kind, Columns::Scalar(counts)) => {
                let counts = counts.into_iter().map(count_of).collect::<Result<Vec<_>, _>>()?;
                let mut groups = groups(&it.by, columns);
                if kind != AggregateKind::Limitk {
                    self.ignore_histograms(it, &mut groups);
                }
                Ok(choose::choose(groups, kind, &counts, grid))
            }
            _ => Err(QueryError::execution("an aggregation has a parameter of another type")),
        }
    }

    /// Leaves histograms out where only numbers have an order.
    fn ignore_histograms(&mut self, it: &Aggregate, groups: &mut [Group]) {
        let columns = groups.iter_mut().flat_map(|it| &mut it.members);
        for column in columns.filter(|it| !it.histograms.is_empty()) {
            column.histograms.clear();
            let place = match it.kind {
                AggregateKind::Topk | AggregateKind::Bottomk => it.places.own,
                _ => it.places.of,
            };
            self.run.notes.ignored_in_group(it.kind.name(), place);
        }
    }

    fn quantile(
        &mut self,
        it: &Aggregate,
        columns: Vec<Column>,
        quantiles: &[f64],
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        for q in quantiles {
            self.run.notes.check_quantile(*q, it.places.parameter);
        }
        let mut groups = groups(&it.by, columns);
        self.ignore_histograms(it, &mut groups);
        self.run.meter.charge(groups.len().saturating_mul(grid.count))?;
        let columns = groups.into_iter().map(|group| {
            let value = |index: usize| {
                let values: Vec<_> = group.floats(index).map(|(_, value)| value).collect();
                let q = quantiles.get(index).copied().unwrap_or(f64::NAN);
                if values.is_empty() { ABSENT } else { quantile(q, values) }
            };
            let values = (0..grid.count).map(value).collect();
            let (labels, drop_name) = (group.labels, group.drop_name);
            Column { labels, drop_name, values, histograms: Vec::new() }
        });
        Ok(columns.filter(|it| !it.is_empty()).collect())
    }

    /// One column per group and value that occurs.
    fn count_values(
        &mut self,
        groups: Vec<Group>,
        label: &str,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        let mut counts = BTreeMap::<Labels, Column>::new();
        for group in groups {
            let drop_name = group.drop_name && label != METRIC_NAME;
            for index in 0..grid.count {
                for point in group.members.iter().filter_map(|it| it.point(index)) {
                    let value = match point {
                        Point::Float(it) => Plain(it).to_string(),
                        Point::Histogram(it) => Shown(&it).to_string(),
                    };
                    let labels = group.labels.with(label, &value);
                    if !counts.contains_key(&labels) {
                        self.run.meter.series(counts.len() + 1)?;
                        self.run.meter.charge(grid.count)?;
                    }
                    let column = counts.entry(labels).or_insert_with_key(|labels| {
                        let values = vec![ABSENT; grid.count];
                        Column { drop_name, ..Column::of_values(labels.clone(), values) }
                    });
                    if let Some(slot) = column.values.get_mut(index) {
                        *slot = if is_absent(*slot) { 1.0 } else { *slot + 1.0 };
                    }
                }
            }
        }
        Ok(counts.into_values().collect())
    }

    /// A share of all series, the same at every step and at every evaluation.
    fn limit_ratio(
        &mut self,
        it: &Aggregate,
        mut columns: Vec<Column>,
        ratios: &[f64],
    ) -> Result<Vec<Column>, QueryError> {
        if ratios.iter().any(|it| it.is_nan()) {
            return Err(QueryError::execution("Ratio value is NaN"));
        }
        if let Some(ratio) = ratios.iter().find(|it| it.abs() > 1.0) {
            let (used, ratio) = (ratio.signum(), Shortest(*ratio));
            self.run.notes.warn(
                &format!("ratio value should be between -1 and 1, got {ratio}, capping to {used}"),
                it.places.parameter,
            );
        }
        for column in &mut columns {
            let share = column.labels.fingerprint() as f64 / u64::MAX as f64;
            for (index, ratio) in ratios.iter().enumerate() {
                // A negative ratio takes exactly what its complement leaves.
                let is_kept = if *ratio >= 0.0 { share < *ratio } else { share >= 1.0 + *ratio };
                if !is_kept {
                    column.clear(index);
                }
            }
        }
        columns.retain(|it| !it.is_empty());
        Ok(columns)
    }
}

/// How many to keep; not above what memory can hold.
fn count_of(value: f64) -> Result<usize, QueryError> {
    if value.is_nan() {
        return Err(QueryError::execution("Parameter value is NaN"));
    }
    let shown = Shortest(value);
    if value >= i64::MAX as f64 {
        return Err(QueryError::execution(format!("Scalar value {shown} overflows int64")));
    }
    if value <= i64::MIN as f64 {
        return Err(QueryError::execution(format!("Scalar value {shown} underflows int64")));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped at 0 and saturating"
    )]
    Ok(value.max(0.0) as usize)
}
