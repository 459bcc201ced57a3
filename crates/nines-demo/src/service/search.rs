//! Search: finds products in its own database, well or (broken) as badly as one can.

use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqlitePool;

use super::Shared;
use super::database::Lease;
use super::failure::Failure;
use crate::Fault;

/// How many products the shop has; their square is what the bad query looks at.
const PRODUCTS: i64 = 3_000;

const CATEGORIES: i64 = 12;

/// What part of the requests finds its page of the database cold, and how long reading it takes.
const COLD_RATIO: f64 = 0.002;
const COLD_WAIT: Duration = Duration::from_millis(350);

/// An index serves each of these.
const BY_CATEGORY: &str =
    "SELECT name, price_cents FROM products WHERE category = ?1 ORDER BY name LIMIT 20";
const BY_NAME: &str = "SELECT name, price_cents FROM products \
    WHERE name >= ?1 AND name < ?1 || 'zzzz' ORDER BY name LIMIT 20";

/// Compares every product with every other by text, and chooses afterwards: no index can help.
const BY_RELATION: &str = "SELECT a.name, a.price_cents FROM products a CROSS JOIN products b \
    WHERE b.description LIKE '%' || a.name || '%' \
    GROUP BY a.name HAVING a.name >= ?1 ORDER BY count(*) DESC, a.name LIMIT 20";

/// What every description says. The longer it is, the slower the comparison: near two seconds in all.
const PRAISE: &str = "hand made, lasts for years, packed in recycled paper and sent the same day, with a card \
    if it is a gift, free returns within thirty days, repaired in our own workshop, available in ten \
    colours and in sets of two, four and six";

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/products", get(list)).route("/search", get(search))
}

#[derive(Debug, Deserialize)]
struct ListQuery {
    category: i64,
}

#[derive(Debug, Deserialize)]
struct SearchQuery {
    q: String,
}

#[derive(Debug, Serialize)]
struct Product {
    name: String,
    price_cents: i64,
}

enum Question {
    Category(i64),
    Name(String),
    Relation(String),
}

async fn list(
    State(app): State<Shared>,
    Query(ListQuery { category }): Query<ListQuery>,
) -> Result<Json<Vec<Product>>, Failure> {
    ask(&app, Question::Category(category)).await.map(Json)
}

async fn search(
    State(app): State<Shared>,
    Query(SearchQuery { q }): Query<SearchQuery>,
) -> Result<Json<Vec<Product>>, Failure> {
    let is_slow = app.is_broken_by(Fault::SlowQuery);
    let question = if is_slow { Question::Relation(q) } else { Question::Name(q) };
    ask(&app, question).await.map(Json)
}

async fn ask(app: &Shared, question: Question) -> Result<Vec<Product>, Failure> {
    if app.random() < COLD_RATIO {
        tokio::time::sleep(COLD_WAIT).await;
    }
    let database = app.database.as_ref();
    let database = database.ok_or_else(|| Failure::Bug("search has no database".to_owned()))?;
    let lease = database.lease().await?;
    let answer = tokio::spawn(query(lease, question)).await;
    answer
        .map_err(|_| Failure::Bug("the query panicked".to_owned()))?
        .map_err(|error| Failure::Unavailable(format!("the query failed: {error}")))
}

async fn query(mut lease: Lease, question: Question) -> Result<Vec<Product>, sqlx::Error> {
    let query = match question {
        Question::Category(category) => sqlx::query_as(BY_CATEGORY).bind(category),
        Question::Name(name) => sqlx::query_as(BY_NAME).bind(name),
        Question::Relation(name) => sqlx::query_as(BY_RELATION).bind(name),
    };
    let rows: Vec<(String, i64)> = query.fetch_all(&mut *lease.connection).await?;
    let product = |(name, price_cents)| Product { name, price_cents };
    Ok(rows.into_iter().map(product).collect())
}

/// Makes the catalogue unless it is there.
pub(super) async fn create_tables(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    for statement in [
        "CREATE TABLE IF NOT EXISTS products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, \
            description TEXT NOT NULL, category INTEGER NOT NULL, price_cents INTEGER NOT NULL)",
        "CREATE INDEX IF NOT EXISTS products_by_name ON products (name)",
        "CREATE INDEX IF NOT EXISTS products_by_category ON products (category, name)",
    ] {
        sqlx::query(statement).execute(&mut *transaction).await?;
    }
    let (count,): (i64,) =
        sqlx::query_as("SELECT count(*) FROM products").fetch_one(&mut *transaction).await?;
    for id in count..PRODUCTS {
        let (name, price_cents) = product(id);
        let (pair, _) = product(id * 2 % PRODUCTS);
        sqlx::query("INSERT INTO products VALUES (?1, ?2, ?3, ?4, ?5)")
            .bind(id)
            .bind(&name)
            .bind(format!("{name}, {PRAISE}, goes well with {pair}"))
            .bind(id % CATEGORIES)
            .bind(price_cents)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await
}

/// The name and price of a product; always the same for the same id.
fn product(id: i64) -> (String, i64) {
    const COLOURS: [&str; 10] =
        ["amber", "black", "coral", "denim", "ebony", "fawn", "green", "hazel", "ivory", "jade"];
    const THINGS: [&str; 12] = [
        "apron", "bowl", "chair", "desk", "easel", "flask", "globe", "hammock", "jug", "kettle",
        "lamp", "mug",
    ];
    let pick = |words: &[&'static str], number: i64| {
        let index = usize::try_from(number).unwrap_or(0) % words.len().max(1);
        words.get(index).copied().unwrap_or_default()
    };
    let (colour, thing) = (pick(&COLOURS, id), pick(&THINGS, id / 10));
    (format!("{colour} {thing} {id:04}"), 500 + id * 37 % 9_500)
}
