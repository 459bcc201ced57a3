use std::fmt::Write;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    format!("2026-{}Z", text.replace(' ', "T")).parse().unwrap()
}

fn candidate(name: &str) -> Candidate {
    Candidate {
        name: name.to_owned(),
        zone: TimeZone::UTC,
        away: Vec::new(),
        holidays: BTreeSet::new(),
        load: 0,
        last_until: None,
    }
}

fn weeks(count: i64) -> Vec<Range> {
    let begin = at("06-01 09:00");
    let week = |it: i64| begin + SignedDuration::from_hours(it * 7 * 24);
    (0..count).map(|it| Range { from: week(it), until: week(it + 1) }).collect()
}

fn constraints() -> Constraints {
    Constraints {
        seats: 1,
        rest: SignedDuration::from_hours(12),
        consecutive: Consecutive::Avoided,
        apart: Vec::new(),
        together: Vec::new(),
    }
}

#[track_caller]
fn check(turns: &[Range], people: &[Candidate], constraints: &Constraints, expect: &Expect) {
    let proposal = propose(turns, people, constraints, Weights::default());
    let mut out = String::new();
    for it in &proposal.assignments {
        let from = it.from.strftime("%m-%d %H:%M");
        writeln!(out, "{from} {} {}", it.people.join("+"), it.notes.join(", ")).unwrap();
    }
    let Fairness { coverage_ratio, balance_ratio, gini, shares } = &proposal.fairness;
    writeln!(out, "coverage {coverage_ratio:.3} balance {balance_ratio:.3} gini {gini:.3}")
        .unwrap();
    for it in shares {
        writeln!(out, "{} {} turns {:.3}", it.person, it.turns, it.part_ratio).unwrap();
    }
    expect.assert_eq(&out);
}

#[test]
fn turns_go_around_and_vacations_are_kept() {
    let mut people = ["ana", "ben", "cyd"].map(candidate);
    people[1].away = vec![Range { from: at("06-09 00:00"), until: at("06-11 00:00") }];
    check(
        &weeks(6),
        &people,
        &constraints(),
        &expect![[r#"
        06-01 09:00 ana 
        06-08 09:00 cyd 
        06-15 09:00 ben 
        06-22 09:00 ana 
        06-29 09:00 cyd 
        07-06 09:00 ben 
        coverage 1.000 balance 1.000 gini 0.000
        ana 2 turns 0.333
        ben 2 turns 0.333
        cyd 2 turns 0.333
    "#]],
    );
}

#[test]
fn whoever_carried_more_before_comes_later() {
    let mut people = ["ana", "ben", "cyd"].map(candidate);
    people[0].load = 3 * 7 * 24 * 60;
    check(
        &weeks(4),
        &people,
        &constraints(),
        &expect![[r#"
        06-01 09:00 ben 
        06-08 09:00 cyd 
        06-15 09:00 ben 
        06-22 09:00 cyd 
        coverage 1.000 balance 0.333 gini 0.333
        ana 0 turns 0.000
        ben 2 turns 0.500
        cyd 2 turns 0.500
    "#]],
    );
}

#[test]
fn two_seats_keep_people_apart_and_bring_others_together() {
    let people = ["ana", "ben", "cyd", "dee"].map(candidate);
    let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
    let apart = vec![pair("ana", "ben")];
    let together = vec![pair("cyd", "dee")];
    let constraints = Constraints { seats: 2, apart, together, ..constraints() };
    check(
        &weeks(4),
        &people,
        &constraints,
        &expect![[r#"
        06-01 09:00 ana+cyd 
        06-08 09:00 ben+dee 
        06-15 09:00 ana+cyd 
        06-22 09:00 ben+dee 
        coverage 1.000 balance 1.000 gini 0.000
        ana 2 turns 0.250
        ben 2 turns 0.250
        cyd 2 turns 0.250
        dee 2 turns 0.250
    "#]],
    );
}

#[test]
fn what_cannot_be_kept_is_told() {
    let mut people = [candidate("ana")];
    people[0].away = vec![Range { from: at("06-16 00:00"), until: at("06-17 00:00") }];
    check(
        &weeks(4),
        &people,
        &constraints(),
        &expect![[r#"
        06-01 09:00 ana 
        06-08 09:00 ana ana: without the rest
        06-15 09:00  nobody is free
        06-22 09:00 ana 
        coverage 0.750 balance 1.000 gini 0.000
        ana 3 turns 1.000
    "#]],
    );
}

#[test]
fn nights_weekends_and_holidays_weigh_more_where_the_person_lives() {
    let mut who = candidate("ana");
    who.zone = TimeZone::get("Asia/Kathmandu").unwrap();
    who.holidays = [jiff::civil::date(2026, 6, 2)].into();
    let weigh = |from: &str, until: &str| {
        let range = Range { from: at(from), until: at(until) };
        weigh(range, &who, Weights::default()) / 60
    };
    // Kathmandu is 5:45 ahead: 01:15Z is 07:00 on the clock, 16:15Z is 22:00.
    assert_eq!(weigh("06-01 01:15", "06-01 02:15"), 100);
    assert_eq!(weigh("06-01 00:15", "06-01 01:15"), 150);
    assert_eq!(weigh("06-01 16:15", "06-01 17:15"), 150);
    assert_eq!(weigh("06-06 06:00", "06-06 07:00"), 200);
    // The holiday begins at 18:15Z of the day before.
    assert_eq!(weigh("06-01 17:15", "06-01 19:15"), 150 + 250);
}

#[test]
fn measures_of_fairness() {
    assert!((gini(&[1, 1, 1, 1]) - 0.0).abs() < 1e-9);
    assert!((gini(&[0, 0, 0, 8]) - 0.75).abs() < 1e-9);
    assert!((balance(&[2, 4, 4]) - (0.5 + 0.5 + 1.0) / 3.0).abs() < 1e-9);
}

/// When away, the zone, what was carried.
type AnyCandidate = (Vec<(i64, i64)>, &'static str, u64);

fn any_candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let away = prop::collection::vec((0..60 * 24_i64, 1..400_i64), 0..3);
    let zone = prop::sample::select(vec!["UTC", "America/Chicago", "Asia/Kathmandu"]);
    let one = (away, zone, 0..20_000_u64);
    prop::collection::vec(one, 1..7).prop_map(|all| {
        let named = ["ana", "ben", "cyd", "dee", "eve", "fay"].iter().zip(all);
        let begin = at("06-01 09:00");
        let hour = |it: i64| begin + SignedDuration::from_hours(it);
        let one = |name: &str, (away, zone, load): AnyCandidate| {
            let range = |(from, length)| Range { from: hour(from), until: hour(from + length) };
            let zone = TimeZone::get(zone).unwrap();
            let away = away.into_iter().map(range).collect();
            Candidate { zone, away, load, ..candidate(name) }
        };
        named.map(|(name, it)| one(name, it)).collect()
    })
}

proptest! {
    #[test]
    fn a_proposal_keeps_vacations_and_gives_nobody_two_seats(
        people in any_candidates(), seats in 1..4_usize, count in 1..12_i64,
    ) {
        let constraints = Constraints { seats, ..constraints() };
        let turns = weeks(count);
        let proposal = propose(&turns, &people, &constraints, Weights::default());
        prop_assert_eq!(&proposal, &propose(&turns, &people, &constraints, Weights::default()));
        for it in &proposal.assignments {
            let mut each = it.people.clone();
            each.sort();
            each.dedup();
            prop_assert_eq!(each.len(), it.people.len());
            let free = |who: &&Candidate| {
                !who.away.iter().any(|away| away.from < it.until && it.from < away.until)
            };
            let free: Vec<&str> = people.iter().filter(free).map(|it| it.name.as_str()).collect();
            prop_assert!(it.people.iter().all(|it| free.contains(&it.as_str())));
            prop_assert_eq!(it.people.len(), seats.min(free.len()));
        }
        let total: f64 = proposal.fairness.shares.iter().map(|it| it.part_ratio).sum();
        prop_assert!((0.0..=1.0).contains(&proposal.fairness.gini) && total < people.len() as f64 + 1e-9);
    }
}
