//! Everything that blocks before requests are answered: files, the journal, the past.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;

use axum::Router;
use nines_engine::{Command, EngineError, Hooks, Installation};
use nines_ingest::{ScrapeJob, Scraper};
use nines_port::StepRunner;
use nines_runner::ProcessRunner;
use nines_slo::{Tracker, TrackerConfig};
use nines_spec::DurabilitySpec;
use nines_store::SnapshotFiles;
use nines_tsdb::Tsdb;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use super::error::{ServeError, setup};
use super::journal;
use super::{Configuration, DemoOptions, ServeOptions, Workers};
use crate::access::Access;
use crate::app::{App, Configured, Loaded, Metrics, Shared};
use crate::applied::Revisions;
use crate::checkpoint::Checkpoint;
use crate::expected;
use crate::folder::DataFolder;
use crate::health::Health;
use crate::own_metrics;
use crate::reload::{Asker, Reload};
use crate::rules::RuleBook;
use crate::work::{self, Files, Outward, StepEnvironment};

/// What [`open`] gives to the runtime.
pub(super) struct Opened {
    pub(super) shared: Shared,
    pub(super) demo_routes: Option<Router>,
    pub(super) scraper: Scraper,
    pub(super) files: Files,
    pub(super) askers: mpsc::Receiver<Asker>,
    pub(super) workers: Waiting,
    pub(super) failed: oneshot::Receiver<EngineError>,
    pub(super) token: String,
    pub(super) token_file: PathBuf,
    pub(super) is_fresh: bool,
}

/// Workers that wait for the shared state.
pub(super) struct Waiting {
    engine: JoinHandle<()>,
    outbox: std::sync::mpsc::Receiver<u64>,
    steps: std::sync::mpsc::Receiver<u64>,
    outward: Arc<Outward>,
    runner: Arc<dyn StepRunner>,
    environment: StepEnvironment,
}

impl Waiting {
    pub(super) fn spawn(self, app: &App) -> Result<Workers, ServeError> {
        let Self { engine, outbox, steps, outward, runner, environment } = self;
        let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let sender = Arc::clone(app);
        let sends =
            thread("outbox").spawn(move || work::send_messages(&sender, outward.as_ref(), &outbox));
        let doer = Arc::clone(app);
        let does =
            thread("steps").spawn(move || work::run_steps(&doer, &runner, &environment, &steps));
        let threads = [sends, does].into_iter().collect::<io::Result<Vec<_>>>();
        let others = threads.map_err(|error| setup("worker threads")(Box::new(error)))?;
        Ok(Workers { engine, others })
    }
}

/// Everything that blocks: files, the journal, the past.
pub(super) fn open(options: ServeOptions, address: SocketAddr) -> Result<Opened, ServeError> {
    let ServeOptions { configuration, data_dir, external_url, clock, random, .. } = options;
    let ServeOptions { program, prom, retention, demo, shared, .. } = options;
    let (person, extra_jobs, demo_routes) = match demo {
        Some(DemoOptions { person, jobs, routes }) => (Some(person), jobs, Some(routes)),
        None => (None, Vec::new(), None),
    };
    // The journal holds the lock on the folder; what lies elsewhere is read before anything is made.
    let is_inside = configuration == Configuration::Applied;
    let open_journal = || journal::Opened::open(shared, &data_dir, &prom.route_prefix, address);
    let (early, open_journal) =
        if is_inside { (Some(open_journal()?), None) } else { (None, Some(open_journal)) };
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
    let late = open_journal.map(|open| open()).transpose()?;
    let mut journal = early.or(late).expect("it is opened before or after the files are read");
    let folder = DataFolder::open(&data_dir, &random);
    let folder =
        folder.map_err(|source| ServeError::Folder { folder: data_dir.clone(), source })?;
    let folder = journal.agree_on(folder)?;
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
    let (committed, seen) = watch::channel(0);
    let (activated, active) = watch::channel(false);
    let (outbox_sender, outbox) = sync_channel(1);
    let (steps_sender, steps) = sync_channel(1);
    let (failure, failed) = oneshot::channel();
    let hooks = Hooks {
        deciding: Box::new(move |is_active| {
            activated.send_replace(is_active);
        }),
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
    let (seed, clock_of) = (random.seed, Arc::clone(&clock));
    let (handle, thread, journal) =
        journal.spawn(installation.clone(), newest, (seed, now), clock_of, hooks)?;
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
    let secrets = work::read_secrets(&spec, files.folder()).map_err(setup("secrets"))?;
    let mut access = Access::new(folder.token.clone(), folder.secret, &external_url);
    access.open = prom.open.clone();
    access.webhook_secrets =
        secrets.iter().filter_map(|(name, it)| Some((name.clone(), it.first()?.clone()))).collect();
    let runner: Arc<dyn StepRunner> = Arc::new(ProcessRunner::default());
    let outward = Outward::open(Arc::clone(&clock), Arc::clone(&runner), &spec, files.folder());
    let outward = Arc::new(outward.map_err(setup("channels"))?);
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
        journal,
        active,
        retention,
        damages,
        queries: Arc::new(Semaphore::new(prom.queries_max)),
        prom,
        health: Health::default(),
        slo_counters: own_metrics::Counters::default(),
        rules: RuleBook::default(),
        started_at: now,
        demo_person: person,
        outward,
        is_demo,
        clock,
    };
    shared.resume_burns();
    shared.lay_overlays();
    shared.lay_forecasts(now);
    let workers = Waiting {
        engine: thread,
        outbox,
        steps,
        outward: Arc::clone(&shared.outward),
        runner,
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
            let files = Files { paths, extra_jobs };
            let folder = files.folder().to_owned();
            Ok((files, Configured { folder, followed, ..Configured::default() }))
        }
        Configuration::Applied => {
            let revisions = Revisions::open(data_dir);
            let revisions = revisions
                .map_err(|source| ServeError::Folder { folder: data_dir.to_owned(), source })?;
            let files = Files { paths: vec![revisions.live()], extra_jobs };
            let folder = files.folder().to_owned();
            let revisions = Some(revisions);
            Ok((files, Configured { revisions, folder, ..Configured::default() }))
        }
    }
}

/// A worker that has a wake-up already needs no second one.
fn wake(worker: &SyncSender<u64>, seq: u64) {
    worker.try_send(seq).ok();
}

impl Shared {
    /// Burns that fired before this process decided go on, with their own beginning.
    pub(crate) fn resume_burns(&self) {
        let spec = self.spec();
        let firing = self.engine.read(|state| {
            let burn = |it: &nines_alert::dispatch::Alert| {
                Some((nines_engine::burn_key(&spec.slos, &it.labels)?, it.activation.fired_at))
            };
            let is_burn = |it: &nines_alert::dispatch::Alert| {
                it.labels.value("alertname") == nines_engine::SLO_ALERT
            };
            let burns = state.firing().filter(|(_, it)| is_burn(it));
            burns.filter_map(|(_, it)| burn(it)).collect::<Vec<_>>()
        });
        let mut tracker = self.metrics.tracker();
        for (key, since) in firing {
            tracker.resume(&key, since);
        }
    }
}
