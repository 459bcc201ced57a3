//! Remote write 1.0 and 2.0: snappy-compressed protobuf in, counts out.

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use nines_http::with_causes;
use nines_ingest::{Received, Version, WriteError, WriteLimits, Written, remote_write};

use crate::app::{App, is_temporary};
use crate::health::Health;

/// The longest request, compressed.
const BODY_BYTES_MAX: usize = 16 << 20;
/// When a sender should try again.
const RETRY_SECONDS: &str = "5";

/// `POST /api/v1/write`. 400 tells the sender to drop the request for ever, 5xx to send it again, 415 to use the
/// other version.
pub(super) async fn write(State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    let version = match version(&headers) {
        Ok(version) => version,
        Err(problem) => return (StatusCode::UNSUPPORTED_MEDIA_TYPE, problem).into_response(),
    };
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        let message = format!("the request is longer than {BODY_BYTES_MAX} bytes, or broke off\n");
        return with_counts(version, Written::default(), (StatusCode::BAD_REQUEST, message));
    };
    let written = tokio::task::spawn_blocking(move || store(&app, &body, version)).await;
    written.unwrap_or_else(|error| {
        with_counts(
            version,
            Written::default(),
            (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        )
    })
}

/// Which message the headers announce. Senders of version 1.0 do not always say.
fn version(headers: &HeaderMap) -> Result<Version, String> {
    let text = |name| headers.get(name).map_or(Ok(""), HeaderValue::to_str).unwrap_or("?");
    let encoding = text(header::CONTENT_ENCODING).trim().to_ascii_lowercase();
    if !matches!(encoding.as_str(), "" | "snappy") {
        return Err(format!("the body is encoded as `{encoding}`; remote write takes snappy\n"));
    }
    let content_type = text(header::CONTENT_TYPE);
    let mut parts = content_type.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or("").to_ascii_lowercase();
    let message = parts.find_map(|it| it.strip_prefix("proto="));
    match (media_type.as_str(), message) {
        ("application/x-protobuf", Some("io.prometheus.write.v2.Request")) => Ok(Version::Two),
        ("application/x-protobuf", None | Some("prometheus.WriteRequest")) | ("", _) => {
            Ok(Version::One)
        }
        _ => Err(format!(
            "`{content_type}` is not taken; application/x-protobuf with \
             proto=prometheus.WriteRequest or proto=io.prometheus.write.v2.Request is\n"
        )),
    }
}

fn store(app: &App, body: &[u8], version: Version) -> Response {
    let limits = WriteLimits::default();
    match remote_write::receive(body, version, &limits, &*app.metrics) {
        Ok(Received { written, refused }) => {
            Health::add(&app.health.samples, written.samples + written.histograms);
            if refused.is_empty() {
                return with_counts(version, written, StatusCode::NO_CONTENT);
            }
            let problems: Vec<String> =
                refused.iter().map(|it| format!("{}: {}", it.series, it.reason)).collect();
            let message =
                format!("the others are stored, but not these:\n{}\n", problems.join("\n"));
            with_counts(version, written, (StatusCode::BAD_REQUEST, message))
        }
        Err(WriteError::Sink(error)) if is_temporary(&error) => {
            let headers = [(header::RETRY_AFTER, RETRY_SECONDS)];
            let message = format!("{error}: {}\n", error.source);
            let answer = (StatusCode::SERVICE_UNAVAILABLE, headers, message);
            with_counts(version, Written::default(), answer)
        }
        Err(error) => {
            let message = format!("{}\n", with_causes(&error));
            with_counts(version, Written::default(), (StatusCode::BAD_REQUEST, message))
        }
    }
}

/// Senders of version 2.0 want to know what was stored, also when the answer is an error.
fn with_counts(version: Version, written: Written, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    if version == Version::Two {
        let headers = response.headers_mut();
        for (name, count) in [
            ("x-prometheus-remote-write-samples-written", written.samples),
            ("x-prometheus-remote-write-histograms-written", written.histograms),
            ("x-prometheus-remote-write-exemplars-written", written.exemplars),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(count));
        }
    }
    response
}

#[cfg(test)]
mod tests;
