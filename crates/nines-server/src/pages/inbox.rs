//! The inbox: messages of the session's person, or of everybody, newest first.

use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use nines_port::Urgency;
use serde::Deserialize;

use super::alerts::ack_form;
use super::parts;
use super::visit::{Section, Visit};
use crate::views::{InboxOnly, PageView, page_views};

/// The most messages of one page.
const ROWS_MAX: usize = 100;

#[derive(Debug, Deserialize)]
pub(super) struct InboxQuery {
    /// Present for everybody's messages.
    all: Option<String>,
    /// Present to leave out what went to other channels.
    inbox: Option<String>,
}

/// `GET /inbox`, `GET /inbox?all=1`, `GET /inbox?inbox=1`
pub(super) async fn inbox(visit: Visit, Query(query): Query<InboxQuery>) -> Response {
    let person = visit.person().filter(|_| query.all.is_none());
    let channels = if query.inbox.is_some() { InboxOnly::Yes } else { InboxOnly::No };
    let pages = visit.shared().engine.read(|state| page_views(state, person, channels));
    let waiting = pages.iter().filter(|it| it.waits).count();
    let main = html! {
        h1 { "Inbox" @if let Some(person) = person { " of " (person) } }
        p {
            (waiting) " wait for an answer. "
            @if person.is_some() { a href="/inbox?all=1" { "Everybody's messages" } " · " a href="/inbox?inbox=1" { "Without other channels" } }
            @else if visit.person().is_some() { a href="/inbox" { "Only mine" } }
            @else { "These are everybody's messages. " a href="/login?next=/inbox" { "Sign in" } " to see your own." }
        }
        @if pages.is_empty() { (parts::empty("No messages. When a page or a ticket reaches somebody, it is here as well.")) }
        @for it in pages.iter().take(ROWS_MAX) { (message(&visit, it)) }
        @if ROWS_MAX < pages.len() { p.dim { (pages.len() - ROWS_MAX) " older ones are not shown" } }
    };
    visit.page(Section::Inbox, "Inbox", &main)
}

fn message(visit: &Visit, page: &PageView) -> Markup {
    let class = if page.waits { "page waits" } else { "page" };
    let urgency = match page.urgency {
        Urgency::Page => "page",
        Urgency::Ticket => "ticket",
    };
    html! {
        article class=(class) {
            h2 { @if page.waits { (parts::state(urgency)) " " } a href={ "/a/" (page.alert) } { (page.subject) } }
            p {
                (parts::ago(page.at, visit.now)) " · to " (page.person) " by " (page.channel) " · " (page.state)
                @if page.possible_repeat { " · may have arrived twice" }
                @if let Some(by) = &page.acknowledged_by { " · acknowledged by " (by) }
                @if let Some(number) = page.incident { " · " a href={ "/i/" (number) } { "INC-" (number) } }
            }
            details id={ "m-" (page.id.replace('/', "-")) } open[page.waits] { summary { "Text" } pre { (page.text) } }
            @if page.waits { (ack_form(visit, page.alert, "inbox")) }
        }
    }
}
