//! Heartbeats: `/ping/<uuid>` or `/ping/<ping-key>/<slug>`, with `/start`, `/fail`, `/log` or an exit status behind it.
//!
//! Addresses are made of the installation's secret, so nobody can guess them and nothing is stored.
//! Source: Healthchecks, "Pinging API".

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use jiff::Timestamp;
use nines_alert::heartbeat::{self, BODY_BYTES_MAX, Beat, Heartbeat, Refusal as Refused, Signal};
use nines_engine::{Command, Refusal};
use serde::{Deserialize, Serialize};

use crate::access::Caller;
use crate::app::{App, AskError, Shared};
use crate::problem::Problem;

/// Longer bodies are cut off when they are kept; this is what is read at all.
const READ_BYTES_MAX: usize = 1 << 20;
/// Tells senders how much is kept.
const BODY_LIMIT_HEADER: HeaderName = HeaderName::from_static("ping-body-limit");
/// As many characters as ping keys of Healthchecks have.
const KEY_CHARACTERS: usize = 22;

/// The addresses that jobs call.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/ping/{one}", get(one).post(one))
        .route("/ping/{one}/{two}", get(two).post(two))
        .route("/ping/{key}/{slug}/{suffix}", get(three).post(three))
        .layer(DefaultBodyLimit::max(READ_BYTES_MAX))
}

/// What people and tools ask.
pub(crate) fn api() -> Router<App> {
    Router::new()
        .route("/heartbeats", get(list))
        .route("/heartbeats/{name}/pause", post(pause))
        .route("/heartbeats/{name}/resume", post(resume))
}

/// Whether a path is one of these, which bring their own proof.
pub(crate) fn is_ping(path: &str) -> bool {
    path.starts_with("/ping/")
}

/// What an address may add.
#[derive(Debug, Clone, Default, Deserialize)]
struct Extra {
    rid: Option<String>,
    create: Option<String>,
}

async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(extra): Query<Extra>,
    body: Bytes,
) -> Response {
    by_id(&app, &id, "", extra, &body).await
}

/// `/ping/<uuid>/<suffix>` or `/ping/<ping-key>/<slug>`.
async fn two(
    State(app): State<App>,
    Path((one, two)): Path<(String, String)>,
    Query(extra): Query<Extra>,
    body: Bytes,
) -> Response {
    if is_uuid(&one) {
        return by_id(&app, &one, &two, extra, &body).await;
    }
    by_slug(&app, &one, &two, "", extra, &body).await
}

async fn three(
    State(app): State<App>,
    Path((key, slug, suffix)): Path<(String, String, String)>,
    Query(extra): Query<Extra>,
    body: Bytes,
) -> Response {
    by_slug(&app, &key, &slug, &suffix, extra, &body).await
}

async fn by_id(app: &Shared, id: &str, suffix: &str, extra: Extra, body: &[u8]) -> Response {
    let found = names(app).into_iter().find(|it| app.access.are_same(&uuid(app, it), id));
    let Some(name) = found else { return not_found() };
    let extra = Extra { create: None, ..extra };
    ping(app, name, suffix, extra, body).await
}

async fn by_slug(
    app: &Shared,
    key: &str,
    slug: &str,
    suffix: &str,
    extra: Extra,
    body: &[u8],
) -> Response {
    if !app.access.are_same(&ping_key(app), key) {
        return not_found();
    }
    ping(app, slug.to_owned(), suffix, extra, body).await
}

async fn ping(app: &Shared, name: String, suffix: &str, extra: Extra, body: &[u8]) -> Response {
    let Some(signal) = signal(suffix) else { return not_found() };
    if extra.rid.as_ref().is_some_and(|it| !is_uuid(it)) {
        return (StatusCode::BAD_REQUEST, "invalid uuid format\n").into_response();
    }
    let is_new = !names(app).contains(&name);
    let text = body.get(..BODY_BYTES_MAX).unwrap_or(body);
    let command = heartbeat::Command::Ping {
        name,
        signal,
        run: extra.rid,
        body: String::from_utf8_lossy(text).into_owned(),
        creates: extra.create.as_deref() == Some("1"),
    };
    let (status, text) = match app.ask(Command::Heartbeat(command)).await {
        Ok(_) if is_new => (StatusCode::CREATED, "Created"),
        Ok(_) => (StatusCode::OK, "OK"),
        Err(AskError::Refused(Refusal::Heartbeat(Refused::Unknown(_) | Refused::BadName(_)))) => {
            return not_found();
        }
        Err(AskError::Refused(Refusal::Heartbeat(refused))) => {
            return (StatusCode::FORBIDDEN, format!("{refused}\n")).into_response();
        }
        Err(error) => {
            let retry = [(header::RETRY_AFTER, HeaderValue::from_static("1"))];
            return (StatusCode::SERVICE_UNAVAILABLE, retry, format!("{error}\n")).into_response();
        }
    };
    let limit = HeaderValue::from(BODY_BYTES_MAX);
    (status, [(BODY_LIMIT_HEADER, limit)], text).into_response()
}

fn signal(suffix: &str) -> Option<Signal> {
    match suffix {
        "" => Some(Signal::Success),
        "start" => Some(Signal::Start),
        "fail" => Some(Signal::Failure),
        "log" => Some(Signal::Log),
        status => status.parse().ok().map(Signal::Exit),
    }
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "not found\n").into_response()
}

/// All heartbeats: of files, and those that pings created.
fn names(app: &Shared) -> Vec<String> {
    let of_files = app.spec();
    let mut names: Vec<String> = of_files.heartbeats.iter().map(|it| it.name.clone()).collect();
    app.engine.read(|state| {
        let created = state.heartbeats.beats.iter().filter(|(_, it)| it.is_created);
        names.extend(created.map(|(name, _)| name.clone()));
    });
    names
}

/// The key of all slugs.
fn ping_key(app: &Shared) -> String {
    app.access.code("ping key").chars().take(KEY_CHARACTERS).collect()
}

/// A UUID of version 8, whose bits are for its maker to choose. Source: RFC 9562, section 5.8.
fn uuid(app: &Shared, name: &str) -> String {
    let code = app.access.code(&format!("heartbeat {name}"));
    let part = |from: usize, to: usize| code.get(from..to).unwrap_or_default();
    format!("{}-{}-8{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

fn is_uuid(text: &str) -> bool {
    let is_right = |(index, it): (usize, char)| match index {
        8 | 13 | 18 | 23 => it == '-',
        _ => it.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.char_indices().all(is_right)
}

/// A heartbeat, for people and tools.
#[derive(Debug, Serialize)]
pub(crate) struct HeartbeatView {
    pub(crate) name: String,
    /// `new`, `started`, `up`, `grace`, `down`, `paused`.
    pub(crate) status: String,
    pub(crate) last_ping: Option<Timestamp>,
    /// What the last end said.
    pub(crate) last_signal: Option<String>,
    /// When it is down without another ping.
    pub(crate) due: Option<Timestamp>,
    pub(crate) grace_seconds: i64,
    pub(crate) last_duration_seconds: Option<f64>,
    /// Where it was written; nothing for one that a ping created.
    pub(crate) origin: Option<String>,
    /// What the last ping said besides.
    pub(crate) last_body: String,
    /// Where the job pings; only for callers who have proved themselves.
    pub(crate) ping_url: Option<String>,
}

/// All heartbeats with where they stand, by name. Addresses are secrets.
pub(crate) fn views(app: &Shared, caller: &Caller) -> Vec<HeartbeatView> {
    let (spec, now) = (app.spec(), app.clock.now());
    let beats = app.engine.read(|state| state.heartbeats.clone());
    let mut expected: BTreeMap<String, Heartbeat> =
        spec.heartbeats.iter().map(|it| (it.name.clone(), it.clone())).collect();
    for (name, _) in beats.beats.iter().filter(|(_, it)| it.is_created) {
        expected.entry(name.clone()).or_insert_with(|| Heartbeat::created(name));
    }
    let unheard = Beat::default();
    let view = |(name, expects): (String, Heartbeat)| {
        let beat = beats.beats.get(&name).unwrap_or(&unheard);
        let url = || format!("{}/ping/{}", app.installation.external_url, uuid(app, &name));
        HeartbeatView {
            status: beat.phase(&expects, now).to_string(),
            last_ping: beat.last.map(|(at, _)| at),
            last_signal: beat.last.map(|(_, signal)| signal.to_string()),
            due: beat.due,
            grace_seconds: expects.grace.as_secs(),
            last_duration_seconds: beat.took.map(|it| it.as_secs_f64()),
            origin: (!beat.is_created).then(|| expects.origin.to_string()),
            last_body: beat.body.clone(),
            ping_url: (*caller != Caller::Anonymous).then(url),
            name,
        }
    };
    expected.into_iter().map(view).collect()
}

/// `GET /heartbeats`
async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Json<Vec<HeartbeatView>> {
    Json(views(&app, &caller))
}

/// `POST /heartbeats/{name}/pause`
async fn pause(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let by = caller.name(None);
    app.ask(Command::Heartbeat(heartbeat::Command::Pause { name, by })).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /heartbeats/{name}/resume`
async fn resume(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let by = caller.name(None);
    app.ask(Command::Heartbeat(heartbeat::Command::Resume { name, by })).await?;
    Ok(StatusCode::NO_CONTENT)
}
