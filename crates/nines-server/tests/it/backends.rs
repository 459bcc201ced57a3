//! Objectives and queries over metrics backends of others: Debian's Prometheus and VictoriaMetrics.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, Sample, SampleBatch};
use reqwest::{Client, Method};
use serde_json::Value;

use crate::house::{House, json, now};

/// Half-second looks until a program answers.
const LOOKS_MAX: u32 = 60;

/// A backend in a process of its own; dropped, it is killed.
struct Backend {
    child: Child,
    url: String,
    client: Client,
    _folder: tempfile::TempDir,
}

impl Drop for Backend {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Backend {
    /// Nothing when the program is not installed and need not be.
    async fn start(program: &str, args: impl Fn(&str, u16) -> Vec<String>) -> Option<Self> {
        // As a house does; a second try is refused and means the same.
        drop(rustls::crypto::ring::default_provider().install_default());
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("prometheus.yml"), "").unwrap();
        // These programs take no port 0.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        command.args(args(folder.path().to_str().unwrap(), port));
        let child = match command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
            Ok(child) => child,
            Err(error) => {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "CI says that nothing may be skipped"
                )]
                let required = std::env::var("NINES_REQUIRE").is_ok_and(|it| it == "all");
                assert!(!required, "{program} is required: {error}");
                #[expect(clippy::print_stdout, reason = "a skip is told")]
                {
                    println!("skipped: {program} is not installed");
                }
                return None;
            }
        };
        let client = Client::builder().no_proxy().build().unwrap();
        let backend =
            Self { child, url: format!("http://127.0.0.1:{port}"), client, _folder: folder };
        for _ in 0..LOOKS_MAX {
            let query = format!("{}/api/v1/query?query=1", backend.url);
            if backend.client.get(query).send().await.is_ok_and(|it| it.status().is_success()) {
                return Some(backend);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("{program} does not answer");
    }

    async fn prometheus() -> Option<Self> {
        Self::start("prometheus", |folder, port| {
            vec![
                format!("--config.file={folder}/prometheus.yml"),
                format!("--storage.tsdb.path={folder}/data"),
                format!("--web.listen-address=127.0.0.1:{port}"),
                "--web.enable-remote-write-receiver".to_owned(),
            ]
        })
        .await
    }

    async fn victoria_metrics() -> Option<Self> {
        Self::start("victoria-metrics", |folder, port| {
            vec![
                format!("-storageDataPath={folder}/data"),
                format!("-httpListenAddr=127.0.0.1:{port}"),
            ]
        })
        .await
    }

    /// 1,000 requests per quarter of a minute, one in a hundred of them failed; from and to as minutes ago.
    async fn traffic(&self, epoch: Timestamp, (from, to): (i64, i64)) {
        let counter = |code: &str, per_sample: f64| {
            let labels = [("__name__", "http_requests_total"), ("job", "api"), ("code", code)];
            let samples = (-4 * from..=-4 * to).map(|index| Sample {
                at_ms: (epoch + SignedDuration::from_secs(index * 15)).as_millisecond(),
                value: (index + 10_000) as f64 * per_sample,
            });
            SampleBatch::new(Labels::new(labels).unwrap(), samples.collect())
        };
        let batches = [counter("200", 990.0), counter("500", 10.0)];
        let request = self.client.post(format!("{}/api/v1/write", self.url));
        let request = request.header("Content-Encoding", "snappy");
        let request = request.header("X-Prometheus-Remote-Write-Version", "0.1.0");
        let request = request.header("Content-Type", "application/x-protobuf");
        let body = nines_ingest::remote_write::encode(&batches);
        let written = request.body(body).send().await.unwrap();
        assert_eq!(written.status(), 204);
    }
}

/// Whether a count is right up to what is extrapolated at edges.
fn is_about(value: &Value, expected: f64) -> bool {
    let value = value.as_f64().unwrap_or(0.0);
    (value - expected).abs() <= expected * 0.03
}

async fn objectives_count_and_queries_pass(backend: Option<Backend>) {
    let Some(backend) = backend else { return };
    let house = House::new();
    let document = format!(
        "apiVersion: nines/v1\nkind: Metrics\nspec: {{backend: {{url: '{}', tenant: a, headers: {{X-Test: b}}}}}}\n",
        backend.url
    );
    house.write("metrics.yaml", &document);
    let epoch = now();
    backend.traffic(epoch, (40, 10)).await;

    let guest = house.open().await;
    let slos = guest.until("/api/nines/v1/slos", |it| is_about(&it[0]["total"], 120_000.0)).await;
    assert!(is_about(&slos[0]["bad"], 1_200.0), "{slos}");
    let at = (epoch - SignedDuration::from_mins(12)).as_millisecond() as f64 / 1e3;
    let path = format!("/api/v1/query?query=sum(rate(http_requests_total[5m]))*15&time={at}");
    let answer = guest.get(&path).await;
    let rate = answer["data"]["result"][0]["value"][1].as_str().unwrap().parse::<f64>().unwrap();
    assert!((rate - 1_000.0).abs() < 10.0, "{answer}");
    assert_eq!(
        guest.get("/api/v1/label/code/values").await["data"],
        serde_json::json!(["200", "500"])
    );
    guest.leave().await;

    // While nines was away, more has happened: only that is read, and nothing counts twice.
    backend.traffic(epoch, (10, 2)).await;
    let guest = house.open().await;
    let slos = guest.until("/api/nines/v1/slos", |it| is_about(&it[0]["total"], 152_000.0)).await;
    assert!(is_about(&slos[0]["bad"], 1_520.0), "{slos}");

    drop(backend);
    let refused = guest.ask(Method::GET, "/api/v1/query?query=up").send().await.unwrap();
    assert_eq!(refused.status(), 503);
    let refused = json(refused).await;
    assert_eq!(refused["errorType"], "unavailable");
    let error = refused["error"].as_str().unwrap();
    assert!(error.contains("the metrics backend http://127.0.0.1:"), "{error}");
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_counts_for_objectives_and_answers_queries() {
    objectives_count_and_queries_pass(Backend::prometheus().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn victoria_metrics_counts_for_objectives_and_answers_queries() {
    objectives_count_and_queries_pass(Backend::victoria_metrics().await).await;
}
