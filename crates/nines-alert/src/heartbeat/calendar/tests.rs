use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// The first recurrences after an instant.
#[track_caller]
fn check(calendar: &Calendar, after: &str, name: &str, count: usize, expect: &Expect) {
    let (mut now, zone, mut out) = (at(after), zone(name), String::new());
    for _ in 0..count {
        let Some(next) = calendar.next(now, &zone) else {
            out.push_str("never\n");
            break;
        };
        let local = next.to_zoned_datetime(zone.clone());
        out.push_str(&format!("{}\n", local.strftime("%a %Y-%m-%d %H:%M:%S")));
        now = next;
    }
    expect.assert_eq(&out);
}

fn cron(text: &str) -> Calendar {
    Calendar::cron(text).unwrap()
}

fn event(text: &str) -> Calendar {
    Calendar::on_calendar(text).unwrap()
}

#[test]
fn cron_counts_working_hours() {
    check(
        &cron("*/30 9-10 * * MON-FRI"),
        "2026-11-27T10:00:00Z",
        "UTC",
        3,
        &expect![[r#"
            Fri 2026-11-27 10:30:00
            Mon 2026-11-30 09:00:00
            Mon 2026-11-30 09:30:00
        "#]],
    );
}

#[test]
fn cron_takes_either_restriction_of_the_day_and_both_with_a_star() {
    check(
        &cron("0 0 13 * 5"),
        "2026-11-01T00:00:00Z",
        "UTC",
        3,
        &expect![[r#"
            Fri 2026-11-06 00:00:00
            Fri 2026-11-13 00:00:00
            Fri 2026-11-20 00:00:00
        "#]],
    );
    check(
        &cron("0 0 * * 7"),
        "2026-11-01T00:00:00Z",
        "UTC",
        1,
        &expect![["Sun 2026-11-08 00:00:00\n"]],
    );
}

#[test]
fn cron_knows_the_last_day_and_the_third_friday() {
    check(
        &cron("0 6 L * *"),
        "2026-01-31T12:00:00Z",
        "UTC",
        2,
        &expect![["Sat 2026-02-28 06:00:00\nTue 2026-03-31 06:00:00\n"]],
    );
    check(
        &cron("0 6 * * FRI#3"),
        "2026-11-01T00:00:00Z",
        "UTC",
        2,
        &expect![["Fri 2026-11-20 06:00:00\nFri 2026-12-18 06:00:00\n"]],
    );
    check(
        &cron("0 6 * * 1L"),
        "2026-11-01T00:00:00Z",
        "UTC",
        1,
        &expect![["Mon 2026-11-30 06:00:00\n"]],
    );
}

#[test]
fn leap_days_come_and_some_days_never() {
    let expected = expect![["Tue 2028-02-29 00:00:00\nSun 2032-02-29 00:00:00\n"]];
    check(&cron("0 0 29 2 *"), "2026-11-01T00:00:00Z", "UTC", 2, &expected);
    check(&cron("0 0 31 2 *"), "2026-11-01T00:00:00Z", "UTC", 1, &expect![["never\n"]]);
}

#[test]
fn what_a_change_of_clocks_skips_happens_at_the_change() {
    check(
        &cron("30 2 * * *"),
        "2026-03-28T12:00:00Z",
        "Europe/Warsaw",
        2,
        &expect![["Sun 2026-03-29 03:00:00\nMon 2026-03-30 02:30:00\n"]],
    );
}

#[test]
fn what_a_change_of_clocks_repeats_happens_once() {
    let calendar = cron("30 2 * * *");
    let warsaw = zone("Europe/Warsaw");
    let first = calendar.next(at("2026-10-24T12:00:00Z"), &warsaw).unwrap();
    assert_eq!(first, at("2026-10-25T00:30:00Z"));
    assert_eq!(calendar.next(first, &warsaw).unwrap(), at("2026-10-26T01:30:00Z"));
}

#[test]
fn systemd_wants_both_restrictions() {
    check(
        &event("Fri *-*-13 18:30"),
        "2026-11-01T00:00:00Z",
        "UTC",
        2,
        &expect![["Fri 2026-11-13 18:30:00\nFri 2027-08-13 18:30:00\n"]],
    );
    check(
        &event("Sat..Mon 22:00/30"),
        "2026-11-27T00:00:00Z",
        "UTC",
        3,
        &expect![[r#"
            Sat 2026-11-28 22:00:00
            Sat 2026-11-28 22:30:00
            Sun 2026-11-29 22:00:00
        "#]],
    );
    check(
        &event("2027..2028-02~1"),
        "2026-11-01T00:00:00Z",
        "UTC",
        3,
        &expect![["Sun 2027-02-28 00:00:00\nTue 2028-02-29 00:00:00\nnever\n"]],
    );
    check(
        &event("quarterly"),
        "2026-11-01T00:00:00Z",
        "UTC",
        1,
        &expect![["Fri 2027-01-01 00:00:00\n"]],
    );
}

#[test]
fn a_wrong_field_is_named_with_what_it_may_be() {
    let refused = |it: Result<Calendar, CalendarError>| it.unwrap_err().to_string();
    let refusals = [
        refused(Calendar::cron("0 25 * * *")),
        refused(Calendar::cron("0 0 * *")),
        refused(Calendar::cron("0 0 * * FRI#6")),
        refused(Calendar::cron("5-1 0 * * *")),
        refused(Calendar::on_calendar("Frx 10:00")),
        refused(Calendar::on_calendar("*-13-01")),
        refused(Calendar::on_calendar("10:00 Europe/Warsaw")),
    ];
    expect![[r#"
        `25` is no hour: 0 to 23, `*`, `a-b`, `a,b`, `*/n`
        cron has five fields (minute, hour, day, month, day of the week), and this has 4
        `FRI#6` is no day of the week: 0 to 7, `*`, `a-b`, `a,b`, `*/n`
        `5-1` is no minute: 0 to 59, `*`, `a-b`, `a,b`, `*/n`
        `Frx` is no day of the week: Mon, Tue, … Sun
        `13` is no month: 1 to 12, `*`, `a..b`, `a,b`, `a/n`
        `Europe/Warsaw` comes after the time; the zone has a field of its own"#]]
    .assert_eq(&refusals.join("\n"));
}

proptest! {
    #[test]
    fn the_next_is_later_and_nothing_lies_between(
        minute in 0_u8..60, hour in 0_u8..24, every in 1_u8..20, start in 1_750_000_000_i64..1_850_000_000,
    ) {
        let zone = zone("America/Havana");
        let calendar = cron(&format!("{minute} {hour} */{every} * *"));
        let now = Timestamp::from_second(start).unwrap();
        let next = calendar.next(now, &zone).unwrap();
        prop_assert!(now < next);
        // Asked again from anywhere before it, the answer is the same.
        let middle = now + SignedDuration::from_secs((next.as_second() - start) / 2);
        prop_assert_eq!(calendar.next(middle, &zone).unwrap(), next);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[0-9*/,.:~A-Za-z# -]{0,24}") {
        let now = at("2026-11-01T00:00:00Z");
        for calendar in [Calendar::cron(&text), Calendar::on_calendar(&text)].into_iter().flatten() {
            calendar.next(now, &TimeZone::UTC);
        }
    }
}
