//! From series to the SLIs that they feed.

use std::collections::BTreeMap;

use nines_base::Labels;

use super::Tracked;
use crate::groups::Place;
use crate::tally::Feed;

/// Series that feed nothing are remembered too, up to this number of series.
const SERIES_MAX: usize = 500_000;

/// What each known series feeds.
#[derive(Debug, Default)]
pub(super) struct Routes {
    /// Nothing for series that no SLI reads.
    feeds: BTreeMap<Labels, Vec<Feed>>,
    /// The SLOs that read a metric; those that name none are under `None`.
    readers: BTreeMap<Option<String>, Vec<usize>>,
}

impl Routes {
    /// Feeds of kept SLIs move to their new index, new SLIs (by index) are offered every known series.
    pub(super) fn rebuild(
        &mut self,
        tracked: &mut [Tracked],
        moved: &BTreeMap<usize, usize>,
        fresh: &[usize],
    ) {
        self.readers.clear();
        for (index, it) in tracked.iter().enumerate() {
            let Some(tally) = it.tally() else { continue };
            let metrics = tally.metrics();
            let metrics = metrics.map_or(vec![None], |it| it.into_iter().map(Some).collect());
            for metric in metrics {
                self.readers.entry(metric).or_default().push(index);
            }
        }
        // What fed nothing may feed a new SLI: it is looked at again when it comes.
        self.feeds.retain(|_, feeds| !feeds.is_empty());
        for (labels, feeds) in &mut self.feeds {
            feeds.retain_mut(|feed| match moved.get(&feed.slo) {
                Some(index) => {
                    feed.slo = *index;
                    true
                }
                None => false,
            });
            for index in fresh {
                let tally = tracked[*index].tally_mut();
                feeds.extend(tally.and_then(|it| it.admit(labels, *index)));
            }
        }
    }

    /// The feeds of a series, which is looked at now if it is new.
    pub(super) fn feeds(&mut self, labels: &Labels, tracked: &mut [Tracked]) -> &mut Vec<Feed> {
        if !self.feeds.contains_key(labels) {
            if SERIES_MAX <= self.feeds.len() {
                self.feeds.retain(|_, feeds| !feeds.is_empty());
            }
            let feeds = self.admit(labels, tracked);
            self.feeds.insert(labels.clone(), feeds);
        }
        self.feeds.get_mut(labels).expect("it was there, or was just put there")
    }

    /// Whether any SLO reads this series; it is remembered only then.
    pub(super) fn is_read(&mut self, labels: &Labels, tracked: &mut [Tracked]) -> bool {
        if let Some(feeds) = self.feeds.get(labels) {
            return !feeds.is_empty();
        }
        let feeds = self.admit(labels, tracked);
        let is_read = !feeds.is_empty();
        if is_read {
            self.feeds.insert(labels.clone(), feeds);
        }
        is_read
    }

    /// What a series feeds that is not known yet.
    fn admit(&self, labels: &Labels, tracked: &mut [Tracked]) -> Vec<Feed> {
        let metric = labels.metric_name().map(str::to_owned);
        let named = self.readers.get(&metric).into_iter().flatten();
        let nameless = self.readers.get(&None).filter(|_| metric.is_some()).into_iter().flatten();
        let mut feeds = Vec::new();
        for index in named.chain(nameless) {
            let tally = tracked[*index].tally_mut();
            feeds.extend(tally.and_then(|it| it.admit(labels, *index)));
        }
        feeds
    }

    pub(super) fn all(&mut self) -> impl Iterator<Item = &mut Feed> {
        self.feeds.values_mut().flatten()
    }

    /// Forgets the feeds that are over; their series are looked at again when they come.
    pub(super) fn forget(&mut self, mut is_over: impl FnMut(&Feed) -> bool) {
        for feeds in self.feeds.values_mut() {
            feeds.retain(|it| !is_over(it));
        }
        self.feeds.retain(|_, feeds| !feeds.is_empty());
    }

    /// The groups of an SLO with these indexes are no more.
    pub(super) fn displace(&mut self, slo: usize, freed: &[usize]) {
        for feed in self.all().filter(|it| it.slo == slo) {
            if matches!(feed.place, Place::Group(index) if freed.contains(&index)) {
                feed.place = Place::Unknown;
            }
        }
    }
}
