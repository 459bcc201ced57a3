//! What goes wrong with files: findings that do not stop the store, and errors that stop one operation.

use std::io;
use std::path::PathBuf;

/// Something on the disk was not as it was left. The store goes on without it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Finding {
    /// The process or the machine died in the middle of a write; what was not acknowledged is cut off.
    #[error("cut {bytes} bytes of an unfinished write from {file:?}")]
    TornTail {
        /// A file of the write-ahead log.
        file: PathBuf,
        /// How much was cut.
        bytes: u64,
    },
    /// Bytes have changed since they were written; valid records follow.
    #[error("skipped {bytes} damaged bytes at offset {offset} of {file:?}")]
    DamagedRecord {
        /// A file of the write-ahead log.
        file: PathBuf,
        /// Where the damage begins.
        offset: u64,
        /// How much was skipped.
        bytes: u64,
    },
    /// Samples of series whose definition was in a damaged record.
    #[error(
        "left out {samples} samples of {file:?}, because the records that name their series are damaged"
    )]
    UnknownSeries {
        /// A file of the write-ahead log.
        file: PathBuf,
        /// How many samples.
        samples: u64,
    },
    /// A file of the write-ahead log should be there.
    #[error("{file:?} is missing")]
    MissingLog {
        /// Where it should be.
        file: PathBuf,
    },
    /// The segment cannot be trusted; it was renamed, and its samples are missing from answers.
    #[error("moved the damaged segment {file:?} to {moved_to:?}: {damage}")]
    DamagedSegment {
        /// Its old name.
        file: PathBuf,
        /// Its new name.
        moved_to: PathBuf,
        /// What is wrong with it.
        damage: Damage,
    },
    /// The manifest names a segment that is not there.
    #[error("the segment {file:?} is missing")]
    MissingSegment {
        /// Where it should be.
        file: PathBuf,
    },
    /// The list of files was damaged and has been made again from the folder.
    #[error("made the damaged manifest {file:?} again from the files in its folder: {damage}")]
    ManifestRebuilt {
        /// The manifest.
        file: PathBuf,
        /// What is wrong with it.
        damage: Damage,
    },
}

/// Bytes that do not say what they should say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Damage(pub(crate) &'static str);

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Two processes must not write to one folder.
    #[error("{folder:?} is in use by {holder}; stop it, or choose another data folder")]
    Locked {
        /// The data folder.
        folder: PathBuf,
        /// `process 123`, or `another process` where the number is unknown.
        holder: String,
    },
    /// The operating system refused.
    #[error("failed to {action} {path:?}")]
    Failed {
        /// A verb, such as `create`.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Why a batch was not appended; the `source` of a `SinkError`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// There is no space. Nothing is stored; when there is space again, the same batch is taken.
    #[error("the disk is full: free some space, or lower `retention_bytes`")]
    Full(#[source] io::Error),
    /// The operating system refused.
    #[error("failed to write to the write-ahead log")]
    Write(#[source] io::Error),
    /// The batch is stored, but may not survive the loss of power.
    #[error("failed to sync the write-ahead log")]
    Sync(#[source] io::Error),
    /// One batch is one record, and records have a limit.
    #[error(
        "the batch takes {bytes} bytes, more than the {max} of one record; send it in smaller parts"
    )]
    TooLarge {
        /// What it would take.
        bytes: usize,
        /// The limit.
        max: usize,
    },
}

impl AppendError {
    pub(crate) fn of_write(source: io::Error) -> Self {
        if is_full(&source) { Self::Full(source) } else { Self::Write(source) }
    }

    /// Whether the same batch may be taken later, as it is.
    pub fn is_temporary(&self) -> bool {
        !matches!(self, Self::TooLarge { .. })
    }
}

/// Whether space, a quota or a limit of size was used up.
fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

impl MaintainError {
    /// Whether there is no space; appends go on as long as the log can be written.
    pub fn is_full(&self) -> bool {
        is_full(&self.source)
    }
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// A snapshot never overwrites anything.
    #[error("{path:?} exists; choose a folder that does not")]
    Exists {
        /// Where the snapshot should have been.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("failed to write a snapshot to {path:?}")]
    Failed {
        /// Where it should have been.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Why maintenance stopped. Nothing is lost; the next one tries again.
#[derive(Debug, thiserror::Error)]
#[error("failed to {action} {path:?}")]
pub struct MaintainError {
    /// A verb, such as `write`.
    pub action: &'static str,
    /// On what.
    pub path: PathBuf,
    /// What the operating system said.
    pub source: io::Error,
}
