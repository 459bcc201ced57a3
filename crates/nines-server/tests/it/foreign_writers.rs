//! Senders of samples that others wrote: Debian's Prometheus, and clients of remote write and OTLP from PyPI.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use nines_base::{Labels, Sample, SampleBatch};
use nines_ingest::remote_write;
use reqwest::Method;
use url::form_urlencoded;

use crate::house::{House, now};

/// `RemoteWriter` of prometheus-remote-writer.
const REMOTE_WRITER: &str = r#"
import sys, time
from prometheus_remote_writer import RemoteWriter
url, token = sys.argv[1:]
writer = RemoteWriter(url=url + "/api/v1/write", auth={"bearer_token": token})
now = int(time.time() * 1000)
metrics = [{"metric": {"__name__": "written", "zone": str(i)}, "values": [i, i + 0.5], "timestamps": [now - 1000, now]}
           for i in range(50)]
result = writer.send(metrics)
assert result.series_sent == 50 and result.samples_sent == 100, result
bad = [{"metric": {"zone": "nameless"}, "values": [1], "timestamps": [now]},
       {"metric": {"__name__": "beside"}, "values": [1], "timestamps": [now]}]
try:
    writer.send(bad)
except RuntimeError as error:
    assert "400" in str(error) and "__name__" in str(error), error
else:
    raise AssertionError("a series without a name was taken")
print("understood")
"#;

/// The exporter of OpenTelemetry, with every kind of instrument, both temporalities, and gzip.
const OTLP: &str = r#"
import sys
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricExportResult, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
url, token = sys.argv[1:]
results = []
class Exporter(OTLPMetricExporter):
    def export(self, *args, **kwargs):
        result = super().export(*args, **kwargs)
        results.append(result)
        return result
def provider(path, name, temporality, **options):
    exporter = Exporter(endpoint=url + path, headers={"authorization": "Bearer " + token},
                        preferred_temporality={Counter: temporality, Histogram: temporality}, **options)
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    resource = Resource({"service.name": name, "service.namespace": "eu", "service.instance.id": "a-1", "team": "web"})
    views = [View(instrument_name="fine", aggregation=ExponentialBucketHistogramAggregation())]
    return MeterProvider(metric_readers=[reader], resource=resource, views=views)
for path, name, temporality, options in [
    ("/v1/metrics", "sums", AggregationTemporality.CUMULATIVE, {}),
    ("/api/v1/otlp/v1/metrics", "deltas", AggregationTemporality.DELTA, {"compression": Compression.Gzip}),
]:
    it = provider(path, name, temporality, **options)
    meter = it.get_meter("lib")
    counter = meter.create_counter("http.requests", unit="1", description="All of them.")
    ups = meter.create_up_down_counter("queue.length")
    gauge = meter.create_gauge("cpu.share", unit="1")
    classic = meter.create_histogram("wait", unit="ms")
    fine = meter.create_histogram("fine")
    for turn in range(3):
        counter.add(2, {"http.method": "GET"})
        ups.add(1)
        gauge.set(0.25)
        classic.record(7)
        fine.record(1.5 + turn)
        assert it.force_flush(), "not flushed"
    it.shutdown()
assert 6 <= len(results) and all(it is MetricExportResult.SUCCESS for it in results), results
print("understood")
"#;

/// Where `.ci/run` installs clients.
fn python() -> PathBuf {
    let folder = std::env::var_os("NINES_CLIENTS").map(PathBuf::from).unwrap_or_default();
    folder.join("venv/bin/python")
}

fn is_required() -> bool {
    #[expect(clippy::disallowed_methods, reason = "CI says that nothing may be skipped")]
    std::env::var("NINES_REQUIRE").is_ok_and(|it| it == "all")
}

#[expect(clippy::print_stdout, reason = "a skip is told")]
fn skipped(what: &str) {
    assert!(!is_required(), "{what} is required");
    println!("skipped: {what} is not installed");
}

/// Whether the client was there and content.
async fn python_understands(
    script: &'static str,
    module: &str,
    package: &str,
    args: [String; 2],
) -> bool {
    let has_module = Command::new(python()).args(["-c", &format!("import {module}")]).output();
    if !has_module.is_ok_and(|it| it.status.success()) {
        skipped(package);
        return false;
    }
    let mut command = Command::new(python());
    command.args(["-c", script]).args(args);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let problem = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && text.contains("understood"), "{package}: {text}{problem}");
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_remote_writer_of_pypi_is_taken() {
    let house = House::new();
    let guest = house.open().await;
    let args = [guest.url.clone(), guest.token.clone()];
    let package = "prometheus-remote-writer (PyPI)";
    if python_understands(REMOTE_WRITER, "prometheus_remote_writer", package, args).await {
        let answer = guest.get("/api/v1/query?query=sum(written)").await;
        assert_eq!(answer["data"]["result"][0]["value"][1], "1250", "{answer}");
        let answer = guest.get("/api/v1/query?query=beside").await;
        assert_eq!(
            answer["data"]["result"][0]["value"][1], "1",
            "the good one is stored: {answer}"
        );
    }
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_otlp_exporter_of_pypi_is_taken() {
    let house = House::new();
    let guest = house.open().await;
    let args = [guest.url.clone(), guest.token.clone()];
    let module = "opentelemetry.exporter.otlp.proto.http";
    let package = "opentelemetry-exporter-otlp-proto-http (PyPI)";
    if python_understands(OTLP, module, package, args).await {
        for job in ["eu/sums", "eu/deltas"] {
            for (query, value) in [
                ("http_requests_total{http_method=\"GET\",instance=\"a-1\",JOB}", "6"),
                ("queue_length{JOB}", "3"),
                ("cpu_share_ratio{JOB}", "0.25"),
                ("wait_milliseconds_bucket{le=\"10\",JOB}", "3"),
                ("wait_milliseconds_count{JOB}", "3"),
                ("wait_milliseconds_sum{JOB}", "21"),
                ("histogram_count(fine{JOB})", "3"),
                ("histogram_sum(fine{JOB})", "7.5"),
                ("target_info{team=\"web\",JOB}", "1"),
            ] {
                let query = query.replace("JOB", &format!("job=\"{job}\""));
                let mut form = form_urlencoded::Serializer::new(String::new());
                let form = form.append_pair("query", &query).finish();
                let request = guest.ask(Method::POST, "/api/v1/query").body(form);
                let request = request.header("Content-Type", "application/x-www-form-urlencoded");
                let answer = request.send().await;
                let answer = crate::house::json(answer.unwrap()).await;
                assert_eq!(answer["data"]["result"][0]["value"][1], value, "{query}: {answer}");
            }
        }
        let answer = guest.get("/api/v1/metadata?metric=http_requests_total").await;
        let meaning = &answer["data"]["http_requests_total"][0];
        assert_eq!(
            (&meaning["type"], &meaning["help"]),
            (&"counter".into(), &"All of them.".into())
        );
    }
    guest.leave().await;
}

/// A process of somebody else; dropped, it is killed.
struct Foreign(Child);

impl Drop for Foreign {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_of_debian_sends_what_it_scrapes() {
    let house = House::new();
    let guest = house.open().await;
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prometheus.yml");
    let (url, token) = (&guest.url, &guest.token);
    let config = format!(
        "global: {{scrape_interval: 1s}}\n\
         scrape_configs: [{{job_name: self, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]\n\
         remote_write:\n\
         - url: {url}/api/v1/write\n\
         \x20 authorization: {{credentials: {token}}}\n\
         \x20 queue_config: {{batch_send_deadline: 200ms}}\n\
         \x20 metadata_config: {{send_interval: 1s}}\n"
    );
    std::fs::write(&file, config).unwrap();
    let mut command = Command::new("prometheus");
    command
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    match command.spawn() {
        Ok(child) => {
            let _sender = Foreign(child);
            let has =
                |it: &serde_json::Value, value: &str| it["data"]["result"][0]["value"][1] == value;
            let path = "/api/v1/query?query=up{job=\"self\"}";
            guest.until(path, |it| has(it, "1")).await;
            // Hundreds of series of one request are all there.
            let path = "/api/v1/query?query=count({job=\"self\"})%20%3E%20bool%20300";
            guest.until(path, |it| has(it, "1")).await;
            let path = "/api/v1/metadata?metric=go_goroutines";
            guest.until(path, |it| it["data"]["go_goroutines"][0]["type"] == "gauge").await;
        }
        Err(error) => skipped(&format!("prometheus (Debian): {error}")),
    }
    guest.leave().await;
}

/// No package sends version 2.0, so this is our own sender against the rules of the protocol.
#[tokio::test(flavor = "multi_thread")]
async fn version_2_is_answered_with_counts_also_when_a_series_is_wrong() {
    let house = House::new();
    let guest = house.open().await;
    let batch = |pairs: &[(&str, &str)]| {
        let samples = vec![Sample { at_ms: now().as_millisecond(), value: 1.0 }];
        SampleBatch::new(Labels::new(pairs.iter().copied()).unwrap(), samples)
    };
    let send = |batches: Vec<SampleBatch>, content_type: &'static str| {
        let request = guest.ask(Method::POST, "/api/v1/write");
        let request = request.header("Content-Encoding", "snappy");
        let request = request.header("Content-Type", content_type);
        request.body(remote_write::encode_2(&batches)).send()
    };
    let two = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
    let written = |response: &reqwest::Response| {
        response.headers()["x-prometheus-remote-write-samples-written"].to_str().unwrap().to_owned()
    };
    let good = batch(&[("__name__", "second"), ("job", "a")]);
    let response = send(vec![good.clone()], two).await.unwrap();
    assert_eq!((response.status().as_u16(), written(&response).as_str()), (204, "1"));
    let response = send(vec![batch(&[("job", "nameless")]), good], two).await.unwrap();
    assert_eq!((response.status().as_u16(), written(&response).as_str()), (400, "1"));
    let said = response.text().await.unwrap();
    assert!(said.contains(r#"{job="nameless"}: no label `__name__`"#), "{said}");
    let unknown = "application/x-protobuf;proto=io.prometheus.write.v3.Request";
    assert_eq!(send(Vec::new(), unknown).await.unwrap().status(), 415);
    guest.leave().await;
}
