//! Exemplars: the last ones of all series, in memory only.
//!
//! When there is no more room, those that came first go first. This module must not know samples.

use std::collections::{BTreeMap, VecDeque};

use nines_base::{Exemplar, Labels, Matcher};

use crate::Tsdb;

/// Bytes of labels of one exemplar; a larger one is not taken. OpenMetrics allows 128 characters.
const LABEL_BYTES_MAX: usize = 1024;

/// The exemplars of all series.
#[derive(Debug, Default)]
pub(crate) struct Exemplars {
    /// Of each series, by time.
    by_series: BTreeMap<Labels, VecDeque<Exemplar>>,
    /// Whose exemplar came when.
    arrivals: VecDeque<Labels>,
}

impl Exemplars {
    pub(crate) fn add(&mut self, series: &Labels, exemplar: &Exemplar, exemplars_max: usize) {
        let bytes = exemplar.labels.iter().map(|(name, value)| name.len() + value.len());
        if exemplars_max == 0 || LABEL_BYTES_MAX < bytes.sum::<usize>() {
            return;
        }
        let of_series = self.by_series.entry(series.clone()).or_default();
        let index = of_series.partition_point(|it| it.at_ms <= exemplar.at_ms);
        let same_time = of_series.range(..index).rev().take_while(|it| it.at_ms == exemplar.at_ms);
        if same_time.into_iter().any(|it| it == exemplar) {
            return; // it is scraped again until there is a newer one
        }
        of_series.insert(index, exemplar.clone());
        self.arrivals.push_back(series.clone());
        while exemplars_max < self.arrivals.len() {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        let Some(series) = self.arrivals.pop_front() else { return };
        if let Some(of_series) = self.by_series.get_mut(&series) {
            of_series.pop_front();
            if of_series.is_empty() {
                self.by_series.remove(&series);
            }
        }
    }

    fn find(
        &self,
        sets: &[Vec<Matcher>],
        from_ms: i64,
        to_ms: i64,
        limit: usize,
    ) -> Vec<(Labels, Vec<Exemplar>)> {
        let is_wanted = |it: &Labels| {
            sets.is_empty() || sets.iter().any(|set| set.iter().all(|matcher| matcher.matches(it)))
        };
        let mut left = limit;
        let mut found = Vec::new();
        for (labels, exemplars) in self.by_series.iter().filter(|it| is_wanted(it.0)) {
            let within = exemplars.iter().filter(|it| (from_ms..=to_ms).contains(&it.at_ms));
            let within: Vec<Exemplar> = within.take(left).cloned().collect();
            left -= within.len();
            if !within.is_empty() {
                found.push((labels.clone(), within));
            }
        }
        found
    }
}

impl Tsdb {
    /// Exemplars in the closed range of the series that fulfil all matchers of at least one set, or of all series if
    /// there is no set: at most `limit`, sorted by labels and time.
    pub fn exemplars(
        &self,
        sets: &[Vec<Matcher>],
        from_ms: i64,
        to_ms: i64,
        limit: usize,
    ) -> Vec<(Labels, Vec<Exemplar>)> {
        self.exemplars_lock().find(sets, from_ms, to_ms, limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exemplar(at_ms: i64) -> Exemplar {
        let labels = Labels::new([("trace_id", at_ms.to_string())]).unwrap();
        Exemplar { labels, value: 1.0, at_ms }
    }

    fn times(
        exemplars: &Exemplars,
        sets: &[Vec<Matcher>],
        limit: usize,
    ) -> Vec<(String, Vec<i64>)> {
        let found = exemplars.find(sets, 2, 20, limit).into_iter();
        found
            .map(|(labels, it)| (labels.to_string(), it.iter().map(|it| it.at_ms).collect()))
            .collect()
    }

    #[test]
    fn the_last_ones_are_kept_in_order_and_found_by_matcher_and_time() {
        let series = |it: &str| Labels::new([("__name__", it)]).unwrap();
        let mut exemplars = Exemplars::default();
        for at_ms in [1, 5, 3, 9, 9, 30] {
            exemplars.add(&series("a"), &exemplar(at_ms), 6);
        }
        exemplars.add(&series("b"), &exemplar(4), 6);
        let all = [("a".to_owned(), vec![3, 5, 9]), ("b".to_owned(), vec![4])];
        assert_eq!(times(&exemplars, &[], 9), all);
        assert_eq!(times(&exemplars, &[vec![Matcher::equal("__name__", "b")]], 9), all[1..]);
        assert_eq!(times(&exemplars, &[], 2), [("a".to_owned(), vec![3, 5])]);
        let mut long = exemplar(7);
        long.labels = Labels::new([("x", "y".repeat(LABEL_BYTES_MAX))]).unwrap();
        exemplars.add(&series("c"), &long, 6);
        for at_ms in 10..16 {
            exemplars.add(&series("d"), &exemplar(at_ms), 6);
        }
        assert_eq!(times(&exemplars, &[], 9), [("d".to_owned(), (10..16).collect())]);
    }
}
