use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;

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
    ("[abc]", op, "[xyz]{0,2}(\\.\\*)?")
        .prop_map(|(name, op, value)| Matcher::new(&name, op, &value).unwrap())
}

proptest! {
    #[test]
    fn the_index_finds_what_matching_each_series_finds(
        series in vec(labels(), 0..30),
        removed in vec(any::<bool>(), 30),
        matchers in vec(matcher(), 0..4),
    ) {
        let mut postings = Postings::default();
        let numbered = || (0_u32..).zip(&series);
        numbered().for_each(|(id, it)| postings.insert(id, it));
        let kept: Vec<(SeriesId, &Labels)> = numbered().filter(|(id, _)| !removed[*id as usize]).collect();
        numbered().filter(|(id, _)| removed[*id as usize]).for_each(|(id, it)| postings.remove(id, it));

        let found = postings.resolve(&matchers, |id| series.get(id as usize));
        let expected: Vec<SeriesId> = kept
            .iter()
            .filter(|(_, labels)| matchers.iter().all(|it| it.matches(labels)))
            .map(|(id, _)| *id)
            .collect();
        prop_assert_eq!(found, expected);
    }
}
