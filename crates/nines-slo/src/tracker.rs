//! The streaming engine of all SLOs: samples in, counts and burn alerts out.
//!
//! A window is one subtraction, whatever its length. Counting follows the set of samples, not the order
//! in which batches arrive, with the one exception that `series` names; so the past may be replayed
//! before, after or between live samples.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, Matcher, SampleBatch};

use crate::burn::Activations;
use crate::cover::{Cover, Layer};
use crate::history::Grains;
use crate::tally::{Limits, Tally};
use crate::time::{floor_to, millis};
use crate::{BurnAlert, BurnKey, DueSlice, Goal, Outcome, Overlay, Slo, SloName, WindowCounts};

mod checkpoint;
mod composites;
mod evaluate;
mod routes;

use composites::Composite;
use routes::Routes;

pub use checkpoint::SavedSlo;

/// No chart has more points.
const POINTS_MAX: usize = 11_000;

/// Slices of one SLO that are asked for at once.
const UNREAD_MAX: usize = 100;

/// Slices of all SLOs that are asked for at once.
const UNREAD_ALL_MAX: usize = 1_000;

/// The counts of one step of a chart.
pub type Slice = WindowCounts;

/// How finely and how long the tracker remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackerConfig {
    /// The slices of windows up to `hot_span`; divides `cold_grain`.
    pub hot_grain: SignedDuration,
    /// How long fine slices are kept.
    pub hot_span: SignedDuration,
    /// The slices of longer windows.
    pub cold_grain: SignedDuration,
    /// Without a sample for longer than this, time is unknown.
    pub stale_after: SignedDuration,
    /// Slices are judged when all their targets have passed their end, or the latest one has by so much: two scrape
    /// intervals.
    pub settle: SignedDuration,
    /// A series that was away for longer begins anew.
    pub forget_after: SignedDuration,
    /// Samples that are further ahead of the last evaluation are not taken, so evaluate more often.
    pub ahead_max: SignedDuration,
    /// At least so much is kept; longer windows of SLOs extend it.
    pub history_min: SignedDuration,
}

impl Default for TrackerConfig {
    fn default() -> Self {
        Self {
            hot_grain: SignedDuration::from_secs(15),
            hot_span: SignedDuration::from_hours(4 * 24),
            cold_grain: SignedDuration::from_secs(60),
            stale_after: SignedDuration::from_mins(5),
            settle: SignedDuration::from_secs(30),
            forget_after: SignedDuration::from_hours(24),
            ahead_max: SignedDuration::from_hours(1),
            history_min: SignedDuration::from_hours(24),
        }
    }
}

/// Counts events for a set of SLOs and judges their burn.
#[derive(Debug)]
pub struct Tracker {
    config: TrackerConfig,
    /// By name.
    tracked: Vec<Tracked>,
    routes: Routes,
    /// The indexes of composites, each after its members.
    composites: Vec<usize>,
    /// The latest evaluation.
    evaluated: Option<Timestamp>,
    /// When groups that have ended were last looked for.
    swept: Option<Timestamp>,
    /// Exclusions and corrections, in the order in which they were given.
    layers: Vec<Arc<Layer>>,
}

/// One SLO with its counts.
#[derive(Debug)]
struct Tracked {
    slo: Slo,
    count: Count,
    /// By the index of the goal, and by group.
    activations: BTreeMap<(usize, Labels), Activations>,
    /// The first evaluation.
    followed: Option<Timestamp>,
    /// The overlays of this SLO.
    cover: Cover,
    /// By the index of the goal, the events that its calendar window is expected to have.
    expected: BTreeMap<usize, u64>,
    /// The last judgement, while it holds.
    judged: Option<Judged>,
}

/// What was found the last time.
#[derive(Debug)]
struct Judged {
    at: Timestamp,
    alerts: Vec<BurnAlert>,
}

/// What an SLO is counted by.
#[derive(Debug)]
enum Count {
    /// Its own counts.
    Tally(Box<Tally>),
    /// Those of others.
    Composite(Box<Composite>),
}

impl Tracked {
    fn tally(&self) -> Option<&Tally> {
        match &self.count {
            Count::Tally(tally) => Some(tally),
            Count::Composite(_) => None,
        }
    }

    fn tally_mut(&mut self) -> Option<&mut Tally> {
        match &mut self.count {
            Count::Tally(tally) => Some(tally),
            Count::Composite(_) => None,
        }
    }

    /// Whether its counts are slices, or shares of them.
    fn is_of_slices(&self) -> bool {
        match &self.count {
            Count::Tally(tally) => tally.total().is_of_slices(),
            Count::Composite(composite) => composite.width_ms().is_some(),
        }
    }
}

impl Tracker {
    /// Follows `slos`; of two with one name the later wins.
    ///
    /// # Panics
    /// When the grains of `config` are not positive, or the fine one does not divide the coarse one.
    pub fn new(slos: Vec<Slo>, config: TrackerConfig) -> Self {
        let mut tracker = Self {
            config,
            tracked: Vec::new(),
            routes: Routes::default(),
            composites: Vec::new(),
            evaluated: None,
            swept: None,
            layers: Vec::new(),
        };
        // All of them are new, so the answer is known.
        drop(tracker.reconfigure(slos));
        tracker
    }

    /// Follows `slos` from now on. Returns those whose past is not counted: they are new, or they count
    /// something else or more of the past than before.
    pub fn reconfigure(&mut self, slos: Vec<Slo>) -> Vec<SloName> {
        let slos: BTreeMap<SloName, Slo> =
            slos.into_iter().map(|it| (it.name.clone(), it)).collect();
        let mut former: BTreeMap<SloName, (usize, Tracked)> = std::mem::take(&mut self.tracked)
            .into_iter()
            .enumerate()
            .map(|(index, it)| (it.slo.name.clone(), (index, it)))
            .collect();
        let (mut moved, mut fresh) = (BTreeMap::new(), Vec::new());
        for (name, slo) in slos {
            let (span_ms, index) = (self.span_ms(&slo), self.tracked.len());
            let (mut activations, mut expected) = (BTreeMap::new(), BTreeMap::new());
            let (mut followed, mut kept) = (None, None);
            if let Some((former_index, it)) = former.remove(&name) {
                (activations, expected) = (it.activations, it.expected);
                followed = it.followed;
                kept = match it.count {
                    Count::Tally(tally) if tally.fits(&it.slo, &slo, span_ms) => {
                        moved.insert(former_index, index);
                        Some(Count::Tally(tally))
                    }
                    Count::Tally(_) | Count::Composite(_) => None,
                };
            }
            let count = kept.unwrap_or_else(|| match Composite::new(&slo, span_ms) {
                // Members know the past.
                Some(composite) => Count::Composite(Box::new(composite)),
                None => {
                    fresh.push(index);
                    Count::Tally(Box::new(Tally::new(&slo, self.grains(span_ms), self.limits())))
                }
            });
            let (cover, judged) = (Cover::of(&self.layers, &slo.name), None);
            let it = Tracked { slo, count, activations, followed, cover, expected, judged };
            self.tracked.push(it);
        }
        self.routes.rebuild(&mut self.tracked, &moved, &fresh);
        self.composites = composites::link(&mut self.tracked);
        self.settle_composites(BTreeMap::new(), self.evaluated_ms());
        fresh.iter().map(|it| self.tracked[*it].slo.name.clone()).collect()
    }

    fn evaluated_ms(&self) -> i64 {
        self.evaluated.map_or(i64::MIN, Timestamp::as_millisecond)
    }

    fn span_ms(&self, slo: &Slo) -> i64 {
        let needed = |it: &Goal| {
            let pairs = it.alerting.pairs.iter().map(|it| it.long);
            pairs.fold(it.window.longest(), SignedDuration::max)
        };
        let longest = slo.goals.iter().map(needed);
        let longest = longest.fold(self.config.history_min, SignedDuration::max);
        // Edges are rounded down, and the last slice may be unfinished.
        millis(longest).saturating_add(2 * millis(self.config.cold_grain))
    }

    fn grains(&self, span_ms: i64) -> Grains {
        Grains {
            hot_ms: millis(self.config.hot_grain),
            hot_span_ms: millis(self.config.hot_span).min(span_ms),
            cold_ms: millis(self.config.cold_grain),
            span_ms,
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            stale_after_ms: millis(self.config.stale_after),
            forget_after_ms: millis(self.config.forget_after),
            settle_ms: millis(self.config.settle),
        }
    }

    /// Counts one scrape or one write request as a whole.
    pub fn observe(&mut self, batch: &[SampleBatch]) {
        let ahead_ms = millis(self.config.ahead_max);
        // No instant lies beyond what can be written down.
        let limit_ms = self.evaluated.map_or(Timestamp::MAX.as_millisecond(), |it| {
            it.as_millisecond().saturating_add(ahead_ms)
        });
        if batch.iter().any(|it| !it.histograms.is_empty()) {
            // Which form of a histogram counts is known before the first sample is taken.
            for it in batch {
                self.routes.feeds(&it.labels, &mut self.tracked);
            }
        }
        let mut touched = Vec::new();
        for it in batch {
            for feed in self.routes.feeds(&it.labels, &mut self.tracked) {
                let Some(tally) = self.tracked[feed.slo].tally_mut() else { continue };
                if !tally.is_unsettled() {
                    touched.push(feed.slo);
                }
                tally.take(feed, it, limit_ms);
            }
        }
        let is_older = |it: &usize| self.tracked[*it].tally().is_some_and(Tally::has_older_target);
        if touched.iter().any(is_older) {
            for feed in self.routes.all() {
                if let Some(tally) = self.tracked[feed.slo].tally_mut() {
                    tally.judge(feed);
                }
            }
        }
        let mut changed_ms = BTreeMap::new();
        for index in touched {
            self.tracked[index].judged = None;
            let changed = self.tracked[index].tally_mut().and_then(Tally::settle);
            changed_ms.extend(changed.map(|it| (index, it)));
        }
        if !changed_ms.is_empty() && !self.composites.is_empty() {
            self.settle_composites(changed_ms, self.evaluated_ms());
        }
    }

    /// Takes what somebody else has read for an SLO in the slice that ends at `end`, for one group of it, or for all
    /// events where `group` is empty. Whether it could be counted.
    ///
    /// A slice of a PromQL SLI counts as read when it was recorded for all events. SLIs that read series take events
    /// too, beside those of series: then all time since the latest ones, up to an hour, counts as known.
    pub fn record(
        &mut self,
        name: &SloName,
        group: &Labels,
        end: Timestamp,
        outcome: Outcome,
    ) -> bool {
        let Some(index) = self.index_of(name) else { return false };
        let Some(tally) = self.tracked[index].tally_mut() else { return false };
        let Ok(changed) = tally.record(group, end.as_millisecond(), outcome) else { return false };
        self.tracked[index].judged = None;
        if let Some(changed_ms) = changed
            && !self.composites.is_empty()
        {
            let changed_ms = BTreeMap::from([(index, changed_ms)]);
            self.settle_composites(changed_ms, self.evaluated_ms());
        }
        true
    }

    /// The slices that somebody should read and [`Tracker::record`], the latest of each SLO first.
    pub fn unread(&self, now: Timestamp) -> Vec<DueSlice> {
        let mut due = Vec::new();
        for it in &self.tracked {
            let left = UNREAD_ALL_MAX.saturating_sub(due.len()).min(UNREAD_MAX);
            let ends = it.tally().map(|it| it.unread(now.as_millisecond(), left));
            due.extend(ends.into_iter().flatten().map(|(end_ms, width_ms)| DueSlice {
                slo: it.slo.name.clone(),
                end: crate::time::instant(end_ms),
                width: SignedDuration::from_millis(width_ms),
            }));
        }
        due
    }

    /// Whether any SLO reads this series; samples of others need not be told.
    pub fn watches(&mut self, labels: &Labels) -> bool {
        self.routes.is_read(labels, &mut self.tracked)
    }

    /// Takes up an activation of an earlier process, so that it keeps its beginning.
    pub fn resume(&mut self, key: &BurnKey, since: Timestamp) {
        let Some(index) = self.index_of(&key.slo) else { return };
        let tracked = &mut self.tracked[index];
        tracked.judged = None;
        let is_meant =
            |it: &Goal| it.objective == key.objective && it.window.to_string() == key.window;
        if let Some(goal) = tracked.slo.goals.iter().position(is_meant) {
            let activations = tracked.activations.entry((goal, key.group.clone())).or_default();
            activations.resume(key.severity, since);
        }
    }

    /// Lays these over the counts from now on, in place of all earlier ones. One that was made after its time had
    /// begun must keep alerts ([`crate::OverlayAlerts::Keep`]): only who made it knows when that was.
    pub fn set_overlays(&mut self, overlays: Vec<Overlay>) {
        let grain_ms = millis(self.config.cold_grain);
        self.layers = overlays.into_iter().map(|it| Arc::new(Layer::new(it, grain_ms))).collect();
        for it in &mut self.tracked {
            it.cover = Cover::of(&self.layers, &it.slo.name);
            it.judged = None;
        }
    }

    /// The events that the present instance of a goal's calendar window is expected to have in all, as was recorded;
    /// fewer than were seen are none. Goals count from 0.
    pub fn set_forecast(&mut self, name: &SloName, goal: usize, total: u64) {
        if let Some(index) = self.index_of(name) {
            self.tracked[index].expected.insert(goal, total);
        }
    }

    /// The counts of (`from`, `to`] in steps, oldest first, at most `points_max` of them (but two).
    ///
    /// The step is at least `step`, and long enough for whole slices and for the limit; steps lie on
    /// multiples of it, so that the same instant gives the same step every time.
    pub fn slices(
        &self,
        name: &SloName,
        from: Timestamp,
        to: Timestamp,
        step: SignedDuration,
        points_max: usize,
    ) -> Vec<Slice> {
        let Some(tracked) = self.find(name).filter(|_| from < to) else { return Vec::new() };
        let (from_ms, to_ms) = (from.as_millisecond(), to.as_millisecond());
        let points = i64::try_from(points_max.clamp(2, POINTS_MAX)).unwrap_or(2);
        // Both ends may lie inside of a step, which makes one step more.
        let fitting_ms = (to_ms - from_ms) / (points - 1) + 1;
        let wanted_ms = millis(step).max(fitting_ms);
        let step_ms = round_up(wanted_ms, self.grain_ms(tracked, from_ms, to_ms));
        let meter = self.meter(tracked, tracked.slo.primary());
        let first_ms = floor_to(from_ms, step_ms);
        let ends = (1..=points).map(|it| first_ms.saturating_add(it.saturating_mul(step_ms)));
        ends.take_while(|end| end - step_ms < to_ms)
            .map(|end| meter.between(end.saturating_sub(step_ms), end))
            .collect()
    }

    /// The counts of the last `length` before `now`.
    pub fn window(
        &self,
        name: &SloName,
        length: SignedDuration,
        now: Timestamp,
    ) -> Option<WindowCounts> {
        let tracked = self.find(name)?;
        Some(self.meter(tracked, tracked.slo.primary()).last(millis(length), now))
    }

    /// The length of the slices that a chart can show.
    fn grain_ms(&self, tracked: &Tracked, from_ms: i64, to_ms: i64) -> i64 {
        match &tracked.count {
            Count::Tally(tally) => tally.grain_ms(from_ms, to_ms),
            Count::Composite(it) => it.width_ms().unwrap_or(millis(self.config.cold_grain)),
        }
    }

    /// Whether every count of an SLO is what happened, rather than an estimate.
    pub fn is_exact(&self, name: &SloName) -> bool {
        let is_exact = |it: &Tracked| self.meter(it, it.slo.primary()).is_exact();
        self.find(name).is_some_and(is_exact)
    }

    /// The bucket bound that observations of a histogram are compared with: the threshold, or for native histograms the
    /// largest bound that is not above it. Nothing before the first sample, and for other SLIs.
    pub fn effective_threshold(&self, name: &SloName) -> Option<f64> {
        self.find(name)?.tally()?.effective_threshold()
    }

    /// What to select from the store to count the past of an SLO: the union of these selectors.
    pub fn selectors(&self, name: &SloName) -> Vec<Vec<Matcher>> {
        self.find(name).and_then(Tracked::tally).map(Tally::selectors).unwrap_or_default()
    }

    /// The definitions that are followed, by name.
    pub fn slos(&self) -> impl Iterator<Item = &Slo> {
        self.tracked.iter().map(|it| &it.slo)
    }

    fn index_of(&self, name: &SloName) -> Option<usize> {
        self.tracked.binary_search_by(|it| it.slo.name.cmp(name)).ok()
    }

    fn find(&self, name: &SloName) -> Option<&Tracked> {
        self.tracked.get(self.index_of(name)?)
    }
}

/// The least multiple of `step_ms` that is not below `length_ms`, at least one.
fn round_up(length_ms: i64, step_ms: i64) -> i64 {
    floor_to(length_ms.saturating_add(step_ms - 1), step_ms).max(step_ms)
}

#[cfg(test)]
mod tests;
