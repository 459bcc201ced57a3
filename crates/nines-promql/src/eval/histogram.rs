//! Quantiles and fractions of classic histograms, whose buckets are series with an `le` label.

use std::collections::BTreeMap;

use nines_base::{Labels, is_stale};

use super::call::text_argument;
use super::{ABSENT, Column, Evaluator, Grid};
use crate::QueryError;
use crate::check::Place;
use crate::plan::Call;

/// The label that holds a bucket's upper bound.
const BOUND: &str = "le";
/// Counts that differ by less than this share are the same count, computed differently.
const COUNT_TOLERANCE_RATIO: f64 = 1e-12;

/// One bucket at one step: its upper bound and the count up to it.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    bound: f64,
    count: f64,
}

/// The buckets of one histogram, by falling columns of the same labels; sorted by bound.
struct Histogram {
    labels: Labels,
    buckets: Vec<(f64, Vec<f64>)>,
}

impl Histogram {
    /// The buckets that have a value at a step; equal bounds are one bucket.
    fn at(&self, index: usize) -> Vec<Bucket> {
        let mut buckets = Vec::<Bucket>::with_capacity(self.buckets.len());
        for (bound, values) in &self.buckets {
            let count = values.get(index).copied().unwrap_or(ABSENT);
            match buckets.last_mut() {
                _ if is_stale(count) => {}
                #[expect(clippy::float_cmp, reason = "`1` and `1.0` are the same bound")]
                Some(last) if last.bound == *bound => last.count += count,
                _ => buckets.push(Bucket { bound: *bound, count }),
            }
        }
        buckets
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
        let histograms = self.histograms(columns, call.argument_place(1))?;
        let places = [call.argument_place(0), call.argument_place(1)];
        self.quantiles_of(&histograms, &quantiles, places, grid)
    }

    /// Several quantiles at once, told apart by a label.
    pub(super) fn histogram_quantiles(
        &mut self,
        call: &Call,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        let columns = self.vector_argument(call, 0, grid)?;
        let label = text_argument(call, 1)?;
        let histograms = self.histograms(columns, call.argument_place(0))?;
        let mut found = Vec::new();
        for (index, quantiles) in self.scalar_arguments(call, grid)?.iter().enumerate() {
            let places = [call.argument_place(index + 2), call.argument_place(0)];
            for mut column in self.quantiles_of(&histograms, quantiles, places, grid)? {
                let value = format_quantile(quantiles.first().copied().unwrap_or(f64::NAN));
                column.labels = column.labels.with(label, &value);
                found.push(column);
            }
        }
        Ok(found)
    }

    fn quantiles_of(
        &mut self,
        histograms: &[Histogram],
        quantiles: &[f64],
        [of_quantile, of_vector]: [Option<Place>; 2],
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        for it in quantiles {
            self.notes.check_quantile(*it, of_quantile);
        }
        self.each_histogram(histograms, grid, |notes, labels, index, mut buckets| {
            if make_monotonic(&mut buckets) {
                let name = labels.metric_name().unwrap_or_default();
                notes.info(&format!(
                    "input to histogram_quantile needed to be fixed for monotonicity (counts of buckets fell with \
                     rising `le`) for metric name {name:?}"), of_vector);
            }
            quantile(quantiles.get(index).copied().unwrap_or(f64::NAN), &buckets)
        })
    }

    pub(super) fn histogram_fraction(
        &mut self,
        call: &Call,
        grid: &Grid,
    ) -> Result<Vec<Column>, QueryError> {
        let lower = self.scalar_argument(call, 0, grid)?;
        let upper = self.scalar_argument(call, 1, grid)?;
        let columns = self.vector_argument(call, 2, grid)?;
        let histograms = self.histograms(columns, call.argument_place(2))?;
        self.each_histogram(&histograms, grid, |_, _, index, mut buckets| {
            make_monotonic(&mut buckets);
            let bound = |it: &[f64]| it.get(index).copied().unwrap_or(f64::NAN);
            fraction(bound(&lower), bound(&upper), &buckets)
        })
    }

    fn each_histogram(
        &mut self,
        histograms: &[Histogram],
        grid: &Grid,
        compute: impl Fn(&mut crate::notes::Notes, &Labels, usize, Vec<Bucket>) -> f64,
    ) -> Result<Vec<Column>, QueryError> {
        let mut columns = Vec::with_capacity(histograms.len());
        for histogram in histograms {
            self.meter.charge(grid.count)?;
            self.meter.work(histogram.buckets.len().saturating_mul(grid.count))?;
            let mut values = vec![ABSENT; grid.count];
            for (index, slot) in values.iter_mut().enumerate() {
                let buckets = histogram.at(index);
                if !buckets.is_empty() {
                    *slot = compute(&mut self.notes, &histogram.labels, index, buckets);
                }
            }
            columns.push(Column { labels: histogram.labels.clone(), drop_name: true, values });
        }
        Ok(columns)
    }

    /// Puts columns that differ in nothing but `le` together.
    fn histograms(
        &mut self,
        columns: Vec<Column>,
        place: Option<Place>,
    ) -> Result<Vec<Histogram>, QueryError> {
        let mut found = BTreeMap::<Labels, Vec<(f64, Vec<f64>)>>::new();
        for column in columns {
            let text = column.labels.value(BOUND);
            let Some(bound) = parse_bound(text) else {
                let name = column.labels.metric_name().unwrap_or_default();
                self.notes.warn(&format!(
                    "bucket label \"le\" is missing or has a malformed value of {text:?} for metric name {name:?}"), place);
                continue;
            };
            let labels = column.labels.filtered(|it| it != BOUND);
            found.entry(labels).or_default().push((bound, column.values));
        }
        self.meter.series(found.len())?;
        Ok(found
            .into_iter()
            .map(|(labels, mut buckets)| {
                buckets.sort_by(|left, right| left.0.total_cmp(&right.0));
                Histogram { labels, buckets }
            })
            .collect())
    }
}

/// Whole numbers get `.0`, as OpenMetrics writes the `quantile` label.
fn format_quantile(value: f64) -> String {
    if value.is_finite() { format!("{value:?}") } else { crate::statistics::format_float(value) }
}

fn parse_bound(text: &str) -> Option<f64> {
    text.parse().ok().filter(|it: &f64| !it.is_nan())
}

/// Counts never fall with rising bounds; says whether more than rounding had to be repaired.
fn make_monotonic(buckets: &mut [Bucket]) -> bool {
    let (mut is_repaired, mut previous) = (false, f64::NEG_INFINITY);
    for bucket in buckets {
        let is_same = (bucket.count - previous).abs()
            < COUNT_TOLERANCE_RATIO * bucket.count.abs().min(previous.abs());
        if is_same || bucket.count < previous {
            is_repaired |= !is_same;
            bucket.count = previous;
        } else {
            previous = bucket.count;
        }
    }
    is_repaired
}

/// Linear interpolation within the bucket that holds the rank.
///
/// Source: Prometheus, `histogram_quantile`: the lowest bucket starts at 0 if its bound is positive; a rank in
/// the highest bucket gives the second highest bound.
fn quantile(q: f64, buckets: &[Bucket]) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    let [finite @ .., last] = buckets else { return f64::NAN };
    let (Some(highest), true) = (finite.last(), last.bound == f64::INFINITY) else {
        return f64::NAN;
    };
    if last.count == 0.0 || last.count.is_nan() {
        return f64::NAN;
    }
    let rank = q * last.count;
    let index = finite.partition_point(|it| it.count < rank);
    let Some(bucket) = finite.get(index) else { return highest.bound };
    let below = index.checked_sub(1).and_then(|it| finite.get(it));
    match below {
        None if bucket.bound <= 0.0 => bucket.bound,
        None => bucket.bound * (rank / bucket.count),
        Some(below) => {
            let share = (rank - below.count) / (bucket.count - below.count);
            below.bound + (bucket.bound - below.bound) * share
        }
    }
}

/// The share of observations between two bounds, interpolated as `quantile` does.
fn fraction(lower: f64, upper: f64, buckets: &[Bucket]) -> f64 {
    let Some(last) = buckets.last().filter(|it| it.bound == f64::INFINITY) else { return f64::NAN };
    if last.count == 0.0 || last.count.is_nan() || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    (rank_of(upper, buckets) - rank_of(lower, buckets)) / last.count
}

/// How many observations lie at or below `value`.
fn rank_of(value: f64, buckets: &[Bucket]) -> f64 {
    let index = buckets.partition_point(|it| it.bound <= value);
    let below = index.checked_sub(1).and_then(|it| buckets.get(it));
    let rank = below.map_or(0.0, |it| it.count);
    let Some(bucket) = buckets.get(index) else { return rank };
    let start = match below {
        Some(it) => it.bound,
        None if bucket.bound > 0.0 => 0.0,
        // A bucket without a lower end cannot be divided: what is in it lies below every finite value.
        None if value == f64::NEG_INFINITY => return rank,
        None => return bucket.count,
    };
    if bucket.bound.is_infinite() || value <= start {
        return rank;
    }
    rank + (bucket.count - rank) * (value - start) / (bucket.bound - start)
}
