//! Overlays laid over the counts of an SLO: what is excluded or corrected is subtracted while windows are read.
//!
//! Raw counts stay as they are. Stretches are sorted and disjoint, with running sums of what they take and give, so a
//! window costs two searches however many stretches lie in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::{DateTime, Weekday};
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::meter::Meter;
use crate::time::{floor_to, local_instant, millis};
use crate::{Counts, Overlay, OverlayAlerts, OverlayEffect, SloName, Suspect, When, WindowCounts};

/// The most days over which a recurrence is laid out: more than any window and its policy look back.
const DAYS_MAX: i32 = 4_000;

/// One overlay with every time at which it holds.
#[derive(Debug)]
pub(crate) struct Layer {
    overlay: Overlay,
    /// (`from_ms`, `to_ms`], sorted, disjoint, on whole slices.
    times: Vec<(i64, i64)>,
}

impl Layer {
    /// Times are widened to slices of `grain_ms`: what is counted as a whole is excluded as a whole.
    pub(crate) fn new(overlay: Overlay, grain_ms: i64) -> Self {
        let expires_ms = overlay.expires.map_or(i64::MAX, Timestamp::as_millisecond);
        let mut times: Vec<(i64, i64)> = Vec::new();
        for (from, to) in instances(&overlay) {
            let (from_ms, to_ms) = (from.as_millisecond(), to.as_millisecond().min(expires_ms));
            if to_ms <= from_ms {
                continue;
            }
            let former_ms = times.last().map_or(i64::MIN, |it| it.1);
            let from_ms = floor_to(from_ms, grain_ms).max(former_ms);
            let to_ms = floor_to(to_ms.saturating_add(grain_ms - 1), grain_ms);
            if from_ms < to_ms {
                times.push((from_ms, to_ms));
            }
        }
        Self { overlay, times }
    }

    fn is_for(&self, name: &SloName) -> bool {
        self.overlay.slos.matches(name)
    }

    fn holds_at(&self, at_ms: i64) -> bool {
        let next = self.times.partition_point(|it| it.1 < at_ms);
        self.times.get(next).is_some_and(|it| it.0 < at_ms)
    }

    /// The times that overlap (`from_ms`, `to_ms`].
    fn within(&self, from_ms: i64, to_ms: i64) -> &[(i64, i64)] {
        let first = self.times.partition_point(|it| it.1 <= from_ms);
        let end = self.times.partition_point(|it| it.0 < to_ms);
        self.times.get(first..end).unwrap_or_default()
    }
}

/// When an overlay holds, in order of time.
fn instances(overlay: &Overlay) -> Vec<(Timestamp, Timestamp)> {
    match &overlay.when {
        When::Once { from, to } => vec![(*from, *to)],
        When::Weekly { days, from, to, zone, since } => {
            let day = |it: Timestamp| zone.to_datetime(it).date();
            // Without an end it is laid out from its beginning, else back from its end.
            let (first, last) = match (overlay.expires.map(day), since.map(day)) {
                (Some(last), Some(first)) => {
                    (first.max(last.saturating_sub(DAYS_MAX.days())), last)
                }
                (Some(last), None) => (last.saturating_sub(DAYS_MAX.days()), last),
                (None, Some(first)) => (first, first.saturating_add(DAYS_MAX.days())),
                (None, None) => return Vec::new(),
            };
            // One that began on the evening before may reach into the first day.
            let first = first.saturating_sub(1.day());
            let next_day = i64::from(to <= from);
            let since = since.unwrap_or(Timestamp::MIN);
            first
                .series(1.day())
                .take_while(|it| *it <= last)
                .filter(|it| has_day(days, it.weekday()))
                .map(|it| {
                    let local = |at: DateTime| local_instant(zone, at);
                    let end = it.saturating_add(next_day.days()).to_datetime(*to);
                    (local(it.to_datetime(*from)).max(since), local(end))
                })
                .collect()
        }
    }
}

fn has_day(days: &[Weekday], day: Weekday) -> bool {
    days.contains(&day)
}

/// The overlays of one SLO, in the order in which they were written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cover {
    layers: Vec<Arc<Layer>>,
    /// The corrections that hold, sorted and disjoint.
    corrected: Vec<Correction>,
}

/// Counts that hold in (`from_ms`, `to_ms`].
#[derive(Debug, Clone, Copy)]
struct Correction {
    from_ms: i64,
    to_ms: i64,
    good: u64,
    total: u64,
}

/// Of two corrections that overlap the one that was written later holds, the other not at all. This is found out for
/// all time at once, so that no answer depends on what is asked.
fn corrections(layers: &[Arc<Layer>]) -> Vec<Correction> {
    let mut corrected: BTreeMap<i64, Correction> = BTreeMap::new();
    for layer in layers.iter().rev() {
        let OverlayEffect::Correct { good, total } = layer.overlay.effect else { continue };
        for &(from_ms, to_ms) in &layer.times {
            let before_end = corrected.range(..to_ms).next_back();
            if before_end.is_none_or(|(_, it)| it.to_ms <= from_ms) {
                corrected.insert(from_ms, Correction { from_ms, to_ms, good, total });
            }
        }
    }
    corrected.into_values().collect()
}

impl Cover {
    /// Those of `layers` that are for an SLO.
    pub(crate) fn of(layers: &[Arc<Layer>], name: &SloName) -> Self {
        let layers: Vec<_> = layers.iter().filter(|it| it.is_for(name)).map(Arc::clone).collect();
        Self { corrected: corrections(&layers), layers }
    }

    /// The first overlay that silences burn alerts at an instant.
    pub(crate) fn muted_by(&self, at_ms: i64) -> Option<&str> {
        let mut mutes = self.layers.iter().filter(|it| it.overlay.alerts == OverlayAlerts::Mute);
        mutes.find(|it| it.holds_at(at_ms)).map(|it| it.overlay.name.as_str())
    }

    /// The names of those that hold in some part of (`from_ms`, `to_ms`].
    pub(crate) fn names(&self, from_ms: i64, to_ms: i64) -> Vec<String> {
        let within = self.layers.iter().filter(|it| !it.within(from_ms, to_ms).is_empty());
        within.map(|it| it.overlay.name.clone()).collect()
    }

    /// `raw` with these overlays, for windows in (`from_ms`, `to_ms`]. A correction counts in `unit` parts of events.
    pub(crate) fn over<'a>(
        &self,
        raw: &'a dyn Meter,
        unit: u64,
        from_ms: i64,
        to_ms: i64,
    ) -> Covered<'a> {
        let stretches = self.stretches(unit, from_ms, to_ms);
        let mut before = Vec::with_capacity(stretches.len());
        let mut sum = Change::default();
        for it in &stretches {
            before.push(sum);
            sum = sum.plus(it.change(raw, it.from_ms, it.to_ms));
        }
        Covered { raw, stretches, before }
    }

    /// Those that overlap (`from_ms`, `to_ms`], sorted and disjoint. An exclusion goes before a correction.
    fn stretches(&self, unit: u64, from_ms: i64, to_ms: i64) -> Vec<Stretch> {
        let excludes = |it: &&Arc<Layer>| it.overlay.effect == OverlayEffect::Exclude;
        let exclusions = self.layers.iter().filter(excludes);
        let times = exclusions.flat_map(|it| it.within(from_ms, to_ms)).copied();
        let excluded = merged(times.collect());
        let first = self.corrected.partition_point(|it| it.to_ms <= from_ms);
        let end = self.corrected.partition_point(|it| it.from_ms < to_ms);
        let corrected = self.corrected.get(first..end).unwrap_or_default();
        let mut stretches: Vec<Stretch> =
            corrected.iter().flat_map(|it| it.stretch(unit).without(&excluded)).collect();
        let exclusion = |&(from_ms, to_ms): &(i64, i64)| Stretch { from_ms, to_ms, given: None };
        stretches.extend(excluded.iter().map(exclusion));
        stretches.sort_unstable_by_key(|it| it.from_ms);
        stretches
    }
}

impl Correction {
    fn stretch(&self, unit: u64) -> Stretch {
        let Self { from_ms, to_ms, good, total } = *self;
        let bad = total.saturating_sub(good).saturating_mul(unit);
        Stretch { from_ms, to_ms, given: Some(Counts { total: total.saturating_mul(unit), bad }) }
    }
}

/// Sorted, and with those that touch made one.
fn merged(mut times: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    times.sort_unstable();
    let mut merged: Vec<(i64, i64)> = Vec::with_capacity(times.len());
    for (from_ms, to_ms) in times {
        match merged.last_mut() {
            Some(last) if from_ms <= last.1 => last.1 = last.1.max(to_ms),
            _ => merged.push((from_ms, to_ms)),
        }
    }
    merged
}

/// A stretch of time whose raw counts are taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    from_ms: i64,
    to_ms: i64,
    /// What is there instead: of an exclusion nothing, not even known time; of a piece of a correction that is not its
    /// last, known time without events.
    given: Option<Counts>,
}

impl Stretch {
    /// The pieces that no exclusion takes. What is given belongs to the last instant, and goes with it.
    fn without(self, excluded: &[(i64, i64)]) -> Vec<Self> {
        let (mut pieces, mut from_ms) = (Vec::new(), self.from_ms);
        let nothing = Some(Counts::default());
        for &(start_ms, end_ms) in excluded {
            if end_ms <= from_ms || self.to_ms <= start_ms {
                continue;
            }
            if from_ms < start_ms {
                pieces.push(Self { from_ms, to_ms: start_ms, given: nothing });
            }
            from_ms = end_ms;
        }
        if from_ms < self.to_ms {
            pieces.push(Self { from_ms, ..self });
        }
        pieces
    }

    /// What it changes in the part of it that lies in (`from_ms`, `to_ms`].
    fn change(self, raw: &dyn Meter, from_ms: i64, to_ms: i64) -> Change {
        let (from_ms, to_ms) = (self.from_ms.max(from_ms), self.to_ms.min(to_ms));
        let taken = raw.between(from_ms, to_ms);
        let given = self.given.filter(|_| to_ms == self.to_ms).unwrap_or_default();
        let known_ms = if self.given.is_some() { to_ms - from_ms } else { 0 };
        Change {
            taken: taken.counts,
            given,
            known_ms: known_ms.saturating_sub(millis(taken.known)),
        }
    }
}

/// What stretches change.
#[derive(Debug, Clone, Copy, Default)]
struct Change {
    taken: Counts,
    given: Counts,
    known_ms: i64,
}

impl Change {
    fn plus(self, other: Self) -> Self {
        let sum = |a: Counts, b: Counts| Counts {
            total: a.total.saturating_add(b.total),
            bad: a.bad.saturating_add(b.bad),
        };
        Self {
            taken: sum(self.taken, other.taken),
            given: sum(self.given, other.given),
            known_ms: self.known_ms.saturating_add(other.known_ms),
        }
    }

    fn minus(self, other: Self) -> Self {
        let rest = |a: Counts, b: Counts| Counts {
            total: a.total.saturating_sub(b.total),
            bad: a.bad.saturating_sub(b.bad),
        };
        Self {
            taken: rest(self.taken, other.taken),
            given: rest(self.given, other.given),
            known_ms: self.known_ms.saturating_sub(other.known_ms),
        }
    }
}

/// A meter under overlays. Without any it says what the meter says.
pub(crate) struct Covered<'a> {
    raw: &'a dyn Meter,
    stretches: Vec<Stretch>,
    /// What all stretches before the one of the same index change.
    before: Vec<Change>,
}

impl Covered<'_> {
    /// What lies under the overlays.
    pub(crate) fn raw(&self) -> &dyn Meter {
        self.raw
    }

    /// What the stretches change in (`from_ms`, `to_ms`].
    fn change(&self, from_ms: i64, to_ms: i64) -> Change {
        let first = self.stretches.partition_point(|it| it.to_ms <= from_ms);
        let end = self.stretches.partition_point(|it| it.from_ms < to_ms);
        let of = |it: &Stretch| it.change(self.raw, from_ms, to_ms);
        match self.stretches.get(first..end).unwrap_or_default() {
            [] => Change::default(),
            [only] => of(only),
            [head, .., tail] => {
                let inner = self.before[end - 1].minus(self.before[first + 1]);
                of(head).plus(inner).plus(of(tail))
            }
        }
    }
}

impl Meter for Covered<'_> {
    fn between(&self, from_ms: i64, to_ms: i64) -> WindowCounts {
        let raw = self.raw.between(from_ms, to_ms);
        if self.stretches.is_empty() {
            return raw;
        }
        let Change { taken, given, known_ms } = self.change(raw.from.as_millisecond(), to_ms);
        let left =
            |all: u64, taken: u64, given: u64| all.saturating_sub(taken).saturating_add(given);
        let total = left(raw.counts.total, taken.total, given.total);
        let bad = left(raw.counts.bad, taken.bad, given.bad).min(total);
        let known_ms = millis(raw.known).saturating_add(known_ms).max(0);
        WindowCounts {
            counts: Counts { total, bad },
            known: SignedDuration::from_millis(known_ms),
            ..raw
        }
    }

    fn settled_ms(&self, to_ms: i64) -> i64 {
        self.raw.settled_ms(to_ms)
    }

    fn last_ms(&self) -> Option<i64> {
        self.raw.last_ms()
    }

    fn has_data(&self, now_ms: i64) -> bool {
        self.raw.has_data(now_ms)
    }

    fn suspect(&self, now_ms: i64) -> Option<Suspect> {
        self.raw.suspect(now_ms)
    }
}

#[cfg(test)]
mod tests;
