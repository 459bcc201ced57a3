//! What coverage costs: many schedules over a year, each with a weekly rotation, nights, and its own escalation.

use divan::{Bencher, black_box};
use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use nines_oncall::rota::State;
use nines_oncall::{
    ClockRange, Crew, Duty, Fitness, Layer, PageRoute, Person, Policy, Roster, Schedule, Step,
    Target, Weekdays, coverage,
};

fn main() {
    divan::main();
}

const ZONES: [&str; 4] =
    ["Europe/London", "America/Chicago", "Australia/Lord_Howe", "Asia/Kathmandu"];

fn roster(schedules: usize) -> Roster {
    let person = |index: usize| {
        let name = format!("person-{index}");
        (name.clone(), Person { name, ..Person::default() })
    };
    let mut roster = Roster { people: (0..50).map(person).collect(), ..Roster::default() };
    for index in 0..schedules {
        let zone = TimeZone::get(ZONES[index % ZONES.len()]).expect("a known zone");
        let names: Vec<String> = (0..6).map(|it| format!("person-{}", (index + it) % 50)).collect();
        let people: Vec<&str> = names.iter().map(String::as_str).collect();
        let (name, start) = (format!("s-{index}"), date(2026, 1, 5).at(9, 0, 0, 0));
        let mut schedule = Schedule::weekly(&name, zone, start, 1, &people);
        let nights =
            ClockRange { weekdays: Weekdays::ALL, begin_minute: 22 * 60, end_minute: 6 * 60 };
        schedule.layers.push(Layer {
            name: "nights".to_owned(),
            crew: Crew::Always(vec![format!("person-{}", (index + 7) % 50)]),
            hours: vec![nights],
            from: None,
            until: None,
        });
        roster.schedules.insert(name.clone(), schedule);
        let step = Step::new(vec![Target::Schedule(name.clone())], SignedDuration::from_mins(5));
        roster.policies.insert(name.clone(), Policy::new(&name, vec![step]));
    }
    roster
}

/// The target is a second for a thousand.
#[divan::bench(args = [10, 1_000], sample_count = 3, sample_size = 1)]
fn a_year_of_schedules(bencher: Bencher<'_, '_>, schedules: usize) {
    let (roster, rota) = (roster(schedules), State::default());
    let duty = Duty { roster: &roster, rota: &rota };
    let route = |it: &String| PageRoute { name: it.clone(), policy: it.clone() };
    let routes: Vec<PageRoute> = roster.policies.keys().map(route).collect();
    let fitness = |_: &Person| Fitness { contacts: 2, because: String::new() };
    let from: Timestamp = "2026-11-25T00:00:00Z".parse().expect("an instant");
    let until = from + SignedDuration::from_hours(365 * 24);
    bencher.bench_local(|| {
        let found = coverage(duty, black_box(&routes), &fitness, from, until);
        assert!(found.findings.is_empty());
    });
}
