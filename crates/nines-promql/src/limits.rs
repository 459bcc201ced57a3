//! How much a query may cost, and the meter that counts it.

use std::fmt;

use crate::{QueryError, SelectLimits};

/// Points per series of a range query. Source: Prometheus, `query_range` of the HTTP API.
const POINTS_MAX: usize = 11_000;
/// Samples and points in memory at once. Source: Prometheus, `--query.max-samples`.
const SAMPLES_MAX: usize = 50_000_000;
/// Series per selector.
const SERIES_MAX: usize = 500_000;
/// How long a value counts after its sample. Source: Prometheus, `--query.lookback-delta`.
const LOOKBACK_MS: i64 = 5 * 60_000;
/// The step of a subquery that names none. Source: Prometheus, `global.evaluation_interval`.
const SUBQUERY_STEP_MS: i64 = 60_000;
/// Work between two looks at the caller's wish to stop.
const POLL_EVERY: usize = 4_096;

/// What one evaluation may use.
#[derive(Clone, Copy)]
pub struct QueryLimits<'a> {
    /// Series that one selector may return, and that one operator may produce.
    pub series_max: usize,
    /// Samples that selectors return and values that operators produce, all together.
    pub samples_max: usize,
    /// Steps of a range query.
    pub points_max: usize,
    /// How long a value counts after its sample; at least 1.
    pub lookback_ms: i64,
    /// The step of a subquery that names none; at least 1.
    pub subquery_step_ms: i64,
    /// Asked now and then; `true` ends the evaluation with [`QueryError::Cancelled`].
    pub cancelled: Option<&'a (dyn Fn() -> bool + Sync)>,
}

impl Default for QueryLimits<'_> {
    fn default() -> Self {
        Self {
            series_max: SERIES_MAX,
            samples_max: SAMPLES_MAX,
            points_max: POINTS_MAX,
            lookback_ms: LOOKBACK_MS,
            subquery_step_ms: SUBQUERY_STEP_MS,
            cancelled: None,
        }
    }
}

impl fmt::Debug for QueryLimits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryLimits")
            .field("series_max", &self.series_max)
            .field("samples_max", &self.samples_max)
            .field("points_max", &self.points_max)
            .field("lookback_ms", &self.lookback_ms)
            .field("subquery_step_ms", &self.subquery_step_ms)
            .finish_non_exhaustive()
    }
}

/// Counts against the limits.
#[derive(Debug)]
pub(crate) struct Meter<'a> {
    limits: &'a QueryLimits<'a>,
    /// Samples and values so far.
    used: usize,
    /// Work since the last poll.
    unpolled: usize,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(limits: &'a QueryLimits<'a>) -> Self {
        Self { limits, used: 0, unpolled: POLL_EVERY }
    }

    /// What the next read may return.
    pub(crate) fn select_limits(&self) -> SelectLimits {
        SelectLimits {
            series_max: self.limits.series_max,
            samples_max: self.limits.samples_max.saturating_sub(self.used),
        }
    }

    /// To be called before `values` numbers are allocated.
    pub(crate) fn charge(&mut self, values: usize) -> Result<(), QueryError> {
        self.used = self.used.saturating_add(values);
        if self.used > self.limits.samples_max {
            return Err(QueryError::Limit {
                what: "samples",
                limit: self.limits.samples_max,
                advice: "shorten its range, enlarge its step or raise `samples_max`",
            });
        }
        self.work(values)
    }

    /// To be called before an operator returns this many series.
    pub(crate) fn series(&self, count: usize) -> Result<(), QueryError> {
        if count > self.limits.series_max {
            return Err(QueryError::Limit {
                what: "series",
                limit: self.limits.series_max,
                advice: "narrow its matchers or raise `series_max`",
            });
        }
        Ok(())
    }

    /// To be called in loops, with a rough count of the operations done.
    pub(crate) fn work(&mut self, operations: usize) -> Result<(), QueryError> {
        self.unpolled = self.unpolled.saturating_add(operations);
        if self.unpolled < POLL_EVERY {
            return Ok(());
        }
        self.unpolled = 0;
        match self.limits.cancelled {
            Some(cancelled) if cancelled() => Err(QueryError::Cancelled),
            _ => Ok(()),
        }
    }
}
