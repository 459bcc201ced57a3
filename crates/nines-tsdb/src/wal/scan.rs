//! Reading a file of the log: every valid record, and what is wrong between and after them.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use crate::Finding;
use crate::wal::Record;
use crate::wal::record::{HEADER_BYTES, MAGIC, unframe};

/// What was wrong with a file.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    /// Up to the end of the last valid record; the rest has been cut off.
    pub(crate) length: u64,
    pub(crate) findings: Vec<Finding>,
}

/// Reads a file of the log, and cuts an unfinished write at its end.
///
/// A changed bit in the last record cannot be told from an unfinished write.
pub(crate) fn scan(path: &Path, on_record: &mut dyn FnMut(&Record)) -> io::Result<Scanned> {
    let bytes = fs::read(path)?;
    let mut scanned = Scanned::default();
    let mut offset = 0;
    while let Some(found) = next_record(&bytes, offset) {
        if offset < found.at {
            scanned.findings.push(Finding::DamagedRecord {
                file: path.to_owned(),
                offset: offset as u64,
                bytes: (found.at - offset) as u64,
            });
        }
        on_record(&found.record);
        offset = found.end;
    }
    scanned.length = offset as u64;
    let torn = (bytes.len() - offset) as u64;
    if 0 < torn {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(scanned.length)?;
        file.sync_all()?;
        scanned.findings.push(Finding::TornTail { file: path.to_owned(), bytes: torn });
    }
    Ok(scanned)
}

#[derive(Debug)]
struct Found {
    record: Record,
    at: usize,
    end: usize,
}

/// The first valid record at or after `offset`.
fn next_record(bytes: &[u8], offset: usize) -> Option<Found> {
    let mut at = offset;
    loop {
        let rest = bytes.get(at..)?;
        if let Ok(payload) = unframe(rest)
            && let Ok(record) = Record::decode(payload)
        {
            return Some(Found { record, at, end: at + HEADER_BYTES + payload.len() });
        }
        let after = rest.get(1..)?;
        at += 1 + after.windows(MAGIC.len()).position(|it| it == MAGIC)?;
    }
}
