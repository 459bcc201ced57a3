use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::testing::known_window;

fn objective(text: &str) -> Objective {
    text.parse().unwrap()
}

fn any_objective() -> impl Strategy<Value = Objective> {
    (1..1_000_000_u64)
        .prop_map(|it| format!("{}.{:04}%", it / 10_000, it % 10_000).parse().unwrap())
}

fn any_factor() -> impl Strategy<Value = BurnFactor> {
    any::<u32>().prop_map(|thousandths| BurnFactor(u64::from(thousandths) * 1_000_000))
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[test]
fn as_fast_as_the_factor_is_not_faster_and_one_event_more_is() {
    // 13.44 × 0.5 % of 100 000 events is 6 720 exactly; as floats the product is not.
    let burns = |bad| {
        let window = known_window(HOUR, 100_000, bad);
        burns_faster_than(&window, objective("99.5%"), BurnFactor(13_440_000_000))
    };
    assert!(!burns(6_720));
    assert!(burns(6_721));
}

#[test]
fn unknown_time_counts_as_clean_time_with_the_same_traffic() {
    // Half an hour of data: the threshold doubles.
    let burns = |bad| {
        let known = SignedDuration::from_mins(30);
        let window = WindowCounts { known, ..known_window(HOUR, 100_000, bad) };
        burns_faster_than(&window, objective("99.5%"), BurnFactor(13_440_000_000))
    };
    assert!(!burns(13_440));
    assert!(burns(13_441));
}

#[test]
fn the_largest_counts_do_not_overflow() {
    let century = SignedDuration::from_hours(24 * 36_500);
    let window = known_window(century, u64::MAX, u64::MAX);
    assert!(burns_faster_than(
        &window,
        objective("99.9999999%"),
        BurnFactor(u64::from(u32::MAX) * 1_000_000)
    ));
    assert!(!burns_faster_than(
        &window,
        objective("0.0000001%"),
        BurnFactor(u64::from(u32::MAX) * 1_000_000)
    ));
}

#[test]
fn what_is_left_is_exact_and_rounded_down() {
    let left = |total, bad| remaining_billionths(Counts { total, bad }, objective("99.5%"));
    assert_eq!(left(12_096_000, 2_400), 960_317_460); // the example of the design: 96.03 %
    assert_eq!(left(200, 1), 0);
    assert_eq!(left(200, 3), -2_000_000_000);
    assert_eq!(left(600, 1), 666_666_666);
    assert_eq!(left(600, 4), -333_333_334); // down, not towards zero
    assert_eq!(left(0, 0), 1_000_000_000);
}

#[test]
fn a_budget_is_spent_when_nothing_is_left_and_never_without_events() {
    let spent = |total, bad| is_spent(Counts { total, bad }, objective("99.5%"));
    assert!(!spent(0, 0));
    assert!(!spent(400, 1));
    assert!(spent(400, 2));
}

#[test]
fn without_events_nothing_is_a_number_that_is_none() {
    assert_eq!(burn_ratio(Counts::default(), objective("99%")).to_string(), "0");
    assert_eq!(remaining_ratio(Counts::default(), objective("99%")).to_string(), "1");
    assert_eq!(Counts::default().good_ratio(), None);
}

proptest! {
    #[test]
    fn wide_products_are_those_of_small_numbers(a: u64, b: u64) {
        let product = u128::from(a) * u128::from(b);
        prop_assert_eq!(wide_product(u128::from(a), u128::from(b)), (0, product));
        prop_assert_eq!(wide_product(u128::from(a) << 64, u128::from(b) << 64), (product, 0));
        let shifted = wide_product(u128::from(a) << 64, u128::from(b));
        prop_assert_eq!(shifted, (product >> 64, product << 64));
    }

    #[test]
    fn more_traffic_of_the_same_quality_decides_the_same(
        total in 0..1_u64 << 40, bad in 0..1_u64 << 20, scale in 1..1_000_u64,
        objective in any_objective(), factor in any_factor(),
    ) {
        let bad = bad.min(total);
        let (window, scaled) =
            (known_window(HOUR, total, bad), known_window(HOUR, total * scale, bad * scale));
        let burns = |it| burns_faster_than(it, objective, factor);
        prop_assert_eq!(burns(&window), burns(&scaled));
        prop_assert_eq!(
            remaining_billionths(window.counts, objective),
            remaining_billionths(scaled.counts, objective),
        );
    }

    #[test]
    fn one_more_bad_event_never_helps(
        total in 1..1_u64 << 40, bad in 0..1_u64 << 40, objective in any_objective(), factor in any_factor(),
    ) {
        let bad = bad % total;
        let (window, worse) = (known_window(HOUR, total, bad), known_window(HOUR, total, bad + 1));
        let burns = |it| burns_faster_than(it, objective, factor);
        prop_assert!(burns(&window) <= burns(&worse));
        let left = |it: WindowCounts| remaining_billionths(it.counts, objective);
        prop_assert!(left(worse) < left(window) || total > 1 << 30);
    }

    #[test]
    fn a_ratio_equal_to_the_threshold_does_not_fire(
        scale in 1..1_u64 << 20, allowed in 1..50_000_u64, thousandths in 1_000..20_000_u64,
    ) {
        let promised = 1_000_000 - allowed;
        let objective = objective(&format!("{}.{:04}%", promised / 10_000, promised % 10_000));
        // total = 10¹² · scale makes the threshold a whole number of events.
        let total = 1_000_000_000_000 * scale;
        let limit = thousandths * objective.allowed() * scale;
        let factor = BurnFactor(thousandths * 1_000_000);
        let burns = |bad| {
            burns_faster_than(&known_window(HOUR, total, bad), objective, factor)
        };
        prop_assert!(!burns(limit));
        prop_assert!(burns(limit + 1));
    }
}
