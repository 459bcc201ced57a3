//! From the cumulative values of one series to increases.
//!
//! Samples come in stretches without gaps for late ones, called runs. An increase belongs to the later
//! of two neighbours. Rules for what is not the next sample:
//!
//! - Older than all, or between two runs: it is put in its place, and the increase of its right
//!   neighbour is booked anew. So history may arrive after live samples, in any order of its pieces.
//! - Inside the latest run, among its last samples: it is put in its place too.
//! - Inside a run and older than that: ignored. Its events are in the increase of the next sample already,
//!   unless it would have revealed a reset.
//! - The same instant again: ignored, the first value counts.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::ledger::Change;

/// Runs of one series; when there are more, the two oldest become one.
const RUNS_MAX: usize = 16;

/// So many of the last samples of a series are kept, so that late ones find their neighbours: five minutes at one
/// sample each 15 seconds.
const RECENT_MAX: usize = 20;

/// What a series shows at an instant, counted since some beginning.
pub(crate) trait Cumulative: Clone {
    /// When.
    fn at_ms(&self) -> i64;

    /// What has happened since `earlier`; after a reset, what has happened since the reset.
    fn increase_since(&self, earlier: &Self) -> Change;

    /// Everything that it shows.
    fn since_zero(&self) -> Change;
}

/// The state of one series.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Series<V> {
    /// Oldest first.
    runs: Vec<Run<V>>,
    /// The last samples of the last run, oldest first.
    recent: VecDeque<V>,
}

impl<V> Default for Series<V> {
    fn default() -> Self {
        Self { runs: Vec::new(), recent: VecDeque::new() }
    }
}

/// A stretch of samples whose increases are booked.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Run<V> {
    first: V,
    last: V,
    /// What is booked for the first sample.
    head: Change,
}

/// Whether a sample was there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It is a new one.
    New,
    /// It came before, or too late to tell.
    Before,
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
pub(crate) type Book<'a> = dyn FnMut(i64, Change) + 'a;

impl<V: Cumulative> Series<V> {
    /// The latest sample.
    pub(crate) fn last_ms(&self) -> Option<i64> {
        self.runs.last().map(|it| it.last.at_ms())
    }

    pub(crate) fn push(&mut self, reading: V, rules: &impl Rules, book: &mut Book<'_>) -> Seen {
        let at_ms = reading.at_ms();
        let next = self.runs.partition_point(|it| it.first.at_ms() <= at_ms);
        let is_last = next == self.runs.len();
        let previous = next.checked_sub(1).map(|it| &mut self.runs[it]);
        match previous {
            Some(run) if at_ms <= run.last.at_ms() && is_last => {
                return self.push_between(reading, book);
            }
            Some(run) if at_ms <= run.last.at_ms() => return Seen::Before,
            Some(run) if at_ms - run.last.at_ms() <= rules.forget_after_ms() => {
                book_events(book, at_ms, reading.increase_since(&run.last));
                run.last = reading.clone();
            }
            _ => {
                let (first, last) = (reading.clone(), reading.clone());
                self.runs.insert(next, Run { first, last, head: Change::default() });
                self.judge_head(next, rules, book);
                if is_last {
                    self.recent.clear();
                }
            }
        }
        if is_last {
            self.recent.push_back(reading);
            self.forget();
        }
        // Whichever it was, the run after it has a new left neighbour.
        let after = self.runs.partition_point(|it| it.first.at_ms() <= at_ms);
        if after < self.runs.len() {
            self.judge_head(after, rules, book);
        }
        if RUNS_MAX < self.runs.len() {
            let oldest = self.runs.remove(0);
            self.runs[0].first = oldest.first;
            self.runs[0].head = oldest.head;
        }
        Seen::New
    }

    /// A late sample of the last run: the increase of its right neighbour is divided.
    fn push_between(&mut self, reading: V, book: &mut Book<'_>) -> Seen {
        let at_ms = reading.at_ms();
        let index = self.recent.partition_point(|it| it.at_ms() < at_ms);
        let previous = index.checked_sub(1).and_then(|it| self.recent.get(it));
        match (previous, self.recent.get(index)) {
            (Some(previous), Some(next)) if at_ms < next.at_ms() => {
                book_events(book, at_ms, reading.increase_since(previous));
                let booked = next.increase_since(previous);
                book_events(book, next.at_ms(), next.increase_since(&reading).minus(booked));
                self.recent.insert(index, reading);
                self.forget();
                Seen::New
            }
            _ => Seen::Before,
        }
    }

    fn forget(&mut self) {
        if RECENT_MAX < self.recent.len() {
            self.recent.pop_front();
        }
    }

    /// Books first samples anew, after the surroundings have changed.
    pub(crate) fn judge(&mut self, rules: &impl Rules, book: &mut Book<'_>) {
        for index in 0..self.runs.len() {
            self.judge_head(index, rules, book);
        }
    }

    fn judge_head(&mut self, index: usize, rules: &impl Rules, book: &mut Book<'_>) {
        let previous = index.checked_sub(1).map(|it| &self.runs[it].last);
        let Run { first, head, .. } = &self.runs[index];
        let (at_ms, head) = (first.at_ms(), *head);
        let judged = match previous {
            Some(last) if at_ms - last.at_ms() <= rules.forget_after_ms() => {
                first.increase_since(last)
            }
            _ => match rules.counts_from_zero(at_ms) {
                Some(true) => first.since_zero(),
                Some(false) => Change::default(),
                None => head,
            },
        };
        book_events(book, at_ms, judged.minus(head));
        self.runs[index].head = judged;
    }
}

fn book_events(book: &mut Book<'_>, at_ms: i64, change: Change) {
    if change != Change::default() {
        book(at_ms, change);
    }
}

#[cfg(test)]
mod tests;
