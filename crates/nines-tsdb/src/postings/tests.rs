use nines_base::Labels;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;
use crate::dictionary::Dictionary;
use crate::registry::Registry;

fn labels() -> impl Strategy<Value = Labels> {
    btree_map("[ab]", "[xyz]{0,2}", 0..3).prop_map(|it| Labels::new(it).unwrap())
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let op = prop_oneof![
        Just(MatchOp::Equal),
        Just(MatchOp::NotEqual),
        Just(MatchOp::Regex),
        Just(MatchOp::NotRegex)
    ];
    ("[abc]", op, "[xyz]{0,2}(\\.\\*|\\|[xyz]{0,2}|\\|x\\|x)?")
        .prop_map(|(name, op, value)| Matcher::new(&name, op, &value).unwrap())
}

proptest! {
    #[test]
    fn the_index_finds_what_matching_each_series_finds(
        series in vec(labels(), 0..30),
        removed in vec(any::<bool>(), 30),
        again in vec(labels(), 0..10),
        matchers in vec(matcher(), 0..4),
    ) {
        let mut registry = Registry::default();
        let ids: Vec<SeriesId> = series.iter().map(|it| registry.get_or_insert(it)).collect();
        // A series without samples is forgotten by `tidy`.
        registry.tidy(ids.iter().zip(&removed).filter(|it| *it.1).map(|it| *it.0));
        let more: Vec<SeriesId> = again.iter().map(|it| registry.get_or_insert(it)).collect();
        let kept = ids.iter().chain(&more).filter(|it| registry.get(**it).is_some());
        let mut expected: Vec<SeriesId> = kept
            .copied()
            .filter(|it| {
                let labels = registry.labels(*it).unwrap();
                matchers.iter().all(|it| it.matches(&labels))
            })
            .collect();
        expected.sort_unstable();
        expected.dedup();
        prop_assert_eq!(registry.resolve(&matchers), expected);
        let dictionary = Dictionary::new((0..registry.pairs().slots_count()).filter_map(|it| registry.pairs().owned_texts(it)).collect());
        let ranks = |it: &SeriesId| dictionary.ranks(&registry.get(*it).unwrap().pairs);
        let mut sorted = registry.ids().to_vec();
        sorted.sort_by_key(ranks);
        let labels: Vec<Labels> = sorted.iter().map(|it| registry.labels(*it).unwrap()).collect();
        prop_assert!(labels.is_sorted_by(|a, b| a < b), "{labels:?}");
        for (id, labels) in sorted.iter().zip(&labels) {
            prop_assert_eq!(registry.id(labels), Some(*id));
            prop_assert!(labels.iter().eq(dictionary.labels(&ranks(id))));
        }
    }
}
