//! Which of many sets of matchers match a label set, without asking them all.
//!
//! A set that demands a value of a label can only match what has it, so most sets are found by a pair of name and
//! value; the others are asked each time. It must not know what the sets are for.

use std::collections::BTreeMap;

use nines_base::{Labels, MatchOp, Matcher};

/// Sets of matchers, each under a key; a key may have several.
#[derive(Debug, Clone)]
pub(crate) struct Lookup<K> {
    by_pair: BTreeMap<String, BTreeMap<String, Vec<Entry<K>>>>,
    /// The sets that demand no value.
    others: Vec<Entry<K>>,
    /// Where the sets of a key are, to take them out again.
    places: BTreeMap<K, Vec<Place>>,
}

#[derive(Debug, Clone)]
struct Entry<K> {
    key: K,
    matchers: Vec<Matcher>,
}

/// The pair under which a set is found; none: among the others.
type Place = Option<(String, String)>;

impl<K> Default for Lookup<K> {
    fn default() -> Self {
        Self { by_pair: BTreeMap::new(), others: Vec::new(), places: BTreeMap::new() }
    }
}

impl<K: Copy + Ord> Lookup<K> {
    /// One more set of `key`.
    pub(crate) fn insert(&mut self, key: K, matchers: &[Matcher]) {
        let place = self.place(matchers);
        self.places.entry(key).or_default().push(place.clone());
        self.bucket(place).push(Entry { key, matchers: matchers.to_vec() });
    }

    /// Takes out all sets of `key`.
    pub(crate) fn remove(&mut self, key: K) {
        for place in self.places.remove(&key).unwrap_or_default() {
            self.bucket(place.clone()).retain(|it| it.key != key);
            let Some((name, value)) = place else { continue };
            if let Some(values) = self.by_pair.get_mut(&name) {
                values.retain(|it, entries| *it != value || !entries.is_empty());
                if values.is_empty() {
                    self.by_pair.remove(&name);
                }
            }
        }
    }

    /// The keys of sets all of whose matchers match; a key comes once for each such set, in no special order.
    pub(crate) fn matching<'a>(&'a self, labels: &'a Labels) -> impl Iterator<Item = K> + 'a {
        let found = labels.iter().filter_map(|(name, value)| self.by_pair.get(name)?.get(value));
        let candidates = found.flatten().chain(&self.others);
        candidates
            .filter(|it| it.matchers.iter().all(|matcher| matcher.matches(labels)))
            .map(|it| it.key)
    }

    /// The demanded pair that fewest sets demand, so that buckets stay small.
    fn place(&self, matchers: &[Matcher]) -> Place {
        let crowd = |it: &&Matcher| {
            self.by_pair
                .get(it.name())
                .and_then(|values| values.get(it.value()))
                .map_or(0, Vec::len)
        };
        let demands = |it: &&Matcher| it.op() == MatchOp::Equal && !it.value().is_empty();
        let best = matchers.iter().filter(demands).min_by_key(crowd)?;
        Some((best.name().to_owned(), best.value().to_owned()))
    }

    fn bucket(&mut self, place: Place) -> &mut Vec<Entry<K>> {
        match place {
            Some((name, value)) => self.by_pair.entry(name).or_default().entry(value).or_default(),
            None => &mut self.others,
        }
    }
}

#[cfg(test)]
mod tests;
