//! Putting it together: open the folder, replay, count the past, bind, run, stop.

mod error;
mod journal;
mod open;
mod options;
mod router;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use nines_engine::{EngineError, EngineHandle};
use nines_ingest::{ScrapeJob, Scraper};
use nines_port::SampleSink;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

pub use error::ServeError;
pub use options::{Configuration, DemoOptions, Retention, ServeOptions, SharedOptions};

use crate::app::App;
use crate::reload::{Asker, Reload};
use crate::work::{self, Files};
use error::setup;
use open::{Opened, open};
use router::router;

/// How long an orderly stop may take, requests in flight included.
const STOP_MAX: Duration = Duration::from_millis(1_500);

/// A server that listens and replays; requests are answered once it runs.
#[derive(Debug)]
pub struct Server {
    app: App,
    url: String,
    token: String,
    token_file: PathBuf,
    is_fresh: bool,
    listeners: Vec<TcpListener>,
    router: Router,
    scraper: Scraper,
    files: Files,
    jobs: watch::Sender<Vec<ScrapeJob>>,
    askers: mpsc::Receiver<Asker>,
    workers: Workers,
    failed: oneshot::Receiver<EngineError>,
}

/// The threads beside the runtime.
#[derive(Debug)]
struct Workers {
    engine: JoinHandle<()>,
    others: Vec<JoinHandle<()>>,
}

/// Opens everything and binds the port.
///
/// # Errors
/// See [`ServeError`]; nothing is left running.
pub async fn start(options: ServeOptions) -> Result<Server, ServeError> {
    let (folder, configuration) = (options.data_dir.clone(), options.configuration.clone());
    let mut listeners = Vec::with_capacity(options.listen.len());
    for address in &options.listen {
        listeners.push(bind(*address).await?);
    }
    let first = listeners.first().map(TcpListener::local_addr).and_then(Result::ok);
    let address = first.ok_or_else(|| setup("the listener")("no address to listen on".into()))?;
    let opened = tokio::task::spawn_blocking(move || open(options, address)).await;
    let opened = opened.map_err(|error| setup("the start")(Box::new(error)))??;
    tracing::debug!(folder = %folder.display(), ?configuration, "opened");
    let Opened {
        shared,
        demo_routes,
        scraper,
        files,
        askers,
        workers,
        failed,
        token,
        token_file,
        is_fresh,
    } = opened;
    let app = Arc::new(shared);
    let workers = workers.spawn(&app)?;
    let passing_on = crate::standby::client();
    let passing_on =
        passing_on.map_err(|error| setup("requests between processes")(error.into()))?;
    let router = router(&app, demo_routes, passing_on);
    let jobs =
        watch::Sender::new(work::scrape_jobs(&app.spec(), files.folder(), &files.extra_jobs));
    let url = app.installation.external_url.clone();
    Ok(Server {
        app,
        url,
        token,
        token_file,
        is_fresh,
        listeners,
        router,
        scraper,
        files,
        jobs,
        askers,
        workers,
        failed,
    })
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    let bound = match TcpListener::bind(address).await {
        // All addresses of a machine without IPv6 are those of IPv4.
        Err(_) if address.is_ipv6() && address.ip().is_unspecified() => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        bound => bound,
    };
    bound.map_err(|source| ServeError::Listen { address, source })
}

impl Server {
    /// Where people reach it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The API token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The file that holds the API token.
    pub fn token_file(&self) -> &Path {
        &self.token_file
    }

    /// Whether the data folder was empty.
    pub fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    /// Where samples go.
    pub fn sink(&self) -> Arc<dyn SampleSink> {
        Arc::clone(&self.app.metrics) as Arc<dyn SampleSink>
    }

    /// Where commands go.
    pub fn engine(&self) -> &EngineHandle {
        &self.app.engine
    }

    /// Asks for the configuration to be read again.
    pub fn reload(&self) -> Reload {
        self.app.reload.clone()
    }

    /// The sequence number of the last fact, as it grows.
    pub fn committed(&self) -> watch::Receiver<u64> {
        self.app.committed.clone()
    }

    /// Answers until `shutdown`, then stops in order within two seconds.
    ///
    /// # Errors
    /// The engine could not go on; start again to recover.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), ServeError> {
        let Self { app, listeners, router, scraper, files, jobs, .. } = self;
        let (askers, workers, mut failed) = (self.askers, self.workers, self.failed);
        let (stop, stopping) = watch::channel(false);
        let receivers = work::receivers(&app.spec(), files.folder());
        let followed = app.metrics.forwarding.follow(receivers, &stopping);
        followed.map_err(|error| setup("the queues of remote_write")(Box::new(error)))?;
        let mut loops = JoinSet::new();
        loops.spawn(work::watch_burns(Arc::clone(&app), stopping.clone()));
        let policed = (files.clone(), jobs.clone());
        loops.spawn(work::watch_policies(Arc::clone(&app), policed.0, policed.1, stopping.clone()));
        loops.spawn(work::watch_rules(Arc::clone(&app), stopping.clone()));
        loops.spawn(work::watch_rule_alerts(Arc::clone(&app), stopping.clone()));
        loops.spawn(work::send_to_alertmanagers(Arc::clone(&app), stopping.clone()));
        loops.spawn(work::watch_forecasts(Arc::clone(&app), stopping.clone()));
        loops.spawn(work::upkeep(Arc::clone(&app), stopping.clone()));
        loops.spawn(work::watch_ourselves(Arc::clone(&app), stopping.clone()));
        let watched = (files, jobs.clone(), askers);
        loops.spawn(work::watch_files(Arc::clone(&app), watched, stopping.clone()));
        loops.spawn(work::ask_queries(Arc::clone(&app), stopping.clone()));
        loops.spawn(work::read_slices(Arc::clone(&app), stopping.clone()));
        loops.spawn(work::keep_counts(Arc::clone(&app), stopping.clone()));
        loops.spawn(work::take_over(Arc::clone(&app), stopping.clone()));
        loops.spawn(work::save_snapshots(Arc::clone(&app), stopping.clone()));
        let sink = Arc::clone(&app.metrics) as Arc<dyn SampleSink>;
        let scrapes =
            scraper.run(jobs.subscribe(), sink, Arc::clone(&app.clock), until(stopping.clone()));
        loops.spawn(scrapes);
        // Last, so that it also syncs what the others wrote at their end.
        let (stop_sync, stopping_sync) = watch::channel(false);
        let sync = tokio::spawn(work::sync_samples(Arc::clone(&app), stopping_sync));
        let mut answers = JoinSet::new();
        for listener in listeners {
            let answering = axum::serve(listener, router.clone());
            let answering = answering.with_graceful_shutdown(until(stopping.clone()));
            answers.spawn(answering.into_future());
        }
        let failure = tokio::select! {
            () = shutdown => None,
            failure = &mut failed => failure.ok(),
        };
        stop.send_replace(true);
        let orderly = async {
            while loops.join_next().await.is_some() {}
            stop_sync.send_replace(true);
            drop(sync.await);
        };
        if tokio::time::timeout(STOP_MAX, orderly).await.is_err() {
            tracing::warn!("some loops did not stop in time; what was accepted is safe");
        }
        let (at, now_ms) = (Arc::clone(&app.metrics), app.clock.now().as_millisecond());
        let saving = tokio::task::spawn_blocking(move || work::save_counts(&at, now_ms));
        match tokio::time::timeout(STOP_MAX, saving).await {
            Ok(Ok(Ok(_))) => {}
            Ok(Ok(Err(error))) => {
                tracing::warn!(%error, "the counts of objectives were not saved");
            }
            Ok(Err(_)) | Err(_) => {
                tracing::warn!("the counts of objectives were not saved in time");
            }
        }
        let at = Arc::clone(&app);
        let saved = tokio::task::spawn_blocking(move || work::save_snapshot(&at));
        match tokio::time::timeout(STOP_MAX, saved).await {
            Ok(Ok(Ok(_))) => {}
            Ok(Ok(Err(error))) => {
                tracing::warn!(%error, "no snapshot was saved; the next start reads more of the journal");
            }
            Ok(Err(_)) | Err(_) => {
                tracing::warn!(
                    "no snapshot was saved in time; the next start reads more of the journal"
                );
            }
        }
        app.engine.stop();
        let threads = tokio::task::spawn_blocking(move || join(workers));
        if !matches!(tokio::time::timeout(STOP_MAX, threads).await, Ok(Ok(()))) {
            tracing::warn!(
                "a message or a step is still under way; it is unknown at the next start"
            );
        }
        // Open streams end with the engine; whoever is still connected is cut off.
        let answered = async { while answers.join_next().await.is_some() {} };
        drop(tokio::time::timeout(Duration::from_millis(100), answered).await);
        answers.abort_all();
        failure.map_or(Ok(()), |error| Err(error.into()))
    }
}

fn join(workers: Workers) {
    // A panic of the engine has printed itself, and the process ends anyway. With the engine's thread end the
    // senders that the others wait for.
    drop(workers.engine.join());
    for worker in workers.others {
        drop(worker.join());
    }
}

async fn until(mut stopping: watch::Receiver<bool>) {
    // A dropped sender is a stop as well.
    drop(stopping.wait_for(|it| *it).await);
}
