use num_bigint::BigUint;
use proptest::prelude::*;

use super::*;

fn big(it: Wide) -> BigUint {
    (BigUint::from(it.high) << 128_u32) + BigUint::from(it.low)
}

#[test]
fn what_does_not_fit_is_as_large_as_possible() {
    assert_eq!(Wide::product(1 << 127, 2).divided_by(1), u128::MAX);
    assert_eq!(Wide::product(1 << 127, 2).divided_by(2), 1 << 127);
    assert_eq!(Wide::product(u128::MAX, 3).divided_by(3), u128::MAX);
    assert_eq!(Wide::product(u128::MAX, 2).divided_by(3), u128::MAX / 3 * 2);
}

proptest! {
    #[test]
    fn products_and_quotients_are_those_of_big_numbers(a: u128, b: u128, divisor in 1..=u64::MAX) {
        let product = Wide::product(a, b);
        let exact = BigUint::from(a) * BigUint::from(b);
        prop_assert_eq!(&big(product), &exact);
        let quotient = u128::try_from(exact / BigUint::from(divisor)).unwrap_or(u128::MAX);
        prop_assert_eq!(product.divided_by(divisor), quotient);
    }

    #[test]
    fn products_compare_as_big_numbers_do(a: u128, b: u128, c: u128, d: u128) {
        let (first, second) = (Wide::product(a, b), Wide::product(c, d));
        prop_assert_eq!(first.cmp(&second), big(first).cmp(&big(second)));
    }
}
