use proptest::prelude::*;

use super::*;

fn schedule(zone: &str, start: &str, weeks: u32) -> Schedule {
    Schedule {
        name: "shop".to_owned(),
        zone: TimeZone::get(zone).unwrap(),
        start: start.parse().unwrap(),
        weeks,
        members: ["ana", "ben", "cyd"].map(str::to_owned).to_vec(),
        origin: Origin::default(),
    }
}

#[track_caller]
fn check(schedule: &Schedule, at: &str, person: &str, from: &str, until: &str) {
    let shift = schedule.on_call(at.parse().unwrap()).unwrap();
    let bounds = (shift.from.to_string(), shift.until.to_string());
    assert_eq!(
        (shift.person.as_str(), bounds.0.as_str(), bounds.1.as_str()),
        (person, from, until)
    );
}

#[test]
fn hand_offs_keep_their_hour_when_clocks_change() {
    let zurich = schedule("Europe/Zurich", "2026-10-14T09:00", 1);
    check(&zurich, "2026-10-21T06:59:59Z", "ana", "2026-10-14T07:00:00Z", "2026-10-21T07:00:00Z");
    check(&zurich, "2026-10-21T07:00:00Z", "ben", "2026-10-21T07:00:00Z", "2026-10-28T08:00:00Z");
    check(&zurich, "2026-10-28T07:30:00Z", "ben", "2026-10-21T07:00:00Z", "2026-10-28T08:00:00Z");
    check(&zurich, "2026-11-04T08:00:00Z", "ana", "2026-11-04T08:00:00Z", "2026-11-11T08:00:00Z");
}

#[test]
fn a_hand_off_that_does_not_exist_is_the_first_instant_after_the_gap() {
    // Havana skips 00:00 to 01:00 on the second Sunday of March.
    let havana = schedule("America/Havana", "2026-03-01T00:00", 1);
    check(&havana, "2026-03-08T05:00:00Z", "ben", "2026-03-08T05:00:00Z", "2026-03-15T04:00:00Z");
    // Lord Howe skips half an hour from 02:00 on 4 October.
    let lord_howe = schedule("Australia/Lord_Howe", "2026-09-27T02:10", 1);
    check(
        &lord_howe,
        "2026-10-03T15:30:00Z",
        "ben",
        "2026-10-03T15:30:00Z",
        "2026-10-10T15:10:00Z",
    );
}

#[test]
fn a_hand_off_that_exists_twice_is_the_first() {
    let zurich = schedule("Europe/Zurich", "2026-10-18T02:30", 1);
    check(&zurich, "2026-10-25T00:30:00Z", "ben", "2026-10-25T00:30:00Z", "2026-11-01T01:30:00Z");
}

#[test]
fn before_the_start_and_without_members_nobody_is_on_call() {
    let mut zurich = schedule("Europe/Zurich", "2026-10-14T09:00", 1);
    assert_eq!(zurich.on_call("2026-10-14T06:59:59Z".parse().unwrap()), None);
    zurich.members.clear();
    assert_eq!(zurich.on_call("2026-10-21T06:59:59Z".parse().unwrap()), None);
}

proptest! {
    #[test]
    fn every_instant_after_the_start_lies_in_exactly_one_shift(
        seconds in 0..20_i64 * 366 * 86_400, weeks in 1..5_u32,
        zone in prop::sample::select(vec![
            "Europe/Zurich", "America/Chicago", "America/Havana", "Asia/Beirut", "Africa/Casablanca",
            "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo", "UTC",
        ]),
        hour in 0..24,
    ) {
        let schedule = schedule(zone, &format!("2020-01-01T{hour:02}:30"), weeks);
        let at = schedule.boundary(0).unwrap() + SignedDuration::from_secs(seconds);
        let shift = schedule.on_call(at).unwrap();
        prop_assert!(shift.from <= at && at < shift.until);
        prop_assert_eq!(schedule.shift(shift.index + 1).unwrap().from, shift.until);
    }
}
