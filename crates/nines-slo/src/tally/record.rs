//! What somebody else reads for an SLI, and which slices are still to be read.

use nines_base::Labels;

use super::Tally;
use crate::groups::Place;
use crate::ledger::{Change, Sums};
use crate::plan::{Plan, Source, Test};
use crate::reading::billionths;
use crate::stock::PartKind;
use crate::time::ceil_to;
use crate::verdict::{SHARE, Shown, meets};
use crate::{Objective, Outcome};

/// Events that are recorded show that the time since the record before is known, if that is no longer ago.
const RECORDED_MAX_MS: i64 = 3_600_000;

/// The SLI can make nothing of an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotCounted;

impl Tally {
    /// The ends of slices up to `to_ms` that somebody should read, latest first, and their length.
    pub(crate) fn unread(&self, now_ms: i64, max: usize) -> Vec<(i64, i64)> {
        let Some(width_ms) = self.plan.read_width_ms else { return Vec::new() };
        let to_ms = now_ms.saturating_sub(self.limits.settle_ms);
        let from_ms = to_ms.saturating_sub(self.grains.span_ms);
        let ends = self.all.unread(from_ms, to_ms, width_ms, max);
        ends.into_iter().map(|end_ms| (end_ms, width_ms)).collect()
    }

    /// Takes what somebody else has read. Returns the earliest instant whose counts are others now; an error when it
    /// cannot be counted.
    pub(crate) fn record(
        &mut self,
        group: &Labels,
        end_ms: i64,
        outcome: Outcome,
    ) -> Result<Option<i64>, NotCounted> {
        let place = match outcome {
            Outcome::Unread => return Err(NotCounted),
            _ if group.is_empty() => Place::Nowhere,
            _ => match self.place(group) {
                Place::Unknown | Place::Nowhere => return Err(NotCounted),
                place @ Place::Group(_) => place,
            },
        };
        match self.plan.read_width_ms {
            Some(width_ms) => self.record_read(place, end_ms, width_ms, outcome),
            None => self.record_beside(place, end_ms, outcome),
        }
    }

    /// For SLIs that others read: the slice was read for this group, or for all events.
    fn record_read(
        &mut self,
        place: Place,
        end_ms: i64,
        width_ms: i64,
        outcome: Outcome,
    ) -> Result<Option<i64>, NotCounted> {
        let end_ms = ceil_to(end_ms, width_ms);
        let from_ms = end_ms.saturating_sub(width_ms);
        let (part, plan) = (self.part(), self.plan);
        let keeps_events = plan.source == Source::Events;
        if let Outcome::Ratio(ratio) = outcome {
            let is_odd = !ratio.is_nan() && !(0.0..=1.0).contains(&ratio);
            self.doubts.odd_ratio = is_odd.then_some(ratio);
            if is_odd {
                return Err(NotCounted);
            }
        }
        let stock = match self.groups.get_mut(place) {
            Some(stock) => stock,
            None => &mut self.all,
        };
        let former = stock.events(from_ms, end_ms);
        match outcome {
            Outcome::Events { good, total } if keeps_events => {
                stock.book(end_ms, difference(sums(part.kind, good, total), former));
                stock.cover(from_ms, end_ms);
            }
            Outcome::NoData if keeps_events => {
                stock.book(end_ms, difference(Sums::default(), former));
            }
            Outcome::NoData => stock.record(end_ms, Shown::Nothing),
            Outcome::Ratio(_) | Outcome::Value(_) if !keeps_events => {
                stock.record(end_ms, shown(&plan, outcome).ok_or(NotCounted)?);
                stock.cover(from_ms, end_ms);
            }
            Outcome::Events { .. } | Outcome::Ratio(_) | Outcome::Value(_) | Outcome::Unread => {
                return Err(NotCounted);
            }
        }
        stock.mark_read(from_ms, end_ms);
        let ready_ms = stock.last_read_ms().unwrap_or(i64::MIN);
        Ok(stock.settle(part, ready_ms))
    }

    /// For SLIs that read series: counted as if series had shown it.
    fn record_beside(
        &mut self,
        place: Place,
        end_ms: i64,
        outcome: Outcome,
    ) -> Result<Option<i64>, NotCounted> {
        let plan = self.plan;
        let kind = self.reader.part_kind();
        let keeps_events = plan.keeps_events() && kind != PartKind::Sum;
        self.part_seen |= keeps_events;
        let (part, width_ms) = (self.part(), plan.verdicts.map_or(1, |it| it.width_ms));
        let watermark_ms = self.targets.watermark_ms(self.limits.settle_ms);
        let mut changed_ms = None;
        let stocks = [Some(&mut self.all), self.groups.get_mut(place)];
        for stock in stocks.into_iter().flatten() {
            match outcome {
                Outcome::Events { good, total } if keeps_events => {
                    let earliest_ms = end_ms.saturating_sub(RECORDED_MAX_MS);
                    let last_ms = stock.last_ms().unwrap_or(end_ms);
                    stock.cover(last_ms.clamp(earliest_ms, end_ms), end_ms);
                    stock.book(end_ms, difference(sums(kind, good, total), Sums::default()));
                }
                Outcome::Ratio(_) | Outcome::Value(_) if plan.verdicts.is_some() => {
                    let end_ms = ceil_to(end_ms, width_ms);
                    let shown = shown(&plan, outcome).ok_or(NotCounted)?;
                    stock.cover(end_ms.saturating_sub(width_ms), end_ms);
                    stock.record(end_ms, shown);
                }
                Outcome::NoData => {}
                Outcome::Events { .. }
                | Outcome::Ratio(_)
                | Outcome::Value(_)
                | Outcome::Unread => return Err(NotCounted),
            }
            let ready_ms = watermark_ms.or(stock.last_ms()).unwrap_or(i64::MIN);
            changed_ms = changed_ms.into_iter().chain(stock.settle(part, ready_ms)).min();
        }
        Ok(changed_ms)
    }
}

fn sums(kind: PartKind, good: u64, total: u64) -> Sums {
    let part = match kind {
        PartKind::Good | PartKind::Sum => good,
        PartKind::Bad => total.saturating_sub(good),
    };
    Sums { whole: total, part }
}

fn difference(new: Sums, old: Sums) -> Change {
    let signed = |it: u64| i64::try_from(it).unwrap_or(i64::MAX);
    Change {
        whole: signed(new.whole) - signed(old.whole),
        part: signed(new.part) - signed(old.part),
    }
}

/// What a slice shows of which the share or the value is known; nothing when it can have none.
fn shown(plan: &Plan, outcome: Outcome) -> Option<Shown> {
    match (outcome, plan.test) {
        (Outcome::Ratio(it) | Outcome::Value(it), _) if it.is_nan() => Some(Shown::Idle),
        (
            Outcome::Value(value),
            Test::Mean(target) | Test::Speed(target) | Test::Value(target) | Test::Age(target),
        ) => Some(Shown::from(meets(target, billionths(value)?, 1))),
        (Outcome::Ratio(ratio), Test::Share | Test::GoodShare(_)) => {
            let good = share_of(ratio)?;
            let least = match plan.test {
                Test::GoodShare(least) => Some(least),
                _ => plan.slice_target,
            };
            Some(match least {
                Some(least) => Shown::from(least * (SHARE / Objective::SCALE) <= good),
                None => Shown::Bad(SHARE - good),
            })
        }
        _ => None,
    }
}

/// Rounded half to even to 10⁻¹² once; nothing outside of 0 to 1.
fn share_of(ratio: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked"
    )]
    (0.0..=1.0).contains(&ratio).then(|| (ratio * SHARE as f64).round_ties_even() as u64)
}
