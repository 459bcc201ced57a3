//! The tables of the journal, their format number, and the count of epochs.

use sqlx::{Connection, SqliteConnection};

/// The format that this program writes, kept in SQLite's `user_version`. 0 is an empty file.
pub(super) const FORMAT: i64 = 1;

/// `at` is text, because an instant with nanoseconds does not fit an integer of SQLite in every year.
const TABLES: &[&str] = &[
    "CREATE TABLE fact (
        seq INTEGER PRIMARY KEY,
        epoch INTEGER NOT NULL,
        at TEXT NOT NULL,
        kind TEXT NOT NULL,
        version INTEGER NOT NULL,
        body BLOB NOT NULL,
        hash BLOB NOT NULL
    ) STRICT",
    "CREATE TABLE meta (epoch INTEGER NOT NULL) STRICT",
    "INSERT INTO meta (epoch) VALUES (0)",
    "PRAGMA user_version = 1",
];

/// Why a database cannot be used.
#[derive(Debug)]
pub(super) enum PrepareError {
    /// Its format is newer than [`FORMAT`].
    Newer { found: i64 },
    /// SQLite says no.
    Store(sqlx::Error),
}

impl From<sqlx::Error> for PrepareError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error)
    }
}

/// Makes the tables in an empty database, and begins the next epoch: both or nothing.
pub(super) async fn prepare(database: &mut SqliteConnection) -> Result<u64, PrepareError> {
    let mut commit = database.begin_with("BEGIN IMMEDIATE").await?;
    let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *commit).await?;
    if FORMAT < found {
        return Err(PrepareError::Newer { found });
    }
    if found == 0 {
        for statement in TABLES {
            sqlx::query(*statement).execute(&mut *commit).await?;
        }
    }
    let advance = "UPDATE meta SET epoch = epoch + 1 RETURNING epoch";
    let epoch: i64 = sqlx::query_scalar(advance).fetch_one(&mut *commit).await?;
    commit.commit().await?;
    Ok(epoch.unsigned_abs())
}
