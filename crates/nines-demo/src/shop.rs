//! The shop as a whole: six processes, their visitors, and what is broken.

mod keeper;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nines_port::Clock;
use reqwest::Client;
use serde::Serialize;
use serde_json::json;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use crate::service::{TOKEN_HEADER, http_client, resident_bytes};
use crate::shape::PEAK_PER_SECOND;
use crate::traffic::{Counters, Generator};
use crate::{BAD_VERSION, ChangeNotice, Fault, GOOD_VERSION, Service, ShopError, TrafficCounts};
use keeper::{Keeper, Plan};

/// How long a visitor waits for an answer: longer than the gateway does.
const VISITOR_PATIENCE: Duration = Duration::from_secs(10);

/// How often a service is told of a change of faults before that counts as failed.
const TELLING_MAX: u32 = 10;

/// How many notices are kept for a slow subscriber.
const NOTICES_MAX: usize = 64;

/// How the shop runs.
#[derive(Debug, Clone)]
pub struct ShopConfig {
    /// What runs as a service: `PROGRAM PREFIX.. NAME ARGS..`, where it calls [`crate::run_service`].
    pub program: PathBuf,
    /// The arguments before the service's name.
    pub service_args_prefix: Vec<String>,
    /// Each service gets a folder in here.
    pub folder: PathBuf,
    /// Decides the hour of the day and dates the changes.
    pub clock: Arc<dyn Clock>,
    /// Requests per second at the gateway in the busiest hour; the history assumes 40.
    pub peak_per_second: f64,
    /// Of all random numbers.
    pub seed: u64,
}

impl ShopConfig {
    /// The traffic that fits the history.
    pub fn new(
        program: PathBuf,
        service_args_prefix: Vec<String>,
        folder: PathBuf,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (peak_per_second, seed) = (PEAK_PER_SECOND, 0);
        Self { program, service_args_prefix, folder, clock, peak_per_second, seed }
    }
}

/// The running shop. Dropping it ends its processes; [`Shop::stop`] also waits for them.
#[derive(Debug)]
pub struct Shop {
    keepers: Vec<Keeper>,
    faults: Arc<Mutex<BTreeSet<Fault>>>,
    /// Held during a change: they come one after the other.
    changing: tokio::sync::Mutex<()>,
    clock: Arc<dyn Clock>,
    client: Client,
    token: String,
    traffic: JoinHandle<()>,
    counters: Arc<Counters>,
    notices: broadcast::Sender<ChangeNotice>,
}

/// What the control shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShopState {
    /// In starting order.
    pub services: Vec<ServiceState>,
    /// What is broken now.
    pub faults: Vec<Fault>,
    /// Since the start.
    pub traffic: TrafficCounts,
}

/// One process of the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceState {
    /// Which.
    pub service: Service,
    /// Where it listens, also after a restart.
    pub address: SocketAddr,
    /// What should run.
    pub version: String,
    /// Its process, while there is one.
    pub pid: Option<u32>,
    /// How often it died and was started again.
    pub restarts: u32,
    /// Its resident memory; 0 without a process.
    pub resident_memory_bytes: u64,
    /// Why there is no process.
    pub problem: Option<String>,
}

impl Shop {
    /// Starts the services, those first that others call, and then the traffic.
    pub async fn start(config: ShopConfig) -> Result<Self, ShopError> {
        let client = http_client(VISITOR_PATIENCE)?;
        let token = random_token()?;
        let faults = Arc::new(Mutex::new(BTreeSet::new()));
        let mut addresses = BTreeMap::new();
        let mut keepers = Vec::new();
        for (service, number) in Service::ALL.into_iter().zip(1..) {
            let is_called = |peer: &Service| service.depends_on().contains(peer);
            let plan = Plan {
                service,
                program: config.program.clone(),
                prefix: config.service_args_prefix.clone(),
                folder: config.folder.join(service.name()),
                token: token.clone(),
                peers: addresses.clone().into_iter().filter(|(it, _)| is_called(it)).collect(),
                faults: Arc::clone(&faults),
                seed: config.seed.wrapping_add(number),
            };
            let keeper = Keeper::start(plan).await?;
            addresses.insert(service, keeper.address());
            keepers.push(keeper);
        }
        let counters = Arc::new(Counters::default());
        let generator = Generator {
            client: client.clone(),
            gateway: format!("http://{}", keeper_of(&keepers, Service::Gateway).address()),
            clock: Arc::clone(&config.clock),
            peak_per_second: config.peak_per_second,
            rng: fastrand::Rng::with_seed(config.seed),
            counters: Arc::clone(&counters),
        };
        Ok(Self {
            keepers,
            faults,
            changing: tokio::sync::Mutex::new(()),
            clock: config.clock,
            client,
            token,
            traffic: tokio::spawn(generator.run()),
            counters,
            notices: broadcast::Sender::new(NOTICES_MAX),
        })
    }

    /// Where each service listens; the same after a restart.
    pub fn addresses(&self) -> Vec<(Service, SocketAddr)> {
        self.keepers.iter().map(|it| (it.service(), it.address())).collect()
    }

    /// What is broken now.
    pub fn faults(&self) -> Vec<Fault> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// Every change from now on, whoever asked for it.
    pub fn subscribe(&self) -> broadcast::Receiver<ChangeNotice> {
        self.notices.subscribe()
    }

    /// Breaks the shop; when it returns, the change has taken effect.
    pub async fn break_it(&self, fault: Fault) -> Result<ChangeNotice, ShopError> {
        let _changing = self.changing.lock().await;
        let at = self.clock.now();
        if !self.faults.lock().unwrap_or_else(PoisonError::into_inner).insert(fault) {
            return Err(ShopError::AlreadyBroken { fault });
        }
        let broken = match fault {
            Fault::BadDeploy => self.keeper(fault.service()).deploy(BAD_VERSION).await,
            Fault::MemoryLeak | Fault::SlowQuery | Fault::DbDown | Fault::DiskFilling => {
                self.tell_faults(fault.service()).await
            }
        };
        // On an error the fault stays listed: what is half broken must be healed, too.
        broken?;
        Ok(self.tell(fault.broken(at)))
    }

    /// Repairs everything; when it returns, the shop is as it was. Nothing to do is fine.
    ///
    /// A fault stays listed until its service has taken the repair, so that a second try finishes it.
    pub async fn heal(&self) -> Result<Vec<ChangeNotice>, ShopError> {
        let _changing = self.changing.lock().await;
        let mut healed = Vec::new();
        for fault in self.faults() {
            self.faults.lock().unwrap_or_else(PoisonError::into_inner).remove(&fault);
            let repaired = match fault {
                Fault::BadDeploy | Fault::MemoryLeak => {
                    self.keeper(fault.service()).deploy(GOOD_VERSION).await
                }
                Fault::SlowQuery | Fault::DbDown | Fault::DiskFilling => {
                    self.tell_faults(fault.service()).await
                }
            };
            if let Err(error) = repaired {
                self.faults.lock().unwrap_or_else(PoisonError::into_inner).insert(fault);
                return Err(error);
            }
            healed.push(self.tell(fault.healed(self.clock.now())));
        }
        Ok(healed)
    }

    /// The processes, the faults and the traffic.
    pub fn state(&self) -> ShopState {
        let services = self.keepers.iter().map(|keeper| {
            let running = keeper.running();
            ServiceState {
                service: keeper.service(),
                address: keeper.address(),
                version: keeper.version(),
                resident_memory_bytes: running.pid.map_or(0, |it| resident_bytes(&it.to_string())),
                pid: running.pid,
                restarts: running.restarts,
                problem: running.problem,
            }
        });
        ShopState {
            services: services.collect(),
            faults: self.faults(),
            traffic: self.counters.read(),
        }
    }

    /// Ends the traffic and the processes, and waits for them.
    pub async fn stop(&self) {
        self.traffic.abort();
        futures_util::future::join_all(self.keepers.iter().map(Keeper::stop)).await;
    }

    fn keeper(&self, service: Service) -> &Keeper {
        keeper_of(&self.keepers, service)
    }

    fn tell(&self, notice: ChangeNotice) -> ChangeNotice {
        // Nobody has to listen.
        drop(self.notices.send(notice.clone()));
        notice
    }

    /// Tells the running process its faults. One that starts meanwhile gets them as arguments; it is
    /// told all the same, because it may have been started just before they changed.
    async fn tell_faults(&self, service: Service) -> Result<(), ShopError> {
        let keeper = self.keeper(service);
        let faults: Vec<Fault> =
            self.faults().into_iter().filter(|it| it.service() == service).collect();
        let mut reason = String::new();
        for _ in 0..TELLING_MAX {
            keeper.until_running().await?;
            let request = self
                .client
                .post(format!("http://{}/admin/fault", keeper.address()))
                .header(TOKEN_HEADER, &self.token)
                .json(&json!({ "faults": faults }));
            match request.send().await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => reason = answer.text().await.unwrap_or_default(),
                Err(error) => reason = error.to_string(),
            }
        }
        Err(ShopError::Admin { service, reason })
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.traffic.abort();
    }
}

fn keeper_of(keepers: &[Keeper], service: Service) -> &Keeper {
    let found = keepers.iter().find(|it| it.service() == service);
    found.expect("every service has a keeper")
}

fn random_token() -> Result<String, ShopError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|source| ShopError::Io {
        action: "make a token for the demo",
        source: std::io::Error::other(source.to_string()),
    })?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// The services to scrape: `HOST:PORT`, and the labels that tell them apart.
pub fn scrape_targets(shop: &Shop) -> Vec<(String, Vec<(String, String)>)> {
    let target = |(service, address): (Service, SocketAddr)| {
        (address.to_string(), vec![("instance".to_owned(), service.instance())])
    };
    shop.addresses().into_iter().map(target).collect()
}
