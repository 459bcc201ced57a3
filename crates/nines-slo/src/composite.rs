//! Other SLOs together: members by slices, or by their shares over a whole window.
//!
//! Reads meters of members; it must not know how they count.

use jiff::SignedDuration;

use crate::meter::Meter;
use crate::stock::whole_slice_ms;
use crate::time::instant;
use crate::verdict::{Shown, Verdicts};
use crate::{
    CompositeRule, CompositeSli, Counts, Objective, OnMissing, SloName, Suspect, WindowCounts,
};

/// A minute of a composite that is read over whole windows: shares of it are in 10⁻¹².
const MINUTE: i128 = 1_000_000_000_000;
const MINUTE_MS: i128 = 60_000;

/// One part of a composite, with what it is read from.
pub(crate) struct Part<'a> {
    pub(crate) slo: &'a SloName,
    /// Positive.
    pub(crate) weight: i128,
    /// Nothing for SLOs that do not exist.
    pub(crate) meter: Option<Box<dyn Meter + 'a>>,
    /// Its objective: the share that may be bad, in 1 / [`Objective::SCALE`].
    pub(crate) allowed: u64,
    /// Whether it counts slices.
    pub(crate) is_of_slices: bool,
}

/// How a part was in one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Missing,
    Good,
    Bad,
}

impl Part<'_> {
    /// What happened in a stretch; nothing without data.
    fn counts(&self, from_ms: i64, to_ms: i64) -> Option<WindowCounts> {
        let window = self.meter.as_ref()?.between(from_ms, to_ms);
        (window.counts.total != 0 || !window.known.is_zero()).then_some(window)
    }

    /// A slice of a member that counts slices is bad when any of them is; of one that counts events, when its
    /// objective is not met.
    fn mark(&self, from_ms: i64, to_ms: i64) -> Mark {
        let Some(WindowCounts { counts: Counts { total, bad }, .. }) = self.counts(from_ms, to_ms)
        else {
            return Mark::Missing;
        };
        let limit =
            if self.is_of_slices { 0 } else { u128::from(total) * u128::from(self.allowed) };
        let is_bad = limit < u128::from(bad) * u128::from(Objective::SCALE);
        if is_bad { Mark::Bad } else { Mark::Good }
    }
}

/// What a slice of a composite shows. What the members that have data decide already needs no others.
pub(crate) fn shown(sli: &CompositeSli, parts: &[Part<'_>], from_ms: i64, to_ms: i64) -> Shown {
    let marks: Vec<Mark> = parts.iter().map(|it| it.mark(from_ms, to_ms)).collect();
    let count = |mark| marks.iter().filter(|it| **it == mark).count();
    let (good, bad, missing) = (count(Mark::Good), count(Mark::Bad), count(Mark::Missing));
    let present = good + bad;
    let needed = match sli.rule {
        CompositeRule::AtLeast(needed) => usize::try_from(needed).unwrap_or(usize::MAX),
        CompositeRule::AnyBad | CompositeRule::Weighted | CompositeRule::Missing => marks.len(),
    };
    match sli.on_missing {
        _ if present == 0 => Shown::Nothing,
        OnMissing::Drop => Shown::from(needed.min(present) <= good),
        OnMissing::NoData if needed <= good => Shown::from(true),
        OnMissing::NoData if good + missing < needed => Shown::from(false),
        OnMissing::NoData => Shown::Nothing,
    }
}

/// A composite, for one goal of it.
pub(crate) struct CompositeMeter<'a> {
    pub(crate) sli: &'a CompositeSli,
    pub(crate) parts: Vec<Part<'a>>,
    /// The verdicts of its slices; nothing when it is read over whole windows.
    pub(crate) verdicts: Option<&'a Verdicts>,
    /// The objective of the goal: the share that may be bad, in 1 / [`Objective::SCALE`].
    pub(crate) allowed: u64,
}

impl CompositeMeter<'_> {
    /// Shares of all known minutes in 10⁻¹², of the members that have data.
    fn weighed(&self, from_ms: i64, to_ms: i64) -> WindowCounts {
        let counted: Vec<_> = self.parts.iter().map(|it| (it, it.counts(from_ms, to_ms))).collect();
        let is_missing = counted.iter().any(|(_, it)| it.is_none());
        let known = counted.iter().filter_map(|(_, it)| Some(it.as_ref()?.known)).min();
        let known = match known {
            Some(known) if !is_missing || self.sli.on_missing == OnMissing::Drop => known,
            _ => SignedDuration::ZERO,
        };
        let from = counted.iter().filter_map(|(_, it)| Some(it.as_ref()?.from)).min();
        let whole = i128::from(crate::time::millis(known)) * MINUTE / MINUTE_MS;
        let weights: i128 =
            counted.iter().filter(|(_, it)| it.is_some()).map(|(part, _)| part.weight).sum();
        let bad = counted.iter().filter_map(|(part, window)| {
            let Counts { total, bad } = window.as_ref()?.counts;
            if total == 0 {
                return None;
            }
            let share = rounded(whole, i128::from(bad), i128::from(total));
            let scaled = match self.sli.rule {
                CompositeRule::Weighted => {
                    rounded(share, i128::from(self.allowed), i128::from(part.allowed.max(1)))
                }
                CompositeRule::Missing | CompositeRule::AnyBad | CompositeRule::AtLeast(_) => share,
            };
            Some(rounded(scaled, part.weight, weights.max(1)))
        });
        let fitting = |it: i128| u64::try_from(it).unwrap_or(u64::MAX);
        WindowCounts {
            from: from.unwrap_or_else(|| instant(from_ms)),
            to: instant(to_ms),
            counts: Counts { total: fitting(whole), bad: fitting(bad.sum::<i128>()) },
            known,
        }
    }
}

impl Meter for CompositeMeter<'_> {
    fn between(&self, from_ms: i64, to_ms: i64) -> WindowCounts {
        match self.verdicts {
            Some(verdicts) => verdicts.window(from_ms, to_ms),
            None => self.weighed(from_ms, to_ms),
        }
    }

    fn settled_ms(&self, to_ms: i64) -> i64 {
        match self.verdicts {
            Some(verdicts) => {
                let last_ms = whole_slice_ms(to_ms, verdicts.rules().width_ms);
                verdicts.until_ms().unwrap_or(last_ms).min(last_ms)
            }
            None => to_ms,
        }
    }

    fn last_ms(&self) -> Option<i64> {
        self.parts.iter().filter_map(|it| it.meter.as_ref()?.last_ms()).max()
    }

    fn has_data(&self, now_ms: i64) -> bool {
        let has_data = |it: &Part<'_>| it.meter.as_ref().is_some_and(|it| it.has_data(now_ms));
        match self.sli.on_missing {
            OnMissing::NoData => self.parts.iter().all(has_data),
            OnMissing::Drop => self.parts.iter().any(has_data),
        }
    }

    fn suspect(&self, now_ms: i64) -> Option<Suspect> {
        let doubted =
            |it: &&Part<'_>| it.meter.as_ref().is_some_and(|meter| meter.suspect(now_ms).is_some());
        let member = self.parts.iter().find(doubted)?;
        Some(Suspect::Member { slo: member.slo.clone() })
    }

    fn is_exact(&self) -> bool {
        let is_exact = |it: &Part<'_>| it.meter.as_ref().is_none_or(|it| it.is_exact());
        self.verdicts.is_some() && self.parts.iter().all(is_exact)
    }
}

/// `a` · `b` ÷ `c`, rounded half up; none is negative, and `c` is not 0.
fn rounded(a: i128, mut b: i128, mut c: i128) -> i128 {
    loop {
        match a.checked_mul(b) {
            Some(product) if c <= 1 => return product,
            Some(product) => return product / c + i128::from(c - product % c <= product % c),
            // More than 38 digits: the last ones of `b` and `c` do not matter.
            None if b <= 1 => return i128::MAX,
            None => (b, c) = (b / 2, c / 2),
        }
    }
}

#[cfg(test)]
mod tests;
