//! What one process leaves to the next, so that it does not count the past again.
//!
//! Each SLO is saved by itself, at any time between two batches. Whoever restores it tells all samples that came
//! after that; those that were counted before are known by their place in their series and count once.
//! It must not know where the bytes are kept.

use std::collections::{BTreeMap, BTreeSet};

use nines_base::Labels;
use serde::{Deserialize, Serialize};

use crate::tally::{Feed, SavedTally};
use crate::{SloName, Tracker};

use super::Tracked;

/// The counts of one SLO, and what is needed to go on counting.
///
/// It is worth something only to the program that wrote it, and only while the SLO counts the same; otherwise the
/// past is counted again.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedSlo {
    name: SloName,
    /// What is counted, and how finely: as text, since it is only compared.
    definition: String,
    tally: SavedTally,
    feeds: Vec<(Labels, Feed)>,
}

impl SavedSlo {
    /// Whose counts these are.
    pub fn name(&self) -> &SloName {
        &self.name
    }
}

impl Tracker {
    /// The counts of these SLOs as of now; unknown names are left out. A few at a time are enough, since whoever
    /// asks holds up the counting.
    pub fn save(&self, names: &[SloName]) -> Vec<SavedSlo> {
        let indexes = names.iter().filter_map(|it| self.index_of(it)).collect::<BTreeSet<_>>();
        let mut feeds = BTreeMap::<usize, Vec<(Labels, Feed)>>::new();
        for (labels, feed) in
            self.routes.iter().flat_map(|(labels, it)| it.iter().map(move |it| (labels, it)))
        {
            if indexes.contains(&feed.slo) {
                feeds.entry(feed.slo).or_default().push((labels.clone(), feed.clone()));
            }
        }
        let save = |index: usize| {
            let tracked = &self.tracked[index];
            SavedSlo {
                name: tracked.slo.name.clone(),
                definition: self.definition(tracked),
                tally: tracked.tally.save(),
                feeds: feeds.remove(&index).unwrap_or_default(),
            }
        };
        indexes.into_iter().map(save).collect()
    }

    /// Goes on with the counts of an earlier process, and returns those whose past must not be counted again. What
    /// does not fit to the present definitions is left out.
    ///
    /// To be called before any sample is told.
    pub fn restore(&mut self, saved: impl IntoIterator<Item = SavedSlo>) -> Vec<SloName> {
        let mut restored = Vec::new();
        for it in saved {
            let Some(index) = self.index_of(&it.name) else { continue };
            let tracked = &self.tracked[index];
            if it.definition == self.definition(tracked) {
                self.tracked[index].tally.restore(it.tally);
                self.restore_feeds(index, it.feeds);
                restored.push(it.name);
            }
        }
        self.complete_routes();
        restored
    }

    fn restore_feeds(&mut self, index: usize, feeds: Vec<(Labels, Feed)>) {
        for (labels, feed) in feeds.into_iter().filter(|(_, it)| self.tracked[index].tally.owns(it))
        {
            let others = self.routes.entry(labels).or_default();
            others.retain(|it| it.slo != index);
            others.push(feed.of(index));
        }
    }

    /// Offers every known series to the SLOs that it does not feed: they were saved before it came, or not at all.
    fn complete_routes(&mut self) {
        for (labels, feeds) in &mut self.routes {
            for index in self.readers.candidates(labels) {
                if feeds.iter().all(|it| it.slo != index) {
                    feeds.extend(self.tracked[index].tally.admit(labels, index));
                }
            }
        }
    }

    fn definition(&self, tracked: &Tracked) -> String {
        let span_ms = self.span_ms(&tracked.slo);
        format!("{:?} {:?} {:?}", tracked.slo.sli, self.grains(span_ms), self.limits())
    }
}
