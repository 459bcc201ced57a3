//! The texts of labels as they were at one instant, numbered in their order.
//!
//! Whoever writes files takes one, so that nothing is locked meanwhile. It must not know series.

use std::sync::Arc;

use crate::pairs::PairId;

/// The place of a pair in the order of names, then values.
pub(crate) type Rank = u32;

/// All pairs of a registry by rank.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    texts: Vec<(Arc<str>, Box<str>)>,
    ranks: Vec<Rank>,
}

impl Dictionary {
    pub(crate) fn new(mut texts: Vec<(Arc<str>, Box<str>, PairId)>) -> Self {
        texts.sort_unstable();
        let ids = texts.iter().map(|it| it.2 as usize);
        let mut ranks = vec![Rank::MAX; ids.clone().max().map_or(0, |it| it + 1)];
        for (rank, id) in (0..).zip(ids) {
            if let Some(place) = ranks.get_mut(id) {
                *place = rank;
            }
        }
        Self { texts: texts.into_iter().map(|it| (it.0, it.1)).collect(), ranks }
    }

    /// The ranks of a series' pairs; as slices they are in the order of labels.
    pub(crate) fn ranks(&self, pairs: &[PairId]) -> Box<[Rank]> {
        let rank = |it: &PairId| self.ranks.get(*it as usize).copied();
        pairs.iter().map(|it| rank(it).unwrap_or(Rank::MAX)).collect()
    }

    pub(crate) fn texts(&self, rank: Rank) -> Option<(&str, &str)> {
        self.texts.get(rank as usize).map(|(name, value)| (&**name, &**value))
    }

    /// The labels of a series.
    pub(crate) fn labels<'a>(
        &'a self,
        ranks: &'a [Rank],
    ) -> impl ExactSizeIterator<Item = (&'a str, &'a str)> {
        ranks.iter().map(|it| self.texts(*it).unwrap_or_default())
    }
}
