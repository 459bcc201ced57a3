use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn numbers_and_texts_come_back(signed: i64, unsigned: u64, text: String) {
        let mut out = Vec::new();
        put_signed(&mut out, signed);
        put_varint(&mut out, unsigned);
        put_text(&mut out, &text);
        let mut reader = Reader::new(&out);
        prop_assert_eq!(reader.signed(), Ok(signed));
        prop_assert_eq!(reader.varint(), Ok(unsigned));
        prop_assert_eq!(reader.text(), Ok(text.as_str()));
        prop_assert!(reader.is_empty());
    }
}

#[test]
fn a_count_larger_than_the_bytes_that_follow_is_damage() {
    let mut out = Vec::new();
    put_varint(&mut out, u64::MAX);
    assert!(Reader::new(&out).count(1).is_err());
}
