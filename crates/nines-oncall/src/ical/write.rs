//! Shifts as a calendar. Source: RFC 5545; times are UTC, so that no reader has to know our zones.

use jiff::{SignedDuration, Timestamp};

use crate::stretch::{LOOK_MAX, Shift, earlier, later};
use crate::{Duty, Roster};

/// How much of the past is shown.
pub const BEHIND: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How far ahead shifts are shown.
pub const AHEAD: SignedDuration = SignedDuration::from_hours(120 * 24);
/// Lines are folded so that none is longer. Source: RFC 5545, 3.1.
const LINE_OCTETS_MAX: usize = 75;
/// Calendars ring so long before a shift.
const ALARMS: [&str; 2] = ["-P1D", "-PT30M"];

/// Whose shifts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// All of one schedule.
    Schedule(String),
    /// Of one person, in all schedules.
    Person(String),
}

/// `schedule/shop`, `person/ana`.
impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Schedule(name) => write!(f, "schedule/{name}"),
            Self::Person(name) => write!(f, "person/{name}"),
        }
    }
}

/// The calendar of `subject` at `now`; `host` makes its ids unique in the world.
///
/// An event keeps its id while its shift grows or is cut short, so calendars change it instead of adding another.
pub fn write(duty: Duty<'_>, subject: &Subject, host: &str, now: Timestamp) -> String {
    let mut text = Lines::default();
    let title = match subject {
        Subject::Schedule(name) => format!("On call: {name}"),
        Subject::Person(name) => format!("On call: {}", display_name(duty.roster, name)),
    };
    text.line("BEGIN:VCALENDAR");
    text.line("VERSION:2.0");
    text.line("PRODID:-//nines//on-call//EN");
    text.line("CALSCALE:GREGORIAN");
    text.line("METHOD:PUBLISH");
    text.line(&format!("NAME:{}", escaped(&title)));
    text.line(&format!("X-WR-CALNAME:{}", escaped(&title)));
    text.line("REFRESH-INTERVAL;VALUE=DURATION:PT15M");
    text.line("X-PUBLISHED-TTL:PT15M");
    let stamp = utc(now);
    for (schedule, shift) in shifts(duty, subject, now) {
        let name = display_name(duty.roster, &shift.person);
        text.line("BEGIN:VEVENT");
        text.line(&format!("UID:{}", uid(&schedule, &shift, host, now)));
        text.line(&format!("DTSTAMP:{stamp}"));
        text.line(&format!("DTSTART:{}", utc(shift.from)));
        text.line(&format!("DTEND:{}", utc(shift.until)));
        text.line(&format!("SUMMARY:{}", escaped(&format!("{schedule}: {name}"))));
        if let Some(source) = &shift.source {
            text.line(&format!("DESCRIPTION:{}", escaped(&source.to_string())));
        }
        text.line("STATUS:CONFIRMED");
        text.line("TRANSP:TRANSPARENT");
        // Only the person's own calendar rings, and only for what is to come.
        if matches!(subject, Subject::Person(_)) && now < shift.from {
            for trigger in ALARMS {
                text.line("BEGIN:VALARM");
                text.line("ACTION:DISPLAY");
                text.line(&format!("DESCRIPTION:{}", escaped(&format!("On call for {schedule}"))));
                text.line(&format!("TRIGGER:{trigger}"));
                text.line("END:VALARM");
            }
        }
        text.line("END:VEVENT");
    }
    text.line("END:VCALENDAR");
    text.0
}

/// The whole shifts of the calendar, each with its schedule.
fn shifts(duty: Duty<'_>, subject: &Subject, now: Timestamp) -> Vec<(String, Shift)> {
    let (from, until) = (earlier(now, BEHIND), later(now, AHEAD));
    let mut found = Vec::new();
    for schedule in duty.roster.schedules.keys() {
        let is_wanted = |it: &Shift| match subject {
            Subject::Schedule(_) => true,
            Subject::Person(name) => it.person == *name,
        };
        if matches!(subject, Subject::Schedule(name) if name != schedule) {
            continue;
        }
        // What begins or ends outside is told whole: an id is made from the beginning.
        let first = duty.on_call(schedule, from);
        let last = duty.on_call(schedule, until);
        let inner = duty.shifts(schedule, from, until).into_iter();
        let inner = inner.filter(|it| from < it.from);
        let mut all: Vec<Shift> = first.into_iter().chain(inner).collect();
        for it in last.into_iter().filter(|it| it.from < until) {
            let same = |other: &&mut Shift| (&other.person, other.from) == (&it.person, it.from);
            match all.iter_mut().find(same) {
                Some(clipped) => clipped.until = it.until,
                None => all.push(it),
            }
        }
        let wanted = all.into_iter().filter(is_wanted);
        found.extend(wanted.map(|it| (schedule.clone(), it)));
    }
    found
}

/// From the beginning of the shift; one that began before anybody looks has no beginning that stays.
fn uid(schedule: &str, shift: &Shift, host: &str, now: Timestamp) -> String {
    let begin = if shift.from <= earlier(now, LOOK_MAX) {
        "always".to_owned()
    } else {
        shift.from.strftime("%Y%m%dT%H%M%SZ").to_string()
    };
    format!("{schedule}-{}-{begin}@{host}", shift.person)
}

fn display_name(roster: &Roster, person: &str) -> String {
    roster.people.get(person).map_or_else(|| person.to_owned(), |it| it.display_name.clone())
}

fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Text in a property. Source: RFC 5545, 3.3.11.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '\\' => escaped.push_str("\\\\"),
            ';' => escaped.push_str("\\;"),
            ',' => escaped.push_str("\\,"),
            '\n' => escaped.push_str("\\n"),
            it if it.is_control() => {}
            it => escaped.push(it),
        }
    }
    escaped
}

/// Content lines.
#[derive(Debug, Default)]
struct Lines(String);

impl Lines {
    /// Folds at octets, and never inside of a character.
    fn line(&mut self, line: &str) {
        let mut octets = 0;
        for it in line.chars() {
            if LINE_OCTETS_MAX < octets + it.len_utf8() {
                self.0.push_str("\r\n ");
                octets = 1;
            }
            self.0.push(it);
            octets += it.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}
