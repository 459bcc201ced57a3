//! Who is on call before and after something changes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::stretch::{Cover, Stretch};

/// No more stretches are told.
pub const STRETCHES_MAX: usize = 500;

/// A stretch of time in which somebody else is on call than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyChange {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// Who would have been, several with commas; nobody without a shift.
    pub before: Option<String>,
    /// Who will be.
    pub after: Option<String>,
}

/// Where two accounts of the same time name different people, in order.
///
/// Both are without gaps and cover the same time, as [`crate::Duty::stretches`] tells it.
pub fn duty_changes(before: &[Stretch], after: &[Stretch]) -> Vec<DutyChange> {
    let mut changes: Vec<DutyChange> = Vec::new();
    let (mut one, mut other) = (before.iter().peekable(), after.iter().peekable());
    while let (Some(was), Some(will)) = (one.peek(), other.peek()) {
        let (from, until) = (was.from.max(will.from), was.until.min(will.until));
        let (before, after) = (people(&was.cover), people(&will.cover));
        if was.until <= until {
            one.next();
        }
        if will.until <= until {
            other.next();
        }
        if before == after || until <= from {
            continue;
        }
        let goes_on =
            |it: &&mut DutyChange| it.until == from && it.before == before && it.after == after;
        if let Some(last) = changes.last_mut().filter(goes_on) {
            last.until = until;
        } else if changes.len() < STRETCHES_MAX {
            changes.push(DutyChange { from, until, before, after });
        } else {
            break;
        }
    }
    changes
}

fn people(cover: &Cover) -> Option<String> {
    let names = cover.names();
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests;
