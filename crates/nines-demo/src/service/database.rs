//! The SQLite database of a service, behind a bounded pool.
//!
//! A query runs in its own task: when the caller goes away it goes on, and keeps its connection, as
//! in any database without cancellation.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Sqlite};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::failure::Failure;
use super::slots::Slots;
use super::{orders, search};
use crate::{Service, ShopError};

/// After this a statement is cancelled.
const STATEMENT_MAX: Duration = Duration::from_secs(2);

/// How often a running statement looks at the clock, in steps of SQLite's virtual machine.
const STEPS_BETWEEN_LOOKS: i32 = 20_000;

/// One database file and the connections to it.
#[derive(Debug)]
pub(super) struct Database {
    service: Service,
    file: PathBuf,
    pool: Mutex<Option<SqlitePool>>,
    slots: Slots,
}

/// A connection for one query.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) connection: PoolConnection<Sqlite>,
    _slot: OwnedSemaphorePermit,
}

impl Database {
    /// Opens the database, and fills it if it is new.
    pub(super) async fn open(service: Service, folder: &Path) -> Result<Self, ShopError> {
        let database = Self::lost(service, folder);
        database
            .find()
            .map_err(|source| ShopError::Folder { folder: folder.to_owned(), source })?;
        let failed = |source| ShopError::Database { service, source };
        let pool = database.connect(database.options().create_if_missing(true)).await;
        let pool = pool.map_err(failed)?;
        match service {
            Service::Orders => orders::create_tables(&pool).await.map_err(failed)?,
            _ => search::create_tables(&pool).await.map_err(failed)?,
        }
        // The first use opens it again, without the permission to make a new one when it is lost.
        pool.close().await;
        Ok(database)
    }

    /// A database that is not there; it is looked for at every use.
    pub(super) fn lost(service: Service, folder: &Path) -> Self {
        Self {
            service,
            file: folder.join(format!("{service}.sqlite")),
            pool: Mutex::new(None),
            slots: Slots::new(service.db_connections_max()),
        }
    }

    pub(super) fn slots(&self) -> &Slots {
        &self.slots
    }

    /// A free connection; 503 when there is none for a while, or no database.
    pub(super) async fn lease(&self) -> Result<Lease, Failure> {
        let no_database =
            |error: sqlx::Error| Failure::Unavailable(format!("no database: {error}"));
        let slot = self.slots.take().await?;
        let pool = match self.pool() {
            Some(pool) => pool,
            None => {
                let options = self.options().create_if_missing(false);
                let pool = self.connect(options).await.map_err(no_database)?;
                self.set_pool(Some(pool.clone()));
                pool
            }
        };
        let mut connection = pool.acquire().await.map_err(no_database)?;
        let deadline = Instant::now() + STATEMENT_MAX;
        connection
            .lock_handle()
            .await
            .map_err(no_database)?
            .set_progress_handler(STEPS_BETWEEN_LOOKS, move || Instant::now() < deadline);
        Ok(Lease { connection, _slot: slot })
    }

    /// Takes the file away and closes every connection, in this order: nobody opens it again between.
    pub(super) async fn lose(&self) -> std::io::Result<()> {
        if self.file.exists() {
            std::fs::rename(&self.file, self.hidden())?;
        }
        let pool = self.pool();
        self.set_pool(None);
        if let Some(pool) = pool {
            pool.close().await;
        }
        Ok(())
    }

    /// Brings the file back, if it was taken away.
    pub(super) fn find(&self) -> std::io::Result<()> {
        let hidden = self.hidden();
        if hidden.exists() { std::fs::rename(hidden, &self.file) } else { Ok(()) }
    }

    fn hidden(&self) -> PathBuf {
        self.file.with_extension("sqlite.lost")
    }

    fn pool(&self) -> Option<SqlitePool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_pool(&self, pool: Option<SqlitePool>) {
        *self.pool.lock().unwrap_or_else(PoisonError::into_inner) = pool;
    }

    fn options(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(&self.file)
            .journal_mode(SqliteJournalMode::Delete)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(STATEMENT_MAX)
    }

    async fn connect(&self, options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
        let connections_max = u32::try_from(self.service.db_connections_max()).unwrap_or(1);
        let pool = SqlitePoolOptions::new()
            .max_connections(connections_max)
            .acquire_timeout(STATEMENT_MAX)
            .connect_with(options)
            .await?;
        pool.acquire().await?.ping().await?;
        Ok(pool)
    }
}
