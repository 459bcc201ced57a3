//! What one process leaves to the next, so that it does not count the past again.
//!
//! Each SLO is saved by itself, at any time between two batches. Whoever restores it tells all samples that came
//! after that; those that were counted before are known by their place in their series and count once.
//! It must not know where the bytes are kept.

use std::collections::{BTreeMap, BTreeSet};

use nines_base::Labels;
use serde::{Deserialize, Serialize};

use crate::plan::Plan;
use crate::tally::{Feed, SavedTally};
use crate::{Slo, SloName, Tracker};

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
    /// The counts of these SLOs as of now; unknown names are left out, and composites, whose members know the past. A few at a time are enough, since whoever
    /// asks holds up the counting.
    pub fn save(&self, names: &[SloName]) -> Vec<SavedSlo> {
        let indexes = names.iter().filter_map(|it| self.index_of(it)).collect::<BTreeSet<_>>();
        let mut feeds = BTreeMap::<usize, Vec<(Labels, Feed)>>::new();
        for (labels, feed) in self.routes.iter() {
            if indexes.contains(&feed.slo) {
                feeds.entry(feed.slo).or_default().push((labels.clone(), feed.clone()));
            }
        }
        let save = |index: usize| {
            let tracked = &self.tracked[index];
            Some(SavedSlo {
                name: tracked.slo.name.clone(),
                definition: self.definition(tracked),
                tally: tracked.tally()?.save(),
                feeds: feeds.remove(&index).unwrap_or_default(),
            })
        };
        indexes.into_iter().filter_map(save).collect()
    }

    /// Goes on with the counts of an earlier process, and returns those whose past must not be counted again. What
    /// does not fit to the present definitions is left out.
    ///
    /// To be called before any sample is told.
    pub fn restore(&mut self, saved: impl IntoIterator<Item = SavedSlo>) -> Vec<SloName> {
        let mut restored = Vec::new();
        for it in saved {
            let Some(index) = self.index_of(&it.name) else { continue };
            if it.definition != self.definition(&self.tracked[index]) {
                continue;
            }
            let Some(tally) = self.tracked[index].tally_mut() else { continue };
            tally.restore(it.tally);
            for (labels, feed) in it.feeds.into_iter().filter(|(_, it)| tally.owns(it)) {
                self.routes.restore(labels, feed.of(index));
            }
            restored.push(it.name);
        }
        self.routes.complete(&mut self.tracked);
        restored
    }

    fn definition(&self, tracked: &Tracked) -> String {
        let Slo { sli, grouping, .. } = &tracked.slo;
        let (plan, grains) = (Plan::new(&tracked.slo), self.grains(self.span_ms(&tracked.slo)));
        format!("{sli:?} {grouping:?} {plan:?} {grains:?} {:?}", self.limits())
    }
}
