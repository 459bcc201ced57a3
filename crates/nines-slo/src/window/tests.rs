use expect_test::{Expect, expect};

use super::*;
use crate::testing::{at, days};

mod zones;

fn calendar(period: Period, zone: &str) -> Window {
    Window::Calendar(Calendar { period, zone: TimeZone::get(zone).unwrap() })
}

/// The bounds of windows at instants, in the zone, and their lengths in hours.
fn check(period: Period, zone: &str, instants: &[&str], expect: &Expect) {
    let tz = TimeZone::get(zone).unwrap();
    let line = |it: &&str| {
        let bounds = calendar(period, zone).bounds(it.parse().unwrap());
        let civil = |it: Timestamp| tz.to_datetime(it).strftime("%F %R").to_string();
        let (from, to) = (civil(bounds.from), civil(bounds.to));
        format!("{from} to {to}, {}\n", format_duration(bounds.length()))
    };
    expect.assert_eq(&instants.iter().map(line).collect::<String>());
}

/// Evidence: OpenSLO#267: a month is not 30 days.
#[test]
fn a_month_with_a_change_of_clocks_has_an_hour_less_or_more() {
    check(
        Period::Month,
        "Europe/Warsaw",
        &["2026-03-10T00:00:00Z", "2026-10-31T22:59:59Z", "2026-02-01T00:00:00Z"],
        &expect![[r#"
            2026-03-01 00:00 to 2026-04-01 00:00, 30d23h
            2026-10-01 00:00 to 2026-11-01 00:00, 31d1h
            2026-02-01 00:00 to 2026-03-01 00:00, 28d
        "#]],
    );
}

#[test]
fn the_instant_of_a_boundary_belongs_to_the_window_that_ends() {
    let june = calendar(Period::Month, "UTC");
    let midnight: Timestamp = "2026-07-01T00:00:00Z".parse().unwrap();
    let moment = SignedDuration::from_nanos(1);
    assert_eq!(june.bounds(midnight).to, midnight);
    assert_eq!(june.bounds(midnight + moment).from, midnight);
    assert_eq!(june.bounds(midnight - moment), june.bounds(midnight));
}

#[test]
fn weeks_quarters_and_years_begin_where_they_are_written_to_begin() {
    let noon = &["2028-02-29T12:00:00Z"]; // a Tuesday
    check(
        Period::Week { starts: Weekday::Monday },
        "America/New_York",
        noon,
        &expect![[r#"
            2028-02-28 00:00 to 2028-03-06 00:00, 7d
        "#]],
    );
    check(
        Period::Week { starts: Weekday::Wednesday },
        "UTC",
        noon,
        &expect![[r#"
            2028-02-23 00:00 to 2028-03-01 00:00, 7d
        "#]],
    );
    check(
        Period::Quarter,
        "Australia/Lord_Howe",
        &["2028-02-29T12:00:00Z", "2028-12-31T12:00:00Z"],
        &expect![[r#"
            2028-01-01 00:00 to 2028-04-01 00:00, 91d
            2028-10-01 00:00 to 2029-01-01 00:00, 91d23h30m
        "#]],
    );
    check(
        Period::Year,
        "Asia/Kolkata",
        noon,
        &expect![[r#"
            2028-01-01 00:00 to 2029-01-01 00:00, 366d
        "#]],
    );
}

#[test]
fn every_so_many_days_go_on_before_the_first_too() {
    let from: Date = "2026-06-01".parse().unwrap();
    check(
        Period::Every { days: 14, from },
        "UTC",
        &[
            "2026-06-01T00:00:01Z",
            "2026-06-01T00:00:00Z",
            "2026-06-15T00:00:00Z",
            "2026-01-01T12:00:00Z",
        ],
        &expect![[r#"
            2026-06-01 00:00 to 2026-06-15 00:00, 14d
            2026-05-18 00:00 to 2026-06-01 00:00, 14d
            2026-06-01 00:00 to 2026-06-15 00:00, 14d
            2025-12-29 00:00 to 2026-01-12 00:00, 14d
        "#]],
    );
}

#[test]
fn midnights_that_are_missing_or_doubled_begin_a_day_once() {
    check(
        Period::Day,
        "America/Havana",
        // From 0:00 to 1:00 in March, from 1:00 back to 0:00 in November.
        &[
            "2024-03-10T12:00:00Z",
            "2024-03-10T05:00:00Z",
            "2024-11-03T04:30:00Z",
            "2024-11-03T05:30:00Z",
        ],
        &expect![[r#"
            2024-03-10 01:00 to 2024-03-11 00:00, 23h
            2024-03-09 00:00 to 2024-03-10 01:00, 1d
            2024-11-03 00:00 to 2024-11-04 00:00, 1d1h
            2024-11-03 00:00 to 2024-11-04 00:00, 1d1h
        "#]],
    );
    // The clock went from 0:01 back to 23:01: the second 23:30 lies after the day's end.
    check(
        Period::Day,
        "America/St_Johns",
        &["2010-11-07T02:30:00Z", "2010-11-07T03:00:00Z"],
        &expect![[r#"
            2010-11-06 00:00 to 2010-11-07 00:00, 1d
            2010-11-07 00:00 to 2010-11-08 00:00, 1d1h
        "#]],
    );
    // The 30th of December 2011 was left out.
    check(
        Period::Day,
        "Pacific/Apia",
        &["2011-12-30T10:00:00Z", "2011-12-30T10:00:01Z"],
        &expect![[r#"
            2011-12-29 00:00 to 2011-12-31 00:00, 1d
            2011-12-31 00:00 to 2012-01-01 00:00, 1d
        "#]],
    );
}

#[test]
fn a_rolling_window_ends_now() {
    let window = Window::Rolling(days(28));
    let now = at(100 * crate::testing::DAY_MS);
    assert_eq!(window.bounds(now), Bounds { from: now - days(28), to: now });
    let ever = Window::Rolling(SignedDuration::MAX).bounds(now);
    assert_eq!(ever, Bounds { from: Timestamp::MIN, to: now });
    assert_eq!(Window::Rolling(SignedDuration::MIN).bounds(now), Bounds { from: now, to: now });
}

#[test]
fn the_ends_of_time_are_in_some_window() {
    let from: Date = "2026-06-01".parse().unwrap();
    let starts = Weekday::Monday;
    let periods =
        [Period::Day, Period::Week { starts }, Period::Month, Period::Quarter, Period::Year];
    for period in periods.into_iter().chain([Period::Every { days: 400, from }]) {
        for zone in ["UTC", "Pacific/Kiritimati", "Pacific/Niue"] {
            for now in [Timestamp::MIN, Timestamp::MAX] {
                let bounds = calendar(period, zone).bounds(now);
                assert!(
                    bounds.from <= now && now <= bounds.to,
                    "{period:?} {zone} {now}: {bounds:?}"
                );
            }
        }
    }
}
