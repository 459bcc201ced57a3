//! Calendars with readers that are not ours: icalendar and recurring-ical-events of PyPI, khal of Debian. They read what
//! we write, and tell what others write, to compare.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use nines_oncall::ical::{self, Subject};
use nines_oncall::rota::State;
use nines_oncall::{Duty, Person, Roster, Schedule};

/// Prints the begin and end of every occurrence of a range, and what calendars must not miss.
const PYTHON: &str = r#"
import datetime, sys
import icalendar, recurring_ical_events
path, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
calendar = icalendar.Calendar.from_ical(open(path, "rb").read())
utc = datetime.timezone.utc
between = [datetime.datetime.fromtimestamp(it, utc) for it in (first, last)]
for event in recurring_ical_events.of(calendar).between(*between):
    times = []
    for part in (event.start, event.end):
        if not isinstance(part, datetime.datetime):
            part = datetime.datetime(part.year, part.month, part.day, tzinfo=utc)
        times.append(str(int(part.timestamp())))
    print(*times, event.get("TRANSP", "-"), str(event["SUMMARY"]).replace(" ", "_"))
"#;

fn roster() -> Roster {
    let zone = TimeZone::get("Europe/Zurich").unwrap();
    let start = date(2026, 10, 5).at(9, 0, 0, 0);
    let shop = Schedule::weekly("shop", zone, start, 1, &["ana", "ben"]);
    let person = |name: &str| {
        let display_name =
            format!("{name}, Ünï; \\ a name that is long enough to be folded 日本語");
        (name.to_owned(), Person { name: name.to_owned(), display_name, ..Person::default() })
    };
    Roster {
        people: ["ana", "ben"].map(person).into(),
        schedules: [("shop".to_owned(), shop)].into(),
        ..Roster::default()
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Skips a reader by name when it is not installed and need not be.
fn is_there(program: Option<&mut Command>, name: &str) -> bool {
    let found = program.is_some_and(|it| it.output().is_ok_and(|it| it.status.success()));
    #[expect(clippy::disallowed_methods, reason = "CI says that nothing may be skipped")]
    let required = std::env::var("NINES_REQUIRE").is_ok_and(|it| it == "all");
    assert!(found || !required, "{name} is required");
    #[expect(clippy::print_stdout, reason = "a skip is told")]
    if !found {
        println!("skipped: {name} is not installed");
    }
    found
}

fn python() -> Option<PathBuf> {
    let folder = std::env::var_os("NINES_CLIENTS").map(PathBuf::from)?;
    Some(folder.join("venv/bin/python"))
}

/// What the readers of PyPI find.
fn asked_python(text: &str, from: Timestamp, until: Timestamp) -> Option<Vec<String>> {
    let python = python();
    let mut check = python.as_ref().map(Command::new);
    let check = check.as_mut().map(|it| it.args(["-c", "import icalendar, recurring_ical_events"]));
    if !is_there(check, "icalendar and recurring-ical-events (PyPI)") {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calendar.ics");
    fs::write(&path, text).unwrap();
    let mut command = Command::new(python?);
    command.args(["-c", PYTHON]).arg(&path);
    command.args([from.as_second().to_string(), until.as_second().to_string()]);
    let output = command.output().unwrap();
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problem}");
    let mut lines: Vec<String> =
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    lines.sort();
    Some(lines)
}

#[test]
fn readers_of_pypi_see_the_shifts_that_we_write() {
    let (roster, rota) = (roster(), State::default());
    let duty = Duty { roster: &roster, rota: &rota };
    let now = at("2026-10-20T12:00:00Z");
    let text = ical::write(duty, &Subject::Schedule("shop".to_owned()), "nines.example.org", now);
    let (from, until) = (at("2026-10-21T00:00:00Z"), at("2026-12-01T00:00:00Z"));
    let Some(found) = asked_python(&text, from, until) else { return };
    let shifts = duty.shifts("shop", from, until);
    assert_eq!(found.len(), shifts.len(), "{found:#?}");
    for (line, shift) in found.iter().zip(&shifts) {
        let whole = &duty.on_call("shop", shift.from)[0];
        let (begin, end) = (whole.from.as_second(), whole.until.as_second());
        let person = &roster.people[&shift.person];
        let name = format!("shop: {}", person.display_name).replace(' ', "_");
        assert_eq!(*line, format!("{begin} {end} TRANSPARENT {name}"));
    }
}

/// Recurrences, exceptions, moved occurrences, days, a zone of the calendar's own.
const FOREIGN: &str = "BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//test//EN
BEGIN:VTIMEZONE
TZID:Custom/Office
BEGIN:STANDARD
DTSTART:20201025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20200329T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:1
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Zurich:20261005T090000
DTEND;TZID=Europe/Zurich:20261005T170000
RRULE:FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20261201T000000Z
EXDATE;TZID=Europe/Zurich:20261012T090000,20261014T090000
SUMMARY:weekly
END:VEVENT
BEGIN:VEVENT
UID:1
DTSTAMP:20260101T000000Z
RECURRENCE-ID;TZID=Europe/Zurich:20261019T090000
DTSTART;TZID=Europe/Zurich:20261020T110000
DTEND;TZID=Europe/Zurich:20261020T120000
SUMMARY:moved
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20261024
DTEND;VALUE=DATE:20261027
SUMMARY:away
END:VEVENT
BEGIN:VEVENT
UID:3
DTSTAMP:20260101T000000Z
DTSTART;TZID=Custom/Office:20261001T080000
DURATION:PT2H
RRULE:FREQ=MONTHLY;BYMONTHDAY=-1
RDATE;TZID=Custom/Office:20261103T100000
SUMMARY:month
END:VEVENT
BEGIN:VEVENT
UID:4
DTSTAMP:20260101T000000Z
DTSTART:20261010T220000Z
DTEND:20261011T020000Z
RRULE:FREQ=DAILY;INTERVAL=5;COUNT=6
SUMMARY:utc
END:VEVENT
END:VCALENDAR
";

#[test]
fn what_others_write_is_read_as_readers_of_pypi_read_it() {
    let text = FOREIGN.replace('\n', "\r\n");
    let (from, until) = (at("2026-10-01T00:00:00Z"), at("2026-12-15T00:00:00Z"));
    let Some(expected) = asked_python(&text, from, until) else { return };
    let reading = ical::read(&text, &TimeZone::UTC, from, until).unwrap();
    assert_eq!(reading.problems, Vec::<String>::new());
    let line = |it: &ical::Occurrence| {
        let (begin, end) = (it.range.from.as_second(), it.range.until.as_second());
        format!("{begin} {end} - {}", it.summary)
    };
    let mut found: Vec<String> = reading.occurrences.iter().map(line).collect();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn khal_shows_the_shifts_that_we_write() {
    if !is_there(Some(Command::new("khal").arg("--version")), "khal (Debian)") {
        return;
    }
    let (roster, rota) = (roster(), State::default());
    let duty = Duty { roster: &roster, rota: &rota };
    let now = at("2026-10-20T12:00:00Z");
    let text = ical::write(duty, &Subject::Person("ana".to_owned()), "nines.example.org", now);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("calendar")).unwrap();
    fs::write(path("shifts.ics"), &text).unwrap();
    let config = format!(
        "[calendars]\n[[ana]]\npath = {}\n[locale]\nlocal_timezone = UTC\ndefault_timezone = UTC\n\
         timeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n\
         datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n\
         [sqlite]\npath = {}\n",
        path("calendar").display(),
        path("khal.db").display()
    );
    fs::write(path("config"), config).unwrap();
    let khal = |args: &[&str]| {
        let mut command = Command::new("khal");
        command.arg("-c").arg(path("config")).args(args).env("HOME", folder.path());
        command.env("LC_ALL", "C.UTF-8");
        let output = command.output().unwrap();
        let problem = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{problem}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let shifts = path("shifts.ics");
    khal(&["import", "--batch", "-a", "ana", shifts.to_str().unwrap()]);
    let listed = khal(&[
        "list",
        "--format",
        "{start-long} {end-long} {title}",
        "--day-format",
        "",
        "2026-10-20",
        "40d",
    ]);
    let until = now + SignedDuration::from_hours(40 * 24);
    let shifts = duty.shifts("shop", now, until);
    for shift in shifts.iter().filter(|it| it.person == "ana") {
        let whole = &duty.on_call("shop", shift.from)[0];
        let minute = |it: Timestamp| it.strftime("%Y-%m-%d %H:%M").to_string();
        let line = format!("{} {} shop: ana", minute(whole.from), minute(whole.until));
        assert!(listed.contains(&line), "{line:?} is not in {listed}");
    }
}
