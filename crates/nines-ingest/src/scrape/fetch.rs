//! Asks one target over HTTP.
//!
//! It must not know what a body means.

use nines_http::{Clients, signed, with_causes};
use reqwest::Response;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};

use super::read::Body;
use super::target::Settings;
use crate::text::Format;

/// OpenMetrics first, then the older text, then whatever there is.
const ACCEPTED: &str =
    "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
/// For jobs that want native histograms, before all others.
const ACCEPTED_FAMILIES: &str = "application/vnd.google.protobuf;\
     proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.9,";
/// Lets slow targets give up in time.
const TIMEOUT_HEADER: &str = "X-Prometheus-Scrape-Timeout-Seconds";

/// The answer, or why there is none, for people.
pub(super) async fn fetch(clients: &Clients, settings: &Settings) -> Result<Body, String> {
    if let Some(refusal) = &settings.refusal {
        return Err(refusal.clone());
    }
    let timeout = settings.timeout();
    let families = if settings.native_histograms { ACCEPTED_FAMILIES } else { "" };
    let request = clients
        .get(&settings.http)?
        .get(&settings.url)
        .header(ACCEPT, format!("{families}{ACCEPTED}"))
        .header(TIMEOUT_HEADER, timeout.as_secs_f64().to_string())
        .timeout(timeout);
    let explain = |error: reqwest::Error| {
        if error.is_timeout() {
            format!("no complete answer within {}s, the scrape timeout", timeout.as_secs_f64())
        } else {
            with_causes(&error.without_url())
        }
    };
    let response = signed(request, &settings.http)?.send().await.map_err(explain)?;
    if !response.status().is_success() {
        return Err(format!("the target answered {}", response.status()));
    }
    let format = format_of(response.headers())?;
    let body = read_body(response, settings.body_bytes_max).await.map_err(|it| match it {
        BodyError::TooLong => {
            format!(
                "a body longer than {} bytes, the limit of this target",
                settings.body_bytes_max
            )
        }
        BodyError::Broken(error) => explain(error),
    })?;
    let Some(format) = format else { return Ok(Body::Families(body)) };
    let body = String::from_utf8(body).map_err(|_| "a body that is not UTF-8".to_owned())?;
    Ok(Body::Text(body, format))
}

pub(super) enum BodyError {
    TooLong,
    Broken(reqwest::Error),
}

/// Reads on while the limit holds; the length is that after decompression.
pub(super) async fn read_body(
    mut response: Response,
    bytes_max: usize,
) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if bytes_max < body.len() + chunk.len() {
            return Err(BodyError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Nothing is protobuf. Old targets say nothing or anything about their type; only what is surely something else is
/// refused.
fn format_of(headers: &HeaderMap) -> Result<Option<Format>, String> {
    let header = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or("");
    let mut parts = header.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or("").to_ascii_lowercase();
    match media_type.as_str() {
        "application/openmetrics-text" => Ok(Some(Format::OpenMetrics)),
        "application/vnd.google.protobuf" => {
            if parts.any(|it| it.eq_ignore_ascii_case("encoding=delimited")) {
                return Ok(None);
            }
            Err("the answer is protobuf that is not delimited".to_owned())
        }
        "text/html" | "application/json" => {
            Err(format!("the answer is {media_type}, not metrics: is the path right?"))
        }
        _ => Ok(Some(Format::Text)),
    }
}
