//! On-call: who has it now and next, a fortnight as strips, gaps, and the forms that change it.

mod strip;

use axum::extract::Path;
use axum::response::Response;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use nines_oncall::rota::{Change, Command, Entry, What};
use nines_oncall::{Coverage, Person, Policy, Schedule, Verdict};

use super::form::Fields;
use super::parts::{self, Tone};
use super::visit::{Section, Visit, refusal, see, status_of};
use crate::api::oncall::{change, minute_of, number};
use crate::app::{App, OnCall};
use crate::oncall_views::{ChangeView, OfferView, ScheduleView};
use crate::problem::Problem;
use crate::text;

/// What the strips show.
const AHEAD: SignedDuration = SignedDuration::from_hours(14 * 24);
/// The most hand-offs that are listed of one schedule.
const HAND_OFFS_MAX: usize = 8;
/// The most findings that are listed.
const FINDINGS_MAX: usize = 10;
/// The most schedules that are drawn; the API tells all.
const SCHEDULES_MAX: usize = 20;

/// `GET /oncall`
pub(super) async fn oncall(visit: Visit) -> Response {
    show(&visit, None).await
}

async fn show(visit: &Visit, problem: Option<&Problem>) -> Response {
    let spec = visit.shared().spec();
    let on_call = visit.shared().on_call(visit.now);
    let (app, now) = (App::clone(&visit.app), visit.now);
    let coverage = tokio::task::spawn_blocking(move || app.coverage(now, now + AHEAD)).await;
    let views = spec.schedules.iter().take(SCHEDULES_MAX).filter_map(|it| {
        let view = visit.shared().schedule_view(&it.name, now, now + AHEAD)?;
        Some((it, view))
    });
    let views: Vec<(&Schedule, ScheduleView)> = views.collect();
    let people: Vec<&str> = spec.people.iter().map(|it| it.name.as_str()).collect();
    let main = html! {
        h1 { "On-call" }
        (refusal(problem))
        @if on_call.is_empty() { (parts::empty("No schedule yet: write a document of kind Schedule; `nines init` writes an example.")) }
        @else { (now_table(&on_call)) }
        @match &coverage { Ok(it) => { (findings(it)) }, Err(_) => { (parts::tone(Tone::Unknown, "coverage could not be computed")) } }
        @if !visit.may_write() && !on_call.is_empty() { (parts::sign_in(visit)) }
        @for (schedule, view) in &views { (section(visit, schedule, view, &people)) }
        @if SCHEDULES_MAX < spec.schedules.len() { p.dim { (spec.schedules.len() - SCHEDULES_MAX) " more schedules are in the API." } }
        (away(visit, &people))
        h2 { "Escalation policies" }
        @if spec.policies.is_empty() { (parts::empty("None yet: without one nobody is paged.")) }
        @for it in &spec.policies { (policy(it)) }
        h2 { "People" }
        (people_table(&spec.people))
        (parts::commands(&["nines oncall who".to_owned(), "nines oncall verify".to_owned()]))
    };
    visit.page_with(status_of(problem), Section::OnCall, "On-call", &main)
}

/// `POST /oncall/{act}`: a form of the page.
pub(super) async fn act(visit: Visit, Path(act): Path<String>, fields: Fields) -> Response {
    let command = match command(&visit, &act, &fields) {
        Ok(Some(command)) => command,
        Ok(None) => return visit.missing(Section::OnCall, "act", &act),
        Err(problem) => return show(&visit, Some(&problem)).await,
    };
    match change(visit.shared(), command).await {
        Ok(_) => see("/oncall"),
        Err(problem) => show(&visit, Some(&problem)).await,
    }
}

fn command(visit: &Visit, act: &str, fields: &Fields) -> Result<Option<Command>, Problem> {
    let (by, reason) = (visit.name(), fields.text("reason").to_owned());
    let schedule = fields.text("schedule").to_owned();
    let spec = visit.shared().spec();
    let zone = spec.schedules.iter().find(|it| it.name == schedule).map(|it| it.zone.clone());
    let zone = zone.unwrap_or(TimeZone::UTC);
    let person = fields.text("person").to_owned();
    let command = match act {
        "take" => {
            let person = if person.is_empty() { by.clone() } else { person };
            let until = given(fields, "until", &zone)?;
            Command::Take { schedule, person, until, by, reason }
        }
        "withdraw" => Command::Withdraw { number: number(fields.text("number"))?, by },
        "confirm" => Command::Confirm { number: number(fields.text("number"))?, by },
        "answer" => Command::Answer { number: number(fields.text("number"))?, by, give: None },
        "override" => {
            let change = match fields.text("change") {
                "add" => Change::Add { person },
                "remove" => Change::Remove { person },
                "replace" => Change::Replace { whom: fields.text("whom").to_owned(), with: person },
                _ => return Err(Problem::bad_request("choose what changes")),
            };
            let what = What::Override { schedule, change, swap: None };
            Command::Enter(entry(fields, what, &zone, (visit.now, by, reason))?)
        }
        "vacation" => {
            let what = What::Vacation { person };
            Command::Enter(entry(fields, what, &zone, (visit.now, by, reason))?)
        }
        _ => return Ok(None),
    };
    Ok(Some(command))
}

fn entry(
    fields: &Fields,
    what: What,
    zone: &TimeZone,
    (now, by, reason): (Timestamp, String, String),
) -> Result<Entry, Problem> {
    let from = given(fields, "from", zone)?.unwrap_or_else(|| minute_of(now));
    let until = given(fields, "until", zone)?;
    let until = until.ok_or_else(|| Problem::bad_request("say until when"))?;
    Ok(Entry { what, from, until, by, reason })
}

/// A clock time as browsers send it, `2026-11-25T09:00`.
fn given(fields: &Fields, name: &str, zone: &TimeZone) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = fields.given(name) else { return Ok(None) };
    let civil = text.parse::<DateTime>().ok();
    let at = civil.and_then(|it| zone.to_timestamp(it).ok());
    let wrong = || Problem::bad_request(format!("{text:?} is no time; write 2026-11-25T09:00"));
    at.ok_or_else(wrong).map(Some)
}

fn now_table(on_call: &[OnCall]) -> Markup {
    html! {
        table.rows {
            thead { tr { th scope="col" { "Schedule" } th scope="col" { "Now" } th scope="col" { "Until" } th scope="col" { "Next" } th scope="col" { "Written in" } } }
            tbody {
                @for it in on_call {
                    tr {
                        td { a href={ "#s-" (it.schedule) } { (it.schedule) } }
                        @if it.shifts.is_empty() { td { (parts::tone(Tone::Bad, "nobody")) } td { "—" } }
                        @else {
                            td {
                                @for (index, shift) in it.shifts.iter().enumerate() {
                                    @if 0 < index { ", " } strong { (shift.person) }
                                    @if let Some(source) = &shift.source { " " span.dim { (source) } }
                                }
                            }
                            td data-l="until" { @if let Some(until) = it.shifts.iter().map(|it| it.until).min() { (parts::at(until)) } }
                        }
                        td data-l="next" { (it.next.as_deref().unwrap_or("—")) }
                        td.opt { (parts::origin(&it.origin.to_string())) }
                    }
                }
            }
        }
    }
}

/// What would go wrong with a page, loud when it would be lost.
fn findings(coverage: &Coverage) -> Markup {
    let gaps = coverage.findings.iter().filter(|it| it.verdict == Verdict::Gap).count();
    html! {
        section aria-labelledby="coverage" {
            h2 #coverage { "Coverage of the next fortnight" }
            @if coverage.policies == 0 { (parts::empty("No route leads to an escalation, so no page would be sent.")) }
            @else if coverage.findings.is_empty() { p { "Every page would reach somebody, at every minute." } }
            @if 0 < gaps { p.refusal role="alert" { strong { "■ " (gaps) @if gaps == 1 { " gap" } @else { " gaps" } ": " } "pages would reach nobody" } }
            ul {
                @for it in coverage.findings.iter().take(FINDINGS_MAX) {
                    li {
                        @match it.verdict {
                            Verdict::Gap => { (parts::tone(Tone::Bad, "gap")) },
                            Verdict::Thin => { (parts::tone(Tone::Warn, "thin")) },
                            Verdict::Buffer => { (parts::tone(Tone::Note, "buffer")) },
                        }
                        " " (it.policy) ", " (parts::at(it.from)) " to " (parts::at(it.until)) ": " (it.cause) ". "
                        code { (it.fix) }
                    }
                }
            }
            @if FINDINGS_MAX < coverage.findings.len() { p.dim { (coverage.findings.len() - FINDINGS_MAX) " more: " code { "nines oncall verify" } } }
        }
    }
}

fn section(visit: &Visit, schedule: &Schedule, view: &ScheduleView, people: &[&str]) -> Markup {
    let local =
        |it: Timestamp| schedule.zone.to_datetime(it).strftime("%a %-d %b %H:%M").to_string();
    html! {
        section aria-labelledby={ "s-" (view.schedule) } {
            h2 id={ "s-" (view.schedule) } { (view.schedule) " " span.dim { (view.zone) } }
            (strip::strips(schedule, view, people))
            table.rows {
                thead { tr { th scope="col" { "Who" } th scope="col" { "From" } th scope="col" { "Until" } th scope="col" { "Because of" } } }
                tbody {
                    @for it in view.stretches.iter().take(HAND_OFFS_MAX) {
                        tr {
                            td {
                                @match it.state {
                                    "nobody" => { (parts::tone(Tone::Bad, "gap: nobody")) },
                                    "buffer" => { (parts::tone(Tone::Note, "buffer")) },
                                    _ => {
                                        @for (index, on) in it.people.iter().enumerate() {
                                            @if 0 < index { ", " }
                                            (strip::key(people, &on.person)) " " (on.person)
                                        }
                                    },
                                }
                                @if it.from <= visit.now { " " (parts::tone(Tone::Note, "now")) }
                            }
                            td data-l="from" { time datetime=(it.from) { (local(it.from)) } }
                            td data-l="until" { time datetime=(it.until) { (local(it.until)) } }
                            td { @for on in &it.people { @if let Some(source) = &on.source { (source) " " } } }
                        }
                    }
                }
            }
            (changes(visit, &view.changes, &local))
            (offers(visit, &view.offers, &local))
            @if visit.may_write() { (forms(view, people)) }
        }
    }
}

fn changes(visit: &Visit, changes: &[ChangeView], local: &dyn Fn(Timestamp) -> String) -> Markup {
    html! {
        @if !changes.is_empty() {
            ul {
                @for it in changes {
                    li {
                        form.line method="post" action="/oncall/withdraw" {
                            span { (it.name) " " strong { (it.what) } ", " (local(it.from)) " to " (local(it.until)) ", by " (it.by) @if !it.reason.is_empty() { ": " (it.reason) } }
                            @if visit.may_write() {
                                input type="hidden" name="number" value=(it.name);
                                button { "Withdraw " span.hidden { (it.name) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn offers(visit: &Visit, offers: &[OfferView], local: &dyn Fn(Timestamp) -> String) -> Markup {
    let open: Vec<&OfferView> =
        offers.iter().filter(|it| matches!(it.state.as_str(), "open" | "taken")).collect();
    html! {
        @for it in open {
            form.line method="post" action={ "/oncall/" (if it.state == "open" { "answer" } else { "confirm" }) } {
                span {
                    (it.name) " " strong { "swap" } " " (it.state) ": " (it.by) " offers " (local(it.from)) " to " (local(it.until))
                    @if let Some(to) = &it.to { " to " (to) }
                    @if let Some(taker) = &it.taker { ", taken by " (taker) }
                }
                @if visit.may_write() {
                    input type="hidden" name="number" value=(it.name);
                    @if it.state == "open" { button { "Take it" } } @else { button { "Confirm" } }
                }
            }
        }
    }
}

fn forms(view: &ScheduleView, people: &[&str]) -> Markup {
    let schedule = &view.schedule;
    html! {
        form.line method="post" action="/oncall/take" {
            input type="hidden" name="schedule" value=(schedule);
            label { "Until, else the end of the shift " input type="datetime-local" name="until"; }
            button.main { "Take " (schedule) " now" }
        }
        details id={ "o-" (schedule) } {
            summary { "Override" }
            form.line method="post" action="/oncall/override" {
                input type="hidden" name="schedule" value=(schedule);
                label { "What " select name="change" { option value="replace" { "instead of" } option value="add" { "on call too" } option value="remove" { "not on call" } } }
                label { "Who " (choice("person", people)) }
                label { "Instead of " (choice("whom", people)) }
                label { "From, else now " input type="datetime-local" name="from"; }
                label { "Until " input type="datetime-local" name="until" required; }
                label { "Why " input name="reason" maxlength="500"; }
                button { "Override" }
            }
            p.dim { "Clock times of " (view.zone) "." }
        }
    }
}

fn away(visit: &Visit, people: &[&str]) -> Markup {
    let all = visit.shared().rota_view(None, visit.now).changes;
    let vacations: Vec<ChangeView> = all.into_iter().filter(|it| it.kind == "vacation").collect();
    html! {
        @if !people.is_empty() {
            h2 { "Away" }
            @if vacations.is_empty() { (parts::empty("Nobody has said so.")) }
            (changes(visit, &vacations, &text::clock))
            @if visit.may_write() {
                details #vacation {
                    summary { "Somebody is away" }
                    form.line method="post" action="/oncall/vacation" {
                        label { "Who " (choice("person", people)) }
                        label { "From, UTC " input type="datetime-local" name="from"; }
                        label { "Until, UTC " input type="datetime-local" name="until" required; }
                        button { "Note it" }
                    }
                }
            }
        }
    }
}

fn choice(name: &str, people: &[&str]) -> Markup {
    html! { select name=(name) { @for it in people { option { (it) } } } }
}

fn policy(policy: &Policy) -> Markup {
    html! {
        h3 { (policy.name) " " (parts::origin(&policy.origin.to_string())) }
        ol {
            @for step in &policy.steps {
                li {
                    @for (index, target) in step.targets.iter().enumerate() { @if 0 < index { ", " } (target) }
                    span.dim { ", then waits " (text::duration(step.wait)) }
                }
            }
        }
        @if 0 < policy.repeat { p.dim { "All steps are gone through " (policy.repeat) " more times." } }
    }
}

fn people_table(people: &[Person]) -> Markup {
    html! {
        @if people.is_empty() { (parts::empty("Nobody yet: write a document of kind Person.")) }
        @else {
            table.rows {
                thead { tr { th scope="col" { "Name" } th scope="col" { "Reached by" } th scope="col" { "Written in" } } }
                tbody {
                    @for it in people {
                        tr {
                            td { (it.display_name) " " span.dim { (it.name) } }
                            td {
                                @for (index, contact) in it.contacts.iter().enumerate() {
                                    @if 0 < index { ", " } (contact.channel)
                                    @if !contact.delay.is_zero() { " after " (text::duration(contact.delay)) }
                                }
                                @if it.contacts.is_empty() { (parts::tone(Tone::Warn, "nothing")) }
                            }
                            td.opt { (parts::origin(&it.origin.to_string())) }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
