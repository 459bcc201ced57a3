//! What every request and every loop shares.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, RwLock};

use jiff::Timestamp;
use nines_base::{Exemplar, HistogramSample, Labels, Origin, Sample, SampleBatch};
use nines_engine::{Command, EngineHandle, Installation, Refusal, Reply, SubmitError};
use nines_ingest::TargetsStatus;
use nines_oncall::Person;
use nines_port::{Appended, Clock, MetricMetadata, Row, SampleSink, SinkError};
use nines_slo::{Slo, SloName, Tracker};
use nines_spec::{Finding, SourceFile, Spec};
use nines_store::{JournalPlace, SnapshotFiles};
use nines_tsdb::{AppendError, Tsdb};
use tokio::sync::{Notify, Semaphore, oneshot, watch};

use crate::access::Access;
use crate::api::under_key;
use crate::applied::Revisions;
use crate::backend::Backend;
use crate::checkpoint::Checkpoint;
use crate::forwarding::Forwarding;
use crate::health::Health;
use crate::metadata::Metadata;
use crate::own_metrics;
use crate::plan::Plans;
use crate::prom::PromSettings;
use crate::reload::Reload;
use crate::rules::RuleBook;
use crate::serve::Retention;
use crate::watched::Watched;
use crate::work::Outward;

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
    pub(crate) configured: Configured,
    pub(crate) access: Access,
    pub(crate) snapshots: SnapshotFiles,
    pub(crate) targets: Arc<TargetsStatus>,
    /// The last durable fact.
    pub(crate) committed: watch::Receiver<u64>,
    /// Asks the configuration to be read again.
    pub(crate) reload: Reload,
    /// The folder of samples, and of the journal if it is nowhere else.
    pub(crate) data_dir: PathBuf,
    /// Where the journal is.
    pub(crate) journal: JournalPlace,
    /// Whether this process decides; a standby does not, until it takes over.
    pub(crate) active: watch::Receiver<bool>,
    /// How much is kept.
    pub(crate) retention: Retention,
    /// Damaged files that were found at the start.
    pub(crate) damages: usize,
    /// How the Prometheus API behaves.
    pub(crate) prom: PromSettings,
    /// A permit for each query that may run.
    pub(crate) queries: Arc<Semaphore>,
    pub(crate) health: Health,
    /// What sends messages.
    pub(crate) outward: Arc<Outward>,
    /// Events since the start, for `/metrics`.
    pub(crate) slo_counters: own_metrics::Counters,
    /// What rules of Prometheus have found.
    pub(crate) rules: RuleBook,
    pub(crate) started_at: Timestamp,
    /// Who the demo's visitor is; `None` outside of the demo.
    pub(crate) demo_person: Option<String>,
    /// Set while the configuration is a demo's.
    pub(crate) is_demo: bool,
}

/// Where the configuration comes from, and what may become of it.
#[derive(Debug, Default)]
pub(crate) struct Configured {
    /// For a server whose configuration is sent to it.
    pub(crate) revisions: Option<Revisions>,
    /// Where files that the configuration names are looked for.
    pub(crate) folder: PathBuf,
    /// What it follows otherwise, for people.
    pub(crate) followed: String,
    pub(crate) plans: tokio::sync::Mutex<Plans>,
}

/// The last configuration without errors, and what was found in the newest one.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) spec: Arc<Spec>,
    pub(crate) engine_config: Arc<nines_engine::Config>,
    /// Of the newest reading; errors among them mean that `spec` is an older one.
    pub(crate) findings: Vec<Finding>,
    pub(crate) is_current: bool,
    /// Who answers queries, if not our own store.
    pub(crate) backend: Option<Arc<Backend>>,
    /// The files that decide, without what is secret in them.
    pub(crate) text: String,
    /// The files that decide, as they are.
    pub(crate) sources: Arc<[SourceFile]>,
    pub(crate) read_at: Timestamp,
}

/// The store, and the counts of all objectives, which see every sample as it arrives.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) store: Tsdb,
    /// What metrics mean.
    pub(crate) metadata: Metadata,
    tracker: Mutex<Tracker>,
    /// What of it is on the disk.
    pub(crate) checkpoint: Checkpoint,
    /// Locked before the tracker, where both are.
    watched: Mutex<Watched>,
    /// Who gets our samples too.
    pub(crate) forwarding: Forwarding,
    /// Something arrived that objectives may want to look at.
    pub(crate) arrived: Notify,
}

impl Metrics {
    pub(crate) fn new(
        store: Tsdb,
        tracker: Tracker,
        checkpoint: Checkpoint,
        queues: PathBuf,
    ) -> Self {
        let (tracker, metadata) = (Mutex::new(tracker), Metadata::default());
        Self {
            store,
            metadata,
            tracker,
            checkpoint,
            watched: Mutex::default(),
            forwarding: Forwarding::new(queues),
            arrived: Notify::new(),
        }
    }

    pub(crate) fn tracker(&self) -> MutexGuard<'_, Tracker> {
        self.tracker.lock().expect("the tracker does not panic")
    }

    /// Follows these objectives from now on; those whose past is not counted yet are returned.
    pub(crate) fn follow(&self, slos: Vec<Slo>) -> Vec<SloName> {
        let mut watched = self.watched();
        watched.forget();
        self.tracker().reconfigure(slos)
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().expect("a list of numbers does not panic")
    }
}

impl SampleSink for Metrics {
    fn append(&self, batch: &[SampleBatch]) -> Result<Appended, SinkError> {
        let earliest_ms = earliest(batch.iter().map(|it| (&*it.samples, &*it.histograms)));
        self.checkpoint.arriving(earliest_ms);
        let appended = self.store.append(batch)?;
        if appended.refused.is_empty() {
            self.tracker().observe(batch);
            self.forwarding.push(batch);
        } else {
            let refused: Vec<&Labels> = appended.refused.iter().map(|it| &it.labels).collect();
            let stored = batch.iter().filter(|it| !refused.contains(&&it.labels)).cloned();
            let stored: Vec<SampleBatch> = stored.collect();
            self.tracker().observe(&stored);
            self.forwarding.push(&stored);
        }
        self.checkpoint.arriving(earliest_ms);
        self.arrived.notify_one();
        Ok(appended)
    }

    fn append_rows(
        &self,
        rows: &[Row<'_>],
        labels: &dyn Fn(usize) -> Result<Labels, String>,
    ) -> Result<Appended, SinkError> {
        let earliest_ms = earliest(rows.iter().map(|it| (it.samples, it.histograms)));
        self.checkpoint.arriving(earliest_ms);
        let mut ids = Vec::with_capacity(rows.len());
        let appended = self.store.append_rows_to(rows, labels, &mut ids)?;
        let labels_of = |id| self.store.labels_of(id);
        let is_read = |labels: &Labels| self.tracker().watches(labels);
        let batch = self.watched().batch(rows, &ids, labels_of, is_read);
        if !batch.is_empty() {
            self.tracker().observe(&batch);
            self.checkpoint.arriving(earliest_ms);
            self.arrived.notify_one();
        }
        if !self.forwarding.is_idle() {
            let stored = rows.iter().zip(&ids).filter_map(|(row, id)| {
                let labels = self.store.labels_of((*id)?)?;
                let (samples, histograms) = (row.samples.to_vec(), row.histograms.to_vec());
                Some(SampleBatch { labels, samples, histograms })
            });
            self.forwarding.push(&stored.collect::<Vec<_>>());
        }
        Ok(appended)
    }

    fn append_exemplars(&self, exemplars: &[(Labels, Exemplar)]) {
        self.store.append_exemplars(exemplars);
    }

    fn describe(&self, described: &[MetricMetadata]) {
        self.metadata.describe(described);
    }
}

/// The first instant among these; each list is sorted by time.
fn earliest<'a>(series: impl Iterator<Item = (&'a [Sample], &'a [HistogramSample])>) -> i64 {
    let first = |(samples, histograms): (&[Sample], &[HistogramSample])| {
        let first = samples.first().map_or(i64::MAX, |it| it.at_ms);
        histograms.first().map_or(first, |it| first.min(it.at_ms))
    };
    series.map(first).min().unwrap_or(i64::MAX)
}

/// Whether the same samples may be taken later, as they are.
pub(crate) fn is_temporary(error: &SinkError) -> bool {
    error.source.downcast_ref::<AppendError>().is_none_or(AppendError::is_temporary)
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
        self.engine.submit(under_key(command), move |answer| {
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

    /// What tells our samples from those of other servers.
    pub(crate) fn external_labels(&self) -> Labels {
        self.spec().external_labels.clone()
    }

    /// Where an objective was written.
    pub(crate) fn slo(&self, name: &SloName) -> Option<Slo> {
        self.spec().slos.iter().find(|it| it.name == *name).cloned()
    }

    /// Who is on call now for each schedule, with the shift and the next person.
    pub(crate) fn on_call(&self, at: Timestamp) -> Vec<OnCall> {
        let watch = self.watch();
        let (duty, roster) = (watch.duty(), &watch.config.roster);
        let schedules = roster.schedules.values();
        schedules
            .map(|schedule| {
                let shifts = duty.on_call(&schedule.name, at);
                let next = duty.next_on_call(&schedule.name, at);
                let contacts = shifts.iter().filter_map(|it| roster.people.get(&it.person));
                let reached =
                    |it: &Person| it.contacts.iter().map(|it| it.channel.to_string()).collect();
                let contacts = contacts.map(|it| (it.name.clone(), reached(it))).collect();
                OnCall {
                    schedule: schedule.name.clone(),
                    zone: schedule.zone.iana_name().unwrap_or("UTC").to_owned(),
                    shift: shifts.first().cloned(),
                    shifts,
                    next: next.first().map(|(it, _)| it.name.clone()),
                    contacts,
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
    /// The first of `shifts`.
    pub(crate) shift: Option<nines_oncall::Shift>,
    /// One for each person on call now.
    pub(crate) shifts: Vec<nines_oncall::Shift>,
    pub(crate) next: Option<String>,
    /// How those on call are reached, by person.
    pub(crate) contacts: BTreeMap<String, Vec<String>>,
    pub(crate) origin: Origin,
}
