//! A server in temporary folders, and somebody who talks to it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use nines_port::Clock;
use nines_server::{
    Configuration, PromSettings, Random, Retention, ServeError, ServeOptions, Server, start,
};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// One availability objective of 99.9 %, one person, one gate.
pub(crate) const CONFIG: &str = r#"
apiVersion: nines/v1
kind: SLO
metadata: {name: api/availability, labels: {team: api}}
spec:
  sli:
    counter:
      bad: 'http_requests_total{job="api",code=~"5.."}'
      total: 'http_requests_total{job="api"}'
  objective: 99.9%
  window: 28d
  alerting: {preset: scaled, escalation: primary}
---
apiVersion: nines/v1
kind: Person
metadata: {name: ana}
spec: {display_name: Ana, contacts: [inbox: {}]}
---
apiVersion: nines/v1
kind: Escalation
metadata: {name: primary}
spec:
  steps: [{notify: [person: ana], wait: 5m}]
---
apiVersion: nines/v1
kind: Service
metadata: {name: api}
spec: {}
---
apiVersion: nines/v1
kind: Gate
metadata: {name: all}
spec: {services: [api], min_remaining: 10%, min_coverage: 0%}
"#;

#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the edge of a test")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// Folders that outlive several servers.
pub(crate) struct House {
    root: tempfile::TempDir,
    /// How its servers behave.
    pub(crate) prom: PromSettings,
}

impl House {
    pub(crate) fn new() -> Self {
        // Tests install a provider once for all; a second try is refused and means the same.
        drop(rustls::crypto::ring::default_provider().install_default());
        let prom = PromSettings::default();
        let house = Self { root: tempfile::tempdir().unwrap(), prom };
        std::fs::create_dir(house.config_dir()).unwrap();
        house.write("nines.yaml", CONFIG);
        house
    }

    pub(crate) fn config_dir(&self) -> PathBuf {
        self.root.path().join("config")
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.root.path().join("data")
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        std::fs::write(self.config_dir().join(file), text).unwrap();
    }

    pub(crate) async fn start(&self) -> Result<Server, ServeError> {
        self.start_at("127.0.0.1:0".parse().unwrap()).await
    }

    pub(crate) async fn start_at(&self, listen: SocketAddr) -> Result<Server, ServeError> {
        start(ServeOptions {
            configuration: Configuration::Files(vec![self.config_dir()]),
            data_dir: self.data_dir(),
            shared: None,
            listen: vec![listen],
            external_url: None,
            clock: Arc::new(SystemClock),
            random: Random { bytes: [9; 64], seed: 1 },
            program: PathBuf::from("/bin/false"),
            prom: self.prom.clone(),
            retention: Retention::default(),
            demo: None,
        })
        .await
    }

    pub(crate) async fn open(&self) -> Guest {
        self.open_at("127.0.0.1:0".parse().unwrap()).await
    }

    pub(crate) async fn open_at(&self, listen: SocketAddr) -> Guest {
        let server = self.start_at(listen).await.unwrap();
        let (url, token) = (server.url().to_owned(), server.token().to_owned());
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run(async {
            drop(stopped.await);
        }));
        let client = Client::builder().no_proxy().build().unwrap();
        Guest { url, token, client, stop, running }
    }
}

/// Somebody who talks to a running server.
pub(crate) struct Guest {
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) client: Client,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), ServeError>>,
}

impl Guest {
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let response = self.ask(Method::GET, path).send().await.unwrap();
        json(response).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let response = self.ask(Method::POST, path).json(body).send().await.unwrap();
        (response.status().as_u16(), json(response).await)
    }

    /// Remote-writes one sample for each (labels, value), all at `at`.
    pub(crate) async fn write(&self, at: Timestamp, rows: &[(&[(&str, &str)], f64)]) -> Response {
        let batches: Vec<_> = rows
            .iter()
            .map(|(labels, value)| nines_base::SampleBatch {
                histograms: Vec::new(),
                labels: nines_base::Labels::new(labels.iter().copied()).unwrap(),
                samples: vec![nines_base::Sample { at_ms: at.as_millisecond(), value: *value }],
            })
            .collect();
        self.ask(Method::POST, "/api/v1/write")
            .header("Content-Encoding", "snappy")
            .header("X-Prometheus-Remote-Write-Version", "0.1.0")
            .body(nines_ingest::remote_write::encode(&batches))
            .send()
            .await
            .unwrap()
    }

    /// An hour of traffic with `bad` errors in its last minutes, every 15 s.
    pub(crate) async fn traffic(&self, bad_per_sample: f64, bad_samples: i64) {
        self.traffic_until(now(), bad_per_sample, bad_samples).await;
    }

    /// The same, up to an instant.
    pub(crate) async fn traffic_until(
        &self,
        end: Timestamp,
        bad_per_sample: f64,
        bad_samples: i64,
    ) {
        for index in 0..=240_i64 {
            let at = end - jiff::SignedDuration::from_secs((240 - index) * 15);
            let bad = (index - (240 - bad_samples)).max(0) as f64 * bad_per_sample;
            let good = index as f64 * 1_000.0 - bad;
            let ok = [("__name__", "http_requests_total"), ("job", "api"), ("code", "200")];
            let failed = [("__name__", "http_requests_total"), ("job", "api"), ("code", "500")];
            let written = self.write(at, &[(&ok, good), (&failed, bad)]).await;
            assert_eq!(written.status(), 204);
        }
    }

    /// Asks until `is_done` accepts the answer; gives up after ten seconds.
    pub(crate) async fn until(&self, path: &str, is_done: impl Fn(&Value) -> bool) -> Value {
        let mut answer = Value::Null;
        for _ in 0..100 {
            answer = self.get(path).await;
            if is_done(&answer) {
                return answer;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("{path} still answers {answer}");
    }

    pub(crate) async fn leave(self) {
        self.stop.send(()).unwrap();
        self.running.await.unwrap().unwrap();
    }
}

pub(crate) async fn json(response: Response) -> Value {
    let text = response.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}
