use expect_test::{Expect, expect};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::rota::{self, Change, Command, Entry, What};
use crate::{Duty, Person, Roster, Schedule};

fn at(text: &str) -> Timestamp {
    format!("{text}Z").parse().unwrap()
}

fn roster(names: &[&str]) -> Roster {
    let start = "2026-10-19T09:00".parse().unwrap();
    let zone = TimeZone::get("Europe/Zurich").unwrap();
    let shop = Schedule::weekly("shop", zone, start, 1, names);
    let person = |name: &&str| Person {
        name: (*name).to_owned(),
        display_name: format!(
            "{name}, Ünïcode; Œuvre\\with a rather long name of more than one line 日本語"
        ),
        ..Person::default()
    };
    Roster {
        people: names.iter().map(|it| ((*it).to_owned(), person(it))).collect(),
        schedules: [("shop".to_owned(), shop)].into(),
        ..Roster::default()
    }
}

fn uids(text: &str) -> Vec<&str> {
    text.lines().filter(|it| it.starts_with("UID:")).collect()
}

#[test]
fn a_calendar_of_shifts() {
    let (roster, rota) = (roster(&["ana"]), rota::State::default());
    let mut roster = roster;
    roster.people.get_mut("ana").unwrap().display_name = "Ana".to_owned();
    let duty = Duty { roster: &roster, rota: &rota };
    let subject = Subject::Person("ana".to_owned());
    let text = write(duty, &subject, "nines.example.org", at("2026-10-20T12:00:00"));
    let first: Vec<&str> = text.lines().take(32).collect();
    expect![[r#"
        BEGIN:VCALENDAR
        VERSION:2.0
        PRODID:-//nines//on-call//EN
        CALSCALE:GREGORIAN
        METHOD:PUBLISH
        NAME:On call: Ana
        X-WR-CALNAME:On call: Ana
        REFRESH-INTERVAL;VALUE=DURATION:PT15M
        X-PUBLISHED-TTL:PT15M
        BEGIN:VEVENT
        UID:shop-ana-20261019T070000Z@nines.example.org
        DTSTAMP:20261020T120000Z
        DTSTART:20261019T070000Z
        DTEND:20261026T080000Z
        SUMMARY:shop: Ana
        STATUS:CONFIRMED
        TRANSP:TRANSPARENT
        END:VEVENT
        BEGIN:VEVENT
        UID:shop-ana-20261026T080000Z@nines.example.org
        DTSTAMP:20261020T120000Z
        DTSTART:20261026T080000Z
        DTEND:20261102T080000Z
        SUMMARY:shop: Ana
        STATUS:CONFIRMED
        TRANSP:TRANSPARENT
        BEGIN:VALARM
        ACTION:DISPLAY
        DESCRIPTION:On call for shop
        TRIGGER:-P1D
        END:VALARM
        BEGIN:VALARM"#]]
    .assert_eq(&first.join("\n"));
}

#[test]
fn no_line_is_longer_than_75_octets_and_none_breaks_a_character() {
    let (roster, rota) = (roster(&["ana", "ben"]), rota::State::default());
    let duty = Duty { roster: &roster, rota: &rota };
    let subject = Subject::Schedule("shop".to_owned());
    let text = write(duty, &subject, "nines.example.org", at("2026-10-20T12:00:00"));
    assert!(text.split("\r\n").all(|it| it.len() <= 75), "{text}");
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
    let zone = TimeZone::UTC;
    let reading = read(&text, &zone, at("2026-10-01T00:00:00"), at("2027-01-01T00:00:00")).unwrap();
    assert_eq!(reading.problems, Vec::<String>::new());
    assert!(reading.occurrences[0].summary.contains("日本語"), "{:?}", reading.occurrences[0]);
}

#[test]
fn an_id_stays_while_a_shift_is_cut_or_grows_and_while_time_passes() {
    let roster = roster(&["ana", "ben"]);
    let mut rota = rota::State::default();
    let subject = Subject::Schedule("shop".to_owned());
    let now = at("2026-10-20T12:00:00");
    let before = write(Duty { roster: &roster, rota: &rota }, &subject, "h", now);
    let later =
        write(Duty { roster: &roster, rota: &rota }, &subject, "h", at("2026-10-27T00:00:00"));
    assert_eq!(uids(&before)[..5], uids(&later)[..5]);
    let change = Change::Replace { whom: "ana".to_owned(), with: "ben".to_owned() };
    let what = What::Override { schedule: "shop".to_owned(), change, swap: None };
    let (from, until) = (at("2026-10-22T00:00:00"), at("2026-10-26T08:00:00"));
    let entry = Entry { what, from, until, by: "ben".to_owned(), reason: String::new() };
    for fact in rota::decide(&rota, Command::Enter(entry), &roster, now).unwrap() {
        rota::evolve(&mut rota, &fact, now);
    }
    let after = write(Duty { roster: &roster, rota: &rota }, &subject, "h", now);
    assert!(uids(&before).iter().all(|it| uids(&after).contains(it)));
    assert_eq!(uids(&after).len(), uids(&before).len() + 1);
    let mut each = uids(&after);
    each.sort_unstable();
    each.dedup();
    assert_eq!(each.len(), uids(&after).len());
}

fn calendar(events: &str) -> String {
    let text = format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{events}\nEND:VCALENDAR\n");
    text.lines().map(str::trim).collect::<Vec<_>>().join("\r\n") + "\r\n"
}

#[track_caller]
fn check(events: &str, expect: &Expect) {
    let zone = TimeZone::get("Europe/Zurich").unwrap();
    let (from, until) = (at("2026-01-01T00:00:00"), at("2027-01-01T00:00:00"));
    let reading = read(&calendar(events), &zone, from, until).unwrap();
    let mut out = String::new();
    for it in &reading.occurrences {
        let days = if it.is_all_day { " all day" } else { "" };
        out += &format!("{} {} {}{days}\n", it.range.from, it.range.until, it.summary);
    }
    for it in &reading.problems {
        out += &format!("! {it}\n");
    }
    expect.assert_eq(&out);
}

#[test]
fn whole_days_are_days_of_the_zone_that_asks() {
    check(
        "BEGIN:VEVENT
         UID:1
         DTSTART;VALUE=DATE:20260328
         DTEND;VALUE=DATE:20260330
         SUMMARY:Ana\\, away
         END:VEVENT
         BEGIN:VEVENT
         UID:2
         DTSTART;VALUE=DATE:20261225
         SUMMARY:Christmas
         END:VEVENT",
        &expect![[r#"
            2026-03-27T23:00:00Z 2026-03-29T22:00:00Z Ana, away all day
            2026-12-24T23:00:00Z 2026-12-25T23:00:00Z Christmas all day
        "#]],
    );
}

#[test]
fn recurrences_keep_their_wall_time_and_leave_out_exceptions() {
    check(
        "BEGIN:VEVENT
         UID:1
         DTSTART;TZID=Europe/Zurich:20261019T090000
         DTEND;TZID=Europe/Zurich:20261019T170000
         RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20261116T080000Z
         EXDATE;TZID=Europe/Zurich:20261102T090000
         RDATE;TZID=Europe/Zurich:20261021T090000
         SUMMARY:ana
         END:VEVENT
         BEGIN:VEVENT
         UID:1
         RECURRENCE-ID;TZID=Europe/Zurich:20261109T090000
         DTSTART;TZID=Europe/Zurich:20261110T100000
         DTEND;TZID=Europe/Zurich:20261110T110000
         SUMMARY:ben instead
         END:VEVENT",
        &expect![[r#"
            2026-10-19T07:00:00Z 2026-10-19T15:00:00Z ana
            2026-10-21T07:00:00Z 2026-10-21T15:00:00Z ana
            2026-10-26T08:00:00Z 2026-10-26T16:00:00Z ana
            2026-11-10T09:00:00Z 2026-11-10T10:00:00Z ben instead
            2026-11-16T08:00:00Z 2026-11-16T16:00:00Z ana
        "#]],
    );
}

#[test]
fn a_zone_that_only_the_calendar_describes_is_read() {
    check(
        "BEGIN:VTIMEZONE
         TZID:W. Europe Standard Time
         BEGIN:STANDARD
         DTSTART:16010101T030000
         TZOFFSETFROM:+0200
         TZOFFSETTO:+0100
         RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
         END:STANDARD
         BEGIN:DAYLIGHT
         DTSTART:16010101T020000
         TZOFFSETFROM:+0100
         TZOFFSETTO:+0200
         RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
         END:DAYLIGHT
         END:VTIMEZONE
         BEGIN:VEVENT
         UID:1
         DTSTART;TZID=W. Europe Standard Time:20261023T090000
         DURATION:PT1H
         RRULE:FREQ=DAILY;COUNT=4
         SUMMARY:ana
         END:VEVENT",
        &expect![[r#"
            2026-10-23T07:00:00Z 2026-10-23T08:00:00Z ana
            2026-10-24T07:00:00Z 2026-10-24T08:00:00Z ana
            2026-10-25T08:00:00Z 2026-10-25T09:00:00Z ana
            2026-10-26T08:00:00Z 2026-10-26T09:00:00Z ana
        "#]],
    );
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_read() {
    check(
        "BEGIN:VEVENT
         UID:1
         DTSTART:yesterday
         SUMMARY:one
         END:VEVENT
         BEGIN:VEVENT
         UID:2
         DTSTART:20260601T000000Z
         RRULE:FREQ=SOMETIMES
         SUMMARY:two
         END:VEVENT
         BEGIN:VEVENT
         UID:3
         DTSTART:20260601T000000Z
         DTEND:20260602T000000Z
         STATUS:CANCELLED
         SUMMARY:three
         END:VEVENT
         BEGIN:VEVENT
         UID:4
         DTSTART;TZID=Mars/Olympus:20260601T000000
         SUMMARY:four
         END:VEVENT
         BEGIN:VEVENT
         UID:5
         DTSTART:20260603T000000Z
         DTEND:20260604T000000Z
         SUMMARY:five
         END:VEVENT",
        &expect![[r#"
            2026-06-01T00:00:00Z 2026-06-01T00:00:00Z two
            2026-06-03T00:00:00Z 2026-06-04T00:00:00Z five
            ! one: DTSTART cannot be read
            ! two: RRule parsing error: `SOMETIMES` is not a valid frequency.
            ! four: DTSTART cannot be read
        "#]],
    );
}

#[test]
fn events_are_about_whoever_takes_part_or_is_named() {
    let mut roster = roster(&["ana", "anabel"]);
    let ana = roster.people.get_mut("ana").unwrap();
    ana.display_name = "Ana Lima".to_owned();
    let channel = nines_port::Channel::Email { address: "Ana@example.org".to_owned() };
    ana.contacts = vec![crate::Contact { channel, delay: SignedDuration::ZERO }];
    let event = |uid: &str, more: &str| {
        format!(
            "BEGIN:VEVENT\nUID:{uid}\nDTSTART:20260601T000000Z\nDTEND:20260602T000000Z\n{more}\nEND:VEVENT\n"
        )
    };
    let events = [
        event("1", "SUMMARY:away\nATTENDEE;CN=Ana:mailto:ana@example.org"),
        event("2", "SUMMARY:Anabel is away"),
        event("3", "SUMMARY:Vacation (Ana Lima)"),
        event("4", "SUMMARY:banana"),
    ];
    let (from, until) = (at("2026-01-01T00:00:00"), at("2027-01-01T00:00:00"));
    let reading = read(&calendar(&events.concat()), &TimeZone::UTC, from, until).unwrap();
    let (found, problems) = away(&reading, None, &roster);
    let mut people: Vec<&str> = found.iter().map(|it| it.person.as_str()).collect();
    people.sort_unstable();
    assert_eq!(people, ["ana", "ana", "anabel"]);
    assert_eq!(problems, ["`banana` names nobody whom a file knows"]);
    let (found, problems) = away(&reading, Some("anabel"), &roster);
    assert!(found.iter().all(|it| it.person == "anabel") && found.len() == 4);
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn a_text_that_is_no_calendar_is_refused() {
    let zone = TimeZone::UTC;
    let (from, until) = (at("2026-01-01T00:00:00"), at("2027-01-01T00:00:00"));
    assert!(read("<html>", &zone, from, until).is_err());
    let long = "x".repeat(TEXT_BYTES_MAX + 1);
    assert_eq!(read(&long, &zone, from, until), Err(ReadError::TooLong));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[A-Z:;=,/+0-9TZ\\-\r\n \"]{0,300}", start in "[0-9TZ]{0,16}", rule in "[A-Z=;,0-9\\-]{0,40}") {
        let zone = TimeZone::UTC;
        let (from, until) = (at("2026-01-01T00:00:00"), at("2026-03-01T00:00:00"));
        drop(read(&text, &zone, from, until));
        let event = format!(
            "BEGIN:VEVENT\nUID:1\nDTSTART:{start}\nRRULE:{rule}\n{}\nEND:VEVENT", text.replace(['\r', '\n'], "")
        );
        drop(read(&calendar(&event), &zone, from, until));
    }

    #[test]
    fn shifts_come_back_as_they_went_out(hours in 0..24 * 200_i64) {
        let (roster, rota) = (roster(&["ana", "ben"]), rota::State::default());
        let duty = Duty { roster: &roster, rota: &rota };
        let now = at("2026-10-20T12:00:00") + SignedDuration::from_hours(hours);
        let text = write(duty, &Subject::Schedule("shop".to_owned()), "h", now);
        let (from, until) = (now - BEHIND, now + AHEAD);
        let reading = read(&text, &TimeZone::UTC, from, until).unwrap();
        let written: Vec<_> = duty.shifts("shop", from, until).into_iter().collect();
        prop_assert_eq!(reading.occurrences.len(), written.len());
        for (one, other) in reading.occurrences.iter().zip(&written) {
            prop_assert_eq!(one.range.from.max(from), other.from);
            prop_assert_eq!(one.range.until.min(until), other.until);
        }
    }
}
