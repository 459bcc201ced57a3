//! PromQL: text to checked plan to values over a [`SeriesSource`].
//!
//! The language of Prometheus 3: windows are open on the left, names are dropped at the end of a query
//! ("delayed name removal"). `parse` turns a text into a tree and back, `plan` checks types and makes a plan of it,
//! `eval` walks the plan. Values are computed column by column: every selector is read once for the whole range, and
//! windows slide over what was read. This crate must not know where samples are kept, nor what time it is.

#![warn(missing_docs)]

mod answer;
mod calendar;
mod check;
mod error;
mod eval;
mod format;
mod function;
mod histogram;
mod limits;
mod notes;
mod parse;
mod place;
mod plan;
mod query;
mod source;
mod statistics;
mod syntax;

pub use answer::{Answer, SelectorRead, Value, ValueType, VectorSample};
pub use check::{check, format_query, fuzz, parse_query, parse_selector};
pub use error::QueryError;
pub use limits::QueryLimits;
pub use parse::{QUERY_BYTES_MAX, QUERY_DEPTH_MAX};
pub use query::Query;
pub use source::{
    SelectLimits, SeriesSamples, SeriesSource, SeriesView, SourceError, WindowSummary, Windows,
    WindowsView,
};
pub use syntax::{SyntaxFill, SyntaxFunction, SyntaxMatcher, SyntaxMatching, SyntaxNode};
