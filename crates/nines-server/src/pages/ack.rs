//! The page behind the link of a message: one button for the person who was paged.
//!
//! It needs no login and no script: the link is the proof. Looking never acts, so that programs that open
//! links in messages acknowledge nothing.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use nines_engine::{AckTarget, Command, State, read_ack_token};
use nines_oncall::Phase;
use nines_port::Urgency;
use sha2::{Digest, Sha256};

use super::parts;
use super::visit::{Visit, send};
use crate::problem::Problem;
use crate::text;

const STYLE: &str = include_str!("../../assets/ack.css");

/// The style is part of the page, so that the page is one answer; its hash permits it and nothing else.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'self'; style-src 'sha256-{hash}'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
    )
});

/// What the link is about.
#[derive(Debug, Clone)]
pub(super) struct Paged {
    pub(super) person: String,
    pub(super) urgency: Urgency,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) at: Timestamp,
    pub(super) incident: Option<u64>,
    /// Who answered, how, and when.
    pub(super) acknowledged: Option<(String, String, Timestamp)>,
    pub(super) is_open: bool,
    /// When somebody else is told, unless somebody answers.
    pub(super) escalates_at: Option<Timestamp>,
}

/// The message whose order has this sequence number, if nines remembers it.
fn find(state: &State, seq: u64) -> Option<Paged> {
    let outgoing = state.outbox.get(state.intents_by_seq.get(&seq)?)?;
    let intent = &outgoing.intent;
    let record = state.escalations.get(&intent.escalation?)?;
    let incident = record.incident.and_then(|it| state.incidents.get(&it));
    Some(Paged {
        person: intent.person.clone(),
        urgency: intent.urgency,
        subject: intent.subject.clone(),
        text: intent.text.clone(),
        at: outgoing.recorded_at,
        incident: incident.map(|it| it.number),
        acknowledged: record.state.acknowledged.clone(),
        is_open: record.state.is_open(),
        escalates_at: match record.state.phase {
            Phase::Paging { deadline, .. } => Some(deadline),
            _ => None,
        },
    })
}

fn read(visit: &Visit, token: &str) -> Option<(u64, Paged)> {
    let seq = read_ack_token(&visit.app.installation, token)?;
    let paged = visit.app.engine.read(|state| find(state, seq))?;
    Some((seq, paged))
}

/// `GET /ack/{token}`: shows, and never acts.
pub(super) async fn show(visit: Visit, Path(token): Path<String>) -> Response {
    answer(&visit, &token, None)
}

/// `POST /ack/{token}`: the person who was paged has it.
pub(super) async fn acknowledge(visit: Visit, Path(token): Path<String>) -> Response {
    let Some((seq, paged)) = read(&visit, &token) else { return answer(&visit, &token, None) };
    if paged.acknowledged.is_some() {
        return answer(&visit, &token, None);
    }
    let target = AckTarget::Intent(seq);
    let command = Command::Acknowledge { target, by: paged.person, via: "link".to_owned() };
    let problem = visit.app.ask(command).await.err().map(Problem::from);
    answer(&visit, &token, problem.as_ref())
}

fn answer(visit: &Visit, token: &str, problem: Option<&Problem>) -> Response {
    let (status, document) = match read(visit, token) {
        Some((_, paged)) => {
            let status = problem.map_or(StatusCode::OK, Problem::status);
            (status, document(&paged.subject, &render(&paged, token, problem, visit.now)))
        }
        None => (StatusCode::NOT_FOUND, document("Unknown link", &unknown())),
    };
    // The address is a secret: no other site may learn it from a link on the page.
    send(status, &POLICY, "no-referrer", &document)
}

fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) " · nines" }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    }
}

fn unknown() -> Markup {
    html! {
        h1 { "This link names no page" }
        p { "It may be cut off, or older than what nines remembers. Nothing was acknowledged." }
        p { "Open the inbox and acknowledge there, or run " code { "nines ack" } "." }
        p { a href="/inbox" { "Inbox" } a href="/alerts" { "Alerts" } }
    }
}

/// What it is about, and the button while somebody has to answer.
pub(super) fn render(
    paged: &Paged,
    token: &str,
    problem: Option<&Problem>,
    now: Timestamp,
) -> Markup {
    let (shape, word) = match paged.urgency {
        Urgency::Page => ("■", "page"),
        Urgency::Ticket => ("▲", "ticket"),
    };
    html! {
        h1 { span.bad aria-hidden="true" { (shape) } " " (paged.subject) }
        p.dim { (word) " to " (paged.person) ", " (parts::at(paged.at)) " UTC, " (text::ago(paged.at, now)) }
        @if let Some(problem) = problem { p.bad role="alert" { "■ Not done: " (problem.detail()) } }
        @match &paged.acknowledged {
            Some((by, via, at)) => { p role="status" { strong { (by) " has it" } ": acknowledged by " (via) " at " (parts::at(*at)) " UTC." } },
            None if paged.is_open => {
                form method="post" action={ "/ack/" (token) } { button { "Acknowledge" } }
                @if let Some(at) = paged.escalates_at { p { "Without an answer the next step begins at " (parts::at(at)) " UTC." } }
            },
            None => { p role="status" { "It is over; nobody has to answer." } },
        }
        pre { (paged.text) }
        p {
            @if let Some(number) = paged.incident { a href={ "/i/" (number) } { "INC-" (number) } }
            a href="/inbox" { "Inbox" }
        }
    }
}
