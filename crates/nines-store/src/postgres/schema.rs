//! The tables of the journal in PostgreSQL, their format number, and what all replicas of an installation share.

use sqlx::{Connection, PgConnection};

/// The format that this program writes, kept in `nines.meta`.
pub(super) const FORMAT: i32 = 1;

/// Several processes may find the database empty at once. The number is arbitrary; it must not change.
const PREPARE_LOCK: i64 = 0x6e69_6e65_7321;

/// `at` is text, because `timestamptz` has microseconds and the chain of hashes nanoseconds. `epoch` is the key of the
/// lease, so that a change of it locks out whoever holds `FOR KEY SHARE`, and a renewal does not.
const TABLES: &[&str] = &[
    "CREATE SCHEMA IF NOT EXISTS nines",
    "CREATE TABLE nines.fact (
        seq bigint PRIMARY KEY,
        epoch bigint NOT NULL,
        at text NOT NULL,
        kind text NOT NULL,
        version integer NOT NULL,
        body bytea NOT NULL,
        hash bytea NOT NULL
    )",
    "CREATE TABLE nines.engine_lease (
        epoch bigint PRIMARY KEY,
        holder text NOT NULL,
        address text NOT NULL,
        expires_at timestamptz NOT NULL
    )",
    "INSERT INTO nines.engine_lease VALUES (0, '', '', '-infinity')",
    "CREATE TABLE nines.meta (format integer NOT NULL, installation bytea)",
    "INSERT INTO nines.meta (format) VALUES (1)",
];

/// Why a database cannot be used.
#[derive(Debug)]
pub(super) enum PrepareError {
    /// Its format is newer than [`FORMAT`].
    Newer { found: i32 },
    /// The server says no, or cannot be reached.
    Store(sqlx::Error),
}

impl From<sqlx::Error> for PrepareError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error)
    }
}

/// Makes the tables in an empty database: all or nothing.
pub(super) async fn prepare(database: &mut PgConnection) -> Result<(), PrepareError> {
    let mut commit = database.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(PREPARE_LOCK)
        .execute(&mut *commit)
        .await?;
    let exists: bool = sqlx::query_scalar("SELECT to_regclass('nines.meta') IS NOT NULL")
        .fetch_one(&mut *commit)
        .await?;
    if !exists {
        for statement in TABLES {
            sqlx::query(*statement).execute(&mut *commit).await?;
        }
    }
    let found: i32 =
        sqlx::query_scalar("SELECT format FROM nines.meta").fetch_one(&mut *commit).await?;
    if FORMAT < found {
        return Err(PrepareError::Newer { found });
    }
    commit.commit().await?;
    Ok(())
}

/// What all replicas share: the first one's offer, whoever comes later.
pub(super) async fn installation(
    database: &mut PgConnection,
    offer: &[u8],
) -> Result<Vec<u8>, sqlx::Error> {
    let agree =
        "UPDATE nines.meta SET installation = COALESCE(installation, $1) RETURNING installation";
    sqlx::query_scalar(agree).bind(offer).fetch_one(database).await
}
