//! What an evaluation reads from and writes to.

use std::fmt;

use jiff::SignedDuration;
use nines_base::Labels;
use nines_port::SampleSink;
use nines_promql::{QueryLimits, SeriesSource};

/// How long it is since some instant that never changes; only for showing how long things took.
pub type Stopwatch<'a> = &'a dyn Fn() -> SignedDuration;

/// What an evaluation reads from and writes to, and what templates can name.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    /// Where queries read.
    pub source: &'a dyn SeriesSource,
    /// Where results go; what was written must be there for the next query.
    pub sink: &'a dyn SampleSink,
    /// For every query.
    pub limits: QueryLimits<'a>,
    /// `$externalLabels`
    pub external_labels: &'a Labels,
    /// `$externalURL`, without a slash at the end.
    pub external_url: &'a str,
    /// For `evaluationTime`.
    pub stopwatch: Stopwatch<'a>,
}

impl fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("limits", &self.limits)
            .field("external_labels", &self.external_labels)
            .field("external_url", &self.external_url)
            .finish_non_exhaustive()
    }
}
