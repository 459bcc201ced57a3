use proptest::prelude::*;

use super::*;

#[test]
fn numbers_read_as_people_write_them() {
    assert_eq!(percent(-41_000_000), "-4.10 %");
    assert_eq!(percent(1_000_000_000), "100.00 %");
    assert_eq!(percent(99_999), "0.00 %");
    assert_eq!(percent(-1), "-0.01 %");
    assert_eq!(plain_percent(125_000_000), "12.5%");
    assert_eq!(plain_percent(-1), "-0.0000001%");
    assert_eq!(cut_percent(-41_000_000), "-4.10%");
    assert_eq!(read_percent("-2.5%"), Some(-25_000_000));
    assert_eq!(read_percent("25"), None);
    assert_eq!(read_percent("0.00000001%"), None);
    assert_eq!(decimal(60_519_500_000_000), "60 519.5");
    assert_eq!(decimal(1), "0.000000001");
    assert_eq!(thousands(1_234_567), "1 234 567");
    assert_eq!(thousands(100), "100");
}

proptest! {
    #[test]
    fn nothing_overflows(number: u64, share: i64) {
        let thousands = thousands(u128::from(number));
        prop_assert_eq!(thousands.replace(' ', ""), number.to_string());
        prop_assert!(percent(i128::from(share)).ends_with(" %"));
        prop_assert!(plain_percent(i128::from(number)).ends_with('%'));
        prop_assert!(!decimal(u128::MAX).is_empty());
    }

    #[test]
    fn a_percentage_is_read_as_it_is_written(share in -1_000_000_000_000_i128..1_000_000_000_000) {
        prop_assert_eq!(read_percent(&plain_percent(share)), Some(share));
    }

    #[test]
    fn no_text_is_too_much_for_a_percentage(text: String) {
        prop_assert!(read_percent(&text).is_none_or(|_| text.ends_with('%')));
    }
}
