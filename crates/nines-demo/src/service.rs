//! One service of the shop, as a process: starts, listens, answers, and ends with its parent.
//!
//! What the routes do is in the modules below; here is what all six share.

mod admin;
mod cart;
mod checkout;
mod database;
mod failure;
mod gateway;
mod leak;
mod metrics;
mod observe;
mod orders;
mod payments;
mod peers;
mod search;
mod slots;
mod volume;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::{Fault, Service, ServiceArgs, ShopError};
pub(crate) use admin::TOKEN_HEADER;
pub(crate) use checkout::REGIONS;
use database::Database;
use leak::Leak;
use metrics::Metrics;
pub(crate) use metrics::resident_bytes;
use peers::Peers;
pub(crate) use peers::http_client;
use slots::Slots;
use volume::Volume;

/// How much lower than nines itself the services are in the scheduler's eyes: a runaway query must
/// not starve the platform that is to notice it.
const NICENESS: i32 = 10;

/// The largest request that a service reads.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// How many requests a service works on at once.
const WORKERS_MAX: usize = 64;

/// How many may wait for a worker or a database connection, each.
const WAITING_MAX: usize = 128;

/// How long a request waits for a worker or a connection before it is turned away.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// How long requests in flight may still take when the service ends.
const DRAIN_MAX: Duration = Duration::from_millis(500);

/// What a service is made of.
#[derive(Debug)]
struct App {
    service: Service,
    version: String,
    token: String,
    faults: Mutex<BTreeSet<Fault>>,
    metrics: Metrics,
    workers: Slots,
    database: Option<Arc<Database>>,
    volume: Volume,
    leak: Leak,
    peers: Peers,
    rng: Mutex<fastrand::Rng>,
    baskets: cart::Baskets,
    admin: tokio::sync::Mutex<()>,
}

type Shared = Arc<App>;

impl App {
    async fn prepare(service: Service, args: &ServiceArgs) -> Result<Self, ShopError> {
        let volume = Volume::open(&args.folder)
            .map_err(|source| ShopError::Folder { folder: args.folder.clone(), source })?;
        let peers = Peers::new(service, &args.peers)?;
        let lost = args.faults.contains(&Fault::DbDown);
        let database = match service.db_connections_max() {
            0 => None,
            _ if lost => Some(Arc::new(Database::lost(service, &args.folder))),
            _ => Some(Arc::new(Database::open(service, &args.folder).await?)),
        };
        Ok(Self {
            service,
            version: args.version.clone(),
            token: args.token.clone(),
            faults: Mutex::new(BTreeSet::new()),
            metrics: Metrics::new(service, &args.version),
            workers: Slots::new(WORKERS_MAX),
            database,
            volume,
            leak: Leak::default(),
            peers,
            rng: Mutex::new(fastrand::Rng::with_seed(args.seed)),
            baskets: cart::Baskets::default(),
            admin: tokio::sync::Mutex::new(()),
        })
    }

    fn is_broken_by(&self, fault: Fault) -> bool {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).contains(&fault)
    }

    /// Evenly in 0..1.
    fn random(&self) -> f64 {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }
}

/// Runs the service `name` until its standard input closes; blocks.
///
/// The first line on standard output is `listening 127.0.0.1:PORT`. The parent holds the other end of
/// standard input, so a service never outlives it, however it dies.
pub fn run_service(name: &str, args: ServiceArgs) -> Result<(), ShopError> {
    let service: Service = name.parse()?;
    let io = |action| move |source| ShopError::Io { action, source };
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "the service keeps its priority");
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(io("start the service's runtime"))?;
    let served = runtime.block_on(serve(service, args));
    // A query may still run on its own thread; the process does not wait for it.
    runtime.shutdown_background();
    served
}

async fn serve(service: Service, args: ServiceArgs) -> Result<(), ShopError> {
    let io = |action| move |source| ShopError::Io { action, source };
    let app = Arc::new(App::prepare(service, &args).await?);
    admin::apply(&app, args.faults).await.map_err(io("break the service"))?;

    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let listener = TcpListener::bind(address).await.map_err(io("listen on loopback"))?;
    let address = listener.local_addr().map_err(io("listen on loopback"))?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening {address}")
        .and_then(|()| stdout.flush())
        .map_err(io("say where the service listens"))?;

    let (closing, closed) = watch::channel(());
    std::thread::spawn(move || {
        wait_for_end_of_input();
        drop(closing);
    });
    // `changed` fails when the thread drops its end: nothing is ever sent.
    let ended = |mut it: watch::Receiver<()>| async move { drop(it.changed().await) };
    let overdue = {
        let ended = ended(closed.clone());
        async move {
            ended.await;
            tokio::time::sleep(DRAIN_MAX).await;
        }
    };
    tokio::select! {
        served = axum::serve(listener, router(&app)).with_graceful_shutdown(ended(closed)) => {
            served.map_err(io("serve requests"))
        }
        () = overdue => Ok(()),
    }
}

fn wait_for_end_of_input() {
    let mut buffer = [0; 64];
    let mut stdin = std::io::stdin();
    while matches!(stdin.read(&mut buffer), Ok(1..)) {}
}

fn router(app: &Shared) -> Router {
    let business = match app.service {
        Service::Gateway => gateway::router(),
        Service::Search => search::router(),
        Service::Cart => cart::router(),
        Service::Checkout => checkout::router(),
        Service::Orders => orders::router(),
        Service::Payments => payments::router(),
    };
    let observed = axum::middleware::from_fn_with_state(Arc::clone(app), observe::observe);
    business
        .route_layer(observed)
        .route("/metrics", get(metrics::get_metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/admin/fault", post(admin::post_fault))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(Arc::clone(app))
}
