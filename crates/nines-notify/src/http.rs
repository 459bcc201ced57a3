//! One HTTP exchange, and what its end means for a message.
//!
//! Requests are plain data, made by the providers' modules; here they travel. No URL is ever part of a reason,
//! because URLs of providers are often secrets themselves.

mod answer;
mod request;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use nines_http::{Clients, signed, with_causes};
use nines_port::{Clock, Delivery, HttpSettings};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{ClientBuilder, StatusCode};

pub(crate) use answer::{Answer, seconds};
pub(crate) use request::{Body, Request, encoded, segment};

/// For connecting: name, TCP and TLS. What takes longer surely has not been sent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For everything.
const TIMEOUT: Duration = Duration::from_secs(10);
const REDIRECTS_MAX: usize = 3;
/// Servers close idle connections after 5 s and more; a connection that both may close makes outcomes unknown.
const IDLE_MAX: Duration = Duration::from_secs(4);
/// As many as the outbox sends at once.
const IDLE_PER_HOST_MAX: usize = 32;

/// Sends requests. Clones share connections and the runtime.
#[derive(Clone)]
pub struct HttpCaller {
    runtime: Arc<Runtime>,
    /// For providers that drop repeats: a connection that dies in between costs nothing.
    kept: Clients,
    /// For the others: a fresh connection for each message, so that a failure to connect is one.
    fresh: Clients,
    clock: Arc<dyn Clock>,
    timeout: Duration,
}

impl fmt::Debug for HttpCaller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpCaller").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// The runtime below all exchanges. Dropped without waiting: a name that is still looked up must hold nobody.
struct Runtime(Option<tokio::runtime::Runtime>);

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Whether a repeat of a request does no harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeats {
    Harmless,
    Harmful,
}

impl HttpCaller {
    /// One for the whole process.
    ///
    /// # Errors
    /// The system gives no runtime.
    pub fn new(clock: Arc<dyn Clock>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("notify")
            .enable_all()
            .build()?;
        Ok(Self {
            runtime: Arc::new(Runtime(Some(runtime))),
            kept: Clients::tuned(|it| {
                limited(it).pool_idle_timeout(IDLE_MAX).pool_max_idle_per_host(IDLE_PER_HOST_MAX)
            }),
            fresh: Clients::tuned(|it| limited(it).pool_max_idle_per_host(0)),
            clock,
            timeout: TIMEOUT,
        })
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// The answer, or what it means that there is none. Blocks; not for threads of a runtime.
    pub(crate) fn ask(
        &self,
        request: &Request,
        settings: &HttpSettings,
        repeats: Repeats,
    ) -> Result<Answer, Delivery> {
        let clients = match repeats {
            Repeats::Harmless => &self.kept,
            Repeats::Harmful => &self.fresh,
        };
        let unusable = |reason: String| Delivery::Refused { reason };
        let client = clients.get(settings).map_err(unusable)?;
        let mut built = client.request(request.method.clone(), &request.url).timeout(self.timeout);
        for (name, value) in &request.headers {
            built = built.header(*name, value);
        }
        built = match &request.body {
            Body::None => built,
            Body::Json(text) => built.header(CONTENT_TYPE, "application/json").body(text.clone()),
            Body::Form(fields) => built
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(encoded(fields)),
        };
        let built = signed(built, settings).map_err(unusable)?;
        let exchange = async {
            let response = built.send().await.map_err(explain)?;
            Ok(Answer::read(response).await)
        };
        let runtime = self.runtime.0.as_ref().expect("it is taken only when the last clone goes");
        runtime.block_on(exchange)
    }

    /// What an answer means where the provider has no rules of its own.
    pub(crate) fn judge(&self, answer: &Answer) -> Delivery {
        let status = answer.status;
        if status.is_success() {
            return Delivery::Accepted { reference: format!("HTTP {}", status.as_u16()) };
        }
        let reason = format!("the receiver answered {status}{}", answer.quoted());
        if answer.may_pass() {
            return Delivery::Temporary { reason, after: answer.retry_after(self.clock.now()) };
        }
        if status.is_redirection() {
            let reason = format!("{reason}; it is not followed: configure the final URL");
            return Delivery::Refused { reason };
        }
        Delivery::Refused { reason }
    }

    #[cfg(test)]
    pub(crate) fn hasty(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }
}

/// What all clients here have in common.
pub(crate) fn limited(builder: ClientBuilder) -> ClientBuilder {
    builder.redirect(Policy::custom(follow)).connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true)
}

/// Follows only to the same host, and only where the POST stays a POST (RFC 9110, 15.4).
fn follow(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let keeps_method =
        matches!(attempt.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    let same_host =
        attempt.previous().first().is_some_and(|it| it.origin() == attempt.url().origin());
    if keeps_method && same_host && attempt.previous().len() <= REDIRECTS_MAX {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

/// What no answer means. Up to the connection nothing was sent; after it nobody knows.
fn explain(error: reqwest::Error) -> Delivery {
    let (is_never, is_unsent) = (error.is_builder(), error.is_connect());
    let reason = with_causes(&error.without_url());
    if is_never {
        Delivery::Refused { reason: format!("not a usable address: {reason}") }
    } else if is_unsent {
        Delivery::Temporary { reason: format!("no connection: {reason}"), after: None }
    } else {
        Delivery::Unknown { reason: format!("sent, but no answer: {reason}") }
    }
}
