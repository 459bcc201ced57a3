//! Functions of windows that hold numbers alone.

use nines_base::Sample;

use super::rate::{Ends, Growth};
use super::series::{Around, Window};
use crate::Windows;
use crate::function::{Extreme, Fold, WindowFunction};
use crate::statistics::{Mean, Sum, Variance, linear_regression, quantile, sum};

/// One number per window of a series.
pub(super) fn fold_of_series(
    fold: Fold,
    samples: &[Sample],
    windows: &Windows,
    values: &mut [f64],
) {
    let (mut from, mut to) = (0, 0);
    let mut end_ms = windows.first_end_ms;
    for slot in values.iter_mut() {
        let start_ms = end_ms.saturating_sub(windows.range_ms);
        while samples.get(from).is_some_and(|it| it.at_ms <= start_ms) {
            from += 1;
        }
        to = to.max(from);
        while samples.get(to).is_some_and(|it| it.at_ms <= end_ms) {
            to += 1;
        }
        if let Some(window @ [_, ..]) = samples.get(from..to) {
            *slot = folded(fold, window);
        }
        end_ms = end_ms.saturating_add(windows.step_ms);
    }
}

/// At least one sample.
fn folded(fold: Fold, samples: &[Sample]) -> f64 {
    let values = || samples.iter().map(|it| it.value);
    match fold {
        Fold::Sum => sum(values()),
        Fold::Avg => mean(samples),
        Fold::Min => best(samples, |one, two| one < two).map_or(f64::NAN, |it| it.value),
        Fold::Max => best(samples, |one, two| one > two).map_or(f64::NAN, |it| it.value),
        Fold::Count => samples.len() as f64,
        Fold::Present => 1.0,
        Fold::First => samples.first().map_or(f64::NAN, |it| it.value),
        Fold::Last => samples.last().map_or(f64::NAN, |it| it.value),
    }
}

/// The sum divided; only where that is too large for a number, a mean that moves with each sample.
fn mean(samples: &[Sample]) -> f64 {
    let mut sum = Sum::default();
    for it in samples {
        sum.add(it.value);
    }
    let mean = sum.divided(samples.len() as f64).total();
    if mean.is_finite() {
        return mean;
    }
    let mut mean = Mean::default();
    for it in samples {
        mean.add(it.value);
    }
    mean.value()
}

/// The best sample; a NaN loses against everything.
fn best(samples: &[Sample], is_better: fn(f64, f64) -> bool) -> Option<Sample> {
    let better = |best: Sample, it: Sample| {
        if is_better(it.value, best.value) || best.value.is_nan() { it } else { best }
    };
    samples.iter().copied().reduce(better)
}

/// The function of a window of numbers; histograms beside them are not looked at.
pub(super) fn of_floats(window: &Window<'_>, around: &Around<'_, '_>) -> Option<f64> {
    let (samples, of) = (window.floats, around.of);
    let values = || samples.iter().map(|it| it.value);
    let (first, last) = (samples.first()?, samples.last()?);
    Some(match of.function {
        WindowFunction::Rate(kind) => {
            let drops = if kind.is_counter() { drops(samples) } else { 0.0 };
            let (count, end_ms) = (samples.len(), window.end_ms);
            let ends = Ends { first: *first, last: *last, count, drops, end_ms };
            Growth::new(kind, window.end_ms.saturating_sub(window.start_ms)).of(&ends)?
        }
        WindowFunction::Irate => instant_rate(samples)?,
        WindowFunction::Idelta => last_pair(samples).map(|(one, two)| two.value - one.value)?,
        WindowFunction::Fold(fold) => folded(fold, samples),
        WindowFunction::Changes => count_pairs(samples, is_change),
        WindowFunction::Resets => count_pairs(samples, |one, two| two < one),
        WindowFunction::Deriv if samples.len() < 2 => return None,
        WindowFunction::Deriv => linear_regression(samples, first.at_ms).0,
        WindowFunction::PredictLinear if samples.len() < 2 => return None,
        WindowFunction::PredictLinear => {
            let (slope, now) = linear_regression(samples, window.at_ms);
            slope * of.scalar(0, window.index) + now
        }
        WindowFunction::Smoothing => {
            let factors = [of.scalar(0, window.index), of.scalar(1, window.index)];
            smooth(samples, factors)?
        }
        WindowFunction::Quantile => quantile(of.scalar(0, window.index), values().collect()),
        WindowFunction::Mad if values().any(f64::is_nan) => f64::NAN,
        WindowFunction::Mad => {
            let median = quantile(0.5, values().collect());
            quantile(0.5, values().map(|it| (it - median).abs()).collect())
        }
        WindowFunction::Stddev => variance(samples).sqrt(),
        WindowFunction::Stdvar => variance(samples),
        WindowFunction::TimeOf(extreme) => {
            let found = match extreme {
                Extreme::First => *first,
                Extreme::Last => *last,
                Extreme::Min => best(samples, |one, two| one <= two)?,
                Extreme::Max => best(samples, |one, two| one >= two)?,
            };
            found.at_ms as f64 / 1e3
        }
    })
}

/// The sum of the values just before each fall.
fn drops(samples: &[Sample]) -> f64 {
    let pairs = samples.iter().zip(samples.iter().skip(1));
    pairs.filter(|(one, two)| two.value < one.value).map(|(one, _)| one.value).sum()
}

/// NaN to NaN is none, nor is 0 to -0.
#[expect(clippy::float_cmp, reason = "any difference is a change")]
pub(super) fn is_change(one: f64, two: f64) -> bool {
    one != two && !(one.is_nan() && two.is_nan())
}

/// How often neighbours fulfil a condition.
pub(super) fn count_pairs(samples: &[Sample], condition: fn(f64, f64) -> bool) -> f64 {
    let pairs = samples.iter().zip(samples.iter().skip(1));
    pairs.filter(|(one, two)| condition(one.value, two.value)).count() as f64
}

fn variance(samples: &[Sample]) -> f64 {
    let mut variance = Variance::default();
    for it in samples {
        variance.add(it.value);
    }
    variance.value()
}

fn last_pair(samples: &[Sample]) -> Option<(Sample, Sample)> {
    match samples {
        [.., one, two] if one.at_ms != two.at_ms => Some((*one, *two)),
        _ => None,
    }
}

/// The rate between the last two samples; a fall is a restart from zero.
fn instant_rate(samples: &[Sample]) -> Option<f64> {
    let (one, two) = last_pair(samples)?;
    let growth = if two.value < one.value { two.value } else { two.value - one.value };
    Some(growth / (two.at_ms.saturating_sub(one.at_ms) as f64 / 1e3))
}

/// Holt's double exponential smoothing; needs two samples.
fn smooth(samples: &[Sample], [level_factor, trend_factor]: [f64; 2]) -> Option<f64> {
    let [first, second, ..] = samples else { return None };
    let (mut before, mut level, mut trend) = (0.0, first.value, second.value - first.value);
    for (index, sample) in samples.iter().skip(1).enumerate() {
        if index > 0 {
            trend = trend_factor * (level - before) + (1.0 - trend_factor) * trend;
        }
        let next = level_factor * sample.value + (1.0 - level_factor) * (level + trend);
        (before, level) = (level, next);
    }
    Some(level)
}
