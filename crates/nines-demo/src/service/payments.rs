//! Payments: writes each charge to its log and waits for the bank.

use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::failure::Failure;

/// The bank is the one thing outside of the shop, so only its answer time is played.
const BANK_MIN: Duration = Duration::from_millis(12);
const BANK_SPREAD: Duration = Duration::from_millis(60);

/// Now and then the bank takes its time.
const BANK_SLOW_RATIO: f64 = 0.001;
const BANK_SLOW: Duration = Duration::from_millis(650);

/// One charge.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Payment {
    pub(super) session: u64,
    pub(super) total_cents: u64,
}

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/payments", post(charge))
}

async fn charge(
    State(app): State<Shared>,
    Json(payment): Json<Payment>,
) -> Result<String, Failure> {
    let Payment { session, total_cents } = payment;
    app.volume
        .log(&format!("charge session={session} total_cents={total_cents}"))
        .map_err(Failure::DiskFull)?;
    tokio::time::sleep(bank_time(app.random(), app.random())).await;
    Ok(format!("charged {total_cents} cents\n"))
}

/// Mostly near the minimum, with a tail; both arguments are evenly in 0..1.
fn bank_time(luck: f64, spread: f64) -> Duration {
    if luck < BANK_SLOW_RATIO {
        return BANK_SLOW;
    }
    BANK_MIN + BANK_SPREAD.mul_f64(spread.powi(2))
}
