//! Answers of people that come back through providers: a button, a reply, a key of a telephone.
//!
//! Each provider proves its calls in its own way; without the secret for it in an account, its door is shut. Whose
//! answer it is says the contact with that address; somebody whom no file knows is named by the provider's word.

mod chat;
mod pagerduty;
mod phone;
mod proof;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::post;
use nines_engine::{AckTarget, Command, read_ack_token};
use nines_port::{Channel, Outlet, Provider};

use crate::app::{App, Shared};
use crate::problem::Problem;

/// The routes.
pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/hooks/slack", post(chat::slack))
        .route("/hooks/mattermost", post(chat::mattermost))
        .route("/hooks/discord", post(chat::discord))
        .route("/hooks/telegram", post(chat::telegram))
        .route("/hooks/twilio/sms", post(phone::message))
        .route("/hooks/twilio/voice", post(phone::keys))
        .route("/hooks/twilio/status", post(phone::status))
        .route("/hooks/gateway", post(phone::gateway))
        .route("/hooks/pagerduty", post(pagerduty::event))
}

/// A secret or a setting of each account of this kind.
fn values(app: &Shared, kind: &str, name: &str) -> Vec<String> {
    let of = |it: &Outlet| {
        let secret = it.secrets.get(name).map(nines_http::read_secret);
        let secret = secret.and_then(|it| {
            it.inspect_err(|error| tracing::error!(error, "a hook cannot be proved")).ok()
        });
        secret.or_else(|| it.settings.get(name).cloned())
    };
    let accounts = app.outward.accounts();
    accounts.values().filter(|it| it.kind == kind).filter_map(of).collect()
}

fn unproven(what: &str) -> Problem {
    Problem::unauthorized(format!("the call is not signed with the {what} of an account"))
}

/// Who has this address with this provider; else the provider's own word for them.
fn person(app: &Shared, provider: Provider, address: &str, shown: &str) -> String {
    let is_theirs = |channel: &Channel| match channel {
        Channel::Provider { provider: it, to, .. } => *it == provider && to == address,
        _ => false,
    };
    let spec = app.spec();
    let found = spec.people.iter().find(|it| it.contacts.iter().any(|it| is_theirs(&it.channel)));
    found.map_or_else(|| format!("{} user {shown}", provider.word()), |it| it.name.clone())
}

/// The number of the page that a token is for.
fn page_of(app: &Shared, token: &str) -> Result<u64, Problem> {
    read_ack_token(&app.installation, token)
        .ok_or_else(|| Problem::bad_request("the button belongs to no page of this server"))
}

/// To whom the page went.
fn paged(app: &Shared, page: u64) -> Option<String> {
    app.engine.read(|state| {
        let outgoing = state.outbox.get(state.intents_by_seq.get(&page)?)?;
        Some(outgoing.intent.person.clone())
    })
}

/// Somebody has it; in a sentence what became of that.
async fn acknowledge(app: &Shared, page: u64, by: &str, via: Provider) -> Result<String, Problem> {
    let (target, via) = (AckTarget::Intent(page), via.word().to_owned());
    let command = Command::Acknowledge { target, by: by.to_owned(), via };
    app.ask(command).await?;
    Ok(format!("acknowledged by {by}"))
}
