//! `nines compat prometheus` where Prometheus was: the same file, the same flags, the same targets and series.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;

use crate::process::{Running, nines, program};

/// How long two scrapes may take on a busy machine.
const SCRAPED_MAX: Duration = Duration::from_secs(40);

/// A process of somebody else; dropped, it is killed.
pub(crate) struct Foreign(Child);

impl Foreign {
    /// Nothing when the program is not installed and need not be.
    pub(crate) fn start(name: &str, args: &[String]) -> Option<Self> {
        let mut command = Command::new(name);
        let started = command.args(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        match started {
            Ok(child) => Some(Self(child)),
            Err(error) => {
                let required = std::env::var("NINES_REQUIRE").is_ok_and(|it| it == "all");
                assert!(!required, "{name} is required: {error}");
                #[expect(clippy::print_stdout, reason = "a skip is told")]
                {
                    println!("skipped: {name} is not installed");
                }
                None
            }
        }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A port that was free a moment ago; programs that take no port 0 need one.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Asks, and gives status and body.
pub(crate) fn ask(method: Method, url: &str, query: &[(&str, &str)]) -> Option<(u16, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut url = url::Url::parse(url).unwrap();
    url.query_pairs_mut().extend_pairs(query);
    runtime.block_on(async {
        let response = client.request(method, url).send().await.ok()?;
        Some((response.status().as_u16(), response.text().await.ok()?))
    })
}

pub(crate) fn get(url: &str, query: &[(&str, &str)]) -> Option<Value> {
    serde_json::from_str(&ask(Method::GET, url, query)?.1).ok()
}

#[track_caller]
pub(crate) fn until(what: &str, is_done: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_done() {
        assert!(started.elapsed() < SCRAPED_MAX, "{what} takes too long");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn is_scraped(base: &str) -> bool {
    let answer = get(&format!("{base}/api/v1/query"), &[("query", "sum(up)")]);
    answer.is_some_and(|it| it["data"]["result"][0]["value"][1] == "2")
}

/// The label sets of all series. Those about the scraping itself differ between versions of Prometheus too, and since
/// 3.0 whole numbers in `quantile` are written with a decimal.
fn series(base: &str) -> BTreeSet<String> {
    let selector = r#"{job=~".+",__name__!~"scrape_.*",quantile!~"[01]|[01][.]0"}"#;
    let answer = get(&format!("{base}/api/v1/series"), &[("match[]", selector)]).unwrap();
    let mut series = answer["data"].as_array().unwrap().clone();
    for labels in series.iter_mut().filter_map(Value::as_object_mut) {
        for name in ["le", "quantile"] {
            // Prometheus 3 writes `1.0`, as we do, where 2.42 keeps the exposed `1`.
            if let Some(bound) = labels.get_mut(name) {
                *bound = bound.as_str().unwrap().parse::<f64>().unwrap().to_string().into();
            }
        }
    }
    series.iter().map(ToString::to_string).collect()
}

/// Targets without what is measured.
fn targets(base: &str) -> Vec<Value> {
    let answer = get(&format!("{base}/api/v1/targets"), &[("state", "active")]).unwrap();
    let mut targets = answer["data"]["activeTargets"].as_array().unwrap().clone();
    for it in &mut targets {
        let fields = it.as_object_mut().unwrap();
        assert!(
            fields.remove("lastScrape").is_some() && fields.remove("lastScrapeDuration").is_some()
        );
    }
    targets.sort_by_key(ToString::to_string);
    targets
}

fn configuration(home: &Path, exporter: u16) -> String {
    let file = home.join("prometheus.yml");
    let text = format!(
        "global: {{scrape_interval: 1s, external_labels: {{dc: test}}}}\n\
         scrape_configs:\n\
         - job_name: node\n  static_configs:\n  - targets: ['127.0.0.1:{exporter}']\n    labels: {{rack: a1}}\n\
         - job_name: again\n  metrics_path: /metrics\n  scrape_timeout: 900ms\n  honor_labels: true\n  static_configs:\n  - targets: ['localhost:{exporter}']\n"
    );
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn the_same_file_gives_the_same_targets_and_series_as_prometheus() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (exporter, prometheus) = (free_port(), free_port());
    let address = format!("--web.listen-address=127.0.0.1:{exporter}");
    let Some(_exporter) = Foreign::start("prometheus-node-exporter", &[address]) else { return };
    let file = configuration(home, exporter);
    let flags = |data: &str, port: u16| {
        vec![
            format!("--config.file={file}"),
            format!("--storage.tsdb.path={}", home.join(data).display()),
            format!("--web.listen-address=127.0.0.1:{port}"),
            "--storage.tsdb.retention.time=2d".to_owned(),
            "--web.enable-lifecycle".to_owned(),
            "--web.enable-remote-write-receiver".to_owned(),
            "--log.level=warn".to_owned(),
        ]
    };
    let Some(_prometheus) = Foreign::start("prometheus", &flags("theirs", prometheus)) else {
        return;
    };
    let mut args = vec!["compat".to_owned(), "prometheus".to_owned()];
    args.extend(flags("ours", 0));
    args.extend(["--nines.ready-file".to_owned(), home.join("ready.json").display().to_string()]);
    let mut command = program(home);
    command.args(&args);
    let ours = Running::launch(command, &home.join("ready.json"));
    let theirs = format!("http://127.0.0.1:{prometheus}");
    until("scraping by Prometheus", || is_scraped(&theirs));
    until("scraping by nines", || is_scraped(&ours.url));

    assert_eq!(targets(&ours.url), targets(&theirs));
    let (own, other) = (series(&ours.url), series(&theirs));
    let differences: Vec<&String> = own.symmetric_difference(&other).collect();
    assert!(differences.is_empty() && 100 < own.len(), "{} series, {differences:#?}", own.len());
    let flags = get(&format!("{}/api/v1/status/flags", ours.url), &[]).unwrap();
    assert_eq!(flags["data"]["storage.tsdb.retention.time"], "2d");
    let run_time = get(&format!("{}/api/v1/status/runtimeinfo", ours.url), &[]).unwrap();
    assert_eq!(run_time["data"]["storageRetention"], "2d");

    // Whatever enables a call is the permission for it.
    let status = |path: &str| ask(Method::POST, &format!("{}{path}", ours.url), &[]).unwrap().0;
    assert_eq!(status("/-/reload"), 200);
    assert_eq!(status("/api/v1/write"), 400, "allowed, but an empty body is no request");
    assert_eq!(status("/api/v1/otlp/v1/metrics"), 401, "not enabled");
    std::fs::write(&file, "global: {scrape_interval: soon}").unwrap();
    assert_eq!(status("/-/reload"), 500);
    assert!(is_scraped(&ours.url), "the last good configuration goes on");
}

#[test]
fn a_flag_that_nobody_knows_starts_nothing() {
    let home = tempfile::tempdir().unwrap();
    let output = nines(home.path(), &["compat", "prometheus", "--config.fil=x"]);
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("did you mean --config.file?"), "{}", output.stderr);
    let help = nines(home.path(), &["compat", "prometheus", "--help"]);
    assert_eq!(help.code, 0);
    assert!(help.stdout.contains("--storage.tsdb.retention.size=VALUE"), "{}", help.stdout);
    let missing = nines(home.path(), &["compat", "prometheus", "--config.file=/nonexistent.yml"]);
    assert_eq!(missing.code, 2, "{}", missing.stderr);
}
