//! Calendars of shifts, behind addresses that nobody can guess and that can be made worthless.

use std::fmt::Write as _;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use hmac::{Hmac, KeyInit, Mac};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use nines_oncall::ical::{ReadError, Subject, away, read, write};
use nines_oncall::rota;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;
use url::Url;

use super::oncall::change;
use super::slos::query;
use crate::access::Caller;
use crate::app::{App, Shared};
use crate::oncall_views::Watch;
use crate::problem::Problem;

/// Of the digest, in bytes: 128 bits are not guessed.
const TOKEN_BYTES: usize = 16;
/// The longest name of a feed.
const NAME_BYTES_MAX: usize = 63;
/// How much of a feed is read, around now.
const BEHIND: SignedDuration = SignedDuration::from_hours(31 * 24);
const AHEAD: SignedDuration = SignedDuration::from_hours(400 * 24);

/// `schedule` or `person`, and a name that the files know.
fn subject(watch: &Watch, kind: &str, name: &str) -> Result<Subject, Problem> {
    let roster = &watch.config.roster;
    match kind {
        "schedule" if roster.schedules.contains_key(name) => Ok(Subject::Schedule(name.to_owned())),
        "person" if roster.people.contains_key(name) => Ok(Subject::Person(name.to_owned())),
        "schedule" | "person" => Err(Problem::not_found(kind, name)),
        _ => Err(Problem::not_found("calendar", kind)),
    }
}

/// Made from the installation's secret, so nothing has to be kept but how often it was revoked.
fn token(app: &Shared, subject: &Subject, generation: u32) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&app.installation.secret)
        .expect("an HMAC takes keys of any length");
    mac.update(b"nines calendar\0");
    mac.update(format!("{subject}\0{generation}").as_bytes());
    let digest = mac.finalize().into_bytes();
    digest.iter().take(TOKEN_BYTES).fold(String::new(), |mut token, byte| {
        write!(token, "{byte:02x}").expect("a String takes everything");
        token
    })
}

fn generation(watch: &Watch, subject: &Subject) -> u32 {
    watch.rota.calendars.get(&subject.to_string()).copied().unwrap_or(0)
}

fn url(app: &Shared, watch: &Watch, subject: &Subject) -> String {
    let token = token(app, subject, generation(watch, subject));
    format!("{}/ical/{subject}/{token}.ics", app.installation.external_url)
}

/// `POST /oncall/calendars/{kind}/{name}`: the address. It is a secret, so it is not for anybody who only reads.
pub(super) async fn address(
    State(app): State<App>,
    Path((kind, name)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let watch = app.watch();
    let subject = subject(&watch, &kind, &name)?;
    Ok(Json(json!({ "url": url(&app, &watch, &subject) })))
}

/// `POST /oncall/calendars/{kind}/{name}/revoke`: the address so far shows nothing any more.
pub(super) async fn revoke(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((kind, name)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let subject = subject(&app.watch(), &kind, &name)?;
    let (calendar, by) = (subject.to_string(), caller.name(None));
    change(&app, rota::Command::RevokeCalendar { calendar, by }).await?;
    Ok(Json(json!({ "url": url(&app, &app.watch(), &subject) })))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeedQuery {
    /// Whose calendar it is; else titles and addresses tell.
    person: Option<String>,
    /// Where whole days and times without a zone are meant; UTC without it.
    zone: Option<String>,
}

/// `PUT /oncall/feeds/{name}?person=&zone=` with a calendar: who is away. It replaces what the feed said before; what
/// cannot be read changes nothing.
pub(super) async fn feed(
    State(app): State<App>,
    Path(feed): Path<String>,
    asked: Result<Query<FeedQuery>, QueryRejection>,
    text: String,
) -> Result<Json<Value>, Problem> {
    let FeedQuery { person, zone } = query(asked)?;
    if NAME_BYTES_MAX < feed.len() {
        return Err(Problem::bad_request("the name of a feed has at most 63 bytes"));
    }
    let watch = app.watch();
    if let Some(name) = person.as_ref().filter(|it| !watch.config.roster.people.contains_key(*it)) {
        return Err(Problem::not_found("person", name));
    }
    let zone = TimeZone::get(zone.as_deref().unwrap_or("UTC"));
    let zone = zone.map_err(|error| Problem::bad_request(error.to_string()))?;
    let now = app.clock.now();
    let (from, until) = (earlier(now, BEHIND), later(now, AHEAD));
    let look = move || {
        let reading = read(&text, &zone, from, until)?;
        Ok::<_, ReadError>(away(&reading, person.as_deref(), &watch.config.roster))
    };
    let read = tokio::task::spawn_blocking(look).await;
    let read = read.map_err(|_| Problem::unavailable("the calendar could not be read"))?;
    let (away, problems) = read.map_err(|error| Problem::bad_request(error.to_string()))?;
    let count = away.len();
    change(&app, rota::Command::NoteFeed { feed, away }).await?;
    Ok(Json(json!({ "away": count, "problems": problems })))
}

fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(at)
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(at)
}

/// `GET /ical/{kind}/{name}/{token}.ics`
pub(super) async fn calendar(
    State(app): State<App>,
    Path((kind, name, given)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let watch = app.watch();
    // Whoever guesses learns nothing, not even which names there are.
    let nothing = || Problem::not_found("calendar", &given);
    let subject = subject(&watch, &kind, &name).map_err(|_| nothing())?;
    let expected = token(&app, &subject, generation(&watch, &subject));
    let token = given.strip_suffix(".ics").unwrap_or(&given);
    if !app.access.are_same(&expected, token) {
        return Err(nothing());
    }
    let external = Url::parse(&app.installation.external_url).ok();
    let host = external.as_ref().and_then(Url::host_str).unwrap_or("nines").to_owned();
    let now = app.clock.now();
    let look = tokio::task::spawn_blocking(move || write(watch.duty(), &subject, &host, now));
    let text = look.await.map_err(|_| Problem::unavailable("the calendar failed"))?;
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CACHE_CONTROL, "private, max-age=300"),
    ];
    Ok((headers, text).into_response())
}
