//! Webhooks: one signed HTTP POST.
//!
//! The receiver deduplicates by `Idempotency-Key`, so a repeat after an unknown outcome is safe. No URL is ever
//! part of a reason, because URLs of webhooks are often secrets themselves.

mod body;
mod signature;

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use nines_port::{Channel, Clock, Delivery, Message, Notifier};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Response, StatusCode};

/// For connecting: name, TCP and TLS. What takes longer surely has not been sent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For everything.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Of an answer; more is not read.
const RESPONSE_BYTES_MAX: usize = 64 * 1024;
/// Characters of an answer that a reason quotes.
const QUOTED_MAX: usize = 200;
const REDIRECTS_MAX: usize = 3;
/// The old and the new one, while a secret is changed.
const SECRETS_MAX: usize = 2;

/// Delivers to [`Channel::Webhook`].
#[derive(Debug)]
pub struct WebhookNotifier {
    client: Client,
    clock: Arc<dyn Clock>,
    secrets: Secrets,
}

/// Why there is no notifier.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The HTTP client could not be made.
    #[error("failed to set up an HTTP client for webhooks")]
    Client(#[source] reqwest::Error),
    /// A secret signs with one or two values.
    #[error("the webhook secret `{name}` has {count} values; give one, or two while it is changed")]
    Secret {
        /// The name of the secret.
        name: String,
        /// How many usable values it has.
        count: usize,
    },
}

/// Values by name; they are never printed.
struct Secrets(BTreeMap<String, Vec<String>>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl WebhookNotifier {
    /// `secrets` holds the values behind the names that channels use; with two, each signs.
    ///
    /// # Errors
    /// A secret without a value, or with more than two; or the HTTP client could not be made.
    pub fn new(
        secrets: BTreeMap<String, Vec<String>>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WebhookError> {
        for (name, values) in &secrets {
            let count = values.iter().filter(|it| !it.is_empty()).count();
            if count == 0 || count != values.len() || SECRETS_MAX < count {
                return Err(WebhookError::Secret { name: name.clone(), count });
            }
        }
        let client = client(TIMEOUT).map_err(WebhookError::Client)?;
        Ok(Self { client, clock, secrets: Secrets(secrets) })
    }

    async fn post(&self, url: &str, secret: Option<&str>, message: &Message) -> Delivery {
        let body = match body::json(message) {
            Ok(body) => body,
            Err(error) => return refused(format!("the message cannot be written: {error}")),
        };
        let mut request = self.client.post(url).header(CONTENT_TYPE, "application/json");
        request = request.header("Idempotency-Key", &message.key);
        if let Some(name) = secret {
            let Some(values) = self.secrets.0.get(name) else {
                return refused(format!("the channel names the secret `{name}`, which is unknown"));
            };
            let at_seconds = self.clock.now().as_second();
            let signature = signature::header(values, at_seconds, &body);
            request = request.header("Nines-Signature", signature);
        }
        match request.body(body).send().await {
            Ok(response) => judge(response).await,
            Err(error) => explain(error),
        }
    }
}

impl Notifier for WebhookNotifier {
    fn send(&self, channel: &Channel, message: &Message) -> Delivery {
        let Channel::Webhook { url, secret } = channel else {
            return refused(format!("a webhook cannot send to {channel}"));
        };
        match runtime() {
            Ok(runtime) => {
                let delivery = runtime.block_on(self.post(url, secret.as_deref(), message));
                // A name that is still being looked up must not hold the worker.
                runtime.shutdown_background();
                delivery
            }
            Err(error) => temporary(format!("no runtime for the request: {error}")),
        }
    }

    fn deduplicates(&self, channel: &Channel) -> bool {
        matches!(channel, Channel::Webhook { .. })
    }
}

/// A fresh runtime for each attempt: nothing of one attempt can disturb another.
fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Connections are not kept, because one that died meanwhile would make the outcome unknown.
pub(crate) fn client(timeout: Duration) -> Result<Client, reqwest::Error> {
    // An error means that the process has chosen its provider already.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = || {
        Client::builder()
            .no_proxy()
            .user_agent(concat!("nines/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::custom(follow))
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT_TIMEOUT.min(timeout))
            .timeout(timeout)
    };
    // A machine without certificates must still reach plain HTTP.
    builder().build().or_else(|_| builder().tls_certs_only([]).build())
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

/// What an answer means.
async fn judge(response: Response) -> Delivery {
    let status = response.status();
    if status.is_success() {
        return Delivery::Accepted { reference: format!("HTTP {}", status.as_u16()) };
    }
    let said = quoted(response).await;
    let reason = format!("the receiver answered {status}{said}");
    match status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            temporary(reason)
        }
        _ if status.is_server_error() => temporary(reason),
        _ if status.is_redirection() => {
            refused(format!("{reason}; webhooks do not follow it: configure the final URL"))
        }
        _ => refused(reason),
    }
}

/// What no answer means. Up to the connection nothing was sent; after it nobody knows.
fn explain(error: reqwest::Error) -> Delivery {
    let (is_never, is_unsent) = (error.is_builder(), error.is_connect());
    let error = error.without_url();
    let reason = chain(&error);
    if is_never {
        refused(format!("not a usable webhook: {reason}"))
    } else if is_unsent {
        temporary(format!("no connection: {reason}"))
    } else {
        Delivery::Unknown { reason: format!("sent, but no answer: {reason}") }
    }
}

/// The beginning of an answer's text, as `: text`.
async fn quoted(mut response: Response) -> String {
    let mut body = Vec::new();
    while body.len() < RESPONSE_BYTES_MAX
        && let Ok(Some(chunk)) = response.chunk().await
    {
        let room = RESPONSE_BYTES_MAX - body.len();
        body.extend(chunk.iter().take(room));
    }
    let text: String = String::from_utf8_lossy(&body)
        .chars()
        .map(|it| if it.is_control() { ' ' } else { it })
        .take(QUOTED_MAX)
        .collect();
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

/// An error with all its causes, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut out = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        out.push_str(": ");
        out.push_str(&error.to_string());
        cause = error.source();
    }
    out
}

fn temporary(reason: String) -> Delivery {
    Delivery::Temporary { reason, after: None }
}

fn refused(reason: String) -> Delivery {
    Delivery::Refused { reason }
}

#[cfg(test)]
pub(crate) mod tests;
