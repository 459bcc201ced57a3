//! Functions of a range vector: one window of samples to one value.

use nines_base::Sample;

use super::{Function, NameRule, Remark, WindowFunction};
use crate::statistics::{Mean, Variance, linear_regression, quantile, sum};

/// The samples of one series in `(start_ms, end_ms]`; never empty, no staleness markers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window<'a> {
    pub(crate) samples: &'a [Sample],
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    /// The step that is evaluated; differs from `end_ms` by `offset` and `@`.
    pub(crate) at_ms: i64,
}

impl Window<'_> {
    fn values(&self) -> impl Iterator<Item = f64> {
        self.samples.iter().map(|it| it.value)
    }

    /// The best sample; a NaN loses against everything.
    fn best(&self, is_better: fn(f64, f64) -> bool) -> Option<Sample> {
        let better = |best: Sample, it: Sample| {
            if is_better(it.value, best.value) || best.value.is_nan() { it } else { best }
        };
        self.samples.iter().copied().reduce(better)
    }

    /// How often neighbours fulfil the condition.
    fn count_pairs(&self, condition: fn(f64, f64) -> bool) -> f64 {
        let pairs = self.samples.windows(2);
        let hit = |it: &&[Sample]| matches!(it, [one, two] if condition(one.value, two.value));
        pairs.filter(hit).count() as f64
    }
}

/// The window function of this name.
pub(super) fn named(name: &str) -> Option<Function> {
    let plain = |apply| WindowFunction {
        apply,
        refuse: |_| None,
        name: NameRule::Drop,
        remark: Remark::None,
    };
    Some(Function::Window(match name {
        "avg_over_time" => plain(|it, _| {
            let mut mean = Mean::default();
            it.values().for_each(|value| mean.add(value));
            Some(mean.value())
        }),
        "changes" => plain(|it, _| Some(it.count_pairs(is_change))),
        "count_over_time" => plain(|it, _| Some(it.samples.len() as f64)),
        "delta" => plain(|it, _| extrapolated(it, Kind::Gauge)),
        "deriv" => plain(|it, _| match it.samples {
            [first, _, ..] => Some(linear_regression(it.samples, first.at_ms).0),
            _ => None,
        }),
        "double_exponential_smoothing" => WindowFunction {
            refuse: refuse_smoothing,
            ..plain(|it, factors| smooth(it.samples, factors))
        },
        "first_over_time" => WindowFunction {
            name: NameRule::Keep,
            ..plain(|it, _| it.samples.first().map(|it| it.value))
        },
        "idelta" => plain(|it, _| last_pair(it.samples).map(|(one, two)| two.value - one.value)),
        "increase" => WindowFunction {
            remark: Remark::ExpectsCounter,
            ..plain(|it, _| extrapolated(it, Kind::Counter))
        },
        "irate" => plain(|it, _| instant_rate(it.samples)),
        "last_over_time" => WindowFunction {
            name: NameRule::Keep,
            ..plain(|it, _| it.samples.last().map(|it| it.value))
        },
        "mad_over_time" => plain(|it, _| {
            if it.values().any(f64::is_nan) {
                return Some(f64::NAN);
            }
            let median = quantile(0.5, it.values().collect());
            Some(quantile(0.5, it.values().map(|value| (value - median).abs()).collect()))
        }),
        "max_over_time" => plain(|it, _| it.best(|one, two| one > two).map(|it| it.value)),
        "min_over_time" => plain(|it, _| it.best(|one, two| one < two).map(|it| it.value)),
        "predict_linear" => WindowFunction {
            remark: Remark::DependsOnTime,
            ..plain(|it, seconds| {
                let (slope, now) = linear_regression(it.samples, it.at_ms);
                (it.samples.len() > 1).then(|| slope * seconds.first().unwrap_or(&f64::NAN) + now)
            })
        },
        "present_over_time" => plain(|_, _| Some(1.0)),
        "quantile_over_time" => WindowFunction {
            remark: Remark::ExpectsQuantile,
            ..plain(|it, q| Some(quantile(*q.first()?, it.values().collect())))
        },
        "rate" => WindowFunction {
            remark: Remark::ExpectsCounter,
            ..plain(|it, _| {
                let seconds = it.end_ms.saturating_sub(it.start_ms) as f64 / 1e3;
                extrapolated(it, Kind::Counter).map(|increase| increase / seconds)
            })
        },
        "resets" => plain(|it, _| Some(it.count_pairs(|one, two| two < one))),
        "stddev_over_time" => plain(|it, _| Some(variance(it).sqrt())),
        "stdvar_over_time" => plain(|it, _| Some(variance(it))),
        "sum_over_time" => plain(|it, _| Some(sum(it.values()))),
        "ts_of_first_over_time" => plain(|it, _| it.samples.first().map(|it| seconds(*it))),
        "ts_of_last_over_time" => plain(|it, _| it.samples.last().map(|it| seconds(*it))),
        "ts_of_max_over_time" => plain(|it, _| it.best(|one, two| one >= two).map(seconds)),
        "ts_of_min_over_time" => plain(|it, _| it.best(|one, two| one <= two).map(seconds)),
        _ => return None,
    }))
}

/// NaN to NaN is none, nor is 0 to -0.
#[expect(clippy::float_cmp, reason = "any difference is a change")]
fn is_change(one: f64, two: f64) -> bool {
    one != two && !(one.is_nan() && two.is_nan())
}

fn seconds(sample: Sample) -> f64 {
    sample.at_ms as f64 / 1e3
}

fn variance(window: &Window<'_>) -> f64 {
    let mut variance = Variance::default();
    window.values().for_each(|it| variance.add(it));
    variance.value()
}

/// Whether a falling value is a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
}

/// A series is thought to go on past its samples for at most this many of its own intervals.
const EXTRAPOLATION_INTERVALS_MAX: f64 = 1.1;

/// The growth over the window, extrapolated to its borders; needs two samples.
///
/// Source: Prometheus, `extrapolatedRate`. Where the samples come within 1.1 average intervals of a border they
/// are thought to reach it, else half an interval; a counter is not extrapolated below zero.
fn extrapolated(window: &Window<'_>, kind: Kind) -> Option<f64> {
    let [first, .., last] = window.samples else { return None };
    let mut growth = last.value - first.value;
    if kind == Kind::Counter {
        let mut previous = first.value;
        for sample in window.samples {
            if sample.value < previous {
                growth += previous;
            }
            previous = sample.value;
        }
    }
    let seconds = |from: i64, to: i64| to.saturating_sub(from) as f64 / 1e3;
    let sampled = seconds(first.at_ms, last.at_ms);
    let interval = sampled / (window.samples.len() - 1) as f64;
    let towards =
        |gap: f64| if gap >= interval * EXTRAPOLATION_INTERVALS_MAX { interval / 2.0 } else { gap };
    let mut before = towards(seconds(window.start_ms, first.at_ms));
    if kind == Kind::Counter && growth > 0.0 && first.value >= 0.0 {
        before = before.min(sampled * (first.value / growth));
    }
    let after = towards(seconds(last.at_ms, window.end_ms));
    Some(growth * ((sampled + before + after) / sampled))
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

fn refuse_smoothing(factors: &[f64]) -> Option<String> {
    let names = ["smoothing factor. Expected: 0 < sf < 1", "trend factor. Expected: 0 < tf < 1"];
    let is_bad = |it: &f64| *it <= 0.0 || *it >= 1.0;
    let (name, factor) = names.iter().zip(factors).find(|(_, factor)| is_bad(factor))?;
    Some(format!("invalid {name}, got: {factor}"))
}

/// Holt's double exponential smoothing; needs two samples.
fn smooth(samples: &[Sample], factors: &[f64]) -> Option<f64> {
    let (&[level_factor, trend_factor], [first, second, ..]) = (factors, samples) else {
        return None;
    };
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
