//! `anchored` and `smoothed`: growth between the very borders of a window, without extrapolation.
//!
//! Anchored, the last sample before the window stands for its start. Smoothed, values at both borders are
//! interpolated between the samples around them. Source: Prometheus, `extendedRate`.

use std::sync::Arc;

use nines_base::{CounterReset, Histogram, HistogramSample, Sample};

use super::super::column::Point;
use super::super::select::Samples;
use super::histograms::{count_changes, count_resets, in_order};
use super::series::{Around as Given, Window};
use crate::function::{RateKind, WindowFunction};
use crate::histogram::{
    HistogramSum, IncompatibleBuckets, added, compacted, detect_reset, divided, has_custom_buckets,
    scaled, subtracted,
};
use crate::notes::{Notes, Operation};
use crate::place::Place;
use crate::plan::Extent;
use crate::{QueryError, Windows};

/// The function of a window with what lies around it.
pub(super) fn point(window: &Window<'_>, given: &mut Given<'_, '_>) -> Option<Point> {
    let kind = match given.of.function {
        WindowFunction::Rate(kind) => kind,
        WindowFunction::Changes => {
            let (floats, histograms) = anchored(window)?;
            return Some(Point::Float(count_changes(in_order(floats, histograms))));
        }
        WindowFunction::Resets => {
            let (floats, histograms) = anchored(window)?;
            return Some(Point::Float(count_resets(in_order(floats, histograms))));
        }
        _ => return None,
    };
    match (window.floats.is_empty(), window.histograms.is_empty()) {
        (false, false) => {
            given.run.notes.mixed_range(given.name, given.of.place);
            None
        }
        (false, true) => float_growth(window, kind, given.of.extent).map(Point::Float),
        _ => {
            let found = histogram_growth(window, kind, given)?;
            Some(Point::Histogram(Arc::new(found)))
        }
    }
}

/// The samples in the window and the last one before it, if any sample is in the window.
fn anchored<'a>(window: &Window<'a>) -> Option<(&'a [Sample], &'a [HistogramSample])> {
    let Window { floats, histograms, start_ms, .. } = *window;
    let float = floats.partition_point(|it| it.at_ms <= start_ms);
    let histogram = histograms.partition_point(|it| it.at_ms <= start_ms);
    if float == floats.len() && histogram == histograms.len() {
        return None;
    }
    let before = |at: usize| at.checked_sub(1);
    let float_ms = before(float).and_then(|it| floats.get(it)).map(|it| it.at_ms);
    let histogram_ms = before(histogram).and_then(|it| histograms.get(it)).map(|it| it.at_ms);
    let (from_float, from_histogram) = match (float_ms, histogram_ms) {
        (None, None) => (float, histogram),
        (float_ms, histogram_ms) if float_ms >= histogram_ms => {
            (float.saturating_sub(1), histogram)
        }
        _ => (float, histogram.saturating_sub(1)),
    };
    Some((floats.get(from_float..)?, histograms.get(from_histogram..)?))
}

/// Which samples stand for the borders of a window: the last one at or before its start, or the first one, and the
/// last one, or the first one at or after its end.
fn border_samples(
    times_ms: &[i64],
    (start_ms, end_ms): (i64, i64),
    extent: Extent,
) -> Option<(usize, usize)> {
    let final_index = times_ms.len().checked_sub(1)?;
    let inner = times_ms.get(..final_index).unwrap_or_default();
    let first = inner.partition_point(|it| *it <= start_ms).saturating_sub(1);
    let last = match extent {
        Extent::Smoothed => inner.partition_point(|it| *it < end_ms),
        _ => final_index,
    };
    let (first_ms, last_ms) = (*times_ms.get(first)?, *times_ms.get(last)?);
    let is_outside = last_ms <= start_ms || (extent == Extent::Smoothed && first_ms > end_ms);
    (!is_outside).then_some((first, last))
}

/// Whether a falling value is a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nature {
    Counter,
    Gauge,
}

impl Nature {
    fn of(kind: RateKind) -> Self {
        if kind.is_counter() { Self::Counter } else { Self::Gauge }
    }
}

/// The value between two samples; a counter that fell began at zero.
fn interpolated(one: Sample, two: Sample, at_ms: i64, nature: Nature) -> f64 {
    let start = if nature == Nature::Counter && two.value < one.value { 0.0 } else { one.value };
    let elapsed = at_ms.saturating_sub(one.at_ms) as f64;
    start + (two.value - start) * elapsed / two.at_ms.saturating_sub(one.at_ms) as f64
}

/// The value at the left border.
fn left_value(floats: &[Sample], first: usize, start_ms: i64, how: How) -> Option<f64> {
    let sample = *floats.get(first)?;
    match floats.get(first + 1) {
        Some(next) if how.is_smoothed && sample.at_ms < start_ms => {
            Some(interpolated(sample, *next, start_ms, how.nature))
        }
        _ => Some(sample.value),
    }
}

/// The value at the right border.
fn right_value(floats: &[Sample], last: usize, end_ms: i64, how: How) -> Option<f64> {
    let sample = *floats.get(last)?;
    match last.checked_sub(1).and_then(|it| floats.get(it)) {
        Some(before) if how.is_smoothed && sample.at_ms > end_ms => {
            Some(interpolated(*before, sample, end_ms, how.nature))
        }
        _ => Some(sample.value),
    }
}

#[derive(Debug, Clone, Copy)]
struct How {
    is_smoothed: bool,
    nature: Nature,
}

fn float_growth(window: &Window<'_>, kind: RateKind, extent: Extent) -> Option<f64> {
    let Window { floats, start_ms, end_ms, .. } = *window;
    let how = How { is_smoothed: extent == Extent::Smoothed, nature: Nature::of(kind) };
    let times_ms: Vec<_> = floats.iter().map(|it| it.at_ms).collect();
    let (mut first, last) = border_samples(&times_ms, (start_ms, end_ms), extent)?;
    let left = left_value(floats, first, start_ms, how)?;
    let right = right_value(floats, last, end_ms, how)?;
    let mut growth = right - left;
    if how.nature == Nature::Counter {
        // The samples at the borders are already in the values at the borders.
        if floats.get(first)?.at_ms <= start_ms {
            first += 1;
        }
        let end = if floats.get(last)?.at_ms >= end_ms { last } else { last + 1 };
        let mut previous = left;
        let inner = floats.get(first..end.max(first)).unwrap_or_default();
        for value in inner.iter().map(|it| it.value).chain([right]) {
            if value < previous {
                growth += previous;
            }
            previous = value;
        }
    }
    Some(match kind {
        RateKind::Rate => growth / (end_ms.saturating_sub(start_ms) as f64 / 1e3),
        _ => growth,
    })
}

/// A histogram between two others; a counter that was reset began empty.
fn between(
    one: &HistogramSample,
    two: &HistogramSample,
    at_ms: i64,
    nature: Nature,
    (notes, place): (&mut Notes, Place),
) -> Result<Histogram, IncompatibleBuckets> {
    if at_ms == one.at_ms {
        return Ok(Histogram::clone(&one.histogram));
    }
    if at_ms == two.at_ms {
        return Ok(Histogram::clone(&two.histogram));
    }
    if has_custom_buckets(&one.histogram) != has_custom_buckets(&two.histogram) {
        return Err(IncompatibleBuckets);
    }
    let elapsed = at_ms.saturating_sub(one.at_ms) as f64;
    let share = elapsed / two.at_ms.saturating_sub(one.at_ms) as f64;
    if nature == Nature::Counter && detect_reset(&two.histogram, &one.histogram) {
        return Ok(scaled(&two.histogram, share));
    }
    let (growth, merged) = subtracted(&two.histogram, &one.histogram)?;
    if merged.bounds_reconciled {
        notes.reconciled(Operation::Subtraction, place);
    }
    let (found, merged) = added(&scaled(&growth, share), &one.histogram)?;
    if merged.bounds_reconciled {
        notes.reconciled(Operation::Addition, place);
    }
    Ok(found)
}

fn histogram_growth(
    window: &Window<'_>,
    kind: RateKind,
    given: &mut Given<'_, '_>,
) -> Option<Histogram> {
    let (name, place) = (given.name, given.of.place);
    let extent = given.of.extent;
    let found = Growing { window, kind, extent, name, place }.growth(&mut given.run.notes);
    found.unwrap_or_else(|IncompatibleBuckets| {
        given.run.notes.mixed_buckets(name, place);
        None
    })
}

/// A window of histograms whose growth is asked for.
struct Growing<'a> {
    window: &'a Window<'a>,
    kind: RateKind,
    extent: Extent,
    name: &'a str,
    place: Place,
}

impl Growing<'_> {
    fn growth(&self, notes: &mut Notes) -> Result<Option<Histogram>, IncompatibleBuckets> {
        let Window { histograms, start_ms, end_ms, .. } = *self.window;
        let times_ms: Vec<_> = histograms.iter().map(|it| it.at_ms).collect();
        let Some((first, last)) = border_samples(&times_ms, (start_ms, end_ms), self.extent) else {
            return Ok(None);
        };
        let inside = histograms.get(first..=last).unwrap_or_default();
        self.check(inside, notes)?;
        let Some(left) = self.border(inside.first(), inside.get(1), start_ms, notes)? else {
            return Ok(None);
        };
        let before_last = inside.len().checked_sub(2).and_then(|it| inside.get(it));
        let right = match (before_last, inside.last()) {
            (Some(before), Some(it)) if self.is_smoothed() && it.at_ms > end_ms => {
                between(before, it, end_ms, Nature::of(self.kind), (notes, self.place))?
            }
            (_, Some(it)) => Histogram::clone(&it.histogram),
            _ => return Ok(None),
        };
        let is_gauge = |it: &Histogram| it.counter_reset == CounterReset::Gauge;
        let are_gauges = is_gauge(&left) && is_gauge(&right);
        if !self.kind.is_counter() && !are_gauges {
            notes.not_a_gauge(self.name, self.place);
        }
        let mut sum = HistogramSum::new(&right);
        if sum.subtract(&left)?.bounds_reconciled {
            notes.reconciled(Operation::Subtraction, self.place);
        }
        if self.kind.is_counter()
            && let Some(lost) = self.lost(inside, &left, &right, notes)?
            && sum.add(&lost)?.bounds_reconciled
        {
            notes.reconciled(Operation::Addition, self.place);
        }
        let mut growth = sum.total();
        if self.kind == RateKind::Rate {
            growth = divided(&growth, end_ms.saturating_sub(start_ms) as f64 / 1e3);
        }
        growth.counter_reset = CounterReset::Gauge;
        Ok(Some(compacted(&growth)))
    }

    fn is_smoothed(&self) -> bool {
        self.extent == Extent::Smoothed
    }

    /// All of one kind of buckets, and counters where counters are expected.
    fn check(
        &self,
        inside: &[HistogramSample],
        notes: &mut Notes,
    ) -> Result<(), IncompatibleBuckets> {
        let is_custom = |it: &HistogramSample| has_custom_buckets(&it.histogram);
        let first = inside.first().map(is_custom);
        if inside.iter().any(|it| Some(is_custom(it)) != first) {
            return Err(IncompatibleBuckets);
        }
        let is_gauge = |it: &HistogramSample| it.histogram.counter_reset == CounterReset::Gauge;
        if self.kind.is_counter() && inside.iter().any(is_gauge) {
            notes.not_a_counter(self.name, self.place);
        }
        Ok(())
    }

    fn border(
        &self,
        first: Option<&HistogramSample>,
        second: Option<&HistogramSample>,
        start_ms: i64,
        notes: &mut Notes,
    ) -> Result<Option<Histogram>, IncompatibleBuckets> {
        match (first, second) {
            (Some(one), Some(two)) if self.is_smoothed() && one.at_ms < start_ms => {
                let nature = Nature::of(self.kind);
                between(one, two, start_ms, nature, (notes, self.place)).map(Some)
            }
            (first, _) => Ok(first.map(|it| Histogram::clone(&it.histogram))),
        }
    }

    /// What was lost by resets between the borders.
    fn lost(
        &self,
        inside: &[HistogramSample],
        left: &Histogram,
        right: &Histogram,
        notes: &mut Notes,
    ) -> Result<Option<Histogram>, IncompatibleBuckets> {
        let (mut from, mut previous) = (1, left);
        if let [one, two, ..] = inside
            && self.is_smoothed()
            && one.at_ms < self.window.start_ms
            && detect_reset(&two.histogram, &one.histogram)
        {
            // The left border already lies behind this reset.
            previous = &two.histogram;
            from = 2;
        }
        // The last sample is the right border, or is in it.
        let Some(between) = inside.get(from..inside.len().saturating_sub(1).max(from)) else {
            return Ok(None);
        };
        if from > inside.len().saturating_sub(1) {
            return Ok(None);
        }
        let mut lost: Option<HistogramSum> = None;
        let inner = between.iter().map(|it| it.histogram.as_ref());
        for current in inner.chain([right]) {
            if detect_reset(current, previous) {
                match &mut lost {
                    None => lost = Some(HistogramSum::new(previous)),
                    Some(sum) => {
                        if sum.add(previous)?.bounds_reconciled {
                            notes.reconciled(Operation::Addition, self.place);
                        }
                    }
                }
            }
            previous = current;
        }
        Ok(lost.map(|it| it.total()))
    }
}

/// An instant between samples.
pub(in super::super) struct Around {
    pub(in super::super) look_ms: i64,
    pub(in super::super) lookback_ms: i64,
    pub(in super::super) place: Place,
}

impl Around {
    /// The value at the instant: between the samples before and after it that are not too far away.
    pub(in super::super) fn interpolated(
        &self,
        samples: &Samples<'_>,
        name: &str,
        notes: &mut Notes,
    ) -> Option<Point> {
        let from_ms = self.look_ms.saturating_sub(self.lookback_ms);
        let to_ms = self.look_ms.saturating_add(self.lookback_ms);
        let floats = &samples.floats;
        let start = floats.partition_point(|it| it.at_ms <= from_ms);
        let floats = floats.get(start..floats.partition_point(|it| it.at_ms <= to_ms))?;
        let histograms = &samples.histograms;
        let start = histograms.partition_point(|it| it.at_ms <= from_ms);
        let end = histograms.partition_point(|it| it.at_ms <= to_ms);
        let histograms = histograms.get(start..end)?;
        match (floats.is_empty(), histograms.is_empty()) {
            (false, false) => {
                notes.mixed_range(name, self.place);
                None
            }
            (true, true) => None,
            (false, true) => self.float(floats).map(Point::Float),
            (true, false) => self.histogram(histograms, name, notes),
        }
    }

    fn float(&self, floats: &[Sample]) -> Option<f64> {
        let after = floats.partition_point(|it| it.at_ms <= self.look_ms);
        let before = *after.checked_sub(1).and_then(|it| floats.get(it))?;
        Some(match floats.get(after) {
            Some(next) if before.at_ms < self.look_ms => {
                interpolated(before, *next, self.look_ms, Nature::Gauge)
            }
            _ => before.value,
        })
    }

    fn histogram(
        &self,
        histograms: &[HistogramSample],
        name: &str,
        notes: &mut Notes,
    ) -> Option<Point> {
        let after = histograms.partition_point(|it| it.at_ms <= self.look_ms);
        let before = after.checked_sub(1).and_then(|it| histograms.get(it))?;
        let Some(next) = histograms.get(after).filter(|_| before.at_ms < self.look_ms) else {
            return Some(Point::Histogram(Arc::clone(&before.histogram)));
        };
        let is_gauge = |it: &HistogramSample| it.histogram.counter_reset == CounterReset::Gauge;
        let are_gauges = is_gauge(before) && is_gauge(next);
        let nature = if are_gauges { Nature::Gauge } else { Nature::Counter };
        match between(before, next, self.look_ms, nature, (notes, self.place)) {
            Ok(found) => Some(Point::Histogram(Arc::new(found))),
            Err(IncompatibleBuckets) => {
                notes.mixed_buckets(name, self.place);
                None
            }
        }
    }
}

/// A range of histograms cannot be the result itself with values at its borders.
pub(in super::super) fn refuse_histograms(extent: Extent) -> Result<(), QueryError> {
    let name = match extent {
        Extent::Inner => return Ok(()),
        Extent::Anchored => "anchored",
        Extent::Smoothed => "smoothed",
    };
    let message = format!("{name} modifier is not supported with histograms");
    Err(QueryError::execution(message))
}

/// The samples of a range that is the result itself: `anchored` and `smoothed` have one at each border.
pub(in super::super) fn borders(
    extent: Extent,
    floats: &[Sample],
    windows: &Windows,
) -> Vec<Sample> {
    if extent == Extent::Inner {
        return floats.to_vec();
    }
    let end_ms = windows.first_end_ms;
    let start_ms = end_ms.saturating_sub(windows.range_ms);
    let how = How { is_smoothed: extent == Extent::Smoothed, nature: Nature::Gauge };
    let times_ms: Vec<_> = floats.iter().map(|it| it.at_ms).collect();
    let Some((first, last)) = border_samples(&times_ms, (start_ms, end_ms), extent) else {
        return Vec::new();
    };
    let left = left_value(floats, first, start_ms, how).unwrap_or(f64::NAN);
    let right = right_value(floats, last, end_ms, how).unwrap_or(f64::NAN);
    let inner = floats.get(first..=last).unwrap_or_default().iter();
    let inner = inner.filter(|it| start_ms < it.at_ms && it.at_ms < end_ms).copied();
    let start = Sample { at_ms: start_ms, value: left };
    let end = Sample { at_ms: end_ms, value: right };
    [start].into_iter().chain(inner).chain([end]).collect()
}
