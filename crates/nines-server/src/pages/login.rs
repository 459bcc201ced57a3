//! Signing in with the installation's token, under a person's name.

use axum::extract::Query;
use axum::http::header;
use axum::response::Response;
use maud::html;
use serde::Deserialize;

use super::form::Fields;
use super::visit::{Section, Visit, refusal, see, status_of};
use crate::problem::Problem;

/// The longest name.
const NAME_BYTES_MAX: usize = 63;

#[derive(Debug, Deserialize)]
pub(super) struct LoginQuery {
    next: Option<String>,
}

/// `GET /login?next=`
pub(super) async fn form(visit: Visit, Query(query): Query<LoginQuery>) -> Response {
    show(&visit, query.next.as_deref().unwrap_or("/"), "", None)
}

/// `POST /login`
pub(super) async fn login(visit: Visit, fields: Fields) -> Response {
    let (person, next) = (fields.text("person"), fields.text("next"));
    let app = visit.shared();
    let problem = if !app.access.is_token(fields.text("token")) {
        Problem::unauthorized("that is not the token; it is in the file `token` of the data folder")
    } else if !is_name(person) {
        let form = "1 to 63 letters, digits, `-`, `_`, `.` or `@`, such as ana";
        Problem::bad_request(format!("`{person}` cannot be a name: write {form}"))
    } else {
        let mut response = see(local(next));
        if let Ok(cookie) = app.access.session_cookie(person, visit.now).parse() {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        return response;
    };
    show(&visit, next, person, Some(&problem))
}

/// Names are part of a cookie, so they have none of its signs.
fn is_name(text: &str) -> bool {
    let allowed = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.' | '@');
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.chars().all(allowed)
}

/// A path of our own, whatever the form says: browsers read `//` and `/\` as the address of another host.
fn local(next: &str) -> &str {
    let mut chars = next.chars();
    let is_local = chars.next() == Some('/') && !matches!(chars.next(), Some('/' | '\\'));
    if is_local && next.chars().all(|it| it.is_ascii_graphic()) { next } else { "/" }
}

fn show(visit: &Visit, next: &str, person: &str, problem: Option<&Problem>) -> Response {
    let people = visit.shared().spec();
    let main = html! {
        h1 { "Sign in" }
        p { "Reading is open. To act, give the token of this installation (the file " code { "token" } " in its data folder) and your name, which the facts will carry." }
        (refusal(problem))
        form method="post" action="/login" {
            input type="hidden" name="next" value=(local(next));
            label { "Name " input name="person" list="people" value=(person) autocomplete="username" required maxlength=(NAME_BYTES_MAX); }
            datalist #people { @for it in &people.people { option value=(it.name) { (it.display_name) } } }
            label { "Token " input type="password" name="token" autocomplete="current-password" required; }
            p { button.main { "Sign in" } }
        }
    };
    visit.page_with(status_of(problem), Section::None, "Sign in", &main)
}

#[cfg(test)]
mod tests;
