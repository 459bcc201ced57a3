//! The zones of a calendar: of the IANA database where one is named, else as the calendar itself describes them.

use std::collections::BTreeMap;

use icalendar::parser::Component;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::expand::{self, Rule};
use super::read::{civil, property};
use crate::schedule::{Occurrence as Which, instant};

/// Where wall times are meant.
#[derive(Debug, Clone)]
pub(super) enum Zone {
    Known(TimeZone),
    /// By the wall times at which offsets change, each read with the offset before it.
    Described(Vec<Change>),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    onset: DateTime,
    before: Offset,
    after: Offset,
}

impl Zone {
    /// The instant of a wall time.
    pub(super) fn instant(&self, civil: DateTime) -> Option<Timestamp> {
        match self {
            Self::Known(zone) => instant(zone, civil, Which::First),
            Self::Described(changes) => self.offset(changes, civil).to_timestamp(civil).ok(),
        }
    }

    /// What the clock shows at an instant.
    pub(super) fn civil(&self, at: Timestamp) -> DateTime {
        match self {
            Self::Known(zone) => zone.to_datetime(at),
            Self::Described(changes) => {
                let begun =
                    |it: &&Change| it.before.to_timestamp(it.onset).is_ok_and(|onset| onset <= at);
                let last = changes.iter().rev().find(begun).map(|it| it.after);
                let first = changes.first().map(|it| it.before);
                last.or(first).unwrap_or(Offset::UTC).to_datetime(at)
            }
        }
    }

    #[expect(clippy::unused_self, reason = "reads as a question to the zone")]
    fn offset(&self, changes: &[Change], civil: DateTime) -> Offset {
        let last = changes.iter().rev().find(|it| it.onset <= civil).map(|it| it.after);
        last.or_else(|| changes.first().map(|it| it.before)).unwrap_or(Offset::UTC)
    }
}

/// The zones that a calendar may name.
#[derive(Debug)]
pub(super) struct Zones {
    described: BTreeMap<String, Zone>,
    /// Of times that name none.
    pub(super) floating: Zone,
}

impl Zones {
    /// `until` is how far the described ones must reach.
    pub(super) fn of(components: &[Component<'_>], floating: &TimeZone, until: Timestamp) -> Self {
        let zones = components.iter().filter(|it| it.name == "VTIMEZONE");
        let described = zones.filter_map(|it| {
            let name = property(it, "TZID")?.to_owned();
            Some((name, Zone::Described(changes(it, until))))
        });
        Self { described: described.collect(), floating: Zone::Known(floating.clone()) }
    }

    /// `Europe/Berlin`, `/vendor/20260101/Europe/Berlin`, or a name that the calendar describes.
    pub(super) fn find(&self, name: &str) -> Option<Zone> {
        let mut tail = Some(name.trim_matches('/'));
        while let Some(it) = tail {
            if let Ok(zone) = TimeZone::get(it) {
                return Some(Zone::Known(zone));
            }
            tail = it.split_once('/').map(|(_, rest)| rest);
        }
        self.described.get(name).cloned()
    }
}

fn changes(zone: &Component<'_>, until: Timestamp) -> Vec<Change> {
    let until = Offset::UTC.to_datetime(until);
    let mut changes = Vec::new();
    for part in &zone.components {
        let offset = |name| property(part, name).and_then(offset);
        let start = property(part, "DTSTART").and_then(civil);
        let (Some(before), Some(after), Some(start)) =
            (offset("TZOFFSETFROM"), offset("TZOFFSETTO"), start)
        else {
            continue;
        };
        let mut onsets = vec![start];
        if let Some(rule) = property(part, "RRULE") {
            // The end of such a rule is in UTC; a few hours more or less change no onset.
            let rule = Rule { start, text: rule, until_offset: before };
            onsets.extend(expand::expand(&rule, until).unwrap_or_default());
        }
        let more = part.properties.iter().filter(|it| it.name == "RDATE");
        onsets.extend(more.flat_map(|it| it.val.as_str().split(',')).filter_map(civil));
        changes.extend(onsets.into_iter().map(|onset| Change { onset, before, after }));
    }
    changes.sort_by_key(|it| it.onset);
    changes.dedup_by_key(|it| it.onset);
    changes
}

/// `+0100`, `-053000`.
fn offset(text: &str) -> Option<Offset> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let part = |at: usize| digits.get(at..at + 2)?.parse::<i32>().ok();
    let seconds = part(0)? * 3_600 + part(2)? * 60 + part(4).unwrap_or(0);
    Offset::from_seconds(sign * seconds).ok()
}
