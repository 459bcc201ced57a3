//! Remote write 1.0 and 2.0: a snappy block that holds a protobuf message.
//!
//! A request is walked once. Of each series the bytes of its labels are hashed to a key, and the store asks for the
//! labels themselves only when it has not met the key. It must not know HTTP: headers and status codes are the
//! server's. What it calls wrong is wrong for ever (400); only [`WriteError::Sink`] may pass.
//!
//! Source: Prometheus, "Remote-Write 1.0 specification", "Remote-Write 2.0 specification".

mod encode;
mod fuzz;
mod request;
mod version1;
mod version2;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use nines_base::{Exemplar, Labels, METRIC_NAME};
use nines_port::{Appended, RefusedSeries, SampleSink, SinkError};

use crate::wire::WireError;
use request::Request;

pub use encode::{encode, encode_2};
pub(crate) use fuzz::Memory;
pub use fuzz::fuzz;

/// A request after decompression; Prometheus sends about 100 KiB.
const BYTES_MAX: usize = 64 * 1024 * 1024;
const SERIES_MAX: usize = 100_000;
const SAMPLES_MAX: usize = 2_000_000;
const LABELS_MAX: usize = 128;
const LABEL_BYTES_MAX: usize = 16 * 1024;
/// Texts that one request of version 2 may share among its series.
const SYMBOLS_MAX: usize = 4_000_000;
/// Metric families that one request may describe.
const METADATA_MAX: usize = 10_000;
/// Exemplars of one request; the rest is left out.
const EXEMPLARS_MAX: usize = 100_000;
/// A snappy block grows by 64 bytes for 3 at the most.
const EXPANSION_MAX: usize = 22;
/// Series that one answer names; the rest is counted.
const NAMED_MAX: usize = 10;
/// Decompressed bytes that a thread keeps for its next request.
const KEPT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What a request may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the unit and `max` belong to the name of a limit")]
pub struct WriteLimits {
    /// Bytes after decompression.
    pub bytes_max: usize,
    /// Series of one request.
    pub series_max: usize,
    /// Samples of one request, histograms included.
    pub samples_max: usize,
    /// Labels of one series, its name included.
    pub labels_max: usize,
    /// Bytes of one label's name, and of its value.
    pub label_bytes_max: usize,
}

impl Default for WriteLimits {
    fn default() -> Self {
        Self {
            bytes_max: BYTES_MAX,
            series_max: SERIES_MAX,
            samples_max: SAMPLES_MAX,
            labels_max: LABELS_MAX,
            label_bytes_max: LABEL_BYTES_MAX,
        }
    }
}

/// Which message a body holds; the sender says it in its content type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `prometheus.WriteRequest`.
    One,
    /// `io.prometheus.write.v2.Request`.
    Two,
}

/// A series that was not taken, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSeries {
    /// Its labels as they came, shortened; no [`Labels`], because they may be none.
    pub series: String,
    /// In words.
    pub reason: String,
}

/// What is stored of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Numbers.
    pub samples: u64,
    /// Native histograms.
    pub histograms: u64,
    /// As many as were handed to the store, which may forget them.
    pub exemplars: u64,
}

/// What became of a request that could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// Durable now.
    pub written: Written,
    /// The first few series that are not; empty when all are.
    pub refused: Vec<BadSeries>,
}

/// Why nothing of a request is stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// Send it in several requests.
    #[error("more than {max} {what} in one request")]
    TooLarge {
        /// `bytes`, `series`, `samples`, `symbols`.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// Not a snappy block.
    #[error("failed to decompress the body as a snappy block")]
    Snappy(#[from] snap::Error),
    /// Not a message of this version.
    #[error("failed to decode the body as a remote-write message")]
    Protobuf(#[from] WireError),
    /// The table of texts of version 2 does not begin with the empty one.
    #[error("the first symbol of a remote-write 2.0 message must be the empty text")]
    Symbols,
    /// The store took nothing. The one fault that may pass.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

thread_local! {
    static MESSAGE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Reads the body of one request and stores what is good in it.
///
/// Labels may come in any order, and samples too: the protocol wants both sorted, and common senders do not sort.
///
/// # Errors
/// See [`WriteError`]. Series that are wrong are no error of the request: the others are stored.
pub fn receive(
    body: &[u8],
    version: Version,
    limits: &WriteLimits,
    sink: &dyn SampleSink,
) -> Result<Received, WriteError> {
    let mut message = MESSAGE.take();
    let received = decompress(body, limits, &mut message).and_then(|message| {
        let request = match version {
            Version::One => version1::read(message, limits)?,
            Version::Two => version2::read(message, limits)?,
        };
        store(&request, limits, sink)
    });
    if message.capacity() <= KEPT_BYTES_MAX {
        MESSAGE.set(message);
    }
    received
}

/// The message, at the beginning of a buffer that is used again and again.
fn decompress<'m>(
    body: &[u8],
    limits: &WriteLimits,
    buffer: &'m mut Vec<u8>,
) -> Result<&'m [u8], WriteError> {
    if body.is_empty() {
        return Err(snap::Error::Empty.into()); // the library would find nothing in it
    }
    let len = snap::raw::decompress_len(body)?;
    if limits.bytes_max < len {
        return Err(WriteError::TooLarge { what: "bytes", max: limits.bytes_max });
    }
    // Nobody may claim a length that no block can have, to make us hold memory for it.
    if body.len().saturating_mul(EXPANSION_MAX) < len {
        return Err(snap::Error::Header.into());
    }
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
    let len = snap::raw::Decoder::new().decompress(body, buffer)?;
    Ok(buffer.get(..len).unwrap_or_default())
}

fn store(
    request: &Request<'_>,
    limits: &WriteLimits,
    sink: &dyn SampleSink,
) -> Result<Received, WriteError> {
    let rows = request.rows();
    let unlabelled = RefCell::new(BTreeMap::new());
    let labels = |index: usize| {
        let labels = request.labels(index, limits);
        if let Err(reason) = &labels {
            unlabelled.borrow_mut().insert(index, reason.clone());
        }
        labels
    };
    let appended =
        if rows.is_empty() { Appended::default() } else { sink.append_rows(&rows, &labels)? };
    let unlabelled = unlabelled.into_inner();
    sink.describe(&request.metadata);
    let exemplars = exemplars(request, limits);
    sink.append_exemplars(&exemplars);

    let labelled = rows.iter().enumerate().filter(|(index, _)| !unlabelled.contains_key(index));
    let (samples, histograms) = labelled.fold((0, 0), |(samples, histograms), (_, row)| {
        (samples + row.samples.len() as u64, histograms + row.histograms.len() as u64)
    });
    let by_label = unlabelled
        .into_iter()
        .map(|(index, reason)| BadSeries { series: request.shown(index), reason });
    // Those without labels are the ones above.
    let is_refused_by_store = appended.refused.iter().any(|it| !it.labels.is_empty());
    let by_store = appended.refused.into_iter().filter(|it| !it.labels.is_empty());
    let by_store = by_store
        .map(|RefusedSeries { labels, reason }| BadSeries { series: labels.to_string(), reason });
    let refused = request.refused.iter().cloned().chain(by_label).chain(by_store);
    let refused = refused.take(NAMED_MAX).collect();
    let written = if is_refused_by_store {
        written(samples, histograms, appended.samples)
    } else {
        // What was there already counts too: the sender wants to know what it need not send again.
        Written { samples, histograms, exemplars: 0 }
    };
    Ok(Received { written: Written { exemplars: exemplars.len() as u64, ..written }, refused })
}

/// Parts what the store has counted together. Where it has refused some, they are taken for numbers, which most are.
fn written(samples: u64, histograms: u64, appended: u64) -> Written {
    let histograms = histograms.min(appended);
    Written { samples: samples.min(appended - histograms), histograms, exemplars: 0 }
}

/// Exemplars are worth less than samples: one that is wrong is left out without a word, as Prometheus does.
fn exemplars(request: &Request<'_>, limits: &WriteLimits) -> Vec<(Labels, Exemplar)> {
    let mut out = Vec::new();
    let mut last: Option<(usize, Option<Labels>)> = None;
    for (series, message) in request.exemplars.iter().take(EXEMPLARS_MAX) {
        let labels = match &last {
            Some((index, labels)) if index == series => labels.clone(),
            _ => request.labels_of_series(*series, limits).ok(),
        };
        last = Some((*series, labels.clone()));
        let exemplar = request.exemplar(message, limits);
        if let (Some(labels), Some(exemplar)) = (labels, exemplar) {
            out.push((labels, exemplar));
        }
    }
    out
}

/// Labels as they came, as a set that may be stored.
fn label_set<'a>(
    pairs: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
    limits: &WriteLimits,
) -> Result<Labels, String> {
    let text = |bytes: &[u8]| {
        if limits.label_bytes_max < bytes.len() {
            return Err(format!("a label longer than {} bytes", limits.label_bytes_max));
        }
        String::from_utf8(bytes.to_vec()).map_err(|_| "a label that is not UTF-8".to_owned())
    };
    let mut owned = Vec::with_capacity(16);
    for (name, value) in pairs {
        if limits.labels_max <= owned.len() {
            return Err(format!("more than {} labels", limits.labels_max));
        }
        owned.push((text(name)?, text(value)?));
    }
    Labels::new(owned).map_err(|error| error.to_string())
}

fn named(labels: Labels) -> Result<Labels, String> {
    match labels.metric_name() {
        Some(_) => Ok(labels),
        None => Err(format!("no label `{METRIC_NAME}`")),
    }
}

#[cfg(test)]
mod tests;
