//! Webhooks: one signed HTTP POST.
//!
//! The receiver deduplicates by `Idempotency-Key`, so a repeat after an unknown outcome is safe. No URL is ever
//! part of a reason, because URLs of webhooks are often secrets themselves.

pub(crate) mod body;
mod signature;

use std::collections::BTreeMap;

use nines_port::{Channel, Delivery, HttpSettings, Message, Notifier};

use crate::http::{HttpCaller, Repeats, Request};

/// The old and the new one, while a secret is changed.
const SECRETS_MAX: usize = 2;

/// Delivers to [`Channel::Webhook`].
#[derive(Debug)]
pub struct WebhookNotifier {
    caller: HttpCaller,
    secrets: Secrets,
}

/// Why there is no notifier.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
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
    /// A secret without a value, or with more than two.
    pub fn new(
        caller: HttpCaller,
        secrets: BTreeMap<String, Vec<String>>,
    ) -> Result<Self, WebhookError> {
        for (name, values) in &secrets {
            let count = values.iter().filter(|it| !it.is_empty()).count();
            if count == 0 || count != values.len() || SECRETS_MAX < count {
                return Err(WebhookError::Secret { name: name.clone(), count });
            }
        }
        Ok(Self { caller, secrets: Secrets(secrets) })
    }

    /// The request, or why there can be none.
    fn request(
        &self,
        url: &str,
        secret: Option<&str>,
        message: &Message,
    ) -> Result<Request, String> {
        let body = body::json(message);
        let body = body.map_err(|error| format!("the message cannot be written: {error}"))?;
        let mut request = Request::post(url).header("idempotency-key", message.key.as_str());
        if let Some(name) = secret {
            let values = self.secrets.0.get(name);
            let values = values.ok_or_else(|| {
                format!("the channel names the secret `{name}`, which is unknown")
            })?;
            let at_seconds = self.caller.clock().now().as_second();
            let signature = signature::header(values, at_seconds, &body);
            request = request.header("nines-signature", signature);
        }
        Ok(request.text(String::from_utf8(body).expect("JSON is UTF-8")))
    }
}

impl Notifier for WebhookNotifier {
    fn send(&self, channel: &Channel, message: &Message) -> Delivery {
        let Channel::Webhook { url, secret } = channel else {
            return refused(format!("a webhook cannot send to {channel}"));
        };
        let request = match self.request(url, secret.as_deref(), message) {
            Ok(request) => request,
            Err(reason) => return refused(reason),
        };
        match self.caller.ask(&request, &HttpSettings::default(), Repeats::Harmless) {
            Ok(answer) => self.caller.judge(&answer),
            Err(delivery) => delivery,
        }
    }

    fn deduplicates(&self, channel: &Channel) -> bool {
        matches!(channel, Channel::Webhook { .. })
    }
}

fn refused(reason: String) -> Delivery {
    Delivery::Refused { reason }
}

#[cfg(test)]
pub(crate) mod tests;
