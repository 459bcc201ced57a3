//! From the samples of one counter to increases.
//!
//! Samples come in stretches without gaps for late ones, called runs. An increase belongs to the later
//! of two neighbours. Rules for what is not the next sample:
//!
//! - Older than all, or between two runs: it is put in its place, and the increase of its right
//!   neighbour is booked anew. So history may arrive after live samples, in any order of its pieces.
//! - Inside a run: ignored. Its events are in the increase of the next sample already, unless it would
//!   have revealed a reset.
//! - The same instant again: ignored, the first value counts.

use serde::{Deserialize, Serialize};

/// Runs of one series; when there are more, the two oldest become one.
const RUNS_MAX: usize = 16;

/// A usable value of a counter: not NaN, not negative, below 4·10¹⁸.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reading {
    pub(crate) at_ms: i64,
    pub(crate) value: f64,
}

impl Reading {
    /// Nothing for values that no counter has. Stale markers are NaN.
    pub(crate) fn new(at_ms: i64, value: f64) -> Option<Self> {
        const LIMIT: f64 = 4e18;
        (0.0..LIMIT).contains(&value).then_some(Self { at_ms, value })
    }

    /// Each cumulative value is rounded once, so that errors of fractional counters do not add up.
    fn events(self) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "`new` keeps it below 4·10¹⁸")]
        let events = self.value.round() as i64;
        events
    }

    /// The events since `earlier`; after a reset all that the counter shows.
    fn increase_since(self, earlier: Self) -> i64 {
        if self.value < earlier.value { self.events() } else { self.events() - earlier.events() }
    }
}

/// The state of one series.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Series {
    /// Oldest first.
    runs: Vec<Run>,
}

/// A stretch of samples whose increases are booked.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Run {
    first: Reading,
    last: Reading,
    /// What is booked for the first sample.
    head: i64,
}

/// What a series is told by its surroundings.
pub(crate) trait Rules {
    /// A sample so long after its predecessor is a first sample again.
    fn forget_after_ms(&self) -> i64;

    /// Whether a first sample at this instant counts from zero: its target was sampled before, without
    /// this series. Nothing when that is no longer known.
    fn counts_from_zero(&self, at_ms: i64) -> Option<bool>;
}

/// Adds events at an instant, or takes them back.
pub(crate) type Book<'a> = dyn FnMut(i64, i64) + 'a;

impl Series {
    /// The latest sample.
    pub(crate) fn last_ms(&self) -> Option<i64> {
        self.runs.last().map(|it| it.last.at_ms)
    }

    pub(crate) fn push(&mut self, reading: Reading, rules: &impl Rules, book: &mut Book<'_>) {
        let next = self.runs.partition_point(|it| it.first.at_ms <= reading.at_ms);
        let previous = next.checked_sub(1).map(|it| &mut self.runs[it]);
        match previous {
            Some(run) if reading.at_ms <= run.last.at_ms => return,
            Some(run) if reading.at_ms - run.last.at_ms <= rules.forget_after_ms() => {
                book_events(book, reading.at_ms, reading.increase_since(run.last));
                run.last = reading;
            }
            _ => {
                self.runs.insert(next, Run { first: reading, last: reading, head: 0 });
                self.judge_head(next, rules, book);
            }
        }
        // Whichever it was, the run after it has a new left neighbour.
        let after = self.runs.partition_point(|it| it.first.at_ms <= reading.at_ms);
        if after < self.runs.len() {
            self.judge_head(after, rules, book);
        }
        if RUNS_MAX < self.runs.len() {
            let oldest = self.runs.remove(0);
            self.runs[0] = Run { last: self.runs[0].last, ..oldest };
        }
    }

    /// Books first samples anew, after the surroundings have changed.
    pub(crate) fn judge(&mut self, rules: &impl Rules, book: &mut Book<'_>) {
        for index in 0..self.runs.len() {
            self.judge_head(index, rules, book);
        }
    }

    fn judge_head(&mut self, index: usize, rules: &impl Rules, book: &mut Book<'_>) {
        let Run { first, head, .. } = self.runs[index];
        let previous = index.checked_sub(1).map(|it| self.runs[it].last);
        let judged = match previous {
            Some(last) if first.at_ms - last.at_ms <= rules.forget_after_ms() => {
                first.increase_since(last)
            }
            _ => match rules.counts_from_zero(first.at_ms) {
                Some(true) => first.events(),
                Some(false) => 0,
                None => head,
            },
        };
        book_events(book, first.at_ms, judged - head);
        self.runs[index].head = judged;
    }
}

fn book_events(book: &mut Book<'_>, at_ms: i64, events: i64) {
    if events != 0 {
        book(at_ms, events);
    }
}

#[cfg(test)]
mod tests;
