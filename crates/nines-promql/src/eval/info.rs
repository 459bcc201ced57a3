//! `info`: adds the labels of info metrics, such as `target_info`, to series of the same target.

use std::collections::BTreeMap;

use nines_base::{Labels, METRIC_NAME, MatchOp, Matcher};

use super::Evaluator;
use super::call::argument;
use super::column::{ABSENT, Collected, Column, Grid, is_absent};
use super::finish::duplicate;
use crate::QueryError;
use crate::plan::{Call, Length, Node, Selector, Shift};

/// Labels that say which target a series is about. Source: Prometheus, `info` (experimental).
const IDENTIFYING: [&str; 2] = ["instance", "job"];

impl Evaluator<'_> {
    pub(super) fn info(&mut self, call: &Call, grid: &Grid) -> Result<Vec<Column>, QueryError> {
        let (base, Node::Selector(selector)) = (argument(call, 0)?, argument(call, 1)?) else {
            return Err(QueryError::execution("expected a selector of labels"));
        };
        let columns = self.eval(base, grid)?.into_vector()?;
        // Info series are seen from where the samples are seen.
        let shift = shift_of(base, None).unwrap_or(Shift { offset: Length::Fixed(0), at: None });
        let selector = Selector { shift, ..selector.clone() };
        let mut infos = Collected::default();
        self.select_timestamp(&selector, grid, &mut infos)?;
        if self.run.has_read_histograms() {
            return Err(QueryError::execution("info sample should be float"));
        }
        let sources = Sources::new(&selector.matchers, infos.columns);
        let mut found = BTreeMap::<(Labels, bool), Column>::new();
        for column in columns {
            self.run.meter.work(grid.count)?;
            if sources.is_source(&column.labels) {
                found.insert((column.labels.clone(), column.drop_name), column);
                continue;
            }
            for index in 0..grid.count {
                let Some(point) = column.point(index) else { continue };
                let Some(labels) = sources.enriched(&column.labels, index)? else { continue };
                let key = (labels, column.drop_name);
                if !found.contains_key(&key) {
                    self.run.meter.series(found.len() + 1)?;
                    self.run.meter.charge(grid.count)?;
                }
                let into = found.entry(key).or_insert_with_key(|(labels, drop_name)| {
                    let column = Column::of_values(labels.clone(), vec![ABSENT; grid.count]);
                    Column { drop_name: *drop_name, ..column }
                });
                if into.is_present(index) {
                    return Err(duplicate());
                }
                into.set(index, Some(point));
            }
        }
        Ok(found.into_values().collect())
    }
}

/// Where the first selector below a node looks, subqueries on the way included.
fn shift_of(node: &Node, outer: Option<&Shift>) -> Option<Shift> {
    let inner = |it: &Shift| match (it.at, outer) {
        (Some(_), _) | (_, None) => it.clone(),
        (None, Some(outer)) => {
            let offset_ms = outer.offset.ms().saturating_add(it.offset.ms());
            Shift { at: outer.at, offset: Length::Fixed(offset_ms) }
        }
    };
    match node {
        Node::Selector(it) => Some(inner(&it.shift)),
        Node::Range(it) => Some(inner(&it.selector.shift)),
        Node::Subquery(it) => shift_of(&it.of, Some(&inner(&it.shift))),
        _ => node.children().into_iter().find_map(|it| shift_of(it, outer)),
    }
}

/// Info series by the target they describe.
struct Sources<'a> {
    names: Vec<&'a Matcher>,
    data: Vec<&'a Matcher>,
    by_target: BTreeMap<Labels, Vec<Column>>,
}

fn target(labels: &Labels) -> Labels {
    labels.filtered(|it| IDENTIFYING.contains(&it))
}

impl<'a> Sources<'a> {
    fn new(matchers: &'a [Matcher], columns: Vec<Column>) -> Self {
        let (names, data) = matchers.iter().partition(|it| it.name() == METRIC_NAME);
        let mut by_target = BTreeMap::<Labels, Vec<Column>>::new();
        for column in columns {
            by_target.entry(target(&column.labels)).or_default().push(column);
        }
        Self { names, data, by_target }
    }

    /// Whether a series is itself an info series of this query; it is left as it is.
    fn is_source(&self, labels: &Labels) -> bool {
        let is_positive = |it: &&&Matcher| matches!(it.op(), MatchOp::Equal | MatchOp::Regex);
        self.names.iter().any(|it| is_positive(&it))
            && self.names.iter().all(|it| it.matches(labels))
    }

    /// The labels with those of the target's info series at a step; `None` if a demanded label is missing.
    fn enriched(&self, labels: &Labels, index: usize) -> Result<Option<Labels>, QueryError> {
        let target = target(labels);
        let sources = self.newest(&target, index);
        if sources.is_empty() {
            let is_optional = self.data.iter().all(|it| it.matches_absent());
            return Ok(is_optional.then(|| labels.clone()));
        }
        let mut added = BTreeMap::<&str, &str>::new();
        for (name, value) in sources.values().flat_map(|it| it.iter()) {
            let is_wanted = self.data.is_empty() || self.data.iter().any(|it| it.name() == name);
            if name == METRIC_NAME || !is_wanted || labels.get(name).is_some() {
                continue;
            }
            if added.insert(name, value).is_some_and(|other| other != value) {
                let message =
                    format!("conflicting label: {name} differs between info metrics of {target}");
                return Err(QueryError::execution(message));
            }
        }
        Ok(Some(
            added
                .into_iter()
                .fold(labels.clone(), |labels, (name, value)| labels.with(name, value)),
        ))
    }

    /// For each info metric the series whose sample is the newest.
    fn newest(&self, target: &Labels, index: usize) -> BTreeMap<&str, &Labels> {
        let mut newest = BTreeMap::<&str, (f64, &Labels)>::new();
        // A series without any identifying label belongs to no target.
        let columns = self.by_target.get(target).filter(|_| !target.is_empty());
        for column in columns.into_iter().flatten() {
            let at = column.values.get(index).copied().unwrap_or(ABSENT);
            let best = newest
                .entry(column.labels.value(METRIC_NAME))
                .or_insert((f64::MIN, &column.labels));
            if !is_absent(at) && at >= best.0 {
                *best = (at, &column.labels);
            }
        }
        newest.retain(|_, (at, _)| *at > f64::MIN);
        newest.into_iter().map(|(name, (_, labels))| (name, labels)).collect()
    }
}
