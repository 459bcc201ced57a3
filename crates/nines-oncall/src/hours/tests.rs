use jiff::civil::Weekday;
use proptest::prelude::*;

use super::*;

fn hours(zone: &str, days: &[i8], begin_minute: u16, end_minute: u16) -> Hours {
    let days = days.iter().map(|it| Weekday::from_monday_one_offset(*it).unwrap());
    let range = ClockRange { weekdays: days.collect(), begin_minute, end_minute };
    Hours { zone: zone.to_owned(), ranges: vec![range] }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn what_can_wait_waits_for_monday_morning() {
    let work = hours("Europe/Zurich", &[1, 2, 3, 4, 5], 9 * 60, 17 * 60);
    // A Saturday night in winter; on Monday clocks are the same.
    assert_eq!(work.next(at("2026-01-10T23:00:00Z")), at("2026-01-12T08:00:00Z"));
    assert_eq!(work.next(at("2026-01-12T08:00:00Z")), at("2026-01-12T08:00:00Z"));
    assert_eq!(work.next(at("2026-01-12T16:00:00Z")), at("2026-01-13T08:00:00Z"));
}

#[test]
fn hours_keep_their_clock_time_when_clocks_change() {
    let work = hours("Europe/Zurich", &[1], 9 * 60, 17 * 60);
    assert_eq!(work.next(at("2026-03-24T00:00:00Z")), at("2026-03-30T07:00:00Z"));
    assert_eq!(work.next(at("2026-10-20T00:00:00Z")), at("2026-10-26T08:00:00Z"));
}

#[test]
fn nights_belong_to_the_day_on_which_they_begin() {
    let friday_night = hours("UTC", &[5], 22 * 60, 6 * 60);
    assert!(friday_night.contains(at("2026-01-09T22:00:00Z")));
    assert!(friday_night.contains(at("2026-01-10T05:59:59Z")));
    assert!(!friday_night.contains(at("2026-01-10T06:00:00Z")));
    assert!(!friday_night.contains(at("2026-01-09T05:00:00Z")));
}

proptest! {
    #[test]
    fn the_next_instant_is_the_first_one_inside(
        minutes in 0..3 * 366 * 1_440_i64,
        days in proptest::sample::subsequence(vec![1_i8, 2, 3, 4, 5, 6, 7], 1..=7),
        from in 0..1_440_u16, length in 60..1_440_u16,
        zone in prop::sample::select(vec!["UTC", "Europe/Zurich", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu"]),
    ) {
        let hours = hours(zone, &days, from, (from + length) % 1_440);
        let at = at("2026-01-01T00:00:00Z") + SignedDuration::from_mins(minutes);
        let next = hours.next(at);
        prop_assert!(at <= next && hours.contains(next));
        // A scan by quarters of an hour finds nothing earlier.
        let mut scan = at;
        while scan < next {
            prop_assert!(!hours.contains(scan), "{scan} is inside, {next} was said");
            scan += SignedDuration::from_mins(15);
        }
    }
}
