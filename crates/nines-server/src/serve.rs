//! Putting it together: open the folder, replay, count the past, bind, run, stop.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use jiff::SignedDuration;
use nines_engine::{Command, Engine, EngineError, EngineHandle, Hooks, Installation};
use nines_ingest::{ScrapeJob, Scraper};
use nines_notify::{Channels, SmtpConfig, SmtpNotifier, Tls, WebhookNotifier};
use nines_port::{Clock, Notifier, SampleSink, StepRunner};
use nines_runner::ProcessRunner;
use nines_slo::{Tracker, TrackerConfig};
use nines_spec::{DurabilitySpec, SmtpSpec, SmtpTls, Spec};
use nines_store::{SnapshotFiles, SqliteJournal};
use nines_tsdb::Tsdb;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::access::{Access, guard};
use crate::app::{App, Configured, Loaded, Metrics, Shared};
use crate::applied::Revisions;
use crate::checkpoint::Checkpoint;
use crate::folder::{DataFolder, Random};
use crate::health::Health;
use crate::prom::PromSettings;
use crate::reload::{Asker, Reload};
use crate::rules::RuleBook;
use crate::work::{self, Files, StepEnvironment};
use crate::{api, expected, hooks, own_metrics, pages, prom};

/// How long an orderly stop may take, requests in flight included.
const STOP_MAX: Duration = Duration::from_millis(1_500);

/// What a server is made from.
#[derive(Debug)]
pub struct ServeOptions {
    /// Where the configuration is.
    pub configuration: Configuration,
    /// The folder of journal and samples; made if it is missing.
    pub data_dir: PathBuf,
    /// Where to listen, at least one; port 0 takes any. The first is the one that is shown.
    pub listen: Vec<SocketAddr>,
    /// Where people reach us, if not under the listening address.
    pub external_url: Option<String>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// For secrets and ids.
    pub random: Random,
    /// This program, for the steps of runbooks.
    pub program: PathBuf,
    /// How the Prometheus API behaves.
    pub prom: PromSettings,
    /// How much is kept.
    pub retention: Retention,
    /// Set by `nines demo`.
    pub demo: Option<DemoOptions>,
}

/// Where a configuration is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Configuration {
    /// Folders of YAML and Markdown, and single files; the first is where files that they name are looked for.
    Files(Vec<PathBuf>),
    /// In the data folder; `nines apply` sends it.
    Applied,
}

/// How much is kept of samples. What passes either limit goes, the oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Older samples are dropped; `None` keeps them for ever.
    pub age_max: Option<SignedDuration>,
    /// Bytes of all files of the store; `None` is as much as there is room for.
    pub bytes_max: Option<u64>,
}

impl Retention {
    /// What a file says about either limit wins; zero is no limit.
    ///
    /// Source: Prometheus, "Configuration", `<tsdb>`: it overrides the flags.
    fn or_as_written(self, spec: &Spec) -> Self {
        let storage = &spec.storage;
        let is_written = storage.retention.is_some() || storage.retention_bytes.is_some();
        if !is_written {
            return self;
        }
        Self {
            age_max: storage.retention.filter(SignedDuration::is_positive),
            bytes_max: storage.retention_bytes.filter(|it| 0 < *it),
        }
    }
}

/// As Prometheus says it: `15d`, `512MiB`, `15d or 512MiB`.
impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let age = self.age_max.map(nines_base::format_duration);
        let bytes = self.bytes_max.map(|it| format!("{}MiB", it >> 20));
        let limits: Vec<String> = age.into_iter().chain(bytes).collect();
        f.write_str(&if limits.is_empty() { "forever".to_owned() } else { limits.join(" or ") })
    }
}

/// What the demo adds.
#[derive(Debug)]
pub struct DemoOptions {
    /// Who visits the console.
    pub person: String,
    /// Jobs that no file names.
    pub jobs: Vec<ScrapeJob>,
    /// Mounted behind the same guard.
    pub routes: Router,
}

/// Why there is no server. Each says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The configuration has errors; the text shows them all.
    #[error("the configuration has errors; nothing was started\n{rendered}")]
    Configuration {
        /// All findings, drawn.
        rendered: String,
    },
    /// The folder of the configuration.
    #[error("failed to read the configuration")]
    Files(#[from] nines_spec::ReadError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] nines_store::OpenError),
    /// The journal's contents.
    #[error("failed to replay the journal")]
    Engine(#[from] EngineError),
    /// The samples.
    #[error("failed to open the sample store")]
    Samples(#[from] nines_tsdb::OpenError),
    /// A file of the data folder.
    #[error("failed to prepare the data folder {}", folder.display())]
    Folder {
        /// The data folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The past could not be counted.
    #[error("failed to count the past of the objectives: {0}")]
    Past(String),
    /// The port.
    #[error(
        "failed to listen on {address}; choose another with --listen, such as --listen 127.0.0.1:0"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// An edge could not be set up.
    #[error("failed to set up {what}")]
    Setup {
        /// Which.
        what: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

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
    let router = router(&app, demo_routes);
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

fn setup(what: &'static str) -> impl Fn(Box<dyn std::error::Error + Send + Sync>) -> ServeError {
    move |source| ServeError::Setup { what, source }
}

/// What [`open`] gives to the runtime.
struct Opened {
    shared: Shared,
    demo_routes: Option<Router>,
    scraper: Scraper,
    files: Files,
    askers: mpsc::Receiver<Asker>,
    workers: Waiting,
    failed: oneshot::Receiver<EngineError>,
    token: String,
    token_file: PathBuf,
    is_fresh: bool,
}

/// Workers that wait for the shared state.
struct Waiting {
    engine: JoinHandle<()>,
    outbox: std::sync::mpsc::Receiver<u64>,
    steps: std::sync::mpsc::Receiver<u64>,
    notifier: Arc<dyn Notifier>,
    runner: Arc<dyn StepRunner>,
    environment: StepEnvironment,
}

impl Waiting {
    fn spawn(self, app: &App) -> Result<Workers, ServeError> {
        let Self { engine, outbox, steps, notifier, runner, environment } = self;
        let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let sender = Arc::clone(app);
        let sends =
            thread("outbox").spawn(move || work::send_messages(&sender, &notifier, &outbox));
        let doer = Arc::clone(app);
        let does =
            thread("steps").spawn(move || work::run_steps(&doer, &runner, &environment, &steps));
        let threads = [sends, does].into_iter().collect::<io::Result<Vec<_>>>();
        let others = threads.map_err(|error| setup("worker threads")(Box::new(error)))?;
        Ok(Workers { engine, others })
    }
}

/// Everything that blocks: files, the journal, the past.
fn open(options: ServeOptions, address: SocketAddr) -> Result<Opened, ServeError> {
    let ServeOptions { configuration, data_dir, external_url, clock, random, .. } = options;
    let ServeOptions { program, prom, retention, demo, .. } = options;
    let (person, extra_jobs, demo_routes) = match demo {
        Some(DemoOptions { person, jobs, routes }) => (Some(person), jobs, Some(routes)),
        None => (None, Vec::new(), None),
    };
    // The journal holds the lock on the folder; what lies elsewhere is read before anything is made.
    let is_inside = configuration == Configuration::Applied;
    let early = is_inside.then(|| SqliteJournal::open(&data_dir)).transpose()?;
    let (files, configured) = locate(configuration, &data_dir, extra_jobs)?;
    let reading = work::load(&files)?;
    if reading.has_errors() {
        let rendered =
            nines_spec::render(&reading.findings, &reading.sources, nines_spec::Style::Unicode);
        return Err(ServeError::Configuration { rendered });
    }
    let backend = work::backend(&reading.spec);
    let backend = backend.map_err(|problem| setup("the metrics backend")(problem.into()))?;
    let spec = Arc::new(reading.spec);
    let journal = match early {
        Some(journal) => journal,
        None => SqliteJournal::open(&data_dir)?,
    };
    let folder = DataFolder::open(&data_dir, &random);
    let folder =
        folder.map_err(|source| ServeError::Folder { folder: data_dir.clone(), source })?;
    let retention = retention.or_as_written(&spec);
    let mut store_options = nines_tsdb::Options {
        retention: retention.age_max,
        retention_bytes: retention.bytes_max,
        durability: match spec.storage.durability {
            DurabilitySpec::Batch => nines_tsdb::Durability::Batch,
            DurabilitySpec::Sync => nines_tsdb::Durability::Sync,
        },
        ..nines_tsdb::Options::default()
    };
    if let Some(most) = spec.storage.series_max {
        store_options.series_max = most as usize;
    }
    let (store, findings) = Tsdb::open(&folder.samples(), store_options)?;
    let damages = findings.len();
    for finding in findings {
        tracing::warn!(%finding, "the sample store was repaired");
    }
    let external_url = external_url.or_else(|| spec.notify.external_url.clone());
    let external_url = external_url.unwrap_or_else(|| format!("http://{address}"));
    let external_url = external_url.trim_end_matches('/').to_owned();
    let installation = Installation {
        secret: folder.secret,
        external_url: external_url.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let now = clock.now();
    let snapshots = SnapshotFiles::new(&data_dir);
    let newest = snapshots.newest();
    let (newest, secrets_of) = (newest.as_deref(), installation.clone());
    let engine = Engine::recover(Box::new(journal), secrets_of, newest, random.seed, now)?;
    let (committed, seen) = watch::channel(engine.seq());
    let (outbox_sender, outbox) = sync_channel(1);
    let (steps_sender, steps) = sync_channel(1);
    let (failure, failed) = oneshot::channel();
    let hooks = Hooks {
        on_commit: Box::new(move |seq| {
            committed.send_replace(seq);
            wake(&outbox_sender, seq);
            wake(&steps_sender, seq);
        }),
        on_failure: Box::new(move |error| {
            tracing::error!(error = &error as &dyn std::error::Error, "the engine cannot go on");
            drop(failure.send(error));
        }),
    };
    let spawned = EngineHandle::spawn(engine, Arc::clone(&clock), hooks);
    let (handle, thread) =
        spawned.map_err(|error| setup("the engine's thread")(Box::new(error)))?;
    let engine_config = work::engine_config(&spec);
    let applied = handle.ask(Command::ApplyConfig(Arc::clone(&engine_config)));
    applied
        .map_err(|error| setup("the configuration")(Box::new(error)))?
        .map_err(|refusal| setup("the configuration")(Box::new(refusal)))?;
    let followed = expected::followed(&handle, &spec.slos);
    let followed = followed.map_err(|error| setup("the objectives")(Box::new(error)))?;
    let tracker = Tracker::new(followed, TrackerConfig::default());
    let checkpoint = Checkpoint::new(folder.counts());
    let metrics = Metrics::new(store, tracker, checkpoint, folder.queues());
    work::count_past(&metrics, now.as_millisecond()).map_err(ServeError::Past)?;
    resume_burns(&handle, &metrics, &spec.slos);
    let secrets = read_secrets(&spec, files.folder())?;
    let mut access = Access::new(folder.token.clone(), folder.secret, &external_url);
    access.open = prom.open.clone();
    access.webhook_secrets =
        secrets.iter().filter_map(|(name, it)| Some((name.clone(), it.first()?.clone()))).collect();
    let webhook = WebhookNotifier::new(secrets, Arc::clone(&clock));
    let webhook = webhook.map_err(|error| setup("webhooks")(Box::new(error)))?;
    let smtp = spec.notify.smtp.as_ref().map(|it| smtp(it, files.folder())).transpose()?;
    let scraper = Scraper::new().map_err(|error| setup("the scraper")(Box::new(error)))?;
    let scraper = scraper.reading_yaml_with(work::read_groups());
    let token_file =
        std::path::absolute(folder.token_file()).unwrap_or_else(|_| folder.token_file());
    let variables = [
        ("NINES", program.display().to_string()),
        ("NINES_URL", external_url),
        ("NINES_TOKEN_FILE", token_file.display().to_string()),
    ];
    let is_demo = person.is_some();
    let (reload, askers) = Reload::new();
    let shared = Shared {
        engine: handle,
        installation,
        metrics: Arc::new(metrics),
        loaded: RwLock::new(Arc::new(Loaded {
            spec,
            engine_config,
            findings: reading.findings,
            backend,
            text: work::shown(&reading.sources),
            sources: reading.sources.into(),
            is_current: true,
            read_at: now,
        })),
        configured,
        access,
        snapshots,
        targets: scraper.targets_status(),
        committed: seen,
        reload,
        data_dir,
        retention,
        damages,
        queries: Arc::new(Semaphore::new(prom.queries_max)),
        prom,
        health: Health::default(),
        slo_counters: own_metrics::Counters::default(),
        rules: RuleBook::default(),
        started_at: now,
        demo_person: person,
        is_demo,
        clock,
    };
    shared.lay_overlays();
    shared.lay_forecasts(now);
    let workers = Waiting {
        engine: thread,
        outbox,
        steps,
        notifier: Arc::new(Channels::new(webhook, smtp)),
        runner: Arc::new(ProcessRunner::default()),
        environment: StepEnvironment {
            folder: folder.runs(),
            variables: variables.map(|(name, value)| (name.to_owned(), value)).into(),
        },
    };
    let (token, is_fresh) = (folder.token, folder.is_fresh);
    Ok(Opened {
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
    })
}

/// Where to read, and what may become of it.
fn locate(
    configuration: Configuration,
    data_dir: &Path,
    extra_jobs: Vec<ScrapeJob>,
) -> Result<(Files, Configured), ServeError> {
    match configuration {
        Configuration::Files(paths) => {
            let followed: Vec<String> = paths.iter().map(|it| it.display().to_string()).collect();
            let followed = followed.join(", ");
            Ok((Files { paths, extra_jobs }, Configured { followed, ..Configured::default() }))
        }
        Configuration::Applied => {
            let revisions = Revisions::open(data_dir);
            let revisions = revisions
                .map_err(|source| ServeError::Folder { folder: data_dir.to_owned(), source })?;
            let files = Files { paths: vec![revisions.live()], extra_jobs };
            Ok((files, Configured { revisions: Some(revisions), ..Configured::default() }))
        }
    }
}

/// A worker that has a wake-up already needs no second one.
fn wake(worker: &SyncSender<u64>, seq: u64) {
    worker.try_send(seq).ok();
}

/// Burns that fired before the restart go on, with their own beginning.
fn resume_burns(engine: &EngineHandle, metrics: &Metrics, slos: &[nines_slo::Slo]) {
    let firing = engine.read(|state| {
        let burn = |it: &nines_alert::dispatch::Alert| {
            Some((nines_engine::burn_key(slos, &it.labels)?, it.activation.fired_at))
        };
        let is_burn = |it: &nines_alert::dispatch::Alert| {
            it.labels.value("alertname") == nines_engine::SLO_ALERT
        };
        let burns = state.firing().filter(|(_, it)| is_burn(it));
        burns.filter_map(|(_, it)| burn(it)).collect::<Vec<_>>()
    });
    let mut tracker = metrics.tracker();
    for (key, since) in firing {
        tracker.resume(&key, since);
    }
}

/// The values behind the names that webhooks use; each file holds one or two lines.
fn read_secrets(
    spec: &Spec,
    folder: &Path,
) -> Result<std::collections::BTreeMap<String, Vec<String>>, ServeError> {
    let mut secrets = std::collections::BTreeMap::new();
    for (name, file) in &spec.notify.webhook_secrets {
        let text = read_secret(&folder.join(file))?;
        let values = text.lines().map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned);
        secrets.insert(name.clone(), values.collect());
    }
    Ok(secrets)
}

fn read_secret(file: &Path) -> Result<String, ServeError> {
    std::fs::read_to_string(file).map_err(|error| {
        let problem = format!("failed to read the secret {}: {error}", file.display());
        setup("secrets")(problem.into())
    })
}

fn smtp(spec: &SmtpSpec, folder: &Path) -> Result<SmtpNotifier, ServeError> {
    let password =
        spec.password_file.as_ref().map(|it| read_secret(&folder.join(it))).transpose()?;
    let config = SmtpConfig {
        host: spec.host.clone(),
        port: spec.port,
        tls: match spec.tls {
            SmtpTls::None => Tls::None,
            SmtpTls::StartTls => Tls::StartTls,
            SmtpTls::Tls => Tls::Tls,
        },
        username: spec.username.clone(),
        password: password.map(|it| it.trim().to_owned()),
        from: spec.from.clone(),
    };
    SmtpNotifier::new(config).map_err(|error| setup("e-mail")(Box::new(error)))
}

fn router(app: &App, demo_routes: Option<Router>) -> Router {
    let panics = Arc::clone(app);
    let own = Router::new()
        .merge(prom::router(app))
        .merge(api::router())
        .merge(hooks::router())
        .merge(pages::router())
        .route("/metrics", get(own_metrics::metrics))
        .fallback(pages::not_found)
        .with_state(Arc::clone(app));
    let all = own
        .merge(demo_routes.unwrap_or_default())
        .layer(from_fn_with_state(Arc::clone(app), guard))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(move |_| {
            Health::add(&panics.health.panics, 1);
            let body = "nines failed on this request; it is counted and logged\n";
            let response: Response = (StatusCode::INTERNAL_SERVER_ERROR, body).into_response();
            response
        }));
    match app.prom.route_prefix.as_str() {
        "" => all,
        // Who asks for the root is shown where everything is.
        prefix => {
            let home = Redirect::to(&format!("{prefix}/"));
            Router::new().nest_service(prefix, all).route("/", get(move || async move { home }))
        }
    }
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
        let watched = (files, jobs.clone(), askers);
        loops.spawn(work::watch_files(Arc::clone(&app), watched, stopping.clone()));
        loops.spawn(work::ask_queries(Arc::clone(&app), stopping.clone()));
        loops.spawn(work::read_slices(Arc::clone(&app), stopping.clone()));
        loops.spawn(work::keep_counts(Arc::clone(&app), stopping.clone()));
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
        if let Err(error) = work::save_snapshot(&app) {
            tracing::warn!(%error, "no snapshot was saved; the next start reads the whole journal");
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
