//! A fortnight as strips: who is on call at last, and each layer below. The table beside it says the same in words.

use jiff::Timestamp;
use maud::{Markup, html};
use nines_oncall::Schedule;

use crate::oncall_views::{ScheduleView, StretchView};

/// The width of a strip, in its own units.
const WIDTH: f64 = 1_000.0;
/// Colours of people; with more of them colours repeat, and the words tell them apart.
const COLOURS: usize = 6;

/// The strips of one schedule.
pub(super) fn strips(schedule: &Schedule, view: &ScheduleView, people: &[&str]) -> Markup {
    let days = days(schedule, view);
    html! {
        div.lanes aria-hidden="true" {
            div.lane {
                span.dim { "final" }
                (lane(view, &view.stretches, people, &days))
            }
            @if 1 < view.layers.len() {
                @for it in view.layers.iter().rev() {
                    div.lane.thin {
                        span.dim { (it.name) }
                        (lane(view, &it.stretches, people, &days))
                    }
                }
            }
            div.lane { span {} div.days { @for (_, name) in &days { span { (name) } } } }
        }
    }
}

/// The square that stands for a person.
pub(super) fn key(people: &[&str], person: &str) -> Markup {
    html! { svg class={ "key p" (colour(people, person)) } viewBox="0 0 10 10" aria-hidden="true" { rect width="10" height="10" {} } }
}

fn colour(people: &[&str], person: &str) -> usize {
    people.iter().position(|it| *it == person).unwrap_or(0) % COLOURS
}

fn lane(
    view: &ScheduleView,
    stretches: &[StretchView],
    people: &[&str],
    days: &[(f64, String)],
) -> Markup {
    html! {
        svg viewBox="0 0 1000 24" preserveAspectRatio="none" {
            @for it in stretches {
                @let (x, width) = place(view, it.from, it.until);
                @match it.state {
                    "nobody" => { rect.gap x=(short(x)) width=(short(width)) height="24" { title { "gap: nobody" } } },
                    "buffer" => { rect.buffer x=(short(x)) width=(short(width)) height="24" { title { "buffer" } } },
                    _ => {
                        @let each = 24.0 / it.people.len().max(1) as f64;
                        @for (index, on) in it.people.iter().enumerate() {
                            rect class={ "p" (colour(people, &on.person)) } x=(short(x)) y=(short(each * index as f64)) width=(short(width)) height=(short(each)) { title { (on.person) } }
                        }
                    },
                }
            }
            @for (x, _) in days { line x1=(short(*x)) x2=(short(*x)) y1="0" y2="24" {} }
        }
    }
}

fn place(view: &ScheduleView, from: Timestamp, until: Timestamp) -> (f64, f64) {
    let seconds = |it: Timestamp| it.duration_since(view.from).as_secs_f64();
    let whole = seconds(view.until).max(1.0);
    let x = seconds(from) / whole * WIDTH;
    (x, seconds(until) / whole * WIDTH - x)
}

fn short(value: f64) -> String {
    format!("{value:.1}")
}

/// Where days begin in the schedule's zone, and what they are called.
fn days(schedule: &Schedule, view: &ScheduleView) -> Vec<(f64, String)> {
    let first = schedule.zone.to_datetime(view.from).date();
    let dates = first.series(jiff::Span::new().days(1)).skip(1);
    let midnight = |date: jiff::civil::Date| {
        let at = schedule.zone.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
        let x = place(view, at, at).0;
        (at < view.until).then(|| (x, date.strftime("%a %-d").to_string()))
    };
    dates.map_while(midnight).collect()
}
