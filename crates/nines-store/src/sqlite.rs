//! The embedded journal: one SQLite file.
//!
//! SQLite runs with a write-ahead log and full synchronisation, so that an append is on the disk when it
//! returns. The library is async, the port is not: the runtime stays inside, and the journal must be used
//! and dropped on a plain thread. Nothing here may look into the body of a record.

mod checkpoint;
mod reader;
mod schema;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use nines_port::{HASH_BYTES, Journal, JournalError, Record, Room};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection};
use tokio::runtime::{self, Runtime};

pub(crate) use reader::SqliteReader;

use crate::OpenError;
use crate::folder::{FolderLock, private_file};
use crate::reserve::{RESERVE_BYTES, Reserve, RoomGauge};
use checkpoint::Checkpointer;

/// The database within the data folder.
const DATABASE_FILE: &str = "journal.sqlite";

/// Rows of one `INSERT`, which is a commit of its own if all fit: most of the time of a group commit is spent between
/// statements, not in them. SQLite takes 32,766 values in a statement.
const ROWS_PER_INSERT: usize = 512;

/// Appends differ in length, and each length of the last `INSERT` is a statement of its own.
const CACHED_STATEMENTS_MAX: usize = 64;

/// The primary result codes of SQLite that have a remedy. Source: sqlite.org/rescode.html.
const SQLITE_READONLY: i32 = 8;
const SQLITE_FULL: i32 = 13;
const SQLITE_CANTOPEN: i32 = 14;

/// The journal in one SQLite file, and the hold on its folder.
pub struct SqliteJournal {
    folder: PathBuf,
    epoch: u64,
    reserve: Reserve,
    // Dropped in this order: the database is closed before another process may have the folder.
    checkpointer: Checkpointer,
    database: SqliteConnection,
    runtime: Runtime,
    _lock: FolderLock,
}

impl SqliteJournal {
    /// Opens the journal in `folder`, which is made if it is missing, and begins the next epoch.
    ///
    /// # Errors
    /// Another process holds the folder, or it cannot be written.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        Self::open_with(folder, RESERVE_BYTES)
    }

    /// [`Self::open`] with another reserve.
    pub(crate) fn open_with(folder: &Path, reserve_bytes: u64) -> Result<Self, OpenError> {
        let lock = FolderLock::take(folder)?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_time() // for the time limit on a busy database
            .build()
            .map_err(|error| OpenError::from_io(folder, error))?;
        let file = folder.join(DATABASE_FILE);
        // SQLite would let everybody read it; its other files take their mode from this one.
        private_file(&file).map_err(|error| OpenError::from_io(folder, error))?;
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            // A thread of its own does it, so that no commit waits for it.
            .pragma("wal_autocheckpoint", "0")
            .statement_cache_capacity(CACHED_STATEMENTS_MAX);
        let opened = runtime.block_on(async {
            let mut database = SqliteConnection::connect_with(&options).await?;
            let epoch = schema::prepare(&mut database).await?;
            Ok((database, epoch))
        });
        let (database, epoch) = opened.map_err(|error| open_error(folder, error))?;
        let checkpointer = Checkpointer::spawn(&file);
        let checkpointer = checkpointer.map_err(|error| OpenError::from_io(folder, error))?;
        let (folder, reserve) = (folder.to_owned(), Reserve::new(folder, reserve_bytes));
        Ok(Self { folder, epoch, reserve, checkpointer, database, runtime, _lock: lock })
    }

    /// How much room the folder has, for whoever tells people.
    pub fn gauge(&self) -> RoomGauge {
        self.reserve.gauge()
    }

    fn write(&mut self, records: &[Record]) -> Result<(), sqlx::Error> {
        let Self { runtime, database, .. } = self;
        runtime.block_on(async {
            if records.len() <= ROWS_PER_INSERT {
                insert(records).build().execute(database).await?;
                return Ok(());
            }
            // SQLite may end a transaction itself when the disk is full, which the library's own do not expect.
            sqlx::query("BEGIN IMMEDIATE").execute(&mut *database).await?;
            let written = insert_all(records, database).await;
            if written.is_err() {
                // If it is gone already, there is nothing to roll back; if it is not, the next one cannot begin.
                drop(sqlx::query("ROLLBACK").execute(database).await);
            }
            written
        })
    }

    fn failed_to(&self, action: &'static str, error: sqlx::Error) -> JournalError {
        let place = self.folder.display();
        let source: Box<dyn std::error::Error + Send + Sync> = match primary_code(&error) {
            Some(SQLITE_FULL) => {
                // SQLite undoes the statement, and what belongs to its transaction.
                let problem = format!("the disk of {place} is full; free some space");
                return JournalError::rolled_back(action, problem);
            }
            Some(SQLITE_READONLY | SQLITE_CANTOPEN) => {
                format!("no permission to write in {place}; make it writable and start again")
                    .into()
            }
            _ => error.into(),
        };
        JournalError::unknown(action, source)
    }
}

impl fmt::Debug for SqliteJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteJournal")
            .field("folder", &self.folder)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

impl Journal for SqliteJournal {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn append(&mut self, records: &[Record]) -> Result<(), JournalError> {
        if records.is_empty() {
            return Ok(());
        }
        let mut written = self.write(records);
        if written.as_ref().is_err_and(is_full) && self.reserve.spend() {
            written = self.write(records);
        }
        written.map_err(|error| self.failed_to("append to", error))?;
        self.checkpointer.count(records);
        Ok(())
    }

    fn room(&mut self) -> Room {
        self.reserve.look()
    }

    fn read(&mut self, after_seq: u64, count_max: usize) -> Result<Vec<Record>, JournalError> {
        let Self { runtime, database, .. } = self;
        let rows = runtime.block_on(select(after_seq, count_max).fetch_all(database));
        records(rows.map_err(|error| self.failed_to("read", error))?)
    }
}

type Select = sqlx::query::QueryAs<'static, Sqlite, Row, sqlx::sqlite::SqliteArguments>;

/// Records after `after_seq`, oldest first, at most `count_max`.
fn select(after_seq: u64, count_max: usize) -> Select {
    let select = "SELECT seq, epoch, at, kind, version, body, hash FROM fact \
        WHERE seq > ? ORDER BY seq LIMIT ?";
    sqlx::query_as(select)
        .bind(stored(after_seq))
        .bind(i64::try_from(count_max).unwrap_or(i64::MAX))
}

fn records(rows: Vec<Row>) -> Result<Vec<Record>, JournalError> {
    rows.into_iter()
        .map(|row| {
            let seq = row.0;
            record(row).ok_or_else(|| {
                let problem =
                    format!("record {seq} is damaged; restore the data folder from a backup");
                JournalError::unknown("read", problem)
            })
        })
        .collect()
}

/// `seq, epoch, at, kind, version, body, hash`
type Row = (i64, i64, String, String, i64, Vec<u8>, Vec<u8>);

async fn insert_all(
    records: &[Record],
    database: &mut SqliteConnection,
) -> Result<(), sqlx::Error> {
    for rows in records.chunks(ROWS_PER_INSERT) {
        insert(rows).build().execute(&mut *database).await?;
    }
    sqlx::query("COMMIT").execute(database).await?;
    Ok(())
}

fn insert(records: &[Record]) -> QueryBuilder<Sqlite> {
    let head = "INSERT INTO fact (seq, epoch, at, kind, version, body, hash) ";
    let mut insert = QueryBuilder::new(head);
    insert.push_values(records, |mut row, it| {
        row.push_bind(stored(it.seq))
            .push_bind(stored(it.epoch))
            .push_bind(it.at.to_string())
            .push_bind(it.kind.clone())
            .push_bind(i64::from(it.version))
            .push_bind(it.body.clone())
            .push_bind(it.hash.to_vec());
    });
    insert
}

/// The record of a row, or `None` if no append can have written it.
fn record((seq, epoch, at, kind, version, body, hash): Row) -> Option<Record> {
    Some(Record {
        seq: u64::try_from(seq).ok()?,
        epoch: u64::try_from(epoch).ok()?,
        at: at.parse::<Timestamp>().ok()?,
        kind,
        version: u16::try_from(version).ok()?,
        body,
        hash: <[u8; HASH_BYTES]>::try_from(hash).ok()?,
    })
}

/// SQLite's integers are signed; nobody lives to see the end of them.
fn stored(number: u64) -> i64 {
    i64::try_from(number).expect("a journal has fewer than 2^63 records and openings")
}

fn is_full(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(SQLITE_FULL)
}

fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    // The low byte of an extended code is the primary one.
    Some(code.parse::<i32>().ok()? & 0xff)
}

fn open_error(folder: &Path, error: schema::PrepareError) -> OpenError {
    let folder = folder.to_owned();
    match error {
        schema::PrepareError::Newer { found } => {
            OpenError::Newer { folder, found, known: schema::FORMAT }
        }
        schema::PrepareError::Store(error) => match primary_code(&error) {
            Some(SQLITE_FULL) => OpenError::DiskFull { folder },
            Some(SQLITE_READONLY | SQLITE_CANTOPEN) => OpenError::NotPermitted { folder },
            _ => OpenError::Failed { folder, source: error.into() },
        },
    }
}
