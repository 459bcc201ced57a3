//! The maths of charts: counts to points, points to paths. Pure; it knows neither HTML nor state.

use jiff::Timestamp;

/// The most points of a line.
pub(super) const POINTS_MAX: usize = 200;
/// The width of every chart's box.
pub(super) const WIDTH: f64 = 1_000.0;
/// The height of every chart's box.
pub(super) const HEIGHT: f64 = 100.0;

/// Words beside an axis are at least so far apart, in hundredths of the height.
const TICK_GAP: f64 = 9.0;

/// Events until an instant, since the point before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) to: Timestamp,
    pub(super) bad: u64,
    pub(super) total: u64,
}

/// A value at an instant; nothing where nothing is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) at: Timestamp,
    pub(super) value: Option<f64>,
}

/// The stretch of time and the values that a chart shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Axes {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) scale: Scale,
}

/// How values become heights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    Linear,
    /// By ln(1 + value): what is small stays readable beside what is a thousand times larger. For values from 0.
    Log,
}

/// A value that is named beside the axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    /// In hundredths of the height, 0 at the top.
    pub(super) y: f64,
}

/// What is left of a budget after each slice, going back from what is left now, so that the end of the line is
/// the number beside it. `allowed` is how many bad events the whole window permits.
pub(super) fn burn_down(slices: &[Slice], remaining_now: f64, allowed: f64) -> Vec<Point> {
    let mut left = remaining_now;
    let mut points = Vec::with_capacity(slices.len());
    for slice in slices.iter().rev() {
        points.push(Point { at: slice.to, value: (0.0 < allowed).then_some(left) });
        if 0.0 < allowed {
            left += slice.bad as f64 / allowed;
        }
    }
    points.reverse();
    points
}

/// How many times faster than sustainable each slice burned; `allowed_ratio` is the share that may be bad.
pub(super) fn burn(slices: &[Slice], allowed_ratio: f64) -> Vec<Point> {
    let rate = |it: &Slice| it.bad as f64 / it.total as f64 / allowed_ratio;
    let value = |it: &Slice| (0 < it.total && 0.0 < allowed_ratio).then(|| rate(it));
    slices.iter().map(|it| Point { at: it.to, value: value(it) }).collect()
}

/// Slices merged until at most `rows_max` are left, for the table beside a chart.
pub(super) fn merged(slices: &[Slice], rows_max: usize) -> Vec<Slice> {
    let size = slices.len().div_ceil(rows_max.max(1)).max(1);
    let merge = |part: &[Slice]| {
        let last = part.last()?;
        let bad = part.iter().map(|it| it.bad).sum();
        Some(Slice { to: last.to, bad, total: part.iter().map(|it| it.total).sum() })
    };
    slices.chunks(size).filter_map(merge).collect()
}

/// The lowest and the highest known value.
pub(super) fn extent(points: &[Point]) -> Option<(f64, f64)> {
    let values = points.iter().filter_map(|it| it.value);
    values.fold(None, |extent, it| match extent {
        None => Some((it, it)),
        Some((low, high)) => Some((it.min(low), it.max(high))),
    })
}

impl Axes {
    /// Where an instant lies, 0 at the left.
    pub(super) fn x(&self, at: Timestamp) -> f64 {
        let length = self.to.duration_since(self.from).as_secs_f64();
        let elapsed = at.duration_since(self.from).as_secs_f64();
        if length <= 0.0 { 0.0 } else { (elapsed / length).clamp(0.0, 1.0) * WIDTH }
    }

    /// Where a value lies, 0 at the top; what is beyond the axis lies on its end.
    pub(super) fn y(&self, value: f64) -> f64 {
        let (low, high) = (self.scale.of(self.low), self.scale.of(self.high));
        let span = high - low;
        let share = if span <= 0.0 { 0.0 } else { (self.scale.of(value) - low) / span };
        (1.0 - share.clamp(0.0, 1.0)) * HEIGHT
    }

    /// Both ends and as many of `wanted` as find room between them, the first ones first.
    pub(super) fn ticks(&self, wanted: &[f64]) -> Vec<Tick> {
        let mut ticks: Vec<Tick> = Vec::new();
        let inside = |it: &&f64| self.low <= **it && **it <= self.high;
        for value in [self.low, self.high].iter().chain(wanted.iter().filter(inside)) {
            let tick = Tick { value: *value, y: self.y(*value) / HEIGHT * 100.0 };
            if ticks.iter().all(|it| TICK_GAP <= (it.y - tick.y).abs()) {
                ticks.push(tick);
            }
        }
        ticks
    }

    /// The line through the points, in the words of an SVG path; interrupted where nothing is known.
    pub(super) fn path(&self, points: &[Point]) -> String {
        let mut out = String::new();
        let mut drawing = false;
        for point in points {
            let Some(value) = point.value else {
                drawing = false;
                continue;
            };
            let word = if drawing { 'L' } else { 'M' };
            out.push_str(&format!("{word}{:.1} {:.1}", self.x(point.at), self.y(value)));
            drawing = true;
        }
        out
    }
}

impl Scale {
    fn of(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log => value.max(0.0).ln_1p(),
        }
    }
}

#[cfg(test)]
mod tests;
