//! Scrape, remote write, OTLP: bytes to samples.
//!
//! Foreign bytes come in, [`nines_base::SampleBatch`]es go to a [`nines_port::SampleSink`]. This crate must not
//! know what becomes of a sample, and no format of configuration files.

pub mod families;
pub mod otlp;
pub mod remote_write;
pub mod text;

mod forward;
mod histogram;
mod key;
mod relabel;
mod scrape;
mod wire;

pub use forward::{ForwardSettings, ForwardStatus, Forwarder};
pub use otlp::{Encoding, OtlpError, OtlpReceived, OtlpReceiver, OtlpSettings};
pub use relabel::{Pattern, Relabel, RelabelAction};
pub use remote_write::{BadSeries, Received, Version, WriteError, WriteLimits, Written};
pub use scrape::{
    BODY_BYTES_MAX_DEFAULT, Discovery, DnsRecord, DroppedTarget, Health, LabelLimits, ReadGroups,
    SAMPLE_LIMIT_DEFAULT, Scheme, ScrapeJob, Scraper, ScraperError, Target, TargetGroup,
    TargetStatus, TargetsStatus,
};
pub use text::{Format, ParseError, Scraped, TextLimits};
pub use wire::WireError;
