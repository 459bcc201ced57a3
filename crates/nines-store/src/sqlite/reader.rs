//! Reading the journal beside its owner: for audits, while a server runs or on a copy. It writes nothing.

use std::fmt;
use std::path::{Path, PathBuf};

use nines_port::{JournalError, Record};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use tokio::runtime::{self, Runtime};

use super::{DATABASE_FILE, records, select};

/// A journal that somebody else may own.
pub(crate) struct SqliteReader {
    folder: PathBuf,
    database: SqliteConnection,
    runtime: Runtime,
}

impl fmt::Debug for SqliteReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteReader").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl SqliteReader {
    /// Opens the journal in `folder` for reading.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub(crate) fn open(folder: &Path) -> Result<Self, JournalError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| {
            JournalError::unknown("open for reading", source)
        };
        let file = folder.join(DATABASE_FILE);
        if !file.is_file() {
            return Err(failed(format!("{} holds no journal", folder.display()).into()));
        }
        let runtime = runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|error| failed(Box::new(error)))?;
        let options = SqliteConnectOptions::new().filename(file).read_only(true);
        let opened = runtime.block_on(SqliteConnection::connect_with(&options));
        let database = opened.map_err(|error| failed(Box::new(error)))?;
        Ok(Self { folder: folder.to_owned(), database, runtime })
    }

    /// Records after `after_seq`, oldest first, at most `count_max`.
    ///
    /// # Errors
    /// The file cannot be read, or a record is damaged.
    pub(crate) fn read(
        &mut self,
        after_seq: u64,
        count_max: usize,
    ) -> Result<Vec<Record>, JournalError> {
        let Self { runtime, database, .. } = self;
        let rows = runtime.block_on(select(after_seq, count_max).fetch_all(database));
        let failed = |error: sqlx::Error| JournalError::unknown("read", error);
        records(rows.map_err(failed)?)
    }
}
