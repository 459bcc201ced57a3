//! When something was sampled: stretches of time in which samples follow each other closely.
//!
//! Used for an SLI (for how much of a window are data known?) and for a scrape target (was it there
//! before this series appeared?). Depends on the set of instants only, never on their order of arrival.

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

/// What an instant changed for the stretches that were there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touched {
    /// Everything that was in a stretch is in one with the same start.
    StartsKept,
    /// A stretch begins earlier now.
    StartMoved,
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
            last.to_ms = last.to_ms.max(at_ms);
            return Touched::StartsKept;
        }
        self.touch_inside(at_ms)
    }

    fn touch_inside(&mut self, at_ms: i64) -> Touched {
        let next = self.spans.partition_point(|it| it.from_ms <= at_ms);
        let previous = next.checked_sub(1);
        let joins_previous = previous
            .and_then(|it| self.spans.get(it))
            .is_some_and(|it| at_ms.saturating_sub(it.to_ms) <= self.join_ms);
        let joins_next =
            self.spans.get(next).is_some_and(|it| it.from_ms.saturating_sub(at_ms) <= self.join_ms);
        let touched = match (previous, joins_previous, joins_next) {
            (Some(previous), true, true) => {
                let removed = self.spans.remove(next);
                self.spans[previous].to_ms = removed.to_ms.max(self.spans[previous].to_ms);
                Touched::StartMoved
            }
            (Some(previous), true, false) if at_ms <= self.spans[previous].to_ms => {
                return Touched::StartsKept;
            }
            (Some(previous), true, false) => {
                let span = &mut self.spans[previous];
                span.to_ms = span.to_ms.max(at_ms);
                Touched::StartsKept
            }
            (_, _, true) => {
                self.spans[next].from_ms = at_ms;
                Touched::StartMoved
            }
            (_, _, false) => {
                self.spans.insert(next, Span { from_ms: at_ms, to_ms: at_ms, before_ms: 0 });
                Touched::StartsKept
            }
        };
        if SPANS_MAX < self.spans.len() {
            self.spans.drain(..SPANS_MAX / 8);
        }
        self.sum_up();
        touched
    }

    fn sum_up(&mut self) {
        let mut before_ms = 0;
        for span in &mut self.spans {
            span.before_ms = before_ms;
            before_ms += span.to_ms - span.from_ms;
        }
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
        let known = self.length_until(to_ms) - self.length_until(from_ms);
        let tail = match self.last_ms() {
            Some(last) if last < to_ms && to_ms.saturating_sub(last) <= self.join_ms => {
                to_ms - last.max(from_ms)
            }
            _ => 0,
        };
        known + tail
    }

    fn length_until(&self, at_ms: i64) -> i64 {
        let next = self.spans.partition_point(|it| it.from_ms < at_ms);
        match next.checked_sub(1).and_then(|it| self.spans.get(it)) {
            Some(span) => span.before_ms + (at_ms.min(span.to_ms) - span.from_ms),
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests;
