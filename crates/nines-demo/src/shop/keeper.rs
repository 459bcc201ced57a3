//! Keeps one process alive: starts it, restarts it when it dies, replaces it, kills it when it is too big.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::service::resident_bytes;
use crate::{Fault, GOOD_VERSION, Service, ServiceArgs, ShopError};

/// How long a process may take to say where it listens.
const START_MAX: Duration = Duration::from_secs(10);

/// How long a process may take to end before it is killed.
const STOP_MAX: Duration = Duration::from_secs(1);

/// How long a change waits for the new process, restarts included.
const CHANGE_MAX: Duration = Duration::from_secs(15);

/// The pause before the first restart in a row; it doubles with each.
const BACKOFF_MIN: Duration = Duration::from_millis(200);
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// A process that lived for this long was healthy: the row of restarts begins anew.
const HEALTHY_AFTER: Duration = Duration::from_secs(8);

/// After so many restarts in a row nobody tries again until the next change.
const RESTARTS_IN_A_ROW_MAX: u32 = 20;

/// How often the memory of the process is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The longest first line of a process.
const LINE_BYTES_MAX: u64 = 256;

/// What is to run, apart from its version.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) service: Service,
    pub(super) program: PathBuf,
    pub(super) prefix: Vec<String>,
    pub(super) folder: PathBuf,
    pub(super) token: String,
    pub(super) peers: BTreeMap<Service, SocketAddr>,
    pub(super) faults: Arc<Mutex<BTreeSet<Fault>>>,
    pub(super) seed: u64,
}

/// What should be the case.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Desired {
    /// A higher one replaces the process.
    generation: u64,
    version: String,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The process is to run.
    NotYet,
    /// It is to end, and the keeper with it.
    Now,
}

/// What is the case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Running {
    /// Of the newest process that has listened.
    generation: u64,
    pub(super) pid: Option<u32>,
    pub(super) restarts: u32,
    pub(super) problem: Option<String>,
}

/// The handle of one kept process.
#[derive(Debug)]
pub(super) struct Keeper {
    service: Service,
    address: SocketAddr,
    desired: watch::Sender<Desired>,
    running: watch::Receiver<Running>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Keeper {
    /// Starts the process; it listens when this returns.
    pub(super) async fn start(plan: Plan) -> Result<Self, ShopError> {
        let version = GOOD_VERSION.to_owned();
        let desired = Desired { generation: 0, version, end: End::NotYet };
        let process = Process::start(&plan, &desired, 0).await?;
        let (service, address) = (plan.service, process.address);
        let (desired, wanted) = watch::channel(desired);
        let running = Running { pid: process.child.id(), ..Running::default() };
        let (report, running) = watch::channel(running);
        let task = tokio::spawn(keep(plan, process, wanted, report));
        Ok(Self { service, address, desired, running, task: Mutex::new(Some(task)) })
    }

    pub(super) fn service(&self) -> Service {
        self.service
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn version(&self) -> String {
        self.desired.borrow().version.clone()
    }

    pub(super) fn running(&self) -> Running {
        self.running.borrow().clone()
    }

    /// Replaces the process by one of `version`; it listens when this returns.
    pub(super) async fn deploy(&self, version: &str) -> Result<(), ShopError> {
        self.desired.send_modify(|it| {
            it.generation += 1;
            version.clone_into(&mut it.version);
        });
        self.until_running().await
    }

    /// Waits until there is a process of the desired generation.
    pub(super) async fn until_running(&self) -> Result<(), ShopError> {
        let generation = self.desired.borrow().generation;
        let mut running = self.running.clone();
        let is_there =
            |it: &Running| it.pid.is_some() && it.problem.is_none() && generation <= it.generation;
        match timeout(CHANGE_MAX, running.wait_for(is_there)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(ShopError::Stopped),
            Err(_) => Err(self.not_ready(CHANGE_MAX)),
        }
    }

    /// Ends the process and waits for it.
    pub(super) async fn stop(&self) {
        self.desired.send_modify(|it| it.end = End::Now);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::warn!(service = %self.service, %error, "the keeper of a service failed");
        }
    }

    fn not_ready(&self, waited: Duration) -> ShopError {
        ShopError::NotReady { service: self.service, waited_seconds: waited.as_secs() }
    }
}

/// One process that listens.
#[derive(Debug)]
struct Process {
    child: Child,
    /// Closing it tells the process to end; so does our death.
    stdin: Option<ChildStdin>,
    address: SocketAddr,
    started: Instant,
}

/// Why a process is no longer watched.
enum Over {
    /// It ended without having been asked to.
    Died(String),
    /// It is to be replaced, or to end.
    Changed,
}

impl Process {
    async fn start(plan: &Plan, desired: &Desired, port: u16) -> Result<Self, ShopError> {
        let service = plan.service;
        let spawn_error =
            |source| ShopError::Spawn { service, program: plan.program.clone(), source };
        let faults = plan.faults.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let args = ServiceArgs {
            port,
            folder: plan.folder.clone(),
            version: desired.version.clone(),
            token: plan.token.clone(),
            peers: plan.peers.clone(),
            faults: faults.into_iter().filter(|it| it.service() == service).collect(),
            seed: plan.seed,
        };
        let mut child = Command::new(&plan.program)
            .args(&plan.prefix)
            .arg(service.name())
            .args(args.to_args())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Its own group: Ctrl-C on a terminal is for the supervisor, which ends the services itself.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(spawn_error)?;
        let stdin = child.stdin.take();
        let closed = || spawn_error(io::Error::other("its output is closed"));
        let stdout = child.stdout.take().ok_or_else(closed)?;
        let mut line = String::new();
        let mut stdout = BufReader::new(stdout.take(LINE_BYTES_MAX));
        let read = timeout(START_MAX, stdout.read_line(&mut line)).await;
        let waited_seconds = START_MAX.as_secs();
        read.map_err(|_| ShopError::NotReady { service, waited_seconds })?.map_err(spawn_error)?;
        let address = line.trim().strip_prefix("listening ").and_then(|it| it.parse().ok());
        let address: SocketAddr = address.ok_or_else(closed)?;
        Ok(Self { child, stdin, address, started: Instant::now() })
    }

    /// Watches until the process ends or another one is wanted; kills one that is too big.
    async fn watch(&mut self, service: Service, wanted: &mut watch::Receiver<Desired>) -> Over {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                status = self.child.wait() => {
                    return Over::Died(match status {
                        Ok(status) => format!("the process ended: {status}"),
                        Err(error) => format!("the process cannot be waited for: {error}"),
                    });
                }
                _ = wanted.changed() => return Over::Changed,
                _ = looks.tick() => self.kill_if_too_big(service),
            }
        }
    }

    fn kill_if_too_big(&mut self, service: Service) {
        let Some(pid) = self.child.id() else { return };
        let bytes = resident_bytes(&pid.to_string());
        if bytes <= service.memory_bytes_max() {
            return;
        }
        tracing::warn!(%service, bytes, "out of memory: the process is killed");
        if let Err(error) = self.child.start_kill() {
            tracing::warn!(%service, %error, "the process cannot be killed");
        }
    }

    async fn end(&mut self) {
        self.stdin = None;
        if timeout(STOP_MAX, self.child.wait()).await.is_err()
            && let Err(error) = self.child.kill().await
        {
            tracing::warn!(%error, "a service cannot be killed");
        }
    }
}

async fn keep(
    plan: Plan,
    first: Process,
    mut wanted: watch::Receiver<Desired>,
    report: watch::Sender<Running>,
) {
    let (service, port) = (plan.service, first.address.port());
    let mut generation = 0;
    let mut process = Some(first);
    let mut deaths_in_a_row = 0;
    loop {
        let over = match &mut process {
            Some(process) => {
                let pid = process.child.id();
                report.send_modify(|it| {
                    (it.generation, it.pid, it.problem) = (generation, pid, None);
                });
                let over = process.watch(service, &mut wanted).await;
                if HEALTHY_AFTER < process.started.elapsed() {
                    deaths_in_a_row = 0;
                }
                if let Over::Changed = over {
                    process.end().await;
                }
                over
            }
            None => Over::Died("the process does not start".to_owned()),
        };
        match over {
            Over::Died(problem) => {
                deaths_in_a_row += 1;
                tracing::info!(%service, %problem, deaths_in_a_row, "a service of the demo died");
                report.send_modify(|it| {
                    (it.pid, it.problem) = (None, Some(problem));
                    it.restarts += 1;
                });
                pause(deaths_in_a_row, &mut wanted).await;
            }
            Over::Changed => {
                deaths_in_a_row = 0;
                report.send_modify(|it| it.pid = None);
            }
        }
        // The sender is gone when the shop was dropped.
        let desired = wanted.borrow_and_update().clone();
        if desired.end == End::Now || wanted.has_changed().is_err() {
            return;
        }
        generation = desired.generation;
        process = match Process::start(&plan, &desired, port).await {
            Ok(process) => Some(process),
            Err(error) => {
                tracing::warn!(%service, %error, "a service of the demo does not start");
                None
            }
        };
    }
}

/// Waits before a restart, or, after too many in a row, for a change.
async fn pause(deaths_in_a_row: u32, wanted: &mut watch::Receiver<Desired>) {
    if RESTARTS_IN_A_ROW_MAX < deaths_in_a_row {
        drop(wanted.changed().await);
        return;
    }
    let backoff = BACKOFF_MIN.saturating_mul(1 << deaths_in_a_row.saturating_sub(1).min(16));
    // A change ends the pause early.
    drop(timeout(backoff.min(BACKOFF_MAX), wanted.changed()).await);
}
