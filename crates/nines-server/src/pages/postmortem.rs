//! The draft of a postmortem, as facts wrote it.

use axum::extract::Path;
use axum::response::Response;
use maud::html;

use super::visit::{Section, Visit};
use super::{markdown, parts};
use crate::api::draft_postmortem;

/// `GET /pm/{number}`
pub(super) async fn draft(visit: Visit, Path(number): Path<String>) -> Response {
    let draft = number.parse().ok().and_then(|it| draft_postmortem(visit.shared(), it));
    let Some(draft) = draft else {
        return visit.missing(Section::Incidents, "incident", &format!("INC-{number}"));
    };
    let main = html! {
        h1 { "Postmortem draft of INC-" (number) }
        p {
            "Facts carry their number in the journal; what people have to write is asked for. "
            a href={ "/i/" (number) } { "The incident" } " · "
            a href={ "/api/nines/v1/incidents/" (number) "/postmortem" } { "The Markdown file" }
        }
        article { (markdown::render(&draft)) }
        (parts::commands(&[format!("nines postmortem draft INC-{number}")]))
    };
    visit.page(Section::Incidents, &format!("Postmortem of INC-{number}"), &main)
}
