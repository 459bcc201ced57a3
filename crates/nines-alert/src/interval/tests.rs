use proptest::prelude::*;

use super::*;

fn always() -> TimeInterval {
    TimeInterval {
        times: Vec::new(),
        weekdays: Vec::new(),
        days_of_month: Vec::new(),
        months: Vec::new(),
        years: Vec::new(),
        zone: TimeZone::UTC,
    }
}

fn minute(text: &str) -> u16 {
    let (hour, minute) = text.split_once(':').unwrap();
    hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap()
}

fn times(ranges: &[(&str, &str)]) -> TimeInterval {
    let times = ranges.iter().map(|(from, to)| (minute(from), minute(to))).collect();
    TimeInterval { times, ..always() }
}

fn days(ranges: &[(i8, i8)]) -> TimeInterval {
    TimeInterval { days_of_month: ranges.to_vec(), ..always() }
}

fn zone(name: &str, interval: TimeInterval) -> TimeInterval {
    TimeInterval { zone: TimeZone::get(name).unwrap(), ..interval }
}

/// Instants in UTC.
#[track_caller]
fn check(interval: &TimeInterval, inside: &[&str], outside: &[&str]) {
    for (instants, expected) in [(inside, true), (outside, false)] {
        for text in instants {
            let at: Timestamp = format!("{text}Z").parse().unwrap();
            assert_eq!(interval.contains(at), expected, "{text}");
        }
    }
}

#[test]
fn fields_that_say_nothing_do_not_restrict() {
    check(&always(), &["2026-11-25T00:00", "1999-01-01T23:59:59"], &[]);
}

#[test]
fn a_time_of_day_ends_before_its_end_and_may_end_with_the_day() {
    let office = times(&[("09:00", "17:00")]);
    check(
        &office,
        &["2026-11-25T09:00", "2026-11-25T16:59:59.999"],
        &["2026-11-25T08:59:59", "2026-11-25T17:00"],
    );
    check(&times(&[("23:00", "24:00")]), &["2026-11-25T23:59:59"], &["2026-11-26T00:00"]);
}

#[test]
fn ranges_do_not_wrap_and_any_of_them_counts() {
    check(&times(&[("22:00", "06:00")]), &[], &["2026-11-25T23:00", "2026-11-25T05:00"]);
    let night = times(&[("22:00", "24:00"), ("00:00", "06:00")]);
    check(&night, &["2026-11-25T23:00", "2026-11-25T05:00"], &["2026-11-25T06:00"]);
}

#[test]
fn weekdays_begin_with_sunday_and_include_both_ends() {
    let work = TimeInterval { weekdays: vec![(1, 5)], ..always() };
    // 2026-11-22 is a Sunday.
    check(
        &work,
        &["2026-11-23T00:00", "2026-11-27T23:59"],
        &["2026-11-22T12:00", "2026-11-28T12:00"],
    );
    let weekend = TimeInterval { weekdays: vec![(0, 0), (6, 6)], ..always() };
    check(&weekend, &["2026-11-22T12:00", "2026-11-28T12:00"], &["2026-11-23T00:00"]);
}

#[test]
fn negative_days_count_from_the_end_of_the_month() {
    check(
        &days(&[(-3, -1)]),
        &["2026-02-26T00:00", "2026-02-28T00:00", "2028-02-29T00:00", "2026-12-31T00:00"],
        &["2026-02-25T00:00", "2028-02-26T00:00", "2026-12-28T00:00"],
    );
    check(&days(&[(1, -1)]), &["2026-02-01T00:00", "2026-02-28T00:00"], &[]);
}

#[test]
fn days_are_clamped_to_the_month_but_a_range_after_its_end_never_holds() {
    check(&days(&[(25, 31)]), &["2026-02-28T00:00", "2026-02-25T00:00"], &["2026-03-01T00:00"]);
    check(&days(&[(30, 31)]), &["2026-03-30T00:00"], &["2026-02-28T00:00"]);
    // The 31st last day of February is before it begins.
    check(&days(&[(-31, 2)]), &["2026-02-01T00:00", "2026-02-02T00:00"], &["2026-02-03T00:00"]);
    check(&days(&[(-31, -29)]), &["2026-03-01T00:00"], &["2026-02-01T00:00"]);
}

#[test]
fn months_and_years_include_both_ends_and_all_fields_must_hold() {
    let summer = TimeInterval { months: vec![(6, 8)], years: vec![(2025, 2026)], ..always() };
    check(
        &summer,
        &["2025-06-01T00:00", "2026-08-31T23:59"],
        &["2024-07-01T00:00", "2027-07-01T00:00", "2026-09-01T00:00", "2026-05-31T00:00"],
    );
}

#[test]
fn clock_times_are_meant_in_the_zone() {
    let berlin = zone("Europe/Berlin", times(&[("09:00", "17:00")]));
    check(&berlin, &["2026-01-15T08:00", "2026-07-15T07:00"], &["2026-01-15T07:59"]);
    // The clock shows 02:30 twice on this day, and never on that one.
    let fold = zone("Europe/Berlin", times(&[("02:30", "03:00")]));
    check(&fold, &["2026-10-25T00:30", "2026-10-25T01:30"], &["2026-10-25T02:30"]);
    check(&fold, &[], &["2026-03-29T00:59:59", "2026-03-29T01:00", "2026-03-29T01:30"]);
    // The date is that of the zone.
    check(&zone("Pacific/Auckland", days(&[(1, 1)])), &["2026-06-30T12:00"], &["2026-06-30T11:59"]);
    // Offsets are not whole hours everywhere.
    let kathmandu = zone("Asia/Kathmandu", times(&[("00:00", "01:00")]));
    check(&kathmandu, &["2026-06-30T18:15", "2026-06-30T19:14"], &["2026-06-30T19:15"]);
}

proptest! {
    /// A range of days holds what walking through the month finds.
    #[test]
    fn days_of_month_are_those_that_a_walk_finds(
        begin in prop_oneof![-31_i8..=-1, 1_i8..=31],
        end in prop_oneof![-31_i8..=-1, 1_i8..=31],
        year in 1970_i16..2100, month in 1_i8..=12, day in 1_i8..=28,
    ) {
        let at = DateTime::new(year, month, day, 12, 0, 0, 0).unwrap();
        let last = at.date().days_in_month();
        let number = |bound: i8| if bound < 0 { i32::from(last) + 1 + i32::from(bound) } else { bound.into() };
        let walked = (1..=i32::from(last)).filter(|it| number(begin) <= *it && *it <= number(end));
        let expected = walked.into_iter().any(|it| it == i32::from(day));
        let at = TimeZone::UTC.to_timestamp(at).unwrap();
        prop_assert_eq!(days(&[(begin, end)]).contains(at), expected);
    }
}
