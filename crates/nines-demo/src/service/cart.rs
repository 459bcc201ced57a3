//! Cart: keeps baskets in memory; broken, it keeps far more than that.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::failure::Failure;
use super::leak::MEBIBYTE;
use crate::Fault;

/// How many baskets are kept; then the oldest session is forgotten.
const BASKETS_MAX: usize = 10_000;

/// How much one basket holds; then its oldest product is dropped.
const LINES_MAX: usize = 20;

/// From here on there is no memory left for requests.
const PRESSURE_BYTES: usize = 96 * MEBIBYTE;

/// More than the supervisor lets the process have.
const LEAK_BYTES_MAX: usize = 320 * MEBIBYTE;

/// What a request that is served leaks, and what one that is refused leaks.
const SERVED_LEAK_BYTES: usize = 8 * MEBIBYTE;
const REFUSED_LEAK_BYTES: usize = MEBIBYTE * 3 / 4;

/// The longest pause for a collection that frees nothing.
const PAUSE_MAX: Duration = Duration::from_millis(400);

/// What each visitor wants to buy, by session.
#[derive(Debug, Default)]
pub(super) struct Baskets {
    products: Mutex<BTreeMap<u64, Vec<u64>>>,
}

impl Baskets {
    fn add(&self, BasketLine { session, product }: BasketLine) -> Vec<u64> {
        let mut baskets = self.products.lock().unwrap_or_else(PoisonError::into_inner);
        let basket = baskets.entry(session).or_default();
        if basket.len() == LINES_MAX {
            basket.remove(0);
        }
        basket.push(product);
        let basket = basket.clone();
        if BASKETS_MAX < baskets.len() {
            baskets.pop_first();
        }
        basket
    }

    fn get(&self, session: u64) -> Vec<u64> {
        let baskets = self.products.lock().unwrap_or_else(PoisonError::into_inner);
        baskets.get(&session).cloned().unwrap_or_default()
    }
}

/// One product for one visitor.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BasketLine {
    session: u64,
    product: u64,
}

#[derive(Debug, Deserialize)]
struct Whose {
    session: u64,
}

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/cart", get(read).post(add))
}

async fn add(
    State(app): State<Shared>,
    Json(line): Json<BasketLine>,
) -> Result<Json<Vec<u64>>, Failure> {
    remember_too_much(&app).await?;
    Ok(Json(app.baskets.add(line)))
}

async fn read(
    State(app): State<Shared>,
    Query(Whose { session }): Query<Whose>,
) -> Result<Json<Vec<u64>>, Failure> {
    remember_too_much(&app).await?;
    Ok(Json(app.baskets.get(session)))
}

/// The leak: each request keeps some memory; the fuller it is, the longer the vain collections.
async fn remember_too_much(app: &Shared) -> Result<(), Failure> {
    if !app.is_broken_by(Fault::MemoryLeak) {
        return Ok(());
    }
    let kept_bytes = app.leak.grow(0, LEAK_BYTES_MAX);
    let is_full = PRESSURE_BYTES <= kept_bytes;
    app.leak.grow(if is_full { REFUSED_LEAK_BYTES } else { SERVED_LEAK_BYTES }, LEAK_BYTES_MAX);
    app.leak.sweep();
    let pressure_ratio = (kept_bytes as f64 / PRESSURE_BYTES as f64).min(1.0);
    tokio::time::sleep(PAUSE_MAX.mul_f64(pressure_ratio.powi(2))).await;
    if is_full {
        return Err(Failure::Unavailable("no memory is left for this request".to_owned()));
    }
    Ok(())
}
