//! The border to whoever keeps samples.

use std::error::Error;

use nines_base::{Labels, Matcher, Sample};

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
}

/// One series and its samples, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesSamples {
    /// The series, `__name__` included where it has one.
    pub labels: Labels,
    /// Oldest first.
    pub samples: Vec<Sample>,
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
