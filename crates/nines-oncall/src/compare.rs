//! Who is on call before and after a schedule changes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Schedule;

/// No more stretches are compared.
pub const STRETCHES_MAX: usize = 500;

/// A stretch of time in which somebody else is on call than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyChange {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// Who would have been; nobody without a shift.
    pub before: Option<String>,
    /// Who will be.
    pub after: Option<String>,
}

/// The stretches of [`from`, `until`) in which two versions of a schedule name different people, in order.
/// A schedule that is missing names nobody.
pub fn duty_changes(
    before: Option<&Schedule>,
    after: Option<&Schedule>,
    from: Timestamp,
    until: Timestamp,
) -> Vec<DutyChange> {
    let mut changes: Vec<DutyChange> = Vec::new();
    let mut at = from;
    for _ in 0..STRETCHES_MAX {
        if until <= at {
            break;
        }
        let (one, other) = (duty(before, at), duty(after, at));
        let ends = [one.until, other.until].into_iter().flatten();
        // A shift ends after any instant in it, so this goes on.
        let end = ends.fold(until, Timestamp::min);
        if one.person != other.person {
            match changes.last_mut() {
                Some(last)
                    if last.until == at
                        && last.before == one.person
                        && last.after == other.person =>
                {
                    last.until = end;
                }
                _ => changes.push(DutyChange {
                    from: at,
                    until: end,
                    before: one.person,
                    after: other.person,
                }),
            }
        }
        at = end;
    }
    changes
}

/// Who is on call, and until when that is sure.
struct Duty {
    person: Option<String>,
    until: Option<Timestamp>,
}

fn duty(schedule: Option<&Schedule>, at: Timestamp) -> Duty {
    let Some(schedule) = schedule else { return Duty { person: None, until: None } };
    match schedule.on_call(at) {
        Some(shift) => Duty { person: Some(shift.person), until: Some(shift.until) },
        None => {
            let first = schedule.shift(0).map(|it| it.from);
            Duty { person: None, until: first.filter(|it| at < *it) }
        }
    }
}

#[cfg(test)]
mod tests;
