//! A connection that is made again when it breaks. The library is async, the port is not: the runtime stays inside.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tokio::runtime::{self, Runtime};
use tokio::time::timeout;

/// Making a connection takes no longer, or fails.
pub(super) const CONNECT_MAX: Duration = Duration::from_secs(5);

/// A statement that has no answer in time.
pub(super) fn timed_out() -> sqlx::Error {
    std::io::Error::new(std::io::ErrorKind::TimedOut, "the database did not answer in time").into()
}

/// One connection, and the runtime that drives it.
pub(super) struct Link {
    options: PgConnectOptions,
    runtime: Runtime,
    connection: Option<PgConnection>,
}

impl Link {
    /// Connects nowhere yet.
    pub(super) fn new(options: PgConnectOptions) -> std::io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { options, runtime, connection: None })
    }

    /// Runs one exchange, and connects before it if need be, for as long as `patience` has something left. A connection
    /// on which something failed is not used again, unless `is_answer` says that the server goes on.
    pub(super) fn run<T, E: From<sqlx::Error>>(
        &mut self,
        patience: impl Fn() -> Option<Duration>,
        exchange: impl AsyncFnOnce(&mut PgConnection) -> Result<T, E>,
        is_answer: impl Fn(&E) -> bool,
    ) -> Result<T, E> {
        let Self { options, runtime, connection } = self;
        runtime.block_on(async {
            let mut database = match connection.take() {
                Some(open) => open,
                None => {
                    let wait = patience().unwrap_or_default().min(CONNECT_MAX);
                    timeout(wait, options.connect()).await.map_err(|_| timed_out())??
                }
            };
            let result = {
                let mut running = std::pin::pin!(exchange(&mut database));
                loop {
                    let Some(wait) = patience() else { return Err(timed_out().into()) };
                    if let Ok(result) = timeout(wait, &mut running).await {
                        break result;
                    }
                }
            };
            if result.as_ref().err().is_none_or(is_answer) {
                *connection = Some(database);
            }
            result
        })
    }

    /// [`Self::run`] for one statement, by `deadline`.
    pub(super) fn ask<T>(
        &mut self,
        deadline: Instant,
        exchange: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        self.run(|| deadline.checked_duration_since(Instant::now()), exchange, is_answer)
    }

    pub(super) fn options(&self) -> &PgConnectOptions {
        &self.options
    }
}

/// Whether the server has refused a statement, and goes on.
///
/// Source: PostgreSQL 15, appendix A: class 57 is the intervention of an operator, class 08 a broken connection.
pub(super) fn is_answer(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|it| !it.starts_with("57P") && !it.starts_with("08"))
}
