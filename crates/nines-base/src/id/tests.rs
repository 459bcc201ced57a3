use proptest::prelude::*;

use super::*;

#[derive(Debug)]
enum TestKind {}

impl IdKind for TestKind {
    const PREFIX: &'static str = "tst";
}

#[test]
fn an_id_says_what_it_names() {
    let id = Id::<TestKind>::from_parts(Timestamp::UNIX_EPOCH, 1);
    assert_eq!(id.to_string(), "tst_00000000000000000000000001");
    assert!("abc_00000000000000000000000001".parse::<Id<TestKind>>().is_err());
}

proptest! {
    #[test]
    fn ids_are_read_back_and_sort_as_their_texts(a in 0..1_i64 << 45, b in 0..1_i64 << 45, random: u128) {
        let id = |ms| Id::<TestKind>::from_parts(Timestamp::from_millisecond(ms).unwrap(), random);
        let (a, b) = (id(a), id(b));
        prop_assert_eq!(a.to_string().parse::<Id<TestKind>>().unwrap(), a);
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
    }

    #[test]
    fn any_text_is_read_without_panic(text in "(tst_)?.{0,28}") {
        drop(text.parse::<Id<TestKind>>());
    }
}
