//! One objective, or several that are made of each other, on the samples of the past.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, Range};

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, Matcher, Sample, SampleBatch};
use nines_engine::{Observation, observe_burns};
use nines_promql::{SelectLimits, SeriesSource, SourceError};
use nines_slo::{
    BurnAlert, BurnKey, Counts, Method, SliKind, Slo, SloName, SloStatus, Tracker, TrackerConfig,
};

use crate::Setup;
use crate::time::{instant, millis};

/// More series of one selector are too many.
const SERIES_MAX: usize = 20_000;
/// More samples of one selector in one block are too many.
const SAMPLES_MAX: usize = 50_000_000;
/// So many steps are fed at once, where nothing looks at the newest sample.
const STEPS_AHEAD: usize = 60;

/// Something that changed, or that was looked at.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) at_ms: i64,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// What burns from now on, of these objectives.
    Burning(Vec<(SloName, Vec<Observation>)>),
    /// How budgets stand, and which changes ask a gate.
    Budgets { statuses: Vec<SloStatus>, changes: Vec<usize> },
}

/// What is news about an alert: which it is, and which of its pairs hold.
type Gist = (BurnKey, Vec<SignedDuration>);

/// A tracker of its own for objectives that are made of each other.
#[derive(Debug)]
pub(crate) struct Player {
    slos: Vec<Slo>,
    tracker: Tracker,
    selectors: Vec<Vec<Matcher>>,
    warm_up_ms: i64,
    /// A gap longer than this is seen.
    stale_ms: i64,
    /// Whether counts of an instant do not depend on later samples.
    may_feed_ahead: bool,
    /// Whether policies ask how long budgets last.
    needs_outlook: bool,
    /// Samples until then are counted, or will be with the present block.
    read_until_ms: i64,
    /// The last sample of each series.
    last: BTreeMap<Labels, i64>,
    gist: Vec<Gist>,
}

/// A player for each group of objectives.
pub(crate) fn cast(setup: &Setup, config: &TrackerConfig, now: Timestamp) -> Vec<Player> {
    let mut groups = groups(&setup.slos);
    groups.sort_by(|one, other| {
        one.first().map(|it| &it.name).cmp(&other.first().map(|it| &it.name))
    });
    groups.into_iter().map(|slos| Player::new(slos, setup, config, now)).collect()
}

/// Composites with their members, and theirs; everything else alone.
fn groups(slos: &[Slo]) -> Vec<Vec<Slo>> {
    let mut groups: Vec<Vec<&Slo>> = Vec::new();
    for slo in slos {
        let members: BTreeSet<&SloName> = match &slo.sli.kind {
            SliKind::Composite(it) => it.members.iter().map(|it| &it.slo).collect(),
            _ => BTreeSet::new(),
        };
        let is_related = |other: &&Slo| {
            members.contains(&other.name)
                || matches!(&other.sli.kind, SliKind::Composite(it) if it.members.iter().any(|it| it.slo == slo.name))
        };
        let (related, rest): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group.iter().any(is_related));
        groups = rest;
        let mut group: Vec<&Slo> = related.into_iter().flatten().collect();
        group.push(slo);
        group.sort_by(|one, other| one.name.cmp(&other.name));
        groups.push(group);
    }
    groups.into_iter().map(|it| it.into_iter().cloned().collect()).collect()
}

impl Player {
    fn new(slos: Vec<Slo>, setup: &Setup, config: &TrackerConfig, now: Timestamp) -> Self {
        let mut tracker = Tracker::new(slos.clone(), config.clone());
        tracker.set_overlays(setup.overlays.clone());
        let mut selectors: Vec<Vec<Matcher>> = Vec::new();
        for it in slos.iter().flat_map(|it| tracker.selectors(&it.name)) {
            if !selectors.contains(&it) {
                selectors.push(it);
            }
        }
        let goals = || slos.iter().flat_map(|it| &it.goals);
        let pairs = goals().flat_map(|it| it.alerting.pairs.iter().map(|it| it.long));
        let windows = goals().map(|it| it.window.longest());
        let longest = windows.chain(pairs).max().unwrap_or_default();
        let stale = slos.iter().filter_map(|it| it.sli.data.stale_after);
        let stale = stale.fold(config.stale_after, SignedDuration::min);
        let may_feed_ahead = slos.iter().all(|it| {
            it.method == Method::Occurrences
                && matches!(it.sli.kind, SliKind::Counter(_) | SliKind::Histogram(_))
        });
        Self {
            tracker,
            selectors,
            warm_up_ms: millis(longest + config.cold_grain + config.stale_after),
            stale_ms: millis(stale),
            read_until_ms: now.as_millisecond().saturating_sub(1),
            may_feed_ahead,
            needs_outlook: setup.config.release.asks_how_long_budgets_last(),
            last: BTreeMap::new(),
            gist: Vec::new(),
            slos,
        }
    }

    /// So much before the range is counted.
    pub(crate) fn warm_up_ms(&self) -> i64 {
        self.warm_up_ms
    }

    /// Counts what lies in [from, until).
    pub(crate) fn warm_up(
        &mut self,
        source: &dyn SeriesSource,
        range: Range<i64>,
    ) -> Result<(), SourceError> {
        let series = self.read(source, range.start, range.end - 1)?;
        for it in &series {
            self.remember(it);
        }
        self.tracker.observe(&series);
        Ok(())
    }

    fn remember(&mut self, it: &SampleBatch) {
        let last = [it.samples.last().map(|it| it.at_ms), it.histograms.last().map(|it| it.at_ms)];
        if let Some(last) = last.into_iter().flatten().max() {
            self.last.insert(it.labels.clone(), last);
        }
    }

    fn read(
        &self,
        source: &dyn SeriesSource,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<SampleBatch>, SourceError> {
        let limits = SelectLimits { series_max: SERIES_MAX, samples_max: SAMPLES_MAX };
        let mut found: BTreeMap<Labels, SampleBatch> = BTreeMap::new();
        for matchers in &self.selectors {
            source.visit(matchers, from_ms, to_ms, &limits, &mut |it| {
                found.entry(it.labels.clone()).or_insert_with(|| SampleBatch {
                    labels: it.labels.clone(),
                    samples: it.samples.to_vec(),
                    histograms: it.histograms.to_vec(),
                });
                ControlFlow::Continue(())
            })?;
        }
        Ok(found.into_values().collect())
    }

    /// Judges at each of these instants, which rise; tells what changed, and how budgets stand at `looks`.
    pub(super) fn play(
        &mut self,
        source: &dyn SeriesSource,
        at_ms: &[i64],
        looks: &BTreeMap<i64, Vec<usize>>,
    ) -> Result<Vec<Told>, SourceError> {
        let Some(last_ms) = at_ms.last().copied() else { return Ok(Vec::new()) };
        let series = self.read(source, self.read_until_ms + 1, last_ms)?;
        self.read_until_ms = last_ms;
        let cuts = self.cuts(&series);
        for it in &series {
            self.remember(it);
        }
        let mut fed: Vec<(usize, usize)> = vec![(0, 0); series.len()];
        let (mut told, mut ahead_until) = (Vec::new(), i64::MIN);
        for (index, now_ms) in at_ms.iter().copied().enumerate() {
            if ahead_until < now_ms {
                ahead_until = self.feed_until(at_ms, index, &cuts);
                let batch = take(&series, &mut fed, ahead_until);
                self.tracker.observe(&batch);
            }
            self.judge(now_ms, &mut told);
            if let Some(changes) = looks.get(&now_ms) {
                let now = instant(now_ms);
                // Decisions write down how long budgets last.
                let statuses = if self.needs_outlook || !changes.is_empty() {
                    self.tracker.statuses(now)
                } else {
                    self.tracker.standings(now)
                };
                let what = What::Budgets { statuses, changes: changes.clone() };
                told.push(Told { at_ms: now_ms, what });
            }
        }
        Ok(told)
    }

    /// The instants of samples that end a gap or begin a series: before them, the tracker must not know of them.
    fn cuts(&self, series: &[SampleBatch]) -> Vec<i64> {
        let mut cuts = Vec::new();
        if self.may_feed_ahead {
            for it in series {
                let mut before = self.last.get(&it.labels).copied();
                let numbers = it.samples.iter().map(|it| it.at_ms);
                let mut instants: Vec<i64> =
                    numbers.chain(it.histograms.iter().map(|it| it.at_ms)).collect();
                instants.sort_unstable();
                for at_ms in instants {
                    if before.is_none_or(|it| self.stale_ms < at_ms - it) {
                        cuts.push(at_ms);
                    }
                    before = before.max(Some(at_ms));
                }
            }
        }
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }

    /// The last instant that may be fed when the one of `index` is judged.
    fn feed_until(&self, at_ms: &[i64], index: usize, cuts: &[i64]) -> i64 {
        let now_ms = at_ms.get(index).copied().unwrap_or(i64::MAX);
        if !self.may_feed_ahead {
            return now_ms;
        }
        let ahead = at_ms.get(index..).unwrap_or_default().iter().take(STEPS_AHEAD);
        let next_cut = cuts.get(cuts.partition_point(|it| *it <= now_ms)).copied();
        let allowed = ahead.take_while(|it| next_cut.is_none_or(|cut| **it < cut));
        allowed.last().copied().unwrap_or(now_ms)
    }

    fn judge(&mut self, now_ms: i64, told: &mut Vec<Told>) {
        let now = instant(now_ms);
        let alerts = self.tracker.evaluate(now);
        let gist: Vec<Gist> = alerts.iter().map(gist).collect();
        if gist == self.gist {
            return;
        }
        let changed: BTreeSet<&SloName> =
            gist.iter().chain(&self.gist).map(|(key, _)| &key.slo).collect();
        let burning = changed.into_iter().map(|name| {
            let of_slo: Vec<BurnAlert> =
                alerts.iter().filter(|it| it.key.slo == *name).cloned().collect();
            (name.clone(), observe_burns(&of_slo, &self.slos, &self.tracker, now))
        });
        told.push(Told { at_ms: now_ms, what: What::Burning(burning.collect()) });
        self.gist = gist;
    }

    /// Its SLOs.
    pub(crate) fn into_slos(self) -> Vec<Slo> {
        self.slos
    }

    /// Whether this SLO is one of its own.
    pub(crate) fn plays(&self, name: &SloName) -> bool {
        self.slos.iter().any(|it| it.name == *name)
    }

    /// The counts of the last `length`; nothing is judged. Instants rise.
    pub(crate) fn count(
        &mut self,
        source: &dyn SeriesSource,
        name: &SloName,
        length: SignedDuration,
        at_ms: i64,
    ) -> Result<Option<Counts>, SourceError> {
        let series = self.read(source, self.read_until_ms + 1, at_ms)?;
        self.read_until_ms = at_ms;
        self.tracker.observe(&series);
        Ok(self.tracker.window(name, length, instant(at_ms)).map(|it| it.counts))
    }

    /// How its budgets stand.
    pub(super) fn statuses(&self, now: Timestamp) -> Vec<SloStatus> {
        self.tracker.statuses(now)
    }
}

fn gist(it: &BurnAlert) -> Gist {
    (it.key.clone(), it.evidence.pairs.iter().map(|it| it.pair.long).collect())
}

/// What arrived until then, and not before.
fn take(series: &[SampleBatch], fed: &mut [(usize, usize)], until_ms: i64) -> Vec<SampleBatch> {
    let mut batch = Vec::new();
    for (it, (numbers, histograms)) in series.iter().zip(fed) {
        let rest = it.samples.get(*numbers..).unwrap_or_default();
        let samples: Vec<Sample> =
            rest.iter().take_while(|it| it.at_ms <= until_ms).copied().collect();
        *numbers += samples.len();
        let rest = it.histograms.get(*histograms..).unwrap_or_default();
        let some: Vec<_> = rest.iter().take_while(|it| it.at_ms <= until_ms).cloned().collect();
        *histograms += some.len();
        if !samples.is_empty() || !some.is_empty() {
            batch.push(SampleBatch { labels: it.labels.clone(), samples, histograms: some });
        }
    }
    batch
}
