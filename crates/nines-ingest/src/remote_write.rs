//! Remote write 1.0: a snappy block that holds a protobuf message.
//!
//! It must not know HTTP: headers and status codes are the server's. What it refuses is wrong for ever (400), so
//! a fault that may pass must never be reported from here.
//!
//! Source: Prometheus, "Remote-Write 1.0 specification".

mod proto;

use nines_base::{Labels, METRIC_NAME, Sample, SampleBatch};
use prost::Message;
use prost::bytes::Bytes;

use proto::{Label, TimeSeries, WireSample, WriteRequest};

/// A request after decompression; Prometheus sends about 100 KiB.
const BYTES_MAX: usize = 64 * 1024 * 1024;
const SERIES_MAX: usize = 100_000;
const SAMPLES_MAX: usize = 2_000_000;
const LABELS_MAX: usize = 128;
const LABEL_BYTES_MAX: usize = 16 * 1024;
/// Series that one answer names; the rest is counted.
const NAMED_MAX: usize = 10;
/// Characters of a series that a message shows.
const SHOWN_MAX: usize = 200;

/// What a request may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the unit and `max` belong to the name of a limit")]
pub struct WriteLimits {
    /// Bytes after decompression.
    pub bytes_max: usize,
    /// Series of one request.
    pub series_max: usize,
    /// Samples of one request.
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

/// A series that was not taken, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSeries {
    /// Its labels as they came, shortened; no [`Labels`], because they are none.
    pub series: String,
    /// In words.
    pub reason: String,
}

/// Why a request, or a part of it, is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// Send it in several requests.
    #[error("more than {max} {what} in one request")]
    TooLarge {
        /// `bytes`, `series`, `samples`.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// Not a snappy block.
    #[error("failed to decompress the body as a snappy block")]
    Snappy(#[from] snap::Error),
    /// Not a `WriteRequest`.
    #[error("failed to decode the body as a remote-write 1.0 message")]
    Protobuf(#[from] prost::DecodeError),
    /// Some series are wrong. The protocol allows to store the others before answering 400.
    #[error("{count} series refused: {}", named(.refused))]
    Series {
        /// The good series, decoded.
        valid: Vec<SampleBatch>,
        /// The first few bad ones.
        refused: Vec<BadSeries>,
        /// How many are bad.
        count: usize,
    },
}

fn named(refused: &[BadSeries]) -> String {
    let one = |it: &BadSeries| format!("{}: {}", it.series, it.reason);
    refused.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Reads the body of one request; samples of a series are sorted by time.
///
/// Labels may come in any order: the protocol wants them sorted, but common senders do not sort.
///
/// # Errors
/// See [`WriteError`]; in [`WriteError::Series`] are the good series too.
pub fn decode(body: &[u8], limits: &WriteLimits) -> Result<Vec<SampleBatch>, WriteError> {
    if body.is_empty() {
        return Err(snap::Error::Empty.into()); // the library would find nothing in it
    }
    if limits.bytes_max < snap::raw::decompress_len(body)? {
        return Err(WriteError::TooLarge { what: "bytes", max: limits.bytes_max });
    }
    let bytes = Bytes::from(snap::raw::Decoder::new().decompress_vec(body)?);
    let request = WriteRequest::decode(bytes)?;
    if limits.series_max < request.timeseries.len() {
        return Err(WriteError::TooLarge { what: "series", max: limits.series_max });
    }
    let samples: usize = request.timeseries.iter().map(|it| it.samples.len()).sum();
    if limits.samples_max < samples {
        return Err(WriteError::TooLarge { what: "samples", max: limits.samples_max });
    }
    let mut valid = Vec::with_capacity(request.timeseries.len());
    let (mut refused, mut count) = (Vec::new(), 0);
    for series in request.timeseries {
        match batch(&series, limits) {
            Ok(batch) if batch.samples.is_empty() => {} // exemplars only
            Ok(batch) => valid.push(batch),
            Err(reason) => {
                count += 1;
                if refused.len() < NAMED_MAX {
                    refused.push(BadSeries { series: shown(&series), reason });
                }
            }
        }
    }
    if count == 0 { Ok(valid) } else { Err(WriteError::Series { valid, refused, count }) }
}

/// Writes the body of one request.
///
/// # Panics
/// The message is longer than 4 GiB.
pub fn encode(batches: &[SampleBatch]) -> Vec<u8> {
    let label = |(name, value): (&str, &str)| Label {
        name: Bytes::copy_from_slice(name.as_bytes()),
        value: Bytes::copy_from_slice(value.as_bytes()),
    };
    let sample = |it: &Sample| WireSample { value: it.value, timestamp: it.at_ms };
    let series = |it: &SampleBatch| TimeSeries {
        labels: it.labels.iter().map(label).collect(),
        samples: it.samples.iter().map(sample).collect(),
        histograms: Vec::new(),
    };
    let request = WriteRequest { timeseries: batches.iter().map(series).collect() };
    let message = request.encode_to_vec();
    snap::raw::Encoder::new().compress_vec(&message).expect("far below 4 GiB, snappy's only limit")
}

/// Reads anything.
///
/// # Panics
/// What was read does not come back the same after writing it: a bug.
pub fn fuzz(bytes: &[u8]) {
    let limits = WriteLimits { bytes_max: 1 << 20, ..WriteLimits::default() };
    // Most random bytes are no snappy block, so the message is tried without it too.
    let compressed = snap::raw::Encoder::new().compress_vec(bytes).unwrap_or_default();
    for body in [bytes, &compressed] {
        let (Ok(batches) | Err(WriteError::Series { valid: batches, .. })) = decode(body, &limits)
        else {
            continue;
        };
        let again = decode(&encode(&batches), &limits).expect("what was read can be written");
        // Protobuf does not write zero, so it loses the sign of it.
        let bits = |it: &Sample| if it.value == 0.0 { 0 } else { it.value.to_bits() };
        let samples = |it: &[SampleBatch]| {
            let samples = it.iter().flat_map(|it| &it.samples);
            samples.map(|it| (it.at_ms, bits(it))).collect::<Vec<_>>()
        };
        assert_eq!(samples(&again), samples(&batches), "samples changed");
        assert!(again.iter().map(|it| &it.labels).eq(batches.iter().map(|it| &it.labels)));
    }
}

fn batch(series: &TimeSeries, limits: &WriteLimits) -> Result<SampleBatch, String> {
    if !series.histograms.is_empty() {
        return Err("native histograms are not supported".to_owned());
    }
    let labels = labels(&series.labels, limits)?;
    let sample = |it: &WireSample| Sample { at_ms: it.timestamp, value: it.value };
    let mut samples: Vec<Sample> = series.samples.iter().map(sample).collect();
    if !samples.is_sorted_by_key(|it| it.at_ms) {
        samples.sort_by_key(|it| it.at_ms);
    }
    Ok(SampleBatch { labels, samples, histograms: Vec::new() })
}

fn labels(wire: &[Label], limits: &WriteLimits) -> Result<Labels, String> {
    if limits.labels_max < wire.len() {
        return Err(format!("more than {} labels", limits.labels_max));
    }
    let text = |bytes: &Bytes| {
        if limits.label_bytes_max < bytes.len() {
            return Err(format!("a label longer than {} bytes", limits.label_bytes_max));
        }
        String::from_utf8(bytes.to_vec()).map_err(|_| "a label that is not UTF-8".to_owned())
    };
    let pairs = wire.iter().map(|it| Ok((text(&it.name)?, text(&it.value)?)));
    let pairs = pairs.collect::<Result<Vec<_>, String>>()?;
    let labels = Labels::new(pairs).map_err(|error| error.to_string())?;
    match labels.metric_name() {
        Some(_) => Ok(labels),
        None => Err(format!("no label `{METRIC_NAME}`")),
    }
}

/// The labels as they came, for messages.
fn shown(series: &TimeSeries) -> String {
    let text = |bytes: &Bytes| {
        let head = bytes.get(..bytes.len().min(SHOWN_MAX)).unwrap_or_default();
        String::from_utf8_lossy(head).into_owned()
    };
    let pair = |it: &Label| format!("{}={:?}", text(&it.name), text(&it.value));
    let pairs: Vec<String> = series.labels.iter().take(LABELS_MAX).map(pair).collect();
    let all = format!("{{{}}}", pairs.join(", "));
    let head: String = all.chars().take(SHOWN_MAX).collect();
    if head.len() < all.len() { head + "…" } else { head }
}

#[cfg(test)]
mod tests;
