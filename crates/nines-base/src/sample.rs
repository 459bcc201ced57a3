//! Samples: one value of one series at one instant.

use crate::{HistogramSample, Labels};

/// The bit pattern that says "this series has ended here".
///
/// It is one particular NaN, so comparisons must use bits. Source: Prometheus, `model/value`.
pub const STALE_NAN_BITS: u64 = 0x7ff0_0000_0000_0002;

/// One value at one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The value; may be NaN or infinite, see [`is_stale`].
    pub value: f64,
}

/// Samples of one series that arrived together, sorted by time.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleBatch {
    /// The series, `__name__` included.
    pub labels: Labels,
    /// Oldest first.
    pub samples: Vec<Sample>,
    /// Oldest first; none for most series.
    pub histograms: Vec<HistogramSample>,
}

impl SampleBatch {
    /// Samples that are numbers, oldest first.
    pub fn new(labels: Labels, samples: Vec<Sample>) -> Self {
        Self { labels, samples, histograms: Vec::new() }
    }
}

/// The value that ends a series.
pub fn stale_marker() -> f64 {
    f64::from_bits(STALE_NAN_BITS)
}

/// Whether `value` is the staleness marker; an ordinary NaN is not.
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_NAN_BITS
}
