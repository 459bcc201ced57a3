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
    /// After an error nobody knows which; the only safe way on is to open the journal again and read it.
    ///
    /// # Errors
    /// The store failed, or a `seq` exists already.
    fn append(&mut self, records: &[Record]) -> Result<(), JournalError>;

    /// At most `count_max` records with a higher `seq` than `after_seq`, in order.
    ///
    /// # Errors
    /// The store failed.
    fn read(&mut self, after_seq: u64, count_max: usize) -> Result<Vec<Record>, JournalError>;
}

/// Why the journal could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("failed to {action} the journal")]
pub struct JournalError {
    /// A verb: `open`, `append to`, `read`.
    pub action: &'static str,
    /// What the adapter said.
    pub source: Box<dyn Error + Send + Sync>,
}
