//! All series that have samples anywhere, by number, by labels and by matcher.
//!
//! It must not know files.

use std::hash::BuildHasher;
use std::num::NonZeroU64;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use nines_base::{Labels, Matcher};

use crate::pages::Pages;
use crate::pairs::{PairId, Pairs};
use crate::postings::{SeriesId, resolve};
use crate::series::Series;

/// All series.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    series: Pages<Series>,
    by_pairs: HashTable<SeriesId>,
    pairs: Pairs,
    /// Sorted.
    all: Vec<SeriesId>,
    active: usize,
    hasher: RandomState,
}

impl Registry {
    pub(crate) fn id(&self, labels: &Labels) -> Option<SeriesId> {
        let pairs = labels.iter().map(|(name, value)| self.pairs.id(name, value));
        self.find(&pairs.collect::<Option<Vec<PairId>>>()?)
    }

    /// Whether the series has exactly these labels.
    pub(crate) fn has_labels(&self, id: SeriesId, labels: &Labels) -> bool {
        let Some(series) = self.get(id) else { return false };
        let texts = series.pairs.iter().map(|it| self.pairs.texts(*it));
        series.pairs.len() == labels.len() && texts.eq(labels.iter().map(Some))
    }

    fn find(&self, pairs: &[PairId]) -> Option<SeriesId> {
        let same = |id: &SeriesId| self.series.get(*id).is_some_and(|it| *it.pairs == *pairs);
        self.by_pairs.find(self.hasher.hash_one(pairs), same).copied()
    }

    #[inline]
    pub(crate) fn get(&self, id: SeriesId) -> Option<&Series> {
        self.series.get(id)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: SeriesId) -> Option<&mut Series> {
        self.series.get_mut(id)
    }

    /// The labels of a series, made anew.
    pub(crate) fn labels(&self, id: SeriesId) -> Option<Labels> {
        let texts = self.get(id)?.pairs.iter().filter_map(|it| self.pairs.texts(*it));
        Some(Labels::new(texts).expect("they were a valid set when they came"))
    }

    pub(crate) fn pairs(&self) -> &Pairs {
        &self.pairs
    }

    pub(crate) fn len(&self) -> usize {
        self.series.len()
    }

    /// How many series have a number in the write-ahead log.
    pub(crate) fn active(&self) -> usize {
        self.active
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (SeriesId, &Series)> {
        self.series.iter()
    }

    /// Every series, sorted by number.
    pub(crate) fn ids(&self) -> &[SeriesId] {
        &self.all
    }

    pub(crate) fn resolve(&self, matchers: &[Matcher]) -> Vec<SeriesId> {
        resolve(&self.pairs, &self.all, matchers, |id| self.get(id).map(|it| &*it.pairs))
    }

    /// The series with these labels, made if there is none.
    pub(crate) fn get_or_insert(&mut self, labels: &Labels) -> SeriesId {
        let pairs = labels.iter().map(|(name, value)| self.pairs.intern(name, value)).collect();
        self.get_or_insert_pairs(pairs)
    }

    /// The number of a pair, which is made if there is none; a series must follow.
    pub(crate) fn intern(&mut self, name: &str, value: &str) -> PairId {
        self.pairs.intern(name, value)
    }

    /// The series with these pairs, sorted by name, made if there is none.
    pub(crate) fn get_or_insert_pairs(&mut self, pairs: Box<[PairId]>) -> SeriesId {
        if let Some(id) = self.find(&pairs) {
            return id;
        }
        let hash = self.hasher.hash_one(&*pairs);
        let id = self.series.next();
        self.pairs.attach(id, &pairs);
        self.series.push(Series::new(pairs));
        self.all.push(id);
        let (series, hasher) = (&self.series, &self.hasher);
        let rehash = |id: &SeriesId| series.get(*id).map_or(0, |it| hasher.hash_one(&*it.pairs));
        self.by_pairs.insert_unique(hash, id, rehash);
        id
    }

    /// Gives the series its number in the write-ahead log, which is not 0.
    pub(crate) fn activate(&mut self, id: SeriesId, wal_ref: u64) {
        if let Some(series) = self.get_mut(id)
            && std::mem::replace(&mut series.wal_ref, NonZeroU64::new(wal_ref)).is_none()
        {
            self.active += 1;
        }
    }

    /// Forgets what is not needed: the log's number without samples in memory, the series without any.
    ///
    /// Tells whether any series is gone.
    pub(crate) fn tidy(&mut self, ids: impl IntoIterator<Item = SeriesId>) -> bool {
        let (mut gone, mut touched) = (Vec::new(), Vec::new());
        for id in ids {
            let Some(series) = self.series.get_mut(id) else { continue };
            if !series.head.is_empty() {
                continue;
            }
            self.active -= usize::from(series.wal_ref.take().is_some());
            if !series.stored.is_empty() {
                series.head.release();
                continue;
            }
            let hash = self.hasher.hash_one(&*series.pairs);
            if let Ok(found) = self.by_pairs.find_entry(hash, |it| *it == id) {
                found.remove();
            }
            if let Some(series) = self.series.remove(id) {
                touched.extend_from_slice(&series.pairs);
            }
            gone.push(id);
        }
        if gone.is_empty() {
            return false;
        }
        gone.sort_unstable();
        self.all.retain(|it| gone.binary_search(it).is_err());
        self.pairs.detach(&gone, touched);
        true
    }
}
