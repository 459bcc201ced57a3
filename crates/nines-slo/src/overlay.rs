//! Stretches of time whose counts do not count, or count otherwise: exclusions and corrections.
//!
//! Raw counts are never edited; an overlay lies over them, and every result can be shown without it.

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use nines_base::Origin;

use crate::SloName;

/// One exclusion or correction.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlay {
    /// Unique, such as `db-maintenance`.
    pub name: String,
    /// Whose counts.
    pub slos: SloPattern,
    /// When.
    pub when: When,
    /// What it does.
    pub effect: OverlayEffect,
    /// Whether burn alerts go on in it.
    pub alerts: OverlayAlerts,
    /// Who is answerable for it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// A link to what shows it.
    pub evidence: Option<String>,
    /// It has no effect from here on; recurring ones must have one.
    pub expires: Option<Timestamp>,
    /// Where it was written.
    pub origin: Origin,
}

/// Names of SLOs; `*` stands for any part of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SloPattern {
    /// As it was written, such as `checkout/*`.
    pub text: String,
}

/// When an overlay holds.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    /// Once, left-open and right-closed as slices are.
    Once {
        /// The beginning.
        from: Timestamp,
        /// The end.
        to: Timestamp,
    },
    /// Every week.
    Weekly {
        /// On which days it begins; all seven for every day.
        days: Vec<Weekday>,
        /// The beginning.
        from: Time,
        /// The end; on the next day when it is not after `from`.
        to: Time,
        /// Where it is so late.
        zone: TimeZone,
        /// Not before this instant.
        since: Option<Timestamp>,
    },
}

/// What an overlay does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverlayEffect {
    /// Its time counts as unknown, and what happened in it does not count.
    Exclude,
    /// These counts hold instead, spread over nothing: they belong to the end of the stretch.
    Correct {
        /// Good events.
        good: u64,
        /// All events.
        total: u64,
    },
}

/// What burn alerts do during an overlay that was there before its time began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverlayAlerts {
    /// They are silent.
    Mute,
    /// They go on.
    Keep,
}

impl SloPattern {
    /// Whether it names this SLO.
    pub fn matches(&self, name: &SloName) -> bool {
        glob(self.text.as_bytes(), name.to_string().as_bytes())
    }
}

/// `*` is any text, also an empty one.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    // Where the last `*` was, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(it) if *it == text[from] => (at, from) = (at + 1, from + 1),
            _ => match star {
                Some((star_at, taken)) => {
                    (at, from) = (star_at + 1, taken + 1);
                    star = Some((star_at, taken + 1));
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|it| *it == b'*')
}

#[cfg(test)]
mod tests;
