//! The border to whoever keeps samples.

use std::error::Error;
use std::ops::ControlFlow;

use nines_base::{HistogramSample, Labels, Matcher, Sample};

/// Where samples come from. Implemented by nines-tsdb.
pub trait SeriesSource: Send + Sync {
    /// Series that match all matchers, with their samples in the closed range `[from_ms, to_ms]`.
    ///
    /// Samples are sorted by time and include staleness markers. Series are sorted by labels; a series
    /// without a sample in the range is left out.
    ///
    /// # Errors
    /// A limit was passed, or the store failed.
    fn select(
        &self,
        matchers: &[Matcher],
        from_ms: i64,
        to_ms: i64,
        limits: &SelectLimits,
    ) -> Result<Vec<SeriesSamples>, SourceError>;

    /// As [`Self::select`], one series after the other, so that only one is in memory; `visit` may stop it.
    ///
    /// # Errors
    /// As [`Self::select`]; what was visited before counts for nothing.
    fn visit(
        &self,
        matchers: &[Matcher],
        from_ms: i64,
        to_ms: i64,
        limits: &SelectLimits,
        visit: &mut dyn FnMut(SeriesView<'_>) -> ControlFlow<()>,
    ) -> Result<(), SourceError> {
        for series in self.select(matchers, from_ms, to_ms, limits)? {
            let SeriesSamples { labels, samples, histograms } = &series;
            if visit(SeriesView { labels, samples, histograms }).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// As [`Self::visit`] for the whole extent of `windows`, but where it is cheaper a series comes as summaries of
    /// its windows.
    ///
    /// # Errors
    /// As [`Self::visit`].
    fn visit_windows(
        &self,
        matchers: &[Matcher],
        windows: &Windows,
        limits: &SelectLimits,
        visit: &mut dyn FnMut(WindowsView<'_>) -> ControlFlow<()>,
    ) -> Result<(), SourceError> {
        let (from_ms, to_ms) = windows.extent_ms();
        let mut whole = |it: SeriesView<'_>| visit(WindowsView::Samples(it));
        self.visit(matchers, from_ms, to_ms, limits, &mut whole)
    }
}

/// One series while it is visited.
#[derive(Debug, Clone, Copy)]
pub struct SeriesView<'a> {
    /// The series.
    pub labels: &'a Labels,
    /// Oldest first, staleness markers included.
    pub samples: &'a [Sample],
    /// Oldest first, staleness markers included.
    pub histograms: &'a [HistogramSample],
}

/// One series while its windows are visited.
#[derive(Debug, Clone, Copy)]
pub enum WindowsView<'a> {
    /// Everything in the extent of the windows.
    Samples(SeriesView<'a>),
    /// A summary per window; `None` for windows without a sample. Only of series without histograms in the extent.
    Summaries {
        /// The series.
        labels: &'a Labels,
        /// As many as there are windows.
        windows: &'a [Option<WindowSummary>],
    },
}

/// Windows of equal length at equal distances, each open on the left and closed on the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// The end of the first window.
    pub first_end_ms: i64,
    /// From one end to the next; not negative, 0 where all windows are the same.
    pub step_ms: i64,
    /// At least 1.
    pub count: usize,
    /// The length of each.
    pub range_ms: i64,
}

impl Windows {
    /// The closed range of all samples that lie in any window.
    pub fn extent_ms(&self) -> (i64, i64) {
        let steps = i64::try_from(self.count.saturating_sub(1)).unwrap_or(i64::MAX);
        let last_end_ms = self.first_end_ms.saturating_add(self.step_ms.saturating_mul(steps));
        (self.first_end_ms.saturating_sub(self.range_ms).saturating_add(1), last_end_ms)
    }
}

/// What functions of windows need to know of the numbers in one window. Staleness markers do not count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WindowSummary {
    /// At least 1.
    pub count: u64,
    /// The oldest.
    pub first: Sample,
    /// The newest.
    pub last: Sample,
    /// The smallest value; NaN only if all are.
    pub min: f64,
    /// The largest value; NaN only if all are.
    pub max: f64,
    /// Of all values.
    pub sum: f64,
    /// The sum of the values just before each fall, so that `last - first + drops` is a counter's increase.
    pub drops: f64,
}

/// One series and its samples, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesSamples {
    /// The series, `__name__` included where it has one.
    pub labels: Labels,
    /// Oldest first.
    pub samples: Vec<Sample>,
    /// Oldest first; none for most series.
    pub histograms: Vec<HistogramSample>,
}

/// How much one read may return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SelectLimits {
    /// Series in the answer.
    pub series_max: usize,
    /// Samples in the answer, all series together.
    pub samples_max: usize,
}

/// Why a read returned nothing.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The matchers are too wide.
    #[error("the query reads more than {limit} series; narrow its matchers or raise `series_max`")]
    TooManySeries {
        /// The limit that was passed.
        limit: usize,
    },
    /// The range is too long for so many series.
    #[error("the query reads more than {limit} samples; shorten its range or raise `samples_max`")]
    TooManySamples {
        /// The limit that was passed.
        limit: usize,
    },
    /// The store itself failed.
    #[error("failed to read series")]
    Failed {
        /// What the store said.
        source: Box<dyn Error + Send + Sync>,
    },
}
