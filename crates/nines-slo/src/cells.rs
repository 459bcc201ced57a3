//! What is kept of a slice that cannot be read from sums of events: gauges, votes, and what was recorded from outside.
//!
//! Independent of the order in which samples arrive; the caller leaves out those that come twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::GaugeBy;
use crate::verdict::Shown;

/// So many slices are kept; of the older ones only the verdict stays. More than a month of minutes.
const SLICES_MAX: usize = 50_000;

/// So many series of one slice have a vote.
const VOTES_MAX: usize = 64;

/// Gauges by slice, known by its end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Gauges {
    by: GaugeBy,
    slices: BTreeMap<i64, Gauge>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Gauge {
    /// In billionths: the least, the greatest, the sum or the latest value.
    value: i128,
    /// How many samples.
    samples: i128,
    /// When the value was read.
    at_ms: i64,
}

impl Gauges {
    pub(crate) fn new(by: GaugeBy) -> Self {
        Self { by, slices: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, end_ms: i64, at_ms: i64, value: i128) {
        let new = Gauge { value, samples: 1, at_ms };
        let slice = self.slices.entry(end_ms);
        slice
            .and_modify(|it| {
                it.samples += 1;
                it.value = match self.by {
                    GaugeBy::Min => it.value.min(value),
                    GaugeBy::Max => it.value.max(value),
                    GaugeBy::Average => it.value.saturating_add(value),
                    // Of two at one instant the greater, whichever came first.
                    GaugeBy::Last => it.value_after(new),
                };
                it.at_ms = it.at_ms.max(at_ms);
            })
            .or_insert(new);
        forget_oldest(&mut self.slices);
    }

    /// The value as a fraction: billionths, and by what they are divided.
    pub(crate) fn value(&self, end_ms: i64) -> Option<(i128, i128)> {
        let slice = self.slices.get(&end_ms)?;
        let divisor = if self.by == GaugeBy::Average { slice.samples } else { 1 };
        Some((slice.value, divisor))
    }
}

impl Gauge {
    fn value_after(&self, new: Self) -> i128 {
        let latest = (self.at_ms, self.value).max((new.at_ms, new.value));
        latest.1
    }
}

/// The last sample of each series of a slice, known by its end.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Votes {
    slices: BTreeMap<i64, Vec<Vote>>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Vote {
    /// The number of the series.
    voter: u32,
    at_ms: i64,
    is_up: bool,
}

impl Votes {
    pub(crate) fn add(&mut self, end_ms: i64, voter: u32, at_ms: i64, value: i128) {
        let votes = self.slices.entry(end_ms).or_default();
        let new = Vote { voter, at_ms, is_up: value != 0 };
        match votes.iter().position(|it| it.voter == voter) {
            Some(index) if votes[index].at_ms < at_ms => votes[index] = new,
            None if votes.len() < VOTES_MAX => votes.push(new),
            Some(_) | None => {}
        }
        forget_oldest(&mut self.slices);
    }

    /// How many are good; nothing when nobody votes.
    pub(crate) fn up(&self, end_ms: i64) -> Option<usize> {
        Some(self.slices.get(&end_ms)?.iter().filter(|it| it.is_up).count())
    }
}

/// What was recorded from outside, by the end of the slice.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Records {
    slices: BTreeMap<i64, Shown>,
}

impl Records {
    pub(crate) fn set(&mut self, end_ms: i64, shown: Shown) {
        self.slices.insert(end_ms, shown);
        forget_oldest(&mut self.slices);
    }

    pub(crate) fn get(&self, end_ms: i64) -> Option<Shown> {
        self.slices.get(&end_ms).copied()
    }
}

fn forget_oldest<T>(slices: &mut BTreeMap<i64, T>) {
    if SLICES_MAX < slices.len() {
        slices.pop_first();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_is_the_same_in_any_order_of_its_samples() {
        let samples = [(10, 5), (20, -3), (20, 4), (15, 9)];
        let value = |by, order: [usize; 4]| {
            let mut gauges = Gauges::new(by);
            for index in order {
                gauges.add(60, samples[index].0, samples[index].1);
            }
            gauges.value(60)
        };
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            assert_eq!(value(GaugeBy::Min, order), Some((-3, 1)));
            assert_eq!(value(GaugeBy::Max, order), Some((9, 1)));
            assert_eq!(value(GaugeBy::Average, order), Some((15, 4)));
            assert_eq!(value(GaugeBy::Last, order), Some((4, 1)));
        }
        assert_eq!(Gauges::new(GaugeBy::Min).value(60), None);
    }

    #[test]
    fn the_last_sample_of_a_series_is_its_vote() {
        let mut votes = Votes::default();
        for (voter, at_ms, value) in [(1, 10, 1), (1, 30, 0), (1, 20, 1), (2, 10, 1)] {
            votes.add(60, voter, at_ms, value);
        }
        assert_eq!((votes.up(60), votes.up(120)), (Some(1), None));
    }

    #[test]
    fn slices_are_limited() {
        let mut records = Records::default();
        for end_ms in 0..=50_000 {
            records.set(end_ms, Shown::Idle);
        }
        assert_eq!((records.get(0), records.get(50_000)), (None, Some(Shown::Idle)));
    }
}
