//! Which slices were good: judged once their time is settled, and again when late samples change them.
//!
//! It must not know what a slice shows, or how that was counted.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::history::{Grains, History};
use crate::ledger::{Change, Sums};
use crate::time::{ceil_to, floor_to, instant, millis};
use crate::{Counts, NoData, NoTraffic, Target, TargetOp, WindowCounts};

/// Shares are in units of 1 / this: 10⁻¹² (slo design, "Budgets").
pub(crate) const SHARE: u64 = 1_000_000_000_000;

/// No more slices are judged at once, the latest: more than a year of minutes.
const SLICES_MAX: i64 = 600_000;

/// A verdict is carried over no more slices.
const CARRIED_MAX: i64 = 1_000;

/// What one slice shows, before the rules for missing data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Shown {
    /// Nobody has read it yet; nothing follows from that.
    Unread,
    /// There are no data.
    Nothing,
    /// Series are fresh, and nothing happened.
    Idle,
    /// So much of it is bad, at most [`SHARE`].
    Bad(u64),
}

/// Whether all of it is good, or all is bad.
impl From<bool> for Shown {
    fn from(is_good: bool) -> Self {
        Self::Bad(if is_good { 0 } else { SHARE })
    }
}

/// What a slice counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// One, good or bad.
    Slice,
    /// [`SHARE`], of which some is bad.
    Share,
}

impl Unit {
    /// What one slice counts.
    pub(crate) fn whole(self) -> u64 {
        match self {
            Self::Slice => 1,
            Self::Share => SHARE,
        }
    }

    fn sums(self, bad: Option<u64>) -> Sums {
        match (self, bad) {
            (_, None) => Sums::default(),
            (Self::Slice, Some(bad)) => Sums { whole: 1, part: u64::from(bad != 0) },
            (Self::Share, Some(bad)) => Sums { whole: SHARE, part: bad.min(SHARE) },
        }
    }
}

/// How the slices of an SLI are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) width_ms: i64,
    pub(crate) unit: Unit,
    pub(crate) no_traffic: NoTraffic,
    pub(crate) no_data: NoData,
}

/// What a later process needs to go on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedVerdicts {
    history: History,
    until_ms: Option<i64>,
}

/// The verdicts of all slices.
#[derive(Debug, Clone)]
pub(crate) struct Verdicts {
    rules: Rules,
    /// Slices, or shares of them; the part is bad.
    history: History,
    /// Slices that end here or earlier have been judged.
    until_ms: Option<i64>,
    /// Ends of slices that are to be judged again.
    dirty: BTreeSet<i64>,
}

impl Verdicts {
    pub(crate) fn new(rules: Rules, span_ms: i64) -> Self {
        let width_ms = rules.width_ms;
        let grains = Grains { hot_ms: width_ms, hot_span_ms: 0, cold_ms: width_ms, span_ms };
        Self { rules, history: History::new(grains), until_ms: None, dirty: BTreeSet::new() }
    }

    pub(crate) fn save(&self) -> SavedVerdicts {
        SavedVerdicts { history: self.history.clone(), until_ms: self.until_ms }
    }

    pub(crate) fn restore(&mut self, saved: SavedVerdicts) {
        self.history = saved.history;
        self.until_ms = saved.until_ms;
        self.dirty.clear();
    }

    pub(crate) fn rules(&self) -> Rules {
        self.rules
    }

    /// Slices that end here or earlier have been judged.
    pub(crate) fn until_ms(&self) -> Option<i64> {
        self.until_ms
    }

    /// The slices in (`from_ms` rounded down to a slice, `to_ms`].
    pub(crate) fn window(&self, from_ms: i64, to_ms: i64) -> WindowCounts {
        let Rules { width_ms, unit, .. } = self.rules;
        let (from_ms, sums) = self.history.between(from_ms, floor_to(to_ms, width_ms));
        let slices = i64::try_from(sums.whole / unit.whole()).unwrap_or(i64::MAX);
        let length_ms = to_ms.saturating_sub(from_ms).max(0);
        WindowCounts {
            from: instant(from_ms),
            to: instant(to_ms),
            counts: Counts { total: sums.whole, bad: sums.part },
            known: SignedDuration::from_millis(slices.saturating_mul(width_ms).min(length_ms)),
        }
    }

    /// The slices that hold a part of (`from_ms`, `to_ms`] are to be judged again, if they have been judged.
    pub(crate) fn mark(&mut self, from_ms: i64, to_ms: i64) {
        let Some(until_ms) = self.until_ms else { return };
        let width_ms = self.rules.width_ms;
        let mut end_ms = ceil_to(to_ms, width_ms).min(until_ms);
        let oldest_ms = until_ms.saturating_sub(SLICES_MAX.saturating_mul(width_ms));
        while from_ms < end_ms && oldest_ms < end_ms {
            self.dirty.insert(end_ms);
            end_ms -= width_ms;
        }
    }

    /// Judges slices up to `ready_ms`, and those that are marked. Slices that begin before `first_ms` have no data
    /// by no fault of theirs. Returns the beginning of the earliest slice whose verdict is another one now.
    pub(crate) fn settle(
        &mut self,
        first_ms: Option<i64>,
        ready_ms: i64,
        shown: &dyn Fn(i64) -> Shown,
    ) -> Option<i64> {
        let first_ms = first_ms?;
        let width_ms = self.rules.width_ms;
        let ready_ms = floor_to(ready_ms, width_ms);
        let judged_ms = match self.until_ms {
            Some(until_ms) => until_ms,
            // The slice that holds the first sample is the first.
            None => ceil_to(first_ms, width_ms).saturating_sub(width_ms),
        };
        let oldest_ms = ready_ms.saturating_sub(SLICES_MAX.saturating_mul(width_ms));
        let begun_ms = judged_ms.max(oldest_ms);
        let mut changes = self.judge_again(first_ms, begun_ms, shown);
        let mut end_ms = begun_ms.saturating_add(width_ms);
        while end_ms <= ready_ms {
            let new = self.rules.unit.sums(self.verdict(end_ms, first_ms, shown));
            if new.whole != 0 {
                changes.push((end_ms, difference(new, Sums::default())));
            }
            end_ms += width_ms;
        }
        self.until_ms = Some(begun_ms.max(ready_ms));
        for (end_ms, change) in &changes {
            self.history.book(*end_ms, *change);
        }
        self.history.settle();
        changes.iter().map(|(end_ms, _)| end_ms - width_ms).min()
    }

    /// What changes for the slices that are marked, and for those that carry their verdict on.
    fn judge_again(
        &mut self,
        first_ms: i64,
        begun_ms: i64,
        shown: &dyn Fn(i64) -> Shown,
    ) -> Vec<(i64, Change)> {
        let width_ms = self.rules.width_ms;
        let (mut dirty, mut changes) = (std::mem::take(&mut self.dirty), Vec::new());
        self.add_carried(&mut dirty, begun_ms, shown);
        for end_ms in dirty {
            let new = self.rules.unit.sums(self.verdict(end_ms, first_ms, shown));
            let old = self.history.between(end_ms - width_ms, end_ms).1;
            if new != old {
                changes.push((end_ms, difference(new, old)));
            }
        }
        changes
    }

    /// Adds the slices that may carry a verdict on from one of these.
    fn add_carried(&self, dirty: &mut BTreeSet<i64>, begun_ms: i64, shown: &dyn Fn(i64) -> Shown) {
        let steps = self.carried_steps();
        let sources: Vec<i64> =
            if 0 < steps { dirty.iter().copied().collect() } else { Vec::new() };
        for source_ms in sources {
            let later = (1..=steps).map(|it| source_ms + it * self.rules.width_ms);
            for end_ms in later.take_while(|it| *it <= begun_ms) {
                if shown(end_ms) != Shown::Nothing || !dirty.insert(end_ms) {
                    break;
                }
            }
        }
    }

    /// Over how many slices a verdict is carried.
    fn carried_steps(&self) -> i64 {
        match self.rules.no_data {
            NoData::Carry { at_most } => (millis(at_most) / self.rules.width_ms).min(CARRIED_MAX),
            NoData::Ignore | NoData::Good | NoData::Bad => 0,
        }
    }

    /// How much of a slice is bad; nothing when it is no slice.
    fn verdict(&self, end_ms: i64, first_ms: i64, shown: &dyn Fn(i64) -> Shown) -> Option<u64> {
        let idle = match self.rules.no_traffic {
            NoTraffic::Good => Some(0),
            NoTraffic::Bad => Some(SHARE),
            NoTraffic::Ignore => None,
        };
        match shown(end_ms) {
            Shown::Unread => None,
            Shown::Bad(bad) => Some(bad),
            // A first sample says nothing of the time before it.
            Shown::Idle | Shown::Nothing if self.begin_ms(end_ms) < first_ms => None,
            Shown::Idle => idle,
            Shown::Nothing => match self.rules.no_data {
                NoData::Ignore => None,
                NoData::Good => Some(0),
                NoData::Bad => Some(SHARE),
                NoData::Carry { .. } => self.carried(end_ms, first_ms, idle, shown),
            },
        }
    }

    /// The verdict of the last slice with data before this one.
    fn carried(
        &self,
        end_ms: i64,
        first_ms: i64,
        idle: Option<u64>,
        shown: &dyn Fn(i64) -> Shown,
    ) -> Option<u64> {
        let earlier = (1..=self.carried_steps()).map(|it| end_ms - it * self.rules.width_ms);
        let last = earlier
            .take_while(|it| first_ms <= *it)
            .map(|it| (it, shown(it)))
            .find(|(_, it)| *it != Shown::Nothing)?;
        match last {
            (_, Shown::Bad(bad)) => Some(bad),
            (end_ms, Shown::Idle) if first_ms <= self.begin_ms(end_ms) => idle,
            _ => None,
        }
    }

    fn begin_ms(&self, end_ms: i64) -> i64 {
        end_ms.saturating_sub(self.rules.width_ms)
    }
}

fn difference(new: Sums, old: Sums) -> Change {
    // One slice is at most 10¹².
    Change {
        whole: signed(new.whole) - signed(old.whole),
        part: signed(new.part) - signed(old.part),
    }
}

fn signed(sum: u64) -> i64 {
    i64::try_from(sum).unwrap_or(i64::MAX)
}

/// `bad` ÷ `total` in units of 1 / [`SHARE`], rounded half to even; `total` is not 0.
pub(crate) fn share(bad: u64, total: u64) -> u64 {
    let (scaled, total) = (u128::from(bad) * u128::from(SHARE), u128::from(total));
    let (share, rest) = (scaled / total, scaled % total);
    let rounded = match (2 * rest).cmp(&total) {
        std::cmp::Ordering::Less => share,
        std::cmp::Ordering::Equal => share + share % 2,
        std::cmp::Ordering::Greater => share + 1,
    };
    u64::try_from(rounded).unwrap_or(SHARE).min(SHARE)
}

/// Whether a value meets a target; it is given in billionths, divided by a positive number. Exact.
pub(crate) fn meets(target: Target, billionths: i128, divisor: i128) -> bool {
    let (floor, rest) = (billionths.div_euclid(divisor), billionths.rem_euclid(divisor));
    let limit = target.value.billionths;
    let (is_below, is_equal) = (floor < limit, floor == limit && rest == 0);
    match target.op {
        TargetOp::Below => is_below,
        TargetOp::AtMost => is_below || is_equal,
        TargetOp::Above => !is_below && !is_equal,
        TargetOp::AtLeast => !is_below,
    }
}

#[cfg(test)]
mod tests;
