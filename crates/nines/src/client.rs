//! Asking a server: which one, with which token, and what its refusals mean for the exit code.
//!
//! It must not know what is asked.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::Runtime;
use url::Url;

use crate::context::{self, Context};
use crate::environment::Environment;
use crate::exit::{Exit, Failure};

/// Where `nines serve` and `nines demo` listen until told otherwise.
pub(crate) const ADDRESS_DEFAULT: &str = "127.0.0.1:7777";
/// From the first byte asked to the last byte answered.
const TIME_MAX: Duration = Duration::from_secs(10);
/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;
/// The longest token.
const TOKEN_BYTES_MAX: u64 = 4_096;

/// Which server is asked.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct Connection {
    /// Ask the server at this URL [env: NINES_URL]
    #[arg(long, global = true, value_name = "URL", hide_short_help = true)]
    pub(crate) server: Option<String>,
    /// Read the API token from this file; `-` is standard input [env: NINES_TOKEN_FILE]
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub(crate) token_file: Option<PathBuf>,
    /// Ask the running demo
    #[arg(long, global = true, conflicts_with = "context")]
    pub(crate) demo: bool,
    /// Ask the server that is remembered under this name
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub(crate) context: Option<String>,
}

/// A server that can be asked.
#[derive(Debug)]
pub(crate) struct Client {
    runtime: Runtime,
    http: reqwest::Client,
    base: String,
    token: Option<String>,
    person: Option<String>,
    user: Option<String>,
}

/// What a server answers when it does not do what was asked (RFC 9457).
#[derive(Debug, Deserialize)]
struct Problem {
    detail: String,
}

/// An answer of any status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

impl Connection {
    /// Decides by flags, then environment, then contexts.
    pub(crate) fn open(&self, environment: &Environment) -> anyhow::Result<Client> {
        let context = self.find_context(environment)?;
        let explicit = self.server.clone().or_else(|| {
            let named = self.demo || self.context.is_some();
            environment.url.clone().filter(|_| !named)
        });
        // A remembered token is for the server that is remembered, and for no other.
        let context = context.filter(|it| explicit.as_ref().is_none_or(|url| same(url, &it.url)));
        let url = explicit.or_else(|| context.as_ref().map(|it| it.url.clone()));
        let url = url.unwrap_or_else(|| format!("http://{ADDRESS_DEFAULT}"));
        let remembered = context.as_ref().map(|it| it.token_file.clone());
        let named = self.demo || self.context.is_some();
        let token_file = self
            .token_file
            .clone()
            .or_else(|| environment.token_file.clone().filter(|_| !named))
            .or(remembered);
        let token = token_file.map(|it| read_token(&it)).transpose()?;
        let person = context.and_then(|it| it.person);
        Client::new(&url, token, person, environment.user.clone())
    }

    fn find_context(&self, environment: &Environment) -> anyhow::Result<Option<Context>> {
        let named = if self.demo { Some(context::DEMO) } else { self.context.as_deref() };
        let Some(folder) = &environment.contexts else { return Ok(None) };
        let Some(name) = named else { return context::read(folder, context::DEFAULT) };
        if !context::is_name(name) {
            return Err(Failure::usage(format!("`{name}` is no name of a context")).into());
        }
        let found = context::read(folder, name)?;
        if found.is_none() && self.server.is_none() {
            let message = match name {
                context::DEMO => "no demo is running; start one with `nines demo`".to_owned(),
                _ => format!("no server is remembered as `{name}`; use --server URL"),
            };
            return Err(Failure::new(Exit::Unknown, message).into());
        }
        Ok(found)
    }
}

fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

fn read_token(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = match path.to_str() {
        Some("-") => io::stdin().take(TOKEN_BYTES_MAX).read_to_string(&mut text),
        _ => File::open(path).and_then(|it| it.take(TOKEN_BYTES_MAX).read_to_string(&mut text)),
    };
    read.map_err(|error| {
        Failure::usage(format!("failed to read the token file {}: {error}", path.display()))
    })?;
    Ok(text.trim().to_owned())
}

/// An HTTP client; also for machines without certificates, where only plain HTTP works.
pub(crate) fn http_client(url: &Url) -> anyhow::Result<reqwest::Client> {
    let is_loopback = match url.host() {
        Some(url::Host::Ipv4(it)) => it.is_loopback(),
        Some(url::Host::Ipv6(it)) => it.is_loopback(),
        Some(url::Host::Domain(it)) => it == "localhost",
        None => false,
    };
    let builder = || {
        let builder = reqwest::Client::builder()
            .timeout(TIME_MAX)
            .user_agent(concat!("nines/", env!("CARGO_PKG_VERSION")));
        // No proxy knows our own loopback.
        if is_loopback { builder.no_proxy() } else { builder }
    };
    builder()
        .build()
        .or_else(|_| builder().tls_certs_only([]).build())
        .context("failed to prepare the HTTP client")
}

/// Reads an answer up to a limit.
pub(crate) async fn read_body(mut response: reqwest::Response) -> anyhow::Result<String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if ANSWER_BYTES_MAX < body.len() + chunk.len() {
            anyhow::bail!("the answer is longer than {ANSWER_BYTES_MAX} bytes");
        }
        body.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// A runtime for one command.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("failed to start the runtime")
}

impl Client {
    fn new(
        url: &str,
        token: Option<String>,
        person: Option<String>,
        user: Option<String>,
    ) -> anyhow::Result<Self> {
        let parsed = Url::parse(url)
            .ok()
            .filter(|it| matches!(it.scheme(), "http" | "https") && it.has_host());
        let parsed = parsed.ok_or_else(|| {
            Failure::usage(format!(
                "`{url}` is no URL of a server, such as http://{ADDRESS_DEFAULT}"
            ))
        })?;
        let http = http_client(&parsed)?;
        let base = parsed.as_str().trim_end_matches('/').to_owned();
        Ok(Self { runtime: runtime()?, http, base, token, person, user })
    }

    /// The server's address.
    pub(crate) fn server(&self) -> &str {
        &self.base
    }

    /// The token that it is asked with.
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Who acts: what the command says, else the context's person, else the user of this machine.
    pub(crate) fn by(&self, said: Option<&str>) -> String {
        let names = [said, self.person.as_deref(), self.user.as_deref()];
        names.into_iter().flatten().next().unwrap_or("cli").to_owned()
    }

    /// Asks; an answer of any status is an answer.
    pub(crate) fn ask(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        self.send(method, path, query, body, TIME_MAX)
    }

    fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
        limit: Duration,
    ) -> anyhow::Result<Answer> {
        let with_body = |it: RequestBuilder| match body {
            Some(body) => it.json(body),
            None => it,
        };
        self.exchange(method, path, query, limit, with_body)
    }

    fn exchange(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        limit: Duration,
        with_body: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> anyhow::Result<Answer> {
        let mut url = Url::parse(&format!("{}{path}", self.base))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.http.request(method, url).timeout(limit);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let request = with_body(request);
        let answered = self.runtime.block_on(async {
            let response = request.send().await?;
            let status = response.status();
            anyhow::Ok(Answer { status, text: read_body(response).await? })
        });
        answered.map_err(|error| self.unreachable(&error, limit))
    }

    fn unreachable(&self, error: &anyhow::Error, limit: Duration) -> anyhow::Error {
        let is = |test: fn(&reqwest::Error) -> bool| {
            error.downcast_ref::<reqwest::Error>().is_some_and(test)
        };
        let base = &self.base;
        let message = if is(reqwest::Error::is_timeout) {
            format!("no answer from nines at {base} within {} s", limit.as_secs())
        } else if is(reqwest::Error::is_connect) {
            format!("cannot reach nines at {base}; is it running? (`nines serve`, or --server URL)")
        } else {
            format!("the answer of nines at {base} cannot be read: {error:#}")
        };
        Failure::new(Exit::Unknown, message).into()
    }

    /// Waits before it asks again.
    pub(crate) fn pause(&self, length: Duration) {
        self.runtime.block_on(tokio::time::sleep(length));
    }

    /// The text of a successful answer.
    pub(crate) fn text(&self, path: &str) -> anyhow::Result<String> {
        let answer = self.ask(Method::GET, path, &[], None)?;
        self.expect(answer).map(|it| it.text)
    }

    /// The JSON of a successful answer.
    pub(crate) fn get(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Value> {
        let answer = self.ask(Method::GET, path, query, None)?;
        let answer = self.expect(answer)?;
        self.parse(&answer.text)
    }

    /// As [`Self::post`], for what takes longer.
    pub(crate) fn post_within(
        &self,
        path: &str,
        body: &Value,
        limit: Duration,
    ) -> anyhow::Result<Value> {
        let answer = self.send(Method::POST, path, &[], Some(body), limit)?;
        let answer = self.expect(answer)?;
        self.parse(&answer.text)
    }

    /// Has something done.
    pub(crate) fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self.ask(Method::POST, path, &[], Some(body))?;
        let answer = self.expect(answer)?;
        self.parse(&answer.text)
    }

    /// Puts a text where a server keeps it.
    pub(crate) fn put_text(
        &self,
        path: &str,
        query: &[(&str, &str)],
        text: String,
    ) -> anyhow::Result<Value> {
        let answer = self.exchange(Method::PUT, path, query, TIME_MAX, |it| it.body(text))?;
        let answer = self.expect(answer)?;
        self.parse(&answer.text)
    }

    /// Reads JSON into a value of the command's own shape.
    pub(crate) fn read<T: DeserializeOwned>(&self, value: Value) -> anyhow::Result<T> {
        let foreign = || format!("nines at {} answers in another way than this version", self.base);
        serde_json::from_value(value).with_context(foreign)
    }

    fn parse(&self, text: &str) -> anyhow::Result<Value> {
        serde_json::from_str(text)
            .with_context(|| format!("the answer of {} is no JSON; is it nines?", self.base))
    }

    fn expect(&self, answer: Answer) -> anyhow::Result<Answer> {
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(self.refusal(&answer).into())
    }

    /// What a refusal means.
    pub(crate) fn refusal(&self, answer: &Answer) -> Failure {
        let Answer { status, text } = answer;
        let problem = serde_json::from_str::<Problem>(text).map(|it| it.detail);
        let detail = problem.unwrap_or_else(|_| {
            let line = text.lines().next().unwrap_or("").trim();
            format!("nines at {} answered {status} {line}", self.base)
        });
        let exit = match *status {
            StatusCode::BAD_REQUEST
            | StatusCode::UNPROCESSABLE_ENTITY
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::PAYLOAD_TOO_LARGE => Exit::Invalid,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Exit::NotAllowed,
            StatusCode::NOT_FOUND => Exit::No,
            StatusCode::CONFLICT => Exit::Conflict,
            _ => Exit::Unknown,
        };
        Failure::new(exit, detail)
    }
}

/// One segment of a path, with everything escaped that could end it.
pub(crate) fn segment(text: &str) -> String {
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.' | b'~');
    text.bytes().fold(String::new(), |mut out, byte| {
        if is_plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}
