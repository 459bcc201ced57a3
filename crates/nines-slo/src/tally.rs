//! The counts of one SLI: takes samples of the series that feed it, answers windows.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, Matcher, Sample};
use serde::{Deserialize, Serialize};

use crate::history::{Grains, History};
use crate::ledger::{Change, Sums};
use crate::meter::Meter;
use crate::presence::{Presence, Touched};
use crate::reader::{Meaning, PartKind, Reader, Roles};
use crate::series::{Reading, Rules, Series};
use crate::time::instant;
use crate::{Counts, Sli, Suspect, WindowCounts};

/// No SLI is fed by more series.
pub(crate) const SERIES_MAX: usize = 20_000;

/// No more bounds of a histogram are remembered.
const BOUNDS_MAX: usize = 256;

/// A series that feeds an SLI.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Feed {
    /// The index of the SLO; of a saved feed it says nothing.
    pub(crate) slo: usize,
    roles: Roles,
    target: usize,
    series: Series,
}

impl Feed {
    /// The same, of the SLO at this index.
    pub(crate) fn of(self, slo: usize) -> Self {
        Self { slo, ..self }
    }

    pub(crate) fn last_ms(&self) -> Option<i64> {
        self.series.last_ms()
    }
}

/// Counts and everything that is needed to go on counting.
#[derive(Debug)]
pub(crate) struct Tally {
    reader: Reader,
    grains: Grains,
    limits: Limits,
    history: History,
    /// When series that count all events were sampled.
    presence: Presence,
    targets: Vec<Target>,
    target_indexes: BTreeMap<(String, String), usize>,
    series_count: usize,
    has_refused: bool,
    part_seen: bool,
    /// Bounds of other buckets, rising.
    bounds: Vec<f64>,
    is_unsettled: bool,
}

/// What a tally has counted, without the definition of what it counts.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedTally {
    history: History,
    presence: Presence,
    targets: Vec<Target>,
    target_indexes: BTreeMap<(String, String), usize>,
    series_count: usize,
    has_refused: bool,
    part_seen: bool,
    bounds: Vec<f64>,
}

/// The times that tell silence from absence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) stale_after_ms: i64,
    pub(crate) forget_after_ms: i64,
}

/// What is scraped as one, known by the labels `job` and `instance`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Target {
    presence: Presence,
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

impl Tally {
    pub(crate) fn new(sli: &Sli, grains: Grains, limits: Limits) -> Self {
        Self {
            reader: Reader::new(sli),
            grains,
            limits,
            history: History::new(grains),
            presence: Presence::new(limits.stale_after_ms),
            targets: Vec::new(),
            target_indexes: BTreeMap::new(),
            series_count: 0,
            has_refused: false,
            part_seen: false,
            bounds: Vec::new(),
            is_unsettled: false,
        }
    }

    pub(crate) fn span_ms(&self) -> i64 {
        self.grains.span_ms
    }

    pub(crate) fn selectors(&self) -> Vec<Vec<Matcher>> {
        self.reader.selectors()
    }

    /// A feed, if the series belongs to this SLI.
    pub(crate) fn admit(&mut self, labels: &Labels, slo: usize) -> Option<Feed> {
        let roles = match self.reader.read(labels) {
            Meaning::Unrelated => return None,
            Meaning::OtherBucket(bound) => {
                self.remember_bound(bound);
                return None;
            }
            Meaning::Counted(roles) => roles,
        };
        if SERIES_MAX <= self.series_count {
            self.has_refused = true;
            return None;
        }
        self.series_count += 1;
        let target = self.target_index(labels);
        Some(Feed { slo, roles, target, series: Series::default() })
    }

    /// What a later process needs to go on.
    pub(crate) fn save(&self) -> SavedTally {
        assert!(!self.is_unsettled, "a tally is saved between batches");
        SavedTally {
            history: self.history.clone(),
            presence: self.presence.clone(),
            targets: self.targets.clone(),
            target_indexes: self.target_indexes.clone(),
            series_count: self.series_count,
            has_refused: self.has_refused,
            part_seen: self.part_seen,
            bounds: self.bounds.clone(),
        }
    }

    /// Goes on where an earlier process was; whatever was counted before is forgotten.
    pub(crate) fn restore(&mut self, saved: SavedTally) {
        self.history = saved.history;
        self.presence = saved.presence;
        self.targets = saved.targets;
        self.target_indexes = saved.target_indexes;
        self.series_count = saved.series_count;
        self.has_refused = saved.has_refused;
        self.part_seen = saved.part_seen;
        self.bounds = saved.bounds;
    }

    /// Whether the saved feed fits to what is counted.
    pub(crate) fn owns(&self, feed: &Feed) -> bool {
        feed.target < self.targets.len()
    }

    /// Whether it is time to look for series that have ended.
    pub(crate) fn is_crowded(&self) -> bool {
        SERIES_MAX / 2 < self.series_count
    }

    /// A feed is gone; what it counted stays, and others find room.
    pub(crate) fn dismiss(&mut self) {
        self.has_refused = false;
        self.series_count = self.series_count.saturating_sub(1);
    }

    fn remember_bound(&mut self, bound: f64) {
        let index = self.bounds.partition_point(|it| *it < bound);
        let is_known = self.bounds.get(index).is_some_and(|it| *it <= bound);
        if !is_known && self.bounds.len() < BOUNDS_MAX {
            self.bounds.insert(index, bound);
        }
    }

    fn target_index(&mut self, labels: &Labels) -> usize {
        let key = (labels.value("job").to_owned(), labels.value("instance").to_owned());
        *self.target_indexes.entry(key).or_insert_with(|| {
            let presence = Presence::new(self.limits.stale_after_ms);
            self.targets.push(Target { presence, is_older_now: false });
            self.targets.len() - 1
        })
    }

    /// Counts the samples of one series, up to `limit_ms`.
    pub(crate) fn take(&mut self, feed: &mut Feed, samples: &[Sample], limit_ms: i64) {
        let target = &mut self.targets[feed.target];
        let (roles, history) = (feed.roles, &mut self.history);
        // Differences of what can be written down as an instant fit 64 bits.
        let taken = Timestamp::MIN.as_millisecond()..=limit_ms;
        for sample in samples.iter().filter(|it| taken.contains(&it.at_ms)) {
            let Some(reading) = Reading::new(sample.at_ms, sample.value) else { continue };
            if target.presence.touch(sample.at_ms) == Touched::StartMoved {
                target.is_older_now = true;
            }
            if roles.whole {
                self.presence.touch(sample.at_ms);
            }
            self.part_seen |= roles.part;
            let rules = TargetRules { target, limits: self.limits };
            feed.series.push(reading, &rules, &mut |at_ms, events| {
                history.book(at_ms, change(roles, events));
            });
        }
        self.is_unsettled = true;
    }

    /// Whether [`Self::judge`] is due for the feeds of some target.
    pub(crate) fn has_older_target(&self) -> bool {
        self.targets.iter().any(|it| it.is_older_now)
    }

    /// Judges first samples again, if the target is known to be older now.
    pub(crate) fn judge(&mut self, feed: &mut Feed) {
        let target = &self.targets[feed.target];
        if target.is_older_now {
            let (roles, history) = (feed.roles, &mut self.history);
            let rules = TargetRules { target, limits: self.limits };
            feed.series.judge(&rules, &mut |at_ms, events| {
                history.book(at_ms, change(roles, events));
            });
        }
    }

    /// After this the answers are right.
    pub(crate) fn settle(&mut self) {
        if self.is_unsettled {
            self.history.settle();
            for target in &mut self.targets {
                target.is_older_now = false;
            }
            self.is_unsettled = false;
        }
    }

    pub(crate) fn is_unsettled(&self) -> bool {
        self.is_unsettled
    }

    /// The grain of a window, see [`History::grain_ms`].
    pub(crate) fn grain_ms(&self, from_ms: i64, to_ms: i64) -> i64 {
        self.history.grain_ms(from_ms, to_ms)
    }

    fn counts(&self, sums: Sums) -> Counts {
        let part = sums.part.min(sums.whole);
        match self.reader.part_kind() {
            PartKind::Bad => Counts { total: sums.whole, bad: part },
            // Without the series of the good events nothing is known, rather than all bad.
            PartKind::Good if self.is_part_missing() => Counts::default(),
            PartKind::Good => Counts { total: sums.whole, bad: sums.whole - part },
        }
    }

    fn is_part_missing(&self) -> bool {
        self.reader.part_kind() == PartKind::Good && !self.part_seen
    }

    /// Targets are scraped at different instants, so the last minutes do not fit together yet.
    fn settled_hour(&self, now_ms: i64) -> Sums {
        const HOUR_MS: i64 = 3_600_000;
        let to_ms = now_ms.saturating_sub(self.limits.stale_after_ms);
        self.history.between(to_ms.saturating_sub(HOUR_MS), to_ms).1
    }

    fn nearest_bounds(&self, below: f64) -> Vec<f64> {
        let index = self.bounds.partition_point(|it| *it < below);
        let around = index.saturating_sub(1)..(index + 1).min(self.bounds.len());
        self.bounds.get(around).unwrap_or_default().to_vec()
    }
}

impl Meter for Tally {
    fn between(&self, from_ms: i64, to_ms: i64) -> WindowCounts {
        let (from_ms, sums) = self.history.between(from_ms, to_ms);
        let known_ms =
            if self.is_part_missing() { 0 } else { self.presence.known_ms(from_ms, to_ms) };
        WindowCounts {
            from: instant(from_ms),
            to: instant(to_ms),
            counts: self.counts(sums),
            known: SignedDuration::from_millis(known_ms),
        }
    }

    fn last_ms(&self) -> Option<i64> {
        self.presence.last_ms()
    }

    fn has_data(&self, now_ms: i64) -> bool {
        let is_fresh = |last: i64| now_ms.saturating_sub(last) <= self.limits.stale_after_ms;
        self.last_ms().is_some_and(is_fresh) && !self.is_part_missing()
    }

    fn suspect(&self, now_ms: i64) -> Option<Suspect> {
        if self.is_part_missing() && self.last_ms().is_some() {
            return Some(match &self.reader {
                Reader::Buckets { below, .. } => {
                    Suspect::NoSuchBucket { below: *below, nearest: self.nearest_bounds(*below) }
                }
                Reader::Counters { .. } => Suspect::GoodNeverSeen,
            });
        }
        if self.has_refused {
            return Some(Suspect::TooManySeries { limit: SERIES_MAX });
        }
        let Sums { whole, part } = self.settled_hour(now_ms);
        (whole < part).then_some(Suspect::PartExceedsTotal { total: whole, part })
    }
}

fn change(roles: Roles, events: i64) -> Change {
    let counted = |is_counted: bool| if is_counted { events } else { 0 };
    Change { whole: counted(roles.whole), part: counted(roles.part) }
}

#[cfg(test)]
mod tests;
