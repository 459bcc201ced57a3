//! One entry for everything that reads bytes from disks, so that arbitrary bytes can be tried on all of it.

use crate::manifest::Manifest;
use crate::segment;
use crate::wal::{Record, record};

/// Reads arbitrary bytes as every kind of file; must never panic.
pub fn fuzz(bytes: &[u8]) {
    drop(record::unframe(bytes).map(Record::decode));
    drop(Record::decode(bytes));
    drop(str::from_utf8(bytes).map(Manifest::parse));
    segment::fuzz(bytes);
}
