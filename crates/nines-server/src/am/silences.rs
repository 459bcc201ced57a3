//! `/silences` and `/silence/{id}`.

use std::cmp::Reverse;

use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use nines_alert::silence::{self, Phase, Silence, SilenceId, Terms, from_uuid, uuid};
use nines_base::{MatchOp, Matcher};
use nines_engine::{Command, Reply};
use serde::Deserialize;
use serde_json::json;

use super::alerts::{aside, tagged};
use super::query::Query;
use super::refusal::AmError;
use super::{BODY_BYTES_MAX, wire};
use crate::access::Caller;
use crate::app::App;

/// `postableSilence` of the OpenAPI document.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Postable {
    id: Option<String>,
    matchers: Option<Vec<PostableMatcher>>,
    starts_at: Option<String>,
    ends_at: Option<String>,
    created_by: Option<String>,
    comment: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostableMatcher {
    name: Option<String>,
    value: Option<String>,
    is_regex: Option<bool>,
    /// Absent in requests that are older than negative matchers.
    is_equal: Option<bool>,
}

/// `POST /api/v2/silences`
pub(super) async fn post(State(app): State<App>, request: Request) -> Result<Response, AmError> {
    let body = to_bytes(request.into_body(), BODY_BYTES_MAX).await;
    let body = body.map_err(|_| {
        AmError::too_large(&format!("the body is longer than {BODY_BYTES_MAX} bytes"))
    })?;
    let (id, terms) = read(&body)?;
    let terms = match id {
        Some(id) => app.engine.read(|state| keep(state.silences.get(id), terms)),
        None => terms,
    };
    let command = silence::Command::Set { id, terms: Box::new(terms) };
    match app.ask(Command::Silence(command)).await? {
        Reply::Silence(id) => Ok(Json(json!({ "silenceID": uuid(id) })).into_response()),
        other => Err(AmError::unavailable(format!("unexpected answer of the engine: {other:?}"))),
    }
}

/// What this API does not know of stays as it is when a silence is changed.
fn keep(known: Option<&Silence>, terms: Terms) -> Terms {
    let Some(known) = known.map(|it| &it.terms) else { return terms };
    let is_first = known.sets.first() == terms.sets.first();
    Terms {
        sets: if is_first { known.sets.clone() } else { terms.sets },
        team: known.team.clone(),
        ending: known.ending,
        recurrence: known.recurrence.clone(),
        confirm_by: known.confirm_by.filter(|it| *it <= terms.ends_at),
        ..terms
    }
}

/// Which silence is meant, if one is, and what it is to say.
fn read(body: &[u8]) -> Result<(Option<SilenceId>, Terms), AmError> {
    let unreadable = |why: &dyn std::fmt::Display| AmError::unreadable("silence", why);
    let it: Postable = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    let comment = it.comment.ok_or_else(|| AmError::required("comment"))?;
    let author = it.created_by.ok_or_else(|| AmError::required("createdBy"))?;
    let instant = |path: &str, text: Option<String>| {
        let text = text.ok_or_else(|| AmError::required(path))?;
        let at = wire::read_instant(Some(&text));
        at.map_err(|it| unreadable(&format_args!("`{}` is no time", it.text)))
    };
    let ends_at = instant("endsAt", it.ends_at)?;
    let matchers = it.matchers.ok_or_else(|| AmError::required("matchers"))?;
    if matchers.is_empty() {
        return Err(AmError::empty("matchers"));
    }
    let set = matchers.into_iter().enumerate().map(|(place, it)| matcher(place, it));
    let set = set.collect::<Result<Vec<_>, _>>()?;
    let starts_at = instant("startsAt", it.starts_at)?;
    // The engine begins nothing in the past, so the beginning of time is now.
    let starts_at = starts_at.unwrap_or(Timestamp::UNIX_EPOCH);
    let ends_at = ends_at.unwrap_or(Timestamp::UNIX_EPOCH);
    let id = it.id.filter(|it| !it.is_empty());
    let id = id.map(|it| from_uuid(&it).ok_or_else(AmError::unknown_silence)).transpose()?;
    Ok((id, Terms { author, reason: comment, ..Terms::new(vec![set], starts_at, ends_at) }))
}

fn matcher(place: usize, it: PostableMatcher) -> Result<Matcher, AmError> {
    let required = |field: &str| AmError::required(&format!("matchers.{place}.{field}"));
    let is_regex = it.is_regex.ok_or_else(|| required("isRegex"))?;
    let name = it.name.ok_or_else(|| required("name"))?;
    let value = it.value.ok_or_else(|| required("value"))?;
    let op = match (is_regex, it.is_equal.unwrap_or(true)) {
        (false, true) => MatchOp::Equal,
        (false, false) => MatchOp::NotEqual,
        (true, true) => MatchOp::Regex,
        (true, false) => MatchOp::NotRegex,
    };
    Matcher::new(&name, op, &value).map_err(|error| {
        AmError::bad(format!("silence invalid: invalid label matcher {place}: {error}"))
    })
}

/// `GET /api/v2/silences`: active ones by end, then pending ones by start, then expired ones, the latest first.
pub(super) async fn list(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, AmError> {
    let query = Query::read(uri.query());
    let wanted = query.matchers("filter")?;
    let body = aside(move || {
        let (state, now) = (app.engine.state(), app.clock.now());
        let wants = |phase| match phase {
            Phase::Active => query.wants("active"),
            Phase::Pending => query.wants("pending"),
            Phase::Expired => query.wants("expired"),
        };
        let is_meant = |it: &Silence| {
            let sets = &it.terms.sets;
            wants(it.phase(now))
                && wanted.iter().all(|wanted| sets.iter().flatten().any(|it| it == wanted))
        };
        let mut found: Vec<(SilenceId, &Silence)> =
            state.silences.iter().filter(|(_, it)| is_meant(it)).collect();
        found.sort_by_key(|(id, it)| (place(it, now), *id));
        let mut out = Vec::new();
        wire::list(&mut out, found, |out, (id, it)| write(out, id, it, now));
        out.push(b'\n');
        out
    })
    .await?;
    Ok(tagged(&headers, body))
}

/// Source: Alertmanager, `api/v2`, `SortSilences`.
fn place(it: &Silence, now: Timestamp) -> (Phase, Option<Timestamp>, Option<Reverse<Timestamp>>) {
    match it.phase(now) {
        Phase::Active => (Phase::Active, Some(it.end()), None),
        Phase::Pending => (Phase::Pending, Some(it.starts_at), None),
        Phase::Expired => (Phase::Expired, None, Some(Reverse(it.end()))),
    }
}

/// `gettableSilence` of the OpenAPI document. Of several sets of matchers the first is what older clients see.
fn write(out: &mut Vec<u8>, id: SilenceId, it: &Silence, now: Timestamp) {
    let state = match it.phase(now) {
        Phase::Active => "active",
        Phase::Pending => "pending",
        Phase::Expired => "expired",
    };
    let head =
        format!("{{\"id\":\"{}\",\"status\":{{\"state\":\"{state}\"}},\"updatedAt\":", uuid(id));
    out.extend(head.as_bytes());
    wire::instant(out, it.updated_at);
    out.extend(b",\"comment\":");
    wire::text(out, &it.terms.reason);
    out.extend(b",\"createdBy\":");
    wire::text(out, &it.terms.author);
    out.extend(b",\"endsAt\":");
    wire::instant(out, it.end());
    out.extend(b",\"matchers\":");
    write_set(out, it.terms.sets.first().map_or(&[], Vec::as_slice));
    if 1 < it.terms.sets.len() {
        out.extend(b",\"matcherSets\":");
        wire::list(out, &it.terms.sets, |out, it| write_set(out, it));
    }
    out.extend(b",\"startsAt\":");
    wire::instant(out, it.starts_at);
    out.push(b'}');
}

fn write_set(out: &mut Vec<u8>, set: &[Matcher]) {
    wire::list(out, set, |out, it| {
        let is_equal = matches!(it.op(), MatchOp::Equal | MatchOp::Regex);
        let is_regex = matches!(it.op(), MatchOp::Regex | MatchOp::NotRegex);
        let head = format!("{{\"isEqual\":{is_equal},\"isRegex\":{is_regex},\"name\":");
        out.extend(head.as_bytes());
        wire::text(out, it.name());
        out.extend(b",\"value\":");
        wire::text(out, it.value());
        out.push(b'}');
    });
}

fn id_of(text: &str) -> Result<SilenceId, AmError> {
    from_uuid(text).ok_or_else(|| AmError::kind("silenceID", "path", "uuid", text))
}

/// `GET /api/v2/silence/{id}`
pub(super) async fn get(
    State(app): State<App>,
    Path(text): Path<String>,
    headers: HeaderMap,
) -> Result<Response, AmError> {
    let (id, now) = (id_of(&text)?, app.clock.now());
    let body = app.engine.read(|state| {
        let silence = state.silences.get(id)?;
        let mut out = Vec::new();
        write(&mut out, id, silence, now);
        out.push(b'\n');
        Some(out)
    });
    Ok(tagged(&headers, body.ok_or_else(AmError::unknown_silence)?))
}

/// `DELETE /api/v2/silence/{id}`: it ends now; again is no error.
pub(super) async fn delete(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(text): Path<String>,
) -> Result<Response, AmError> {
    let by = match &caller {
        Caller::Anonymous => String::new(),
        caller => caller.name(None),
    };
    let command = silence::Command::Expire { id: id_of(&text)?, by };
    app.ask(Command::Silence(command)).await?;
    Ok(StatusCode::OK.into_response())
}
