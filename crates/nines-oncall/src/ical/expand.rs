//! Recurrence rules as wall times. This is the border to the library that knows them: a wall time goes in and out as if
//! it were UTC, so that zones stay our own.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use rrule::RRuleSet;

/// No rule is followed for more occurrences.
pub(super) const STEPS_MAX: usize = 20_000;

/// One rule and the first occurrence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule<'a> {
    pub(super) start: DateTime,
    pub(super) text: &'a str,
    /// How a wall time is made from an end that is written in UTC.
    pub(super) until_offset: Offset,
}

/// The occurrences up to `until`, in order; the first one is among them if the rule says so.
pub(super) fn expand(rule: &Rule<'_>, until: DateTime) -> Result<Vec<DateTime>, String> {
    let start = rule.start.strftime("%Y%m%dT%H%M%SZ");
    let text = format!("DTSTART:{start}\nRRULE:{}", with_local_end(rule));
    let set: RRuleSet = text.parse().map_err(|it: rrule::RRuleError| it.to_string())?;
    let set = set.limit();
    let mut occurrences = Vec::new();
    for it in set.into_iter().take(STEPS_MAX) {
        let at = Timestamp::from_second(it.timestamp()).map_err(|it| it.to_string())?;
        let civil = Offset::UTC.to_datetime(at);
        if until < civil {
            break;
        }
        occurrences.push(civil);
    }
    Ok(occurrences)
}

/// The same rule; its end is a wall time, in the form that goes with the start.
fn with_local_end(rule: &Rule<'_>) -> String {
    let part = |it: &str| {
        let Some((name, value)) = it.split_once('=') else { return it.to_owned() };
        if !name.eq_ignore_ascii_case("UNTIL") {
            return it.to_owned();
        }
        let end = if let Some(utc) = value.strip_suffix('Z') {
            let instant = super::read::civil(utc).and_then(|it| Offset::UTC.to_timestamp(it).ok());
            instant.map(|it| rule.until_offset.to_datetime(it))
        } else {
            // A day ends with its last second.
            let whole_day = SignedDuration::from_secs(86_399);
            super::read::civil(value).map(|it| match value.len() {
                8 => it.checked_add(whole_day).unwrap_or(it),
                _ => it,
            })
        };
        match end {
            Some(end) => format!("UNTIL={}", end.strftime("%Y%m%dT%H%M%SZ")),
            None => it.to_owned(),
        }
    };
    rule.text.split(';').map(part).collect::<Vec<_>>().join(";")
}
