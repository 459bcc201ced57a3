use proptest::prelude::*;

use super::*;

mod naive;

fn weekly(zone: &str, start: &str, weeks: u32) -> Schedule {
    let zone = TimeZone::get(zone).unwrap();
    Schedule::weekly("shop", zone, start.parse().unwrap(), weeks, &["ana", "ben", "cyd"])
}

fn rotation(unit: Unit, length: u32, start: &str, members: Vec<Member>) -> Rotation {
    Rotation { start: start.parse().unwrap(), unit, length, members, skip: Weekdays::NONE }
}

fn people(names: &[&str]) -> Vec<Member> {
    names.iter().map(|it| Member::person(it)).collect()
}

fn layer(name: &str, crew: Crew, hours: Vec<ClockRange>) -> Layer {
    Layer { name: name.to_owned(), crew, hours, from: None, until: None }
}

fn schedule(zone: &str, layers: Vec<Layer>) -> Schedule {
    let zone = TimeZone::get(zone).unwrap();
    let (edits, origin) = (Edits::AtHandOff, Origin::default());
    Schedule { name: "shop".to_owned(), zone, layers, edits, origin }
}

fn turning(zone: &str, rotation: Rotation) -> Schedule {
    schedule(zone, vec![layer("", Crew::Rotation(rotation), Vec::new())])
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// `from until who` of every stretch; `free` is a buffer.
fn lines(schedule: &Schedule, from: &str, until: &str) -> Vec<String> {
    let stretches = schedule.stretches(at(from), at(until));
    let line = |it: &Stretch| {
        let who = match &it.cover {
            Cover::Buffer => "free".to_owned(),
            Cover::Nobody => "nobody".to_owned(),
            Cover::Staffed(_) => it.cover.names().join("+"),
        };
        format!("{} {} {who}", it.from, it.until)
    };
    stretches.iter().map(line).collect()
}

#[track_caller]
fn check(schedule: &Schedule, at: &str, person: &str, from: &str, until: &str) {
    let shifts = schedule.on_call(at.parse().unwrap());
    let [shift] = shifts.as_slice() else { panic!("{shifts:?}") };
    let bounds = (shift.from.to_string(), shift.until.to_string());
    assert_eq!(
        (shift.person.as_str(), bounds.0.as_str(), bounds.1.as_str()),
        (person, from, until)
    );
}

#[test]
fn hand_offs_keep_their_hour_when_clocks_change() {
    let zurich = weekly("Europe/Zurich", "2026-10-14T09:00", 1);
    check(&zurich, "2026-10-21T06:59:59Z", "ana", "2026-10-14T07:00:00Z", "2026-10-21T07:00:00Z");
    check(&zurich, "2026-10-21T07:00:00Z", "ben", "2026-10-21T07:00:00Z", "2026-10-28T08:00:00Z");
    check(&zurich, "2026-10-28T07:30:00Z", "ben", "2026-10-21T07:00:00Z", "2026-10-28T08:00:00Z");
    check(&zurich, "2026-11-04T08:00:00Z", "ana", "2026-11-04T08:00:00Z", "2026-11-11T08:00:00Z");
}

#[test]
fn a_hand_off_that_does_not_exist_is_the_first_instant_after_the_gap() {
    // Havana skips 00:00 to 01:00 on the second Sunday of March.
    let havana = weekly("America/Havana", "2026-03-01T00:00", 1);
    check(&havana, "2026-03-08T05:00:00Z", "ben", "2026-03-08T05:00:00Z", "2026-03-15T04:00:00Z");
    // Lord Howe skips half an hour from 02:00 on 4 October.
    let lord_howe = weekly("Australia/Lord_Howe", "2026-09-27T02:10", 1);
    check(
        &lord_howe,
        "2026-10-03T15:30:00Z",
        "ben",
        "2026-10-03T15:30:00Z",
        "2026-10-10T15:10:00Z",
    );
    // Beirut skips midnight of 29 March; Cairo that of 24 April.
    let beirut = weekly("Asia/Beirut", "2026-03-22T00:00", 1);
    check(&beirut, "2026-03-28T22:00:00Z", "ben", "2026-03-28T22:00:00Z", "2026-04-04T21:00:00Z");
    let cairo = weekly("Africa/Cairo", "2026-04-17T00:30", 1);
    check(&cairo, "2026-04-23T22:00:00Z", "ben", "2026-04-23T22:00:00Z", "2026-04-30T21:30:00Z");
}

#[test]
fn a_hand_off_that_exists_twice_is_the_first() {
    let zurich = weekly("Europe/Zurich", "2026-10-18T02:30", 1);
    check(&zurich, "2026-10-25T00:30:00Z", "ben", "2026-10-25T00:30:00Z", "2026-11-01T01:30:00Z");
}

#[test]
fn the_repeated_hour_belongs_to_the_turn_in_progress() {
    // Chicago sets its clocks back from 02:00 to 01:00 on 1 November, at 07:00Z.
    let hourly = rotation(Unit::Hour, 1, "2026-11-01T00:00", people(&["ana", "ben", "cyd"]));
    assert_eq!(
        lines(&turning("America/Chicago", hourly), "2026-11-01T05:00Z", "2026-11-01T09:00Z"),
        [
            "2026-11-01T05:00:00Z 2026-11-01T06:00:00Z ana",
            "2026-11-01T06:00:00Z 2026-11-01T08:00:00Z ben",
            "2026-11-01T08:00:00Z 2026-11-01T09:00:00Z cyd",
        ]
    );
}

#[test]
fn the_turn_of_an_hour_that_is_skipped_has_no_time() {
    // London jumps from 01:00 to 02:00 on 29 March.
    let hourly = rotation(Unit::Hour, 1, "2026-03-29T00:00", people(&["ana", "ben", "cyd"]));
    assert_eq!(
        lines(&turning("Europe/London", hourly), "2026-03-29T00:00Z", "2026-03-29T02:00Z"),
        [
            "2026-03-29T00:00:00Z 2026-03-29T01:00:00Z ana",
            "2026-03-29T01:00:00Z 2026-03-29T02:00:00Z cyd",
        ]
    );
}

#[test]
fn months_clamp_to_their_last_day_counted_from_the_start() {
    let monthly = rotation(Unit::Month, 1, "2028-01-31T09:00", people(&["ana", "ben"]));
    assert_eq!(
        lines(&turning("Asia/Kathmandu", monthly), "2028-02-01T00:00Z", "2028-05-01T00:00Z"),
        [
            "2028-02-01T00:00:00Z 2028-02-29T03:15:00Z ana",
            "2028-02-29T03:15:00Z 2028-03-31T03:15:00Z ben",
            "2028-03-31T03:15:00Z 2028-04-30T03:15:00Z ana",
            "2028-04-30T03:15:00Z 2028-05-01T00:00:00Z ben",
        ]
    );
}

#[test]
fn a_clock_range_opens_no_gap_when_clocks_are_set_back() {
    // Casablanca sets its clocks back for Ramadan: 15 February 2026, from 03:00 to 02:00, at 02:00Z.
    let all = Weekdays::ALL;
    let night = ClockRange { weekdays: all, begin_minute: 22 * 60, end_minute: 2 * 60 + 30 };
    let day = ClockRange { weekdays: all, begin_minute: 2 * 60 + 30, end_minute: 22 * 60 };
    let always = |name: &str| Crew::Always(vec![name.to_owned()]);
    let layers = vec![layer("n", always("ana"), vec![night]), layer("d", always("ben"), vec![day])];
    let casablanca = schedule("Africa/Casablanca", layers);
    assert_eq!(
        lines(&casablanca, "2026-02-14T20:00Z", "2026-02-15T04:00Z"),
        [
            "2026-02-14T20:00:00Z 2026-02-14T21:00:00Z ben",
            "2026-02-14T21:00:00Z 2026-02-15T01:30:00Z ana",
            "2026-02-15T01:30:00Z 2026-02-15T04:00:00Z ben",
        ]
    );
}

#[test]
fn a_free_turn_is_no_gap_and_hides_what_is_below() {
    let free = Member::default();
    let daily = rotation(Unit::Day, 1, "2026-06-01T00:00", [people(&["ana"]), vec![free]].concat());
    let below = layer("base", Crew::Always(vec!["cyd".to_owned()]), Vec::new());
    let above = layer("daily", Crew::Rotation(daily), Vec::new());
    assert_eq!(
        lines(&schedule("UTC", vec![below, above]), "2026-05-31T00:00Z", "2026-06-03T00:00Z"),
        [
            "2026-05-31T00:00:00Z 2026-06-01T00:00:00Z cyd",
            "2026-06-01T00:00:00Z 2026-06-02T00:00:00Z ana",
            "2026-06-02T00:00:00Z 2026-06-03T00:00:00Z free",
        ]
    );
}

#[test]
fn a_skipped_weekday_has_no_hand_off() {
    // 2026-06-05 is a Friday.
    let skip = [jiff::civil::Weekday::Saturday, jiff::civil::Weekday::Sunday];
    let mut daily = rotation(Unit::Day, 1, "2026-06-04T09:00", people(&["ana", "ben", "cyd"]));
    daily.skip = skip.into_iter().collect();
    assert_eq!(
        lines(&turning("UTC", daily), "2026-06-04T09:00Z", "2026-06-10T09:00Z"),
        [
            "2026-06-04T09:00:00Z 2026-06-05T09:00:00Z ana",
            "2026-06-05T09:00:00Z 2026-06-08T09:00:00Z ben",
            "2026-06-08T09:00:00Z 2026-06-09T09:00:00Z cyd",
            "2026-06-09T09:00:00Z 2026-06-10T09:00:00Z ana",
        ]
    );
}

#[test]
fn whoever_joins_or_leaves_makes_nobody_serve_twice_in_a_row() {
    let mut members = people(&["ana", "ben", "cyd"]);
    members[1].until = Some("2026-06-03T00:00".parse().unwrap());
    members[2].from = Some("2026-06-02T12:00".parse().unwrap());
    let daily = rotation(Unit::Day, 1, "2026-06-01T09:00", members);
    let turning = turning("UTC", daily);
    let who = |day: i8| {
        let noon = jiff::civil::date(2026, 6, day).at(12, 0, 0, 0);
        turning
            .on_call(TimeZone::UTC.to_timestamp(noon).unwrap())
            .first()
            .map(|it| it.person.clone())
            .unwrap_or_default()
    };
    assert_eq!([1, 2, 3, 4, 5, 6].map(who), ["ana", "ben", "cyd", "ana", "cyd", "ana"]);
}

#[test]
fn several_people_are_on_call_together_and_each_has_a_shift() {
    let pair = Member { people: vec!["ana".to_owned(), "ben".to_owned()], ..Member::default() };
    let members = [vec![pair], people(&["cyd"])].concat();
    let turning = turning("UTC", rotation(Unit::Week, 1, "2026-06-01T09:00", members));
    let shifts = turning.on_call(at("2026-06-02T00:00Z"));
    let names: Vec<&str> = shifts.iter().map(|it| it.person.as_str()).collect();
    assert_eq!(names, ["ana", "ben"]);
    assert!(shifts.iter().all(|it| it.until == at("2026-06-08T09:00Z") && it.index == 0));
}

#[test]
fn before_the_start_and_without_members_nobody_is_on_call() {
    let zurich = weekly("Europe/Zurich", "2026-10-14T09:00", 1);
    assert_eq!(zurich.on_call(at("2026-10-14T06:59:59Z")), []);
    let nobody = turning("UTC", rotation(Unit::Week, 1, "2026-10-14T09:00", Vec::new()));
    assert_eq!(nobody.on_call(at("2026-10-21T06:59:59Z")), []);
}

#[test]
fn a_shift_is_written_as_it_was_before_there_were_layers() {
    let mut shift = weekly("UTC", "1970-01-01T00:00", 1).on_call(at("1970-01-02T00:00Z")).remove(0);
    let old = r#"{"person":"ana","index":0,"from":"1970-01-01T00:00:00Z","until":"1970-01-08T00:00:00Z"}"#;
    assert_eq!(serde_json::to_string(&shift).unwrap(), old);
    assert_eq!(serde_json::from_str::<Shift>(old).unwrap(), shift);
    shift.source = Some(Source::Layer("nights".to_owned()));
    let new = serde_json::to_string(&shift).unwrap();
    assert_eq!(serde_json::from_str::<Shift>(&new).unwrap(), shift);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_minute_is_covered_as_a_walk_along_the_clock_says(case in naive::case()) {
        let naive::Case { schedule, from, until } = &case;
        let walked = naive::covers(schedule, *from, *until);
        let stretches = schedule.stretches(*from, *until);
        let mut place = 0;
        for (minute, expected) in walked {
            while stretches[place].until <= minute {
                place += 1;
            }
            prop_assert!(stretches[place].from <= minute);
            prop_assert_eq!(naive::shown(&stretches[place].cover), expected, "at {}", minute);
        }
    }

    #[test]
    fn every_instant_after_the_start_lies_in_exactly_one_shift(
        seconds in 0..20_i64 * 366 * 86_400, weeks in 1..5_u32,
        zone in prop::sample::select(naive::ZONES.to_vec()), hour in 0..24,
    ) {
        let schedule = weekly(zone, &format!("2020-01-01T{hour:02}:30"), weeks);
        let begin = schedule.zone.to_timestamp(format!("2020-01-01T{hour:02}:30").parse().unwrap());
        let now = begin.unwrap() + jiff::SignedDuration::from_secs(seconds);
        let shifts = schedule.on_call(now);
        prop_assert_eq!(shifts.len(), 1);
        prop_assert!(shifts[0].from <= now && now < shifts[0].until);
        let next = schedule.on_call(shifts[0].until);
        prop_assert_eq!(next[0].from, shifts[0].until);
        prop_assert_eq!(next[0].index, shifts[0].index + 1);
    }
}
