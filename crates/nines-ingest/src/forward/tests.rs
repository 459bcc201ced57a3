use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::routing::post;
use nines_base::{Labels, METRIC_NAME, Sample};
use nines_port::{Appended, SampleSink, SinkError};
use tokio::sync::oneshot;

use super::*;
use crate::relabel::{Pattern, RelabelAction};
use crate::{WriteLimits, remote_write};

fn batch(value: f64) -> Vec<SampleBatch> {
    let labels = Labels::new([(METRIC_NAME, "up")]).unwrap();
    vec![SampleBatch::new(labels, vec![Sample { at_ms: 1_000, value }])]
}

/// Answers with the given statuses one after the other, then with 204, and keeps what it took.
#[derive(Debug, Default)]
struct Receiver {
    statuses: Vec<u16>,
    asked: AtomicUsize,
    taken: Mutex<Vec<f64>>,
}

impl SampleSink for Receiver {
    fn append(&self, batch: &[SampleBatch]) -> Result<Appended, SinkError> {
        let values = batch.iter().flat_map(|it| &it.samples).map(|it| it.value);
        self.taken.lock().unwrap().extend(values);
        Ok(Appended::default())
    }
}

async fn receive(Shared(it): Shared<Arc<Receiver>>, body: Bytes) -> StatusCode {
    let asked = it.asked.fetch_add(1, Ordering::SeqCst);
    let status = it.statuses.get(asked).copied().unwrap_or(204);
    if status == 204 {
        remote_write::receive(&body, Version::One, &WriteLimits::default(), &*it).unwrap();
    }
    StatusCode::from_u16(status).unwrap()
}

async fn start(statuses: &[u16]) -> (Arc<Receiver>, String) {
    let receiver = Arc::new(Receiver { statuses: statuses.to_vec(), ..Receiver::default() });
    let router = Router::new().route("/write", post(receive)).with_state(Arc::clone(&receiver));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/write", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (receiver, url)
}

fn settings(url: &str) -> ForwardSettings {
    ForwardSettings {
        url: url.to_owned(),
        version: Version::One,
        http: HttpSettings::default(),
        external_labels: Labels::empty(),
        relabel_rules: Vec::new(),
        timeout: Duration::from_secs(5),
        queue_bytes_max: 1 << 20,
    }
}

fn open(file: &Path, url: &str) -> Forwarder {
    Forwarder::open(file, settings(url)).unwrap()
}

/// Runs until nothing waits.
async fn drain(forwarder: &Forwarder) {
    let (stop, stopped) = oneshot::channel::<()>();
    let watch = async {
        while forwarder.status().queued_requests != 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.send(()).unwrap();
    };
    let run = forwarder.run(async { drop(stopped.await) });
    tokio::join!(run, watch);
}

#[tokio::test]
async fn what_a_failing_receiver_misses_arrives_in_order_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let (receiver, url) = start(&[503, 429, 500]).await;
    let forwarder = open(&folder.path().join("queue"), &url);
    for value in [1.0, 2.0, 3.0] {
        forwarder.push(&batch(value)).unwrap();
    }
    drain(&forwarder).await;
    assert_eq!(*receiver.taken.lock().unwrap(), [1.0, 2.0, 3.0]);
    let status = forwarder.status();
    assert_eq!((status.sent_samples, status.dropped_samples, status.last_error), (3, 0, None));
}

#[tokio::test]
async fn a_request_that_is_refused_for_ever_does_not_hold_up_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let (receiver, url) = start(&[400]).await;
    let forwarder = open(&folder.path().join("queue"), &url);
    forwarder.push(&batch(1.0)).unwrap();
    forwarder.push(&batch(2.0)).unwrap();
    drain(&forwarder).await;
    assert_eq!(*receiver.taken.lock().unwrap(), [2.0]);
    assert_eq!(forwarder.status().refused_samples, 1);
}

#[tokio::test]
async fn what_waits_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (receiver, url) = start(&[]).await;
    let file = folder.path().join("queue");
    open(&file, "http://127.0.0.1:1/write").push(&batch(7.0)).unwrap();
    let forwarder = open(&file, &url);
    assert_eq!(forwarder.status().queued_requests, 1);
    drain(&forwarder).await;
    assert_eq!(*receiver.taken.lock().unwrap(), [7.0]);
}

#[test]
fn series_leave_with_external_labels_and_only_where_a_rule_keeps_them() {
    let keep = Relabel {
        source_labels: vec!["dc".to_owned(), METRIC_NAME.to_owned()],
        separator: ";".to_owned(),
        pattern: Pattern::new("eu;up").unwrap(),
        modulus: 0,
        target_label: String::new(),
        replacement: String::new(),
        action: RelabelAction::Keep,
    };
    let external_labels = Labels::new([("dc", "eu")]).unwrap();
    let settings =
        ForwardSettings { external_labels, relabel_rules: vec![keep], ..settings("http://nobody") };
    let sent = settings.outgoing(&batch(1.0)[0]).unwrap();
    assert_eq!(sent.labels.to_string(), r#"up{dc="eu"}"#);
    let labels = Labels::new([(METRIC_NAME, "up"), ("dc", "us")]).unwrap();
    assert_eq!(settings.outgoing(&SampleBatch::new(labels, Vec::new())), None);
}

#[test]
fn a_full_queue_gives_up_its_oldest_and_counts_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut queue = Queue::open(&folder.path().join("queue"), 100).unwrap();
    let request = |byte| Request { samples: 10, body: vec![byte; 32] };
    assert_eq!(queue.push(&request(1)).unwrap(), 0);
    assert_eq!(queue.push(&request(2)).unwrap(), 0);
    let handed_out = queue.oldest().unwrap().unwrap();
    assert_eq!(queue.push(&request(3)).unwrap(), 10);
    // It has given way while it was sent, so there is nothing to remove.
    queue.remove(&handed_out).unwrap();
    assert_eq!(queue.oldest().unwrap().unwrap(), request(2));
    assert_eq!((queue.len(), queue.bytes()), (2, 80));
    assert_eq!(queue.push(&Request { samples: 5, body: vec![0; 200] }).unwrap(), 5, "never fits");
}
