//! The inverted index: label name to value to the series that have it.
//!
//! Lists of series are sorted by their numbers. This module must not know samples.

use std::collections::BTreeMap;

use nines_base::{Labels, MatchOp, Matcher};

/// The number of a series within this process.
pub(crate) type SeriesId = u32;

/// From labels to series.
#[derive(Debug, Default)]
pub(crate) struct Postings {
    by_name: BTreeMap<String, BTreeMap<String, Vec<SeriesId>>>,
    all: Vec<SeriesId>,
}

impl Postings {
    pub(crate) fn insert(&mut self, id: SeriesId, labels: &Labels) {
        insert_sorted(&mut self.all, id);
        for (name, value) in labels.iter() {
            if !self.by_name.contains_key(name) {
                self.by_name.insert(name.to_owned(), BTreeMap::new());
            }
            let Some(values) = self.by_name.get_mut(name) else { continue };
            match values.get_mut(value) {
                Some(ids) => insert_sorted(ids, id),
                None => drop(values.insert(value.to_owned(), vec![id])),
            }
        }
    }

    pub(crate) fn remove(&mut self, id: SeriesId, labels: &Labels) {
        remove_sorted(&mut self.all, id);
        for (name, value) in labels.iter() {
            let Some(values) = self.by_name.get_mut(name) else { continue };
            if let Some(ids) = values.get_mut(value) {
                remove_sorted(ids, id);
                if ids.is_empty() {
                    values.remove(value);
                }
            }
            if values.is_empty() {
                self.by_name.remove(name);
            }
        }
    }

    pub(crate) fn all(&self) -> &[SeriesId] {
        &self.all
    }

    /// Sorted names, with their values.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, Vec<SeriesId>>)> {
        self.by_name.iter().map(|(name, values)| (name.as_str(), values))
    }

    /// Sorted values of one name, with the series that have them.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = (&str, &[SeriesId])> {
        let values = self.by_name.get(name).into_iter().flatten();
        values.map(|(value, ids)| (value.as_str(), ids.as_slice()))
    }

    /// The series that fulfil all `matchers`, sorted. `labels_of` tells the labels of a series.
    ///
    /// An expression is tried once per value of its label, or once per candidate, whichever are fewer.
    pub(crate) fn resolve<'a>(
        &self,
        matchers: &[Matcher],
        labels_of: impl Fn(SeriesId) -> Option<&'a Labels>,
    ) -> Vec<SeriesId> {
        let (exact, mut others): (Vec<&Matcher>, Vec<&Matcher>) =
            matchers.iter().partition(|it| it.op() == MatchOp::Equal && !it.value().is_empty());
        let mut lists: Vec<&[SeriesId]> =
            exact.iter().map(|it| self.having(it.name(), it.value())).collect();
        lists.sort_by_key(|it| it.len());
        let mut lists = lists.into_iter();
        let mut found = match lists.next() {
            Some(shortest) => shortest.to_vec(),
            None => match others.iter().position(|it| !it.matches_absent()) {
                Some(index) => self.union(others.swap_remove(index), Keep::Matching),
                None => self.all.clone(),
            },
        };
        lists.for_each(|list| found.retain(|id| list.binary_search(id).is_ok()));
        for matcher in others {
            let values_count = self.by_name.get(matcher.name()).map_or(0, BTreeMap::len);
            if found.len() < values_count {
                found.retain(|id| labels_of(*id).is_some_and(|it| matcher.matches(it)));
            } else if matcher.matches_absent() {
                let refused = self.union(matcher, Keep::NotMatching);
                found.retain(|id| refused.binary_search(id).is_err());
            } else {
                let accepted = self.union(matcher, Keep::Matching);
                found.retain(|id| accepted.binary_search(id).is_ok());
            }
        }
        found
    }

    fn having(&self, name: &str, value: &str) -> &[SeriesId] {
        self.by_name.get(name).and_then(|it| it.get(value)).map_or(&[], Vec::as_slice)
    }

    /// The series that have the label with a value that the matcher accepts, or does not.
    fn union(&self, matcher: &Matcher, keep: Keep) -> Vec<SeriesId> {
        let wanted = keep == Keep::Matching;
        let values =
            self.values(matcher.name()).filter(|(it, _)| matcher.matches_value(it) == wanted);
        let mut ids: Vec<SeriesId> = values.flat_map(|(_, ids)| ids).copied().collect();
        ids.sort_unstable(); // a series has one value per name, so nothing is twice
        ids
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    Matching,
    NotMatching,
}

fn insert_sorted(ids: &mut Vec<SeriesId>, id: SeriesId) {
    if ids.last().is_none_or(|last| *last < id) {
        ids.push(id);
    } else if let Err(index) = ids.binary_search(&id) {
        ids.insert(index, id);
    }
}

fn remove_sorted(ids: &mut Vec<SeriesId>, id: SeriesId) {
    if let Ok(index) = ids.binary_search(&id) {
        ids.remove(index);
    }
}

#[cfg(test)]
mod tests;
