//! The streaming engine of all SLOs: samples in, counts and burn alerts out.
//!
//! A window is one subtraction, whatever its length. Counting follows the set of samples, not the order
//! in which batches arrive, with the one exception that `series` names; so the past may be replayed
//! before, after or between live samples.

mod checkpoint;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, Matcher, SampleBatch};

use crate::burn::Activations;
use crate::cover::{Cover, Layer};
use crate::directory::Directory;
use crate::history::Grains;
use crate::judge::Judge;
use crate::meter::Meter;
use crate::tally::{Feed, Limits, Tally};
use crate::time::{floor_to, instant, millis};
use crate::{
    Attribution, BurnAlert, BurnKey, Cause, Goal, GoalStatus, Overlay, Slo, SloName, SloState,
    SloStatus, WindowCounts,
};

pub use checkpoint::SavedSlo;

/// Series that feed nothing are remembered too, up to this number of series.
const ROUTES_MAX: usize = 500_000;

/// No chart has more points.
const POINTS_MAX: usize = 11_000;

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
    /// What each known series feeds; nothing for series that no SLI reads.
    routes: BTreeMap<Labels, Vec<Feed>>,
    /// The SLOs that may read a series.
    readers: Directory,
    /// The latest evaluation.
    evaluated: Option<Timestamp>,
    /// Exclusions and corrections, in the order in which they were given.
    layers: Vec<Arc<Layer>>,
}

/// One SLO with its counts.
#[derive(Debug)]
struct Tracked {
    slo: Slo,
    tally: Tally,
    /// By the index of the goal, and by group.
    activations: BTreeMap<(usize, Labels), Activations>,
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

impl Tracker {
    /// Follows `slos`; of two with one name the later wins.
    ///
    /// # Panics
    /// When the grains of `config` are not positive, or the fine one does not divide the coarse one.
    pub fn new(slos: Vec<Slo>, config: TrackerConfig) -> Self {
        let mut tracker = Self {
            config,
            tracked: Vec::new(),
            routes: BTreeMap::new(),
            readers: Directory::default(),
            evaluated: None,
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
            let span_ms = self.span_ms(&slo);
            let index = self.tracked.len();
            let kept =
                former.get(&name).map(|(_, it)| (it.activations.clone(), it.expected.clone()));
            let (activations, expected) = kept.unwrap_or_default();
            let kept = former
                .remove(&name)
                .filter(|(_, it)| it.slo.sli == slo.sli && span_ms <= it.tally.span_ms());
            let tally = match kept {
                Some((former_index, it)) => {
                    moved.insert(former_index, index);
                    it.tally
                }
                None => {
                    fresh.push(name);
                    Tally::new(&slo.sli, self.grains(span_ms), self.limits())
                }
            };
            let cover = Cover::of(&self.layers, &slo.name);
            let judged = None;
            self.tracked.push(Tracked { slo, tally, activations, cover, expected, judged });
        }
        self.reroute(&moved, &fresh);
        fresh
    }

    /// Feeds of kept SLIs move to their new index, new SLIs are offered every known series.
    fn reroute(&mut self, moved: &BTreeMap<usize, usize>, fresh: &[SloName]) {
        let selectors = self.tracked.iter().map(|it| it.tally.selectors()).enumerate();
        self.readers = Directory::new(&selectors.collect::<Vec<_>>());
        // What fed nothing may feed a new SLI: it is looked at again when it comes.
        self.routes.retain(|_, feeds| !feeds.is_empty());
        for (labels, feeds) in &mut self.routes {
            feeds.retain_mut(|feed| match moved.get(&feed.slo) {
                Some(index) => {
                    feed.slo = *index;
                    true
                }
                None => false,
            });
            for index in self.readers.candidates(labels) {
                let it = &mut self.tracked[index];
                if fresh.binary_search(&it.slo.name).is_ok() {
                    feeds.extend(it.tally.admit(labels, index));
                }
            }
        }
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
        }
    }

    /// Counts one scrape or one write request as a whole.
    pub fn observe(&mut self, batch: &[SampleBatch]) {
        let ahead_ms = millis(self.config.ahead_max);
        // No instant lies beyond what can be written down.
        let limit_ms = self.evaluated.map_or(Timestamp::MAX.as_millisecond(), |it| {
            it.as_millisecond().saturating_add(ahead_ms)
        });
        // Cost follows the batch, not the number of SLOs.
        let mut touched = Vec::new();
        for SampleBatch { labels, samples, .. } in batch {
            if !self.routes.contains_key(labels) {
                self.add_route(labels);
            }
            for feed in self.routes.get_mut(labels).into_iter().flatten() {
                let tally = &mut self.tracked[feed.slo].tally;
                if !tally.is_unsettled() {
                    touched.push(feed.slo);
                }
                tally.take(feed, samples, limit_ms);
            }
        }
        if touched.iter().any(|it| self.tracked[*it].tally.has_older_target()) {
            for feed in self.routes.values_mut().flatten() {
                self.tracked[feed.slo].tally.judge(feed);
            }
        }
        for index in touched {
            self.tracked[index].tally.settle();
            self.tracked[index].judged = None;
        }
    }

    /// Whether any SLO reads this series; samples of others need not be told.
    pub fn watches(&mut self, labels: &Labels) -> bool {
        if let Some(feeds) = self.routes.get(labels) {
            return !feeds.is_empty();
        }
        let feeds = self.feeds(labels);
        let is_read = !feeds.is_empty();
        if is_read {
            self.routes.insert(labels.clone(), feeds);
        }
        is_read
    }

    fn add_route(&mut self, labels: &Labels) {
        if ROUTES_MAX <= self.routes.len() {
            self.routes.retain(|_, feeds| !feeds.is_empty());
        }
        let feeds = self.feeds(labels);
        self.routes.insert(labels.clone(), feeds);
    }

    /// What a series feeds that is not known yet.
    fn feeds(&mut self, labels: &Labels) -> Vec<Feed> {
        let mut feeds = Vec::new();
        for index in self.readers.candidates(labels) {
            feeds.extend(self.tracked[index].tally.admit(labels, index));
        }
        feeds.shrink_to_fit();
        feeds
    }

    /// How one SLO stands.
    pub fn status(&self, name: &SloName, now: Timestamp) -> Option<SloStatus> {
        self.find(name).map(|it| it.status(now))
    }

    /// How all SLOs stand, by name.
    pub fn statuses(&self, now: Timestamp) -> Vec<SloStatus> {
        self.tracked.iter().map(|it| it.status(now)).collect()
    }

    /// Judges the burn of all SLOs: every alert that fires now, by name and severity.
    ///
    /// An SLO of which no sample came since the last time is judged again when a fine slice has passed; before
    /// that its alerts are the same.
    pub fn evaluate(&mut self, now: Timestamp) -> Vec<BurnAlert> {
        self.evaluated = self.evaluated.max(Some(now));
        self.forget_ended_series(now);
        let mut alerts = Vec::new();
        for it in &mut self.tracked {
            let is_due = it
                .judged
                .as_ref()
                .is_none_or(|it| now < it.at || self.config.hot_grain <= now.duration_since(it.at));
            if is_due {
                it.judged = Some(Judged { at: now, alerts: it.evaluate(now) });
            }
            alerts.extend(it.judged.iter().flat_map(|it| &it.alerts).cloned());
        }
        alerts
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
        if let Ok(index) = self.tracked.binary_search_by(|it| it.slo.name.cmp(name)) {
            self.tracked[index].expected.insert(goal, total);
        }
    }

    /// What there is to record for [`Self::set_forecast`]: the events of the window so far, and the traffic of the last
    /// week for the rest of it. Nothing without data.
    pub fn expect_total(&self, name: &SloName, goal: usize, now: Timestamp) -> Option<u64> {
        let all = Labels::empty();
        let (_, judge) = self.find(name)?.judges(&all).nth(goal)?;
        judge.expect_total(now)
    }

    /// To which of `causes` the bad events of a goal's budget belong, see [`crate::attribute`].
    pub fn attribute(
        &self,
        name: &SloName,
        goal: usize,
        causes: &[Cause],
        now: Timestamp,
    ) -> Option<Attribution> {
        let all = Labels::empty();
        let (_, judge) = self.find(name)?.judges(&all).nth(goal)?;
        Some(judge.attribute(causes, now))
    }

    /// Series whose last sample lies before all windows; what comes from them later is a first sample.
    fn forget_ended_series(&mut self, now: Timestamp) {
        let now_ms = now.as_millisecond();
        let grace_ms = millis(self.config.forget_after);
        let (tracked, routes) = (&mut self.tracked, &mut self.routes);
        let is_due = tracked.iter().any(|it| it.tally.is_crowded());
        if is_due {
            for feeds in routes.values_mut() {
                feeds.retain(|feed| {
                    let tally = &mut tracked[feed.slo].tally;
                    let kept_ms = tally.span_ms().saturating_add(grace_ms);
                    let is_over =
                        feed.last_ms().is_some_and(|it| it < now_ms.saturating_sub(kept_ms));
                    if is_over {
                        tally.dismiss();
                    }
                    !is_over
                });
            }
            // Those that were refused are looked at again when they come.
            routes.retain(|_, feeds| !feeds.is_empty());
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
        let grain_ms = millis(self.config.cold_grain);
        // Both ends may lie inside of a step, which makes one step more.
        let fitting_ms = (to_ms - from_ms) / (points - 1) + 1;
        let wanted_ms = millis(step).max(fitting_ms);
        let step_ms = match tracked.tally.grain_ms(from_ms, to_ms) {
            hot_ms if hot_ms < grain_ms => round_up(wanted_ms, hot_ms),
            _ => round_up(wanted_ms, grain_ms),
        };
        let first_ms = floor_to(from_ms, step_ms);
        let ends = (1..=points).map(|it| first_ms.saturating_add(it.saturating_mul(step_ms)));
        ends.take_while(|end| end - step_ms < to_ms)
            .map(|end| tracked.tally.between(end.saturating_sub(step_ms), end))
            .collect()
    }

    /// The counts of the last `length` before `now`.
    pub fn window(
        &self,
        name: &SloName,
        length: SignedDuration,
        now: Timestamp,
    ) -> Option<WindowCounts> {
        self.find(name).map(|it| it.tally.last(millis(length), now))
    }

    /// What to select from the store to count the past of an SLO: the union of these selectors.
    pub fn selectors(&self, name: &SloName) -> Vec<Vec<Matcher>> {
        self.find(name).map(|it| it.tally.selectors()).unwrap_or_default()
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

impl Tracked {
    /// Every goal with its index.
    fn judges<'a>(&'a self, group: &'a Labels) -> impl Iterator<Item = (usize, Judge<'a>)> {
        let meter: &dyn Meter = &self.tally;
        let (unit, cover) = (self.slo.unit(), &self.cover);
        let judge = move |(index, goal)| {
            let (slo, expected_total) = (&self.slo.name, self.expected.get(&index).copied());
            (index, Judge { slo, goal, group, meter, cover, unit, expected_total })
        };
        self.slo.goals.iter().enumerate().map(judge)
    }

    fn evaluate(&mut self, now: Timestamp) -> Vec<BurnAlert> {
        let (all, mut activations) = (Labels::empty(), std::mem::take(&mut self.activations));
        let alerts = self
            .judges(&all)
            .flat_map(|(goal, judge)| {
                let activations = activations.entry((goal, all.clone())).or_default();
                judge.evaluate(activations, now)
            })
            .collect();
        self.activations = activations;
        alerts
    }

    fn status(&self, now: Timestamp) -> SloStatus {
        let all = Labels::empty();
        let goals = self
            .judges(&all)
            .map(|(goal, it)| it.status(self.activations.get(&(goal, all.clone())), now));
        let goals: Vec<GoalStatus> = goals.collect();
        SloStatus {
            name: self.slo.name.clone(),
            state: goals.iter().map(|it| it.state).max().unwrap_or(SloState::NoData),
            firing: goals.iter().filter_map(|it| it.firing).min(),
            last_sample: self.tally.last_ms().map(instant),
            now_ratio: self.judges(&all).next().and_then(|(_, it)| it.now_ratio(now)),
            suspect: self.tally.suspect(now.as_millisecond()),
            goals,
        }
    }
}

#[cfg(test)]
mod tests;
