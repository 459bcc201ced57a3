//! OTLP metrics: what OpenTelemetry's libraries send over HTTP, as protobuf or JSON.
//!
//! Both forms become one plain model, whose names are translated to Prometheus' as Prometheus 3 does. Deltas are
//! added up to cumulative values here, so this is the one protocol with a memory. It must not know HTTP.
//!
//! The messages are our own and not those of the crate `opentelemetry-proto`: that one brings the whole SDK with it,
//! and its derived JSON stops at the first unknown enum. Reading them takes less code than wrapping them.
//!
//! Source: OpenTelemetry, "OTLP Specification 1.5", "Metrics Data Model", "Prometheus and OpenMetrics Compatibility";
//! Prometheus, "Using Prometheus as your OpenTelemetry backend".

mod answer;
mod delta;
mod fuzz;
mod json;
mod model;
mod name;
mod native;
mod protobuf;
mod translate;

use std::sync::{Mutex, PoisonError};

use nines_port::{SampleSink, SinkError};

use crate::wire::WireError;
use delta::Deltas;
use translate::Translation;

pub use answer::{answer, status};
pub use fuzz::fuzz;

/// Data points of one request.
const POINTS_MAX: usize = 500_000;
/// Attributes of one point or resource.
const ATTRIBUTES_MAX: usize = 128;
/// Bytes of one attribute's name, and of its value.
const ATTRIBUTE_BYTES_MAX: usize = 16 * 1024;
/// Attributes may hold lists of lists.
const DEPTH_MAX: usize = 16;
/// Reasons that one answer names.
const NAMED_MAX: usize = 10;

/// In which of its two forms a message is written; the answer is written in the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `application/x-protobuf`
    Protobuf,
    /// `application/json`
    Json,
}

/// How OTLP's data become series.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OtlpSettings {
    /// Resource attributes that every series gets as labels, beside `job` and `instance`.
    pub promoted_attributes: Vec<String>,
    /// Whether `target_info` has `service.name`, `service.namespace` and `service.instance.id` too.
    pub keeps_identifying_attributes: bool,
}

/// What became of a request that could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OtlpReceived {
    /// Samples and histograms that are durable now.
    pub samples: u64,
    /// Data points that are not stored and must not be sent again.
    pub rejected: u64,
    /// The first few reasons; empty when everything was taken.
    pub reasons: Vec<String>,
}

/// Why nothing of a request is stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OtlpError {
    /// Not this message in protobuf.
    #[error("failed to decode the body as an OTLP metrics request")]
    Protobuf(#[from] WireError),
    /// Not JSON.
    #[error("failed to read the body as JSON")]
    Syntax(#[from] serde_json::Error),
    /// JSON, and not this message.
    #[error("{place} is not {expected}")]
    Json {
        /// Such as `resourceMetrics[0].resource`.
        place: String,
        /// Such as `a list`.
        expected: &'static str,
    },
    /// Send it in several requests.
    #[error("more than {POINTS_MAX} data points in one request")]
    TooLarge,
    /// The store took nothing. The one fault that may pass.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

/// Takes OTLP requests; remembers the sums of what is sent as deltas.
#[derive(Debug, Default)]
pub struct OtlpReceiver {
    settings: Mutex<OtlpSettings>,
    deltas: Mutex<Deltas>,
}

impl OtlpReceiver {
    /// Knows no deltas yet.
    pub fn new(settings: OtlpSettings) -> Self {
        Self { settings: Mutex::new(settings), deltas: Mutex::default() }
    }

    /// What counts from the next request on.
    pub fn set_settings(&self, settings: OtlpSettings) {
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = settings;
    }

    /// Reads the body of one request and stores what is good in it.
    ///
    /// # Errors
    /// See [`OtlpError`]. Points that are wrong are no error of the request: the others are stored.
    pub fn receive(
        &self,
        body: &[u8],
        encoding: Encoding,
        sink: &dyn SampleSink,
    ) -> Result<OtlpReceived, OtlpError> {
        let request = match encoding {
            Encoding::Protobuf => protobuf::read(body)?,
            Encoding::Json => json::read(body)?,
        };
        let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // Whoever panicked with it, each sum is whole. It is held until the store has answered, so that sums are
        // stored in the order in which they were made.
        let mut deltas = self.deltas.lock().unwrap_or_else(PoisonError::into_inner);
        let mut translation = Translation::new(&settings, &mut deltas);
        for resource in &request.resources {
            translation.add(resource);
        }
        let translated = translation.finish();
        let appended = match sink.append(&translated.batches) {
            Ok(appended) => appended,
            Err(error) => {
                deltas.roll_back();
                return Err(error.into());
            }
        };
        deltas.commit();
        sink.describe(&translated.metadata);
        sink.append_exemplars(&translated.exemplars);
        let mut reasons = translated.reasons;
        let refused = appended.refused.len() as u64;
        let by_store = appended.refused.iter().map(|it| format!("{}: {}", it.labels, it.reason));
        reasons.extend(by_store);
        reasons.truncate(NAMED_MAX);
        let rejected = translated.rejected + refused;
        Ok(OtlpReceived { samples: appended.samples, rejected, reasons })
    }
}

#[cfg(test)]
mod tests;
