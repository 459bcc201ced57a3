//! Alerts: the list, and one with the chain from samples to answer.

use axum::extract::Path;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use nines_alert::AlertKey;
use nines_engine::why::{self, Chain};
use nines_engine::{AckTarget, Command};

use super::form::Fields;
use super::parts;
use super::visit::{Section, Visit, refusal, see, status_of};
use crate::problem::Problem;
use crate::text;
use crate::views::{AlertView, alert_view, alert_views};

/// The most alerts of one page.
const ROWS_MAX: usize = 200;

/// `GET /alerts`
pub(super) async fn list(visit: Visit) -> Response {
    let alerts = visit.shared().engine.read(alert_views);
    let firing = alerts.iter().filter(|it| it.state == "firing").count();
    let main = html! {
        h1 { "Alerts" }
        p.counts { span { (firing) " firing" } span { (alerts.len() - firing) " resolved" } }
        @if alerts.is_empty() { (parts::empty("No alert has fired yet. SLOs make them from their burn rates, rules from their expressions.")) }
        @else { (table(alerts.iter().take(ROWS_MAX), visit.now)) }
        @if ROWS_MAX < alerts.len() { p.dim { (alerts.len() - ROWS_MAX) " older ones are not shown" } }
    };
    visit.page(Section::Alerts, "Alerts", &main)
}

fn table<'a>(alerts: impl Iterator<Item = &'a AlertView>, now: Timestamp) -> Markup {
    html! {
        table.rows {
            thead {
                tr {
                    th scope="col" { "State" } th scope="col" { "Alert" } th scope="col" { "Service" }
                    th scope="col" { "Fired" } th scope="col" { "Answer" } th scope="col" { "Routed to" }
                    th scope="col" { "Incident" } th scope="col" { "Written in" }
                }
            }
            tbody {
                @for it in alerts {
                    tr {
                        td { (parts::alert_state(it)) }
                        td { a href={ "/a/" (it.key) } { (it.summary) } }
                        td { (it.service) }
                        td.opt { @if let Some(at) = it.fired_at { (parts::ago(at, now)) } }
                        td { (it.progress) }
                        td.opt { (it.escalation.as_deref().unwrap_or("—")) }
                        td { @if let Some(number) = it.incident { a href={ "/i/" (number) } { "INC-" (number) } } }
                        td.opt { (parts::origin(&it.origin)) }
                    }
                }
            }
        }
    }
}

/// `GET /a/{key}`
pub(super) async fn one(visit: Visit, Path(key): Path<String>) -> Response {
    show(&visit, &key, None)
}

/// `POST /a/{key}/ack`
pub(super) async fn acknowledge(visit: Visit, Path(key): Path<String>, fields: Fields) -> Response {
    let Ok(alert) = key.parse::<AlertKey>() else {
        return visit.missing(Section::Alerts, "alert", &key);
    };
    let target = AckTarget::Alert(alert);
    let command = Command::Acknowledge { target, by: visit.name(), via: "console".to_owned() };
    match visit.app.ask(command).await {
        Ok(_) if fields.text("from") == "inbox" => see("/inbox"),
        Ok(_) => see(&format!("/a/{alert}")),
        Err(error) => show(&visit, &key, Some(&error.into())),
    }
}

fn show(visit: &Visit, key: &str, problem: Option<&Problem>) -> Response {
    let found = key.parse::<AlertKey>().ok().and_then(|key| {
        visit.shared().engine.read(|state| {
            let view = alert_view(state, key, state.alert(key)?);
            Some((view, why::why(state, key)?))
        })
    });
    let Some((alert, chain)) = found else { return visit.missing(Section::Alerts, "alert", key) };
    let waits =
        alert.state == "firing" && alert.acknowledged_by.is_none() && alert.escalation.is_some();
    let main = html! {
        h1 { (alert.summary) " " (parts::alert_state(&alert)) }
        (refusal(problem))
        (facts(&alert, visit.now))
        @if waits { (ack_form(visit, alert.key, "alert")) }
        h2 { "Why" }
        (why_chain(&chain))
        h2 { "Labels" }
        p { code { (alert.labels) } }
        (parts::commands(&[format!("nines why {}", alert.key), format!("nines ack {}", alert.key)]))
    };
    visit.page_with(status_of(problem), Section::Alerts, &alert.summary, &main)
}

fn facts(alert: &AlertView, now: Timestamp) -> Markup {
    html! {
        dl.facts {
            div { dt { "Fired" } dd { @match alert.fired_at { Some(at) => { (parts::at(at)) ", " (parts::ago(at, now)) }, None => { "never" } } } }
            @if let Some(at) = alert.resolved_at { div { dt { "Resolved" } dd { (parts::at(at)) } } }
            div { dt { "Answer" } dd { (alert.progress) } }
            div { dt { "Routed to" } dd { (alert.escalation.as_deref().unwrap_or("nobody")) } }
            @if let Some(number) = alert.incident { div { dt { "Incident" } dd { a href={ "/i/" (number) } { "INC-" (number) } } } }
            @if let Some(slo) = &alert.slo { div { dt { "SLO" } dd { a href={ "/slo/" (alert.service) "/" (slo) } { (alert.service) "/" (slo) } } } }
            @for (name, value) in alert.annotations.iter().filter(|it| it.0 != "summary") {
                div {
                    dt { (name.replace('_', " ")) }
                    dd { @if name == "runbook" { a href={ "/rb/" (value) } { (value) } } @else { (value) } }
                }
            }
        }
    }
}

/// A button that says: I have it.
pub(super) fn ack_form(visit: &Visit, key: AlertKey, from: &str) -> Markup {
    html! {
        @if visit.may_write() {
            form method="post" action={ "/a/" (key) "/ack" } {
                input type="hidden" name="from" value=(from);
                button.main { "Acknowledge" }
            }
        } @else { (parts::sign_in(visit)) }
    }
}

/// The chain as a list, each link with the line of the configuration that decided it.
pub(super) fn why_chain(chain: &Chain) -> Markup {
    html! {
        ol.chain {
            @for it in &chain.links {
                li {
                    span.what { (it.part) }
                    span { @if let Some(at) = it.at { time datetime=(at) { (text::clock(at)) } } }
                    span.text { (it.text) @if let Some(origin) = &it.origin { " " (parts::origin(origin)) } }
                }
            }
        }
    }
}
