//! Growth over a window, extrapolated to its borders.
//!
//! Source: Prometheus, `extrapolatedRate`. Where the samples come within 1.1 average intervals of a border they are
//! thought to reach it, else half an interval; a counter is not extrapolated below zero.

mod series;

use nines_base::Sample;

use crate::function::RateKind;
use crate::{WindowSummary, Windows};

pub(super) use series::growth_of_series;

/// A series is thought to go on past its samples for at most this many of its own intervals.
const EXTRAPOLATION_INTERVALS_MAX: f64 = 1.1;
/// How far from equal two products must be before rounding cannot have decided.
const SAFE_RATIO: f64 = 1.0 + 1e-9;

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

    /// Whether a counter cannot have been zero so close before the window that it matters. Comparing products saves
    /// a division.
    #[inline]
    fn is_far_from_zero(self, first: f64, growth: f64) -> bool {
        first * self.sampled > self.before * growth * SAFE_RATIO
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
    kind: RateKind,
    range_ms: i64,
    range_seconds: f64,
    known: Option<Known>,
}

/// What windows of one shape have in common.
#[derive(Debug, Clone, Copy)]
struct Known {
    shape: Shape,
    extrapolation: Extrapolation,
    /// By how much growth is multiplied where zero is far away.
    factor: f64,
}

impl Growth {
    pub(super) fn new(kind: RateKind, range_ms: i64) -> Self {
        Self { kind, range_ms, range_seconds: range_ms as f64 / 1e3, known: None }
    }

    fn factor(&self, extrapolation: Extrapolation, before: f64) -> f64 {
        let factor = extrapolation.factor(before);
        if self.kind == RateKind::Rate { factor / self.range_seconds } else { factor }
    }

    fn known(&mut self, shape: Shape) -> Known {
        match self.known {
            Some(known) if known.shape == shape => known,
            _ => {
                let extrapolation = shape.extrapolation();
                let factor = self.factor(extrapolation, extrapolation.before);
                *self.known.insert(Known { shape, extrapolation, factor })
            }
        }
    }

    /// Needs two samples.
    #[inline]
    pub(super) fn of(&mut self, it: &Ends) -> Option<f64> {
        if it.count < 2 {
            return None;
        }
        let Known { extrapolation, factor, .. } = self.known(Shape::of(it, self.range_ms));
        let growth = it.last.value - it.first.value;
        if !self.kind.is_counter() {
            return Some(growth * factor);
        }
        let growth = growth + it.drops;
        if extrapolation.is_far_from_zero(it.first.value, growth) {
            return Some(growth * factor);
        }
        let before = extrapolation.limited_before(it.first.value, growth);
        Some(growth * self.factor(extrapolation, before))
    }
}

/// Growth in every window that comes as a summary.
pub(super) fn growth_of_summaries(
    kind: RateKind,
    windows: &Windows,
    summaries: &[Option<WindowSummary>],
    values: &mut [f64],
) {
    let mut growth = Growth::new(kind, windows.range_ms);
    let mut end_ms = windows.first_end_ms;
    for (slot, summary) in values.iter_mut().zip(summaries) {
        if let Some(it) = summary {
            let count = usize::try_from(it.count).unwrap_or(usize::MAX);
            let (first, last, drops) = (it.first, it.last, it.drops);
            if let Some(value) = growth.of(&Ends { first, last, count, drops, end_ms }) {
                *slot = value;
            }
        }
        end_ms = end_ms.saturating_add(windows.step_ms);
    }
}

#[cfg(test)]
mod tests;
