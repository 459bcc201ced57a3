//! Pairs of texts, packed: what labels and annotations are made of.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// Texts by name, sorted, each name once. Takes two pieces of memory however many there are.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Pairs {
    /// All names and values, without anything between them.
    text: Box<str>,
    /// Where each name and each value ends, in turn.
    ends: Box<[u32]>,
}

impl Pairs {
    /// Packs pairs that are sorted by name, each name once.
    pub(crate) fn pack<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Self {
        let length = pairs.clone().map(|(name, value)| name.len() + value.len()).sum();
        let (count, _) = pairs.size_hint();
        let mut text = String::with_capacity(length);
        let mut ends = Vec::with_capacity(2 * count);
        for part in pairs.flat_map(|(name, value)| [name, value]) {
            text.push_str(part);
            ends.push(u32::try_from(text.len()).expect("labels are shorter than 4 GiB"));
        }
        Self { text: text.into_boxed_str(), ends: ends.into_boxed_slice() }
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.part(2 * middle).cmp(name) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Some(self.part(2 * middle + 1)),
            }
        }
        None
    }

    /// Sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        (0..self.len()).map(|it| (self.part(2 * it), self.part(2 * it + 1)))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len() / 2
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The name or value with this place.
    fn part(&self, place: usize) -> &str {
        let end = |it: usize| self.ends.get(it).map_or(0, |it| *it as usize);
        let start = place.checked_sub(1).map_or(0, end);
        self.text.get(start..end(place)).unwrap_or("")
    }
}

impl From<&BTreeMap<String, String>> for Pairs {
    fn from(pairs: &BTreeMap<String, String>) -> Self {
        Self::pack(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

impl From<&Pairs> for BTreeMap<String, String> {
    fn from(pairs: &Pairs) -> Self {
        pairs.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// By the sorted pairs.
impl Ord for Pairs {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl PartialOrd for Pairs {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Pairs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(|it| Self::from(&it))
    }
}

#[cfg(test)]
mod tests;
