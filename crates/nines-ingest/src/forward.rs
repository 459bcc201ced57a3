//! Forwarding: what was taken is sent on by remote write, through a queue on the disk.
//!
//! What is in the queue survives a restart, and is sent in its order until the receiver has it or refuses it for ever.
//! The queue has a limit: when it is full, the oldest requests give way and are counted. A request that was sent just
//! before a crash is sent again; receivers keep equal samples once. It must not know what is forwarded, nor to whom.
//!
//! Source: Prometheus, "Remote-Write 1.0 specification", retries and backoff.

mod queue;

use std::fmt;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nines_base::{Labels, SampleBatch};
use nines_http::{Clients, signed, with_causes};
use nines_port::HttpSettings;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use tokio::sync::Notify;

use crate::relabel::{Relabel, relabel};
use crate::remote_write::{Version, encode, encode_2};
use queue::{Queue, Request};

/// The first wait after a failure; each further one is twice as long.
const BACKOFF_MIN: Duration = Duration::from_millis(30);
/// The longest wait, also where the receiver asks for more.
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// Characters of a refusal that are kept.
const REASON_MAX: usize = 300;

/// What is sent to whom, and how much may wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardSettings {
    /// Where requests go.
    pub url: String,
    /// Which message the receiver understands.
    pub version: Version,
    /// Who we say we are, and whom we believe.
    pub http: HttpSettings,
    /// What every series gets that does not have it.
    pub external_labels: Labels,
    /// Which series are sent, and with which labels; applied after the external labels.
    pub relabel_rules: Vec<Relabel>,
    /// The longest that one request may take.
    pub timeout: Duration,
    /// Bytes of requests that may wait.
    pub queue_bytes_max: u64,
}

impl ForwardSettings {
    /// A series as the receiver gets it; nothing if a rule drops it.
    fn outgoing(&self, batch: &SampleBatch) -> Option<SampleBatch> {
        let external = self.external_labels.iter();
        let missing = external.filter(|(name, _)| batch.labels.get(name).is_none());
        let labels = missing.fold(batch.labels.clone(), |it, (name, value)| it.with(name, value));
        let labels = relabel(&labels, &self.relabel_rules).ok()??;
        Some(SampleBatch { labels, ..batch.clone() })
    }
}

/// How forwarding goes; counts are of this process, but for what is queued.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForwardStatus {
    /// Requests that wait.
    pub queued_requests: u64,
    /// Bytes that wait.
    pub queued_bytes: u64,
    /// Samples that the receiver has.
    pub sent_samples: u64,
    /// Samples that the receiver refused for ever.
    pub refused_samples: u64,
    /// Samples that gave way because the queue was full.
    pub dropped_samples: u64,
    /// Why the last request failed, until one succeeds.
    pub last_error: Option<String>,
}

/// Sends samples on to one receiver.
pub struct Forwarder {
    settings: Mutex<Arc<ForwardSettings>>,
    clients: Clients,
    state: Mutex<State>,
    arrived: Notify,
}

struct State {
    queue: Queue,
    status: ForwardStatus,
}

impl fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers may hold secrets.
        f.debug_struct("Forwarder").field("url", &self.settings().url).finish_non_exhaustive()
    }
}

impl Forwarder {
    /// Opens the queue in `file`, with what waits there.
    ///
    /// # Errors
    /// The file cannot be read or made.
    pub fn open(file: &Path, settings: ForwardSettings) -> io::Result<Self> {
        let queue = Queue::open(file, settings.queue_bytes_max)?;
        let state = State { queue, status: ForwardStatus::default() };
        let (state, clients, arrived) = (Mutex::new(state), Clients::default(), Notify::new());
        Ok(Self { settings: Mutex::new(Arc::new(settings)), clients, state, arrived })
    }

    /// Sends by these settings from now on, also what waits. The limit of the queue stays.
    pub fn reconfigure(&self, settings: ForwardSettings) {
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }

    fn settings(&self) -> Arc<ForwardSettings> {
        Arc::clone(&self.settings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts samples into the queue. When this returns they survive the process.
    ///
    /// # Errors
    /// The disk refused; the samples will not be sent.
    pub fn push(&self, batches: &[SampleBatch]) -> io::Result<()> {
        let settings = self.settings();
        let batches: Vec<SampleBatch> =
            batches.iter().filter_map(|it| settings.outgoing(it)).collect();
        if batches.is_empty() {
            return Ok(());
        }
        let samples =
            batches.iter().map(|it| (it.samples.len() + it.histograms.len()) as u64).sum();
        let body = match settings.version {
            Version::One => encode(&batches),
            Version::Two => encode_2(&batches),
        };
        let mut state = self.state();
        let gave_way = state.queue.push(&Request { samples, body })?;
        state.status.dropped_samples += gave_way;
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// How it goes.
    pub fn status(&self) -> ForwardStatus {
        let state = self.state();
        let (queued_requests, queued_bytes) = (state.queue.len(), state.queue.bytes());
        ForwardStatus { queued_requests, queued_bytes, ..state.status.clone() }
    }

    /// Sends until `shutdown` is ready. What is not sent by then waits on the disk.
    pub async fn run(&self, shutdown: impl Future<Output = ()> + Send) {
        let mut shutdown = pin!(shutdown);
        let mut wait = BACKOFF_MIN;
        loop {
            let oldest = self.state().queue.oldest();
            let request = match oldest {
                Ok(Some(request)) => request,
                Ok(None) => {
                    tokio::select! {
                        () = &mut shutdown => return,
                        () = self.arrived.notified() => continue,
                    }
                }
                Err(error) => {
                    // Nothing better is known to do with a queue that cannot be read than to begin anew.
                    tracing::error!(%error, url = self.settings().url, "the queue of samples to forward is lost");
                    self.state().queue.clear();
                    continue;
                }
            };
            let sent = tokio::select! {
                () = &mut shutdown => return,
                sent = self.send(&request) => sent,
            };
            let Some(pause) = self.settle(&request, sent, wait) else {
                wait = BACKOFF_MIN;
                continue;
            };
            wait = (wait * 2).min(BACKOFF_MAX);
            tokio::select! {
                () = &mut shutdown => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Folds the outcome; `Some` is how long to wait before the same request is sent again.
    fn settle(&self, request: &Request, sent: Sent, wait: Duration) -> Option<Duration> {
        let mut state = self.state();
        let (pause, error) = match sent {
            Sent::Taken => {
                state.status.sent_samples += request.samples;
                (None, None)
            }
            Sent::Refused(reason) => {
                tracing::warn!(
                    url = self.settings().url,
                    reason,
                    "the receiver refused samples for ever"
                );
                state.status.refused_samples += request.samples;
                (None, Some(reason))
            }
            Sent::Failed { reason, retry_after } => {
                (Some(retry_after.unwrap_or(wait).min(BACKOFF_MAX)), Some(reason))
            }
        };
        state.status.last_error = error;
        if pause.is_none()
            && let Err(error) = state.queue.remove(request)
        {
            tracing::error!(%error, "a forwarded request stays in its queue and is sent again");
        }
        pause
    }

    async fn send(&self, request: &Request) -> Sent {
        let failed = |reason| Sent::Failed { reason, retry_after: None };
        let settings = self.settings();
        let ForwardSettings { url, http, timeout, .. } = &*settings;
        let client = match self.clients.get(http) {
            Ok(client) => client,
            Err(reason) => return failed(reason),
        };
        let (content_type, version) = match settings.version {
            Version::One => ("application/x-protobuf", "0.1.0"),
            Version::Two => {
                ("application/x-protobuf;proto=io.prometheus.write.v2.Request", "2.0.0")
            }
        };
        let post = client
            .post(url)
            .header(CONTENT_TYPE, content_type)
            .header(CONTENT_ENCODING, "snappy")
            .header("X-Prometheus-Remote-Write-Version", version)
            .timeout(*timeout)
            .body(request.body.clone());
        let post = match signed(post, http) {
            Ok(post) => post,
            Err(reason) => return failed(reason),
        };
        match post.send().await {
            Ok(response) => Sent::of(response).await,
            Err(error) => failed(with_causes(&error.without_url())),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding the queue")
    }
}

/// What became of one request.
#[derive(Debug)]
enum Sent {
    Taken,
    /// 4xx: it would be refused again.
    Refused(String),
    /// 5xx, 429, or no answer at all: it may work later.
    Failed {
        reason: String,
        retry_after: Option<Duration>,
    },
}

impl Sent {
    async fn of(response: Response) -> Self {
        let status = response.status();
        if status.is_success() {
            return Self::Taken;
        }
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|it| it.to_str().ok());
        let retry_after = retry_after.and_then(|it| it.parse().ok()).map(Duration::from_secs);
        let text = response.text().await.unwrap_or_default();
        let text: String = text.trim().chars().take(REASON_MAX).collect();
        let reason = format!("the receiver answered {status}: {text}");
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            Self::Failed { reason, retry_after }
        } else {
            Self::Refused(reason)
        }
    }
}

#[cfg(test)]
mod tests;
