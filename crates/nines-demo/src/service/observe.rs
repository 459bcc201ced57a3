//! Around every business route: a worker, a count, a duration, and the odd failure of any real system.

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::metrics::gauge::Gauge;
use tokio::time::Instant;

use super::Shared;
use super::failure::Failure;

pub(super) async fn observe(
    State(app): State<Shared>,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let _in_flight = InFlight::enter(&app.metrics.connections);
    let method = request.method().clone();
    let response = match app.workers.take().await {
        Ok(_worker) if app.random() < app.service.background_error_ratio() => {
            Failure::Bug("an unlucky moment".to_owned()).into_response()
        }
        Ok(_worker) => next.run(request).await,
        Err(failure) => failure.into_response(),
    };
    // The route knows this path with other methods only: a mistake of the caller, not of the service.
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        let seconds = started.elapsed().as_secs_f64();
        let code = response.status().as_u16();
        app.metrics.answered(path.as_str(), method.as_str(), code, seconds);
    }
    response
}

/// Counts one request while it lives, also when the caller goes away.
struct InFlight<'a>(&'a Gauge);

impl<'a> InFlight<'a> {
    fn enter(gauge: &'a Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}
