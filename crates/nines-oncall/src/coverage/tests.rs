use expect_test::{Expect, expect};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use nines_base::Origin;
use proptest::prelude::*;

use super::*;
use crate::rota::{self, Change, Entry, What};
use crate::{Crew, Edits, Layer, Member, Policy, Roster, Rotation, Schedule, Step, Unit, Weekdays};

fn at(text: &str) -> Timestamp {
    format!("2026-{}Z", text.replace(' ', "T")).parse().unwrap()
}

fn roster() -> Roster {
    let person = |name: &str| {
        let name = name.to_owned();
        let person = Person { name: name.clone(), display_name: name.clone(), ..Person::default() };
        (name, person)
    };
    let start = "2026-06-01T09:00".parse().unwrap();
    let shop = Schedule::weekly("shop", TimeZone::UTC, start, 1, &["ana", "ben", "cyd"]);
    let step = |it: Target| Step::new(vec![it], SignedDuration::from_mins(5));
    let by_shop = Policy::new("shop", vec![step(Target::Schedule("shop".to_owned()))]);
    let next = Policy::new("next", vec![step(Target::NextOnCall("shop".to_owned()))]);
    let dee = Policy::new("dee", vec![step(Target::Person("dee".to_owned()))]);
    Roster {
        people: ["ana", "ben", "cyd", "dee"].into_iter().map(person).collect(),
        schedules: [("shop".to_owned(), shop)].into(),
        policies: [by_shop, next, dee].map(|it| (it.name.clone(), it)).into(),
        teams: BTreeMap::new(),
    }
}

fn state(entries: &[(What, &str, &str)]) -> rota::State {
    let mut state = rota::State::default();
    for (number, (what, from, until)) in (1..).zip(entries) {
        let (by, reason) = ("ana".to_owned(), String::new());
        let (what, from, until) = (what.clone(), at(from), at(until));
        let entry = Entry { what, from, until, by, reason };
        rota::evolve(&mut state, &rota::Fact::Entered { number, entry }, at("06-01 00:00"));
    }
    state
}

fn away(person: &str) -> What {
    What::Vacation { person: person.to_owned() }
}

fn route(policy: &str) -> PageRoute {
    PageRoute { name: format!("route of {policy}"), policy: policy.to_owned() }
}

/// Two contacts; cyd has one, dee none.
fn fitness(person: &Person) -> Fitness {
    let contacts = match person.name.as_str() {
        "cyd" => 1,
        "dee" => 0,
        _ => 2,
    };
    Fitness { contacts, because: "no contact".to_owned() }
}

#[track_caller]
fn check(policy: &str, entries: &[(What, &str, &str)], expect: &Expect) {
    let (roster, rota) = (roster(), state(entries));
    let duty = Duty { roster: &roster, rota: &rota };
    let (from, until) = (at("06-01 09:00"), at("06-29 09:00"));
    let found = coverage(duty, &[route(policy)], &fitness, from, until);
    let line = |it: &Finding| {
        format!("{} {} {:?}: {}\n  {}\n", it.from, it.until, it.verdict, it.cause, it.fix)
    };
    expect.assert_eq(&found.findings.iter().map(line).collect::<String>());
}

#[test]
fn who_is_away_or_has_one_contact_is_found() {
    check(
        "shop",
        &[(away("ben"), "06-09 00:00", "06-12 00:00")],
        &expect![[r#"
        2026-06-09T00:00:00Z 2026-06-12T00:00:00Z Gap: ben is away until 2026-06-12T00:00:00Z
          nines oncall override shop --replace ben --with PERSON --from 2026-06-09T00:00:00Z --until 2026-06-12T00:00:00Z
        2026-06-15T09:00:00Z 2026-06-22T09:00:00Z Thin: only cyd can be told, in only one way
          give cyd a second contact, or add a step
    "#]],
    );
}

#[test]
fn nobody_on_call_is_a_gap_with_a_command_that_fills_it() {
    let change = Change::Remove { person: "ana".to_owned() };
    let remove = What::Override { schedule: "shop".to_owned(), change, swap: None };
    check(
        "shop",
        &[(remove, "06-03 00:00", "06-04 00:00")],
        &expect![[r#"
        2026-06-03T00:00:00Z 2026-06-04T00:00:00Z Gap: nobody is on call for shop
          nines oncall override shop --add PERSON --from 2026-06-03T00:00:00Z --until 2026-06-04T00:00:00Z
        2026-06-15T09:00:00Z 2026-06-22T09:00:00Z Thin: only cyd can be told, in only one way
          give cyd a second contact, or add a step
    "#]],
    );
}

#[test]
fn the_next_on_call_may_be_away_too() {
    check(
        "next",
        &[(away("ben"), "06-02 00:00", "06-05 00:00")],
        &expect![[r#"
        2026-06-02T00:00:00Z 2026-06-05T00:00:00Z Gap: ben is away until 2026-06-05T00:00:00Z
          nines oncall override shop --replace ben --with PERSON --from 2026-06-02T00:00:00Z --until 2026-06-05T00:00:00Z
        2026-06-08T09:00:00Z 2026-06-15T09:00:00Z Thin: only cyd can be told, in only one way
          give cyd a second contact, or add a step
    "#]],
    );
}

#[test]
fn a_person_who_cannot_be_told_and_a_policy_that_is_missing_are_gaps() {
    check(
        "dee",
        &[],
        &expect![[r#"
        2026-06-01T09:00:00Z 2026-06-29T09:00:00Z Gap: dee cannot be told: no contact
          nines page test dee, or another person in this step
    "#]],
    );
    check(
        "nobody",
        &[],
        &expect![[r#"
        2026-06-01T09:00:00Z 2026-06-29T09:00:00Z Gap: there is no escalation `nobody`
          write a document of kind Escalation named `nobody`
    "#]],
    );
}

fn layered(name: &str, length: u32, hour: i8, members: Vec<Member>) -> Schedule {
    let start = jiff::civil::date(2026, 5, 30).at(hour, 0, 0, 0);
    let (unit, skip) = (Unit::Hour, Weekdays::NONE);
    let crew = Crew::Rotation(Rotation { start, unit, length, members, skip });
    let (hours, from, until) = (Vec::new(), None, None);
    let layers = vec![Layer { name: String::new(), crew, hours, from, until }];
    let (edits, origin) = (Edits::AtHandOff, Origin::default());
    Schedule { name: name.to_owned(), zone: TimeZone::UTC, layers, edits, origin }
}

fn any_members() -> impl Strategy<Value = Vec<Member>> {
    let names = prop::sample::subsequence(vec!["ana", "ben", "cyd", "dee"], 0..3);
    let people = |it: Vec<&str>| it.into_iter().map(str::to_owned).collect();
    let member = names.prop_map(move |it| Member { people: people(it), ..Member::default() });
    prop::collection::vec(member, 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn every_hour_is_judged_as_asking_for_it_alone_would(
        one in any_members(), other in any_members(), lengths in (1..40_u32, 1..40_u32),
        vacations in prop::collection::vec(
            (prop::sample::select(vec!["ana", "ben", "cyd"]), 0..200_i64, 1..80_i64), 0..4,
        ),
        second in any::<bool>(),
    ) {
        let mut roster = roster();
        for it in [layered("one", lengths.0, 3, one), layered("two", lengths.1, 7, other)] {
            roster.schedules.insert(it.name.clone(), it);
        }
        let step = |it: &str| {
            Step::new(vec![Target::Schedule(it.to_owned())], SignedDuration::from_mins(5))
        };
        let mut steps = vec![step("one")];
        steps.extend(second.then(|| step("two")));
        roster.policies.insert("both".to_owned(), Policy::new("both", steps.clone()));
        let begin = at("06-01 00:00");
        let hour = |it: i64| begin + SignedDuration::from_hours(it);
        let mut rota = rota::State::default();
        for (number, (person, from, length)) in (1..).zip(vacations) {
            let (what, by) = (away(person), "ana".to_owned());
            let (from, until) = (hour(from), hour(from + length));
            let entry = Entry { what, from, until, by, reason: String::new() };
            rota::evolve(&mut rota, &rota::Fact::Entered { number, entry }, begin);
        }
        let duty = Duty { roster: &roster, rota: &rota };
        let found = coverage(duty, &[route("both")], &fitness, begin, hour(240));
        for now in (0..240).map(hour) {
            let mut people: Vec<String> = Vec::new();
            let mut buffer = false;
            for target in steps.iter().flat_map(|it| &it.targets) {
                people.extend(duty.resolve(target, now).into_iter().map(|it| it.0.name.clone()));
                let Target::Schedule(name) = target else { unreachable!() };
                let second = now + SignedDuration::from_secs(1);
                buffer |= duty.stretches(name, now, second)[0].cover == Cover::Buffer;
            }
            people.sort();
            people.dedup();
            let ready = people.iter().filter(|it| !rota.is_away(it, now));
            let contacts: u32 = ready.map(|it| fitness(&roster.people[it]).contacts).sum();
            let expected = match contacts {
                0 if buffer && people.is_empty() => Some(Verdict::Buffer),
                0 => Some(Verdict::Gap),
                1 => Some(Verdict::Thin),
                _ => None,
            };
            let told = found.findings.iter().find(|it| it.from <= now && now < it.until);
            prop_assert_eq!(told.map(|it| it.verdict), expected, "at {}", now);
        }
    }
}
