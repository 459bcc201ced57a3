//! To which incident or deploy the bad events of a budget belong: whole numbers that add up.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::time::millis;

/// A stretch of time to which bad events may belong: an incident, a deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// What it is called.
    pub name: String,
    /// 1 is the gravest; of several at once the gravest has the events, then the earliest, then the first of the list.
    pub severity: u8,
    /// Events at this instant do not belong to it.
    pub from: Timestamp,
    /// Events at this instant do.
    pub to: Timestamp,
}

/// What belongs to one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributed {
    /// What it is called.
    pub name: String,
    /// Its bad events.
    pub bad: u64,
    /// Those beyond what was usual before, see [`above_baseline`]; nothing when nobody knows what was.
    pub above_baseline: Option<u64>,
    /// The time in which they are counted: its own, less what belongs to graver ones or lies outside of the window.
    pub length: SignedDuration,
}

/// Where the bad events of a window belong; all of them are in it once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribution {
    /// In the order of the causes.
    pub causes: Vec<Attributed>,
    /// Bad events that belong to none.
    pub unattributed: u64,
}

/// What belongs to which of `causes` in (`from`, `to`]; `bad_since` counts the bad events after an instant of it, and
/// not after `to`.
///
/// Every stretch between two ends has what lies after its beginning less what lies after its end, so that the parts
/// add up whatever the counts are rounded to. Incidents and deploys are two questions: ask for each.
pub fn attribute(
    causes: &[Cause],
    from: Timestamp,
    to: Timestamp,
    bad_since: impl Fn(Timestamp) -> u64,
) -> Attribution {
    let nothing = |it: &Cause| Attributed {
        name: it.name.clone(),
        bad: 0,
        above_baseline: None,
        length: SignedDuration::ZERO,
    };
    let mut attribution =
        Attribution { causes: causes.iter().map(nothing).collect(), unattributed: 0 };
    let mut changes: BTreeMap<Timestamp, Vec<usize>> = BTreeMap::from([(from, Vec::new())]);
    for (index, it) in causes.iter().enumerate() {
        let (start, end) = (it.from.max(from), it.to.min(to));
        if start < end {
            changes.entry(start).or_default().push(index);
            changes.entry(end).or_default().push(index);
        }
    }
    let ends: Vec<Timestamp> = changes.keys().skip(1).copied().chain([to]).collect();
    let mut at_once = BTreeSet::new();
    let mut rest = bad_since(from);
    for ((start, indexes), end) in changes.iter().zip(ends) {
        for &index in indexes {
            let key = (causes[index].severity, causes[index].from, index);
            if !at_once.remove(&key) {
                at_once.insert(key);
            }
        }
        let after = if end < to { bad_since(end).min(rest) } else { 0 };
        let bad = rest - after;
        rest = after;
        match at_once.first() {
            Some(&(_, _, index)) => {
                let cause = &mut attribution.causes[index];
                cause.bad += bad;
                cause.length += end.duration_since(*start);
            }
            None => attribution.unattributed += bad,
        }
    }
    attribution
}

/// The bad events of a cause beyond those that its `length` had anyway: the median of the `hours` before, for so long.
/// Nothing without hours.
pub fn above_baseline(bad: u64, length: SignedDuration, mut hours: Vec<u64>) -> Option<u64> {
    const HOUR_MS: u128 = 3_600_000;
    hours.sort_unstable();
    // Of an even number the lower of the two, so that it is a number of events that was seen.
    let median = *hours.get(hours.len().checked_sub(1)? / 2)?;
    let length_ms = u128::from(millis(length).max(0).unsigned_abs());
    let usual = u128::from(median) * length_ms / HOUR_MS;
    Some(bad.saturating_sub(u64::try_from(usual).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests;
