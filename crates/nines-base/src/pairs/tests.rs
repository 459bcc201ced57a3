use proptest::prelude::*;

use super::*;

fn any_pairs() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map(".{0,4}", ".{0,6}", 0..9)
}

proptest! {
    #[test]
    fn they_are_what_a_map_is(a in any_pairs(), b in any_pairs(), name in ".{0,4}") {
        let (packed, other) = (Pairs::from(&a), Pairs::from(&b));
        prop_assert_eq!(packed.len(), a.len());
        prop_assert_eq!(packed.get(&name), a.get(&name).map(String::as_str));
        for (name, value) in &a {
            prop_assert_eq!(packed.get(name), Some(value.as_str()));
        }
        prop_assert_eq!(&BTreeMap::from(&packed), &a);
        prop_assert_eq!(packed.cmp(&other), a.cmp(&b));
        prop_assert_eq!(packed == other, a == b);
    }

    #[test]
    fn they_are_written_like_a_map(pairs in any_pairs()) {
        let packed = Pairs::from(&pairs);
        let json = serde_json::to_string(&packed).unwrap();
        prop_assert_eq!(&json, &serde_json::to_string(&pairs).unwrap());
        prop_assert_eq!(serde_json::from_str::<Pairs>(&json).unwrap(), packed);
    }
}
