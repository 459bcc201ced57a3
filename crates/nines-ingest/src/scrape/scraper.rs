//! Keeps one task for each target, and follows the list of jobs.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use nines_http::{Clients, with_causes};
use nines_port::{Appended, Clock, HttpSettings, SampleSink, SinkError};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep, timeout_at};

use super::discovery::{Discoverer, ReadGroups, Sources};
use super::fetch::fetch;
use super::job::ScrapeJob;
use super::plan::plan;
use super::read::Body;
use super::schedule::{aligned_ms, next_slot_ms, phase_ms};
use super::series::Pending;
use super::status::{Health, TargetsStatus};
use super::target::{Scrape, Settings, TargetKey, TargetState};

/// How long all targets together may take to stop; then their series end without markers.
const STOP_MAX: Duration = Duration::from_secs(1);

/// Scrapes targets into a [`SampleSink`].
#[derive(Debug)]
pub struct Scraper {
    sources: Sources,
    status: Arc<TargetsStatus>,
}

/// Why there is no scraper.
#[derive(Debug, thiserror::Error)]
#[error("failed to set up an HTTP client for scraping: {reason}")]
pub struct ScraperError {
    reason: String,
}

impl Scraper {
    /// Asks nobody before [`Self::run`].
    ///
    /// # Errors
    /// The HTTP client could not be made.
    pub fn new() -> Result<Self, ScraperError> {
        let clients = Clients::default();
        // The one that most jobs need; to know early that it can be made.
        clients.get(&HttpSettings::default()).map_err(|reason| ScraperError { reason })?;
        Ok(Self { sources: Sources { clients, read_yaml: None }, status: Arc::default() })
    }

    /// Lets files with lists of targets be YAML, which this crate does not know.
    #[must_use]
    pub fn reading_yaml_with(mut self, read: ReadGroups) -> Self {
        self.sources.read_yaml = Some(read);
        self
    }

    /// What is known of each target; kept up to date while the scraper runs.
    pub fn targets_status(&self) -> Arc<TargetsStatus> {
        Arc::clone(&self.status)
    }

    /// Scrapes the targets of `jobs`, and of every newer list, until `shutdown` is ready.
    ///
    /// A target that stays keeps its rhythm and its series, whatever else changes. The series of a target that is
    /// taken from the list, and of all targets at the end, get staleness markers before this returns.
    pub async fn run(
        self,
        mut jobs: watch::Receiver<Vec<ScrapeJob>>,
        sink: Arc<dyn SampleSink>,
        clock: Arc<dyn Clock>,
        shutdown: impl Future<Output = ()> + Send,
    ) {
        let clients = self.sources.clients.clone();
        let edges = Edges { clients, status: self.status, sink, clock };
        let mut discoverer = Discoverer::new(self.sources);
        let mut tasks = BTreeMap::new();
        let mut shutdown = pin!(shutdown);
        let mut jobs_may_change = true;
        loop {
            let current = jobs.borrow_and_update().clone();
            discoverer.follow(&current);
            let plan = plan(&current, |job| discoverer.targets(job));
            edges.status.set_pools(plan.pools);
            edges.follow(&mut tasks, plan.wanted).await;
            tokio::select! {
                () = &mut shutdown => break,
                () = discoverer.changed() => {}
                changed = jobs.changed(), if jobs_may_change => {
                    // If nobody will change the jobs any more, those that there are go on.
                    jobs_may_change = changed.is_ok();
                }
            }
        }
        edges.follow(&mut tasks, BTreeMap::new()).await;
    }
}

/// One target's task. Dropping the sender asks it to stop; it returns its last markers.
#[derive(Debug)]
struct Task {
    settings: watch::Sender<Settings>,
    handle: JoinHandle<Vec<Pending>>,
}

/// The world around the targets.
#[derive(Debug, Clone)]
struct Edges {
    clients: Clients,
    status: Arc<TargetsStatus>,
    sink: Arc<dyn SampleSink>,
    clock: Arc<dyn Clock>,
}

impl Edges {
    /// Makes the tasks those that are wanted: stops, then tells, then starts.
    async fn follow(
        &self,
        tasks: &mut BTreeMap<TargetKey, Task>,
        wanted: BTreeMap<TargetKey, Settings>,
    ) {
        let gone: Vec<TargetKey> =
            tasks.keys().filter(|it| !wanted.contains_key(it)).cloned().collect();
        let stopping = gone.iter().filter_map(|key| tasks.remove(key)).map(|it| it.handle);
        // All senders are dropped before the first handle is awaited.
        let stopping: Vec<_> = stopping.collect();
        self.end(stopping).await;
        for key in &gone {
            self.status.forget(key);
        }
        for (key, settings) in wanted {
            self.status.note(&key, &settings);
            if let Some(task) = tasks.get(&key) {
                task.settings.send_if_modified(|it| {
                    let changed = *it != settings;
                    *it = settings;
                    changed
                });
            } else {
                let (sender, receiver) = watch::channel(settings);
                let scraping = scrape_target(self.clone(), key.clone(), receiver);
                tasks.insert(key, Task { settings: sender, handle: tokio::spawn(scraping) });
            }
        }
    }

    /// Stores the last markers of targets that stop, as one append.
    async fn end(&self, stopping: Vec<JoinHandle<Vec<Pending>>>) {
        let mut markers = Vec::new();
        let deadline = Instant::now() + STOP_MAX;
        for handle in stopping {
            match timeout_at(deadline, handle).await {
                Ok(Ok(rows)) => markers.extend(rows),
                Ok(Err(error)) => tracing::error!(%error, "the task of a target has failed"),
                Err(_) => tracing::warn!("a target did not stop in time: its series do not end"),
            }
        }
        if markers.is_empty() {
            return;
        }
        let sink = Arc::clone(&self.sink);
        let work = move || append(&*sink, &markers).map_err(|it| with_causes(&it));
        match spawn_blocking(work).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(error, "the end of series was not stored"),
            Err(error) => tracing::error!(%error, "storing the end of series has failed"),
        }
    }

    /// Reads and stores one answer.
    async fn take(
        &self,
        key: &TargetKey,
        settings: &Settings,
        mut state: TargetState,
        asked: Asked,
    ) -> TargetState {
        let (at, took) = (asked.at, asked.took);
        let (sink, settings) = (Arc::clone(&self.sink), settings.clone());
        // Reading a large body takes milliseconds, storing waits for the disk: not on the async threads.
        let work = move || {
            let done = store(&mut state, &settings, asked, &*sink);
            (state, done)
        };
        let (state, (health, error)) = spawn_blocking(work).await.unwrap_or_else(|error| {
            tracing::error!(%error, "reading a scrape has failed");
            let reason = "reading the answer has failed inside of nines".to_owned();
            (TargetState::default(), (Health::Down, Some(reason)))
        });
        if let Some(error) = &error {
            tracing::debug!(job = key.pool, address = key.url, error, "scrape");
        }
        self.status.record(key, at, took, health, error);
        state
    }
}

/// What came of asking.
#[derive(Debug)]
struct Asked {
    at: Timestamp,
    slot_ms: i64,
    took: SignedDuration,
    answer: Result<Body, String>,
}

/// One append: everything of the scrape, or nothing.
fn store(
    state: &mut TargetState,
    settings: &Settings,
    asked: Asked,
    sink: &dyn SampleSink,
) -> (Health, Option<String>) {
    let at_ms = aligned_ms(asked.at.as_millisecond(), asked.slot_ms, settings.interval_ms());
    let Scrape { rows, exemplars, metadata, error } =
        state.digest(settings, asked.answer, at_ms, asked.took);
    let stored = append(sink, &rows);
    let health = if error.is_none() { Health::Up } else { Health::Down };
    if stored.is_err() {
        state.owe(rows);
    } else {
        sink.append_exemplars(&exemplars);
        if !metadata.is_empty() {
            sink.describe(&metadata);
        }
    }
    (health, error.or_else(|| refusal(stored)))
}

fn append(sink: &dyn SampleSink, rows: &[Pending]) -> Result<Appended, SinkError> {
    let by_key: Vec<_> = rows.iter().map(Pending::row).collect();
    let labels = |index: usize| {
        rows.get(index).map(|it| it.labels.clone()).ok_or_else(|| "no such row".to_owned())
    };
    sink.append_rows(&by_key, &labels)
}

/// What the store did not take, in words.
fn refusal(stored: Result<Appended, SinkError>) -> Option<String> {
    match stored {
        Ok(appended) => {
            let first = appended.refused.first()?;
            let count = appended.refused.len();
            let (labels, reason) = (&first.labels, &first.reason);
            Some(format!("{count} series or more were not stored, such as {labels}: {reason}"))
        }
        Err(error) => Some(with_causes(&error)),
    }
}

/// The life of one target, until the sender of its settings is dropped.
async fn scrape_target(
    edges: Edges,
    key: TargetKey,
    mut settings: watch::Receiver<Settings>,
) -> Vec<Pending> {
    let mut state = TargetState::default();
    let mut last_ms = None;
    loop {
        let now = settings.borrow_and_update().clone();
        let phase = phase_ms(&key.pool, &now.address, now.interval_ms());
        let now_ms = edges.clock.now().as_millisecond();
        let slot_ms = next_slot_ms(now_ms, last_ms, now.interval_ms(), phase);
        let wait_ms = slot_ms.saturating_sub(now_ms).max(0).unsigned_abs();
        tokio::select! {
            () = sleep(Duration::from_millis(wait_ms)) => {}
            changed = settings.changed() => match changed {
                Ok(()) => continue,
                Err(_) => break,
            }
        }
        last_ms = Some(slot_ms);
        let (at, begun) = (edges.clock.now(), Instant::now());
        let answer = tokio::select! {
            answer = fetch(&edges.clients, &now) => answer,
            () = told_to_stop(settings.clone()) => break,
        };
        let took = SignedDuration::try_from(begun.elapsed()).unwrap_or(SignedDuration::MAX);
        let asked = Asked { at, slot_ms, took, answer };
        state = edges.take(&key, &now, state, asked).await;
    }
    state.end(after(edges.clock.now(), last_ms))
}

/// Ready once nobody can change the settings any more.
async fn told_to_stop(mut settings: watch::Receiver<Settings>) {
    while settings.changed().await.is_ok() {}
}

/// The end of a series lies after its last sample, even if the clock was set back.
fn after(now: Timestamp, last_ms: Option<i64>) -> i64 {
    now.as_millisecond().max(last_ms.map_or(i64::MIN, |it| it.saturating_add(1)))
}

#[cfg(test)]
mod tests;
