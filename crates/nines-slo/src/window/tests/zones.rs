//! Every zone over twenty years, against a second library with time-zone data of its own.

use jiff::tz::db;
use tz::DateTime;
use tz::timezone::TimeZoneRef;

use super::*;

const YEARS: std::ops::Range<i16> = 2006..2026;

/// Midnight by the other library: it reports a gap as its end, and the first of two first.
fn midnight(zone: TimeZoneRef<'_>, day: Date) -> Timestamp {
    let field = |it: i8| it.unsigned_abs();
    let (month, day_of_month) = (field(day.month()), field(day.day()));
    let found = DateTime::find(i32::from(day.year()), month, day_of_month, 0, 0, 0, 0, zone);
    let first = found.unwrap().earliest().unwrap();
    Timestamp::from_second(first.unix_time()).unwrap()
}

/// The window from one day's midnight to another's, seen from its last instant and from its first.
fn check(window: &Window, zone: TimeZoneRef<'_>, first: Date, next: Date) {
    let bounds = Bounds { from: midnight(zone, first), to: midnight(zone, next) };
    if bounds.from < bounds.to {
        assert_eq!(window.bounds(bounds.to), bounds, "{window:?} to {next}");
        let just_after = bounds.from + SignedDuration::from_nanos(1);
        assert_eq!(window.bounds(just_after), bounds, "{window:?} from {first}");
    }
}

/// Every zone that both know, with its name for the one and its data for the other.
fn zones() -> impl Iterator<Item = (TimeZone, TimeZoneRef<'static>)> {
    db().available().filter_map(|name| {
        let other = tzdb_data::find_tz(name.as_str().as_bytes())?;
        Some((TimeZone::get(name.as_str()).unwrap(), *other))
    })
}

fn window(period: Period, zone: &TimeZone) -> Window {
    Window::Calendar(Calendar { period, zone: zone.clone() })
}

#[test]
fn months_quarters_and_years_of_every_zone_are_those_of_another_library() {
    let mut count = 0;
    for (zone, other) in zones() {
        count += 1;
        for year in YEARS {
            let first = Date::new(year, 1, 1).unwrap();
            check(&window(Period::Year, &zone), other, first, first + 1.year());
            for month in 0..12 {
                let first = first + i64::from(month).months();
                check(&window(Period::Month, &zone), other, first, first + 1.month());
                if month % 3 == 0 {
                    check(&window(Period::Quarter, &zone), other, first, first + 3.months());
                }
            }
        }
    }
    // Neither library may be without its data.
    assert!(550 < count, "{count} zones");
}

#[test]
fn days_and_weeks_around_every_change_of_clocks_are_those_of_another_library() {
    let mut count = 0;
    for (zone, other) in zones() {
        let start = Date::new(YEARS.start, 1, 1).unwrap();
        let start = local_instant(&zone, start.at(0, 0, 0, 0));
        let changes = zone.following(start).map(|it| zone.to_datetime(it.timestamp()).date());
        for day in changes.take_while(|it| it.year() < YEARS.end) {
            count += 1;
            for near in -1..=1_i64 {
                let first = day + near.days();
                check(&window(Period::Day, &zone), other, first, first + 1.day());
                let week = Period::Week { starts: first.weekday() };
                check(&window(week, &zone), other, first, first + 7.days());
                let fortnight = Period::Every { days: 14, from: day };
                let first = day + (14 * near).days();
                check(&window(fortnight, &zone), other, first, first + 14.days());
            }
        }
    }
    assert!(9_000 < count, "{count} changes");
}
