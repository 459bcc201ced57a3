//! Every pair of a label's name and value once, with the series that have it.
//!
//! A series keeps the numbers of its pairs, so that a text is in memory once however many series share it. This
//! module must not know samples.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::postings::{SeriesId, SeriesList};

/// The number of a pair; given again after all of its series are gone.
pub(crate) type PairId = u32;
/// The number of a label's name; never given again.
type NameId = u32;

/// All pairs.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    names: Vec<Name>,
    by_name: BTreeMap<Box<str>, NameId>,
    slots: Vec<Option<Pair>>,
    free: Vec<PairId>,
    by_text: HashTable<PairId>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Name {
    text: Arc<str>,
    /// In no order.
    values: Vec<PairId>,
}

#[derive(Debug)]
struct Pair {
    name: NameId,
    value: Box<str>,
    series: SeriesList,
}

impl Pairs {
    fn hash(&self, name: NameId, value: &str) -> u64 {
        self.hasher.hash_one((name, value))
    }

    fn find(&self, name: NameId, value: &str) -> Option<PairId> {
        let same = |it: &PairId| {
            self.pair(*it).is_some_and(|pair| pair.name == name && *pair.value == *value)
        };
        self.by_text.find(self.hash(name, value), same).copied()
    }

    fn pair(&self, id: PairId) -> Option<&Pair> {
        self.slots.get(id as usize)?.as_ref()
    }

    /// The number of a pair that some series has.
    pub(crate) fn id(&self, name: &str, value: &str) -> Option<PairId> {
        self.find(*self.by_name.get(name)?, value)
    }

    /// The number of a pair, which is made if there is none.
    pub(crate) fn intern(&mut self, name: &str, value: &str) -> PairId {
        let name = self.intern_name(name);
        if let Some(id) = self.find(name, value) {
            return id;
        }
        let pair = Pair { name, value: value.into(), series: SeriesList::default() };
        let id = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            PairId::try_from(self.slots.len() - 1).expect("memory ends long before 2^32 pairs")
        });
        let hash = self.hash(name, value);
        if let Some(slot) = self.slots.get_mut(id as usize) {
            *slot = Some(pair);
        }
        if let Some(name) = self.names.get_mut(name as usize) {
            name.values.push(id);
        }
        let (slots, hasher) = (&self.slots, &self.hasher);
        let rehash = |id: &PairId| {
            let pair = slots.get(*id as usize).and_then(Option::as_ref);
            pair.map_or(0, |it| hasher.hash_one((it.name, &*it.value)))
        };
        self.by_text.insert_unique(hash, id, rehash);
        id
    }

    fn intern_name(&mut self, text: &str) -> NameId {
        if let Some(id) = self.by_name.get(text) {
            return *id;
        }
        let id = NameId::try_from(self.names.len()).expect("memory ends long before 2^32 names");
        self.names.push(Name { text: text.into(), values: Vec::new() });
        self.by_name.insert(text.into(), id);
        id
    }

    /// The texts of a pair.
    pub(crate) fn texts(&self, id: PairId) -> Option<(&str, &str)> {
        let pair = self.pair(id)?;
        Some((&self.names.get(pair.name as usize)?.text, &pair.value))
    }

    /// The value of the label in a series' pairs, or the empty text.
    pub(crate) fn value_in<'a>(&'a self, pairs: &[PairId], name: &str) -> &'a str {
        let Some(name) = self.by_name.get(name) else { return "" };
        let pairs = pairs.iter().filter_map(|it| self.pair(*it));
        pairs.filter(|it| it.name == *name).map(|it| &*it.value).next().unwrap_or("")
    }

    /// The series that have the pair, sorted.
    pub(crate) fn series(&self, id: PairId) -> &[SeriesId] {
        self.pair(id).map_or(&[], |it| it.series.as_slice())
    }

    /// Notes that the series has these pairs; its number is higher than all before.
    pub(crate) fn attach(&mut self, id: SeriesId, pairs: &[PairId]) {
        for pair in pairs {
            if let Some(pair) = self.slots.get_mut(*pair as usize).and_then(Option::as_mut) {
                pair.series.push(id);
            }
        }
    }

    /// Sorted names that have values, with their values in no order.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, &[PairId])> {
        let all = self.by_name.iter();
        all.filter_map(|(text, id)| {
            Some((&**text, self.names.get(*id as usize)?.values.as_slice()))
        })
        .filter(|(_, values)| !values.is_empty())
    }

    /// The values of one name, in no order.
    pub(crate) fn values(&self, name: &str) -> &[PairId] {
        let id = self.by_name.get(name);
        id.and_then(|it| self.names.get(*it as usize)).map_or(&[], |it| it.values.as_slice())
    }

    /// Forgets series that are gone (sorted), and the pairs that nobody has any more.
    pub(crate) fn detach(&mut self, gone: &[SeriesId], mut touched: Vec<PairId>) {
        touched.sort_unstable();
        touched.dedup();
        let mut names = Vec::new();
        for id in touched {
            let Some(slot) = self.slots.get_mut(id as usize) else { continue };
            let Some(pair) = slot else { continue };
            pair.series.retain(|it| gone.binary_search(&it).is_err());
            if !pair.series.as_slice().is_empty() {
                continue;
            }
            let hash = self.hasher.hash_one((pair.name, &*pair.value));
            names.push(pair.name);
            *slot = None;
            if let Ok(found) = self.by_text.find_entry(hash, |it| *it == id) {
                found.remove();
            }
            self.free.push(id);
        }
        names.sort_unstable();
        names.dedup();
        let slots = &self.slots;
        for name in names {
            if let Some(name) = self.names.get_mut(name as usize) {
                let is_live = |it: &PairId| slots.get(*it as usize).is_some_and(Option::is_some);
                name.values.retain(is_live);
            }
        }
    }

    /// Numbers of pairs are below.
    pub(crate) fn slots_count(&self) -> PairId {
        PairId::try_from(self.slots.len()).unwrap_or(PairId::MAX)
    }

    /// A copy of the texts of a pair, with its number.
    pub(crate) fn owned_texts(&self, id: PairId) -> Option<(Arc<str>, Box<str>, PairId)> {
        let pair = self.pair(id)?;
        Some((Arc::clone(&self.names.get(pair.name as usize)?.text), pair.value.clone(), id))
    }

    /// The pairs of one name in the order of their values.
    pub(crate) fn sorted(&self, values: &[PairId]) -> Vec<PairId> {
        let mut sorted: Vec<(&str, PairId)> =
            values.iter().filter_map(|id| self.pair(*id).map(|it| (&*it.value, *id))).collect();
        sorted.sort_unstable();
        sorted.into_iter().map(|it| it.1).collect()
    }
}
