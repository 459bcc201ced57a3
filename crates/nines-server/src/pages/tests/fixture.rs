//! A server without sockets: the real engine on a journal in memory, one objective that burns, one person.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, RwLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::middleware::from_fn_with_state;
use jiff::{SignedDuration, Timestamp};
use nines_alert::{AlertKey, Evidence, WindowEvidence};
use nines_base::{Labels, Sample, SampleBatch};
use nines_engine::{Command, Engine, EngineHandle, Hooks, Installation, Observation, ack_token};
use nines_ingest::TargetsStatus;
use nines_port::{Clock, SampleSink, Urgency, VirtualClock};
use nines_slo::{Tracker, TrackerConfig};
use nines_spec::{SourceFile, read_files};
use nines_store::{JournalPlace, MemoryJournal, SnapshotFiles};
use nines_tsdb::{Options, Tsdb};
use tempfile::TempDir;
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;

use crate::access::{Access, guard};
use crate::app::{App, Loaded, Metrics, Shared};
use crate::health::Health;
use crate::pages;
use crate::prom::PromSettings;
use crate::reload::Reload;
use crate::rules::RuleBook;
use crate::serve::Retention;
use crate::work::Outward;

pub(crate) const TOKEN: &str = "token-of-the-test";
/// What nobody should ever see as an element.
pub(crate) const HOSTILE: &str = "<script>alert(1)</script>\"'&";

const CONFIG: &str = r#"
apiVersion: nines/v1
kind: SLO
metadata: {name: shop/availability}
spec:
  sli: {counter: {bad: 'requests_total{code="500"}', total: requests_total}}
  objective: 99.9%
  window: 28d
  alerting: {escalation: shop}
---
apiVersion: nines/v1
kind: Person
metadata: {name: ana}
spec: {display_name: 'Ana <b>Lima</b>', contacts: [{inbox: {}}]}
---
apiVersion: nines/v1
kind: Schedule
metadata: {name: shop}
spec: {zone: Europe/Warsaw, start: 2026-11-02T09:00, every: 1w, members: [ana]}
---
apiVersion: nines/v1
kind: Escalation
metadata: {name: shop}
spec: {steps: [{notify: [schedule: shop], wait: 10m}]}
"#;

const RUNBOOK: &str = "---\nservices: [shop]\n---\n# Shop errors\n\n<script>alert(1)</script>\n\n\
    [look](javascript:alert(1)) <b onclick=alert(1)>here</b>\n\n```manual id=look\nLook at it.\n```\n";

pub(crate) struct Fixture {
    pub(crate) app: App,
    router: Router,
    _folder: TempDir,
}

/// An answer as text.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Fixture {
    /// A page has fired, and 5 of 10 000 requests were bad.
    pub(crate) fn burning() -> Self {
        let fixture = Self::quiet();
        fixture.count(10_000, 5);
        fixture.ask(Command::ObserveBurns(vec![burn()]));
        fixture
    }

    pub(crate) fn quiet() -> Self {
        let now: Timestamp = "2026-11-24T03:00:00Z".parse().unwrap();
        let file =
            |path: &str, text: &str| SourceFile { path: path.to_owned(), text: text.to_owned() };
        let reading =
            read_files(vec![file("shop.yaml", CONFIG), file("runbooks/shop-errors.md", RUNBOOK)]);
        assert!(!reading.has_errors(), "{:#?}", reading.findings);
        let clock = Arc::new(VirtualClock::starting_at(now));
        let installation = Installation {
            secret: [7; 32],
            external_url: "http://localhost".to_owned(),
            version: "test".to_owned(),
        };
        let journal = Box::new(MemoryJournal::default());
        let engine = Engine::recover(journal, installation.clone(), None, 7, now).unwrap();
        let hooks = Hooks {
            deciding: Box::new(|_| {}),
            on_commit: Box::new(|_| {}),
            on_failure: Box::new(|error| panic!("{error}")),
        };
        let (handle, _) =
            EngineHandle::spawn(engine, Arc::clone(&clock) as Arc<dyn Clock>, hooks).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = Tsdb::open(folder.path(), Options::default()).unwrap();
        let spec = Arc::new(reading.spec);
        let engine_config = crate::work::engine_config(&spec);
        let tracker = Tracker::new(spec.slos.clone(), TrackerConfig::default());
        let runner = Arc::new(nines_runner::ProcessRunner::default());
        let outward =
            Outward::open(Arc::clone(&clock) as Arc<dyn Clock>, runner, &spec, folder.path());
        let outward = Arc::new(outward.unwrap());
        let app = Arc::new(Shared {
            clock,
            engine: handle,
            installation,
            metrics: Arc::new(Metrics::new(
                store,
                tracker,
                crate::checkpoint::Checkpoint::new(PathBuf::new()),
                PathBuf::new(),
            )),
            configured: crate::app::Configured::default(),
            loaded: RwLock::new(Arc::new(Loaded {
                spec,
                engine_config: Arc::clone(&engine_config),
                findings: reading.findings,
                is_current: true,
                backend: None,
                text: String::new(),
                sources: Arc::new([]),
                read_at: now,
            })),
            access: Access::new(TOKEN.to_owned(), [7; 32], "http://localhost"),
            snapshots: SnapshotFiles::new(folder.path()),
            targets: Arc::new(TargetsStatus::default()),
            committed: watch::channel(0).1,
            reload: Reload::new().0,
            data_dir: folder.path().to_owned(),
            journal: JournalPlace::Folder(folder.path().to_owned()),
            active: watch::channel(true).1,
            retention: Retention::default(),
            damages: 0,
            prom: PromSettings::default(),
            queries: Arc::new(Semaphore::new(1)),
            health: Health::default(),
            outward,
            slo_counters: crate::own_metrics::Counters::default(),
            rules: RuleBook::default(),
            started_at: now,
            demo_person: None,
            is_demo: false,
        });
        let router = pages::router()
            .merge(crate::api::router())
            .fallback(pages::not_found)
            .with_state(App::clone(&app))
            .layer(from_fn_with_state(App::clone(&app), guard));
        let fixture = Self { app, router, _folder: folder };
        fixture.ask(Command::ApplyConfig(engine_config));
        fixture
    }

    pub(crate) fn ask(&self, command: Command) -> nines_engine::Reply {
        self.app.engine.ask(command).unwrap().unwrap()
    }

    /// Requests arrive during the last minutes.
    fn count(&self, total: u32, bad: u32) {
        let now = self.app.clock.now();
        for (minutes, share) in [(4, 0.0), (3, 0.5), (2, 1.0)] {
            let at_ms = (now - SignedDuration::from_mins(minutes)).as_millisecond();
            let series = |code: &str, count: u32| SampleBatch {
                histograms: Vec::new(),
                labels: labels(&[("__name__", "requests_total"), ("code", code)]),
                samples: vec![Sample { at_ms, value: f64::from(count) * share }],
            };
            self.app.metrics.append(&[series("200", total - bad), series("500", bad)]).unwrap();
        }
    }

    /// The link in the only page that was sent.
    pub(crate) fn ack_path(&self) -> String {
        let seq = self.app.engine.read(|state| *state.intents_by_seq.keys().next().unwrap());
        format!("/ack/{}", ack_token(&self.app.installation, seq))
    }

    pub(crate) fn acknowledged(&self) -> Option<(String, String)> {
        self.app.engine.read(|state| {
            let answers = state.escalations.values().filter_map(|it| it.state.acknowledged.clone());
            answers.map(|(by, via, _)| (by, via)).next()
        })
    }

    pub(crate) fn alert(&self) -> AlertKey {
        self.app.engine.read(|state| state.alerts().next().unwrap().0)
    }

    /// As a browser without a session.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).header("accept", "text/html").body(Body::empty()).unwrap())
            .await
    }

    /// As the person's browser.
    pub(crate) async fn get_as(&self, person: &str, path: &str) -> Answer {
        let request = Request::get(path).header("accept", "text/html");
        self.send(request.header("cookie", self.cookie(person)).body(Body::empty()).unwrap()).await
    }

    /// Sends a form without a session.
    pub(crate) async fn post(&self, path: &str, form: &str) -> Answer {
        let request =
            Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    /// Sends a form with the person's session.
    pub(crate) async fn post_as(&self, person: &str, path: &str, form: &str) -> Answer {
        let request =
            Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        let request = request.header("cookie", self.cookie(person));
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    /// Asks the API with its token.
    pub(crate) async fn api(
        &self,
        method: &str,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {TOKEN}"));
        let request = request.header("content-type", "application/json");
        let body = body.map_or_else(Body::empty, |it| Body::from(it.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    /// Asks without a token.
    pub(crate) async fn api_open(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    fn cookie(&self, person: &str) -> String {
        let cookie = self.app.access.session_cookie(person, self.app.clock.now());
        cookie.split(';').next().unwrap().to_owned()
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

fn labels(labels: &[(&str, &str)]) -> Labels {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Labels::new(labels.collect::<BTreeMap<_, _>>()).unwrap()
}

/// A burn whose words were written by somebody hostile.
fn burn() -> Observation {
    let now: Timestamp = "2026-11-24T03:00:00Z".parse().unwrap();
    let own = [("alertname", "SLOBurn"), ("service", "shop"), ("slo", "availability")];
    let own = own.into_iter().chain([("severity", "page"), ("zone", HOSTILE)]);
    Observation {
        labels: labels(&own.collect::<Vec<_>>()),
        annotations: BTreeMap::from([("summary".to_owned(), format!("shop burns {HOSTILE}"))]),
        evidence: Evidence {
            subject: "shop/availability".to_owned(),
            sentence: format!("5 of 10 000 requests failed {HOSTILE}"),
            windows: vec![WindowEvidence {
                from: now - SignedDuration::from_hours(1),
                to: now,
                bad: 5,
                total: 10_000,
                value: "14.6×".to_owned(),
                limit: "14.4×".to_owned(),
            }],
            origin: nines_base::Origin { file: "shop.yaml".to_owned(), line: 2 },
        },
        gist: "1h".to_owned(),
        urgency: Urgency::Page,
        escalation: Some("shop".to_owned()),
        impact_start: now - SignedDuration::from_mins(3),
    }
}
