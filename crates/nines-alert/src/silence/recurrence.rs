//! When a recurring silence holds.
//!
//! The library of RFC 5545 sees clock times only, as if they were in UTC; what they mean in a zone is decided here.
//! So there is one database of time zones, and what falls into a gap or is there twice means what it means elsewhere.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use rrule::{Frequency, RRuleSet};
use serde::{Deserialize, Serialize};

/// The most occurrences that are looked at to find one.
const OCCURRENCES_MAX: usize = 20_000;
/// The longest text of a rule.
const RULE_BYTES_MAX: usize = 1_024;

/// How a silence recurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurrence {
    /// A recurrence rule, such as `FREQ=WEEKLY;BYDAY=SU`.
    ///
    /// Source: RFC 5545, section 3.3.10; daily or less often.
    pub rule: String,
    /// The IANA name of the zone whose clock it means.
    pub zone: String,
    /// How long each occurrence lasts.
    pub length: SignedDuration,
}

/// Why a silence does not recur.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecurrenceError {
    /// Nobody knows what its clock shows.
    #[error("there is no time zone `{zone}`")]
    UnknownZone {
        /// As it was written.
        zone: String,
    },
    /// No rule, or one that contradicts itself.
    #[error("`{rule}` is not a recurrence rule: {problem}")]
    NotARule {
        /// As it was written.
        rule: String,
        /// What the library says.
        problem: String,
    },
    /// It would take long to find the present occurrence.
    #[error("a silence recurs daily or less often")]
    TooOften,
    /// It would hold for no time.
    #[error("an occurrence must last longer than a second")]
    TooShort,
    /// It has no occurrence.
    #[error("`{rule}` gives no occurrence that is not over")]
    Never {
        /// As it was written.
        rule: String,
    },
}

impl Recurrence {
    /// The first occurrence that is not over at `now`, of those that begin from `first` on and before `last`; both
    /// its ends count, and none is after `last`.
    ///
    /// # Errors
    /// The rule cannot be used, or nothing is left of it.
    pub fn occurrence(
        &self,
        first: Timestamp,
        last: Timestamp,
        now: Timestamp,
    ) -> Result<(Timestamp, Timestamp), RecurrenceError> {
        if self.length < SignedDuration::from_secs(1) {
            return Err(RecurrenceError::TooShort);
        }
        let zone = TimeZone::get(&self.zone)
            .map_err(|_| RecurrenceError::UnknownZone { zone: self.zone.clone() })?;
        let set = self.set(&zone, first)?;
        let starts = set.into_iter().take(OCCURRENCES_MAX);
        let starts = starts.filter_map(|it| Timestamp::from_second(it.timestamp()).ok());
        let starts = starts.map(|it| local_instant(&zone, TimeZone::UTC.to_datetime(it)));
        let stretches = starts.map(|start| (start, ends_at(start, self.length).min(last)));
        let in_time = stretches.take_while(|(start, _)| *start < last);
        let mut left = in_time.skip_while(|(_, end)| *end < now);
        left.next().ok_or_else(|| RecurrenceError::Never { rule: self.rule.clone() })
    }

    fn set(&self, zone: &TimeZone, first: Timestamp) -> Result<RRuleSet, RecurrenceError> {
        let not_a_rule = |problem: String| {
            let rule = self.rule.clone();
            Err(RecurrenceError::NotARule { rule, problem })
        };
        if RULE_BYTES_MAX < self.rule.len() {
            return not_a_rule(format!("it is longer than {RULE_BYTES_MAX} bytes"));
        }
        if self.rule.chars().any(|it| it.is_control() || it == ':') {
            return not_a_rule("it is more than one line".to_owned());
        }
        let parts: Vec<String> = self.rule.split(';').map(|it| with_clock_time(zone, it)).collect();
        let start = zone.to_datetime(first).strftime("%Y%m%dT%H%M%SZ");
        let text = format!("DTSTART:{start}\nRRULE:{}", parts.join(";"));
        let set: RRuleSet = match text.parse() {
            Ok(set) => set,
            Err(error) => return not_a_rule(error.to_string()),
        };
        let is_often =
            |it| matches!(it, Frequency::Hourly | Frequency::Minutely | Frequency::Secondly);
        if set.get_rrule().iter().any(|it| is_often(it.get_freq())) {
            return Err(RecurrenceError::TooOften);
        }
        Ok(set.limit())
    }
}

/// `UNTIL` is an instant in UTC, a clock time or a date; the library gets it as a clock time.
fn with_clock_time(zone: &TimeZone, part: &str) -> String {
    let Some(until) = part.strip_prefix("UNTIL=") else { return part.to_owned() };
    let instant =
        until.strip_suffix('Z').and_then(|it| DateTime::strptime("%Y%m%dT%H%M%S", it).ok());
    let instant = instant.and_then(|it| TimeZone::UTC.to_timestamp(it).ok());
    match instant {
        Some(at) => format!("UNTIL={}", zone.to_datetime(at).strftime("%Y%m%dT%H%M%SZ")),
        None if until.contains('T') => format!("UNTIL={}Z", until.trim_end_matches('Z')),
        None => format!("UNTIL={until}T235959Z"),
    }
}

fn ends_at(start: Timestamp, length: SignedDuration) -> Timestamp {
    start.checked_add(length).unwrap_or(Timestamp::MAX)
}

/// When the clock shows this: the first instant after a gap, the first of two.
fn local_instant(zone: &TimeZone, at: DateTime) -> Timestamp {
    match zone.to_ambiguous_timestamp(at).offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
            offset.to_timestamp(at).unwrap_or(Timestamp::MAX)
        }
        // With the later offset the time lies before the change.
        AmbiguousOffset::Gap { after, before } => {
            let earlier = after.to_timestamp(at).ok();
            let change = earlier.and_then(|it| zone.following(it).next()).map(|it| it.timestamp());
            change.or_else(|| before.to_timestamp(at).ok()).unwrap_or(Timestamp::MAX)
        }
    }
}

#[cfg(test)]
mod tests;
