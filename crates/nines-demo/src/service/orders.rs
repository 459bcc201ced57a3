//! Orders: writes each order to its log and its database; without either there is no order.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqlitePool;

use super::Shared;
use super::database::Lease;
use super::failure::Failure;

/// How many orders are kept; older ones are removed now and then.
const ORDERS_MAX: i64 = 20_000;

/// Every so many orders the old ones are removed.
const ORDERS_BETWEEN_PURGES: i64 = 500;

/// More products than a basket holds.
const PRODUCTS_MAX: usize = 64;

/// What is bought together.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    pub(super) session: u64,
    pub(super) total_cents: u64,
    pub(super) products: Vec<u64>,
}

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/orders", post(create))
}

async fn create(State(app): State<Shared>, Json(order): Json<Order>) -> Result<String, Failure> {
    let (Ok(session), Ok(total_cents)) =
        (i64::try_from(order.session), i64::try_from(order.total_cents))
    else {
        return Err(Failure::BadRequest("the session or the total is too large"));
    };
    if PRODUCTS_MAX < order.products.len() {
        return Err(Failure::BadRequest("at most 64 products fit into an order"));
    }
    let Order { products, .. } = &order;
    app.volume
        .log(&format!("order session={session} total_cents={total_cents} products={products:?}"))
        .map_err(Failure::DiskFull)?;
    let database = app.database.as_ref();
    let database = database.ok_or_else(|| Failure::Bug("orders has no database".to_owned()))?;
    let lease = database.lease().await?;
    let number = tokio::spawn(insert(lease, session, total_cents)).await;
    let number = number
        .map_err(|_| Failure::Bug("the insert panicked".to_owned()))?
        .map_err(|error| Failure::Unavailable(format!("the insert failed: {error}")))?;
    Ok(format!("{number}\n"))
}

async fn insert(mut lease: Lease, session: i64, total_cents: i64) -> Result<i64, sqlx::Error> {
    let inserted = sqlx::query("INSERT INTO orders (session, total_cents) VALUES (?1, ?2)")
        .bind(session)
        .bind(total_cents)
        .execute(&mut *lease.connection)
        .await?;
    let number = inserted.last_insert_rowid();
    if number % ORDERS_BETWEEN_PURGES == 0 {
        sqlx::query("DELETE FROM orders WHERE id <= ?1")
            .bind(number - ORDERS_MAX)
            .execute(&mut *lease.connection)
            .await?;
    }
    Ok(number)
}

/// Makes the table unless it is there.
pub(super) async fn create_tables(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY AUTOINCREMENT, \
            session INTEGER NOT NULL, total_cents INTEGER NOT NULL)",
    )
    .execute(pool)
    .await
    .map(drop)
}
