//! Quantiles and fractions of histograms: native ones, and classic ones, whose buckets are series with an `le` label.

mod classic;

use std::collections::BTreeMap;

use nines_base::{Histogram, Labels};

use super::Evaluator;
use super::call::text_argument;
use super::column::{ABSENT, Column, Grid};
use super::run::Run;
use crate::QueryError;
use crate::format::{Plain, Quoted};
use crate::histogram;
use crate::notes::Notes;
use crate::place::Place;
use crate::plan::Call;

use classic::Bucket;

/// The label that holds a bucket's upper bound.
const BOUND: &str = "le";

/// Histograms of a vector at all steps.
struct Histograms {
    native: Vec<Column>,
    classic: Vec<ClassicHistogram>,
}

/// Columns that differ in nothing but `le`, sorted by that.
struct ClassicHistogram {
    labels: Labels,
    buckets: Vec<(f64, Vec<f64>)>,
}

impl ClassicHistogram {
    /// The buckets that have a value at a step; equal bounds are one bucket.
    fn at(&self, index: usize) -> Vec<Bucket> {
        let mut buckets = Vec::<Bucket>::with_capacity(self.buckets.len());
        for (bound, values) in &self.buckets {
            let count = values.get(index).copied().unwrap_or(ABSENT);
            match buckets.last_mut() {
                _ if super::is_absent(count) => {}
                #[expect(clippy::float_cmp, reason = "`1` and `1.0` are the same bound")]
                Some(last) if last.bound == *bound => last.count += count,
                _ => buckets.push(Bucket { bound: *bound, count }),
            }
        }
        buckets
    }
}

/// What is computed of one histogram at one step.
trait Computation {
    fn of_classic(&self, index: usize, buckets: Vec<Bucket>, name: &str, notes: &mut Notes) -> f64;
    fn of_native(&self, index: usize, it: &Histogram, name: &str, notes: &mut Notes) -> f64;
}

struct Quantile<'a> {
    quantiles: &'a [f64],
    place: Place,
}

impl Computation for Quantile<'_> {
    fn of_classic(
        &self,
        index: usize,
        mut buckets: Vec<Bucket>,
        name: &str,
        notes: &mut Notes,
    ) -> f64 {
        let q = self.quantiles.get(index).copied().unwrap_or(f64::NAN);
        if classic::can_have_quantile(q, &buckets) && classic::make_monotonic(&mut buckets) {
            let name = Quoted(name);
            notes.info(
                &format!(
                    "input to histogram_quantile needed to be fixed for monotonicity (counts of buckets fell with \
                     rising `le`) for metric name {name}"
                ),
                self.place,
            );
        }
        classic::quantile(q, &buckets)
    }

    fn of_native(&self, index: usize, it: &Histogram, name: &str, notes: &mut Notes) -> f64 {
        let q = self.quantiles.get(index).copied().unwrap_or(f64::NAN);
        let found = histogram::quantile(q, it);
        if it.sum.is_nan() && it.count != 0.0 && (0.0..=1.0).contains(&q) {
            // A sum that is not a number tells of observations that are none, if buckets do not hold all.
            let counted: f64 = histogram::Buckets::all_buckets(it).iter().map(|it| it.count).sum();
            if counted < it.count {
                let result = if found.is_nan() { "NaN" } else { "skewed higher" };
                let name = Quoted(name);
                notes.info(
                    &format!(
                        "input to histogram_quantile has NaN observations, result is {result} for metric name {name}"
                    ),
                    self.place,
                );
            }
        }
        found
    }
}

struct Fraction<'a> {
    lower: &'a [f64],
    upper: &'a [f64],
    place: Place,
}

impl Fraction<'_> {
    fn bounds(&self, index: usize) -> (f64, f64) {
        let bound = |it: &[f64]| it.get(index).copied().unwrap_or(f64::NAN);
        (bound(self.lower), bound(self.upper))
    }
}

impl Computation for Fraction<'_> {
    fn of_classic(&self, index: usize, mut buckets: Vec<Bucket>, _: &str, _: &mut Notes) -> f64 {
        classic::make_monotonic(&mut buckets);
        let (lower, upper) = self.bounds(index);
        classic::fraction(lower, upper, &buckets)
    }

    fn of_native(&self, index: usize, it: &Histogram, name: &str, notes: &mut Notes) -> f64 {
        let (lower, upper) = self.bounds(index);
        if it.sum.is_nan() && it.count != 0.0 {
            let counted: f64 = histogram::Buckets::all_buckets(it).iter().map(|it| it.count).sum();
            if counted < it.count {
                let name = Quoted(name);
                notes.info(
                    &format!(
                        "input to histogram_fraction has NaN observations, which are excluded from all fractions \
                         for metric name {name}"
                    ),
                    self.place,
                );
            }
        }
        histogram::fraction(lower, upper, it)
    }
}

impl Evaluator<'_> {
    pub(super) fn histogram_quantile(
        &mut self,
        call: &Call,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        let quantiles = self.scalar_argument(call, 0, grid)?;
        let columns = self.vector_argument(call, 1, grid)?;
        let place = call.argument_place(1);
        for q in &quantiles {
            self.run.notes.check_quantile(*q, call.argument_place(0));
        }
        let histograms = histograms(columns, grid, place, &mut self.run)?;
        compute(&histograms, grid, &Quantile { quantiles: &quantiles, place }, &mut self.run)
    }

    /// Several quantiles at once, told apart by a label.
    pub(super) fn histogram_quantiles(
        &mut self,
        call: &Call,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        let columns = self.vector_argument(call, 0, grid)?;
        let (label, place) = (text_argument(call, 1)?, call.argument_place(0));
        let histograms = histograms(columns, grid, place, &mut self.run)?;
        let mut found = Vec::new();
        for (index, quantiles) in self.scalar_arguments(call, grid)?.iter().enumerate() {
            for q in quantiles {
                self.run.notes.check_quantile(*q, call.argument_place(index + 2));
            }
            let quantile = Quantile { quantiles, place };
            for mut column in compute(&histograms, grid, &quantile, &mut self.run)? {
                let value = format_quantile(quantiles.first().copied().unwrap_or(f64::NAN));
                column.labels = column.labels.with(label, &value);
                found.push(column);
            }
        }
        Ok(found)
    }

    pub(super) fn histogram_fraction(
        &mut self,
        call: &Call,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        let lower = self.scalar_argument(call, 0, grid)?;
        let upper = self.scalar_argument(call, 1, grid)?;
        let columns = self.vector_argument(call, 2, grid)?;
        let place = call.argument_place(2);
        let histograms = histograms(columns, grid, place, &mut self.run)?;
        let fraction = Fraction { lower: &lower, upper: &upper, place };
        compute(&histograms, grid, &fraction, &mut self.run)
    }
}

fn compute(
    histograms: &Histograms,
    grid: &Grid,
    computation: &impl Computation,
    run: &mut Run<'_>,
) -> Result<Vec<Column>, QueryError> {
    let Histograms { native, classic } = histograms;
    let mut columns = Vec::with_capacity(native.len() + classic.len());
    for it in native {
        run.meter.charge(grid.count)?;
        let name = it.labels.metric_name().unwrap_or_default();
        let values = (0..grid.count).map(|index| match it.histogram(index) {
            Some(it) => computation.of_native(index, it, name, &mut run.notes),
            None => ABSENT,
        });
        let column = Column::of_values(it.labels.clone(), values.collect());
        columns.push(Column { drop_name: true, ..column });
    }
    for it in classic {
        run.meter.charge(grid.count)?;
        run.meter.work(it.buckets.len().saturating_mul(grid.count))?;
        let name = it.labels.metric_name().unwrap_or_default();
        let values = (0..grid.count).map(|index| {
            let buckets = it.at(index);
            if buckets.is_empty() {
                return ABSENT;
            }
            computation.of_classic(index, buckets, name, &mut run.notes)
        });
        let column = Column::of_values(it.labels.clone(), values.collect());
        columns.push(Column { drop_name: true, ..column });
    }
    columns.retain(|it| !it.is_empty());
    Ok(columns)
}

/// Tells native and classic histograms apart; where both claim the same labels at a step, neither counts.
fn histograms(
    columns: Vec<Column>,
    grid: &Grid,
    place: Place,
    run: &mut Run<'_>,
) -> Result<Histograms, QueryError> {
    let mut native = Vec::new();
    let mut classic = BTreeMap::<Labels, Vec<(f64, Vec<f64>)>>::new();
    for mut column in columns {
        let values = std::mem::take(&mut column.values);
        let has_values = values.iter().any(|it| !super::is_absent(*it));
        let text = column.labels.value(BOUND);
        let name = column.labels.metric_name().unwrap_or_default();
        match parse_bound(text) {
            Some(bound) if has_values => {
                let labels = column.labels.filtered(|it| it != BOUND);
                classic.entry(labels).or_default().push((bound, values));
            }
            None if has_values => {
                let (text, name) = (Quoted(text), Quoted(name));
                run.notes.warn(
                    &format!(
                        "bucket label \"le\" is missing or has a malformed value of {text} for metric name {name}"
                    ),
                    place,
                );
            }
            _ => {}
        }
        if !column.histograms.is_empty() {
            column.values = vec![ABSENT; grid.count];
            native.push(column);
        }
    }
    run.meter.series(classic.len() + native.len())?;
    for column in &mut native {
        let Some(buckets) = classic.get_mut(&column.labels) else { continue };
        for index in 0..grid.count {
            let is_present =
                |it: &(f64, Vec<f64>)| it.1.get(index).is_some_and(|it| !super::is_absent(*it));
            if column.is_present(index) && buckets.iter().any(is_present) {
                let name = Quoted(column.labels.metric_name().unwrap_or_default());
                run.notes.warn(
                    &format!(
                        "vector contains a mix of classic and native histograms for metric name {name}"
                    ),
                    place,
                );
                column.clear(index);
                for (_, values) in &mut *buckets {
                    if let Some(slot) = values.get_mut(index) {
                        *slot = ABSENT;
                    }
                }
            }
        }
    }
    let classic = classic.into_iter().map(|(labels, mut buckets)| {
        buckets.sort_by(|left, right| left.0.total_cmp(&right.0));
        ClassicHistogram { labels, buckets }
    });
    Ok(Histograms { native, classic: classic.collect() })
}

/// Whole numbers get `.0`, as OpenMetrics writes the `quantile` label.
fn format_quantile(value: f64) -> String {
    if value.is_finite() { format!("{value:?}") } else { Plain(value).to_string() }
}

fn parse_bound(text: &str) -> Option<f64> {
    text.parse().ok().filter(|it: &f64| !it.is_nan())
}
