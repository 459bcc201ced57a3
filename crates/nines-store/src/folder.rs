//! The data folder: made private, and held by one process at a time.
//!
//! It must not know what is stored in the folder.

#[cfg(test)]
mod tests;

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process;

use jiff::Timestamp;

/// Holds the lock. The kernel lets go of it when the process dies, however it dies.
const LOCK_FILE: &str = "engine.lock";

/// A lock file says a process id and a time; more than this is not ours.
const HOLDER_BYTES_MAX: u64 = 128;

/// Only the owner: the folder holds telephone numbers and the hashes of tokens.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Why a data folder could not be opened. Each says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Two engines on one journal would both page.
    #[error("the data folder {} is in use by {holder}; stop it, or choose another --data", folder.display())]
    InUse {
        /// The data folder.
        folder: PathBuf,
        /// `process 1234 (since 2026-03-01T12:00:00Z)`, or `another process`.
        holder: String,
    },
    /// The folder or a file in it may not be written.
    #[error(
        "no permission to write to the data folder {}; make it writable for this user, or choose another --data",
        folder.display()
    )]
    NotPermitted {
        /// The data folder.
        folder: PathBuf,
    },
    /// No space is left.
    #[error("the disk of the data folder {} is full; free some space, or choose another --data", folder.display())]
    DiskFull {
        /// The data folder.
        folder: PathBuf,
    },
    /// A newer nines has written it.
    #[error(
        "the data folder {} has format {found}, this nines knows {known}; start a newer nines, or choose another --data",
        folder.display()
    )]
    Newer {
        /// The data folder.
        folder: PathBuf,
        /// What the file says.
        found: i64,
        /// The newest that this program reads.
        known: i64,
    },
    /// A newer nines has made the tables.
    #[error(
        "the database {place} has format {found}, this nines knows {known}; start a newer nines, or choose another --journal"
    )]
    NewerDatabase {
        /// The database.
        place: String,
        /// What it says.
        found: i64,
        /// The newest that this program reads.
        known: i64,
    },
    /// The database cannot be reached or used.
    #[error(
        "failed to open the journal in the database {place}; check that it runs and lets this user in"
    )]
    Database {
        /// The database.
        place: String,
        /// What the driver or the server said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store failed otherwise.
    #[error("failed to open the journal in {}", folder.display())]
    Failed {
        /// The data folder.
        folder: PathBuf,
        /// What the system or the store said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl OpenError {
    /// Names the two faults that people meet.
    pub(crate) fn from_io(folder: &Path, error: io::Error) -> Self {
        let folder = folder.to_owned();
        match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                Self::NotPermitted { folder }
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull { folder },
            _ => Self::Failed { folder, source: error.into() },
        }
    }
}

/// The exclusive hold on a data folder, for as long as the value lives.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Makes the folder if it is missing, and takes it without waiting.
    pub(crate) fn take(folder: &Path) -> Result<Self, OpenError> {
        let failed = |error| OpenError::from_io(folder, error);
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder).map_err(failed)?;
        let mut file = private_file(&folder.join(LOCK_FILE)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = holder(&mut file);
                return Err(OpenError::InUse { folder: folder.to_owned(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0).map_err(failed)?;
        writeln!(file, "{} {:.0}", process::id(), Timestamp::now()).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

/// Opens the file for reading and writing, and makes it for the owner alone if it is missing.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    // What is inside stays: another process may hold the file.
    options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE).open(path)
}

/// Who holds the lock, in words; an unreadable file is no reason for another error.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    if file.take(HOLDER_BYTES_MAX).read_to_string(&mut text).is_err() {
        text.clear();
    }
    let mut words = text.split_whitespace();
    match (words.next().and_then(|it| it.parse::<u32>().ok()), words.next()) {
        (Some(pid), Some(since)) => format!("process {pid} (since {since})"),
        (Some(pid), None) => format!("process {pid}"),
        _ => "another process".to_owned(),
    }
}
