use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn recurrence(rule: &str, zone: &str, minutes: i64) -> Recurrence {
    let length = SignedDuration::from_mins(minutes);
    Recurrence { rule: rule.to_owned(), zone: zone.to_owned(), length }
}

/// The first occurrences from `first` on, one after the other.
#[track_caller]
fn check(it: &Recurrence, first: &str, count: usize, expect: &Expect) {
    let first: Timestamp = first.parse().unwrap();
    let (mut now, mut out) = (first, String::new());
    for _ in 0..count {
        match it.occurrence(first, "2100-01-01T00:00Z".parse().unwrap(), now) {
            Ok((start, end)) => {
                out += &format!("{start} to {end}\n");
                now = end + SignedDuration::from_millis(1);
            }
            Err(error) => {
                out += &format!("{error}\n");
                break;
            }
        }
    }
    expect.assert_eq(&out);
}

#[test]
fn the_clock_of_the_zone_counts() {
    // Sundays at two in the night: at another instant in summer, and after the gap on the day when it is not two.
    check(
        &recurrence("FREQ=WEEKLY;BYDAY=SU", "Europe/Berlin", 60),
        "2026-03-22T01:00Z",
        3,
        &expect![[r#"
            2026-03-22T01:00:00Z to 2026-03-22T02:00:00Z
            2026-03-29T01:00:00Z to 2026-03-29T02:00:00Z
            2026-04-05T00:00:00Z to 2026-04-05T01:00:00Z
        "#]],
    );
    // The clock shows half past two twice: the first counts.
    check(
        &recurrence("FREQ=DAILY", "Europe/Berlin", 30),
        "2026-10-24T00:30Z",
        3,
        &expect![[r#"
            2026-10-24T00:30:00Z to 2026-10-24T01:00:00Z
            2026-10-25T00:30:00Z to 2026-10-25T01:00:00Z
            2026-10-26T01:30:00Z to 2026-10-26T02:00:00Z
        "#]],
    );
    check(
        &recurrence("FREQ=MONTHLY;BYMONTHDAY=-1", "Asia/Kathmandu", 60),
        "2026-01-31T18:15Z",
        3,
        &expect![[r#"
            2026-02-27T18:15:00Z to 2026-02-27T19:15:00Z
            2026-03-30T18:15:00Z to 2026-03-30T19:15:00Z
            2026-04-29T18:15:00Z to 2026-04-29T19:15:00Z
        "#]],
    );
}

#[test]
fn a_rule_ends_by_count_or_by_until_in_any_writing() {
    for rule in [
        "FREQ=DAILY;COUNT=2",
        "FREQ=DAILY;UNTIL=20260603",
        "FREQ=DAILY;UNTIL=20260603T020000",
        "FREQ=DAILY;UNTIL=20260603T000000Z",
    ] {
        check(
            &recurrence(rule, "Europe/Berlin", 60),
            "2026-06-02T00:00Z",
            2,
            &expect![[r#"
            2026-06-02T00:00:00Z to 2026-06-02T01:00:00Z
            2026-06-03T00:00:00Z to 2026-06-03T01:00:00Z
        "#]],
        );
        let (first, now) = ("2026-06-02T00:00Z", "2026-06-03T01:00:00.001Z");
        let found = recurrence(rule, "Europe/Berlin", 60).occurrence(
            first.parse().unwrap(),
            Timestamp::MAX,
            now.parse().unwrap(),
        );
        assert_eq!(found, Err(RecurrenceError::Never { rule: rule.to_owned() }));
    }
}

#[test]
fn what_is_no_rule_is_refused() {
    let rules = [
        ("", "UTC", 1),
        ("FREQ=NEVER", "UTC", 1),
        ("FREQ=HOURLY", "UTC", 1),
        ("FREQ=DAILY", "Mars/Olympus", 1),
        ("FREQ=DAILY", "UTC", 0),
        ("FREQ=DAILY\nRDATE:20260101T000000Z", "UTC", 1),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "UTC", 1),
        ("FREQ=DAILY;UNTIL=soon", "UTC", 1),
    ];
    let now = Timestamp::UNIX_EPOCH;
    let mut out = String::new();
    for (rule, zone, minutes) in rules {
        let result = recurrence(rule, zone, minutes).occurrence(now, Timestamp::MAX, now);
        out += &format!("{}\n", result.unwrap_err());
    }
    expect![[r#"
        `` is not a recurrence rule: RRule parsing error: The property `FREQ` wasn't found, and it is required.
        `FREQ=NEVER` is not a recurrence rule: RRule parsing error: `NEVER` is not a valid frequency.
        a silence recurs daily or less often
        there is no time zone `Mars/Olympus`
        an occurrence must last longer than a second
        `FREQ=DAILY
        RDATE:20260101T000000Z` is not a recurrence rule: it is more than one line
        `FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30` gives no occurrence that is not over
        `FREQ=DAILY;UNTIL=soon` is not a recurrence rule: RRule parsing error: `soonT235959Z` is not a valid datetime format for `UNTIL`.
    "#]].assert_eq(&out);
}

#[test]
fn an_occurrence_is_cut_off_at_the_end_of_the_silence() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let daily = recurrence("FREQ=DAILY", "UTC", 120);
    let (first, last) = (at("2026-06-01T23:00Z"), at("2026-06-02T23:30Z"));
    let found = daily.occurrence(first, last, at("2026-06-02T12:00Z"));
    assert_eq!(found, Ok((at("2026-06-02T23:00Z"), last)));
    daily.occurrence(first, last, last + SignedDuration::from_secs(1)).unwrap_err();
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(rule in "(FREQ=(DAILY|YEARLY|WEEKLY|SECONDLY)|UNTIL=[0-9TZ]{0,16}|BYDAY=[-+0-9A-Z,]{0,9}|COUNT=[0-9]{0,5}|;|.){0,6}", zone in "(UTC|Europe/Berlin|.*)") {
        let now = Timestamp::UNIX_EPOCH;
        drop(recurrence(&rule, &zone, 60).occurrence(now, now + SignedDuration::from_hours(1000), now));
    }

    #[test]
    fn an_occurrence_is_never_over(now in 0..400_000_000_i64, length in 1..5000_i64) {
        let now = Timestamp::from_second(now).unwrap();
        let it = recurrence("FREQ=MONTHLY;BYDAY=2TU", "America/Havana", length);
        let (start, end) = it.occurrence(Timestamp::UNIX_EPOCH, Timestamp::MAX, now).unwrap();
        prop_assert!(now <= end && start < end);
    }
}
