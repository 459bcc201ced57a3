//! Selectors: stored samples to columns and to windows. Each selector reads its data once.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use nines_base::{
    CounterReset, Histogram, HistogramSample, Labels, METRIC_NAME, MatchOp, Matcher, Sample,
    is_stale,
};

use super::Evaluator;
use super::column::{Column, Grid, Point, Sink};
use super::run::Run;
use super::window::extended;
use crate::histogram::{detect_reset, without_buckets};
use crate::plan::{Buckets, Extent, RangeSelector, Selector};
use crate::{QueryError, SeriesSamples, SeriesView, Windows, WindowsView};

/// The samples of one series without staleness markers, each kind oldest first.
#[derive(Debug, Clone)]
pub(super) struct Samples<'a> {
    pub(super) floats: Cow<'a, [Sample]>,
    pub(super) histograms: Cow<'a, [HistogramSample]>,
}

impl<'a> Samples<'a> {
    /// Only what has a staleness marker is copied.
    pub(super) fn of(view: &SeriesView<'a>, buckets: Buckets) -> Self {
        // Without an early end, so that several samples are looked at at once.
        let has_stale = view.samples.iter().fold(false, |any, it| any | is_stale(it.value));
        let floats = if has_stale {
            let live = view.samples.iter().copied().filter(|it| !is_stale(it.value));
            Cow::Owned(live.collect())
        } else {
            Cow::Borrowed(view.samples)
        };
        let histograms = if view.histograms.iter().any(|it| it.histogram.is_stale()) {
            let live = view.histograms.iter().filter(|it| !it.histogram.is_stale());
            Cow::Owned(live.cloned().collect::<Vec<_>>())
        } else {
            Cow::Borrowed(view.histograms)
        };
        match buckets {
            Buckets::Needed => Self { floats, histograms },
            Buckets::Ignored => {
                let counted = count_only(&histograms);
                Self { floats, histograms: Cow::Owned(counted) }
            }
        }
    }
}

/// Histograms without buckets; because resets cannot be seen any more, they are noted before.
fn count_only(histograms: &[HistogramSample]) -> Vec<HistogramSample> {
    let mut previous: Option<&Histogram> = None;
    let mut counted = Vec::with_capacity(histograms.len());
    for it in histograms {
        let mut slim = without_buckets(&it.histogram);
        if let (CounterReset::Unknown, Some(previous)) = (slim.counter_reset, previous) {
            slim.counter_reset = if detect_reset(&it.histogram, previous) {
                CounterReset::Reset
            } else {
                CounterReset::NotReset
            };
        }
        counted.push(HistogramSample { at_ms: it.at_ms, histogram: Arc::new(slim) });
        previous = Some(&it.histogram);
    }
    counted
}

/// What a selector makes of the newest sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Its value.
    Value,
    /// The seconds of its own time.
    Time,
}

impl Evaluator<'_> {
    /// Visits the series of a selector that have a sample in a closed range.
    pub(super) fn visit(
        &mut self,
        selector: &Selector,
        from_ms: i64,
        to_ms: i64,
        mut each: impl FnMut(&SeriesView<'_>, &mut Run<'_>) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        let (limits, run) = (self.run.meter.select_limits(), &mut self.run);
        run.begin_read(selector.to_string());
        let mut outcome = Ok(());
        let mut visit = |view: SeriesView<'_>| {
            outcome = run.read_samples(&view).and_then(|()| each(&view, run));
            if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        self.source.visit(&selector.matchers, from_ms, to_ms, &limits, &mut visit)?;
        outcome
    }

    /// Visits the series of a selector that have a sample in the extent of the windows.
    pub(super) fn visit_windows(
        &mut self,
        selector: &Selector,
        windows: &Windows,
        mut each: impl FnMut(&WindowsView<'_>, &mut Run<'_>) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        let (limits, run) = (self.run.meter.select_limits(), &mut self.run);
        run.begin_read(selector.to_string());
        let mut outcome = Ok(());
        let mut visit = |view: WindowsView<'_>| {
            let read = match &view {
                WindowsView::Samples(it) => run.read_samples(it),
                WindowsView::Summaries { windows, .. } => run.read_summaries(windows),
            };
            outcome = read.and_then(|()| each(&view, run));
            if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        self.source.visit_windows(&selector.matchers, windows, &limits, &mut visit)?;
        outcome
    }

    /// The newest value of each series within the lookback.
    pub(super) fn select_instant(
        &mut self,
        it: &Selector,
        grid: &Grid,
        sink: &mut dyn Sink,
    ) -> Result<(), QueryError> {
        match it.extent {
            Extent::Smoothed => self.select_smoothed(it, grid, sink),
            _ => self.newest(it, grid, Reading::Value, sink),
        }
    }

    /// As `select_instant`, but with the seconds of the sample's own time.
    pub(super) fn select_timestamp(
        &mut self,
        it: &Selector,
        grid: &Grid,
        sink: &mut dyn Sink,
    ) -> Result<(), QueryError> {
        self.newest(it, grid, Reading::Time, sink)
    }

    /// The first and the last instant that a selector looks from.
    fn looks(&self, it: &Selector, grid: &Grid) -> (i64, i64) {
        (self.look_from(&it.shift, grid.start_ms), self.look_from(&it.shift, grid.last()))
    }

    fn newest(
        &mut self,
        selector: &Selector,
        grid: &Grid,
        reading: Reading,
        sink: &mut dyn Sink,
    ) -> Result<(), QueryError> {
        let lookback_ms = self.limits.lookback_ms;
        let (first_ms, last_ms) = self.looks(selector, grid);
        let from_ms = first_ms.saturating_sub(lookback_ms).saturating_add(1);
        // Steps are equally far from each other seen through `offset`, and all the same seen through `@`.
        let look_step_ms = if selector.shift.at.is_some() { 0 } else { grid.step_ms };
        let looks = Grid { start_ms: first_ms, step_ms: look_step_ms, count: grid.count };
        let mut column = Column::default();
        self.visit(selector, from_ms, last_ms, |view, run| {
            run.meter.charge(looks.count)?;
            column.reset(looks.count);
            column.labels = view.labels.clone();
            newest_floats(view.samples, &looks, lookback_ms, reading, &mut column.values);
            if !view.histograms.is_empty() {
                newest_histograms(view, &looks, lookback_ms, (reading, selector), &mut column);
            }
            sink.take(&mut column, run)
        })
    }

    fn select_smoothed(
        &mut self,
        selector: &Selector,
        grid: &Grid,
        sink: &mut dyn Sink,
    ) -> Result<(), QueryError> {
        let lookback_ms = self.limits.lookback_ms;
        let (first_ms, last_ms) = self.looks(selector, grid);
        let from_ms = first_ms.saturating_sub(lookback_ms).saturating_add(1);
        let look_step_ms = if selector.shift.at.is_some() { 0 } else { grid.step_ms };
        let looks = Grid { start_ms: first_ms, step_ms: look_step_ms, count: grid.count };
        let mut column = Column::default();
        self.visit(selector, from_ms, last_ms.saturating_add(lookback_ms), |view, run| {
            run.meter.charge(looks.count)?;
            column.reset(looks.count);
            column.labels = view.labels.clone();
            let samples = Samples::of(view, selector.buckets);
            for (index, look_ms) in looks.times().enumerate() {
                let around = extended::Around { look_ms, lookback_ms, place: selector.place };
                let name = view.labels.metric_name().unwrap_or_default();
                let point = around.interpolated(&samples, name, &mut run.notes);
                column.set(index, point);
            }
            sink.take(&mut column, run)
        })
    }

    /// The windows that a range selector looks through.
    pub(super) fn windows_of(&self, it: &RangeSelector, grid: &Grid) -> Windows {
        let (first_end_ms, _) = self.looks(&it.selector, grid);
        let step_ms = if it.selector.shift.at.is_some() { 0 } else { grid.step_ms };
        Windows { first_end_ms, step_ms, count: grid.count, range_ms: it.range.ms() }
    }

    /// The samples of a range at one instant, and what `anchored` and `smoothed` make of them.
    pub(super) fn select_matrix(
        &mut self,
        it: &RangeSelector,
        grid: &Grid,
    ) -> Result<Vec<(Column, SeriesSamples)>, QueryError> {
        let windows = self.windows_of(it, &grid.first_only());
        let (mut from_ms, mut to_ms) = windows.extent_ms();
        let lookback_ms = self.limits.lookback_ms;
        if it.selector.extent != Extent::Inner {
            from_ms = from_ms.saturating_sub(lookback_ms);
        }
        if it.selector.extent == Extent::Smoothed {
            to_ms = to_ms.saturating_add(lookback_ms);
        }
        let mut series = Vec::new();
        self.visit(&it.selector, from_ms, to_ms, |view, _| {
            let Samples { floats, histograms } = Samples::of(view, Buckets::Needed);
            if !histograms.is_empty() {
                extended::refuse_histograms(it.selector.extent)?;
            }
            let floats = extended::borders(it.selector.extent, &floats, &windows);
            if !floats.is_empty() || !histograms.is_empty() {
                let (labels, histograms) = (view.labels.clone(), histograms.into_owned());
                let samples = SeriesSamples { labels, samples: floats, histograms };
                let labels = view.labels.clone();
                series.push((Column { labels, ..Column::default() }, samples));
            }
            Ok(())
        })?;
        Ok(series)
    }
}

/// The newest number that each step sees; a staleness marker hides it.
fn newest_floats(
    samples: &[Sample],
    looks: &Grid,
    lookback_ms: i64,
    reading: Reading,
    values: &mut [f64],
) {
    let mut next = 0;
    for (slot, look_ms) in values.iter_mut().zip(looks.times()) {
        while samples.get(next).is_some_and(|it| it.at_ms <= look_ms) {
            next += 1;
        }
        let Some(newest) = next.checked_sub(1).and_then(|it| samples.get(it)) else { continue };
        if newest.at_ms > look_ms.saturating_sub(lookback_ms) && !is_stale(newest.value) {
            *slot = match reading {
                Reading::Value => newest.value,
                Reading::Time => newest.at_ms as f64 / 1e3,
            };
        }
    }
}

/// Histograms that are newer than the number a step sees.
fn newest_histograms(
    view: &SeriesView<'_>,
    looks: &Grid,
    lookback_ms: i64,
    (reading, selector): (Reading, &Selector),
    column: &mut Column,
) {
    let counted = (selector.buckets == Buckets::Ignored).then(|| {
        let live = view.histograms.iter().filter(|it| !it.histogram.is_stale());
        count_only(&live.cloned().collect::<Vec<_>>())
    });
    let slim = |it: &HistogramSample| {
        let found = counted.as_deref().unwrap_or_default();
        let at = found.binary_search_by_key(&it.at_ms, |it| it.at_ms).ok();
        Arc::clone(&at.and_then(|at| found.get(at)).unwrap_or(it).histogram)
    };
    let (mut next, mut next_float) = (0, 0);
    for (index, look_ms) in looks.times().enumerate() {
        while view.histograms.get(next).is_some_and(|it| it.at_ms <= look_ms) {
            next += 1;
        }
        while view.samples.get(next_float).is_some_and(|it| it.at_ms <= look_ms) {
            next_float += 1;
        }
        let Some(newest) = next.checked_sub(1).and_then(|it| view.histograms.get(it)) else {
            continue;
        };
        let float_ms = next_float.checked_sub(1).and_then(|it| view.samples.get(it));
        let is_newest = float_ms.is_none_or(|it| it.at_ms < newest.at_ms);
        if !is_newest || newest.at_ms <= look_ms.saturating_sub(lookback_ms) {
            continue;
        }
        column.set(
            index,
            match reading {
                _ if newest.histogram.is_stale() => None,
                Reading::Value => Some(Point::Histogram(slim(newest))),
                Reading::Time => Some(Point::Float(newest.at_ms as f64 / 1e3)),
            },
        );
    }
}

/// The labels that `absent` can promise: those that the last matcher of their name fixes, if no `=` came before it.
pub(super) fn labels_of(matchers: &[Matcher]) -> Labels {
    let (mut labels, mut fixed) = (Labels::empty(), BTreeSet::new());
    for it in matchers.iter().filter(|it| it.name() != METRIC_NAME) {
        let is_fixed = it.op() == MatchOp::Equal && fixed.insert(it.name());
        labels = labels.with(it.name(), if is_fixed { it.value() } else { "" });
    }
    labels
}
