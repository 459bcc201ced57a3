//! When something was sampled: stretches of time in which samples follow each other closely.
//!
//! Used for an SLI (for how much of a window are data known?), for a scrape target (was it there
//! before this series appeared?) and for slices that are read one by one (which are still to be read?).
//! Depends on the set of instants only, never on their order of arrival.

use serde::{Deserialize, Serialize};

/// No more stretches are kept; the oldest are forgotten first.
const SPANS_MAX: usize = 8_192;

/// Stretches between instants that lie at most `join_ms` apart, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Presence {
    join_ms: i64,
    spans: Vec<Span>,
}

/// One stretch, both ends included; between two lie more than `join_ms`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the unit is a part of each name")]
struct Span {
    from_ms: i64,
    to_ms: i64,
    /// The length of all earlier stretches.
    before_ms: i64,
}

/// What an instant, or a stretch, changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Touched {
    /// The time in (`from_ms`, `to_ms`] may be known now that was not; nothing where `to_ms` is not after it.
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    pub(crate) starts: Starts,
}

/// What became of the stretches that were there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Starts {
    /// Everything that was in a stretch is in one with the same start.
    Kept,
    /// A stretch begins earlier now.
    Moved,
}

impl Presence {
    pub(crate) fn new(join_ms: i64) -> Self {
        Self { join_ms, spans: Vec::new() }
    }

    /// Adds an instant.
    pub(crate) fn touch(&mut self, at_ms: i64) -> Touched {
        if let Some(last) = self.spans.last_mut()
            && last.from_ms <= at_ms
            && at_ms.saturating_sub(last.to_ms) <= self.join_ms
        {
            let from_ms = last.to_ms;
            last.to_ms = last.to_ms.max(at_ms);
            return Touched { from_ms, to_ms: at_ms, starts: Starts::Kept };
        }
        self.cover(at_ms, at_ms)
    }

    /// Adds all instants from `from_ms` to `to_ms`.
    pub(crate) fn cover(&mut self, from_ms: i64, to_ms: i64) -> Touched {
        let is_before = |it: &Span| self.join_ms < from_ms.saturating_sub(it.to_ms);
        let is_reached = |it: &Span| it.from_ms.saturating_sub(to_ms) <= self.join_ms;
        let first = self.spans.partition_point(is_before);
        let after = first + self.spans[first..].partition_point(is_reached);
        let reached = self.spans.get(first..after).unwrap_or_default();
        let touched = match (reached.first(), reached.last()) {
            (Some(oldest), Some(_)) if oldest.from_ms <= from_ms && to_ms <= oldest.to_ms => {
                return Touched { from_ms: to_ms, to_ms, starts: Starts::Kept };
            }
            (Some(oldest), Some(newest)) => {
                let is_earlier = from_ms < oldest.from_ms;
                let is_later = newest.to_ms < to_ms;
                let starts =
                    if is_earlier || 1 < reached.len() { Starts::Moved } else { Starts::Kept };
                let touched = Touched {
                    from_ms: if is_earlier { from_ms } else { oldest.to_ms.min(to_ms) },
                    to_ms: if is_later { to_ms } else { newest.from_ms.max(from_ms) },
                    starts,
                };
                let (from_ms, to_ms) = (from_ms.min(oldest.from_ms), to_ms.max(newest.to_ms));
                self.spans.splice(first..after, [Span { from_ms, to_ms, before_ms: 0 }]);
                touched
            }
            _ => {
                self.spans.insert(first, Span { from_ms, to_ms, before_ms: 0 });
                Touched { from_ms, to_ms, starts: Starts::Kept }
            }
        };
        if SPANS_MAX < self.spans.len() {
            self.spans.drain(..SPANS_MAX / 8);
            self.sum_up(0);
        } else {
            self.sum_up(first);
        }
        touched
    }

    /// Makes the lengths before the stretches from `first` on right.
    fn sum_up(&mut self, first: usize) {
        let mut before_ms = match first.checked_sub(1).and_then(|it| self.spans.get(it)) {
            Some(span) => span.before_ms + (span.to_ms - span.from_ms),
            None => 0,
        };
        for span in &mut self.spans[first..] {
            span.before_ms = before_ms;
            before_ms += span.to_ms - span.from_ms;
        }
    }

    /// The first instant that is still remembered.
    pub(crate) fn first_ms(&self) -> Option<i64> {
        self.spans.first().map(|it| it.from_ms)
    }

    /// The latest instant.
    pub(crate) fn last_ms(&self) -> Option<i64> {
        self.spans.last().map(|it| it.to_ms)
    }

    /// Whether there was an instant before `at_ms` in the stretch that holds `at_ms`; nothing when no
    /// stretch does.
    pub(crate) fn began_before(&self, at_ms: i64) -> Option<bool> {
        let next = self.spans.partition_point(|it| it.from_ms <= at_ms);
        let span = self.spans.get(next.checked_sub(1)?)?;
        (at_ms <= span.to_ms).then_some(span.from_ms < at_ms)
    }

    /// The time in (`from_ms`, `to_ms`] that lies in a stretch. The last one goes on for as long as the
    /// next instant may still join it.
    pub(crate) fn known_ms(&self, from_ms: i64, to_ms: i64) -> i64 {
        let tail = match self.last_ms() {
            Some(last) if last < to_ms && to_ms.saturating_sub(last) <= self.join_ms => {
                to_ms - last.max(from_ms)
            }
            _ => 0,
        };
        self.covered_ms(from_ms, to_ms) + tail
    }

    /// The time in (`from_ms`, `to_ms`] that lies between instants.
    pub(crate) fn covered_ms(&self, from_ms: i64, to_ms: i64) -> i64 {
        self.length_until(to_ms) - self.length_until(from_ms)
    }

    fn length_until(&self, at_ms: i64) -> i64 {
        let next = self.spans.partition_point(|it| it.from_ms < at_ms);
        match next.checked_sub(1).and_then(|it| self.spans.get(it)) {
            Some(span) => span.before_ms + (at_ms.min(span.to_ms) - span.from_ms),
            None => 0,
        }
    }

    /// The ends of steps of `step_ms` in (`from_ms`, `to_ms`] that lie in no stretch, latest first, at most `max`.
    pub(crate) fn missing(&self, from_ms: i64, to_ms: i64, step_ms: i64, max: usize) -> Vec<i64> {
        let mut missing = Vec::new();
        let mut end_ms = crate::time::floor_to(to_ms, step_ms);
        while from_ms <= end_ms.saturating_sub(step_ms) && missing.len() < max {
            let next = self.spans.partition_point(|it| it.from_ms < end_ms);
            match next.checked_sub(1).and_then(|it| self.spans.get(it)) {
                // Whatever lies in this stretch is not missing.
                Some(span) if end_ms <= span.to_ms => {
                    end_ms = crate::time::floor_to(span.from_ms, step_ms);
                }
                _ => {
                    missing.push(end_ms);
                    end_ms -= step_ms;
                }
            }
        }
        missing
    }
}

#[cfg(test)]
mod tests;
