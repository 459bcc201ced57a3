//! Scrape, remote write, OTLP: bytes to samples.
//!
//! Foreign bytes come in, [`nines_base::SampleBatch`]es go to a [`nines_port::SampleSink`]. This crate must not
//! know what becomes of a sample, and no format of configuration files.

pub mod families;
pub mod otlp;
pub mod remote_write;
pub mod text;

mod causes;
mod forward;
mod histogram;
mod key;
mod relabel;
mod scrape;
mod wire;

pub use causes::with_causes;
pub use forward::{ForwardSettings, ForwardStatus, Forwarder};
pub use otlp::{Encoding, OtlpError, OtlpReceived, OtlpReceiver, OtlpSettings};
pub use relabel::{Pattern, Relabel, RelabelAction};
pub use remote_write::{BadSeries, Received, Version, WriteError, WriteLimits, Written};
pub use scrape::{
    Authorization, BODY_BYTES_MAX_DEFAULT, Compression, Discovery, DnsRecord, DroppedTarget,
    Health, HttpSettings, LabelLimits, ReadGroups, Redirects, SAMPLE_LIMIT_DEFAULT, Scheme,
    ScrapeJob, Scraper, ScraperError, Secret, Target, TargetGroup, TargetStatus, TargetsStatus,
    TlsSettings, Verification,
};
pub use text::{Format, ParseError, Scraped, TextLimits};
pub use wire::WireError;
