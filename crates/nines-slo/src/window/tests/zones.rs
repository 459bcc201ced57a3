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

#[test]
fn calendar_windows_of_every_zone_are_those_of_another_library() {
    let (mut zones, mut changes) = (0, 0);
    for name in db().available() {
        let Some(other) = tzdb_data::find_tz(name.as_str().as_bytes()) else { continue };
        let other = *other;
        let zone = TimeZone::get(name.as_str()).unwrap();
        let window = |period| Window::Calendar(Calendar { period, zone: zone.clone() });
        zones += 1;
        for year in YEARS {
            let first = Date::new(year, 1, 1).unwrap();
            check(&window(Period::Year), other, first, first + 1.year());
            for month in 0..12 {
                let first = first + i64::from(month).months();
                check(&window(Period::Month), other, first, first + 1.month());
                if month % 3 == 0 {
                    check(&window(Period::Quarter), other, first, first + 3.months());
                }
            }
        }
        let start = Date::new(YEARS.start, 1, 1).unwrap();
        let start = local_instant(&zone, start.at(0, 0, 0, 0));
        for change in zone.following(start) {
            let day = zone.to_datetime(change.timestamp()).date();
            if YEARS.end <= day.year() {
                break;
            }
            changes += 1;
            for near in -1..=1 {
                let first = day + i64::from(near).days();
                check(&window(Period::Day), other, first, first + 1.day());
                let week = Period::Week { starts: first.weekday() };
                check(&window(week), other, first, first + 7.days());
                let fortnight = Period::Every { days: 14, from: day };
                let first = day + (14 * i64::from(near)).days();
                check(&window(fortnight), other, first, first + 14.days());
            }
        }
    }
    // Neither library may be without its data.
    assert!(550 < zones && 9_000 < changes, "{zones} zones, {changes} changes");
}
