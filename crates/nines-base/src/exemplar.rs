//! Exemplars: one observation that stands for many, with a way to its trace.

use crate::Labels;

/// One observation behind a sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// Its own labels, such as `trace_id`.
    pub labels: Labels,
    /// What was observed.
    pub value: f64,
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
}
