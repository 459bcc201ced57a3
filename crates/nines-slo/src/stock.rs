//! The counts of one SLI, or of one group of it: events, what slices show, verdicts, and when data were known.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::cells::{Gauges, Records, Votes};
use crate::history::{Grains, History};
use crate::ledger::{Change, Sums};
use crate::plan::{Plan, Source, Test};
use crate::presence::Presence;
use crate::time::{ceil_to, floor_to, instant};
use crate::verdict::{SHARE, SavedVerdicts, Shown, Verdicts, meets, share};
use crate::{Counts, NoData, WindowCounts};

/// What is counted beside all events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartKind {
    Good,
    Bad,
    /// A quantity of which the mean is taken.
    Sum,
}

/// How the part of events is to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) kind: PartKind,
    /// Whether it was ever seen; without it good events are unknown rather than none.
    pub(crate) is_seen: bool,
}

impl Part {
    pub(crate) fn is_missing(self) -> bool {
        self.kind != PartKind::Bad && !self.is_seen
    }

    fn counts(self, sums: Sums) -> Counts {
        let known = sums.part.min(sums.whole);
        match self.kind {
            _ if self.is_missing() => Counts::default(),
            PartKind::Bad => Counts { total: sums.whole, bad: known },
            PartKind::Good => Counts { total: sums.whole, bad: sums.whole - known },
            PartKind::Sum => Counts { total: sums.whole, bad: 0 },
        }
    }
}

/// Counts and everything that is needed to judge slices again.
#[derive(Debug, Clone)]
pub(crate) struct Stock {
    evidence: Evidence,
    verdicts: Option<Verdicts>,
    /// The earliest instant whose counts are others now.
    changed_ms: Option<i64>,
}

/// What slices are judged by.
#[derive(Debug, Clone)]
struct Evidence {
    test: Test,
    width_ms: i64,
    /// Empty for SLIs without events.
    events: History,
    values: Values,
    records: Records,
    /// When series that count all events were sampled.
    presence: Presence,
    /// The slices that were read, where somebody else reads them.
    read: Option<Presence>,
}

/// What a later process needs to go on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedStock {
    events: History,
    values: Values,
    records: Records,
    presence: Presence,
    read: Option<Presence>,
    verdicts: Option<SavedVerdicts>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Values {
    None,
    Gauges(Gauges),
    Votes(Votes),
}

impl Stock {
    pub(crate) fn new(plan: &Plan, grains: Grains, stale_after_ms: i64) -> Self {
        let values = match plan.source {
            Source::Gauge(by) => Values::Gauges(Gauges::new(by)),
            Source::Votes => Values::Votes(Votes::default()),
            Source::Events | Source::Samples | Source::Outside => Values::None,
        };
        // What is read slice by slice is known slice by slice.
        let join_ms = if plan.read_width_ms.is_some() { 0 } else { stale_after_ms };
        let evidence = Evidence {
            test: plan.test,
            width_ms: plan.verdicts.map_or(1, |it| it.width_ms),
            events: History::new(plan.event_grains(grains)),
            values,
            records: Records::default(),
            presence: Presence::new(join_ms),
            read: plan.read_width_ms.map(|_| Presence::new(0)),
        };
        let verdicts = plan.verdicts.map(|it| Verdicts::new(it, grains.span_ms));
        Self { evidence, verdicts, changed_ms: None }
    }

    pub(crate) fn save(&self) -> SavedStock {
        let evidence = self.evidence.clone();
        SavedStock {
            events: evidence.events,
            values: evidence.values,
            records: evidence.records,
            presence: evidence.presence,
            read: evidence.read,
            verdicts: self.verdicts.as_ref().map(Verdicts::save),
        }
    }

    pub(crate) fn restore(&mut self, saved: SavedStock) {
        let SavedStock { events, values, records, presence, read, verdicts } = saved;
        self.evidence = Evidence { events, values, records, presence, read, ..self.evidence };
        if let (Some(now), Some(saved)) = (&mut self.verdicts, verdicts) {
            now.restore(saved);
        }
        self.changed_ms = None;
    }

    /// Counts events, or takes them back.
    pub(crate) fn book(&mut self, at_ms: i64, change: Change) {
        self.evidence.events.book(at_ms, change);
        self.changed(at_ms.saturating_sub(1), at_ms);
    }

    /// Takes the value of a gauge.
    pub(crate) fn add(&mut self, at_ms: i64, voter: u32, value: i128) {
        let end_ms = ceil_to(at_ms, self.evidence.width_ms);
        match &mut self.evidence.values {
            Values::Gauges(gauges) => gauges.add(end_ms, at_ms, value),
            Values::Votes(votes) => votes.add(end_ms, voter, at_ms, value),
            Values::None => return,
        }
        self.changed(at_ms.saturating_sub(1), at_ms);
    }

    /// There are data at this instant.
    pub(crate) fn touch(&mut self, at_ms: i64) {
        self.cover(at_ms, at_ms);
    }

    /// There are data from one instant to the other.
    pub(crate) fn cover(&mut self, from_ms: i64, to_ms: i64) {
        let former_ms = self.evidence.presence.first_ms();
        let touched = if from_ms == to_ms {
            self.evidence.presence.touch(to_ms)
        } else {
            self.evidence.presence.cover(from_ms, to_ms)
        };
        let Some(verdicts) = &mut self.verdicts else { return };
        verdicts.mark(touched.from_ms, touched.to_ms);
        // What lies between the new beginning and the old one has no data, by no fault of the beginning.
        if let Some(former_ms) = former_ms
            && from_ms < former_ms
        {
            let until_ms = if verdicts.rules().no_data == NoData::Ignore {
                ceil_to(from_ms, verdicts.rules().width_ms)
            } else {
                former_ms
            };
            verdicts.mark(from_ms.saturating_sub(1), until_ms);
            verdicts.mark(former_ms.saturating_sub(1), former_ms);
        }
    }

    /// Somebody has read the slice that ends here.
    pub(crate) fn record(&mut self, end_ms: i64, shown: Shown) {
        self.evidence.records.set(end_ms, shown);
        self.changed(end_ms.saturating_sub(1), end_ms);
    }

    /// A slice is read, whatever it shows.
    pub(crate) fn mark_read(&mut self, from_ms: i64, end_ms: i64) {
        if let Some(read) = &mut self.evidence.read {
            read.cover(from_ms, end_ms);
            self.changed(from_ms, end_ms);
        }
    }

    fn changed(&mut self, from_ms: i64, to_ms: i64) {
        if let Some(verdicts) = &mut self.verdicts {
            verdicts.mark(from_ms, to_ms);
        }
        self.changed_ms = Some(self.changed_ms.map_or(to_ms, |it| it.min(to_ms)));
    }

    /// After this the answers are right. Slices are judged up to `ready_ms`. Returns the earliest instant whose
    /// counts are others than before.
    pub(crate) fn settle(&mut self, part: Part, ready_ms: i64) -> Option<i64> {
        self.evidence.events.settle();
        let changed_ms = self.changed_ms.take();
        let Some(verdicts) = &mut self.verdicts else { return changed_ms };
        let evidence = &self.evidence;
        let first_ms = match &evidence.read {
            Some(read) => read.first_ms(),
            None => evidence.presence.first_ms(),
        };
        verdicts.settle(first_ms, ready_ms, &|end_ms| evidence.shown(end_ms, part))
    }

    /// All slices are to be judged again.
    pub(crate) fn doubt(&mut self) {
        if let (Some(verdicts), Some(first_ms)) =
            (&mut self.verdicts, self.evidence.presence.first_ms())
        {
            verdicts.mark(first_ms.saturating_sub(1), verdicts.until_ms().unwrap_or(i64::MIN));
        }
    }

    /// The first instant with data.
    pub(crate) fn first_ms(&self) -> Option<i64> {
        self.evidence.presence.first_ms()
    }

    /// The latest instant with data.
    pub(crate) fn last_ms(&self) -> Option<i64> {
        self.evidence.presence.last_ms()
    }

    /// The last slice that was read.
    pub(crate) fn last_read_ms(&self) -> Option<i64> {
        self.evidence.read.as_ref().and_then(Presence::last_ms)
    }

    /// The ends of slices that nobody has read, latest first.
    pub(crate) fn unread(&self, from_ms: i64, to_ms: i64, width_ms: i64, max: usize) -> Vec<i64> {
        let read = self.evidence.read.as_ref();
        read.map(|it| it.missing(from_ms, to_ms, width_ms, max)).unwrap_or_default()
    }

    /// Slices that end here or earlier have been judged; nothing when events are counted.
    pub(crate) fn judged_ms(&self) -> Option<i64> {
        self.verdicts.as_ref().and_then(Verdicts::until_ms)
    }

    /// The length of a slice that is judged.
    pub(crate) fn width_ms(&self) -> Option<i64> {
        self.verdicts.as_ref().map(|it| it.rules().width_ms)
    }

    /// The sums of events.
    pub(crate) fn events(&self, from_ms: i64, to_ms: i64) -> Sums {
        self.evidence.events.between(from_ms, to_ms).1
    }

    /// The grain of a window, see [`History::grain_ms`].
    pub(crate) fn grain_ms(&self, from_ms: i64, to_ms: i64) -> i64 {
        self.width_ms().unwrap_or_else(|| self.evidence.events.grain_ms(from_ms, to_ms))
    }

    /// See [`crate::meter::Meter::between`].
    pub(crate) fn between(&self, from_ms: i64, to_ms: i64, part: Part) -> WindowCounts {
        if let Some(verdicts) = &self.verdicts {
            return verdicts.window(from_ms, to_ms);
        }
        let (from_ms, sums) = self.evidence.events.between(from_ms, to_ms);
        let known_ms =
            if part.is_missing() { 0 } else { self.evidence.presence.known_ms(from_ms, to_ms) };
        WindowCounts {
            from: instant(from_ms),
            to: instant(to_ms),
            counts: part.counts(sums),
            known: SignedDuration::from_millis(known_ms),
        }
    }
}

impl Evidence {
    /// What the slice that ends here shows.
    fn shown(&self, end_ms: i64, part: Part) -> Shown {
        let from_ms = end_ms - self.width_ms;
        if let Some(shown) = self.records.get(end_ms) {
            return shown;
        }
        if self.read.as_ref().is_some_and(|it| it.covered_ms(from_ms, end_ms) < self.width_ms) {
            return Shown::Unread;
        }
        let value = match &self.values {
            Values::None => return self.shown_by_events(from_ms, end_ms, part),
            Values::Gauges(gauges) => gauges.value(end_ms),
            Values::Votes(votes) => {
                votes.up(end_ms).and_then(|it| Some((i128::try_from(it).ok()?, 1)))
            }
        };
        match (value, self.test) {
            (None, _) => Shown::Nothing,
            (Some((value, divisor)), Test::Value(target)) => {
                Shown::from(meets(target, value, divisor))
            }
            (Some((value, _)), Test::Age(target)) => {
                Shown::from(meets(target, i128::from(end_ms) * 1_000_000 - value, 1))
            }
            (Some((up, _)), Test::Votes(needed)) => Shown::from(i128::from(needed) <= up),
            (Some(_), _) => Shown::Nothing,
        }
    }

    fn shown_by_events(&self, from_ms: i64, end_ms: i64, part: Part) -> Shown {
        let sums = self.events.between(from_ms, end_ms).1;
        let known_ms = self.presence.covered_ms(from_ms, end_ms);
        if part.is_missing() {
            return Shown::Nothing;
        }
        match self.test {
            // A speed needs the time of the whole slice, and none is a speed too.
            Test::Speed(target) if known_ms == self.width_ms => {
                // Thousandths of events to billionths, per milliseconds to per seconds.
                let billionths = i128::from(sums.whole) * 1_000_000 * 1_000;
                return Shown::from(meets(target, billionths, i128::from(self.width_ms)));
            }
            Test::Speed(_) => return Shown::Nothing,
            _ if sums.whole == 0 && known_ms == 0 => return Shown::Nothing,
            _ if sums.whole == 0 => return Shown::Idle,
            _ => {}
        }
        let Counts { total, bad } = part.counts(sums);
        match self.test {
            // The sum is in 10⁻⁶.
            Test::Mean(target) => {
                let billionths = i128::from(sums.part) * 1_000;
                Shown::from(meets(target, billionths, i128::from(sums.whole)))
            }
            Test::GoodShare(target) => {
                let good = u128::from(total - bad) * u128::from(crate::Objective::SCALE);
                Shown::from(u128::from(total) * u128::from(target) <= good)
            }
            Test::Share => Shown::Bad(share(bad, total).min(SHARE)),
            Test::Speed(_) | Test::Value(_) | Test::Age(_) | Test::Votes(_) => Shown::Nothing,
        }
    }
}

/// The last whole slice at an instant.
pub(crate) fn whole_slice_ms(at_ms: i64, width_ms: i64) -> i64 {
    floor_to(at_ms, width_ms)
}
