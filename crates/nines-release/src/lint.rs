//! What is probably not meant in a policy that can be read.

use jiff::Timestamp;

use crate::condition::{Atom, Condition, Order};
use crate::policy::{Level, Policy};

/// What is probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lint {
    /// The day to look at it again has passed.
    RevisitPast {
        /// That day.
        revisit: Timestamp,
    },
    /// Nobody keeps it.
    NoOwner,
    /// It can never close, hold or slow anything.
    NeverRestricts,
    /// A level is left while it is entered: `leave` holds where `enter` does.
    LeaveWithinEnter {
        /// Its index.
        level_index: usize,
    },
    /// A level is entered only where a later one, which is not stricter in its own name, is entered too.
    Unreachable {
        /// Its index.
        level_index: usize,
        /// The index of the one that hides it.
        behind_index: usize,
    },
}

/// Every lint, in the order of the policy. `now` is the day on which it is read, where there is one.
pub fn lint(policy: &Policy, now: Option<Timestamp>) -> Vec<Lint> {
    let mut lints = Vec::new();
    let past = policy.revisit.filter(|it| now.is_some_and(|now| *it < now));
    lints.extend(past.map(|revisit| Lint::RevisitPast { revisit }));
    if policy.owners.is_empty() {
        lints.push(Lint::NoOwner);
    }
    let effects = policy.levels.iter().map(|it| &it.effects);
    let mut effects = effects.chain(policy.rules.iter().map(|it| &it.then));
    if !effects.any(crate::policy::Effects::restricts) && policy.calendar.is_empty() {
        lints.push(Lint::NeverRestricts);
    }
    for (level_index, level) in policy.levels.iter().enumerate() {
        if !is_apart(level) {
            lints.push(Lint::LeaveWithinEnter { level_index });
        }
        let behind = policy.levels.iter().enumerate().skip(level_index + 1);
        let mut behind = behind.filter(|(_, it)| it.enter == level.enter);
        if let Some((behind_index, _)) = behind.next() {
            lints.push(Lint::Unreachable { level_index, behind_index });
        }
    }
    lints
}

/// Whether `leave` excludes `enter`, as far as that shows: for one limit each of one field. A `leave` that asks
/// for something else is somebody's intention.
fn is_apart(level: &Level) -> bool {
    let (Condition::Atom(enter), Condition::Atom(leave)) = (&level.enter, &level.leave) else {
        return level.enter != level.leave;
    };
    match (enter, leave) {
        (
            Atom::Share { field, order, limit },
            Atom::Share { field: other_field, order: other_order, limit: other_limit },
        ) if field == other_field => excludes(*order, limit, *other_order, other_limit),
        (
            Atom::Duration { field, order, limit },
            Atom::Duration { field: other_field, order: other_order, limit: other_limit },
        ) if field == other_field => excludes(*order, limit, *other_order, other_limit),
        (enter, leave) => enter != leave,
    }
}

/// Whether no value is on both sides.
fn excludes<T: Ord>(order: Order, limit: &T, other_order: Order, other_limit: &T) -> bool {
    let is_reverse = order.wants_small() != other_order.wants_small();
    let (low, high) = if order.wants_small() { (limit, other_limit) } else { (other_limit, limit) };
    is_reverse
        && (low < high || low == high && !(order.holds(low, low) && other_order.holds(low, low)))
}

#[cfg(test)]
mod tests;
