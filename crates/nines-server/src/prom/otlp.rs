//! OTLP metrics over HTTP: protobuf or JSON in, the same out.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Router};
use nines_http::with_causes;
use nines_ingest::{Encoding, OtlpError, OtlpReceiver, OtlpSettings, otlp};
use tower_http::decompression::RequestDecompressionLayer;

use crate::app::{App, is_temporary};
use crate::health::Health;

/// The longest request, after decompression.
const BODY_BYTES_MAX: usize = 64 << 20;
/// When a sender should try again.
const RETRY_SECONDS: &str = "5";
/// Of `google.rpc.Code`: the request is wrong for ever.
const INVALID_ARGUMENT: u8 = 3;
/// Of `google.rpc.Code`: a bug of ours.
const INTERNAL: u8 = 13;
/// Of `google.rpc.Code`: try again later.
const UNAVAILABLE: u8 = 14;

/// OTLP's own path, and the one that Prometheus has for it.
pub(super) fn router() -> Router<App> {
    let receiver = Arc::new(OtlpReceiver::default());
    Router::new()
        .route("/v1/metrics", post(write))
        .route("/api/v1/otlp/v1/metrics", post(write))
        .layer(RequestDecompressionLayer::new())
        .layer(Extension(receiver))
}

/// `POST /v1/metrics`. Points that are wrong are counted in an answer of success; 503 asks to send again.
async fn write(
    State(app): State<App>,
    Extension(receiver): Extension<Arc<OtlpReceiver>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let encoding = match encoding(&headers) {
        Ok(encoding) => encoding,
        Err(problem) => return (StatusCode::UNSUPPORTED_MEDIA_TYPE, problem).into_response(),
    };
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        let message =
            format!("the request is longer than {BODY_BYTES_MAX} bytes, broke off, or is no gzip");
        return refusal(StatusCode::BAD_REQUEST, INVALID_ARGUMENT, &message, encoding);
    };
    let wanted = app.spec().otlp.clone();
    receiver.set_settings(OtlpSettings {
        promoted_attributes: wanted.promoted_attributes,
        keeps_identifying_attributes: wanted.keeps_identifying_attributes,
    });
    let work = move || {
        let received = receiver.receive(&body, encoding, &*app.metrics);
        if let Ok(received) = &received {
            Health::add(&app.health.samples, received.samples);
        }
        received
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(received)) => said(StatusCode::OK, otlp::answer(&received, encoding), encoding),
        Ok(Err(OtlpError::Sink(error))) if is_temporary(&error) => {
            let message = with_causes(&error);
            let mut response =
                refusal(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE, &message, encoding);
            let seconds = header::HeaderValue::from_static(RETRY_SECONDS);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
            response
        }
        Ok(Err(error)) => {
            let message = with_causes(&error);
            refusal(StatusCode::BAD_REQUEST, INVALID_ARGUMENT, &message, encoding)
        }
        Err(error) => {
            let message = error.to_string();
            refusal(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL, &message, encoding)
        }
    }
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, String> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let content_type = content_type.unwrap_or("");
    let media_type = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    match media_type.as_str() {
        "application/x-protobuf" | "application/protobuf" => Ok(Encoding::Protobuf),
        "application/json" => Ok(Encoding::Json),
        _ => Err(format!(
            "`{content_type}` is not taken; application/x-protobuf and application/json are\n"
        )),
    }
}

fn refusal(status: StatusCode, code: u8, message: &str, encoding: Encoding) -> Response {
    said(status, otlp::status(code, message, encoding), encoding)
}

fn said(status: StatusCode, body: Vec<u8>, encoding: Encoding) -> Response {
    let content_type = match encoding {
        Encoding::Protobuf => "application/x-protobuf",
        Encoding::Json => "application/json",
    };
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}
