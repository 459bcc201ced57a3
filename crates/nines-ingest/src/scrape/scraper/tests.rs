//! Against real servers on loopback, in real time; every wait is for an event.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Mutex;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use nines_base::{Labels, SampleBatch, is_stale};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use super::super::job::Target;
use super::*;

/// Short for quick tests, and long enough for an answer on a busy machine.
const INTERVAL: SignedDuration = SignedDuration::from_millis(400);
/// A scrape that does not come is a failed test, not a hanging one.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs with tokio's time, so that no test reads the machine's clock.
#[derive(Debug)]
struct TokioClock {
    zero: Instant,
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.zero.elapsed()).unwrap();
        Timestamp::from_second(1_700_000_000).unwrap() + elapsed
    }
}

/// Tells of each append; fails while it is told to.
#[derive(Debug)]
struct Probe {
    appends: mpsc::UnboundedSender<Vec<SampleBatch>>,
    fails: Mutex<bool>,
}

impl SampleSink for Probe {
    fn append(&self, batch: &[SampleBatch]) -> Result<Appended, SinkError> {
        if *self.fails.lock().unwrap() {
            return Err(SinkError { source: "disk full".into() });
        }
        self.appends.send(batch.to_vec()).unwrap();
        Ok(Appended { samples: batch.len() as u64, refused: Vec::new() })
    }
}

struct Bench {
    jobs: watch::Sender<Vec<ScrapeJob>>,
    appends: mpsc::UnboundedReceiver<Vec<SampleBatch>>,
    sink: Arc<Probe>,
    status: Arc<TargetsStatus>,
    stop: oneshot::Sender<()>,
    run: JoinHandle<()>,
}

impl Bench {
    fn start(jobs: Vec<ScrapeJob>) -> Self {
        let (appends_sender, appends) = mpsc::unbounded_channel();
        let (jobs, jobs_receiver) = watch::channel(jobs);
        let (stop, stopped) = oneshot::channel::<()>();
        let sink = Arc::new(Probe { appends: appends_sender, fails: Mutex::new(false) });
        let scraper = Scraper::new().unwrap();
        let status = scraper.targets_status();
        let clock = Arc::new(TokioClock { zero: Instant::now() });
        let shutdown = async {
            stopped.await.ok();
        };
        let to: Arc<dyn SampleSink> = Arc::<Probe>::clone(&sink);
        let run = tokio::spawn(scraper.run(jobs_receiver, to, clock, shutdown));
        Self { jobs, appends, sink, status, stop, run }
    }

    async fn append(&mut self) -> Vec<SampleBatch> {
        tokio::time::timeout(PATIENCE, self.appends.recv()).await.unwrap().unwrap()
    }

    async fn append_where(&mut self, is_it: impl Fn(&[SampleBatch]) -> bool) -> Vec<SampleBatch> {
        loop {
            let batches = self.append().await;
            if is_it(&batches) {
                return batches;
            }
        }
    }

    /// Stops the scraper and returns what it appended since.
    async fn stop(mut self) -> Vec<SampleBatch> {
        self.stop.send(()).unwrap();
        tokio::time::timeout(PATIENCE, self.run).await.unwrap().unwrap();
        let mut rest = Vec::new();
        while let Ok(batches) = self.appends.try_recv() {
            rest.extend(batches);
        }
        rest
    }
}

async fn serve<H, F>(handler: H) -> (SocketAddr, JoinHandle<()>)
where
    H: Fn(HeaderMap) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/metrics", get(handler));
    (address, tokio::spawn(async { axum::serve(listener, router).await.unwrap() }))
}

fn job(address: SocketAddr) -> ScrapeJob {
    let labels = Labels::new([("instance", "cart-1")]).unwrap();
    ScrapeJob {
        targets: vec![Target { address: address.to_string(), labels }],
        interval: INTERVAL,
        timeout: INTERVAL,
        sample_limit: 100,
        body_bytes_max: 1_000,
        ..ScrapeJob::new("shop")
    }
}

/// The value of a metric, if it is there; a marker is `None` too.
fn value(batches: &[SampleBatch], name: &str) -> Option<f64> {
    let batch = batches.iter().find(|it| it.labels.metric_name() == Some(name))?;
    batch.samples.first().map(|it| it.value).filter(|it| !is_stale(*it))
}

fn ended(batches: &[SampleBatch]) -> Vec<&str> {
    let ends = |it: &&SampleBatch| it.samples.iter().all(|it| is_stale(it.value));
    let mut names: Vec<&str> =
        batches.iter().filter(ends).filter_map(|it| it.labels.metric_name()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_target_is_scraped_again_and_again_and_ends_with_markers() {
    let seen = Arc::new(Mutex::new(None));
    let note = Arc::clone(&seen);
    let (address, _server) = serve(move |headers| {
        *note.lock().unwrap() = Some(headers);
        async { "requests_total{code=\"200\"} 7\n".into_response() }
    })
    .await;
    let mut bench = Bench::start(vec![job(address)]);
    let first = bench.append().await;
    let second = bench.append().await;

    let names: Vec<&str> = first.iter().filter_map(|it| it.labels.metric_name()).collect();
    assert_eq!(
        names,
        [
            "requests_total",
            "up",
            "scrape_duration_seconds",
            "scrape_samples_scraped",
            "scrape_samples_post_metric_relabeling",
            "scrape_series_added",
        ]
    );
    assert_eq!(
        first[0].labels.to_string(),
        r#"requests_total{code="200", instance="cart-1", job="shop"}"#
    );
    assert_eq!((value(&first, "up"), value(&first, "scrape_series_added")), (Some(1.0), Some(1.0)));
    assert_eq!(value(&second, "scrape_series_added"), Some(0.0));
    assert!(first[0].samples[0].at_ms < second[0].samples[0].at_ms);

    let headers = seen.lock().unwrap().clone().unwrap();
    assert!(headers["accept"].to_str().unwrap().starts_with("application/openmetrics-text"));
    assert_eq!(headers["x-prometheus-scrape-timeout-seconds"], "0.4");
    assert_eq!(headers["accept-encoding"], "gzip");

    let status = bench.status.snapshot();
    assert_eq!((status.len(), status[0].health), (1, Health::Up));
    assert_eq!(status[0].url, format!("http://{address}/metrics"));
    let rest = bench.stop().await;
    assert_eq!(ended(&rest).len(), 6, "{rest:?}");
}

#[tokio::test]
async fn open_metrics_may_come_compressed() {
    let (address, _server) = serve(|_| async {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"a_total 5 # {} 1\n# EOF\n").unwrap();
        let types = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        let headers = [(header::CONTENT_TYPE, types), (header::CONTENT_ENCODING, "gzip")];
        (headers, encoder.finish().unwrap()).into_response()
    })
    .await;
    let mut bench = Bench::start(vec![job(address)]);
    assert_eq!(value(&bench.append().await, "a_total"), Some(5.0));
    bench.stop().await;
}

#[tokio::test]
async fn failures_are_down_with_their_reason() {
    type Answer = fn() -> Response;
    let cases: [(&str, Answer); 5] = [
        ("500 Internal Server Error", || StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        ("text/html, not metrics", || axum::response::Html("<p>").into_response()),
        ("line 1: `one` is not a number", || "a one\n".into_response()),
        ("longer than 1000 bytes", || "# long\n".repeat(200).into_response()),
        ("not UTF-8", || vec![b'a', 0xff].into_response()),
    ];
    let mut benches = Vec::new();
    for (reason, answer) in cases {
        let (address, _server) = serve(move |_| {
            let answer = answer();
            async { answer }
        })
        .await;
        benches.push((reason, Bench::start(vec![job(address)])));
    }
    for (reason, mut bench) in benches {
        assert_eq!(value(&bench.append().await, "up"), Some(0.0), "{reason}");
        bench.append().await; // the status is written after the append
        let status = bench.status.snapshot();
        assert_eq!(status[0].health, Health::Down);
        let said = status[0].last_error.clone().unwrap();
        assert!(said.contains(reason), "{said}");
        bench.stop().await;
    }
}

#[tokio::test]
async fn a_target_that_hangs_is_down_and_does_not_hold_the_end() {
    let (address, _server) = serve(|_| std::future::pending()).await;
    let hanging = ScrapeJob { timeout: SignedDuration::from_millis(100), ..job(address) };
    let mut bench = Bench::start(vec![hanging]);
    assert_eq!(value(&bench.append().await, "up"), Some(0.0));
    bench.append().await;
    let said = bench.status.snapshot()[0].last_error.clone().unwrap();
    assert_eq!(said, "no complete answer within 0.1s, the scrape timeout");

    let patient = SignedDuration::from_secs(60);
    bench.jobs.send_modify(|jobs| jobs[0].timeout = patient);
    let begun = Instant::now();
    bench.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_target_that_is_replaced_ends_and_a_closed_port_is_down() {
    let (address, _server) = serve(|_| async { "a 1\n".into_response() }).await;
    let mut bench = Bench::start(vec![job(address)]);
    assert_eq!(value(&bench.append().await, "a"), Some(1.0));
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    bench.jobs.send_replace(vec![job(closed)]);
    let batches = bench.append_where(|it| ended(it).contains(&"a")).await;
    assert_eq!(ended(&batches).len(), 6, "the old target is gone as a whole");
    let batches = bench.append_where(|it| value(it, "up").is_some()).await;
    assert_eq!(value(&batches, "up"), Some(0.0));
    bench.append().await;
    let said = bench.status.snapshot()[0].last_error.clone().unwrap();
    assert!(said.to_lowercase().contains("refused"), "{said}");
    bench.stop().await;
}

#[tokio::test]
async fn a_change_of_settings_keeps_the_series() {
    let (address, _server) = serve(|_| async { "a 1\n".into_response() }).await;
    let mut bench = Bench::start(vec![job(address)]);
    bench.append().await;
    bench.jobs.send_modify(|jobs| jobs[0].interval = SignedDuration::from_millis(300));
    for _ in 0..3 {
        let batches = bench.append().await;
        assert_eq!(ended(&batches), [""; 0]);
        assert_eq!(value(&batches, "scrape_series_added"), Some(0.0));
    }
    assert_eq!(bench.status.snapshot()[0].interval, SignedDuration::from_millis(300));
    bench.jobs.send_replace(Vec::new());
    bench.append_where(|it| ended(it).len() == 6).await;
    assert!(bench.stop().await.is_empty(), "it has ended already");
}

#[tokio::test]
async fn samples_that_cannot_be_stored_show_in_the_status() {
    let (address, _server) = serve(|_| async { "a 1\n".into_response() }).await;
    let mut bench = Bench::start(vec![job(address)]);
    bench.append().await;
    *bench.sink.fails.lock().unwrap() = true;
    let status = Arc::clone(&bench.status);
    let failed = async {
        while status.snapshot()[0].last_error.is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, failed).await.unwrap();
    assert_eq!(
        bench.status.snapshot()[0].last_error.as_deref(),
        Some("failed to store samples: disk full")
    );
    assert_eq!(bench.status.snapshot()[0].health, Health::Up);
    *bench.sink.fails.lock().unwrap() = false;
    bench.append().await;
    bench.stop().await;
}
