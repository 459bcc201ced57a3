//! What a caller may decide about the store. It must not know where the values come from.

use jiff::SignedDuration;

/// Limits and sizes of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Samples older than this are dropped, a segment at a time; `None` keeps everything.
    pub retention: Option<SignedDuration>,
    /// Series that may be active at once; an active series has samples that are not yet in a segment.
    pub series_max: usize,
    /// Labels that one series may have.
    pub labels_max: usize,
    /// Bytes that one label's name or value may have.
    pub label_bytes_max: usize,
    /// How much time one cut moves from the head into segments, in milliseconds; at least 1.
    pub segment_span_ms: i64,
    /// After this many bytes the write-ahead log goes on in another file.
    pub wal_file_bytes_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            retention: None,
            series_max: 1_000_000,
            labels_max: 64,
            label_bytes_max: 8 * 1024,
            segment_span_ms: 2 * 60 * 60 * 1000,
            wal_file_bytes_max: 64 * 1024 * 1024,
        }
    }
}
