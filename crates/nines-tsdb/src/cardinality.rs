//! Where the many series come from: which labels and which metrics have the most.
//!
//! It must not know samples.

use nines_base::METRIC_NAME;

use crate::Tsdb;
use crate::pairs::{PairId, Pairs};

/// The largest of each kind, largest first; equal ones by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cardinality {
    /// Series with samples anywhere.
    pub series: usize,
    /// Different pairs of a label's name and value.
    pub label_pairs: usize,
    /// Series per metric name.
    pub series_by_metric: Vec<(String, usize)>,
    /// Different values per name of a label.
    pub values_by_label: Vec<(String, usize)>,
    /// Bytes of the values per name of a label, each value counted once per series.
    pub bytes_by_label: Vec<(String, usize)>,
    /// Series per pair, as `name=value`.
    pub series_by_pair: Vec<(String, usize)>,
}

impl Tsdb {
    /// What has the most series and values, at most `limit` of each kind.
    pub fn cardinality(&self, limit: usize) -> Cardinality {
        let state = self.state();
        let pairs = state.registry.pairs();
        let count = |id: &PairId| pairs.series(*id).len();
        let bytes = |id: &PairId| pairs.texts(*id).map_or(0, |it| it.1.len()) * count(id);
        let named = |id: &PairId| pairs.texts(*id).map(|it| (it.1, count(id)));
        let by_name = |of: &dyn Fn(&[PairId]) -> usize| {
            largest(pairs.names().map(|(name, ids)| (name, of(ids))), limit)
        };
        Cardinality {
            series: state.registry.len(),
            label_pairs: pairs.names().map(|it| it.1.len()).sum(),
            series_by_metric: largest(pairs.values(METRIC_NAME).iter().filter_map(named), limit),
            values_by_label: by_name(&|ids| ids.len()),
            bytes_by_label: by_name(&|ids| ids.iter().map(bytes).sum()),
            series_by_pair: largest_pairs(pairs, limit),
        }
    }
}

fn largest<'a>(
    counted: impl Iterator<Item = (&'a str, usize)>,
    limit: usize,
) -> Vec<(String, usize)> {
    let mut counted: Vec<(&str, usize)> = counted.collect();
    counted.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    counted.into_iter().take(limit).map(|(name, count)| (name.to_owned(), count)).collect()
}

fn largest_pairs(pairs: &Pairs, limit: usize) -> Vec<(String, usize)> {
    let ids = pairs.names().flat_map(|it| it.1);
    let texts = ids.filter_map(|id| Some((pairs.texts(*id)?, pairs.series(*id).len())));
    let mut counted: Vec<((&str, &str), usize)> = texts.collect();
    counted.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let shown = counted.into_iter().take(limit);
    shown.map(|((name, value), count)| (format!("{name}={value}"), count)).collect()
}
