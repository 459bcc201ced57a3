//! The journal of several processes: a schema of a PostgreSQL database.
//!
//! One process writes at a time, the others follow. Three fences keep a process that lost its turn from writing: every
//! append locks and checks the epoch of the lease in the same statement, the sequence number is the primary key, and a
//! holder's first append starts its epoch. Nothing here may look into the body of a record.

mod lease;
mod link;
mod schema;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nines_port::{Failure, HASH_BYTES, Journal, JournalError, Record, SharedJournal, Turn};
use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use url::Url;

use crate::OpenError;
use crate::folder::FolderLock;
use lease::{Lease, Taken};
use link::{CONNECT_MAX, Link};

/// A read takes no longer, or fails.
const READ_TIME_MAX: Duration = Duration::from_secs(30);
/// A look at the lease takes no longer, or fails.
const TURN_TIME_MAX: Duration = Duration::from_secs(1);
/// After a connection broke in the middle of an append.
const AGAIN: Duration = Duration::from_millis(50);

/// The conditions that have a remedy. Source: PostgreSQL 15, appendix A.
const UNIQUE_VIOLATION: &str = "23505";
const DISK_FULL: &str = "53100";

/// The epoch's row is read for its key, so that a takeover waits for this append, and this append finds nothing after
/// a takeover; a renewal disturbs neither.
const APPEND: &str = "WITH fence AS MATERIALIZED \
    (SELECT epoch FROM nines.engine_lease WHERE epoch = $1 FOR KEY SHARE) \
    INSERT INTO nines.fact (seq, epoch, at, kind, version, body, hash) \
    SELECT it.seq, it.epoch, it.at, it.kind, it.version, it.body, it.hash FROM fence, \
    UNNEST($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::integer[], $7::bytea[], $8::bytea[]) \
    AS it (seq, epoch, at, kind, version, body, hash)";
const READ: &str = "SELECT seq, epoch, at, kind, version, body, hash FROM nines.fact \
    WHERE seq > $1 ORDER BY seq LIMIT $2";
/// How many of these records are there, as they are here.
const LOOK_UP: &str = "SELECT count(*) FROM nines.fact \
    JOIN UNNEST($1::bigint[], $2::bytea[]) AS it (seq, hash) USING (seq, hash)";

/// A database, as `postgres://` names it, without a password.
#[derive(Clone)]
pub struct PostgresPlace {
    options: Box<PgConnectOptions>,
    shown: String,
}

impl fmt::Debug for PostgresPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PostgresPlace").field(&self.shown).finish()
    }
}

impl fmt::Display for PostgresPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Why a text names no database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// It is no URL of a PostgreSQL database.
    #[error("`{text}` is no address of a PostgreSQL database; write postgres://USER@HOST/DATABASE")]
    Invalid {
        /// What was given.
        text: String,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Everybody on the machine can read the arguments of a process.
    #[error(
        "the address of the database holds a password, which every user of this machine could read; put it into ~/.pgpass, the file that PGPASSFILE names, or PGPASSWORD"
    )]
    HoldsPassword,
}

impl PostgresPlace {
    /// Reads `postgres://USER@HOST/DATABASE`, with the parameters of libpq that the driver knows. What is missing, and
    /// the password, come from where `psql` takes them.
    ///
    /// # Errors
    /// See [`PlaceError`].
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        let invalid = |source: Box<dyn std::error::Error + Send + Sync>| PlaceError::Invalid {
            text: text.to_owned(),
            source,
        };
        let url = Url::parse(text).map_err(|error| invalid(Box::new(error)))?;
        if url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password") {
            return Err(PlaceError::HoldsPassword);
        }
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(invalid(format!("its scheme is `{}`", url.scheme()).into()));
        }
        let options: PgConnectOptions =
            text.parse().map_err(|error: sqlx::Error| invalid(Box::new(error)))?;
        let options = options
            .application_name("nines")
            .options([("synchronous_commit", "on"), ("client_min_messages", "warning")]);
        Ok(Self { options: Box::new(options), shown: text.to_owned() })
    }
}

/// How this process appears to the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// For people, such as `host-a, process 4711`.
    pub name: String,
    /// Where it answers requests, such as `http://10.0.0.7:9292`.
    pub address: String,
}

/// A process that follows the journal, and waits for its turn to write.
pub struct PostgresStandby {
    place: PostgresPlace,
    replica: Replica,
    link: Link,
    lock: Arc<FolderLock>,
}

impl fmt::Debug for PostgresStandby {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, replica, .. } = self;
        f.debug_struct("PostgresStandby")
            .field("place", place)
            .field("replica", replica)
            .finish_non_exhaustive()
    }
}

impl PostgresStandby {
    /// Connects, and makes the tables if they are missing. `folder` holds what this process keeps for itself, such as
    /// samples; it is made if it is missing, and no other process may have it.
    ///
    /// # Errors
    /// The folder is in use, or the database cannot be reached or used.
    pub fn open(place: PostgresPlace, folder: &Path, replica: Replica) -> Result<Self, OpenError> {
        let lock = Arc::new(FolderLock::take(folder)?);
        let link = Link::new(PgConnectOptions::clone(&place.options));
        let mut link = link.map_err(|error| OpenError::from_io(folder, error))?;
        let deadline = Instant::now() + CONNECT_MAX;
        let patience = || deadline.checked_duration_since(Instant::now());
        let prepared = link.run(patience, schema::prepare, |_| true);
        prepared.map_err(|error| match error {
            schema::PrepareError::Newer { found } => OpenError::NewerDatabase {
                place: place.to_string(),
                found: i64::from(found),
                known: i64::from(schema::FORMAT),
            },
            schema::PrepareError::Store(error) => {
                OpenError::Database { place: place.to_string(), source: error.into() }
            }
        })?;
        Ok(Self { place, replica, link, lock })
    }

    /// What all replicas of this installation share: the `offer` of the first.
    ///
    /// # Errors
    /// The database failed.
    pub fn installation(&mut self, offer: &[u8]) -> Result<Vec<u8>, JournalError> {
        let agreed = self.link.ask(Instant::now() + READ_TIME_MAX, async |database| {
            schema::installation(database, offer).await
        });
        agreed.map_err(|error| JournalError::unknown("read the installation of", error))
    }
}

impl SharedJournal for PostgresStandby {
    fn read(&mut self, after_seq: u64, count_max: usize) -> Result<Vec<Record>, JournalError> {
        read(&mut self.link, after_seq, count_max)
    }

    fn acquire(&mut self) -> Result<Turn, JournalError> {
        let Self { replica, link, .. } = self;
        let asked = Instant::now();
        let taken = link.ask(asked + TURN_TIME_MAX, async |database| {
            lease::take(database, &replica.name, &replica.address).await
        });
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            JournalError::rolled_back("take the turn to write", error)
        };
        match taken.map_err(|error| failed(error.into()))? {
            Taken::Theirs(holder) => Ok(Turn::Theirs(holder)),
            Taken::Ours { epoch } => {
                let options = PgConnectOptions::clone(&self.place.options);
                let kept = Lease::keep(options.clone(), epoch, asked);
                let journal = kept.and_then(|lease| {
                    let link = Link::new(options)?;
                    Ok(PostgresJournal { epoch, lease, link, _lock: Arc::clone(&self.lock) })
                });
                Ok(Turn::Ours(Box::new(journal.map_err(|error| failed(error.into()))?)))
            }
        }
    }
}

/// The journal of the process whose turn it is.
pub struct PostgresJournal {
    epoch: u64,
    lease: Lease,
    link: Link,
    _lock: Arc<FolderLock>,
}

impl fmt::Debug for PostgresJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.link.options().get_database();
        f.debug_struct("PostgresJournal")
            .field("database", &database)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

impl Journal for PostgresJournal {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The statement is sent again when a connection breaks: if the first one arrived after all, the primary key
    /// refuses the second, and a look at the records tells whose they are.
    fn append(&mut self, records: &[Record]) -> Result<(), JournalError> {
        if records.is_empty() {
            return Ok(());
        }
        let columns = Columns::of(records);
        let mut was_sent = false;
        while self.lease.remaining().is_some() {
            let Self { epoch, lease, link, .. } = self;
            let insert = async |database: &mut PgConnection| columns.insert(*epoch, database).await;
            match link.run(|| lease.remaining(), insert, link::is_answer) {
                Ok(written) if written == records.len() as u64 => return Ok(()),
                Ok(_) => {
                    self.lease.lose();
                    break;
                }
                Err(error) if is(&error, UNIQUE_VIOLATION) && was_sent => {
                    return self.find(&columns, records.len());
                }
                Err(error) if is(&error, DISK_FULL) => {
                    let problem = "the disk of the database is full; free some space";
                    return Err(JournalError::rolled_back("append to", problem));
                }
                Err(error) if link::is_answer(&error) => {
                    return Err(JournalError::unknown("append to", error));
                }
                Err(_) => {
                    was_sent = true;
                    std::thread::sleep(AGAIN);
                }
            }
        }
        let problem =
            "another process writes now, or may do so: this one did not renew its turn in time";
        Err(JournalError { action: "append to", failure: Failure::Fenced, source: problem.into() })
    }

    fn read(&mut self, after_seq: u64, count_max: usize) -> Result<Vec<Record>, JournalError> {
        read(&mut self.link, after_seq, count_max)
    }

    fn may_write(&mut self) -> bool {
        self.lease.remaining().is_some()
    }
}

impl PostgresJournal {
    /// Whether these records are there, as they are here.
    fn find(&mut self, columns: &Columns<'_>, count: usize) -> Result<(), JournalError> {
        let Self { lease, link, .. } = self;
        let count_them = async |database: &mut PgConnection| columns.count(database).await;
        match link.run(|| lease.remaining(), count_them, link::is_answer) {
            Ok(found) if found == count as u64 => Ok(()),
            Ok(_) => Err(JournalError::unknown("append to", "other records have these numbers")),
            Err(error) => Err(JournalError::unknown("look up an append in", error)),
        }
    }
}

/// A journal that somebody else writes.
pub(crate) struct PostgresReader {
    place: PostgresPlace,
    link: Box<Link>,
}

impl fmt::Debug for PostgresReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresReader").field("place", &self.place).finish_non_exhaustive()
    }
}

impl PostgresReader {
    pub(crate) fn open(place: &PostgresPlace) -> Result<Self, JournalError> {
        let link = Link::new(PgConnectOptions::clone(&place.options));
        let link = link.map_err(|error| JournalError::unknown("open for reading", error))?;
        Ok(Self { place: place.clone(), link: Box::new(link) })
    }

    pub(crate) fn read(
        &mut self,
        after_seq: u64,
        count_max: usize,
    ) -> Result<Vec<Record>, JournalError> {
        read(&mut self.link, after_seq, count_max)
    }
}

/// Records as the arrays of one statement.
struct Columns<'a> {
    seqs: Vec<i64>,
    epochs: Vec<i64>,
    instants: Vec<String>,
    kinds: Vec<&'a str>,
    versions: Vec<i32>,
    bodies: Vec<&'a [u8]>,
    hashes: Vec<&'a [u8]>,
}

impl<'a> Columns<'a> {
    fn of(records: &'a [Record]) -> Self {
        Self {
            seqs: records.iter().map(|it| stored(it.seq)).collect(),
            epochs: records.iter().map(|it| stored(it.epoch)).collect(),
            instants: records.iter().map(|it| it.at.to_string()).collect(),
            kinds: records.iter().map(|it| it.kind.as_str()).collect(),
            versions: records.iter().map(|it| i32::from(it.version)).collect(),
            bodies: records.iter().map(|it| it.body.as_slice()).collect(),
            hashes: records.iter().map(|it| it.hash.as_slice()).collect(),
        }
    }

    /// Writes them in one round trip, if `epoch` is the present one. Gives how many were written: all or none.
    async fn insert(&self, epoch: u64, database: &mut PgConnection) -> Result<u64, sqlx::Error> {
        let insert = sqlx::query(APPEND)
            .bind(stored(epoch))
            .bind(&self.seqs)
            .bind(&self.epochs)
            .bind(&self.instants)
            .bind(&self.kinds)
            .bind(&self.versions)
            .bind(&self.bodies)
            .bind(&self.hashes);
        Ok(insert.execute(database).await?.rows_affected())
    }

    async fn count(&self, database: &mut PgConnection) -> Result<u64, sqlx::Error> {
        let count = sqlx::query_scalar(LOOK_UP).bind(&self.seqs).bind(&self.hashes);
        Ok(number(count.fetch_one(database).await?))
    }
}

/// `seq, epoch, at, kind, version, body, hash`
type Row = (i64, i64, String, String, i32, Vec<u8>, Vec<u8>);

fn read(link: &mut Link, after_seq: u64, count_max: usize) -> Result<Vec<Record>, JournalError> {
    let rows: Result<Vec<Row>, sqlx::Error> =
        link.ask(Instant::now() + READ_TIME_MAX, async |database| {
            sqlx::query_as(READ)
                .bind(stored(after_seq))
                .bind(i64::try_from(count_max).unwrap_or(i64::MAX))
                .fetch_all(database)
                .await
        });
    let rows = rows.map_err(|error| JournalError::unknown("read", error))?;
    rows.into_iter()
        .map(|row| {
            let seq = row.0;
            record(row).ok_or_else(|| {
                let problem =
                    format!("record {seq} is damaged; restore the database from a backup");
                JournalError::unknown("read", problem)
            })
        })
        .collect()
}

/// The record of a row, or `None` if no append can have written it.
fn record((seq, epoch, at, kind, version, body, hash): Row) -> Option<Record> {
    Some(Record {
        seq: u64::try_from(seq).ok()?,
        epoch: u64::try_from(epoch).ok()?,
        at: at.parse().ok()?,
        kind,
        version: u16::try_from(version).ok()?,
        body,
        hash: <[u8; HASH_BYTES]>::try_from(hash).ok()?,
    })
}

fn is(error: &sqlx::Error, code: &str) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|it| it == code)
}

/// PostgreSQL's integers are signed; nobody lives to see the end of them.
fn stored(number: u64) -> i64 {
    i64::try_from(number).expect("a journal has fewer than 2^63 records and openings")
}

/// The other way; what is below zero was never stored.
fn number(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or_default()
}
