//! Visitors: an open-loop generator. They arrive when they arrive, whether the shop answers or not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nines_port::Clock;
use reqwest::Client;
use serde::Serialize;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::service::REGIONS;
use crate::services::Service;
use crate::shape::shape;

/// How many requests are in flight at most; arrivals beyond are not sent, and counted.
const IN_FLIGHT_MAX: usize = 512;

/// Arrivals that are later than this are not sent any more, and counted.
const LATE_MAX: Duration = Duration::from_secs(1);

/// The longest pause between two arrivals, however quiet the hour: the shape is read again then.
const GAP_MAX: Duration = Duration::from_secs(5);

/// How many visitors there are, how many products and categories they know.
const SESSIONS: u64 = 2_000;
const PRODUCTS: u64 = 3_000;
const CATEGORIES: u64 = 12;

/// What visitors type.
const TERMS: [&str; 8] = ["amber", "black", "coral", "denim", "ebony", "green", "hazel", "ivory"];

/// What became of the traffic since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TrafficCounts {
    /// Requests sent to the gateway.
    pub sent: u64,
    /// Answered 2xx.
    pub succeeded: u64,
    /// Answered otherwise, or not at all.
    pub failed: u64,
    /// Arrivals that were not sent, because too many were in flight or the machine too busy.
    pub overrun: u64,
}

/// The counters behind [`TrafficCounts`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    sent: AtomicU64,
    succeeded: AtomicU64,
    failed: AtomicU64,
    overrun: AtomicU64,
}

impl Counters {
    pub(crate) fn read(&self) -> TrafficCounts {
        TrafficCounts {
            sent: self.sent.load(Ordering::Relaxed),
            succeeded: self.succeeded.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            overrun: self.overrun.load(Ordering::Relaxed),
        }
    }
}

/// What the generator needs.
#[derive(Debug)]
pub(crate) struct Generator {
    pub(crate) client: Client,
    /// `http://ADDRESS` of the gateway.
    pub(crate) gateway: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) peak_per_second: f64,
    pub(crate) rng: fastrand::Rng,
    pub(crate) counters: Arc<Counters>,
}

impl Generator {
    /// Sends visitors until the task is aborted.
    pub(crate) async fn run(mut self) {
        let in_flight = Arc::new(Semaphore::new(IN_FLIGHT_MAX));
        let mut arrival = Instant::now();
        loop {
            let rate_per_second = self.peak_per_second * shape(self.clock.now());
            arrival += gap(rate_per_second, self.rng.f64());
            let visit = Visit::pick(&mut self.rng);
            if arrival + LATE_MAX < Instant::now() {
                self.counters.overrun.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            tokio::time::sleep_until(arrival).await;
            let Ok(permit) = Arc::clone(&in_flight).try_acquire_owned() else {
                self.counters.overrun.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            let request = visit.request(&self.client, &self.gateway);
            let counters = Arc::clone(&self.counters);
            tokio::spawn(async move {
                counters.sent.fetch_add(1, Ordering::Relaxed);
                let counter = match send(request).await {
                    Ok(()) => &counters.succeeded,
                    Err(_) => &counters.failed,
                };
                counter.fetch_add(1, Ordering::Relaxed);
                drop(permit);
            });
        }
    }
}

async fn send(request: reqwest::RequestBuilder) -> Result<(), reqwest::Error> {
    let response = request.send().await?.error_for_status()?;
    // Reading to the end lets the connection be used again.
    response.bytes().await.map(drop)
}

/// The pause before the next arrival of a Poisson process; `luck` is evenly in 0..1.
fn gap(rate_per_second: f64, luck: f64) -> Duration {
    let seconds = -(1.0 - luck).ln() / rate_per_second;
    Duration::try_from_secs_f64(seconds).unwrap_or(GAP_MAX).min(GAP_MAX)
}

/// What one visitor does.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Visit {
    Browse { category: u64 },
    Search { term: &'static str },
    AddToCart { session: u64, product: u64 },
    CheckOut { session: u64, product: u64, region: u64 },
}

impl Visit {
    /// In the mixture that the gateway's routes declare.
    fn pick(rng: &mut fastrand::Rng) -> Self {
        let mut left = rng.f64();
        let route = Service::Gateway.routes().iter().find(|it| {
            left -= it.visits_ratio;
            left < 0.0
        });
        let session = rng.u64(..SESSIONS);
        let product = rng.u64(..PRODUCTS);
        match route.map(|it| it.path) {
            Some("/search") => Self::Search { term: rng.choice(TERMS).unwrap_or_default() },
            Some("/cart") => Self::AddToCart { session, product },
            Some("/checkout") => Self::CheckOut { session, product, region: rng.u64(..REGIONS) },
            _ => Self::Browse { category: rng.u64(..CATEGORIES) },
        }
    }

    fn request(&self, client: &Client, gateway: &str) -> reqwest::RequestBuilder {
        match self {
            Self::Browse { category } => {
                client.get(format!("{gateway}/browse?category={category}"))
            }
            Self::Search { term } => client.get(format!("{gateway}/search?q={term}")),
            Self::AddToCart { session, product } => client
                .post(format!("{gateway}/cart"))
                .json(&json!({ "session": session, "product": product })),
            Self::CheckOut { session, product, region } => {
                let body = json!({ "session": session, "product": product, "region": region });
                client.post(format!("{gateway}/checkout")).json(&body)
            }
        }
    }
}

#[cfg(test)]
mod tests;
