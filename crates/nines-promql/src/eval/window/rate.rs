//! Growth over a window, extrapolated to its borders.
//!
//! Source: Prometheus, `extrapolatedRate`. Where the samples come within 1.1 average intervals of a border they are
//! thought to reach it, else half an interval; a counter is not extrapolated below zero.

use nines_base::Sample;

use crate::Windows;
use crate::function::RateKind;

/// A series is thought to go on past its samples for at most this many of its own intervals.
const EXTRAPOLATION_INTERVALS_MAX: f64 = 1.1;
/// How far from equal two products must be before rounding cannot have decided.
const SAFE_RATIO: f64 = 1.0 + 1e-9;
/// So many restarts in one window are added up one by one, so that no digits are lost.
const RESETS_ADDED_MAX: usize = 16;

/// What growth depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) first: Sample,
    pub(super) last: Sample,
    pub(super) count: usize,
    /// The sum of the values just before each fall.
    pub(super) drops: f64,
    pub(super) end_ms: i64,
}

/// How far samples lie from each other and from the borders of their window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    before_ms: i64,
    sampled_ms: i64,
    after_ms: i64,
    count: usize,
}

impl Shape {
    fn of(it: &Ends, range_ms: i64) -> Self {
        Self {
            before_ms: it.first.at_ms.saturating_sub(it.end_ms.saturating_sub(range_ms)),
            sampled_ms: it.last.at_ms.saturating_sub(it.first.at_ms),
            after_ms: it.end_ms.saturating_sub(it.last.at_ms),
            count: it.count,
        }
    }

    /// Seconds of growth that are added before and after the samples.
    fn extrapolation(self) -> Extrapolation {
        let seconds = |ms: i64| ms as f64 / 1e3;
        let sampled = seconds(self.sampled_ms);
        let interval = sampled / (self.count - 1) as f64;
        let threshold = interval * EXTRAPOLATION_INTERVALS_MAX;
        let towards = |gap: f64| if gap >= threshold { interval / 2.0 } else { gap };
        Extrapolation {
            sampled,
            before: towards(seconds(self.before_ms)),
            after: towards(seconds(self.after_ms)),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Extrapolation {
    sampled: f64,
    before: f64,
    after: f64,
}

impl Extrapolation {
    fn factor(self, before: f64) -> f64 {
        (self.sampled + before + self.after) / self.sampled
    }

    /// The seconds before the first sample after which a counter must have been zero, if there are fewer.
    fn limited_before(self, first: f64, growth: f64) -> f64 {
        if growth > 0.0 && first >= 0.0 {
            self.before.min(self.sampled * (first / growth))
        } else {
            self.before
        }
    }
}

/// By how much growth between samples is multiplied; `first` is the first value and `growth` that of a counter.
pub(super) fn extrapolation_factor(
    times_ms: [i64; 2],
    count: usize,
    (end_ms, range_ms): (i64, i64),
    counter: Option<[f64; 2]>,
) -> f64 {
    let [first, last] = times_ms.map(|at_ms| Sample { at_ms, value: 0.0 });
    let ends = Ends { first, last, count, drops: 0.0, end_ms };
    let extrapolation = Shape::of(&ends, range_ms).extrapolation();
    let before = match counter {
        Some([first, growth]) => extrapolation.limited_before(first, growth),
        None => extrapolation.before,
    };
    extrapolation.factor(before)
}

/// Computes windows one after the other. Regular samples make windows of one shape, whose factor is known.
#[derive(Debug)]
pub(super) struct Growth {
    range_ms: i64,
    range_seconds: f64,
    known: Option<(Shape, Extrapolation, f64)>,
}

impl Growth {
    pub(super) fn new(range_ms: i64) -> Self {
        Self { range_ms, range_seconds: range_ms as f64 / 1e3, known: None }
    }

    /// Needs two samples.
    #[inline]
    pub(super) fn of(&mut self, kind: RateKind, it: &Ends) -> Option<f64> {
        if it.count < 2 {
            return None;
        }
        let shape = Shape::of(it, self.range_ms);
        let (extrapolation, factor) = match self.known {
            Some((known, extrapolation, factor)) if known == shape => (extrapolation, factor),
            _ => {
                let extrapolation = shape.extrapolation();
                let factor = extrapolation.factor(extrapolation.before);
                self.known = Some((shape, extrapolation, factor));
                (extrapolation, factor)
            }
        };
        let growth = it.last.value - it.first.value;
        if !kind.is_counter() {
            return Some(growth * factor);
        }
        let growth = growth + it.drops;
        // Almost always zero was long before the window; comparing products saves a division.
        let is_far_from_zero =
            it.first.value * extrapolation.sampled > extrapolation.before * growth * SAFE_RATIO;
        let factor = if is_far_from_zero {
            factor
        } else {
            extrapolation.factor(extrapolation.limited_before(it.first.value, growth))
        };
        Some(match kind {
            RateKind::Rate => growth * (factor / self.range_seconds),
            _ => growth * factor,
        })
    }
}

/// Where a counter fell, and what it had reached before.
#[derive(Debug, Default)]
struct Falls {
    /// Indices of the samples that are lower than the one before.
    at: Vec<usize>,
    /// For each, the sum of the values before it and all earlier falls.
    sums: Vec<f64>,
}

impl Falls {
    fn of(samples: &[Sample]) -> Self {
        let mut falls = Self::default();
        let mut sum = 0.0;
        let mut previous = f64::NEG_INFINITY;
        for (index, sample) in samples.iter().enumerate() {
            if sample.value < previous {
                sum += previous;
                falls.at.push(index);
                falls.sums.push(sum);
            }
            previous = sample.value;
        }
        falls
    }

    /// What was lost between the samples `from..to`; the ranges asked for never go back.
    fn between(
        &self,
        samples: &[Sample],
        (from, to): (usize, usize),
        seen: &mut (usize, usize),
    ) -> f64 {
        let (start, end) = seen;
        while self.at.get(*start).is_some_and(|it| *it <= from) {
            *start += 1;
        }
        *end = (*end).max(*start);
        while self.at.get(*end).is_some_and(|it| *it < to) {
            *end += 1;
        }
        let inside = self.at.get(*start..*end).unwrap_or_default();
        if inside.is_empty() {
            return 0.0;
        }
        let lost = |at: &usize| samples.get(at.wrapping_sub(1)).map_or(0.0, |it| it.value);
        let sum = |index: usize| self.sums.get(index).copied().unwrap_or(0.0);
        let earlier = start.checked_sub(1).map_or(0.0, sum);
        let total = sum(end.saturating_sub(1)) - earlier;
        if inside.len() <= RESETS_ADDED_MAX || !total.is_finite() {
            return inside.iter().map(lost).sum();
        }
        total
    }
}

/// Growth in every window of one series of numbers.
pub(super) fn growth_of_series(
    kind: RateKind,
    samples: &[Sample],
    windows: &Windows,
    values: &mut [f64],
) {
    let falls = if kind.is_counter() { Falls::of(samples) } else { Falls::default() };
    let (mut from, mut to, mut seen) = (0, 0, (0, 0));
    let mut growth = Growth::new(windows.range_ms);
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
        if let Some([first, .., last]) = samples.get(from..to) {
            let drops = if falls.at.is_empty() {
                0.0
            } else {
                falls.between(samples, (from, to), &mut seen)
            };
            let window = Ends { first: *first, last: *last, count: to - from, drops, end_ms };
            if let Some(value) = growth.of(kind, &window) {
                *slot = value;
            }
        }
        end_ms = end_ms.saturating_add(windows.step_ms);
    }
}
