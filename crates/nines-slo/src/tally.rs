//! The counts of one SLI: takes samples of the series that feed it, answers windows for all events and by groups.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use nines_base::{Labels, Matcher, SampleBatch};
use serde::{Deserialize, Serialize};

use crate::groups::{Groups, Place, SavedGroups};
use crate::history::Grains;
use crate::ledger::{Change, Sums};
use crate::meter::Meter;
use crate::native::NativeReading;
use crate::plan::{Plan, Source, Test};
use crate::presence::{Presence, Starts};
use crate::reader::{Intake, Meaning, Reader, Roles, without_form};
use crate::reading::{Reading, billionths};
use crate::series::{Rules, Seen, Series};
use crate::stock::{Part, PartKind, SavedStock, Stock, whole_slice_ms};
use crate::time::{ceil_to, millis};
use crate::verdict::{SHARE, Shown, meets};
use crate::{DataRules, Objective, Outcome, Slo, Suspect, WindowCounts};

/// No SLI is fed by more series.
pub(crate) const SERIES_MAX: usize = 20_000;

/// No more bounds of a histogram are remembered.
const BOUNDS_MAX: usize = 256;

/// Events that are recorded show that the time since the record before is known, if that is no longer ago.
const RECORDED_MAX_MS: i64 = 3_600_000;

/// A series that feeds an SLI.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Feed {
    /// The index of the SLO; of a saved feed it says nothing.
    pub(crate) slo: usize,
    /// The group.
    pub(crate) place: Place,
    roles: Roles,
    target: usize,
    /// Its number among the series of the SLI.
    number: u32,
    past: Past,
}

/// What is remembered of a series.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Past {
    Counter { scale: u8, series: Series<Reading> },
    Native(Box<Series<NativeReading>>),
    Gauge(Series<Reading>),
}

impl Feed {
    /// The same, of the SLO at this index.
    pub(crate) fn of(self, slo: usize) -> Self {
        Self { slo, ..self }
    }

    pub(crate) fn last_ms(&self) -> Option<i64> {
        match &self.past {
            Past::Counter { series, .. } | Past::Gauge(series) => series.last_ms(),
            Past::Native(series) => series.last_ms(),
        }
    }
}

/// Counts and everything that is needed to go on counting.
#[derive(Debug)]
pub(crate) struct Tally {
    reader: Reader,
    plan: Plan,
    grains: Grains,
    limits: Limits,
    all: Stock,
    groups: Groups,
    targets: Targets,
    series_count: usize,
    series_number: u32,
    part_seen: bool,
    /// Bounds of other buckets, rising.
    bounds: Vec<f64>,
    /// What native histograms are compared with, as of the last sample.
    threshold: Option<(i64, f64)>,
    /// Histograms that come as buckets; native ones beside them are not counted again.
    classic: BTreeSet<Labels>,
    /// Histograms of which native samples were counted.
    native: BTreeSet<Labels>,
    doubts: Doubts,
    is_unsettled: bool,
}

/// What a tally has counted, without the definition of what it counts.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedTally {
    all: SavedStock,
    groups: SavedGroups,
    targets: Targets,
    series_count: usize,
    series_number: u32,
    part_seen: bool,
    bounds: Vec<f64>,
    threshold: Option<(i64, f64)>,
    classic: BTreeSet<Labels>,
    native: BTreeSet<Labels>,
    doubts: Doubts,
}

/// Why the counts should not be believed.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Doubts {
    /// Some series are not counted.
    has_refused: bool,
    /// Some histogram was counted in both forms.
    is_counted_twice: bool,
    /// A share that is none was recorded.
    odd_ratio: Option<f64>,
}

/// The times that tell silence from absence.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the unit is a part of each name")]
pub(crate) struct Limits {
    pub(crate) stale_after_ms: i64,
    pub(crate) forget_after_ms: i64,
    /// Slices wait so long for targets that are late.
    pub(crate) settle_ms: i64,
}

impl Limits {
    /// With what an SLI says itself.
    fn with(self, rules: &DataRules, plan: &Plan) -> Self {
        let settle_ms = rules.settle.map_or(self.settle_ms, millis).max(0);
        let stale_after_ms = rules.stale_after.map_or(self.stale_after_ms, millis).max(1);
        // What is read slice by slice comes no faster.
        let read_ms = plan.read_width_ms.unwrap_or(0);
        let stale_after_ms =
            stale_after_ms.max(read_ms.saturating_mul(2).saturating_add(settle_ms));
        Self { stale_after_ms, settle_ms, ..self }
    }
}

/// The SLI can make nothing of an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotCounted;

/// Everything that is scraped for an SLI.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Targets {
    all: Vec<Target>,
    indexes: BTreeMap<(String, String), usize>,
    /// Targets that have good or bad events only.
    part_only: usize,
    /// Some target is known to be older now.
    has_older: bool,
}

/// What is scraped as one, known by the labels `job` and `instance`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Target {
    presence: Presence,
    roles: Roles,
    /// First samples must be judged again: it is known now that it was there earlier.
    is_older_now: bool,
}

struct TargetRules<'a> {
    target: &'a Target,
    limits: Limits,
}

impl Rules for TargetRules<'_> {
    fn forget_after_ms(&self) -> i64 {
        self.limits.forget_after_ms
    }

    fn counts_from_zero(&self, at_ms: i64) -> Option<bool> {
        self.target.presence.began_before(at_ms)
    }
}

impl Target {
    fn is_part_only(&self) -> bool {
        self.roles.part && !self.roles.whole
    }
}

impl Targets {
    fn admit(&mut self, labels: &Labels, roles: Roles, stale_after_ms: i64) -> usize {
        let key = (labels.value("job").to_owned(), labels.value("instance").to_owned());
        let index = *self.indexes.entry(key).or_insert_with(|| {
            let presence = Presence::new(stale_after_ms);
            self.all.push(Target { presence, roles: Roles::default(), is_older_now: false });
            self.all.len() - 1
        });
        let target = &mut self.all[index];
        self.part_only -= usize::from(target.is_part_only());
        target.roles.whole |= roles.whole;
        target.roles.part |= roles.part;
        self.part_only += usize::from(target.is_part_only());
        index
    }

    fn touch(&mut self, index: usize, at_ms: i64) {
        let target = &mut self.all[index];
        if target.presence.touch(at_ms).starts == Starts::Moved {
            target.is_older_now = true;
            self.has_older = true;
        }
    }

    /// Whether good and all events come from different targets, which are not scraped at the same instants.
    fn is_split(&self) -> bool {
        0 < self.part_only
    }

    /// The latest instant that all have passed; those that are late are waited for so long.
    fn watermark_ms(&self, settle_ms: i64) -> Option<i64> {
        let last = || self.all.iter().filter_map(|it| it.presence.last_ms());
        let (first, last) = (last().min()?, last().max()?);
        Some(first.max(last.saturating_sub(settle_ms)))
    }
}

impl Tally {
    pub(crate) fn new(slo: &Slo, grains: Grains, limits: Limits) -> Self {
        let plan = Plan::new(slo);
        let limits = limits.with(&slo.sli.data, &plan);
        Self {
            reader: Reader::new(&slo.sli),
            plan,
            grains,
            limits,
            all: Stock::new(&plan, grains, limits.stale_after_ms),
            groups: Groups::new(slo.grouping.clone()),
            targets: Targets::default(),
            series_count: 0,
            series_number: 0,
            part_seen: false,
            bounds: Vec::new(),
            threshold: None,
            classic: BTreeSet::new(),
            native: BTreeSet::new(),
            doubts: Doubts::default(),
            is_unsettled: false,
        }
    }

    /// Whether it may go on counting for this definition.
    pub(crate) fn fits(&self, former: &Slo, slo: &Slo, span_ms: i64) -> bool {
        let is_same = |a: &Slo, b: &Slo| a.sli == b.sli && a.grouping == b.grouping;
        is_same(former, slo) && Plan::new(slo) == self.plan && span_ms <= self.grains.span_ms
    }

    pub(crate) fn span_ms(&self) -> i64 {
        self.grains.span_ms
    }

    pub(crate) fn selectors(&self) -> Vec<Vec<Matcher>> {
        self.reader.selectors()
    }

    pub(crate) fn groups(&self) -> &Groups {
        &self.groups
    }

    /// The bound that a native histogram is compared with instead of the threshold.
    pub(crate) fn effective_threshold(&self) -> Option<f64> {
        if self.classic.is_empty() {
            self.threshold.map(|it| it.1)
        } else {
            self.reader.threshold()
        }
    }

    /// A feed, if the series belongs to this SLI.
    pub(crate) fn admit(&mut self, labels: &Labels, slo: usize) -> Option<Feed> {
        let (roles, intake) = match self.reader.read(labels) {
            Meaning::Unrelated => return None,
            Meaning::OtherBucket(bound) => {
                self.remember_bound(bound);
                return None;
            }
            Meaning::Counted(roles, intake) => (roles, intake),
        };
        if SERIES_MAX <= self.series_count {
            self.doubts.has_refused = true;
            return None;
        }
        self.series_count += 1;
        self.series_number = self.series_number.wrapping_add(1);
        if self.reader.threshold().is_some() && intake != Intake::Native {
            let identity = without_form(labels);
            self.doubts.is_counted_twice |= self.native.contains(&identity);
            self.classic.insert(identity);
        }
        let past = match intake {
            Intake::Counter { scale } => Past::Counter { scale, series: Series::default() },
            Intake::Native => Past::Native(Box::default()),
            Intake::Gauge => Past::Gauge(Series::default()),
        };
        let target = self.targets.admit(labels, roles, self.limits.stale_after_ms);
        let (place, number) = (Place::Unknown, self.series_number);
        Some(Feed { slo, place, roles, target, number, past })
    }

    /// What a later process needs to go on.
    pub(crate) fn save(&self) -> SavedTally {
        assert!(!self.is_unsettled, "a tally is saved between batches");
        SavedTally {
            all: self.all.save(),
            groups: self.groups.save(),
            targets: self.targets.clone(),
            series_count: self.series_count,
            series_number: self.series_number,
            part_seen: self.part_seen,
            bounds: self.bounds.clone(),
            threshold: self.threshold,
            classic: self.classic.clone(),
            native: self.native.clone(),
            doubts: self.doubts,
        }
    }

    /// Goes on where an earlier process was; whatever was counted before is forgotten.
    pub(crate) fn restore(&mut self, saved: SavedTally) {
        let (plan, grains, stale_after_ms) = (self.plan, self.grains, self.limits.stale_after_ms);
        self.all.restore(saved.all);
        self.groups.restore(saved.groups, || Stock::new(&plan, grains, stale_after_ms));
        self.targets = saved.targets;
        self.series_count = saved.series_count;
        self.series_number = saved.series_number;
        self.part_seen = saved.part_seen;
        self.bounds = saved.bounds;
        self.threshold = saved.threshold;
        self.classic = saved.classic;
        self.native = saved.native;
        self.doubts = saved.doubts;
    }

    /// Whether the saved feed fits to what is counted.
    pub(crate) fn owns(&self, feed: &Feed) -> bool {
        feed.target < self.targets.all.len()
    }

    /// Whether it is time to look for series that have ended.
    pub(crate) fn is_crowded(&self) -> bool {
        SERIES_MAX / 2 < self.series_count
    }

    /// A feed is gone; what it counted stays, and others find room.
    pub(crate) fn dismiss(&mut self) {
        self.doubts.has_refused = false;
        self.series_count = self.series_count.saturating_sub(1);
    }

    fn remember_bound(&mut self, bound: f64) {
        let index = self.bounds.partition_point(|it| *it < bound);
        let is_known = self.bounds.get(index).is_some_and(|it| *it <= bound);
        if !is_known && self.bounds.len() < BOUNDS_MAX {
            self.bounds.insert(index, bound);
        }
    }

    fn place(&mut self, labels: &Labels) -> Place {
        let (plan, grains, stale_after_ms) = (self.plan, self.grains, self.limits.stale_after_ms);
        self.groups.place(labels, || Stock::new(&plan, grains, stale_after_ms))
    }

    /// Counts the samples of one series, up to `limit_ms`.
    pub(crate) fn take(&mut self, feed: &mut Feed, batch: &SampleBatch, limit_ms: i64) {
        if feed.place == Place::Unknown {
            feed.place = self.place(&batch.labels);
        }
        // Differences of what can be written down as an instant fit 64 bits.
        let taken = Timestamp::MIN.as_millisecond()..=limit_ms;
        let samples = batch.samples.iter().filter(|it| taken.contains(&it.at_ms));
        let (roles, place, target) = (feed.roles, feed.place, feed.target);
        match &mut feed.past {
            Past::Counter { scale, series } => {
                for sample in samples {
                    let Some(it) = Reading::new(sample.at_ms, sample.value, *scale) else {
                        continue;
                    };
                    self.touch(target, roles, place, sample.at_ms);
                    self.push(series, it, (roles, place, target));
                }
            }
            Past::Native(series) => {
                let Some(threshold) = self.reader.threshold() else { return };
                if !self.classic.is_empty() && self.classic.contains(&without_form(&batch.labels)) {
                    return;
                }
                let readings = batch.histograms.iter().filter(|it| taken.contains(&it.at_ms));
                for it in readings {
                    let Some(reading) = NativeReading::new(it.at_ms, &it.histogram, threshold)
                    else {
                        continue;
                    };
                    if series.last_ms().is_none() {
                        self.native.insert(without_form(&batch.labels));
                    }
                    self.remember_threshold(&reading, it.at_ms);
                    self.touch(target, roles, place, it.at_ms);
                    self.push(series, reading, (roles, place, target));
                }
            }
            Past::Gauge(series) => {
                let number = feed.number;
                for sample in samples {
                    let Some(value) = billionths(sample.value) else { continue };
                    if self.is_boolean() && !is_bit(value) {
                        continue;
                    }
                    self.touch(target, roles, place, sample.at_ms);
                    let reading = Reading::of_gauge(sample.at_ms);
                    let rules =
                        TargetRules { target: &self.targets.all[target], limits: self.limits };
                    if series.push(reading, &rules, &mut |_, _| {}) == Seen::New {
                        self.add(place, number, sample.at_ms, value);
                    }
                }
            }
        }
        self.is_unsettled = true;
    }

    fn is_boolean(&self) -> bool {
        self.plan.source == Source::Samples || self.plan.source == Source::Votes
    }

    fn remember_threshold(&mut self, reading: &NativeReading, at_ms: i64) {
        if let Some(bound) = reading.effective_threshold()
            && self.threshold.is_none_or(|it| it.0 <= at_ms)
        {
            self.threshold = Some((at_ms, bound));
        }
    }

    fn touch(&mut self, target: usize, roles: Roles, place: Place, at_ms: i64) {
        self.targets.touch(target, at_ms);
        if roles.whole {
            self.all.touch(at_ms);
            if let Some(group) = self.groups.get_mut(place) {
                group.touch(at_ms);
            }
        }
        if roles.part && !self.part_seen {
            self.part_seen = true;
            self.all.doubt();
            self.groups.iter_mut().for_each(Stock::doubt);
        }
    }

    fn push<V: crate::series::Cumulative>(
        &mut self,
        series: &mut Series<V>,
        reading: V,
        (roles, place, target): (Roles, Place, usize),
    ) {
        let rules = TargetRules { target: &self.targets.all[target], limits: self.limits };
        let (all, mut group) = (&mut self.all, self.groups.get_mut(place));
        series.push(reading, &rules, &mut |at_ms, change| {
            let change = masked(roles, change);
            all.book(at_ms, change);
            if let Some(group) = &mut group {
                group.book(at_ms, change);
            }
        });
    }

    /// A new sample of a gauge.
    fn add(&mut self, place: Place, number: u32, at_ms: i64, value: i128) {
        let stocks = [Some(&mut self.all), self.groups.get_mut(place)];
        for stock in stocks.into_iter().flatten() {
            if self.plan.source == Source::Samples {
                let change = Change { whole: 1, part: i64::from(value == 0) };
                stock.book(at_ms, change);
            } else {
                stock.add(at_ms, number, value);
            }
        }
    }

    /// Whether [`Self::judge`] is due for the feeds of some target.
    pub(crate) fn has_older_target(&self) -> bool {
        self.targets.has_older
    }

    /// Judges first samples again, if the target is known to be older now.
    pub(crate) fn judge(&mut self, feed: &mut Feed) {
        let target = &self.targets.all[feed.target];
        if !target.is_older_now {
            return;
        }
        let (roles, rules) = (feed.roles, TargetRules { target, limits: self.limits });
        let (all, mut group) = (&mut self.all, self.groups.get_mut(feed.place));
        let mut book = |at_ms, change| {
            let change = masked(roles, change);
            all.book(at_ms, change);
            if let Some(group) = &mut group {
                group.book(at_ms, change);
            }
        };
        match &mut feed.past {
            Past::Counter { series, .. } => series.judge(&rules, &mut book),
            Past::Native(series) => series.judge(&rules, &mut book),
            Past::Gauge(_) => {}
        }
    }

    /// After this the answers are right. Returns the earliest instant whose counts are others than before.
    pub(crate) fn settle(&mut self) -> Option<i64> {
        if !self.is_unsettled {
            return None;
        }
        self.is_unsettled = false;
        if std::mem::take(&mut self.targets.has_older) {
            for target in &mut self.targets.all {
                target.is_older_now = false;
            }
        }
        let ready_ms = if self.plan.verdicts.is_some() { self.watermark_ms() } else { i64::MIN };
        self.settle_until(ready_ms)
    }

    /// Judges the slices for which no data came in time. Returns the earliest instant whose counts are others now.
    pub(crate) fn advance(&mut self, now_ms: i64) -> Option<i64> {
        let width_ms = self.plan.verdicts?.width_ms;
        let over_ms = whole_slice_ms(now_ms.saturating_sub(self.limits.stale_after_ms), width_ms);
        let is_due = |it: &Stock| it.judged_ms().is_none_or(|judged| judged < over_ms);
        if self.plan.read_width_ms.is_some() || self.all.last_ms().is_none() || !is_due(&self.all) {
            return None;
        }
        self.settle_until(over_ms.max(self.watermark_ms()))
    }

    fn settle_until(&mut self, ready_ms: i64) -> Option<i64> {
        let part = self.part();
        let reads = self.plan.read_width_ms.is_some();
        let settle = |it: &mut Stock| {
            let ready_ms = if reads { it.last_read_ms().unwrap_or(i64::MIN) } else { ready_ms };
            it.settle(part, ready_ms)
        };
        let changed_ms = settle(&mut self.all);
        // A group changes no earlier than the total does.
        for group in self.groups.iter_mut() {
            settle(group);
        }
        changed_ms
    }

    fn watermark_ms(&self) -> i64 {
        let watermark_ms = self.targets.watermark_ms(self.limits.settle_ms);
        // Without targets, somebody records.
        watermark_ms.or(self.all.last_ms()).unwrap_or(i64::MIN)
    }

    pub(crate) fn is_unsettled(&self) -> bool {
        self.is_unsettled
    }

    fn part(&self) -> Part {
        let is_alone = matches!(self.plan.test, Test::Speed(_));
        Part { kind: self.reader.part_kind(), is_seen: self.part_seen || is_alone }
    }

    /// The meter of all events.
    pub(crate) fn total(&self) -> TallyMeter<'_> {
        TallyMeter { tally: self, stock: &self.all }
    }

    /// The meter of a group.
    pub(crate) fn group(&self, labels: &Labels) -> Option<TallyMeter<'_>> {
        Some(TallyMeter { tally: self, stock: self.groups.get(labels)? })
    }

    /// The grain of a window, see [`crate::history::History::grain_ms`].
    pub(crate) fn grain_ms(&self, from_ms: i64, to_ms: i64) -> i64 {
        self.all.grain_ms(from_ms, to_ms)
    }

    /// Forgets groups that were not seen since `from_ms`. Returns the places that are free now.
    pub(crate) fn forget_groups(&mut self, from_ms: i64) -> Vec<usize> {
        self.groups.forget_before(from_ms)
    }

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

/// All events of an SLI, or one group of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TallyMeter<'a> {
    tally: &'a Tally,
    stock: &'a Stock,
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

fn masked(roles: Roles, change: Change) -> Change {
    let counted = |is_counted: bool, events: i64| if is_counted { events } else { 0 };
    Change { whole: counted(roles.whole, change.whole), part: counted(roles.part, change.part) }
}

/// 0 or 1, in billionths.
fn is_bit(value: i128) -> bool {
    value == 0 || value == crate::Decimal::SCALE
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

#[cfg(test)]
mod tests;
