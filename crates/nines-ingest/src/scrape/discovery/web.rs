//! A list of targets at an address. An answer that is wrong keeps the last good list.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use nines_http::{Clients, signed, with_causes};
use nines_port::HttpSettings;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use tokio::time::sleep;

use super::Output;
use super::groups::{read_json, targets};
use crate::scrape::fetch::{BodyError, read_body};
use crate::scrape::job::Target;

/// Bytes of one answer.
const BYTES_MAX: usize = 16 << 20;
/// A source that answers slower has failed.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Tells the source when we come again.
const REFRESH_HEADER: &str = "X-Prometheus-Refresh-Interval-Seconds";
/// Set on every target.
const META: &str = "__meta_url";

pub(super) async fn follow(
    url: &str,
    refresh: SignedDuration,
    http: &HttpSettings,
    clients: &Clients,
    output: Output,
) {
    let refresh = refresh.unsigned_abs().max(Duration::from_millis(100));
    loop {
        match ask(url, refresh, http, clients).await {
            Ok(targets) => output.set(&BTreeMap::from([(url.to_owned(), targets)])),
            Err(reason) => {
                tracing::error!(
                    url,
                    reason,
                    "a list of targets cannot be had; the last good one stays"
                );
            }
        }
        sleep(refresh).await;
    }
}

async fn ask(
    url: &str,
    refresh: Duration,
    http: &HttpSettings,
    clients: &Clients,
) -> Result<Vec<Target>, String> {
    let request = clients
        .get(http)?
        .get(url)
        .header(ACCEPT, "application/json")
        .header(REFRESH_HEADER, refresh.as_secs_f64().to_string())
        .timeout(TIMEOUT);
    let explain = |error: reqwest::Error| with_causes(&error.without_url());
    let response = signed(request, http)?.send().await.map_err(explain)?;
    if response.status() != 200 {
        return Err(format!("the answer is {}", response.status()));
    }
    let header = response.headers().get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let media_type = header.unwrap_or("").split(';').next().unwrap_or("").trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(format!("the answer is `{media_type}`, not application/json"));
    }
    let body = read_body(response, BYTES_MAX).await.map_err(|it| match it {
        BodyError::TooLong => format!("the answer is longer than {BYTES_MAX} bytes"),
        BodyError::Broken(error) => explain(error),
    })?;
    targets(&read_json(&body)?, (META, url))
}
