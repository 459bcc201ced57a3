//! Vectors with vectors: elements that belong together are combined.

use std::collections::BTreeMap;

use nines_base::Labels;

use super::Match;
use super::element::Element;
use crate::QueryError;
use crate::eval::column::{ABSENT, Column, Grid, Point, is_absent};
use crate::eval::finish::{duplicate, without_name};
use crate::eval::run::Run;
use crate::plan::{Binary, Cardinality, Grouping, Matching, Operator};

pub(super) fn join(
    it: &Binary,
    matches: &[Match],
    [left, right]: [&[Column]; 2],
    grid: &Grid,
    run: &mut Run<'_>,
) -> Result<Vec<Column>, QueryError> {
    let mut join = Join::new(it, [left, right], grid);
    for group in matches {
        if join.is_simple(group) {
            join.pair(group, run)?;
            continue;
        }
        for index in 0..grid.count {
            join.step(group, index, run)?;
        }
    }
    join.columns.retain(|it| !it.is_empty());
    Ok(join.columns)
}

/// The work of matching one pair of vectors.
struct Join<'a> {
    element: Element,
    matching: &'a Matching,
    /// Sides by their role; for one to one the left is the "many".
    many: &'a [Column],
    one: &'a [Column],
    fill_many: Option<f64>,
    fill_one: Option<f64>,
    steps: usize,
    columns: Vec<Column>,
    positions: BTreeMap<Labels, usize>,
    /// Where the result of a pair goes; `None` is a filled side.
    targets: BTreeMap<(Option<usize>, Option<usize>), usize>,
}

/// One element at a step: which column it is of, if any, and its value.
type Member = (Option<usize>, Point);

impl<'a> Join<'a> {
    fn new(it: &'a Binary, [left, right]: [&'a [Column]; 2], grid: &Grid) -> Self {
        let matching = &it.matching;
        // Upstream swaps the sides of `group_right`, but not their fill values: `fill_left` stands for the "many".
        let (fill_many, fill_one) = (matching.fill_left, matching.fill_right);
        let (many, one) = match matching.cardinality {
            Cardinality::OneToMany => (right, left),
            _ => (left, right),
        };
        Self {
            element: Element { operator: it.operator, place: it.place },
            matching,
            many,
            one,
            fill_many,
            fill_one,
            steps: grid.count,
            columns: Vec::new(),
            positions: BTreeMap::new(),
            targets: BTreeMap::new(),
        }
    }

    fn is_swapped(&self) -> bool {
        self.matching.cardinality == Cardinality::OneToMany
    }

    fn sides<'m>(&self, group: &'m Match) -> (&'m [usize], &'m [usize]) {
        if self.is_swapped() { (&group.right, &group.left) } else { (&group.left, &group.right) }
    }

    /// Whether nothing can go wrong: one column of numbers on either side, and nothing to fill.
    fn is_simple(&self, group: &Match) -> bool {
        let (manys, ones) = self.sides(group);
        let is_plain = |columns: &[Column], at: usize| {
            columns.get(at).is_some_and(|it| it.histograms.is_empty())
        };
        matches!((manys, ones), ([many], [one]) if is_plain(self.many, *many) && is_plain(self.one, *one))
            && self.fill_many.is_none()
            && self.fill_one.is_none()
            && !matches!(self.element.operator, Operator::Trim(_))
    }

    /// The only columns of a group at all steps.
    fn pair(&mut self, group: &Match, run: &mut Run<'_>) -> Result<(), QueryError> {
        let ([many], [one]) = self.sides(group) else { return Ok(()) };
        let (many, one) = (*many, *one);
        let (Some(many_column), Some(one_column)) = (self.many.get(many), self.one.get(one)) else {
            return Ok(());
        };
        let target = self.target(group, (Some(many), Some(one)), run)?;
        let Some(column) = self.columns.get_mut(target) else { return Ok(()) };
        let (operator, is_swapped) =
            (self.element.operator, self.matching.cardinality == Cardinality::OneToMany);
        let pairs = many_column.values.iter().zip(&one_column.values);
        for (slot, (many, one)) in column.values.iter_mut().zip(pairs) {
            if is_absent(*many) || is_absent(*one) {
                continue;
            }
            let (left, right) = if is_swapped { (*one, *many) } else { (*many, *one) };
            let Some(value) = operator.of_floats(left, right) else { continue };
            if !is_absent(*slot) {
                return Err(duplicate());
            }
            *slot = value;
        }
        Ok(())
    }

    /// Combines a group at one step.
    fn step(&mut self, group: &Match, index: usize, run: &mut Run<'_>) -> Result<(), QueryError> {
        let (manys, ones) = self.sides(group);
        let member =
            |columns: &'a [Column], at: usize| Some((Some(at), columns.get(at)?.point(index)?));
        let mut present = ones.iter().filter_map(|it| member(self.one, *it));
        let one: Option<Member> = present.next();
        if let (Some((Some(first), _)), Some((Some(second), _))) = (&one, present.next())
            && self.many.iter().any(|it| it.is_present(index))
        {
            return Err(self.many_to_many(group, *first, second));
        }
        drop(present);
        let is_one_missing = one.is_none();
        let filled = |it: f64| (None, Point::Float(it));
        let Some(one) = one.or_else(|| self.fill_one.map(filled)) else { return Ok(()) };
        let manys: Vec<Member> = manys.iter().filter_map(|it| member(self.many, *it)).collect();
        if manys.is_empty() {
            if let (Some(fill), false) = (self.fill_many, is_one_missing) {
                self.combine(group, filled(fill), &one, index, run)?;
            }
            return Ok(());
        }
        // Whether elements can be told apart does not depend on what a filter keeps of them.
        if self.matching.cardinality == Cardinality::OneToOne && manys.len() > 1 {
            return Err(QueryError::execution(
                "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
            ));
        }
        let mut seen = Vec::new();
        for many in manys {
            let target = self.target(group, (many.0, one.0), run)?;
            if seen.contains(&target) {
                return Err(QueryError::execution(
                    "multiple matches for labels: grouping labels must ensure unique matches",
                ));
            }
            seen.push(target);
            self.combine(group, many, &one, index, run)?;
        }
        Ok(())
    }

    /// Puts the result into its column, if there is one.
    fn combine(
        &mut self,
        group: &Match,
        (many_at, many): Member,
        (one_at, one): &Member,
        index: usize,
        run: &mut Run<'_>,
    ) -> Result<(), QueryError> {
        let (left, right) = if self.is_swapped() { (one, &many) } else { (&many, one) };
        let Some(point) = self.element.of(left, right, run) else { return Ok(()) };
        let target = self.target(group, (many_at, *one_at), run)?;
        let Some(column) = self.columns.get_mut(target) else { return Ok(()) };
        if column.is_present(index) {
            return Err(duplicate());
        }
        column.set(index, Some(point));
        Ok(())
    }

    /// The column that the results of a pair go to.
    fn target(
        &mut self,
        group: &Match,
        pair: (Option<usize>, Option<usize>),
        run: &mut Run<'_>,
    ) -> Result<usize, QueryError> {
        if let Some(target) = self.targets.get(&pair) {
            return Ok(*target);
        }
        let many = pair.0.and_then(|it| self.many.get(it));
        let one = pair.1.and_then(|it| self.one.get(it));
        let many_labels = many.map_or(&group.labels, |it| &it.labels);
        let one_labels = one.map_or(&group.labels, |it| &it.labels);
        let operator = self.element.operator;
        let labels = result_labels(operator, self.matching, many_labels, one_labels);
        let drop_name = match operator {
            Operator::Test(_) => true,
            _ => many.is_some_and(|it| it.drop_name),
        };
        let target = match self.positions.get(&labels) {
            Some(position) => *position,
            None => {
                let position = self.columns.len();
                run.meter.series(position + 1)?;
                run.meter.charge(self.steps)?;
                self.positions.insert(labels.clone(), position);
                let values = vec![ABSENT; self.steps];
                self.columns.push(Column { drop_name, ..Column::of_values(labels, values) });
                position
            }
        };
        self.targets.insert(pair, target);
        Ok(target)
    }

    fn many_to_many(&self, group: &Match, first: usize, second: usize) -> QueryError {
        let side = if self.is_swapped() { "left" } else { "right" };
        let shown = |it: usize| self.one.get(it).map(|it| braces(&it.labels)).unwrap_or_default();
        QueryError::execution(format!(
            "found duplicate series for the match group {} on the {side} hand-side of the operation: [{}, {}];\
             many-to-many matching not allowed: matching labels must be unique on one side",
            braces(&group.labels),
            shown(first),
            shown(second),
        ))
    }
}

/// Labels with the name among them, as error messages show them.
fn braces(labels: &Labels) -> String {
    let pairs: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{{{}}}", pairs.join(", "))
}

fn result_labels(operator: Operator, matching: &Matching, many: &Labels, one: &Labels) -> Labels {
    let mut labels = match operator {
        Operator::Arithmetic(_) => without_name(many),
        _ => many.clone(),
    };
    if matching.cardinality == Cardinality::OneToOne {
        labels = match &matching.by {
            Grouping::Only(names) => labels.filtered(|it| names.iter().any(|name| name == it)),
            Grouping::Except(names) if names.is_empty() => labels,
            Grouping::Except(names) => labels.filtered(|it| !names.iter().any(|name| name == it)),
        };
    }
    for name in &matching.include {
        labels = labels.with(name, one.value(name));
    }
    labels
}
