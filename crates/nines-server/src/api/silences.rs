//! Silences as nines knows them: what they hide now, what they nearly hide, and how they end.

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use jiff::{SignedDuration, Timestamp};
use nines_alert::silence::{
    self, Command as Silence, Ending, Miss, Phase, Recurrence, SilenceId, Terms, Why, from_uuid,
};
use nines_alert::syntax::{parse_matchers, write_matcher, write_matchers};
use nines_base::{Labels, format_duration, parse_duration};
use nines_engine::{Command, Reply};
use serde::{Deserialize, Serialize};

use super::slos::query;
use super::time::Instant;
use crate::access::Caller;
use crate::app::App;
use crate::problem::Problem;

/// How long a silence lasts that says no end.
const LENGTH_DEFAULT: SignedDuration = SignedDuration::from_hours(1);
/// The most silences of one answer.
const LIST_MAX: usize = 1_000;

/// `SilenceView` in the OpenAPI document.
#[derive(Debug, Serialize)]
pub(super) struct SilenceView {
    id: String,
    /// As clients of Alertmanager know it.
    uuid: String,
    phase: &'static str,
    /// Any of them; in the syntax of matchers.
    matchers: Vec<String>,
    starts_at: Timestamp,
    ends_at: Timestamp,
    author: String,
    reason: String,
    team: Option<String>,
    until_resolved: bool,
    recurrence: Option<RecurrenceView>,
    confirm_by: Option<Timestamp>,
    confirmed_by: Option<String>,
    /// Firing alerts that it hides, or would if it held.
    hides: usize,
    /// Why it is over, if it is.
    ended: Option<String>,
    /// The file and line, if it is written in one.
    origin: Option<String>,
}

#[derive(Debug, Serialize)]
struct RecurrenceView {
    rule: String,
    zone: String,
    length: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// Expired ones too.
    #[serde(default)]
    all: bool,
}

/// `GET /silences?all=`: active ones first, then pending ones.
pub(super) async fn list(
    State(app): State<App>,
    asked: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Vec<SilenceView>>, Problem> {
    let ListQuery { all } = query(asked)?;
    let now = app.clock.now();
    let state = app.engine.state();
    let silences = state.silences.iter().filter(|(_, it)| all || it.phase(now) != Phase::Expired);
    let mut silences: Vec<_> = silences.collect();
    silences.sort_by_key(|(id, it)| (it.phase(now), it.end(), *id));
    let views = silences.into_iter().take(LIST_MAX).map(|(id, it)| view(&state, id, it, now));
    Ok(Json(views.collect()))
}

/// `GET /silences/{id}`
pub(super) async fn one(
    State(app): State<App>,
    Path(text): Path<String>,
) -> Result<Json<SilenceView>, Problem> {
    show(&app, id_of(&text)?).map(Json)
}

fn show(app: &App, id: SilenceId) -> Result<SilenceView, Problem> {
    let state = app.engine.state();
    let silence = state.silences.get(id);
    let silence = silence.ok_or_else(|| Problem::not_found("silence", &id.to_string()))?;
    Ok(view(&state, id, silence, app.clock.now()))
}

fn view(
    state: &nines_engine::State,
    id: SilenceId,
    it: &silence::Silence,
    now: Timestamp,
) -> SilenceView {
    let terms = &it.terms;
    let firing = state.firing().filter(|(_, alert)| it.matches(&alert.labels));
    SilenceView {
        id: id.to_string(),
        uuid: silence::uuid(id),
        phase: match it.phase(now) {
            Phase::Active => "active",
            Phase::Pending => "pending",
            Phase::Expired => "expired",
        },
        matchers: terms.sets.iter().map(|it| write_matchers(it)).collect(),
        starts_at: it.starts_at,
        ends_at: it.end(),
        author: terms.author.clone(),
        reason: terms.reason.clone(),
        team: terms.team().map(str::to_owned),
        until_resolved: terms.ending == Ending::Resolved,
        recurrence: terms.recurrence.as_ref().map(|it| RecurrenceView {
            rule: it.rule.clone(),
            zone: it.zone.clone(),
            length: format_duration(it.length),
        }),
        confirm_by: terms.confirm_by,
        confirmed_by: it.confirmed_by.clone(),
        hides: firing.count(),
        ended: it.ended.as_ref().map(|it| why(&it.why)),
        origin: it.origin.as_ref().map(ToString::to_string),
    }
}

fn why(why: &Why) -> String {
    match why {
        Why::Time => "its time was over".to_owned(),
        Why::Expired { by } if by.is_empty() => "somebody ended it".to_owned(),
        Why::Expired { by } => format!("{by} ended it"),
        Why::Replaced { with } => format!("{with} replaced it"),
        Why::Resolved => "nothing that it hid fires any more".to_owned(),
        Why::Unconfirmed => "nobody confirmed it".to_owned(),
    }
}

/// By our own id or as clients of Alertmanager know it.
fn id_of(text: &str) -> Result<SilenceId, Problem> {
    let id = text.parse().ok().or_else(|| from_uuid(text));
    id.ok_or_else(|| Problem::bad_request(format!("`{text}` is no id of a silence")))
}

/// What a silence is to say. Times are instants, or lengths of time from now on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// The silence that is to say this; none: a new one.
    id: Option<String>,
    /// Any of them; each in the syntax of matchers.
    matchers: Vec<String>,
    starts_at: Option<Instant>,
    ends_at: Option<Instant>,
    /// Instead of an end.
    duration: Option<String>,
    author: Option<String>,
    #[serde(default)]
    reason: String,
    team: Option<String>,
    #[serde(default)]
    until_resolved: bool,
    recurrence: Option<CreateRecurrence>,
    confirm_by: Option<Instant>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateRecurrence {
    rule: String,
    #[serde(default)]
    zone: Option<String>,
    length: String,
}

/// `POST /silences`: 201 for a new one, 200 for one that was changed in place.
pub(super) async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    body: Result<Json<Create>, JsonRejection>,
) -> Result<Response, Problem> {
    let body = body.map_err(|error| Problem::bad_request(error.body_text()))?.0;
    let id = body.id.as_deref().map(id_of).transpose()?;
    let terms = terms(body, &caller, app.clock.now())?;
    let set = Silence::Set { id, terms: Box::new(terms) };
    let made = made(app.ask(Command::Silence(set)).await?)?;
    let status = if id == Some(made) { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(show(&app, made)?)).into_response())
}

fn made(reply: Reply) -> Result<SilenceId, Problem> {
    match reply {
        Reply::Silence(id) => Ok(id),
        other => Err(Problem::unavailable(format!("unexpected answer of the engine: {other:?}"))),
    }
}

fn terms(body: Create, caller: &Caller, now: Timestamp) -> Result<Terms, Problem> {
    let set = |text: &String| match parse_matchers(text) {
        Ok(parsed) => Ok(parsed.matchers),
        Err(error) => Err(Problem::bad_request(format!("`{text}`: {error}"))),
    };
    let sets = body.matchers.iter().map(set).collect::<Result<Vec<_>, _>>()?;
    let starts_at = body.starts_at.map_or(now, |it| it.0);
    let length =
        |text: &str| parse_duration(text).map_err(|error| Problem::bad_request(error.to_string()));
    let ends_at = match (body.ends_at, body.duration.as_deref()) {
        (Some(at), None) => at.0,
        (None, text) => {
            let length = text.map_or(Ok(LENGTH_DEFAULT), length)?;
            let end = starts_at.max(now).checked_add(length);
            end.map_err(|_| Problem::bad_request("the silence would end after the end of time"))?
        }
        (Some(_), Some(_)) => {
            return Err(Problem::bad_request("say `ends_at` or `duration`, not both"));
        }
    };
    let recurrence = |it: CreateRecurrence| -> Result<Recurrence, Problem> {
        let zone = it.zone.unwrap_or_else(|| "UTC".to_owned());
        Ok(Recurrence { rule: it.rule, zone, length: length(&it.length)? })
    };
    Ok(Terms {
        author: caller.name(body.author.as_deref()),
        reason: body.reason,
        team: body.team,
        ending: if body.until_resolved { Ending::Resolved } else { Ending::AtEnd },
        recurrence: body.recurrence.map(recurrence).transpose()?,
        confirm_by: body.confirm_by.map(|it| it.0),
        ..Terms::new(sets, starts_at, ends_at)
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ByQuery {
    by: Option<String>,
}

/// `DELETE /silences/{id}?by=`: it ends now; again is no error.
pub(super) async fn expire(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(text): Path<String>,
    asked: Result<Query<ByQuery>, QueryRejection>,
) -> Result<StatusCode, Problem> {
    let by = caller.name(query(asked)?.by.as_deref());
    app.ask(Command::Silence(Silence::Expire { id: id_of(&text)?, by })).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Extend {
    ends_at: Option<Instant>,
    /// From now on.
    duration: Option<String>,
    by: Option<String>,
}

/// `POST /silences/{id}/extend`
pub(super) async fn extend(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(text): Path<String>,
    body: Result<Json<Extend>, JsonRejection>,
) -> Result<Json<SilenceView>, Problem> {
    let body = body.map_err(|error| Problem::bad_request(error.body_text()))?.0;
    let ends_at = match (body.ends_at, body.duration.as_deref()) {
        (Some(at), None) => at.0,
        (None, Some(text)) => {
            let length = parse_duration(text);
            let length = length.map_err(|error| Problem::bad_request(error.to_string()))?;
            app.clock.now().checked_add(length).unwrap_or(Timestamp::MAX)
        }
        _ => return Err(Problem::bad_request("say `ends_at` or `duration`")),
    };
    let (id, by) = (id_of(&text)?, caller.name(body.by.as_deref()));
    let reply = app.ask(Command::Silence(Silence::Extend { id, ends_at, by })).await?;
    show(&app, made(reply)?).map(Json)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirm {
    /// To be confirmed again by then.
    confirm_by: Option<Instant>,
    by: Option<String>,
}

/// `POST /silences/{id}/confirm`: it is still wanted.
pub(super) async fn confirm(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(text): Path<String>,
    body: Result<Json<Confirm>, JsonRejection>,
) -> Result<Json<SilenceView>, Problem> {
    let body = body.map_err(|error| Problem::bad_request(error.body_text()))?.0;
    let (id, by) = (id_of(&text)?, caller.name(body.by.as_deref()));
    let confirm_by = body.confirm_by.map(|it| it.0);
    app.ask(Command::Silence(Silence::Confirm { id, by, confirm_by })).await?;
    show(&app, id).map(Json)
}

/// What silences make of one label set.
#[derive(Debug, Serialize)]
pub(super) struct TryView {
    silenced_by: Vec<String>,
    near_misses: Vec<NearMissView>,
}

#[derive(Debug, Serialize)]
struct NearMissView {
    silence: String,
    why: String,
}

/// `GET /silences/try?label=value&…`: which silences hide an alert with these labels, and which nearly do.
pub(super) async fn attempt(
    State(app): State<App>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Json<TryView>, Problem> {
    let labels = Labels::new(pairs).map_err(|error| Problem::bad_request(error.to_string()))?;
    let now = app.clock.now();
    let state = app.engine.state();
    let silenced = state.silences.silencing(&labels, now);
    let near = state.silences.near_misses(&labels, now);
    let told = |miss: &Miss| match miss {
        Miss::Ended(at) => format!("it matches, and ended at {at}"),
        Miss::Begins(at) => format!("it matches, and begins at {at}"),
        Miss::Matcher(matcher) => format!("it holds, but {} fails", write_matcher(matcher)),
    };
    let near =
        near.iter().map(|it| NearMissView { silence: it.id.to_string(), why: told(&it.miss) });
    Ok(Json(TryView {
        silenced_by: silenced.iter().map(ToString::to_string).collect(),
        near_misses: near.collect(),
    }))
}
