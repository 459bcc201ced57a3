//! Contacts of people: what is known of each, and codes that prove them.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use nines_engine::{Command, Reply};
use nines_oncall::contact::{Method, Why};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::app::App;
use crate::problem::Problem;

/// One contact, and what is known of it.
#[derive(Debug, Serialize)]
pub(super) struct ContactView {
    /// Its place in the files, from 0.
    contact: usize,
    channel: String,
    verified_at: Option<Timestamp>,
    delivered_at: Option<Timestamp>,
    failures: u32,
    disabled: Option<&'static str>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Whose {
    person: String,
}

/// `GET /contacts?person=`
pub(super) async fn list(
    State(app): State<App>,
    Query(whose): Query<Whose>,
) -> Result<Json<Vec<ContactView>>, Problem> {
    let spec = app.spec();
    let person = spec.people.iter().find(|it| it.name == whose.person);
    let person = person.ok_or_else(|| Problem::not_found("person", &whose.person))?;
    let view = app.engine.read(|state| {
        let contacts = (0..).zip(&person.contacts).map(|(contact, it)| {
            let method = Method { person: person.name.clone(), channel: it.channel.clone() };
            let standing = state.contacts.standing(&method).cloned().unwrap_or_default();
            ContactView {
                contact,
                channel: it.channel.to_string(),
                verified_at: standing.verified_at,
                delivered_at: standing.delivered_at,
                failures: standing.failures,
                disabled: standing.disabled.map(|(why, _)| match why {
                    Why::Failures => "messages did not arrive",
                    Why::Stopped => "the owner said stop",
                }),
            }
        });
        contacts.collect()
    });
    Ok(Json(view))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    person: String,
    contact: usize,
}

/// `POST /contacts/code`: a code is sent by the contact.
pub(super) async fn code(
    State(app): State<App>,
    Json(it): Json<Which>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let Which { person, contact } = it;
    let ids = match app.ask(Command::AskCode { person, contact }).await? {
        Reply::Ordered(ids) => ids,
        _ => Vec::new(),
    };
    Ok((StatusCode::ACCEPTED, Json(json!({ "ids": ids }))))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    person: String,
    contact: usize,
    code: String,
}

/// `POST /contacts/confirm`: the owner says what arrived.
pub(super) async fn confirm(
    State(app): State<App>,
    Json(it): Json<Said>,
) -> Result<Json<Value>, Problem> {
    let Said { person, contact, code } = it;
    let reply = app.ask(Command::ConfirmCode { person, contact, code }).await?;
    Ok(Json(json!({ "confirmed": reply == Reply::Confirmed(true) })))
}
