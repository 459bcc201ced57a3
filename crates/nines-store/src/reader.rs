//! Reading a journal beside its writer, wherever it is. It writes nothing.

use std::fmt;
use std::path::PathBuf;

use nines_port::{JournalError, Record};

use crate::postgres::{PostgresPlace, PostgresReader};
use crate::sqlite::SqliteReader;

/// Where a journal is.
#[derive(Debug, Clone)]
pub enum JournalPlace {
    /// In this data folder, for one process.
    Folder(PathBuf),
    /// In a database, for several.
    Postgres(PostgresPlace),
}

impl fmt::Display for JournalPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::Postgres(place) => write!(f, "{place}"),
        }
    }
}

impl JournalPlace {
    /// Opens the journal for reading; somebody else may own it.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn reader(&self) -> Result<JournalReader, JournalError> {
        Ok(JournalReader(match self {
            Self::Folder(folder) => Adapter::Sqlite(SqliteReader::open(folder)?),
            Self::Postgres(place) => Adapter::Postgres(PostgresReader::open(place)?),
        }))
    }
}

/// A journal that somebody else may own.
#[derive(Debug)]
pub struct JournalReader(Adapter);

#[derive(Debug)]
enum Adapter {
    Sqlite(SqliteReader),
    Postgres(PostgresReader),
}

impl JournalReader {
    /// Records after `after_seq`, oldest first, at most `count_max`.
    ///
    /// # Errors
    /// The store failed, or a record is damaged.
    pub fn read(&mut self, after_seq: u64, count_max: usize) -> Result<Vec<Record>, JournalError> {
        match &mut self.0 {
            Adapter::Sqlite(reader) => reader.read(after_seq, count_max),
            Adapter::Postgres(reader) => reader.read(after_seq, count_max),
        }
    }
}
