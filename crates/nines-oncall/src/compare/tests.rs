use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::Schedule;

fn schedule(members: &[&str]) -> Schedule {
    Schedule::weekly("shop", TimeZone::UTC, "2026-01-05T09:00".parse().unwrap(), 1, members)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn changes(before: &Schedule, after: &Schedule, from: &str, until: &str) -> Vec<DutyChange> {
    let stretches = |it: &Schedule| it.stretches(at(from), at(until));
    duty_changes(&stretches(before), &stretches(after))
}

fn lines(changes: &[DutyChange]) -> Vec<String> {
    let name = |it: &Option<String>| it.clone().unwrap_or_else(|| "nobody".to_owned());
    let line = |it: &DutyChange| {
        format!("{} {} {} → {}", it.from, it.until, name(&it.before), name(&it.after))
    };
    changes.iter().map(line).collect()
}

#[test]
fn only_what_differs_is_told() {
    let (before, after) = (schedule(&["ana", "ben"]), schedule(&["ana", "cyd"]));
    let (from, until) = ("2026-01-06T00:00Z", "2026-01-21T00:00Z");
    let told = changes(&before, &after, from, until);
    assert_eq!(lines(&told), ["2026-01-12T09:00:00Z 2026-01-19T09:00:00Z ben → cyd"]);
    assert_eq!(changes(&before, &before, from, until), []);
}

#[test]
fn a_schedule_that_goes_or_has_not_begun_names_nobody() {
    let (from, until) = ("2026-01-01T00:00Z", "2026-01-06T00:00Z");
    let told = changes(&schedule(&["ana"]), &schedule(&[]), from, until);
    assert_eq!(lines(&told), ["2026-01-05T09:00:00Z 2026-01-06T00:00:00Z ana → nobody"]);
    let told = changes(&schedule(&[]), &schedule(&["ana"]), from, until);
    assert_eq!(lines(&told), ["2026-01-05T09:00:00Z 2026-01-06T00:00:00Z nobody → ana"]);
}

proptest! {
    #[test]
    fn every_instant_is_told_as_the_schedules_say(
        one in proptest::sample::subsequence(vec!["ana", "ben", "cyd"], 1..=3),
        other in proptest::sample::subsequence(vec!["ana", "ben", "cyd"], 1..=3),
        hour in 0..24 * 60_i64,
    ) {
        let (before, after) = (schedule(&one), schedule(&other));
        let told = changes(&before, &after, "2026-01-01T00:00Z", "2026-03-02T00:00Z");
        let now = at("2026-01-01T00:00Z") + jiff::SignedDuration::from_hours(hour);
        let told = told.iter().find(|it| it.from <= now && now < it.until);
        let person = |it: &Schedule| it.on_call(now).first().map(|it| it.person.clone());
        let (one, other) = (person(&before), person(&after));
        prop_assert_eq!(told.is_some(), one != other);
        if let Some(told) = told {
            prop_assert_eq!((&told.before, &told.after), (&one, &other));
        }
    }
}
