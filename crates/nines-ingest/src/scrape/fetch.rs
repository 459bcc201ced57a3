//! Asks one target over HTTP.
//!
//! It must not know what a body means.

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Response};

use super::target::{Answer, Settings};
use crate::causes::with_causes;
use crate::text::Format;

/// OpenMetrics first, then the older text, then whatever there is.
const ACCEPTED: &str =
    "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
/// Lets slow targets give up in time.
const TIMEOUT_HEADER: &str = "X-Prometheus-Scrape-Timeout-Seconds";

/// A client that goes straight to its target: no proxy from the environment.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    // An error means that the process has chosen its provider already.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder =
        || Client::builder().no_proxy().user_agent(concat!("nines/", env!("CARGO_PKG_VERSION")));
    builder().build().or_else(|error| {
        // A machine without certificates must still scrape plain HTTP.
        tracing::warn!(%error, "no certificates on this machine: https targets will fail");
        builder().tls_certs_only([]).build()
    })
}

/// The answer, or why there is none, for people.
pub(super) async fn fetch(client: &Client, settings: &Settings) -> Result<Answer, String> {
    let timeout = settings.timeout();
    let request = client
        .get(&settings.url)
        .header(ACCEPT, ACCEPTED)
        .header(TIMEOUT_HEADER, timeout.as_secs_f64().to_string())
        .timeout(timeout);
    let explain = |error: reqwest::Error| {
        if error.is_timeout() {
            format!("no complete answer within {}s, the scrape timeout", timeout.as_secs_f64())
        } else {
            with_causes(&error.without_url())
        }
    };
    let response = request.send().await.map_err(explain)?;
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
    let body = String::from_utf8(body).map_err(|_| "a body that is not UTF-8".to_owned())?;
    Ok(Answer { body, format })
}

enum BodyError {
    TooLong,
    Broken(reqwest::Error),
}

/// Reads on while the limit holds; the length is that after decompression.
async fn read_body(mut response: Response, bytes_max: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if bytes_max < body.len() + chunk.len() {
            return Err(BodyError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Old targets say nothing or anything about their type; only what is surely something else is refused.
fn format_of(headers: &HeaderMap) -> Result<Format, String> {
    let header = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or("");
    let media_type = header.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    match media_type.as_str() {
        "application/openmetrics-text" => Ok(Format::OpenMetrics),
        "text/html" | "application/json" | "application/vnd.google.protobuf" => {
            Err(format!("the answer is {media_type}, not metrics: is the path right?"))
        }
        _ => Ok(Format::Text),
    }
}
