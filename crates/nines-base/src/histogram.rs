//! Native histograms: many buckets as one sample.

use std::sync::Arc;

use crate::sample::{STALE_NAN_BITS, is_stale};

/// The schema whose bucket borders are listed in [`Histogram::custom_values`].
///
/// Source: Prometheus, "Native Histograms", section on custom bucket boundaries.
pub const CUSTOM_SCHEMA: i32 = -53;

/// A run of neighbouring buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketSpan {
    /// Buckets without a count between the run before and this one; in the first run, the index of its first bucket.
    pub offset: i32,
    /// How many buckets follow each other.
    pub length: u32,
}

/// What is known of counter resets before a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CounterReset {
    /// Nothing: compare with the histogram before.
    #[default]
    Unknown,
    /// The counter began anew with this one.
    Reset,
    /// It went on.
    NotReset,
    /// It is no counter.
    Gauge,
}

/// Counts of observations by value.
///
/// Counts are floats, because sums and rates of histograms are histograms too; integer counts below 2⁵³ are exact.
/// With an exponential schema (`-4..=8`) bucket `i` holds values in `(base^(i-1), base^i]`, where
/// `base = 2^(2^-schema)`; negative values mirrored.
///
/// Source: Prometheus, "Native Histograms" specification.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// `-4..=8`, or [`CUSTOM_SCHEMA`].
    pub schema: i32,
    /// Values up to this distance from zero are in the zero bucket.
    pub zero_threshold: f64,
    /// Observations in the zero bucket.
    pub zero_count: f64,
    /// All observations, NaN included.
    pub count: f64,
    /// Of all observed values; [`stale_marker`](crate::stale_marker) ends the series.
    pub sum: f64,
    /// Which buckets of positive values `positive_buckets` holds.
    pub positive_spans: Vec<BucketSpan>,
    /// Observations per bucket, not cumulative.
    pub positive_buckets: Vec<f64>,
    /// Which buckets of negative values `negative_buckets` holds.
    pub negative_spans: Vec<BucketSpan>,
    /// Observations per bucket, not cumulative.
    pub negative_buckets: Vec<f64>,
    /// Upper borders of the buckets of [`CUSTOM_SCHEMA`], rising; the last bucket has none. Else empty.
    pub custom_values: Vec<f64>,
    /// Whether the counter began anew.
    pub counter_reset: CounterReset,
}

impl Histogram {
    /// The histogram that ends a series.
    pub fn stale() -> Self {
        Self {
            schema: 0,
            zero_threshold: 0.0,
            zero_count: 0.0,
            count: 0.0,
            sum: f64::from_bits(STALE_NAN_BITS),
            positive_spans: Vec::new(),
            positive_buckets: Vec::new(),
            negative_spans: Vec::new(),
            negative_buckets: Vec::new(),
            custom_values: Vec::new(),
            counter_reset: CounterReset::Unknown,
        }
    }

    /// Whether this ends a series.
    pub fn is_stale(&self) -> bool {
        is_stale(self.sum)
    }
}

/// One histogram at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramSample {
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The value.
    pub histogram: Arc<Histogram>,
}
