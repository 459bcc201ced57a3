//! PromQL: text to checked plan to values over a [`SeriesSource`].
//!
//! The language of Prometheus 3: windows are open on the left, names are dropped at the end of a query
//! ("delayed name removal"). The parser is `promql-parser`; the checks, the plan and the evaluator are ours.
//! A query is evaluated column by column: every selector is read once for the whole range, and windows slide
//! over what was read. This crate must not know where samples are kept, nor what time it is.

#![warn(missing_docs)]

mod answer;
mod calendar;
mod check;
mod error;
mod eval;
mod function;
mod limits;
mod notes;
mod plan;
mod query;
mod source;
mod statistics;

pub use answer::{Answer, Value, ValueType, VectorSample};
pub use check::{QUERY_BYTES_MAX, QUERY_DEPTH_MAX, check, parse_selector};
pub use error::QueryError;
pub use limits::QueryLimits;
pub use query::Query;
pub use source::{
    SelectLimits, SeriesSamples, SeriesSource, SeriesView, SourceError, WindowSummary, Windows,
    WindowsView,
};
