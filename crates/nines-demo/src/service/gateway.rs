//! The gateway: what visitors talk to. It only passes on.

use axum::Json;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::{get, post};
use serde::Deserialize;

use super::Shared;
use super::cart::BasketLine;
use super::checkout::Purchase;
use super::failure::Failure;
use crate::Service;

/// The longest search text.
const QUERY_CHARS_MAX: usize = 64;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/browse", get(browse))
        .route("/search", get(search))
        .route("/cart", post(add_to_cart))
        .route("/checkout", post(check_out))
}

#[derive(Debug, Deserialize)]
struct Browse {
    category: u32,
}

async fn browse(
    State(app): State<Shared>,
    Query(Browse { category }): Query<Browse>,
) -> Result<String, Failure> {
    app.peers.get(Service::Search, &format!("/products?category={category}")).await
}

#[derive(Debug, Deserialize)]
struct Search {
    q: String,
}

async fn search(
    State(app): State<Shared>,
    Query(Search { q }): Query<Search>,
) -> Result<String, Failure> {
    let is_plain = |it: char| it.is_ascii_alphanumeric();
    if QUERY_CHARS_MAX < q.len() || !q.chars().all(is_plain) {
        return Err(Failure::BadRequest("search for letters and digits, at most 64"));
    }
    app.peers.get(Service::Search, &format!("/search?q={q}")).await
}

async fn add_to_cart(
    State(app): State<Shared>,
    Json(line): Json<BasketLine>,
) -> Result<String, Failure> {
    app.peers.post(Service::Cart, "/cart", &line).await
}

async fn check_out(
    State(app): State<Shared>,
    Json(purchase): Json<Purchase>,
) -> Result<String, Failure> {
    app.peers.post(Service::Checkout, "/checkout", &purchase).await
}
