//! Which series a writer's key stands for. It must not know which labels a series has.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use nines_base::Labels;
use nines_port::SeriesKey;

use crate::postings::SeriesId;

/// Keys per series before all are forgotten: senders that spell one series in ever new ways must not fill memory.
const KEYS_PER_SERIES_MAX: usize = 4;
/// So many keys are always allowed.
const KEYS_MIN: usize = 4_096;

/// Remembers keys; what is forgotten is asked for again.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    table: HashTable<Entry>,
    hasher: RandomState,
}

/// Two words instead of one of 128 bits, which would be padded to 32 bytes.
#[derive(Debug, Clone, Copy)]
struct Entry {
    low: u64,
    high: u64,
    id: SeriesId,
}

/// A key is a hash already.
fn split(key: SeriesKey) -> (u64, u64) {
    let bytes = key.0.to_le_bytes();
    let [low, high] = bytes.as_chunks().0 else { return (0, 0) };
    (u64::from_le_bytes(*low), u64::from_le_bytes(*high))
}

impl Keys {
    /// A key for labels that came without one. Different labels may have the same, so the series has to be looked at.
    pub(crate) fn of_labels(&self, labels: &Labels) -> SeriesKey {
        SeriesKey(u128::from(self.hasher.hash_one(labels)))
    }

    #[inline]
    pub(crate) fn get(&self, key: SeriesKey) -> Option<SeriesId> {
        let (low, high) = split(key);
        self.table.find(low, |it| it.low == low && it.high == high).map(|it| it.id)
    }

    /// `series_count` bounds how many keys are kept.
    pub(crate) fn insert(&mut self, key: SeriesKey, id: SeriesId, series_count: usize) {
        if KEYS_MIN.max(series_count.saturating_mul(KEYS_PER_SERIES_MAX)) <= self.table.len() {
            self.table.clear();
        }
        let (low, high) = split(key);
        if let Some(known) = self.table.find_mut(low, |it| it.low == low && it.high == high) {
            known.id = id;
        } else {
            self.table.insert_unique(low, Entry { low, high, id }, |it| it.low);
        }
    }

    /// Keys die with their series.
    pub(crate) fn retain(&mut self, is_alive: impl Fn(SeriesId) -> bool) {
        self.table.retain(|it| is_alive(it.id));
        if self.table.len() < self.table.capacity() / 4 {
            self.table.shrink_to_fit(|it| it.low);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> SeriesKey {
        SeriesKey(u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
    }

    #[test]
    fn keys_are_bounded_and_die_with_their_series() {
        let mut keys = Keys::default();
        for number in 0..100_000_u32 {
            keys.insert(key(number), number, 10);
        }
        assert!(keys.table.len() <= KEYS_MIN);
        assert_eq!(keys.get(key(99_999)), Some(99_999));
        keys.retain(|it| it == 99_999);
        assert_eq!(keys.get(key(99_998)), None);
        assert_eq!(keys.get(key(99_999)), Some(99_999));
        keys.insert(key(99_999), 7, 10);
        assert_eq!((keys.get(key(99_999)), keys.table.len()), (Some(7), 1));
    }
}
