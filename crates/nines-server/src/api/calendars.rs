//! Calendars of shifts, behind addresses that nobody can guess and that can be made worthless.

use std::fmt::Write as _;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use hmac::{Hmac, KeyInit, Mac};
use nines_oncall::ical::{Subject, write};
use nines_oncall::rota;
use serde_json::{Value, json};
use sha2::Sha256;
use url::Url;

use super::oncall::change;
use crate::access::Caller;
use crate::app::{App, Shared};
use crate::oncall_views::Watch;
use crate::problem::Problem;

/// Of the digest, in bytes: 128 bits are not guessed.
const TOKEN_BYTES: usize = 16;

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
