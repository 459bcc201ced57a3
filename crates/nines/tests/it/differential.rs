//! Random queries over random data, answered by nines and by Debian's Prometheus 2.42.
//!
//! What Prometheus 3 and 2.42 answer differently is kept out of the queries, not out of the comparison; this is all of it:
//!
//! - windows are open on the left since 3.0, so no window's border lies on a sample;
//! - names are dropped at the end of a query, so no function is given series of several names;
//! - a counter whose first sample is near zero and far from the window's start: counters begin with large values, and
//!   `rate` and `increase` read only stored series without gaps;
//! - deviations of infinite values and of a single NaN are NaN or not, so `stddev` and `stdvar` read ordinary numbers;
//! - elements that a comparison drops may match twice, which is refused since 3.0, so only `bool` compares by labels;
//! - `atan2` kept names, and `timestamp` mistook an offset beside `@`.
//!
//! Functions of the calendar read no numbers that a 64-bit integer cannot hold: that is undefined in Go.
//!
//! `NINES_DIFFERENTIAL_QUERIES` asks for more queries, `NINES_DIFFERENTIAL_SEED` for others.

mod compare;
mod data;
mod expression;
mod prometheus;

use fastrand::Rng;
use nines_ingest::remote_write;
use reqwest::Client;
use serde_json::Value;

use crate::process::Running;
use compare::differs;
use prometheus::Prometheus;

/// Queries of one run, half of them over a range.
const QUERIES: u32 = 10_000;
const SEED: u64 = 42;
/// Differences that are shown before the test gives up.
const SHOWN_MAX: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn random_queries_have_the_answers_of_prometheus() {
    // An error means that another test of this process has chosen it already.
    drop(rustls::crypto::ring::default_provider().install_default());
    let home = tempfile::tempdir().unwrap();
    let Some(prometheus) = Prometheus::start(home.path()).await else { return };
    std::fs::create_dir(home.path().join("config")).unwrap();
    std::fs::write(home.path().join("config/nines.yaml"), "").unwrap();
    let folder = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let nines = Running::start(
        home.path(),
        &[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--config",
            &folder("config"),
            "--data",
            &folder("data"),
        ],
    );
    let client = Client::new();
    let asked = Asked { client: &client, prometheus: &prometheus.url, nines: &nines };

    let mut rng = Rng::with_seed(number("NINES_DIFFERENTIAL_SEED").unwrap_or(SEED));
    let first_ms = data::first_ms();
    for part in data::in_order(&data::batches(first_ms, &mut rng)) {
        asked.write(remote_write::encode(&part)).await;
    }
    let count = number("NINES_DIFFERENTIAL_QUERIES").unwrap_or_else(|| QUERIES.into());
    let mut differences = Vec::new();
    let mut answered = 0_u64;
    for _ in 0..count {
        let query = expression::expression(&mut rng);
        let path = expression::request(first_ms, &mut rng);
        let (theirs, ours) = asked.ask(&path, &query).await;
        answered += u64::from(!compare::is_empty(&theirs));
        if let Some(difference) = differs(&theirs, &ours) {
            differences.push(format!("{query}\n    {path}\n    {difference}"));
            if SHOWN_MAX <= differences.len() {
                break;
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(count / 2 < answered, "only {answered} of {count} answers had values");
}

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|it| it.parse().unwrap())
}

struct Asked<'a> {
    client: &'a Client,
    prometheus: &'a str,
    nines: &'a Running,
}

impl Asked<'_> {
    async fn write(&self, body: Vec<u8>) {
        for url in [self.prometheus, &self.nines.url] {
            let request = self
                .client
                .post(format!("{url}/api/v1/write"))
                .bearer_auth(&self.nines.token)
                .header("Content-Type", "application/x-protobuf")
                .header("Content-Encoding", "snappy")
                .header("X-Prometheus-Remote-Write-Version", "0.1.0")
                .body(body.clone());
            let answer = request.send().await.unwrap();
            assert!(answer.status().is_success(), "{url}: {}", answer.text().await.unwrap());
        }
    }

    /// Their answer, and ours.
    async fn ask(&self, path: &str, query: &str) -> (Value, Value) {
        let ask = async |url: &str| {
            let form = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("query", query)
                .finish();
            let request = self
                .client
                .post(format!("{url}{path}"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(form);
            request.send().await.unwrap().json::<Value>().await.unwrap()
        };
        (ask(self.prometheus).await, ask(&self.nines.url).await)
    }
}
