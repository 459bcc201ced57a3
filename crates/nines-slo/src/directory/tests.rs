use nines_base::METRIC_NAME;
use proptest::prelude::*;

use super::*;

fn matchers(pairs: &[(&str, &str)]) -> Vec<Matcher> {
    pairs.iter().map(|(name, value)| Matcher::equal(name, value)).collect()
}

#[test]
fn the_rarest_equality_finds_a_reader() {
    let reader = |index: usize| {
        let job = format!("job-{index}");
        (index, vec![matchers(&[(METRIC_NAME, "requests_total"), ("job", &job)])])
    };
    let readers: Vec<_> = (0..100).map(reader).collect();
    let directory = Directory::new(&readers);
    let labels = Labels::new([(METRIC_NAME, "requests_total"), ("job", "job-7")]).unwrap();
    assert_eq!(directory.candidates(&labels), [7]);
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let op = prop_oneof![3 => Just(MatchOp::Equal), 1 => Just(MatchOp::NotEqual), 1 => Just(MatchOp::Regex)];
    (prop_oneof!["[abc]", Just(METRIC_NAME.to_owned())], op, "[xy]?")
        .prop_map(|(name, op, value)| Matcher::new(&name, op, &value).unwrap())
}

proptest! {
    #[test]
    fn nobody_who_reads_a_series_is_missed(
        selectors in prop::collection::vec(prop::collection::vec(prop::collection::vec(matcher(), 0..4), 0..3), 0..8),
        pairs in prop::collection::btree_map(prop_oneof!["[abc]", Just(METRIC_NAME.to_owned())], "[xy]", 0..4),
    ) {
        let readers: Vec<_> = selectors.into_iter().enumerate().collect();
        let labels = Labels::new(pairs).unwrap();
        let candidates = Directory::new(&readers).candidates(&labels);
        prop_assert!(candidates.is_sorted_by(|a, b| a < b));
        for (index, selectors) in readers {
            if selectors.iter().any(|it| it.iter().all(|it| it.matches(&labels))) {
                prop_assert!(candidates.contains(&index));
            }
        }
    }
}
