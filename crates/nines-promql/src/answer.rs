//! What a query returns.

use std::fmt;
use std::sync::Arc;

use nines_base::{Histogram, Labels, Sample};

use crate::SeriesSamples;

/// The value of a query and what it cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The value.
    pub value: Value,
    /// Results that are probably not what was meant; sorted, each once.
    pub warnings: Vec<String>,
    /// Things worth knowing; sorted, each once.
    pub infos: Vec<String>,
    /// Series that the selectors returned, counted per selector.
    pub series_read: u64,
    /// Samples that the selectors returned, counted per selector.
    pub samples_read: u64,
    /// What each selector read, in the order of reading.
    pub reads: Vec<SelectorRead>,
}

/// What one selector read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectorRead {
    /// As [`Query::explain`](crate::Query::explain) names it.
    pub selector: String,
    /// Series with samples in the range.
    pub series: u64,
    /// Samples in the range; of series that came as summaries of windows, samples per window.
    pub samples: u64,
    /// Native histograms among the samples.
    pub histograms: u64,
}

/// A value of one of the four types.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number at the instant of the query.
    Scalar(Sample),
    /// A text.
    String {
        /// The instant of the query.
        at_ms: i64,
        /// The text.
        value: String,
    },
    /// One value per series at the instant of the query. Sorted by labels unless the query sorts.
    Vector(Vec<VectorSample>),
    /// Several values per series, sorted by labels.
    Matrix(Vec<SeriesSamples>),
}

/// One element of an instant vector.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorSample {
    /// The series.
    pub labels: Labels,
    /// The instant of the query, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The value; without a meaning where there is a histogram.
    pub value: f64,
    /// The value, if it is a native histogram.
    pub histogram: Option<Arc<Histogram>>,
}

/// The type of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// A number.
    Scalar,
    /// A text.
    String,
    /// One value per series.
    Vector,
    /// A window of values per series.
    Matrix,
}

/// The words of the HTTP API.
impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scalar => "scalar",
            Self::String => "string",
            Self::Vector => "vector",
            Self::Matrix => "matrix",
        })
    }
}
