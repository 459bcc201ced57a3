//! Keeps one queue and one sender for each receiver of `remote_write`, and follows the configuration.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nines_base::Labels;
use nines_ingest::{ForwardSettings, Forwarder, Version};
use nines_spec::RemoteWriteSpec;
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::scraping;
use crate::app::App;
use crate::forwarding::Receiver;
use crate::text::hex;

/// How often the configuration is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Bytes that may wait for one receiver: about an hour of 10,000 series every 15 s.
const QUEUE_BYTES_MAX: u64 = 1 << 30;
/// Below the data folder.
const FOLDER: &str = "forward";

/// A receiver whose samples are being sent.
#[derive(Debug)]
struct Running {
    receiver: Arc<Receiver>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Forwards until `shutdown`. What is not sent by then waits on the disk.
pub(crate) async fn forward(app: App, folder: PathBuf, mut shutdown: watch::Receiver<bool>) {
    let mut running: Vec<Running> = Vec::new();
    let mut told: Option<String> = None;
    loop {
        let spec = app.spec();
        let external = &spec.external_labels;
        let is_current = running.len() == spec.remote_writes.len()
            && running.iter().zip(&spec.remote_writes).all(|(it, wanted)| {
                it.receiver.spec == *wanted && it.receiver.external == *external
            });
        if !is_current {
            // A queue is one file, so nobody may have it when it is opened again.
            app.metrics.forwarding.replace(Vec::new());
            stop(std::mem::take(&mut running)).await;
            let (started, problem) = start(&app, &spec.remote_writes, external, &folder);
            running = started;
            let receivers = running.iter().map(|it| Arc::clone(&it.receiver));
            app.metrics.forwarding.replace(receivers.collect());
            if let Some(problem) = problem.as_ref().filter(|it| Some(*it) != told.as_ref()) {
                tracing::error!("samples are not forwarded to all: {problem}");
            }
            told = problem;
        }
        tokio::select! {
            _ = shutdown.changed() => break,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    app.metrics.forwarding.replace(Vec::new());
    stop(running).await;
}

async fn stop(running: Vec<Running>) {
    for it in &running {
        it.stop.send_replace(true);
    }
    for it in running {
        if let Err(error) = it.task.await {
            tracing::error!(%error, "sending samples on has failed");
        }
    }
}

/// Those that can be started, and why another cannot.
fn start(
    app: &App,
    wanted: &[RemoteWriteSpec],
    external: &Labels,
    folder: &Path,
) -> (Vec<Running>, Option<String>) {
    let (mut running, mut problem) = (Vec::new(), None);
    for spec in wanted {
        match open(app, spec, external, folder) {
            Ok(receiver) => running.push(run(Arc::new(receiver))),
            Err(error) => problem = Some(format!("{}: {error}", spec.name)),
        }
    }
    (running, problem)
}

fn run(receiver: Arc<Receiver>) -> Running {
    let (stop, mut stopping) = watch::channel(false);
    let sending = Arc::clone(&receiver);
    let task = tokio::spawn(async move {
        let until = async {
            // A dropped sender is a stop as well.
            drop(stopping.wait_for(|it| *it).await);
        };
        sending.forwarder.run(until).await;
    });
    Running { receiver, stop, task }
}

fn open(
    app: &App,
    spec: &RemoteWriteSpec,
    external: &Labels,
    folder: &Path,
) -> std::io::Result<Receiver> {
    let queues = app.data_dir.join(FOLDER);
    std::fs::create_dir_all(&queues)?;
    let name = hex(&Sha256::digest(spec.name.as_bytes()));
    let file = queues.join(format!("{}.queue", name.get(..16).unwrap_or(&name)));
    let settings = ForwardSettings {
        url: spec.url.clone(),
        version: if spec.version == 2 { Version::Two } else { Version::One },
        http: scraping::http(&spec.http, folder),
        external_labels: external.clone(),
        relabel_rules: scraping::rules(&spec.relabel_rules),
        timeout: spec.timeout.unsigned_abs(),
        queue_bytes_max: QUEUE_BYTES_MAX,
    };
    let forwarder = Forwarder::open(&file, settings)?;
    Ok(Receiver { spec: spec.clone(), external: external.clone(), forwarder })
}
