use expect_test::expect;

use super::*;

#[test]
fn a_missing_time_is_the_first_after_the_gap_and_a_doubled_one_is_the_first() {
    let cases = [
        ("Europe/Warsaw", "2026-03-29T02:30:00"), // the clock goes from 2 to 3
        ("Europe/Warsaw", "2026-10-25T02:30:00"), // and from 3 back to 2
        ("Australia/Lord_Howe", "2026-10-04T02:15:00"), // half an hour
        ("America/Havana", "2024-03-10T00:00:00"), // at midnight
        ("America/Havana", "2024-11-03T00:00:00"),
        ("Pacific/Apia", "2011-12-30T12:00:00"), // a day that never was
        ("UTC", "2026-01-01T00:00:00"),
    ];
    let line = |(zone, at): (&str, &str)| {
        let tz = TimeZone::get(zone).unwrap();
        let instant = local_instant(&tz, at.parse().unwrap());
        format!("{zone} {at}: {}\n", instant.to_zoned_datetime(tz).strftime("%F %T %:z"))
    };
    expect![[r#"
        Europe/Warsaw 2026-03-29T02:30:00: 2026-03-29 03:00:00 +02:00
        Europe/Warsaw 2026-10-25T02:30:00: 2026-10-25 02:30:00 +02:00
        Australia/Lord_Howe 2026-10-04T02:15:00: 2026-10-04 02:30:00 +11:00
        America/Havana 2024-03-10T00:00:00: 2024-03-10 01:00:00 -04:00
        America/Havana 2024-11-03T00:00:00: 2024-11-03 00:00:00 -04:00
        Pacific/Apia 2011-12-30T12:00:00: 2011-12-31 00:00:00 +14:00
        UTC 2026-01-01T00:00:00: 2026-01-01 00:00:00 +00:00
    "#]]
    .assert_eq(&cases.map(line).concat());
}

#[test]
fn times_that_cannot_be_written_down_are_the_nearest_that_can() {
    let zone = TimeZone::get("Pacific/Kiritimati").unwrap();
    assert_eq!(local_instant(&zone, DateTime::MIN), Timestamp::MIN);
    assert_eq!(
        local_instant(&TimeZone::get("Pacific/Niue").unwrap(), DateTime::MAX),
        Timestamp::MAX
    );
}
