//! Metrics store: write-ahead log, head, segments, retention.
//!
//! A sample is appended to the write-ahead log and to the head, which keeps encoded chunks per series in
//! memory. [`Tsdb::maintain`] cuts what is older than a segment's span into segment files, merges small
//! segments, and drops old ones. One registry of series serves head and segments. Nothing here reads a clock;
//! this crate must not know HTTP, PromQL's text, or who calls it.
//!
//! Locks are always taken in this order: maintenance, sync, log, state. Exemplars and known labels have
//! locks of their own, under which nothing else is taken.

#![expect(
    clippy::disallowed_types,
    reason = "hash maps stay inside; every answer is sorted before it leaves"
)]

mod append;
mod bits;
mod cardinality;
mod catalogue;
mod checkpoint;
mod chunk;
mod column;
mod cut;
mod dictionary;
mod exemplars;
mod files;
mod finding;
mod fuzz;
mod growing;
mod head;
mod histograms;
mod keys;
mod maintain;
mod manifest;
mod merge;
mod options;
mod pages;
mod pairs;
mod postings;
mod query;
mod registry;
mod scale;
mod scratch;
mod segment;
mod series;
mod settle;
mod snapshot;
mod store;
mod summary;
mod turns;
mod wal;
mod windows;
mod wire;

pub use cardinality::Cardinality;
pub use finding::{AppendError, Damage, Finding, MaintainError, OpenError, SnapshotError};
pub use fuzz::fuzz;
pub use maintain::Maintained;
pub use options::{Durability, Options};
pub use store::{Stats, Tsdb};
