//! The names and values of labels, and which series there are.
//!
//! It must not know samples.

use std::collections::BTreeSet;

use nines_base::{Labels, Matcher};

use crate::Tsdb;
use crate::pairs::PairId;
use crate::postings::SeriesId;
use crate::registry::Registry;
use crate::segment::Reach;
use crate::series::Series;

/// Each of these looks at series that fulfil all matchers of at least one set, or at all series if there is no
/// set, and that may have samples in the closed range: whole chunks are taken for their range.
impl Tsdb {
    /// Sorted names of labels, at most `limit`.
    pub fn label_names(
        &self,
        sets: &[Vec<Matcher>],
        from_ms: i64,
        to_ms: i64,
        limit: usize,
    ) -> Vec<String> {
        let state = self.state();
        let reach = Reach::new(&state.segments, from_ms, to_ms);
        let (registry, pairs) = (&state.registry, state.registry.pairs());
        if sets.is_empty() {
            let overlaps = |values: &[PairId]| {
                let ids = values.iter().flat_map(|it| pairs.series(*it));
                any_overlaps(registry, ids, &reach)
            };
            let present = pairs.names().filter(|(_, values)| overlaps(values));
            return present.map(|(name, _)| name.to_owned()).take(limit).collect();
        }
        let mut names = BTreeSet::new();
        for (_, series) in matching(registry, sets, &reach) {
            names.extend(series.pairs.iter().filter_map(|it| pairs.texts(*it)).map(|it| it.0));
        }
        names.into_iter().take(limit).map(str::to_owned).collect()
    }

    /// Sorted values of one label, at most `limit`.
    pub fn label_values(
        &self,
        name: &str,
        sets: &[Vec<Matcher>],
        from_ms: i64,
        to_ms: i64,
        limit: usize,
    ) -> Vec<String> {
        let state = self.state();
        let reach = Reach::new(&state.segments, from_ms, to_ms);
        let (registry, pairs) = (&state.registry, state.registry.pairs());
        if sets.is_empty() {
            let sorted = pairs.sorted(pairs.values(name)).into_iter();
            let present = sorted.filter(|it| any_overlaps(registry, pairs.series(*it), &reach));
            let texts = present.filter_map(|it| pairs.texts(it));
            return texts.map(|it| it.1.to_owned()).take(limit).collect();
        }
        let series = matching(registry, sets, &reach);
        let values: BTreeSet<&str> = series
            .map(|(_, it)| pairs.value_in(&it.pairs, name))
            .filter(|it| !it.is_empty())
            .collect();
        values.into_iter().take(limit).map(str::to_owned).collect()
    }

    /// Sorted label sets, at most `limit`.
    pub fn series(
        &self,
        sets: &[Vec<Matcher>],
        from_ms: i64,
        to_ms: i64,
        limit: usize,
    ) -> Vec<Labels> {
        let state = self.state();
        let reach = Reach::new(&state.segments, from_ms, to_ms);
        let found = matching(&state.registry, sets, &reach).map(|it| it.0).collect();
        let ids: Vec<SeriesId> = found;
        let mut found: Vec<Labels> =
            ids.into_iter().filter_map(|it| state.registry.labels(it)).collect();
        drop(state);
        found.sort_unstable();
        found.truncate(limit);
        found
    }
}

fn matching<'a>(
    registry: &'a Registry,
    sets: &[Vec<Matcher>],
    reach: &Reach,
) -> impl Iterator<Item = (SeriesId, &'a Series)> {
    let ids: BTreeSet<SeriesId> = match sets {
        [] => registry.ids().iter().copied().collect(),
        sets => sets.iter().flat_map(|it| registry.resolve(it)).collect(),
    };
    ids.into_iter()
        .filter_map(|id| registry.get(id).map(|it| (id, it)))
        .filter(move |(_, it)| it.overlaps(reach))
}

fn any_overlaps<'a>(
    registry: &Registry,
    ids: impl IntoIterator<Item = &'a SeriesId>,
    reach: &Reach,
) -> bool {
    ids.into_iter().filter_map(|id| registry.get(*id)).any(|it| it.overlaps(reach))
}
