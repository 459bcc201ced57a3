//! Aggregations: columns are grouped by labels once, then each group is folded step by step.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use nines_base::{Labels, METRIC_NAME, is_stale};

use super::{ABSENT, Column, Columns, Evaluator, Grid};
use crate::QueryError;
use crate::check::Place;
use crate::plan::{Aggregate, AggregateKind, Grouping};
use crate::statistics::{Mean, Variance, format_float, quantile, sum};

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

/// Columns that are folded into one.
struct Group {
    labels: Labels,
    drop_name: bool,
    members: Vec<Column>,
}

impl Group {
    /// The values at a step.
    fn values(&self, index: usize) -> impl Iterator<Item = f64> {
        self.present(index).map(|(_, value)| value)
    }

    /// Members with a value at a step.
    fn present(&self, index: usize) -> impl Iterator<Item = (usize, f64)> {
        let values =
            self.members.iter().map(move |it| it.values.get(index).copied().unwrap_or(ABSENT));
        values.enumerate().filter(|(_, value)| !is_stale(*value))
    }
}

/// In the order in which their first members come.
fn groups(by: &Grouping, columns: Vec<Column>) -> Vec<Group> {
    let mut positions = BTreeMap::<Labels, usize>::new();
    let mut groups = Vec::<Group>::new();
    for column in columns {
        let labels = group_labels(by, &column.labels);
        let position = *positions.entry(labels.clone()).or_insert(groups.len());
        match groups.get_mut(position) {
            Some(group) => {
                group.drop_name |= column.drop_name;
                group.members.push(column);
            }
            None => {
                groups.push(Group { labels, drop_name: column.drop_name, members: vec![column] });
            }
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
        let parameter = it.parameter.as_ref().map(|it| self.eval(it, grid)).transpose()?;
        let columns = self.eval(&it.of, grid)?.into_vector()?;
        self.meter.work(columns.len().saturating_mul(grid.count))?;
        let groups = groups(&it.by, columns);
        // The parameter is the first argument.
        let place = it.places.get(1).copied();
        match (it.kind, parameter) {
            (AggregateKind::CountValues, Some(Columns::Text(label))) => {
                self.count_values(&groups, &label, grid)
            }
            (AggregateKind::Quantile, Some(Columns::Scalar(quantiles))) => {
                for it in &quantiles {
                    self.notes.check_quantile(*it, place);
                }
                self.fold(groups, grid, |group, index| {
                    let q = quantiles.get(index).copied().unwrap_or(f64::NAN);
                    quantile(q, group.values(index).collect())
                })
            }
            (AggregateKind::LimitRatio, Some(Columns::Scalar(ratios))) => {
                self.limit_ratio(groups, &ratios, place)
            }
            (kind, Some(Columns::Scalar(counts))) => {
                let counts = counts.into_iter().map(count_of).collect::<Result<Vec<_>, _>>()?;
                Ok(choose(groups, kind, &counts, grid))
            }
            (kind, _) => self.fold(groups, grid, |group, index| fold(kind, group.values(index))),
        }
    }

    fn fold(
        &mut self,
        groups: Vec<Group>,
        grid: &Grid,
        fold: impl Fn(&Group, usize) -> f64,
    ) -> Result<Vec<Column>, QueryError> {
        self.meter.charge(groups.len().saturating_mul(grid.count))?;
        let column = |group: Group| {
            let value = |index| match group.present(index).next() {
                Some(_) => fold(&group, index),
                None => ABSENT,
            };
            let values = (0..grid.count).map(value).collect();
            Column { labels: group.labels, drop_name: group.drop_name, values }
        };
        Ok(groups.into_iter().map(column).collect())
    }

    /// One column per group and value that occurs.
    fn count_values(
        &mut self,
        groups: &[Group],
        label: &str,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        if label.is_empty() {
            return Err(QueryError::execution(format!("invalid label name {label:?}")));
        }
        let mut counts = BTreeMap::<Labels, (bool, Vec<f64>)>::new();
        for group in groups {
            for index in 0..grid.count {
                for value in group.values(index) {
                    let labels = group.labels.with(label, &format_float(value));
                    if !counts.contains_key(&labels) {
                        self.meter.series(counts.len() + 1)?;
                        self.meter.charge(grid.count)?;
                    }
                    let empty =
                        || (group.drop_name && label != METRIC_NAME, vec![ABSENT; grid.count]);
                    let (_, values) = counts.entry(labels).or_insert_with(empty);
                    if let Some(slot) = values.get_mut(index) {
                        *slot = if is_stale(*slot) { 1.0 } else { *slot + 1.0 };
                    }
                }
            }
        }
        let column = |(labels, (drop_name, values))| Column { labels, drop_name, values };
        Ok(counts.into_iter().map(column).collect())
    }

    /// A share of all series, the same at every step and at every evaluation.
    fn limit_ratio(
        &mut self,
        groups: Vec<Group>,
        ratios: &[f64],
        place: Option<Place>,
    ) -> Result<Vec<Column>, QueryError> {
        if ratios.iter().any(|it| it.is_nan()) {
            return Err(QueryError::execution("Ratio value is NaN"));
        }
        if let Some(ratio) = ratios.iter().find(|it| it.abs() > 1.0) {
            let used = ratio.signum();
            self.notes.warn(
                &format!("ratio value should be between -1 and 1, got {ratio}, capping to {used}"),
                place,
            );
        }
        let mut columns: Vec<_> = groups.into_iter().flat_map(|it| it.members).collect();
        for column in &mut columns {
            let share = column.labels.fingerprint() as f64 / u64::MAX as f64;
            for (value, ratio) in column.values.iter_mut().zip(ratios) {
                // A negative ratio takes exactly what its complement leaves.
                let is_kept = if *ratio >= 0.0 { share < *ratio } else { share >= 1.0 + *ratio };
                if !is_kept {
                    *value = ABSENT;
                }
            }
        }
        Ok(columns)
    }
}

/// At least one value.
fn fold(kind: AggregateKind, values: impl Iterator<Item = f64>) -> f64 {
    let variance = |values: &mut dyn Iterator<Item = f64>| {
        let mut variance = Variance::default();
        values.for_each(|it| variance.add(it));
        variance.value()
    };
    let best = |is_better: fn(f64, f64) -> bool| {
        move |best: f64, it: f64| if is_better(it, best) || best.is_nan() { it } else { best }
    };
    let mut values = values;
    match kind {
        AggregateKind::Sum => sum(values),
        AggregateKind::Avg => {
            let mut mean = Mean::default();
            values.for_each(|it| mean.add(it));
            mean.value()
        }
        AggregateKind::Count => values.count() as f64,
        AggregateKind::Min => values.reduce(best(|one, two| one < two)).unwrap_or(ABSENT),
        AggregateKind::Max => values.reduce(best(|one, two| one > two)).unwrap_or(ABSENT),
        AggregateKind::Stddev => variance(&mut values).sqrt(),
        AggregateKind::Stdvar => variance(&mut values),
        _ => 1.0,
    }
}

/// `topk`, `bottomk` and `limitk`: members stay themselves, but not at every step.
fn choose(groups: Vec<Group>, kind: AggregateKind, counts: &[usize], grid: &Grid) -> Vec<Column> {
    let mut columns = Vec::new();
    for mut group in groups {
        let mut order = Vec::new();
        for index in 0..grid.count {
            let count = counts.get(index).copied().unwrap_or(0);
            let mut ranked: Vec<_> = group.present(index).collect();
            rank(&mut ranked, kind);
            for (member, _) in ranked.iter().skip(count) {
                if let Some(slot) =
                    group.members.get_mut(*member).and_then(|it| it.values.get_mut(index))
                {
                    *slot = ABSENT;
                }
            }
            order = ranked.into_iter().take(count).map(|(member, _)| member).collect();
        }
        if grid.count == 1 {
            columns.extend(order.iter().filter_map(|it| group.members.get(*it).cloned()));
        } else {
            let is_empty = |it: &Column| it.values.iter().all(|it| is_stale(*it));
            columns.extend(group.members.into_iter().filter(|it| !is_empty(it)));
        }
    }
    columns
}

/// The best first; NaN is the worst either way.
fn rank(members: &mut [(usize, f64)], kind: AggregateKind) {
    let order = |left: f64, right: f64| left.partial_cmp(&right).unwrap_or(Ordering::Equal);
    let compare = |left: f64, right: f64| match (left.is_nan(), right.is_nan()) {
        (false, false) if kind == AggregateKind::Topk => order(right, left),
        (false, false) => order(left, right),
        (left, right) => left.cmp(&right),
    };
    if kind != AggregateKind::Limitk {
        members.sort_by(|left, right| compare(left.1, right.1));
    }
}

/// How many to keep; not above what memory can hold.
fn count_of(value: f64) -> Result<usize, QueryError> {
    if value.is_nan() {
        return Err(QueryError::execution("Parameter value is NaN"));
    }
    if value >= i64::MAX as f64 {
        return Err(QueryError::execution(format!("Scalar value {value} overflows int64")));
    }
    if value <= i64::MIN as f64 {
        return Err(QueryError::execution(format!("Scalar value {value} underflows int64")));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped at 0 and saturating"
    )]
    Ok(value.max(0.0) as usize)
}
