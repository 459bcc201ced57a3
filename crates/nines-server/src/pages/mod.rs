//! The console's first version: pages made by the server, which work without script.
//!
//! A page reads the views that the API shows, and formats them; it must not compute a number of its own, and
//! it acts by the commands that the API sends. Every page carries a policy that forbids foreign content and
//! inline script.

mod ack;
mod alerts;
mod assets;
mod chart;
mod form;
mod frame;
mod gate;
mod inbox;
mod incidents;
mod login;
mod markdown;
mod oncall;
mod overview;
mod own;
mod parts;
mod plot;
mod postmortem;
mod runbooks;
mod runs;
mod slos;
mod visit;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::html;

use crate::app::App;
use visit::{Section, Visit};

/// The longest body of a form.
const FORM_BYTES_MAX: usize = 64 * 1_024;

/// The routes.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/", get(overview::overview))
        .route("/slos", get(slos::list))
        .route("/slo/{service}/{slo}", get(slos::one))
        .route("/alerts", get(alerts::list))
        .route("/a/{key}", get(alerts::one))
        .route("/a/{key}/ack", post(alerts::acknowledge).get(visit::back))
        .route("/oncall", get(oncall::oncall))
        .route("/oncall/{act}", post(oncall::act).get(visit::back))
        .route("/inbox", get(inbox::inbox))
        .route("/incidents", get(incidents::list))
        .route("/i/{number}", get(incidents::one))
        .route("/i/{number}/{act}", post(incidents::act).get(visit::back))
        .route("/pm/{number}", get(postmortem::draft))
        .route("/rb", get(runbooks::list))
        .route("/rb/{name}", get(runbooks::one).post(runbooks::start))
        .route("/run/{id}", get(runs::one))
        .route("/run/{id}/answer", post(runs::answer).get(visit::back))
        .route("/run/{id}/abort", post(runs::abort).get(visit::back))
        .route("/gate", get(gate::list))
        .route("/gate/{service}", get(gate::one))
        .route("/ack/{token}", get(ack::show).post(ack::acknowledge))
        .route("/login", get(login::form).post(login::login))
        .route("/self", get(own::own))
        .route("/assets/style.css", get(assets::style))
        .route("/assets/live.js", get(assets::live))
        .route("/assets/icon.svg", get(assets::icon))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
}

/// What is answered where nothing is: a page to people, a problem document to programs.
pub(crate) async fn not_found(visit: Visit) -> Response {
    if !visit.wants_html {
        return crate::problem::Problem::not_found("page", &visit.path).into_response();
    }
    let main = html! {
        h1 { "There is no such page" }
        p { "Nothing is at " code { (visit.path) } ". The address may be mistyped, or what it named is gone." }
        p { a href="/" { "Go to the overview" } }
    };
    visit.page_with(StatusCode::NOT_FOUND, Section::None, "Not found", &main)
}

#[cfg(test)]
pub(crate) mod tests;
