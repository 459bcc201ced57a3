//! Operators between two values. Series are matched by labels once, then combined step by step.

use std::collections::BTreeMap;

use nines_base::{Labels, METRIC_NAME, is_stale};

use super::aggregate::group_labels;
use super::finish::duplicate;
use super::{ABSENT, Column, Columns, Evaluator, Grid};
use crate::QueryError;
use crate::plan::{
    Arithmetic, Binary, Cardinality, Comparison, Grouping, Matching, Operator, SetOperator,
};

impl Operator {
    /// The value, or `None` where a filter does not hold.
    fn apply(self, left: f64, right: f64) -> Option<f64> {
        match self {
            Self::Arithmetic(it) => Some(it.apply(left, right)),
            Self::Filter(it) => it.holds(left, right).then_some(left),
            Self::Test(it) => Some(if it.holds(left, right) { 1.0 } else { 0.0 }),
            Self::Set(_) => None,
        }
    }

    /// As `apply`, where one side is a scalar: a filter always keeps the vector's value.
    fn apply_keeping(self, left: f64, right: f64, vector: f64) -> Option<f64> {
        match self {
            Self::Filter(it) => it.holds(left, right).then_some(vector),
            _ => self.apply(left, right),
        }
    }
}

impl Arithmetic {
    fn apply(self, left: f64, right: f64) -> f64 {
        match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
            Self::Modulo => left % right,
            Self::Power => left.powf(right),
            Self::Atan2 => left.atan2(right),
        }
    }
}

impl Comparison {
    #[expect(clippy::float_cmp, reason = "the language compares exactly")]
    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

impl Evaluator<'_> {
    pub(super) fn binary(&mut self, it: &Binary, grid: &Grid) -> Result<Columns, QueryError> {
        let left = self.eval(&it.left, grid)?;
        let right = self.eval(&it.right, grid)?;
        match (left, right) {
            (Columns::Scalar(mut left), Columns::Scalar(right)) => {
                for (left, right) in left.iter_mut().zip(right) {
                    *left = it.operator.apply(*left, right).unwrap_or(f64::NAN);
                }
                Ok(Columns::Scalar(left))
            }
            (Columns::Vector(left), Columns::Scalar(right)) => {
                let apply = |value, scalar| it.operator.apply_keeping(value, scalar, value);
                Ok(Columns::Vector(with_scalar(left, &right, it.operator, apply)))
            }
            (Columns::Scalar(left), Columns::Vector(right)) => {
                let apply = |value, scalar| it.operator.apply_keeping(scalar, value, value);
                Ok(Columns::Vector(with_scalar(right, &left, it.operator, apply)))
            }
            (Columns::Vector(left), Columns::Vector(right)) => {
                self.meter
                    .work(left.len().saturating_add(right.len()).saturating_mul(grid.count))?;
                let matches = Match::of(&it.matching, &left, &right);
                match it.operator {
                    Operator::Set(set) => {
                        Ok(Columns::Vector(set.apply(&matches, left, right, grid)))
                    }
                    _ => self.vectors(it, &matches, [&left, &right], grid).map(Columns::Vector),
                }
            }
            (Columns::Text(_), _) | (_, Columns::Text(_)) => {
                Err(QueryError::execution("operators do not work on texts"))
            }
        }
    }

    fn vectors(
        &mut self,
        it: &Binary,
        matches: &[Match],
        sides: [&[Column]; 2],
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        let mut join = Join::new(it, sides);
        for group in matches {
            for index in 0..grid.count {
                join.step(group, index)?;
                for (labels, drop_name, value) in join.found.drain(..) {
                    let position = match join.positions.get(&labels) {
                        Some(position) => *position,
                        None => {
                            self.meter.series(join.columns.len() + 1)?;
                            self.meter.charge(grid.count)?;
                            let position = join.columns.len();
                            join.positions.insert(labels.clone(), position);
                            join.columns.push(Column {
                                labels,
                                drop_name,
                                values: vec![ABSENT; grid.count],
                            });
                            position
                        }
                    };
                    let column = join.columns.get_mut(position);
                    let slot = column.and_then(|it| it.values.get_mut(index));
                    match slot {
                        Some(slot) if is_stale(*slot) => *slot = value,
                        _ => return Err(duplicate()),
                    }
                }
            }
        }
        Ok(join.columns)
    }
}

fn with_scalar(
    mut columns: Vec<Column>,
    scalars: &[f64],
    operator: Operator,
    apply: impl Fn(f64, f64) -> Option<f64>,
) -> Vec<Column> {
    for column in &mut columns {
        column.drop_name |= !matches!(operator, Operator::Filter(_));
        for (value, scalar) in
            column.values.iter_mut().zip(scalars).filter(|(it, _)| !is_stale(**it))
        {
            *value = apply(*value, *scalar).unwrap_or(ABSENT);
        }
    }
    columns
}

/// Columns of both sides whose matching labels are the same; positions in their lists.
struct Match {
    labels: Labels,
    left: Vec<usize>,
    right: Vec<usize>,
}

impl Match {
    fn of(matching: &Matching, left: &[Column], right: &[Column]) -> Vec<Self> {
        let mut matches = BTreeMap::<Labels, (Vec<usize>, Vec<usize>)>::new();
        for (index, column) in left.iter().enumerate() {
            matches.entry(group_labels(&matching.by, &column.labels)).or_default().0.push(index);
        }
        for (index, column) in right.iter().enumerate() {
            matches.entry(group_labels(&matching.by, &column.labels)).or_default().1.push(index);
        }
        matches.into_iter().map(|(labels, (left, right))| Self { labels, left, right }).collect()
    }
}

fn value_at(columns: &[Column], position: usize, index: usize) -> Option<f64> {
    let value = columns.get(position)?.values.get(index).copied()?;
    (!is_stale(value)).then_some(value)
}

impl SetOperator {
    fn apply(
        self,
        matches: &[Match],
        mut left: Vec<Column>,
        mut right: Vec<Column>,
        grid: &Grid,
    ) -> Vec<Column> {
        let clear = |columns: &mut [Column], positions: &[usize], index: usize| {
            for position in positions {
                if let Some(slot) =
                    columns.get_mut(*position).and_then(|it| it.values.get_mut(index))
                {
                    *slot = ABSENT;
                }
            }
        };
        for group in matches {
            for index in 0..grid.count {
                let is_in = |columns: &[Column], positions: &[usize]| {
                    positions.iter().any(|it| value_at(columns, *it, index).is_some())
                };
                match self {
                    Self::And if !is_in(&right, &group.right) => {
                        clear(&mut left, &group.left, index);
                    }
                    Self::Unless if is_in(&right, &group.right) => {
                        clear(&mut left, &group.left, index);
                    }
                    Self::Or if is_in(&left, &group.left) => clear(&mut right, &group.right, index),
                    _ => {}
                }
            }
        }
        if self == Self::Or {
            left.extend(right);
        }
        left.retain(|it| !it.values.iter().all(|it| is_stale(*it)));
        left
    }
}

/// The work of matching one pair of vectors.
struct Join<'a> {
    operator: Operator,
    matching: &'a Matching,
    /// Sides by their role; for one to one the left is the "many".
    many: &'a [Column],
    one: &'a [Column],
    fill_many: Option<f64>,
    fill_one: Option<f64>,
    columns: Vec<Column>,
    positions: BTreeMap<Labels, usize>,
    /// Labels of pairs that were already combined; `None` is a filled side.
    known: BTreeMap<(Option<usize>, Option<usize>), Labels>,
    /// Results of the step at hand.
    found: Vec<(Labels, bool, f64)>,
}

impl<'a> Join<'a> {
    fn new(it: &'a Binary, [left, right]: [&'a [Column]; 2]) -> Self {
        let matching = &it.matching;
        // Upstream swaps the sides of `group_right`, but not their fill values: `fill_left` stands for the "many".
        let (fill_many, fill_one) = (matching.fill_left, matching.fill_right);
        let (many, one) = match matching.cardinality {
            Cardinality::OneToMany => (right, left),
            _ => (left, right),
        };
        Self {
            operator: it.operator,
            matching,
            many,
            one,
            fill_many,
            fill_one,
            columns: Vec::new(),
            positions: BTreeMap::new(),
            known: BTreeMap::new(),
            found: Vec::new(),
        }
    }

    fn is_swapped(&self) -> bool {
        self.matching.cardinality == Cardinality::OneToMany
    }

    /// Combines a group at one step into `found`.
    fn step(&mut self, group: &Match, index: usize) -> Result<(), QueryError> {
        let (manys, ones) = if self.is_swapped() {
            (&group.right, &group.left)
        } else {
            (&group.left, &group.right)
        };
        let mut present = ones.iter().filter_map(|it| Some((*it, value_at(self.one, *it, index)?)));
        let one = present.next();
        if let (Some((first, _)), Some((second, _))) = (one, present.next())
            && (0..self.many.len()).any(|it| value_at(self.many, it, index).is_some())
        {
            return Err(self.many_to_many(group, first, second));
        }
        let (one, one_value) = match (one, self.fill_one) {
            (Some((position, value)), _) => (Some(position), value),
            (None, Some(fill)) => (None, fill),
            (None, None) => return Ok(()),
        };
        let mut is_matched = false;
        for many in manys {
            let Some(value) = value_at(self.many, *many, index) else { continue };
            if is_matched && self.matching.cardinality == Cardinality::OneToOne {
                return Err(QueryError::execution(
                    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
                ));
            }
            is_matched = true;
            self.combine(group, (Some(*many), value), (one, one_value));
        }
        if self.matching.cardinality != Cardinality::OneToOne && self.found.len() > 1 {
            self.refuse_ambiguous()?;
        }
        if let (false, Some(fill), Some(_)) = (is_matched, self.fill_many, one) {
            self.combine(group, (None, fill), (one, one_value));
        }
        Ok(())
    }

    /// Adds the result to `found`, if there is one.
    fn combine(&mut self, group: &Match, many: (Option<usize>, f64), one: (Option<usize>, f64)) {
        let (left, right) = if self.is_swapped() { (one.1, many.1) } else { (many.1, one.1) };
        let Some(value) = self.operator.apply(left, right) else { return };
        let column = |columns: &'a [Column], position: Option<usize>| columns.get(position?);
        let (many_column, one_column) = (column(self.many, many.0), column(self.one, one.0));
        let many_labels = many_column.map_or(&group.labels, |it| &it.labels);
        let one_labels = one_column.map_or(&group.labels, |it| &it.labels);
        let (operator, matching) = (self.operator, self.matching);
        let labels = self.known.entry((many.0, one.0));
        let labels =
            labels.or_insert_with(|| result_labels(operator, matching, many_labels, one_labels));
        let drop_name = match self.operator {
            Operator::Test(_) => true,
            _ => many_column.is_some_and(|it| it.drop_name),
        };
        self.found.push((labels.clone(), drop_name, value));
    }

    fn refuse_ambiguous(&self) -> Result<(), QueryError> {
        let mut labels: Vec<_> = self.found.iter().map(|(labels, _, _)| labels).collect();
        labels.sort_unstable();
        if labels.windows(2).any(|pair| matches!(pair, [one, two] if one == two)) {
            return Err(QueryError::execution(
                "multiple matches for labels: grouping labels must ensure unique matches",
            ));
        }
        Ok(())
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
    let keeps_name = !matches!(operator, Operator::Arithmetic(_));
    let mut labels = many.filtered(|it| keeps_name || it != METRIC_NAME);
    if matching.cardinality == Cardinality::OneToOne {
        labels = match &matching.by {
            Grouping::Only(names) => labels.filtered(|it| names.iter().any(|name| name == it)),
            Grouping::Except(names) => labels.filtered(|it| !names.iter().any(|name| name == it)),
        };
    }
    for name in &matching.include {
        labels = labels.with(name, one.value(name));
    }
    labels
}
