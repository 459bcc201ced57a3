//! Calls to other services of the shop.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Client, Method};
use serde::Serialize;

use super::failure::Failure;
use crate::{Service, ShopError};

/// How long connecting on loopback may take.
const CONNECT_MAX: Duration = Duration::from_secs(1);

/// How many idle connections are kept to one service.
const IDLE_CONNECTIONS_MAX: usize = 32;

/// The largest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Where the others are, and the client that reaches them.
#[derive(Debug)]
pub(super) struct Peers {
    client: Client,
    addresses: BTreeMap<Service, SocketAddr>,
}

/// A client for loopback: no proxy, no certificates.
pub(crate) fn http_client(timeout: Duration) -> Result<Client, ShopError> {
    // reqwest wants a provider of cryptography even for plain HTTP; a second call changes nothing.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .connect_timeout(CONNECT_MAX)
        .timeout(timeout)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .build()
        .map_err(ShopError::Client)
}

impl Peers {
    /// A caller waits longer than those that it calls, so that the failure is counted where it is.
    pub(super) fn new(
        service: Service,
        known: &BTreeMap<Service, SocketAddr>,
    ) -> Result<Self, ShopError> {
        let timeout = Duration::from_secs(if service == Service::Gateway { 8 } else { 5 });
        let find = |peer: &Service| match known.get(peer) {
            Some(address) => Ok((*peer, *address)),
            None => Err(ShopError::MissingPeer { service, peer: *peer }),
        };
        let addresses = service.depends_on().iter().map(find).collect::<Result<_, _>>()?;
        Ok(Self { client: http_client(timeout)?, addresses })
    }

    pub(super) async fn get(&self, peer: Service, path: &str) -> Result<String, Failure> {
        self.call(peer, Method::GET, path, None::<&()>).await
    }

    pub(super) async fn post(
        &self,
        peer: Service,
        path: &str,
        body: &impl Serialize,
    ) -> Result<String, Failure> {
        self.call(peer, Method::POST, path, Some(body)).await
    }

    async fn call(
        &self,
        peer: Service,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<String, Failure> {
        let address = self.addresses.get(&peer);
        let address = address.ok_or_else(|| Failure::Bug(format!("nobody calls {peer} here")))?;
        let unreachable = |error: reqwest::Error| {
            Failure::Unavailable(format!("{peer} does not answer: {error}"))
        };
        let mut request = self.client.request(method, format!("http://{address}{path}"));
        if let Some(body) = body {
            request = request.json(body);
        }
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if ANSWER_BYTES_MAX < answer.len() + chunk.len() {
                return Err(Failure::Unavailable(format!("{peer} answered too much")));
            }
            answer.extend_from_slice(&chunk);
        }
        match status.as_u16() {
            200..300 => Ok(String::from_utf8_lossy(&answer).into_owned()),
            400..500 => Err(Failure::BadRequest("a service behind found a mistake in the request")),
            code => Err(Failure::Unavailable(format!("{peer} answered {code}"))),
        }
    }
}
