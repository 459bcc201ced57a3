use proptest::prelude::*;

use super::*;

#[test]
fn a_product_that_does_not_fit_is_divided_all_the_same() {
    assert_eq!(rounded(7, 1, 2), 4);
    assert_eq!(rounded(10_i128.pow(18), 10_i128.pow(27), 10_i128.pow(27)), 10_i128.pow(18));
    assert_eq!(rounded(i128::MAX, 1, 1), i128::MAX);
    assert_eq!(rounded(0, 5, 7), 0);
}

proptest! {
    #[test]
    fn a_share_of_a_share_is_no_more_than_all(a in 0..=i128::from(u64::MAX), b: u128, c: u128) {
        let (b, c) = (i128::try_from(b >> 1).unwrap(), i128::try_from(c >> 1).unwrap().max(1));
        let result = rounded(a, b.min(c), c);
        prop_assert!((0..=a).contains(&result), "{result}");
    }
}
