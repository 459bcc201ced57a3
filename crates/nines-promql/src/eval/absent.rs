//! `absent` and `absent_over_time`: a value where there is none.

use nines_base::Labels;

use super::Evaluator;
use super::call::argument;
use super::column::{ABSENT, Column, Grid};
use super::select::labels_of;
use crate::QueryError;
use crate::plan::{Call, Node};

impl Evaluator<'_> {
    pub(super) fn absent(&mut self, call: &Call, grid: &Grid) -> Result<Vec<Column>, QueryError> {
        let labels = match argument(call, 0)? {
            Node::Selector(it) => labels_of(&it.matchers),
            _ => Labels::empty(),
        };
        let columns = self.vector_argument(call, 0, grid)?;
        self.run.meter.charge(grid.count)?;
        let is_absent = |index: &usize| !columns.iter().any(|it| it.is_present(*index));
        let value = |index: usize| if is_absent(&index) { 1.0 } else { ABSENT };
        Ok(non_empty(labels, (0..grid.count).map(value).collect()))
    }

    pub(super) fn absent_over_time(
        &mut self,
        call: &Call,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        self.run.meter.charge(grid.count)?;
        let mut values = vec![1.0; grid.count];
        let argument = argument(call, 0)?;
        let windows = match argument {
            Node::Range(it) => self.windows_of(it, grid),
            Node::Subquery(it) => self.subquery_windows(it, grid),
            _ => return Err(QueryError::execution("expected a range vector")),
        };
        let mut clear = |times_ms: &mut dyn Iterator<Item = i64>| {
            let times_ms: Vec<_> = times_ms.collect();
            let mut end_ms = windows.first_end_ms;
            for slot in &mut values {
                let start_ms = end_ms.saturating_sub(windows.range_ms);
                let next = times_ms.partition_point(|it| *it <= start_ms);
                if times_ms.get(next).is_some_and(|it| *it <= end_ms) {
                    *slot = ABSENT;
                }
                end_ms = end_ms.saturating_add(windows.step_ms);
            }
        };
        let labels = match argument {
            Node::Range(it) => {
                let (from_ms, to_ms) = windows.extent_ms();
                self.visit(&it.selector, from_ms, to_ms, |view, _| {
                    let floats = view.samples.iter().filter(|it| !nines_base::is_stale(it.value));
                    clear(&mut floats.map(|it| it.at_ms));
                    let live = view.histograms.iter().filter(|it| !it.histogram.is_stale());
                    clear(&mut live.map(|it| it.at_ms));
                    Ok(())
                })?;
                labels_of(&it.selector.matchers)
            }
            Node::Subquery(it) => {
                self.subquery_series(it, grid, |_, samples, _| {
                    clear(&mut samples.floats.iter().map(|it| it.at_ms));
                    clear(&mut samples.histograms.iter().map(|it| it.at_ms));
                    Ok(())
                })?;
                Labels::empty()
            }
            _ => Labels::empty(),
        };
        Ok(non_empty(labels, values))
    }
}

fn non_empty(labels: Labels, values: Vec<f64>) -> Vec<Column> {
    let column = Column::of_values(labels, values);
    if column.is_empty() { Vec::new() } else { vec![column] }
}
