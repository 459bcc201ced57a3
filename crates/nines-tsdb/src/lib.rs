//! Metrics store: write-ahead log, head, segments, retention.
