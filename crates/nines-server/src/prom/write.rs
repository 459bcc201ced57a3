//! Remote write 1.0: snappy-compressed protobuf in, nothing out.

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use nines_ingest::{WriteError, WriteLimits, remote_write};
use nines_port::SampleSink;

use crate::app::App;
use crate::health::Health;

/// The longest request, compressed.
const BODY_BYTES_MAX: usize = 16 << 20;
/// Refused series that an answer names.
const NAMED_MAX: usize = 10;

/// `POST /api/v1/write`. 400 tells the sender to drop the request for ever, 5xx to send it again.
pub(super) async fn write(State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    if content_type
        .is_some_and(|it| it.contains("proto=") && !it.contains("prometheus.WriteRequest"))
    {
        // A sender of version 2 falls back to 1 after this answer.
        let message = "only remote write 1.0 (prometheus.WriteRequest) is taken\n";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response();
    }
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        let message = format!("the request is longer than {BODY_BYTES_MAX} bytes\n");
        return (StatusCode::PAYLOAD_TOO_LARGE, message).into_response();
    };
    let written = tokio::task::spawn_blocking(move || store(&app, &body)).await;
    written.unwrap_or_else(|error| {
        (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response()
    })
}

fn store(app: &App, body: &[u8]) -> Response {
    let (batches, mut problems) = match remote_write::decode(body, &WriteLimits::default()) {
        Ok(batches) => (batches, Vec::new()),
        // The good series of a request are stored, whatever the others are.
        Err(WriteError::Series { valid, refused, .. }) => {
            let problems = refused.iter().map(|it| format!("{}: {}", it.series, it.reason));
            (valid, problems.collect())
        }
        Err(error) => {
            return (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response();
        }
    };
    match app.metrics.append(&batches) {
        Ok(appended) => {
            Health::add(&app.health.samples, appended.samples);
            let refused = appended.refused.iter();
            problems.extend(refused.map(|it| format!("{}: {}", it.labels, it.reason)));
            if problems.is_empty() {
                return StatusCode::NO_CONTENT.into_response();
            }
            problems.truncate(NAMED_MAX);
            let message =
                format!("the others are stored, but not these:\n{}\n", problems.join("\n"));
            (StatusCode::BAD_REQUEST, message).into_response()
        }
        Err(error) => {
            let headers = [(header::RETRY_AFTER, "5")];
            let message = format!("{error}: {}\n", error.source);
            (StatusCode::SERVICE_UNAVAILABLE, headers, message).into_response()
        }
    }
}
