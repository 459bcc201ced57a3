//! Growth in all windows of one series: neighbours share most of their samples, and often their shape.

use nines_base::Sample;

use super::{Ends, Growth, Known, Shape};
use crate::Windows;
use crate::function::RateKind;

/// So many restarts in one window are added up one by one, so that no digits are lost.
const RESETS_ADDED_MAX: usize = 16;

/// Growth in every window of one series of numbers.
pub(in super::super) fn growth_of_series(
    kind: RateKind,
    samples: &[Sample],
    windows: &Windows,
    values: &mut [f64],
) {
    let (interval_ms, falls) = scan(kind, samples);
    let mut series =
        Series { samples, windows, falls, growth: Growth::new(kind, windows.range_ms) };
    let regular = interval_ms.and_then(|it| Regular::of(samples, windows, it));
    let Some(regular) = regular else { return series.windows(0, values) };
    let (before, from_here) = values.split_at_mut_checked(regular.start).unwrap_or_default();
    let inner = regular.count.min(from_here.len());
    let (inner, after) = from_here.split_at_mut_checked(inner).unwrap_or_default();
    series.windows(0, before);
    series.regular(&regular, inner);
    series.windows(regular.start + regular.count, after);
}

/// How far all samples are apart, if equally far, and where a counter fell. Without a branch per sample, so that
/// several are looked at at once; only where something fell, a block is looked at again.
fn scan(kind: RateKind, samples: &[Sample]) -> (Option<i64>, Falls) {
    const BLOCK: usize = 256;
    let mut falls = Falls::default();
    let [first, second, ..] = samples else { return (None, falls) };
    let interval_ms = second.at_ms.wrapping_sub(first.at_ms);
    let mut is_irregular = false;
    for start in (0..samples.len()).step_by(BLOCK) {
        // The last sample of a block is the first of the next.
        let end = samples.len().min(start + BLOCK + 1);
        let block = samples.get(start..end).unwrap_or_default();
        let mut has_falls = false;
        for (one, two) in block.iter().zip(block.iter().skip(1)) {
            is_irregular |= two.at_ms.wrapping_sub(one.at_ms) != interval_ms;
            has_falls |= two.value < one.value;
        }
        if has_falls && kind.is_counter() {
            falls.look(start, block);
        }
    }
    ((!is_irregular).then_some(interval_ms), falls)
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
    /// Looks for falls among neighbours; `start` is the number of their first.
    fn look(&mut self, start: usize, samples: &[Sample]) {
        let mut sum = self.sums.last().copied().unwrap_or(0.0);
        for ((one, two), index) in samples.iter().zip(samples.iter().skip(1)).zip(start + 1..) {
            if two.value < one.value {
                sum += one.value;
                self.at.push(index);
                self.sums.push(sum);
            }
        }
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

    /// Whether there is a fall at any of the samples `from..to`.
    fn any(&self, from: usize, to: usize) -> bool {
        let next = self.at.partition_point(|it| *it < from);
        self.at.get(next).is_some_and(|it| *it < to)
    }
}

/// Windows of regular samples that all have the same shape: each has the next `stride` samples.
#[derive(Debug, Clone, Copy)]
struct Regular {
    /// The first of these windows, and how many there are.
    start: usize,
    count: usize,
    /// The samples of the first of them.
    from: usize,
    to: usize,
    stride: usize,
}

impl Regular {
    /// `None` if no two windows have the same shape.
    fn of(samples: &[Sample], windows: &Windows, interval_ms: i64) -> Option<Self> {
        let Windows { first_end_ms, step_ms, count, range_ms } = *windows;
        if interval_ms <= 0 || step_ms <= 0 || step_ms % interval_ms != 0 {
            return None;
        }
        let origin_ms = samples.first()?.at_ms;
        // How many samples lie at or before an instant, if they went on for ever in both directions.
        let samples_until =
            |at_ms: i64| at_ms.checked_sub(origin_ms).map(|it| it.div_euclid(interval_ms) + 1);
        let stride = step_ms / interval_ms;
        let from = samples_until(first_end_ms.checked_sub(range_ms)?)?;
        let to = samples_until(first_end_ms)?;
        let length = i64::try_from(samples.len()).ok()?;
        // Windows from which on no sample before the first is missing, up to where none after the last is.
        let start = if from >= 0 { 0 } else { (-from + stride - 1) / stride };
        let end = if to > length { 0 } else { (length - to) / stride + 1 };
        let end = end.min(i64::try_from(count).ok()?);
        if end <= start || to - from < 2 {
            return None;
        }
        let index = |it: i64| usize::try_from(it + start * stride).ok();
        Some(Self {
            start: usize::try_from(start).ok()?,
            count: usize::try_from(end - start).ok()?,
            from: index(from)?,
            to: index(to)?,
            stride: usize::try_from(stride).ok()?,
        })
    }
}

/// One series of numbers with the windows that are laid over it.
#[derive(Debug)]
struct Series<'a> {
    samples: &'a [Sample],
    windows: &'a Windows,
    falls: Falls,
    growth: Growth,
}

impl Series<'_> {
    /// So many windows are computed before the result is looked at.
    const BLOCK: usize = 64;

    fn end_ms(&self, index: usize) -> i64 {
        let index = i64::try_from(index).unwrap_or(i64::MAX);
        let since_ms = self.windows.step_ms.saturating_mul(index);
        self.windows.first_end_ms.saturating_add(since_ms)
    }

    /// Windows from number `start` on, whatever they look like.
    fn windows(&mut self, start: usize, values: &mut [f64]) {
        let (samples, range_ms) = (self.samples, self.windows.range_ms);
        let mut end_ms = self.end_ms(start);
        let mut from = samples.partition_point(|it| it.at_ms <= end_ms.saturating_sub(range_ms));
        let (mut to, mut seen) = (from, (0, 0));
        for slot in values {
            let start_ms = end_ms.saturating_sub(range_ms);
            while samples.get(from).is_some_and(|it| it.at_ms <= start_ms) {
                from += 1;
            }
            to = to.max(from);
            while samples.get(to).is_some_and(|it| it.at_ms <= end_ms) {
                to += 1;
            }
            if let Some(value) = self.window((from, to), end_ms, &mut seen) {
                *slot = value;
            }
            end_ms = end_ms.saturating_add(self.windows.step_ms);
        }
    }

    #[inline]
    fn window(
        &mut self,
        (from, to): (usize, usize),
        end_ms: i64,
        seen: &mut (usize, usize),
    ) -> Option<f64> {
        let Some([first, .., last]) = self.samples.get(from..to) else { return None };
        let drops = if self.falls.at.is_empty() {
            0.0
        } else {
            self.falls.between(self.samples, (from, to), seen)
        };
        self.growth.of(&Ends { first: *first, last: *last, count: to - from, drops, end_ms })
    }

    /// Windows of one shape, in blocks: first as if no counter fell and none were near zero, and again where that
    /// was wrong.
    fn regular(&mut self, it: &Regular, values: &mut [f64]) {
        let Regular { start, from, to, stride, .. } = *it;
        let samples = self.samples;
        let (Some(first), Some(last)) = (samples.get(from), samples.get(to - 1)) else { return };
        let end_ms = self.end_ms(start);
        let ends = Ends { first: *first, last: *last, count: to - from, drops: 0.0, end_ms };
        let known = self.growth.known(Shape::of(&ends, self.windows.range_ms));
        let is_counter = self.growth.kind.is_counter();
        for (number, block) in values.chunks_mut(Self::BLOCK).enumerate() {
            let skipped = number * Self::BLOCK * stride;
            let (from, to) = (from + skipped, to + skipped);
            let reach = (block.len() - 1) * stride;
            let firsts = samples.get(from..=from + reach).unwrap_or_default();
            let lasts = samples.get(to - 1..to + reach).unwrap_or_default();
            let has_fallen = self.falls.any(from + 1, to + reach);
            let is_plain = !has_fallen && plain_block(&known, (firsts, lasts), stride, block);
            if is_counter && !is_plain {
                let index = start + number * Self::BLOCK;
                let seen = self.falls.at.partition_point(|it| *it <= from);
                let mut seen = (seen, seen);
                for (offset, slot) in block.iter_mut().enumerate() {
                    let moved = offset * stride;
                    let end_ms = self.end_ms(index + offset);
                    if let Some(value) = self.window((from + moved, to + moved), end_ms, &mut seen)
                    {
                        *slot = value;
                    }
                }
            }
        }
    }
}

/// Growth without restarts; says whether all of it is far enough from zero.
#[inline]
fn plain_block(
    known: &Known,
    (firsts, lasts): (&[Sample], &[Sample]),
    stride: usize,
    block: &mut [f64],
) -> bool {
    let Known { extrapolation, factor, .. } = *known;
    let mut is_far = true;
    let mut each = |slot: &mut f64, first: &Sample, last: &Sample| {
        let growth = last.value - first.value;
        is_far &= extrapolation.is_far_from_zero(first.value, growth);
        *slot = growth * factor;
    };
    if stride == 1 {
        // The common case on its own, so that it can be computed several windows at a time.
        for ((slot, first), last) in block.iter_mut().zip(firsts).zip(lasts) {
            each(slot, first, last);
        }
    } else {
        let (firsts, lasts) = (firsts.iter().step_by(stride), lasts.iter().step_by(stride));
        for ((slot, first), last) in block.iter_mut().zip(firsts).zip(lasts) {
            each(slot, first, last);
        }
    }
    is_far
}
