//! What a tally answers: windows of all events, or of one group, and whether they should be believed.

use super::{SERIES_MAX, Tally};
use crate::ledger::Sums;
use crate::meter::Meter;
use crate::plan::Test;
use crate::stock::{PartKind, Stock, whole_slice_ms};
use crate::{Suspect, WindowCounts};

/// All events of an SLI, or one group of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TallyMeter<'a> {
    pub(super) tally: &'a Tally,
    pub(super) stock: &'a Stock,
}

impl TallyMeter<'_> {
    /// The first instant with data.
    pub(crate) fn first_ms(&self) -> Option<i64> {
        self.stock.first_ms()
    }

    /// The latest instant up to which all that matters has come.
    pub(crate) fn ready_ms(&self, now_ms: i64) -> i64 {
        let over_ms = now_ms.saturating_sub(self.tally.limits.stale_after_ms);
        self.stock.judged_ms().unwrap_or_else(|| self.tally.watermark_ms()).max(over_ms)
    }

    /// Whether its counts are slices, or shares of them.
    pub(crate) fn is_of_slices(&self) -> bool {
        self.tally.plan.verdicts.is_some()
    }
}

impl Meter for TallyMeter<'_> {
    fn between(&self, from_ms: i64, to_ms: i64) -> WindowCounts {
        self.stock.between(from_ms, to_ms, self.tally.part())
    }

    fn settled_ms(&self, to_ms: i64) -> i64 {
        let limits = self.tally.limits;
        match self.stock.width_ms() {
            Some(width_ms) => {
                let late_ms = limits.stale_after_ms.saturating_add(width_ms);
                let (first_ms, last_ms) = (
                    whole_slice_ms(to_ms.saturating_sub(late_ms), width_ms),
                    whole_slice_ms(to_ms, width_ms),
                );
                self.stock.judged_ms().unwrap_or(last_ms).clamp(first_ms, last_ms)
            }
            // While it runs ahead of its parts, the total says nothing.
            None if self.tally.targets.is_split() => {
                let grain_ms = self.tally.grains.hot_ms;
                let first_ms = to_ms.saturating_sub(limits.settle_ms.saturating_add(grain_ms));
                whole_slice_ms(self.tally.watermark_ms(), grain_ms).clamp(first_ms, to_ms)
            }
            None => to_ms,
        }
    }

    fn last_ms(&self) -> Option<i64> {
        self.stock.last_ms()
    }

    fn has_data(&self, now_ms: i64) -> bool {
        let stale_after_ms = self.tally.limits.stale_after_ms;
        let is_fresh = |last: i64| now_ms.saturating_sub(last) <= stale_after_ms;
        self.last_ms().is_some_and(is_fresh) && !self.tally.part().is_missing()
    }

    fn suspect(&self, now_ms: i64) -> Option<Suspect> {
        let tally = self.tally;
        let part = tally.part();
        if part.is_missing() && self.last_ms().is_some() {
            return Some(match tally.reader.threshold() {
                Some(below) => {
                    let nearest = tally.nearest_bounds(below);
                    Suspect::NoSuchBucket { below, nearest }
                }
                None => Suspect::GoodNeverSeen,
            });
        }
        if tally.doubts.has_refused {
            return Some(Suspect::TooManySeries { limit: SERIES_MAX });
        }
        if let Some(ratio) = tally.doubts.odd_ratio {
            return Some(Suspect::NoRatio { ratio });
        }
        if tally.doubts.is_counted_twice {
            return Some(Suspect::CountedTwice);
        }
        let is_ratio = part.kind != PartKind::Sum && tally.plan.keeps_events();
        let Sums { whole, part } = tally.settled_hour(self.stock, now_ms);
        (is_ratio && whole < part && !matches!(tally.plan.test, Test::Speed(_)))
            .then_some(Suspect::PartExceedsTotal { total: whole, part })
    }

    fn is_exact(&self) -> bool {
        self.tally.plan.read_width_ms.is_none()
    }
}

impl Tally {
    /// Targets are scraped at different instants, so the last minutes do not fit together yet.
    fn settled_hour(&self, stock: &Stock, now_ms: i64) -> Sums {
        const HOUR_MS: i64 = 3_600_000;
        let to_ms = now_ms.saturating_sub(self.limits.stale_after_ms);
        stock.events(to_ms.saturating_sub(HOUR_MS), to_ms)
    }

    fn nearest_bounds(&self, below: f64) -> Vec<f64> {
        let index = self.bounds.partition_point(|it| *it < below);
        let around = index.saturating_sub(1)..(index + 1).min(self.bounds.len());
        self.bounds.get(around).unwrap_or_default().to_vec()
    }
}
