//! What every request and every loop shares.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, RwLock};

use jiff::Timestamp;
use nines_base::{Labels, Origin, SampleBatch};
use nines_engine::{Command, EngineHandle, Installation, Refusal, Reply, SubmitError};
use nines_ingest::TargetsStatus;
use nines_port::{Appended, Clock, SampleSink, SinkError};
use nines_slo::{SloName, Tracker};
use nines_spec::{Finding, Spec};
use nines_store::SnapshotFiles;
use nines_tsdb::Tsdb;
use tokio::sync::{Notify, oneshot, watch};

use crate::access::Access;
use crate::health::Health;
use crate::rules::RuleBook;

/// Shared by all requests.
pub(crate) type App = Arc<Shared>;

/// What every request and every loop shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) engine: EngineHandle,
    pub(crate) installation: Installation,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) loaded: RwLock<Arc<Loaded>>,
    pub(crate) access: Access,
    pub(crate) snapshots: SnapshotFiles,
    pub(crate) targets: Arc<TargetsStatus>,
    /// The last durable fact.
    pub(crate) committed: watch::Receiver<u64>,
    /// Asks the configuration to be read again.
    pub(crate) reload: Notify,
    pub(crate) health: Health,
    /// What rules of Prometheus have found.
    pub(crate) rules: RuleBook,
    pub(crate) started_at: Timestamp,
    /// Who the demo's visitor is; `None` outside of the demo.
    pub(crate) demo_person: Option<String>,
    /// Set while the configuration is a demo's.
    pub(crate) is_demo: bool,
}

/// The last configuration without errors, and what was found in the newest one.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) spec: Arc<Spec>,
    pub(crate) engine_config: Arc<nines_engine::Config>,
    /// Of the newest reading; errors among them mean that `spec` is an older one.
    pub(crate) findings: Vec<Finding>,
    pub(crate) is_current: bool,
    pub(crate) read_at: Timestamp,
}

/// The store, and the counts of all objectives, which see every sample as it arrives.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) store: Tsdb,
    tracker: Mutex<Tracker>,
    /// Something arrived that objectives may want to look at.
    pub(crate) arrived: Notify,
}

impl Metrics {
    pub(crate) fn new(store: Tsdb, tracker: Tracker) -> Self {
        Self { store, tracker: Mutex::new(tracker), arrived: Notify::new() }
    }

    pub(crate) fn tracker(&self) -> MutexGuard<'_, Tracker> {
        self.tracker.lock().expect("the tracker does not panic")
    }
}

impl SampleSink for Metrics {
    fn append(&self, batch: &[SampleBatch]) -> Result<Appended, SinkError> {
        let appended = self.store.append(batch)?;
        if appended.refused.is_empty() {
            self.tracker().observe(batch);
        } else {
            let refused: Vec<&Labels> = appended.refused.iter().map(|it| &it.labels).collect();
            let stored = batch.iter().filter(|it| !refused.contains(&&it.labels)).cloned();
            self.tracker().observe(&stored.collect::<Vec<_>>());
        }
        self.arrived.notify_one();
        Ok(appended)
    }
}

/// Why a command has no answer of success.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

impl Shared {
    /// Sends a command to the engine and waits until its facts are durable.
    pub(crate) async fn ask(&self, command: Command) -> Result<Reply, AskError> {
        let (sender, receiver) = oneshot::channel();
        self.engine.submit(command, move |answer| {
            // Whoever asked may have gone.
            drop(sender.send(answer));
        })?;
        let answer = receiver.await.map_err(|_| SubmitError::Stopped)?;
        Ok(answer?)
    }

    pub(crate) fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.read().expect("nobody panics while holding the configuration"))
    }

    pub(crate) fn spec(&self) -> Arc<Spec> {
        Arc::clone(&self.loaded().spec)
    }

    /// Where an objective was written.
    pub(crate) fn slo(&self, name: &SloName) -> Option<nines_slo::Slo> {
        self.spec().slos.iter().find(|it| it.name == *name).cloned()
    }

    /// Who is on call now for each schedule, with the shift and the next person.
    pub(crate) fn on_call(&self, at: Timestamp) -> Vec<OnCall> {
        let spec = self.spec();
        let schedules = spec.schedules.iter();
        schedules
            .map(|schedule| {
                let shift = schedule.on_call(at);
                let next = shift.as_ref().and_then(|it| schedule.shift(it.index + 1));
                OnCall {
                    schedule: schedule.name.clone(),
                    zone: schedule.zone.iana_name().unwrap_or("UTC").to_owned(),
                    shift,
                    next: next.map(|it| it.person),
                    origin: schedule.origin.clone(),
                }
            })
            .collect()
    }

    /// What people are called.
    pub(crate) fn display_names(&self) -> BTreeMap<String, String> {
        let spec = self.spec();
        let people = spec.people.iter();
        people.map(|it| (it.name.clone(), it.display_name.clone())).collect()
    }
}

/// Who is on call for a schedule.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct OnCall {
    pub(crate) schedule: String,
    pub(crate) zone: String,
    pub(crate) shift: Option<nines_oncall::Shift>,
    pub(crate) next: Option<String>,
    pub(crate) origin: Origin,
}
