//! Clients for settings: made once, and again when a file of theirs has changed.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use nines_port::{
    Authorization, Compression, HttpSettings, Redirects, Secret, TlsSettings, Verification,
};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Identity, Proxy, RequestBuilder};

use crate::{read_secret, server_name, with_causes};

/// Settings of jobs that are gone are forgotten when there are more than this.
const CLIENTS_MAX: usize = 1_000;

/// Clients by their settings.
#[derive(Debug, Clone)]
pub struct Clients {
    known: Arc<Mutex<Vec<Known>>>,
    tune: Tune,
}

/// What a user of this crate wants of all its clients: time limits, what becomes of idle connections.
type Tune = fn(ClientBuilder) -> ClientBuilder;

impl Default for Clients {
    fn default() -> Self {
        Self::tuned(|it| it)
    }
}

#[derive(Debug)]
struct Known {
    settings: HttpSettings,
    files: Vec<Option<SystemTime>>,
    client: Client,
}

impl Clients {
    /// Clients that all pass through `tune`.
    pub fn tuned(tune: Tune) -> Self {
        Self { known: Arc::default(), tune }
    }

    /// A client that goes straight to its target, unless the settings name a proxy.
    pub fn get(&self, settings: &HttpSettings) -> Result<Client, String> {
        let files = changed_at(&settings.tls);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().find(|it| it.is_like(settings) && it.files == files);
        if let Some(found) = found {
            return Ok(found.client.clone());
        }
        let client = make(settings, self.tune)?;
        known.retain(|it| !it.is_like(settings));
        if CLIENTS_MAX <= known.len() {
            known.remove(0);
        }
        known.push(Known { settings: settings.clone(), files, client: client.clone() });
        Ok(client)
    }
}

impl Known {
    /// Headers and names are set on each request.
    fn is_like(&self, other: &HttpSettings) -> bool {
        let it = &self.settings;
        it.tls == other.tls
            && it.proxy_url == other.proxy_url
            && it.redirects == other.redirects
            && it.compression == other.compression
    }
}

fn changed_at(tls: &TlsSettings) -> Vec<Option<SystemTime>> {
    let pair = tls.identity.iter().flat_map(|(certificate, key)| [certificate, key]);
    let secrets = tls.authorities.iter().chain(pair);
    let changed = |path: &Path| path.metadata().and_then(|it| it.modified()).ok();
    secrets
        .map(|it| match it {
            Secret::Inline(_) => None,
            Secret::File(path) => changed(path),
        })
        .collect()
}

fn make(settings: &HttpSettings, tune: Tune) -> Result<Client, String> {
    // An error means that the process has chosen its provider already.
    drop(rustls::crypto::ring::default_provider().install_default());
    let made = builder(settings, tune)?.build();
    made.or_else(|error| {
        if settings.tls != TlsSettings::default() {
            return Err(with_causes(&error));
        }
        // A machine without certificates must still reach plain HTTP.
        tracing::warn!(%error, "no certificates on this machine: https targets will fail");
        builder(settings, tune)?.tls_certs_only([]).build().map_err(|error| with_causes(&error))
    })
}

fn builder(settings: &HttpSettings, tune: Tune) -> Result<ClientBuilder, String> {
    let said = |error: reqwest::Error| with_causes(&error);
    let mut builder = Client::builder()
        .no_proxy()
        .http1_only()
        .user_agent(concat!("nines/", env!("CARGO_PKG_VERSION")))
        .gzip(settings.compression == Compression::Gzip);
    builder = tune(builder);
    if settings.redirects == Redirects::Refused {
        builder = builder.redirect(Policy::none());
    }
    if let Some(url) = &settings.proxy_url {
        builder = builder.proxy(Proxy::all(url).map_err(said)?);
    }
    let TlsSettings { authorities, identity, server_name, verification } = &settings.tls;
    if let (Some(name), Verification::Full) = (server_name, verification) {
        return Ok(builder.tls_backend_preconfigured(server_name::config(&settings.tls, name)?));
    }
    if let Some(authorities) = authorities {
        let pem = read_secret(authorities)?;
        let certificates = Certificate::from_pem_bundle(pem.as_bytes()).map_err(said)?;
        builder = builder.tls_certs_only(certificates);
    }
    if let Some((certificate, key)) = identity {
        let pem = format!("{}\n{}\n", read_secret(certificate)?, read_secret(key)?);
        builder = builder.identity(Identity::from_pem(pem.as_bytes()).map_err(said)?);
    }
    Ok(builder.tls_danger_accept_invalid_certs(*verification == Verification::Skipped))
}

/// Says who we are.
pub fn signed(
    mut request: RequestBuilder,
    settings: &HttpSettings,
) -> Result<RequestBuilder, String> {
    for (name, value) in &settings.headers {
        request = request.header(name, read_secret(value)?);
    }
    Ok(match &settings.authorization {
        Authorization::None => request,
        Authorization::Basic { username, password } => {
            request.basic_auth(read_secret(username)?, Some(read_secret(password)?))
        }
        Authorization::Header { kind, credentials } => {
            request.header("authorization", format!("{kind} {}", read_secret(credentials)?))
        }
    })
}

#[cfg(test)]
mod tests;
