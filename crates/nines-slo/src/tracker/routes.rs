//! From series to the SLIs that they feed.

use std::collections::BTreeMap;

use nines_base::Labels;

use super::Tracked;
use crate::directory::Directory;
use crate::groups::Place;
use crate::tally::{Feed, Tally};

/// Series that feed nothing are remembered too, up to this number of series.
const SERIES_MAX: usize = 500_000;

/// What each known series feeds.
#[derive(Debug, Default)]
pub(super) struct Routes {
    /// Nothing for series that no SLI reads.
    feeds: BTreeMap<Labels, Vec<Feed>>,
    /// The SLOs that may read a series.
    readers: Directory,
}

impl Routes {
    /// Feeds of kept SLIs move to their new index, new SLIs (by index, rising) are offered every known series.
    pub(super) fn rebuild(
        &mut self,
        tracked: &mut [Tracked],
        moved: &BTreeMap<usize, usize>,
        fresh: &[usize],
    ) {
        let selectors = |it: &Tracked| it.tally().map(Tally::selectors).unwrap_or_default();
        let selectors: Vec<_> = tracked.iter().map(selectors).enumerate().collect();
        self.readers = Directory::new(&selectors);
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
            for index in self.readers.candidates(labels) {
                if fresh.binary_search(&index).is_ok() {
                    feeds.extend(admit(tracked, index, labels));
                }
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
        let mut feeds = Vec::new();
        for index in self.readers.candidates(labels) {
            feeds.extend(admit(tracked, index, labels));
        }
        feeds.shrink_to_fit();
        feeds
    }

    pub(super) fn all(&mut self) -> impl Iterator<Item = &mut Feed> {
        self.feeds.values_mut().flatten()
    }

    /// Every series with what it feeds.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Labels, &Feed)> {
        self.feeds.iter().flat_map(|(labels, it)| it.iter().map(move |it| (labels, it)))
    }

    /// The feed of an SLO that an earlier process has left.
    pub(super) fn restore(&mut self, labels: Labels, feed: Feed) {
        let others = self.feeds.entry(labels).or_default();
        others.retain(|it| it.slo != feed.slo);
        others.push(feed);
    }

    /// Offers every known series to the SLOs that it does not feed: they were saved before it came, or not at all.
    pub(super) fn complete(&mut self, tracked: &mut [Tracked]) {
        for (labels, feeds) in &mut self.feeds {
            for index in self.readers.candidates(labels) {
                if feeds.iter().all(|it| it.slo != index) {
                    feeds.extend(admit(tracked, index, labels));
                }
            }
        }
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

fn admit(tracked: &mut [Tracked], index: usize, labels: &Labels) -> Option<Feed> {
    tracked[index].tally_mut()?.admit(labels, index)
}
