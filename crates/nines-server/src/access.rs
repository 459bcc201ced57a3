//! Who may write. Reading is open to whoever reaches the port, which is loopback until told otherwise;
//! nothing is written without a token, a session, a signature or a link that nobody can guess.

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;
use url::Url;

use crate::app::App;
use crate::problem::Problem;
use crate::prom::Open;

/// The session's cookie.
const COOKIE: &str = "nines_session";
/// How long a session lasts.
const SESSION_LIFE: SignedDuration = SignedDuration::from_hours(12);

/// The secrets that writing needs.
pub(crate) struct Access {
    /// The API token; the file `token` in the data folder holds it.
    token: String,
    secret: [u8; 32],
    /// Host names under which we may be addressed; others are a browser that was lied to about our name.
    hosts: Vec<String>,
    /// What is open to callers without a token.
    pub(crate) open: Open,
    /// Secrets of webhooks that sign their bodies, by sender.
    pub(crate) webhook_secrets: BTreeMap<String, String>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Somebody with the API token; the person is what the request says.
    Token,
    /// A person with a session.
    Person(String),
    /// Anybody.
    Anonymous,
}

impl Caller {
    /// The name that facts carry: the session's person, else what the request says.
    pub(crate) fn name(&self, said: Option<&str>) -> String {
        match (self, said.map(str::trim).filter(|it| !it.is_empty())) {
            (Self::Person(person), _) => person.clone(),
            (_, Some(said)) => said.chars().take(64).collect(),
            (Self::Token, None) => "api".to_owned(),
            (Self::Anonymous, None) => "anonymous".to_owned(),
        }
    }
}

impl Access {
    /// Needs the token, the installation's secret and the address under which people reach us.
    pub(crate) fn new(token: String, secret: [u8; 32], external_url: &str) -> Self {
        let external =
            Url::parse(external_url).ok().and_then(|it| it.host_str().map(str::to_owned));
        let hosts = external.into_iter().chain(["localhost".to_owned()]).collect();
        Self { token, secret, hosts, open: Open::default(), webhook_secrets: BTreeMap::new() }
    }

    fn host_is_ours(&self, headers: &HeaderMap) -> bool {
        if self.open.any_host.is_on() {
            return true;
        }
        let Some(host) = headers.get(header::HOST).and_then(|it| it.to_str().ok()) else {
            return true;
        };
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
            _ => host,
        };
        // An address cannot be rebound to another machine; a name can.
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>().is_ok() || self.hosts.iter().any(|it| it.eq_ignore_ascii_case(name))
    }

    /// Whether a form was sent by one of our own pages.
    fn is_same_origin(headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).and_then(|it| it.to_str().ok());
        match (text(header::ORIGIN), text(header::HOST)) {
            (Some(origin), Some(host)) => {
                origin.split_once("://").is_some_and(|(_, it)| it == host)
            }
            _ => true,
        }
    }

    fn caller(&self, headers: &HeaderMap, now: Timestamp) -> Caller {
        let text = |name| headers.get(name).and_then(|it| it.to_str().ok());
        let bearer = text(header::AUTHORIZATION).and_then(|it| it.strip_prefix("Bearer "));
        if bearer.is_some_and(|it| self.is_token(it.trim())) {
            return Caller::Token;
        }
        let cookies = text(header::COOKIE).unwrap_or("").split(';');
        let session = cookies.filter_map(|it| it.trim().split_once('=')).find(|it| it.0 == COOKIE);
        let person = session.and_then(|(_, value)| self.read_session(value, now));
        person.map_or(Caller::Anonymous, Caller::Person)
    }

    pub(crate) fn is_token(&self, given: &str) -> bool {
        self.are_same(&self.token, given)
    }

    /// Compares in a time that does not depend on where a difference is.
    pub(crate) fn are_same(&self, expected: &str, given: &str) -> bool {
        let [mut expected_code, mut given_code] = [self.hmac(), self.hmac()];
        expected_code.update(expected.as_bytes());
        given_code.update(given.as_bytes());
        expected_code.verify_slice(&given_code.finalize().into_bytes()).is_ok()
    }

    /// A code of 64 hexadecimal digits for a purpose, which only this installation can make.
    pub(crate) fn code(&self, purpose: &str) -> String {
        let mut hmac = self.hmac();
        hmac.update(purpose.as_bytes());
        crate::text::hex(&hmac.finalize().into_bytes())
    }

    fn hmac(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(&self.secret).expect("HMAC takes keys of any length")
    }

    /// The `Set-Cookie` value of a new session.
    pub(crate) fn session_cookie(&self, person: &str, now: Timestamp) -> String {
        let until = (now + SESSION_LIFE).as_second();
        let life = SESSION_LIFE.as_secs();
        let code = self.session_code(person, until);
        format!(
            "{COOKIE}={person}.{until}.{code}; Path=/; Max-Age={life}; HttpOnly; SameSite=Strict"
        )
    }

    fn session_code(&self, person: &str, until: i64) -> String {
        let mut hmac = self.hmac();
        hmac.update(format!("session {person} {until}").as_bytes());
        crate::text::hex(&hmac.finalize().into_bytes())
    }

    fn read_session(&self, value: &str, now: Timestamp) -> Option<String> {
        let mut parts = value.rsplitn(3, '.');
        let (code, until, person) = (parts.next()?, parts.next()?, parts.next()?);
        let until: i64 = until.parse().ok()?;
        let is_ours = self.are_same(&self.session_code(person, until), code);
        (is_ours && now.as_second() < until).then(|| person.to_owned())
    }
}

/// Paths whose POST only reads, as forms that are too long for an address do.
const READING_POSTS: [&str; 7] = [
    "/api/v1/query",
    "/api/v1/query_range",
    "/api/v1/labels",
    "/api/v1/series",
    "/api/v1/format_query",
    "/api/v1/parse_query",
    "/api/v1/query_exemplars",
];

/// Refuses what has no right to write, and notes who asks.
pub(crate) async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    if !app.access.host_is_ours(headers) {
        let detail = "this server is not known under that name; set --external-url to allow it";
        return Problem::forbidden(detail).into_response();
    }
    let caller = app.access.caller(headers, app.clock.now());
    let path = request.uri().path();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
        || READING_POSTS.contains(&path);
    // These bring their own proof: an unguessable link, the token itself, a signed body.
    let has_own_proof = path.starts_with("/ack/")
        || path == "/login"
        || path == "/api/v1/events"
        || crate::events::is_event(path)
        || crate::heartbeats::is_ping(path)
        || crate::hooks::is_hook(path);
    let is_open = app.access.open.has(path);
    if !reads && !has_own_proof && !is_open && caller == Caller::Anonymous {
        let detail = "writing needs `Authorization: Bearer TOKEN`; TOKEN is in the file `token` of the data folder";
        return Problem::unauthorized(detail).into_response();
    }
    if !reads && matches!(caller, Caller::Person(_)) && !Access::is_same_origin(headers) {
        let detail = "this form was sent from another site";
        return Problem::forbidden(detail).into_response();
    }
    let begins_demo_session = caller == Caller::Anonymous
        && *request.method() == Method::GET
        && headers
            .get(header::ACCEPT)
            .is_some_and(|it| it.to_str().is_ok_and(|it| it.contains("text/html")));
    let demo_person = app.demo_person.as_ref().filter(|_| begins_demo_session).cloned();
    let caller = demo_person.clone().map_or(caller, Caller::Person);
    request.extensions_mut().insert(caller);
    let mut response = next.run(request).await;
    if let Some(person) = demo_person {
        let cookie = app.access.session_cookie(&person, app.clock.now());
        if let Ok(cookie) = cookie.parse() {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}
