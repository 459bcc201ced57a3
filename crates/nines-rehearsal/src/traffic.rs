//! Events over time: a rate and faults become running counts, exact at every instant.

use jiff::Timestamp;
use nines_spec::{Fault, Rate, SloInput};

use crate::series::Events;
use crate::time::millis;

/// Rates are per parts of a day, so running counts have this denominator.
const DAY_MS: u128 = 86_400_000;
/// Bad shares are billionths.
const SHARE: u128 = 1_000_000_000;

/// Running counts of one input.
#[derive(Debug)]
pub(crate) struct Traffic {
    /// In the order of time; the first begins with nothing counted.
    stretches: Vec<Stretch>,
}

/// A time of one rate and one bad share.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    from_ms: i64,
    rate: Rate,
    bad: u64,
    is_silent: bool,
    /// Before it: events in 1 / [`DAY_MS`], bad events in 1 / ([`DAY_MS`] · [`SHARE`]).
    total_before: u128,
    bad_before: u128,
}

impl Traffic {
    /// Events begin `history` before `start`.
    pub(crate) fn new(input: &SloInput, start: Timestamp) -> Self {
        let begin_ms = start.as_millisecond().saturating_sub(millis(input.history));
        let mut edges: Vec<i64> = vec![begin_ms];
        for it in &input.faults {
            edges.extend([it.from.as_millisecond(), it.to.as_millisecond()]);
        }
        edges.retain(|it| begin_ms <= *it);
        edges.sort_unstable();
        edges.dedup();
        let mut stretches: Vec<Stretch> = Vec::new();
        for from_ms in edges {
            let fault = input.faults.iter().rev().find(|it| holds(it, from_ms));
            let before = stretches.last().map(|it| it.until(from_ms));
            let (total_before, bad_before) = before.unwrap_or_default();
            stretches.push(Stretch {
                from_ms,
                rate: fault.and_then(|it| it.total).unwrap_or(input.total),
                bad: fault.map_or(0, |it| it.bad),
                is_silent: fault.is_some_and(|it| it.is_silent),
                total_before,
                bad_before,
            });
        }
        Self { stretches }
    }

    /// When events begin.
    pub(crate) fn begin_ms(&self) -> i64 {
        self.stretches.first().map_or(0, |it| it.from_ms)
    }

    /// When something changes.
    pub(crate) fn edges_ms(&self) -> impl Iterator<Item = i64> {
        self.stretches.iter().map(|it| it.from_ms)
    }

    /// Whether no sample arrives at this instant.
    pub(crate) fn is_silent(&self, at_ms: i64) -> bool {
        // A fault ends with its last instant.
        self.stretch(at_ms.saturating_sub(1)).is_some_and(|it| it.is_silent)
    }

    /// The whole events until this instant.
    pub(crate) fn count(&self, events: Events, at_ms: i64) -> u64 {
        let Some(stretch) = self.stretch(at_ms) else { return 0 };
        let (total, bad) = stretch.until(at_ms);
        let whole = |it: u128| u64::try_from(it).unwrap_or(u64::MAX);
        let (total, bad) = (whole(total / DAY_MS), whole(bad / (DAY_MS * SHARE)));
        match events {
            Events::All => total,
            Events::Bad => bad,
            Events::Good => total.saturating_sub(bad),
        }
    }

    fn stretch(&self, at_ms: i64) -> Option<&Stretch> {
        let next = self.stretches.partition_point(|it| it.from_ms <= at_ms);
        self.stretches.get(next.checked_sub(1)?)
    }
}

impl Stretch {
    /// All and bad events until `at_ms`, with the denominators above.
    fn until(&self, at_ms: i64) -> (u128, u128) {
        let length = u128::from(at_ms.saturating_sub(self.from_ms).max(0).unsigned_abs());
        let per_ms = u128::from(millis(self.rate.per).max(1).unsigned_abs());
        let events = u128::from(self.rate.events).saturating_mul(length);
        let events = events.saturating_mul(DAY_MS / per_ms);
        let bad = events.saturating_mul(u128::from(self.bad));
        (self.total_before.saturating_add(events), self.bad_before.saturating_add(bad))
    }
}

fn holds(fault: &Fault, at_ms: i64) -> bool {
    (fault.from.as_millisecond()..fault.to.as_millisecond()).contains(&at_ms)
}

#[cfg(test)]
mod tests;
