//! Functions of windows that hold native histograms, alone or beside numbers.

use std::sync::Arc;

use nines_base::{CounterReset, Histogram, HistogramSample, Sample};

use super::super::column::Point;
use super::fold::{is_change, of_floats};
use super::rate::extrapolation_factor;
use super::series::{Around, Window};
use crate::function::{Extreme, Fold, RateKind, WindowFunction};
use crate::histogram::{
    HistogramMean, HistogramSum, IncompatibleBuckets, Merged, compacted, detect_reset, divided,
    has_custom_buckets, is_equal, scaled, subtracted,
};
use crate::notes::Operation;
use crate::place::Place;

/// The function of a window with at least one histogram.
pub(super) fn point(window: &Window<'_>, around: &mut Around<'_, '_>) -> Option<Point> {
    let Window { floats, histograms, .. } = *window;
    let place = around.of.place;
    let is_mixed = !floats.is_empty();
    match around.of.function {
        WindowFunction::Rate(_) | WindowFunction::Fold(Fold::Sum | Fold::Avg) if is_mixed => {
            around.run.notes.mixed_range(around.name, place);
            None
        }
        WindowFunction::Rate(kind) => rate(window, kind, around).map(histogram),
        WindowFunction::Fold(Fold::Sum) => sum(histograms, around).map(histogram),
        WindowFunction::Fold(Fold::Avg) => mean(histograms, around).map(histogram),
        WindowFunction::Fold(Fold::Count) => {
            Some(Point::Float((floats.len() + histograms.len()) as f64))
        }
        WindowFunction::Fold(Fold::Present) => Some(Point::Float(1.0)),
        WindowFunction::Fold(Fold::First) => in_order(floats, histograms).next().map(value),
        WindowFunction::Fold(Fold::Last) => in_order(floats, histograms).last().map(value),
        WindowFunction::TimeOf(Extreme::First) => time(in_order(floats, histograms).next()),
        WindowFunction::TimeOf(Extreme::Last) => time(in_order(floats, histograms).last()),
        WindowFunction::Irate => instant_change(window, Change::Rate, around),
        WindowFunction::Idelta => instant_change(window, Change::Delta, around),
        WindowFunction::Changes => Some(Point::Float(count_changes(in_order(floats, histograms)))),
        WindowFunction::Resets => Some(Point::Float(count_resets(in_order(floats, histograms)))),
        // Everything else looks at numbers alone.
        _ if is_mixed => {
            around.run.notes.ignored_in_range(around.name, around.of.first_place);
            of_floats(window, around).map(Point::Float)
        }
        _ => None,
    }
}

fn histogram(it: Histogram) -> Point {
    Point::Histogram(Arc::new(it))
}

/// A number or a histogram at its time.
#[derive(Debug, Clone, Copy)]
pub(super) enum Either<'a> {
    Float(&'a Sample),
    Histogram(&'a HistogramSample),
}

impl Either<'_> {
    fn at_ms(self) -> i64 {
        match self {
            Self::Float(it) => it.at_ms,
            Self::Histogram(it) => it.at_ms,
        }
    }
}

fn value(it: Either<'_>) -> Point {
    match it {
        Either::Float(it) => Point::Float(it.value),
        Either::Histogram(it) => Point::Histogram(Arc::clone(&it.histogram)),
    }
}

fn time(it: Option<Either<'_>>) -> Option<Point> {
    it.map(|it| Point::Float(it.at_ms() as f64 / 1e3))
}

/// All samples of both kinds, oldest first.
pub(super) fn in_order<'a>(
    floats: &'a [Sample],
    histograms: &'a [HistogramSample],
) -> impl Iterator<Item = Either<'a>> {
    let (mut floats, mut histograms) = (floats.iter().peekable(), histograms.iter().peekable());
    std::iter::from_fn(move || {
        let is_float = match (floats.peek(), histograms.peek()) {
            (Some(float), Some(histogram)) => float.at_ms < histogram.at_ms,
            (float, _) => float.is_some(),
        };
        if is_float {
            floats.next().map(Either::Float)
        } else {
            histograms.next().map(Either::Histogram)
        }
    })
}

/// How often neighbours are of another kind or differ.
pub(super) fn count_changes<'a>(samples: impl Iterator<Item = Either<'a>>) -> f64 {
    count_pairs(samples, |one, two| match (one, two) {
        (Either::Float(one), Either::Float(two)) => is_change(one.value, two.value),
        (Either::Histogram(one), Either::Histogram(two)) => {
            !is_equal(&one.histogram, &two.histogram)
        }
        _ => true,
    })
}

/// How often neighbours are of another kind or a counter began anew.
pub(super) fn count_resets<'a>(samples: impl Iterator<Item = Either<'a>>) -> f64 {
    count_pairs(samples, |one, two| match (one, two) {
        (Either::Float(one), Either::Float(two)) => two.value < one.value,
        (Either::Histogram(one), Either::Histogram(two)) => {
            detect_reset(&two.histogram, &one.histogram)
        }
        _ => true,
    })
}

fn count_pairs<'a>(
    samples: impl Iterator<Item = Either<'a>>,
    condition: fn(Either<'_>, Either<'_>) -> bool,
) -> f64 {
    let (mut count, mut previous) = (0, None);
    for it in samples {
        count += usize::from(previous.is_some_and(|previous| condition(previous, it)));
        previous = Some(it);
    }
    count as f64
}

/// What is noted of a sum over a window: resets collide even where one of them is not the first.
#[derive(Debug, Default)]
struct Seen {
    has_reset: bool,
    has_no_reset: bool,
    is_reconciled: bool,
}

impl Seen {
    fn histogram(&mut self, it: &Histogram) {
        self.has_reset |= it.counter_reset == CounterReset::Reset;
        self.has_no_reset |= it.counter_reset == CounterReset::NotReset;
    }

    fn note(&self, around: &mut Around<'_, '_>) {
        let merged = Merged {
            hints_collide: self.has_reset && self.has_no_reset,
            bounds_reconciled: self.is_reconciled,
        };
        around.run.notes.merged(merged, Operation::Aggregation, around.of.place);
    }
}

fn incompatible(around: &mut Around<'_, '_>) -> Option<Histogram> {
    around.run.notes.mixed_buckets(around.name, around.of.place);
    None
}

fn sum(histograms: &[HistogramSample], around: &mut Around<'_, '_>) -> Option<Histogram> {
    let (first, rest) = histograms.split_first()?;
    let (mut sum, mut seen) = (HistogramSum::new(&first.histogram), Seen::default());
    seen.histogram(&first.histogram);
    for it in rest {
        seen.histogram(&it.histogram);
        match sum.add(&it.histogram) {
            Ok(merged) => seen.is_reconciled |= merged.bounds_reconciled,
            Err(IncompatibleBuckets) => return incompatible(around),
        }
    }
    seen.note(around);
    Some(sum.total())
}

fn mean(histograms: &[HistogramSample], around: &mut Around<'_, '_>) -> Option<Histogram> {
    let (first, rest) = histograms.split_first()?;
    let (mut mean, mut seen) = (HistogramMean::new(&first.histogram), Seen::default());
    seen.histogram(&first.histogram);
    for it in rest {
        seen.histogram(&it.histogram);
        match mean.add(&it.histogram) {
            Ok(merged) => seen.is_reconciled |= merged.bounds_reconciled,
            Err(IncompatibleBuckets) => return incompatible(around),
        }
    }
    seen.note(around);
    Some(mean.mean())
}

/// Growth over a window of histograms, extrapolated to its borders by the count.
fn rate(window: &Window<'_>, kind: RateKind, around: &mut Around<'_, '_>) -> Option<Histogram> {
    let [first, .., last] = window.histograms else { return None };
    let mut growth = growth(window.histograms, kind, around)?;
    let counter = (kind.is_counter() && growth.count > 0.0 && first.histogram.count >= 0.0)
        .then_some([first.histogram.count, growth.count]);
    let range_ms = window.end_ms.saturating_sub(window.start_ms);
    let times_ms = [first.at_ms, last.at_ms];
    let end = (window.end_ms, range_ms);
    let mut factor = extrapolation_factor(times_ms, window.histograms.len(), end, counter);
    if kind == RateKind::Rate {
        factor /= range_ms as f64 / 1e3;
    }
    growth = scaled(&growth, factor);
    growth.counter_reset = CounterReset::Gauge;
    Some(growth)
}

/// The last histogram minus the first, plus what was lost by resets.
fn growth(
    histograms: &[HistogramSample],
    kind: RateKind,
    around: &mut Around<'_, '_>,
) -> Option<Histogram> {
    let [first, second, ..] = histograms else { return None };
    let (first, second) = (&first.histogram, &second.histogram);
    let last = &histograms.last()?.histogram;
    let is_gauge = |it: &Histogram| it.counter_reset == CounterReset::Gauge;
    let (name, place) = (around.name, around.of.place);
    if kind.is_counter() {
        if histograms.iter().any(|it| is_gauge(&it.histogram)) {
            around.run.notes.not_a_counter(name, place);
        }
    } else if !is_gauge(first) || !is_gauge(last) {
        around.run.notes.not_a_gauge(name, place);
    }
    // What came before a reset at the very beginning does not matter, whatever its buckets are.
    let is_new = kind.is_counter() && detect_reset(second, first);
    let start = if is_new { empty_like(second) } else { Histogram::clone(first) };
    let is_custom = has_custom_buckets(&start);
    let inner = if kind.is_counter() { histograms.get(1..).unwrap_or_default() } else { &[] };
    let differs = |it: &Histogram| has_custom_buckets(it) != is_custom;
    if differs(last) || inner.iter().any(|it| differs(&it.histogram)) {
        return incompatible(around);
    }
    let mut sum = HistogramSum::new(last);
    let Ok(merged) = sum.subtract(&start) else { return incompatible(around) };
    note_reconciled(merged, Operation::Subtraction, around);
    let mut previous = &start;
    for it in inner {
        if detect_reset(&it.histogram, previous) {
            let Ok(merged) = sum.add(previous) else { return incompatible(around) };
            note_reconciled(merged, Operation::Addition, around);
        }
        previous = &it.histogram;
    }
    Some(sum.total())
}

fn empty_like(it: &Histogram) -> Histogram {
    let mut empty = scaled(it, 0.0);
    empty.counter_reset = CounterReset::Unknown;
    empty.zero_threshold = 0.0;
    compacted(&empty)
}

fn note_reconciled(merged: Merged, operation: Operation, around: &mut Around<'_, '_>) {
    if merged.bounds_reconciled {
        around.run.notes.reconciled(operation, around.of.place);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Rate,
    Delta,
}

/// The change between the last two samples, whatever they are.
fn instant_change(
    window: &Window<'_>,
    change: Change,
    around: &mut Around<'_, '_>,
) -> Option<Point> {
    let (mut one, mut two) = (None, None);
    for it in in_order(window.floats, window.histograms) {
        (one, two) = (two, Some(it));
    }
    let (one, two) = (one?, two?);
    let elapsed_ms = two.at_ms().saturating_sub(one.at_ms());
    if elapsed_ms == 0 {
        return None;
    }
    match (one, two) {
        (Either::Float(_), Either::Float(_)) => of_floats(window, around).map(Point::Float),
        (Either::Histogram(one), Either::Histogram(two)) => {
            let found = histogram_change(&one.histogram, &two.histogram, change, around)?;
            let found = match change {
                Change::Rate => divided(&found, elapsed_ms as f64 / 1e3),
                Change::Delta => found,
            };
            Some(histogram(found))
        }
        _ => {
            around.run.notes.mixed_range(around.name, around.of.place);
            None
        }
    }
}

fn histogram_change(
    one: &Histogram,
    two: &Histogram,
    change: Change,
    around: &mut Around<'_, '_>,
) -> Option<Histogram> {
    let place: Place = around.of.place;
    let gauges = [one, two].map(|it| it.counter_reset == CounterReset::Gauge);
    match change {
        Change::Rate if gauges.contains(&true) => {
            around.run.notes.not_a_counter(around.name, place);
        }
        Change::Delta if gauges.contains(&false) => {
            around.run.notes.not_a_gauge(around.name, place);
        }
        _ => {}
    }
    let mut found = if change == Change::Rate && detect_reset(two, one) {
        compacted(two)
    } else {
        match subtracted(two, one) {
            Ok((found, merged)) => {
                note_reconciled(merged, Operation::Subtraction, around);
                found
            }
            Err(IncompatibleBuckets) => return incompatible(around),
        }
    };
    found.counter_reset = CounterReset::Gauge;
    Some(found)
}
