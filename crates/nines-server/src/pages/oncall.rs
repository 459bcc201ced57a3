//! On-call: who has it now, who is next, and the policies that ask them.

use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use nines_oncall::{Person, Policy, Schedule};

use super::parts::{self, Tone};
use super::visit::{Section, Visit};
use crate::app::OnCall;
use crate::text;

/// How far ahead turns are shown, and how many.
const TURNS_AHEAD: SignedDuration = SignedDuration::from_hours(5 * 7 * 24);
const TURNS: usize = 5;

/// `GET /oncall`
pub(super) async fn oncall(visit: Visit) -> Response {
    let spec = visit.shared().spec();
    let on_call = visit.shared().on_call(visit.now);
    let main = html! {
        h1 { "On-call" }
        @if on_call.is_empty() { (parts::empty("No schedule yet: write a document of kind Schedule; `nines init` writes an example.")) }
        @else { (now(&on_call)) }
        @for it in &spec.schedules { (turns(it, visit.now)) }
        h2 { "Escalation policies" }
        @if spec.policies.is_empty() { (parts::empty("None yet: without one nobody is paged.")) }
        @for it in &spec.policies { (policy(it)) }
        h2 { "People" }
        (people(&spec.people))
    };
    visit.page(Section::OnCall, "On-call", &main)
}

fn now(on_call: &[OnCall]) -> Markup {
    html! {
        table.rows {
            thead { tr { th scope="col" { "Schedule" } th scope="col" { "Now" } th scope="col" { "Until" } th scope="col" { "Next" } th scope="col" { "Written in" } } }
            tbody {
                @for it in on_call {
                    tr {
                        td { (it.schedule) }
                        @match &it.shift {
                            Some(shift) => { td { strong { (shift.person) } } td data-l="until" { (parts::at(shift.until)) } },
                            None => { td { (parts::tone(Tone::Warn, "nobody")) } td { "—" } },
                        }
                        td data-l="next" { (it.next.as_deref().unwrap_or("—")) }
                        td.opt { (parts::origin(&it.origin.to_string())) }
                    }
                }
            }
        }
    }
}

fn turns(schedule: &Schedule, at: Timestamp) -> Markup {
    let turns = schedule.shifts(at, at + TURNS_AHEAD).into_iter().take(TURNS);
    let local =
        |it: Timestamp| schedule.zone.to_datetime(it).strftime("%a %-d %b %Y %H:%M").to_string();
    html! {
        h2 { "Turns of " (schedule.name) }
        p.dim { "Hand-offs in " (schedule.zone.iana_name().unwrap_or("UTC")) ", as written." }
        table.rows {
            thead { tr { th scope="col" { "Who" } th scope="col" { "From" } th scope="col" { "Until" } } }
            tbody {
                @for it in turns {
                    tr {
                        td { (it.person) @if it.from <= at && at < it.until { " " (parts::tone(Tone::Note, "now")) } }
                        td data-l="from" { time datetime=(it.from) { (local(it.from)) } }
                        td data-l="until" { time datetime=(it.until) { (local(it.until)) } }
                    }
                }
            }
        }
    }
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

fn people(people: &[Person]) -> Markup {
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
