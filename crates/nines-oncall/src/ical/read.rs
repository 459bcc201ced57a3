//! A calendar as occurrences: RRULE, RDATE, EXDATE, RECURRENCE-ID, VTIMEZONE. Source: RFC 5545.

use std::collections::{BTreeMap, BTreeSet};

use icalendar::parser::{Component, Property, read_calendar, unfold};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp};

use super::expand::{self, Rule};
use super::zone::{Zone, Zones};
use crate::rota::Range;

/// The longest calendar.
pub const TEXT_BYTES_MAX: usize = 4 * 1_024 * 1_024;
/// The most events of one calendar, and the most occurrences.
pub const EVENTS_MAX: usize = 10_000;
/// The most problems that are told.
const PROBLEMS_MAX: usize = 100;

/// One event of a calendar, once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// When.
    pub range: Range,
    /// What it is called.
    pub summary: String,
    /// Mail addresses of whoever takes part.
    pub attendees: Vec<String>,
    /// Whole days, in the zone of whoever asks.
    pub is_all_day: bool,
}

/// What a calendar says of a range.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// By time.
    pub occurrences: Vec<Occurrence>,
    /// What was left out, and why.
    pub problems: Vec<String>,
}

/// Why a text is no calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Too long.
    #[error("a calendar has at most {TEXT_BYTES_MAX} bytes")]
    TooLong,
    /// Not in the form of RFC 5545.
    #[error("it is no calendar: {0}")]
    Syntax(String),
}

/// The occurrences that meet [`from`, `until`). Times without a zone, and whole days, are meant in `zone`.
///
/// # Errors
/// The text is no calendar at all. Events that cannot be read are problems, and the others are told.
pub fn read(
    text: &str,
    zone: &TimeZone,
    from: Timestamp,
    until: Timestamp,
) -> Result<Reading, ReadError> {
    if TEXT_BYTES_MAX < text.len() {
        return Err(ReadError::TooLong);
    }
    // The library takes lines as they were before they were folded.
    let unfolded = unfold(text.trim_start_matches('\u{feff}'));
    let calendar = read_calendar(&unfolded).map_err(|it| ReadError::Syntax(first_line(&it)))?;
    let zones = Zones::of(&calendar.components, zone, until);
    let mut reading = Reading::default();
    let mut by_uid: BTreeMap<String, Vec<&Component<'_>>> = BTreeMap::new();
    let events = calendar.components.iter().filter(|it| it.name == "VEVENT");
    for (index, event) in events.enumerate() {
        if index == EVENTS_MAX {
            reading.problem(format!("only the first {EVENTS_MAX} events are read"));
            break;
        }
        let uid = property(event, "UID").map_or_else(|| format!("#{index}"), str::to_owned);
        by_uid.entry(uid).or_default().push(event);
    }
    let look = Look { zones: &zones, from, until };
    for events in by_uid.values() {
        look.series(events, &mut reading);
    }
    reading.occurrences.sort();
    if EVENTS_MAX < reading.occurrences.len() {
        reading.occurrences.truncate(EVENTS_MAX);
        reading.problem(format!("only the first {EVENTS_MAX} occurrences are told"));
    }
    Ok(reading)
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or("").chars().take(200).collect()
}

impl Reading {
    fn problem(&mut self, problem: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }
}

/// The text of a property.
pub(super) fn property<'c>(component: &'c Component<'_>, name: &str) -> Option<&'c str> {
    let found = component.properties.iter().find(|it| it.name == name);
    found.map(|it| it.val.as_str().trim())
}

/// `20260105` or `20260105T090000`, with or without `Z`.
pub(super) fn civil(text: &str) -> Option<DateTime> {
    let text = text.trim().trim_end_matches('Z');
    let (day, time) = text.split_once('T').unwrap_or((text, "000000"));
    let is_digits = |it: &str, len| it.len() == len && it.bytes().all(|it| it.is_ascii_digit());
    if !is_digits(day, 8) || !is_digits(time, 6) {
        return None;
    }
    let number = |text: &str, at: usize, len: usize| text.get(at..at + len)?.parse::<i16>().ok();
    let small = |text: &str, at: usize| i8::try_from(number(text, at, 2)?).ok();
    let date = Date::new(number(day, 0, 4)?, small(day, 4)?, small(day, 6)?).ok()?;
    // A leap second is the second before it.
    let time = Time::new(small(time, 0)?, small(time, 2)?, small(time, 4)?.min(59), 0).ok()?;
    Some(date.to_datetime(time))
}

/// A time as it is written: on a clock, and where that clock hangs.
#[derive(Debug, Clone)]
struct Moment {
    civil: DateTime,
    zone: Zone,
    is_day: bool,
}

impl Moment {
    fn instant(&self) -> Option<Timestamp> {
        self.zone.instant(self.civil)
    }

    fn at(&self, civil: DateTime) -> Self {
        Self { civil, ..self.clone() }
    }
}

/// How long each occurrence lasts.
#[derive(Debug, Clone, Copy)]
enum Length {
    /// Whole days on the calendar.
    Days(i64),
    /// The same exact time for all. Source: RFC 5545, 3.8.5.3.
    Exact(SignedDuration),
    /// On the clock.
    Nominal(Span),
}

struct Look<'a> {
    zones: &'a Zones,
    from: Timestamp,
    until: Timestamp,
}

impl Look<'_> {
    /// The events of one id: one that recurs, and those that stand instead of single occurrences.
    fn series(&self, events: &[&Component<'_>], reading: &mut Reading) {
        let (changed, masters): (Vec<&&Component<'_>>, Vec<_>) =
            events.iter().partition(|it| property(it, "RECURRENCE-ID").is_some());
        let mut replaced = BTreeSet::new();
        for event in changed {
            let id = event.properties.iter().find(|it| it.name == "RECURRENCE-ID");
            let Some(moment) = id.and_then(|it| self.moments(it).into_iter().next()) else {
                reading.problem(format!("{}: RECURRENCE-ID cannot be read", title(event)));
                continue;
            };
            if id.is_some_and(|it| parameter(it, "RANGE").is_some()) {
                reading.problem(format!(
                    "{}: RANGE=THISANDFUTURE is read as this one only",
                    title(event)
                ));
            }
            replaced.extend(moment.instant());
            self.event(event, &BTreeSet::new(), reading);
        }
        // Of several versions the last one is the newest.
        let newest = masters.iter().max_by_key(|it| {
            property(it, "SEQUENCE").and_then(|it| it.parse::<u32>().ok()).unwrap_or(0)
        });
        if let Some(event) = newest {
            self.event(event, &replaced, reading);
        }
    }

    fn event(&self, event: &Component<'_>, replaced: &BTreeSet<Timestamp>, reading: &mut Reading) {
        if property(event, "STATUS").is_some_and(|it| it.eq_ignore_ascii_case("CANCELLED")) {
            return;
        }
        let start = event.properties.iter().find(|it| it.name == "DTSTART");
        let Some(start) = start.and_then(|it| self.moments(it).into_iter().next()) else {
            reading.problem(format!("{}: DTSTART cannot be read", title(event)));
            return;
        };
        let Some(length) = self.length(event, &start) else {
            reading.problem(format!("{}: its end cannot be read", title(event)));
            return;
        };
        let mut excluded = replaced.clone();
        let dates = event.properties.iter().filter(|it| it.name == "EXDATE");
        for it in dates.flat_map(|it| self.moments(it)) {
            // A day excludes whatever begins on it.
            let civil = if it.is_day && !start.is_day {
                it.civil.date().to_datetime(start.civil.time())
            } else {
                it.civil
            };
            excluded.extend(start.zone_of(&it).at(civil).instant());
        }
        for (begin, length) in self.begins(event, &start, length, reading) {
            let Some(range) = range(&begin, length) else { continue };
            let meets = range.from < self.until && self.from < range.until.max(range.from);
            if meets && !excluded.contains(&range.from) && reading.occurrences.len() <= EVENTS_MAX {
                reading.occurrences.push(Occurrence {
                    range,
                    summary: title(event),
                    attendees: attendees(event),
                    is_all_day: start.is_day,
                });
            }
        }
    }

    /// The beginnings of all occurrences, each once.
    fn begins(
        &self,
        event: &Component<'_>,
        start: &Moment,
        length: Length,
        reading: &mut Reading,
    ) -> Vec<(Moment, Length)> {
        let until = start.zone.civil(self.until);
        let until_offset = offset_at(start);
        let mut begins: BTreeMap<DateTime, Length> = BTreeMap::new();
        begins.insert(start.civil, length);
        for rule in event.properties.iter().filter(|it| it.name == "RRULE") {
            let rule = Rule { start: start.civil, text: rule.val.as_str(), until_offset };
            match expand::expand(&rule, until) {
                Ok(more) => begins.extend(more.into_iter().map(|it| (it, length))),
                Err(problem) => {
                    reading.problem(format!("{}: {}", title(event), first_line(&problem)));
                }
            }
        }
        for property in event.properties.iter().filter(|it| it.name == "RDATE") {
            let is_period = parameter(property, "VALUE").is_some_and(|it| it == "PERIOD");
            for text in property.val.as_str().split(',') {
                let (text, end) = match text.split_once('/').filter(|_| is_period) {
                    Some((begin, end)) => (begin, Some(end)),
                    None => (text, None),
                };
                let Some(moment) = self.moment(property, text) else { continue };
                let own = end.and_then(|it| self.period(property, &moment, it)).unwrap_or(length);
                let civil = moment.instant().map_or(moment.civil, |it| start.zone.civil(it));
                begins.insert(if start.is_day { moment.civil } else { civil }, own);
            }
        }
        begins.into_iter().map(|(civil, length)| (start.at(civil), length)).collect()
    }

    fn period(&self, property: &Property<'_>, begin: &Moment, end: &str) -> Option<Length> {
        if end.starts_with('P') {
            return end.parse().ok().map(Length::Nominal);
        }
        let end = self.moment(property, end)?.instant()?;
        Some(Length::Exact(end.duration_since(begin.instant()?)))
    }

    fn length(&self, event: &Component<'_>, start: &Moment) -> Option<Length> {
        if let Some(end) = event.properties.iter().find(|it| it.name == "DTEND") {
            let end = self.moments(end).into_iter().next()?;
            if start.is_day {
                let days = end.civil.date().since(start.civil.date()).ok()?.get_days();
                return Some(Length::Days(i64::from(days.max(1))));
            }
            let exact = end.instant()?.duration_since(start.instant()?);
            return Some(Length::Exact(exact.max(SignedDuration::ZERO)));
        }
        match property(event, "DURATION") {
            Some(text) => text.parse().ok().map(Length::Nominal),
            None if start.is_day => Some(Length::Days(1)),
            None => Some(Length::Exact(SignedDuration::ZERO)),
        }
    }

    /// All times of one property.
    fn moments(&self, property: &Property<'_>) -> Vec<Moment> {
        let texts = property.val.as_str().split(',');
        texts.filter_map(|it| self.moment(property, it)).collect()
    }

    fn moment(&self, property: &Property<'_>, text: &str) -> Option<Moment> {
        let civil = civil(text)?;
        let is_day = !text.contains('T');
        let zone = if text.trim().ends_with('Z') {
            Zone::Known(TimeZone::UTC)
        } else {
            let named = parameter(property, "TZID");
            match named {
                Some(name) => self.zones.find(name)?,
                None => self.zones.floating.clone(),
            }
        };
        Some(Moment { civil, zone, is_day })
    }
}

impl Moment {
    /// An exclusion of a day, or without a zone, is meant where the event is.
    fn zone_of(&self, other: &Self) -> Self {
        if other.is_day { self.clone() } else { other.clone() }
    }
}

/// The offset of a series at its start: good enough for the end of a rule.
fn offset_at(start: &Moment) -> Offset {
    let instant = start.instant().unwrap_or(Timestamp::UNIX_EPOCH);
    let seconds = start.civil.duration_since(Offset::UTC.to_datetime(instant)).as_secs();
    let seconds = i32::try_from(seconds).unwrap_or(0);
    Offset::from_seconds(seconds).unwrap_or(Offset::UTC)
}

fn range(begin: &Moment, length: Length) -> Option<Range> {
    let from = begin.instant()?;
    let until = match length {
        Length::Days(days) => {
            let last = begin.civil.checked_add(Span::new().try_days(days).ok()?).ok()?;
            begin.zone.instant(last)?
        }
        Length::Exact(exact) => from.checked_add(exact).ok()?,
        Length::Nominal(span) => begin.zone.instant(begin.civil.checked_add(span).ok()?)?,
    };
    Some(Range { from, until: until.max(from) })
}

fn parameter<'p>(property: &'p Property<'_>, name: &str) -> Option<&'p str> {
    let found = property.params.iter().find(|it| it.key == name)?;
    found.val.as_ref().map(|it| it.as_str().trim_matches('"'))
}

fn title(event: &Component<'_>) -> String {
    let text = property(event, "SUMMARY").unwrap_or("an event without a name");
    let mut title = String::new();
    let mut escaped = false;
    for it in text.chars().take(200) {
        match (escaped, it) {
            (false, '\\') => escaped = true,
            (true, 'n' | 'N') => {
                title.push(' ');
                escaped = false;
            }
            (_, it) => {
                title.push(it);
                escaped = false;
            }
        }
    }
    title
}

fn attendees(event: &Component<'_>) -> Vec<String> {
    let people =
        event.properties.iter().filter(|it| it.name == "ATTENDEE" || it.name == "ORGANIZER");
    let mail = people.filter_map(|it| {
        let value = it.val.as_str();
        let (scheme, address) = value.split_once(':')?;
        scheme.eq_ignore_ascii_case("mailto").then(|| address.to_lowercase())
    });
    let mut mail: Vec<String> = mail.collect();
    mail.sort();
    mail.dedup();
    mail
}
