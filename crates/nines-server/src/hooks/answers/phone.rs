//! Replies to short messages, keys of telephones, and what became of messages.

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use maud::{Markup, html};
use nines_engine::Command;
use nines_oncall::contact::Method;
use nines_port::{Channel, Provider};
use serde::Deserialize;

use super::{acknowledge, page_of, paged, proof, unproven, values};
use crate::access::Caller;
use crate::app::{App, Shared};
use crate::hooks::{self, Extra, Proof};
use crate::problem::Problem;

/// The key that acknowledges.
const KEY: &str = "4";
/// Pages that one reply may acknowledge.
const PAGES_MAX: usize = 100;

/// The form, once Twilio has proved that it sent it.
fn proven(app: &Shared, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<Form, Problem> {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let given = headers.get("x-twilio-signature").and_then(|it| it.to_str().ok()).unwrap_or("");
    let path = uri.path_and_query().map_or("", |it| it.as_str());
    let url = format!("{}{path}", app.installation.external_url);
    let tokens = values(app, "twilio", "auth_token");
    let is_signed = |it: &String| app.access.are_same(&proof::twilio(it, &url, &fields), given);
    if tokens.iter().any(is_signed) { Ok(Form(fields)) } else { Err(unproven("token")) }
}

struct Form(Vec<(String, String)>);

impl Form {
    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(it, _)| it == name).map_or("", |(_, value)| value.as_str())
    }
}

/// An answer in Twilio's markup.
fn twiml(inside: &Markup) -> Response {
    let document = html! { Response { (inside) } }.into_string();
    let document =
        document.replace("<Response>", "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>");
    ([(header::CONTENT_TYPE, "text/xml")], document).into_response()
}

/// `POST /hooks/twilio/sms`: a short message from somebody.
pub(super) async fn message(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = proven(&app, &uri, &headers, &body)?;
    let said = reply(&app, form.get("From"), form.get("Body")).await;
    Ok(twiml(&html! { @if let Some(said) = said { Message { (said) } } }))
}

/// What a gateway posts of a reply.
#[derive(Debug, Deserialize)]
pub(super) struct Reply {
    from: String,
    text: String,
}

/// `POST /hooks/gateway?key=`: a short message from somebody, by any gateway.
pub(super) async fn gateway(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(extra): Query<Extra>,
    Json(it): Json<Reply>,
) -> Result<String, Problem> {
    if hooks::proof(&app, &caller, &extra) == Proof::Missing {
        return Err(hooks::unproven());
    }
    Ok(reply(&app, &it.from, &it.text).await.unwrap_or_default())
}

/// What a reply asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The page of this number.
    Page(u64),
    /// Everything that waits for this person.
    All,
    /// No more messages. The carrier or the gateway stops them by itself.
    Stop,
    Unclear,
}

/// Source of the words for stopping: Twilio, "Opt-out keywords"; CTIA, "Messaging Principles".
pub(super) fn asked(text: &str) -> Asked {
    let text = text.trim().to_lowercase();
    let word = text.trim_end_matches(['.', '!']);
    match word {
        "ack" | "acknowledge" | "ok" | "yes" => Asked::All,
        "stop" | "stopall" | "unsubscribe" | "cancel" | "end" | "quit" | "revoke" | "optout" => {
            Asked::Stop
        }
        number => number.parse().map_or(Asked::Unclear, Asked::Page),
    }
}

/// What is answered; nothing to strangers.
async fn reply(app: &Shared, from: &str, text: &str) -> Option<String> {
    let person = owner(app, from)?;
    match asked(text) {
        Asked::Page(page) if paged(app, page).as_deref() == Some(&person) => {
            let done = acknowledge(app, page, &person, Provider::Sms).await;
            Some(done.unwrap_or_else(|problem| format!("Not done: {}", problem.detail())))
        }
        Asked::Page(page) => Some(format!("There is no page {page} to you.")),
        Asked::All => {
            let pages = waiting(app, &person);
            let mut done = 0;
            for page in &pages {
                done += usize::from(acknowledge(app, *page, &person, Provider::Sms).await.is_ok());
            }
            Some(format!("{done} of {} acknowledged.", pages.len()))
        }
        Asked::Stop => {
            tracing::error!(person, "a person stopped short messages; nines cannot reach them so");
            for method in methods(app, from) {
                if let Err(error) = app.ask(Command::StopContact(method)).await {
                    tracing::error!(%error, "the stop is not in the journal");
                }
            }
            None
        }
        Asked::Unclear => Some("Reply the number of the page, or OK for all of yours.".to_owned()),
    }
}

/// Whose number it is.
fn owner(app: &Shared, number: &str) -> Option<String> {
    let is_theirs = |channel: &Channel| match channel {
        Channel::Provider { provider: Provider::Sms | Provider::Voice, to, .. } => to == number,
        _ => false,
    };
    let spec = app.spec();
    let found = spec.people.iter().find(|it| it.contacts.iter().any(|it| is_theirs(&it.channel)));
    found.map(|it| it.name.clone())
}

/// All ways of all people that end at this number by short message.
fn methods(app: &Shared, number: &str) -> Vec<Method> {
    let spec = app.spec();
    let contacts = spec.people.iter().flat_map(|it| it.contacts.iter().map(move |to| (it, to)));
    let methods = contacts.filter_map(|(person, it)| match &it.channel {
        Channel::Provider { provider: Provider::Sms, to, .. } if to == number => {
            Some(Method { person: person.name.clone(), channel: it.channel.clone() })
        }
        _ => None,
    });
    methods.collect()
}

/// The newest page of each escalation that waits for an answer and has told this person.
fn waiting(app: &Shared, person: &str) -> Vec<u64> {
    app.engine.read(|state| {
        let open = state.escalations.iter().filter(|(_, it)| it.state.is_open());
        let newest = open.filter_map(|(id, _)| {
            let theirs = state.outgoing(*id).into_iter().filter(|it| it.intent.person == person);
            theirs.map(|it| it.seq).max()
        });
        newest.take(PAGES_MAX).collect()
    })
}

/// Which page a call was about.
#[derive(Debug, Deserialize)]
pub(super) struct Called {
    page: String,
}

/// `POST /hooks/twilio/voice?page=`: somebody pressed a key.
pub(super) async fn keys(
    State(app): State<App>,
    uri: Uri,
    Query(called): Query<Called>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = proven(&app, &uri, &headers, &body)?;
    if form.get("Digits") != KEY {
        return Ok(twiml(&html! { Say { "Not acknowledged. Good bye." } }));
    }
    let page = page_of(&app, &called.page)?;
    let person = paged(&app, page).unwrap_or_else(|| format!("voice user {}", form.get("To")));
    let said = match acknowledge(&app, page, &person, Provider::Voice).await {
        Ok(_) => "Acknowledged. Good luck.".to_owned(),
        Err(problem) => format!("Not done. {}", problem.detail()),
    };
    Ok(twiml(&html! { Say { (said) } }))
}

/// `POST /hooks/twilio/status`: what became of a message or a call.
pub(super) async fn status(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = proven(&app, &uri, &headers, &body)?;
    let status = [form.get("MessageStatus"), form.get("CallStatus")].concat();
    if matches!(status.as_str(), "failed" | "undelivered" | "busy" | "no-answer" | "canceled") {
        let (to, error) = (form.get("To"), form.get("ErrorCode"));
        tracing::error!(to, status, error, "the provider took a message and did not deliver it");
    }
    Ok(().into_response())
}
