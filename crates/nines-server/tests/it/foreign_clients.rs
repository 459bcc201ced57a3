//! Clients of the Prometheus API that others wrote: from PyPI and npm.

use std::path::PathBuf;
use std::process::Command;

use crate::house::{Guest, House, now};

/// `PrometheusConnect` of prometheus-api-client.
const PYTHON: &str = r#"
import sys, datetime
from prometheus_api_client import PrometheusConnect
client = PrometheusConnect(url=sys.argv[1], disable_ssl=True)
assert client.check_prometheus_connection(), "GET / is not 200"
assert "queue_depth" in client.all_metrics(), client.all_metrics()
assert client.get_label_names() == ["__name__", "job"], client.get_label_names()
assert client.get_label_values("job") == ["api"]
now = client.get_current_metric_value("queue_depth", {"job": "api"})
assert now[0]["value"][1] == "7.5", now
assert client.custom_query("queue_depth * 2")[0]["value"][1] == "15"
end = datetime.datetime.now()
start = end - datetime.timedelta(minutes=2)
found = client.custom_query_range("queue_depth", start, end, "15s")
assert found[0]["metric"]["job"] == "api" and found[0]["values"][-1][1] == "7.5", found
chunks = client.get_metric_range_data("queue_depth", None, start, end, datetime.timedelta(minutes=1))
assert chunks and chunks[-1]["values"], chunks
assert client.get_targets()["activeTargets"] == []
assert client.get_scrape_pools() == []
print("understood")
"#;

/// `PrometheusDriver` of prometheus-query.
const JAVASCRIPT: &str = r#"
const { PrometheusDriver } = require("prometheus-query");
const assert = require("node:assert");
(async () => {
  const driver = new PrometheusDriver({ endpoint: process.argv[2], baseURL: "/api/v1", timeout: 10000 });
  const instant = await driver.instantQuery("queue_depth * 2");
  assert.strictEqual(instant.resultType, "vector");
  assert.strictEqual(instant.result[0].value.value, 15);
  assert.strictEqual(instant.result[0].metric.labels.job, "api");
  const end = new Date(), start = new Date(end - 120000);
  const range = await driver.rangeQuery("queue_depth", start, end, 15);
  assert.strictEqual(range.result[0].values.at(-1).value, 7.5);
  const series = await driver.series("queue_depth", start, end);
  assert.strictEqual(series[0].name, "queue_depth");
  assert.deepStrictEqual(await driver.labelNames(), ["__name__", "job"]);
  assert.deepStrictEqual(await driver.labelValues("job"), ["api"]);
  assert.deepStrictEqual((await driver.targets()).activeTargets, []);
  assert.ok(Array.isArray(await driver.rules()));
  assert.deepStrictEqual(await driver.alerts(), []);
  assert.deepStrictEqual(await driver.alertmanagers(), { activeAlertmanagers: [], droppedAlertmanagers: [] });
  await assert.rejects(driver.instantQuery("sum("), (error) => JSON.stringify(error).includes("bad_data"));
  console.log("understood");
})().catch((error) => { console.error(error); process.exit(1); });
"#;

async fn with_a_sample() -> (House, Guest) {
    let house = House::new();
    let guest = house.open().await;
    let labels = [("__name__", "queue_depth"), ("job", "api")];
    // Clients ask up to whole seconds.
    let at = now() - jiff::SignedDuration::from_secs(5);
    guest.write(at, &[(&labels, 7.5)]).await;
    (house, guest)
}

/// Where `.ci/run` installs clients: `NINES_CLIENTS`, with `venv` and `node_modules` below it.
fn clients() -> Option<PathBuf> {
    let folder = std::env::var_os("NINES_CLIENTS");
    folder.map(PathBuf::from)
}

/// Runs a client, or skips it by name when it is not installed and need not be.
async fn understood(command: Option<Command>, package: &str) -> Option<String> {
    let Some(mut command) = command else {
        #[expect(clippy::disallowed_methods, reason = "CI says that nothing may be skipped")]
        let required = std::env::var("NINES_REQUIRE").is_ok_and(|it| it == "all");
        assert!(!required, "{package} is required below NINES_CLIENTS");
        #[expect(clippy::print_stdout, reason = "a skip is told")]
        {
            println!("skipped: {package} is not installed below NINES_CLIENTS");
        }
        return None;
    };
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let problem = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && text.contains("understood"), "{package}: {text}{problem}");
    Some(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_api_client_of_pypi_understands() {
    let (_house, guest) = with_a_sample().await;
    let folder = clients().unwrap_or_default();
    let python = folder.join("venv/bin/python");
    let is_there = {
        let mut check = Command::new(&python);
        check.args(["-c", "import prometheus_api_client"]);
        check.output().is_ok_and(|it| it.status.success())
    };
    let mut command = Command::new(&python);
    command.args(["-c", PYTHON, &guest.url]);
    understood(is_there.then_some(command), "prometheus-api-client (PyPI)").await;
    guest.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_query_of_npm_understands() {
    let (_house, guest) = with_a_sample().await;
    let folder = clients().unwrap_or_default();
    let is_there = folder.join("node_modules/prometheus-query").is_dir();
    let mut command = Command::new("node");
    command.current_dir(if is_there { folder } else { PathBuf::from("/") });
    command.args(["-e", JAVASCRIPT, "client", &guest.url]);
    understood(is_there.then_some(command), "prometheus-query (npm)").await;
    guest.leave().await;
}

/// `compute` of slo-generator with its Prometheus backend; prints the SLIs of both methods.
const SLO_GENERATOR: &str = r#"
import json, sys
from slo_generator.compute import compute
url, window = sys.argv[1], int(sys.argv[2])
steps = [{"name": "window", "window": window, "burn_rate_threshold": 1, "alert": True,
          "message_alert": "burns", "message_ok": "fine"}]
config = {"backends": {"prometheus": {"url": url}}, "exporters": {},
          "error_budget_policies": {"default": {"steps": steps}}}
good, total = 'http_requests_total{job="api",code="200"}', 'http_requests_total{job="api"}'
ratio = f"sum(increase({good}[window])) / sum(increase({total}[window]))"
ways = [("good_bad_ratio", {"filter_good": good + "[window]", "filter_valid": total + "[window]"}),
        ("query_sli", {"expression": ratio})]
found = {}
for method, indicator in ways:
    slo = {"apiVersion": "sre.google.com/v2", "kind": "ServiceLevelObjective",
           "metadata": {"name": "api-availability", "labels": {"service_name": "api", "feature_name": "api",
                        "slo_name": "availability"}},
           "spec": {"description": "", "backend": "prometheus", "method": method, "exporters": [],
                    "service_level_indicator": indicator, "goal": 0.999}}
    reports = compute(slo, config, do_export=False)
    assert len(reports) == 1 and reports[0]["valid"], reports
    found[method] = reports[0]["sli_measurement"]
print("understood", json.dumps(found))
"#;

/// A third opinion beside ours and Prometheus': the good share over the whole hour of traffic.
#[tokio::test(flavor = "multi_thread")]
async fn slo_generator_of_pypi_computes_the_sli_of_the_budget() {
    let house = House::new();
    let guest = house.open().await;
    // Its two queries are asked at two instants. `increase` extrapolates to the instant, unless the last sample is
    // more than a scrape ago; then by half a scrape, whenever it is asked.
    let end = now() - jiff::SignedDuration::from_secs(45);
    guest.traffic_until(end, 50.0, 40).await;
    // All 240,000 events, and the 2,000 bad ones of the last ten minutes.
    let answer = guest.until("/api/nines/v1/slos", |it| it[0]["total"] == 240_000).await;
    let (total, bad) = (240_000_f64, answer[0]["bad"].as_f64().unwrap());
    assert!((bad - 2_000.0).abs() < f64::EPSILON, "{answer}");
    let python = clients().unwrap_or_default().join("venv/bin/python");
    let is_there = {
        let mut check = Command::new(&python);
        check.args(["-c", "import slo_generator, prometheus_http_client"]);
        check.output().is_ok_and(|it| it.status.success())
    };
    let mut command = Command::new(&python);
    // Longer than the traffic, so that both see all of it.
    command.args(["-c", SLO_GENERATOR, &guest.url, "7200"]);
    let text = understood(is_there.then_some(command), "slo-generator (PyPI)").await;
    if let Some(text) = text {
        let (_, found) = text.rsplit_once("understood ").unwrap();
        let found: serde_json::Value = serde_json::from_str(found.trim()).unwrap();
        // It rounds to six digits.
        let ours = (total - bad) / total;
        for method in ["good_bad_ratio", "query_sli"] {
            let theirs = found[method].as_f64().unwrap();
            assert!((theirs - ours).abs() <= 0.000_000_6, "{method}: {theirs} is not {ours}");
        }
    }
    guest.leave().await;
}
