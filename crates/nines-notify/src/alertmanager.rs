//! Alerts to an Alertmanager: one POST of version 2 of its API.
//!
//! Unlike the channels it is no [`Notifier`](nines_port::Notifier): an alert that gets lost is sent again with the
//! next evaluation of its rule, so nothing is kept.

use std::time::Duration;

use nines_http::{Clients, with_causes};
use nines_port::HttpSettings;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;

/// For everything; a request may ask for less.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Posts to Alertmanagers.
#[derive(Debug, Clone)]
pub struct AlertmanagerClient {
    client: Client,
}

/// Why an Alertmanager did not take alerts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AlertmanagerError {
    /// The HTTP client could not be made.
    #[error("failed to set up an HTTP client for Alertmanagers: {0}")]
    Client(String),
    /// No answer came.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// It does not want them.
    #[error("it answered {0}")]
    Refused(u16),
}

impl AlertmanagerClient {
    /// A client for all Alertmanagers.
    ///
    /// # Errors
    /// The HTTP client could not be made.
    pub fn new() -> Result<Self, AlertmanagerError> {
        let clients = Clients::tuned(|it| crate::http::limited(it).pool_max_idle_per_host(0));
        let client = clients.get(&HttpSettings::default()).map_err(AlertmanagerError::Client)?;
        Ok(Self { client })
    }

    /// Posts a JSON array of alerts.
    ///
    /// # Errors
    /// It did not take them, or nobody knows.
    pub async fn post(
        &self,
        url: &str,
        timeout: Duration,
        body: Vec<u8>,
    ) -> Result<(), AlertmanagerError> {
        let request = self.client.post(url).header(CONTENT_TYPE, "application/json");
        let answer = request.timeout(timeout.min(TIMEOUT)).body(body).send().await;
        let answer =
            answer.map_err(|it| AlertmanagerError::NoAnswer(with_causes(&it.without_url())))?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(AlertmanagerError::Refused(status.as_u16())) }
    }
}
