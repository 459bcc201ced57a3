//! One request for a page: who asks, and how the answer is wrapped and sent.
//!
//! It must not know what a page shows.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use maud::{Markup, html};

use super::frame::{self, Frame};
use crate::access::Caller;
use crate::app::{App, Shared};
use crate::problem::Problem;

/// Nothing foreign, nothing inline.
const POLICY: &str =
    "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'";

/// The part of the console that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Overview,
    Slos,
    Alerts,
    Incidents,
    OnCall,
    Runbooks,
    Gate,
    Inbox,
    Own,
    None,
}

/// Who asks for which page.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(super) app: App,
    pub(super) caller: Caller,
    pub(super) path: String,
    pub(super) wants_html: bool,
    pub(super) now: Timestamp,
}

impl FromRequestParts<App> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let caller = parts.extensions.get::<Caller>().cloned().unwrap_or(Caller::Anonymous);
        let accept = parts.headers.get(header::ACCEPT).and_then(|it| it.to_str().ok());
        Ok(Self {
            app: App::clone(app),
            caller,
            path: parts.uri.path().to_owned(),
            wants_html: accept.is_some_and(|it| it.contains("text/html")),
            now: app.clock.now(),
        })
    }
}

impl Visit {
    /// The session's person.
    pub(super) fn person(&self) -> Option<&str> {
        match &self.caller {
            Caller::Person(person) => Some(person),
            Caller::Token | Caller::Anonymous => None,
        }
    }

    /// Whether forms of this visitor would be taken.
    pub(super) fn may_write(&self) -> bool {
        self.caller != Caller::Anonymous
    }

    /// The name that facts carry.
    pub(super) fn name(&self) -> String {
        self.caller.name(None)
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.app
    }

    pub(super) fn page(&self, section: Section, title: &str, main: &Markup) -> Response {
        self.page_with(StatusCode::OK, section, title, main)
    }

    pub(super) fn page_with(
        &self,
        status: StatusCode,
        section: Section,
        title: &str,
        main: &Markup,
    ) -> Response {
        let frame = Frame::read(self.shared(), self.person(), &self.path, self.now);
        send(status, POLICY, "same-origin", &frame::document(&frame, section, title, main))
    }

    /// The page for a thing that is not there.
    pub(super) fn missing(&self, section: Section, what: &str, name: &str) -> Response {
        let main = html! {
            h1 { "There is no " (what) " " code { (name) } }
            p { "It may have another name, or nines may have forgotten it because it is old." }
            p { a href="/" { "Go to the overview" } }
        };
        self.page_with(StatusCode::NOT_FOUND, section, &format!("no {what}"), &main)
    }
}

/// Sends the browser to a page after a form was carried out.
pub(super) fn see(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// A form's own address has no page: whoever reloads it gets the page that the form is on.
pub(super) async fn back(visit: Visit) -> Response {
    see(visit.path.rsplit_once('/').map_or("/", |(page, _)| page))
}

/// One document with the headers that every page has.
pub(super) fn send(
    status: StatusCode,
    policy: &str,
    referrer: &str,
    document: &Markup,
) -> Response {
    let mut response = (status, axum::response::Html(document.0.clone())).into_response();
    let headers = response.headers_mut();
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_SECURITY_POLICY, policy);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, referrer);
    set(header::CACHE_CONTROL, "no-store");
    response
}

/// Why a form was not carried out, above the form that can be sent again.
pub(super) fn refusal(problem: Option<&Problem>) -> Markup {
    html! {
        @if let Some(problem) = problem {
            p.refusal role="alert" { strong { "■ Not done: " } (problem.detail()) }
        }
    }
}

/// The status of a page that shows a form again.
pub(super) fn status_of(problem: Option<&Problem>) -> StatusCode {
    problem.map_or(StatusCode::OK, Problem::status)
}
