//! The journal port: where facts become durable.

use std::error::Error;
use std::fmt;

use jiff::Timestamp;

/// The length of a record's hash: SHA-256.
pub const HASH_BYTES: usize = 32;

/// One fact as stores see it. The engine makes the bytes and the hash; an adapter keeps them unread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Counts from 1 without gaps.
    pub seq: u64,
    /// Which opening of the journal wrote it; each opening has a higher one.
    pub epoch: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// The kind of fact, such as `alert`.
    pub kind: String,
    /// The version of the body's shape within its kind.
    pub version: u16,
    /// The fact.
    pub body: Vec<u8>,
    /// SHA-256 of the previous record's hash and everything above.
    pub hash: [u8; HASH_BYTES],
}

/// The durable, append-only record of every fact.
pub trait Journal: fmt::Debug + Send {
    /// The epoch of this opening: one higher than that of every opening before.
    fn epoch(&self) -> u64;

    /// Makes all `records` durable, or none, before it returns: one group commit.
    ///
    /// After an error that says [`Failure::RolledBack`] nothing was written, and a later append may succeed. After
    /// any other nobody knows; the only safe way on is to open the journal again and read it.
    ///
    /// # Errors
    /// The store failed, or a `seq` exists already.
    fn append(&mut self, records: &[Record]) -> Result<(), JournalError>;

    /// At most `count_max` records with a higher `seq` than `after_seq`, in order.
    ///
    /// # Errors
    /// The store failed.
    fn read(&mut self, after_seq: u64, count_max: usize) -> Result<Vec<Record>, JournalError>;

    /// Whether this process may still write. Once it may not, it never may again under this opening.
    fn may_write(&mut self) -> bool {
        true
    }

    /// How much room there is for more, as far as the store knows.
    fn room(&mut self) -> Room {
        Room::Ample
    }
}

/// How much room a journal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// Enough.
    Ample,
    /// Little: it is kept for what cannot wait. Notes can.
    Low,
    /// The reserve has been given up.
    ReserveSpent,
}

/// A journal of several processes, of which one writes at a time, seen by one that waits for its turn.
pub trait SharedJournal: fmt::Debug + Send {
    /// At most `count_max` records with a higher `seq` than `after_seq`, in order.
    ///
    /// # Errors
    /// The store failed.
    fn read(&mut self, after_seq: u64, count_max: usize) -> Result<Vec<Record>, JournalError>;

    /// Becomes the writer, unless somebody is. Nobody else can write from then on; what was written before must be
    /// read before the first append.
    ///
    /// # Errors
    /// The store failed.
    fn acquire(&mut self) -> Result<Turn, JournalError>;
}

/// Whose turn it is to write.
#[derive(Debug)]
pub enum Turn {
    /// Ours, in a new epoch.
    Ours(Box<dyn Journal>),
    /// Somebody else's.
    Theirs(Holder),
}

/// Who writes a shared journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The epoch in which it writes.
    pub epoch: u64,
    /// Where it answers requests, such as `http://10.0.0.7:9292`.
    pub address: String,
}

/// Why the journal could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("failed to {action} the journal")]
pub struct JournalError {
    /// A verb: `open`, `append to`, `read`.
    pub action: &'static str,
    /// What it means for those who come after.
    pub failure: Failure,
    /// What the adapter said.
    pub source: Box<dyn Error + Send + Sync>,
}

impl JournalError {
    /// An error after which nobody knows what is durable.
    pub fn unknown(action: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { action, failure: Failure::Unknown, source: source.into() }
    }

    /// An error that has changed nothing.
    pub fn rolled_back(
        action: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { action, failure: Failure::RolledBack, source: source.into() }
    }
}

/// What a failure leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nothing has changed, and trying again later makes sense.
    RolledBack,
    /// Nobody knows what is durable.
    Unknown,
    /// Somebody else is the writer now, or may be.
    Fenced,
}
