//! Ports: the traits between the engine and its edges, and their plain data.
//!
//! Every port is small and synchronous. It has one contract test that all its adapters pass, a memory
//! adapter for tests and a real one. This crate must not know how any of them works.

#![warn(missing_docs)]

mod clock;
mod http;
mod journal;
mod notifier;
mod outlet;
mod runner;
mod samples;

pub use clock::{Clock, VirtualClock};
pub use http::{
    Authorization, Compression, HttpSettings, Redirects, Secret, TlsSettings, Verification,
};
pub use journal::{
    Failure, HASH_BYTES, Holder, Journal, JournalError, Record, Room, SharedJournal, Turn,
};
pub use notifier::{Channel, Delivery, Message, Notifier, Payload, Place, Provider, Urgency};
pub use outlet::Outlet;
pub use runner::{CapturedOutput, StepEnd, StepOutcome, StepRequest, StepRunner};
pub use samples::{Appended, MetricMetadata, RefusedSeries, Row, SampleSink, SeriesKey, SinkError};
