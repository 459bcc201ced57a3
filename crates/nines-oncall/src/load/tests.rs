use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::Rules;

fn at(text: &str) -> Timestamp {
    format!("2026-{}Z", text.replace(' ', "T")).parse().unwrap()
}

fn call(person: &str, when: &str, matter: &str, answered: Option<&str>) -> Call {
    Call {
        person: person.to_owned(),
        at: at(when),
        matter: matter.to_owned(),
        answered_at: answered.map(at),
        was_actionable: None,
    }
}

/// Ana lives in Warsaw, ben in New York.
fn people() -> BTreeMap<String, Person> {
    let person = |(name, zone): (&str, &str)| {
        let rules = Rules { zone: Some(zone.to_owned()), ..Rules::default() };
        (name.to_owned(), Person { name: name.to_owned(), rules, ..Person::default() })
    };
    [("ana", "Europe/Warsaw"), ("ben", "America/New_York")].map(person).into()
}

fn shift(person: &str, from: &str, until: &str) -> Shift {
    let (from, until) = (at(from), at(until));
    Shift { person: person.to_owned(), index: 0, from, until, source: None }
}

#[test]
fn a_night_is_where_the_person_lives() {
    let calls = [
        call("ana", "06-10 01:00:00", "INC-1", Some("06-10 01:02:00")),
        call("ana", "06-10 01:05:00", "INC-1", None),
        call("ben", "06-10 01:00:00", "INC-1", Some("06-10 01:10:00")),
    ];
    let loads = loads(&calls, &people(), at("06-01 00:00:00"), at("06-10 05:00:00"));
    let lines: Vec<String> = loads
        .iter()
        .map(|it| {
            let Load { person, calls, matters, repeats, at_night, .. } = it;
            let (median, debt) = (it.answer_median_seconds, it.sleep_debt_since);
            format!("{person} {calls} {matters} {repeats} {at_night} {median:?} {debt:?}")
        })
        .collect();
    assert_eq!(
        lines,
        ["ana 2 1 1 2 Some(120) Some(2026-06-10T01:02:00Z)", "ben 1 1 0 0 Some(600) None",]
    );
    assert_eq!(loads[0].by_hour[3], 2);
    assert_eq!(loads[1].by_hour[21], 1);
}

#[test]
fn eight_quiet_hours_pay_a_sleep_debt_off() {
    let night = call("ana", "06-10 01:00:00", "INC-1", Some("06-10 01:02:00"));
    let morning = call("ana", "06-10 07:00:00", "INC-2", Some("06-10 07:01:00"));
    let debt = |calls: &[Call], until| {
        loads(calls, &people(), at("06-01 00:00:00"), at(until))[0].sleep_debt_since
    };
    assert_eq!(debt(std::slice::from_ref(&night), "06-10 09:01:59"), night.answered_at);
    assert_eq!(debt(std::slice::from_ref(&night), "06-10 09:02:00"), None);
    // A call in the morning is no night, but no rest either.
    assert_eq!(debt(&[night.clone(), morning.clone()], "06-10 12:00:00"), night.answered_at);
    assert_eq!(debt(&[night, morning], "06-10 15:01:00"), None);
}

#[test]
fn three_matters_in_half_a_day_are_too_many_and_one_matter_is_one() {
    let three = ["INC-1", "INC-2", "INC-3"].map(|it| call("ana", "06-08 10:00:00", it, None));
    let shifts = [shift("ana", "06-08 07:00:00", "06-15 07:00:00")];
    let count = |calls: &[Call]| objective(calls, &shifts, at("06-15 07:00:00"));
    assert_eq!(count(&three), LoadObjective { pieces: 14, bad: 1 });
    assert!(!count(&three).is_kept());
    let same = ["INC-1"; 5].map(|it| call("ana", "06-08 10:00:00", it, None));
    assert_eq!(count(&same), LoadObjective { pieces: 14, bad: 0 });
    let kept = LoadObjective { pieces: 40, bad: 1 };
    assert!(kept.is_kept());
    assert_eq!((kept.burn_ratio(), kept.remaining_ratio()), (0.5, Some(0.5)));
}

#[test]
fn whoever_pays_gets_a_line_a_shift() {
    let calls = [call("ana", "06-12 22:00:00", "INC-1", None)];
    let shifts = [
        ("shop".to_owned(), shift("ana", "06-12 18:00:00", "06-13 06:00:00")),
        ("=cmd".to_owned(), shift("ben", "06-11 18:00:00", "06-11 18:30:00")),
    ];
    expect![[r#"
        schedule,person,from,until,hours,night_hours,weekend_hours,calls,night_calls
        "'=cmd",ben,2026-06-11T18:00:00Z,2026-06-11T18:30:00Z,0.50,0.00,0.00,0,0
        shop,ana,2026-06-12T18:00:00Z,2026-06-13T06:00:00Z,12.00,7.00,8.00,1,1
    "#]]
    .assert_eq(&pay_csv(&calls, &shifts, &people()));
}

proptest! {
    #[test]
    fn every_call_is_counted_once(
        calls in prop::collection::vec((0..2_usize, 0..50_000_i64, 0..4_u32), 0..40),
    ) {
        let names = ["ana", "ben"];
        let calls: Vec<Call> = calls.into_iter().map(|(person, minute, matter)| Call {
            person: names[person].to_owned(),
            at: at("01-01 00:00:00") + SignedDuration::from_mins(minute),
            matter: format!("INC-{matter}"),
            answered_at: None,
            was_actionable: Some(matter == 0),
        }).collect();
        let loads = loads(&calls, &people(), at("01-01 00:00:00"), at("12-31 00:00:00"));
        prop_assert_eq!(loads.iter().map(|it| it.calls).sum::<usize>(), calls.len());
        for it in loads {
            prop_assert_eq!(it.by_hour.iter().sum::<u32>() as usize, it.calls);
            prop_assert_eq!(it.matters + it.repeats, it.calls);
            prop_assert_eq!(it.judged, it.calls);
            prop_assert!(it.actionable <= it.judged && it.sleep_debt_since.is_none());
        }
    }
}
