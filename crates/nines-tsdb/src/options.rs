//! What a caller may decide about the store. It must not know where the values come from.

use jiff::SignedDuration;

/// What a batch survives from the moment on when it is appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The death of the process; the loss of power only after the next [`Tsdb::sync`](crate::Tsdb::sync).
    Batch,
    /// The loss of power. Batches that come at the same time share one wait for the disk.
    Sync,
}

/// Limits and sizes of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Samples older than this are refused, and dropped a segment at a time; `None` keeps everything.
    pub retention: Option<SignedDuration>,
    /// Bytes of all files before the oldest segments are dropped, whatever their age; `None` for no limit. The log is
    /// never dropped, and takes at most half of it from the segments.
    pub retention_bytes: Option<u64>,
    /// What an appended batch survives.
    pub durability: Durability,
    /// Series that may be active at once; an active series has samples that are not yet in a segment.
    pub series_max: usize,
    /// Labels that one series may have.
    pub labels_max: usize,
    /// Bytes that one label's name or value may have.
    pub label_bytes_max: usize,
    /// Exemplars that are kept in memory, all series together.
    pub exemplars_max: usize,
    /// How much time one cut moves from the head into segments, in milliseconds; at least 1.
    pub segment_span_ms: i64,
    /// After this many bytes the write-ahead log goes on in another file.
    pub wal_file_bytes_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            retention: None,
            retention_bytes: None,
            durability: Durability::Batch,
            series_max: 1_000_000,
            labels_max: 64,
            label_bytes_max: 8 * 1024,
            exemplars_max: 100_000,
            segment_span_ms: 2 * 60 * 60 * 1000,
            wal_file_bytes_max: 64 * 1024 * 1024,
        }
    }
}
