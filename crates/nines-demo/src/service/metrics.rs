//! What a service tells about itself: OpenMetrics text at `/metrics`.

use std::borrow::Cow;
use std::sync::atomic::AtomicU64;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::failure::Failure;
use super::{App, Shared};
use crate::Service;
use crate::services::{DISK_BYTES_MAX, DURATION_BUCKETS};

/// The media type of OpenMetrics 1.0.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type LabelPairs = Vec<(&'static str, String)>;

/// The service's metrics. The registry adds the label `service` to each.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<LabelPairs, Counter<u64, AtomicU64>>,
    durations: Family<LabelPairs, Histogram, fn() -> Histogram>,
    /// Requests that are being answered.
    pub(super) connections: Gauge,
    resident_bytes: Gauge,
    queue_depth: Gauge,
    disk_used_bytes: Gauge,
    database: Option<DatabaseGauges>,
}

#[derive(Debug)]
struct DatabaseGauges {
    in_use: Gauge,
    connections_max: Gauge,
}

impl Metrics {
    /// All series of all routes exist from the first scrape, so that rates see the first failure.
    pub(super) fn new(service: Service, version: &str) -> Self {
        let label = (Cow::from("service"), Cow::from(service.name()));
        let mut registry = Registry::with_labels([label].into_iter());
        let requests = Family::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        let durations =
            Family::new_with_constructor((|| Histogram::new(DURATION_BUCKETS)) as fn() -> _);
        registry.register(
            "http_request_duration_seconds",
            "Time from request to answer",
            durations.clone(),
        );
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let disk_size_bytes = gauge("disk_size_bytes", "Quota of the service's folder");
        disk_size_bytes.set(i64::try_from(DISK_BYTES_MAX).unwrap_or(i64::MAX));
        let connections = gauge("http_connections", "Requests being answered");
        let resident_bytes = gauge("process_resident_memory_bytes", "Resident memory");
        let queue_depth = gauge("queue_depth", "Requests that wait for a worker or a connection");
        let disk_used_bytes = gauge("disk_used_bytes", "Size of the files in the service's folder");
        let has_database = service.db_connections_max() != 0;
        let database = has_database.then(|| DatabaseGauges {
            in_use: gauge("db_connections_in_use", "Database connections in use"),
            connections_max: gauge("db_connections_max", "Database connections in all"),
        });
        let build = Family::<LabelPairs, Gauge>::default();
        build.get_or_create(&vec![("version", version.to_owned())]).set(1);
        registry.register("build_info", "The running version", build);
        let metrics = Self {
            registry,
            requests,
            durations,
            connections,
            resident_bytes,
            queue_depth,
            disk_used_bytes,
            database,
        };
        metrics.create_series(service);
        metrics
    }

    fn create_series(&self, service: Service) {
        for route in service.routes() {
            for code in service.codes() {
                drop(self.requests.get_or_create(&request_labels(route.path, route.method, code)));
            }
            drop(self.durations.get_or_create(&vec![("route", route.path.to_owned())]));
        }
    }

    /// One request was answered.
    pub(super) fn answered(&self, route: &str, method: &str, code: u16, seconds: f64) {
        self.requests.get_or_create(&request_labels(route, method, code)).inc();
        self.durations.get_or_create(&vec![("route", route.to_owned())]).observe(seconds);
    }

    fn refresh(&self, app: &App) {
        let set = |gauge: &Gauge, value: u64| {
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        set(&self.resident_bytes, resident_bytes("self"));
        set(&self.disk_used_bytes, app.volume.used_bytes().unwrap_or(0));
        let mut waiting = app.workers.waiting();
        if let (Some(gauges), Some(database)) = (&self.database, &app.database) {
            let slots = database.slots();
            waiting += slots.waiting();
            set(&gauges.in_use, slots.in_use() as u64);
            set(&gauges.connections_max, slots.slots_max() as u64);
        }
        set(&self.queue_depth, waiting as u64);
    }
}

fn request_labels(route: &str, method: &str, code: u16) -> LabelPairs {
    vec![("route", route.to_owned()), ("method", method.to_owned()), ("code", code.to_string())]
}

/// `GET /metrics`
pub(super) async fn get_metrics(State(app): State<Shared>) -> Result<impl IntoResponse, Failure> {
    app.metrics.refresh(&app);
    let mut text = String::new();
    encode(&mut text, &app.metrics.registry)
        .map_err(|_| Failure::Bug("the metrics do not encode".to_owned()))?;
    Ok(([(CONTENT_TYPE, OPENMETRICS)], text))
}

/// The resident memory of a process (its id, or `self`); 0 where `/proc` does not tell.
pub(crate) fn resident_bytes(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    resident_bytes_of(&status).unwrap_or(0)
}

/// Reads `VmRSS:    1234 kB` (Linux, proc(5)).
fn resident_bytes_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests;
