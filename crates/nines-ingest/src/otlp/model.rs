//! A request as plain data, whichever form it came in.

/// `name`, and the value as text.
pub(super) type Attributes = Vec<(String, String)>;

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Request {
    pub(super) resources: Vec<Resource>,
    /// Of all metrics; to keep the limit while reading.
    pub(super) points: usize,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Resource {
    pub(super) attributes: Attributes,
    /// Of all scopes.
    pub(super) metrics: Vec<Metric>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Metric {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) unit: String,
    pub(super) data: Data,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Data {
    #[default]
    None,
    Gauge(Vec<NumberPoint>),
    Sum {
        points: Vec<NumberPoint>,
        temporality: Temporality,
        is_monotonic: bool,
    },
    Histogram(Vec<HistogramPoint>, Temporality),
    Exponential(Vec<ExponentialPoint>, Temporality),
    Summary(Vec<SummaryPoint>),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Temporality {
    #[default]
    Unspecified,
    Delta,
    Cumulative,
}

impl Temporality {
    pub(super) fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Delta,
            2 => Self::Cumulative,
            _ => Self::Unspecified,
        }
    }
}

/// What all points have.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Point {
    pub(super) attributes: Attributes,
    pub(super) start_nanos: u64,
    pub(super) nanos: u64,
    /// Bit 0 says that the series has ended.
    pub(super) flags: u32,
    pub(super) exemplars: Vec<PointExemplar>,
}

impl Point {
    pub(super) fn has_ended(&self) -> bool {
        self.flags & 1 == 1
    }

    pub(super) fn at_ms(&self) -> i64 {
        i64::try_from(self.nanos / 1_000_000).unwrap_or(i64::MAX)
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct PointExemplar {
    pub(super) attributes: Attributes,
    pub(super) nanos: u64,
    pub(super) value: f64,
    pub(super) trace_id: Vec<u8>,
    pub(super) span_id: Vec<u8>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct NumberPoint {
    pub(super) point: Point,
    pub(super) value: f64,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct HistogramPoint {
    pub(super) point: Point,
    pub(super) count: u64,
    pub(super) sum: Option<f64>,
    pub(super) bounds: Vec<f64>,
    /// One more than bounds, or none.
    pub(super) counts: Vec<u64>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ExponentialPoint {
    pub(super) point: Point,
    pub(super) count: u64,
    pub(super) sum: f64,
    pub(super) scale: i32,
    pub(super) zero_count: u64,
    pub(super) zero_threshold: f64,
    pub(super) positive: Buckets,
    pub(super) negative: Buckets,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Buckets {
    pub(super) offset: i32,
    pub(super) counts: Vec<u64>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct SummaryPoint {
    pub(super) point: Point,
    pub(super) count: u64,
    pub(super) sum: f64,
    /// Quantile and value.
    pub(super) quantiles: Vec<(f64, f64)>,
}

/// A whole number as attributes and values have it.
pub(super) fn decimal(number: i64) -> f64 {
    number as f64
}
