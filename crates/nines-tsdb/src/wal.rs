//! The write-ahead log: numbered files of checked records. One record is one batch.
//!
//! A record is in the operating system's hands before its batch is acknowledged, so it survives the death of the
//! process; `sync` makes it survive the loss of power. This module must not know the head.

pub(crate) mod record;
mod scan;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::AppendError;
use crate::files::{numbered, sync_folder};

pub(crate) use record::{RECORD_BYTES_MAX, Record, RecordWriter};
pub(crate) use scan::scan;

/// The ending of the log's files.
pub(crate) const LOG: &str = "wal";
/// The ending of files that replace all earlier files of the log.
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// The end of the log, where records are added.
#[derive(Debug)]
pub(crate) struct Wal {
    dir: PathBuf,
    file_bytes_max: u64,
    number: u64,
    file: Arc<File>,
    /// Where the next record begins.
    length: u64,
    /// Bytes of the earlier files since the checkpoint.
    earlier_bytes: u64,
    tail: Tail,
    sync: Sync,
    /// Earlier files with records that may not survive the loss of power.
    unsynced: Vec<Arc<File>>,
    /// Bytes that were ever written by this process.
    position: u64,
    /// The next series gets this number.
    pub(crate) next_ref: u64,
}

/// What is after the last record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    Clean,
    /// Part of a record whose write failed.
    Torn,
}

/// Whether the file that is being written needs a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sync {
    Done,
    Needed,
}

impl Wal {
    /// Goes on after `length` bytes of file `number`, which is made if there is none.
    pub(crate) fn open(
        dir: &Path,
        number: u64,
        length: u64,
        file_bytes_max: u64,
    ) -> io::Result<Self> {
        let path = numbered(dir, number, LOG);
        let file =
            Arc::new(OpenOptions::new().create(true).truncate(false).write(true).open(path)?);
        sync_folder(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            file_bytes_max,
            number,
            sync: Sync::Needed,
            unsynced: Vec::new(),
            file,
            length,
            earlier_bytes: 0,
            tail: Tail::Clean,
            position: 0,
            next_ref: 1,
        })
    }

    /// What a restart would have to read after the checkpoint.
    pub(crate) fn bytes(&self) -> u64 {
        self.earlier_bytes + self.length
    }

    /// Grows with every record; not a place in a file.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// A checkpoint replaces so many bytes, which were [`Self::bytes`] when it began.
    pub(crate) fn forget(&mut self, bytes: u64) {
        self.earlier_bytes = self.earlier_bytes.saturating_sub(bytes);
    }

    pub(crate) fn set_earlier_bytes(&mut self, bytes: u64) {
        self.earlier_bytes = bytes;
    }

    /// Adds one record, or nothing.
    pub(crate) fn write(&mut self, record: &[u8]) -> Result<(), AppendError> {
        if RECORD_BYTES_MAX < record.len() {
            return Err(AppendError::TooLarge { bytes: record.len(), max: RECORD_BYTES_MAX });
        }
        self.clean_tail().map_err(AppendError::of_write)?;
        if self.file_bytes_max <= self.length {
            self.rotate().map_err(AppendError::of_write)?;
        }
        if let Err(error) = self.file.write_all_at(record, self.length) {
            self.tail = Tail::Torn;
            // The next write tries again if this does not succeed; a restart cuts it as well.
            drop(self.clean_tail());
            return Err(AppendError::of_write(error));
        }
        self.length += record.len() as u64;
        self.position += record.len() as u64;
        self.sync = Sync::Needed;
        Ok(())
    }

    fn clean_tail(&mut self) -> io::Result<()> {
        if self.tail == Tail::Torn {
            self.file.set_len(self.length)?;
            self.tail = Tail::Clean;
        }
        Ok(())
    }

    /// Goes on in a new file; returns the number of the one before.
    pub(crate) fn rotate(&mut self) -> io::Result<u64> {
        self.clean_tail()?;
        let number = self.number + 1;
        let path = numbered(&self.dir, number, LOG);
        let file = OpenOptions::new().create(true).truncate(true).write(true).open(path)?;
        sync_folder(&self.dir)?;
        let before = std::mem::replace(&mut self.file, Arc::new(file));
        if std::mem::replace(&mut self.sync, Sync::Done) == Sync::Needed {
            self.unsynced.push(before);
        }
        self.earlier_bytes += self.length;
        self.length = 0;
        Ok(std::mem::replace(&mut self.number, number))
    }

    /// The files that need a sync; after a failed one, give them back.
    pub(crate) fn take_unsynced(&mut self) -> Vec<Arc<File>> {
        let mut files = std::mem::take(&mut self.unsynced);
        if std::mem::replace(&mut self.sync, Sync::Done) == Sync::Needed {
            files.push(Arc::clone(&self.file));
        }
        files
    }

    pub(crate) fn give_back_unsynced(&mut self, files: Vec<Arc<File>>) {
        self.unsynced.extend(files);
    }
}

#[cfg(test)]
mod tests;
