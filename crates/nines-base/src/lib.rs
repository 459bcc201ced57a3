//! Words that several domains share: labels and matchers, samples, histograms, durations, ids, origins.
//!
//! The lowest layer. It must not know any domain, and it reads no clock, file or socket.

#![warn(missing_docs)]

mod duration;
mod exemplar;
mod histogram;
mod id;
mod labels;
mod matcher;
mod origin;
mod pairs;
mod sample;

pub use duration::{DurationError, format_duration, parse_duration};
pub use exemplar::Exemplar;
pub use histogram::{BucketSpan, CUSTOM_SCHEMA, CounterReset, Histogram, HistogramSample};
pub use id::{Id, IdError, IdKind};
pub use labels::{LabelError, Labels, METRIC_NAME};
pub use matcher::{MatchOp, Matcher, MatcherError};
pub use origin::Origin;
pub use pairs::Pairs;
pub use sample::{STALE_NAN_BITS, Sample, SampleBatch, is_stale, stale_marker};
