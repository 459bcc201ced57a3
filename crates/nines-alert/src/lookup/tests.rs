use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn matcher() -> impl Strategy<Value = Matcher> {
    let op = prop_oneof![
        3 => Just(MatchOp::Equal),
        1 => Just(MatchOp::NotEqual),
        1 => Just(MatchOp::Regex),
        1 => Just(MatchOp::NotRegex),
    ];
    ("[abc]", op, "[xy]?").prop_map(|(name, op, value)| Matcher::new(&name, op, &value).unwrap())
}

fn labels() -> impl Strategy<Value = Labels> {
    proptest::collection::btree_map("[abc]", "[xy]", 0..4)
        .prop_map(|pairs| Labels::new(pairs).unwrap())
}

proptest! {
    /// The index finds what asking every set finds, also after sets were taken out.
    #[test]
    fn the_index_finds_what_a_scan_finds(
        sets in vec((0..8_u32, vec(matcher(), 0..4)), 0..30), gone in vec(0..8_u32, 0..4), labels in labels(),
    ) {
        let mut lookup = Lookup::default();
        for (key, set) in &sets {
            lookup.insert(*key, set);
        }
        for key in &gone {
            lookup.remove(*key);
        }
        let left = sets.iter().filter(|(key, _)| !gone.contains(key));
        let matches = |set: &[Matcher]| set.iter().all(|it| it.matches(&labels));
        let mut expected: Vec<u32> = left.filter(|(_, set)| matches(set)).map(|(key, _)| *key).collect();
        let mut found: Vec<u32> = lookup.matching(&labels).collect();
        expected.sort_unstable();
        found.sort_unstable();
        prop_assert_eq!(found, expected);
        for (key, _) in &sets {
            lookup.remove(*key);
        }
        prop_assert!(lookup.by_pair.is_empty() && lookup.others.is_empty() && lookup.places.is_empty());
    }
}
