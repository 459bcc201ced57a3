use jiff::SignedDuration;
use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;

use super::*;
use crate::testing::known_window;
use crate::{Alerting, BurnPair, Preset, Window};

fn objective(text: &str) -> Objective {
    text.parse().unwrap()
}

/// An objective of any allowed precision.
fn any_objective() -> impl Strategy<Value = Objective> {
    (1..=Objective::SCALE).prop_map(objective_of)
}

fn objective_of(billionths: u64) -> Objective {
    objective(&format!("{}.{:07}%", billionths / 10_000_000, billionths % 10_000_000))
}

/// Few decimals, as people write them, or many.
fn any_factor() -> impl Strategy<Value = BurnFactor> {
    prop_oneof![
        (1..100_000_u64).prop_map(|thousandths| BurnFactor(thousandths * 1_000_000)),
        any::<u64>().prop_map(BurnFactor),
    ]
}

fn any_count() -> impl Strategy<Value = u64> {
    prop_oneof![0..1_000_u64, 0..1_u64 << 40, any::<u64>()]
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn ratio(numerator: impl Into<BigInt>, denominator: impl Into<BigInt>) -> BigRational {
    BigRational::new(numerator.into(), denominator.into())
}

/// 1 − o.
fn permitted(objective: Objective) -> BigRational {
    ratio(1, 1) - ratio(objective.promised(), Objective::SCALE)
}

fn burns(window: &WindowCounts, objective: Objective, factor: BurnFactor) -> bool {
    burns_faster_than(window, Allowed::of(window.counts.total, objective), factor)
}

/// Evidence: slo-generator rounds burn rates before it compares them.
#[test]
fn as_fast_as_the_factor_is_not_faster_and_one_event_more_is() {
    // 13.44 × 0.5 % of 100 000 events is 6 720 exactly; as floats the product is not.
    let burns = |bad| {
        let window = known_window(HOUR, 100_000, bad);
        burns(&window, objective("99.5%"), BurnFactor(13_440_000_000))
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
        burns(&window, objective("99.5%"), BurnFactor(13_440_000_000))
    };
    assert!(!burns(13_440));
    assert!(burns(13_441));
}

#[test]
fn a_rule_of_prometheus_does_not_know_what_is_unknown() {
    let known = SignedDuration::from_mins(30);
    let window = WindowCounts { known, ..known_window(HOUR, 100_000, 6_721) };
    let (allowed, factor) = (Allowed::of(100_000, objective("99.5%")), BurnFactor(13_440_000_000));
    assert!(!burns_faster_than(&window, allowed, factor));
    assert!(share_exceeds(window.counts, allowed, factor));
    assert!(!share_exceeds(Counts { total: 100_000, bad: 6_720 }, allowed, factor));
    assert!(!share_exceeds(Counts::default(), Allowed::default(), BurnFactor(0)));
}

#[test]
fn the_largest_counts_do_not_overflow() {
    let century = SignedDuration::from_hours(24 * 36_500);
    let window = known_window(century, u64::MAX, u64::MAX);
    assert!(burns(&window, objective("99.9999999%"), BurnFactor(u64::MAX / 50_000_000_000)));
    assert!(!burns(&window, objective("0.0000001%"), BurnFactor(u64::MAX)));
    assert_eq!(
        Allowed::of(u64::MAX, objective("0.0000001%")).scaled(u64::MAX, 1).numerator,
        u128::MAX
    );
}

#[test]
fn what_is_left_is_exact_and_rounded_down() {
    let left = |total, bad| Allowed::of(total, objective("99.5%")).remaining_billionths(bad);
    assert_eq!(left(12_096_000, 2_400), 960_317_460); // the example of the design: 96.03 %
    assert_eq!(left(200, 1), 0);
    assert_eq!(left(200, 3), -2_000_000_000);
    assert_eq!(left(600, 1), 666_666_666);
    assert_eq!(left(600, 4), -333_333_334); // down, not towards zero
    assert_eq!(left(0, 0), 1_000_000_000);
}

#[test]
fn what_people_read_is_what_is_decided_by() {
    let allowed = Allowed::of(12_096_000, objective("99.5%"));
    assert_eq!(format!("{:.4}", allowed.remaining_ratio(2_400)), "0.9603");
    assert_eq!(format!("{:.4}", allowed.remaining_ratio(120_960)), "-1.0000");
    assert_eq!(format!("{:.4}", allowed.burn_ratio(2_400)), "0.0397");
    assert_eq!(format!("{:.1}", allowed.events()), "60480.0");
    assert_eq!(allowed.plus(allowed).whole_events(), 120_960);
}

#[test]
fn a_budget_is_spent_when_nothing_is_left_and_never_without_events() {
    let spent = |total, bad| Allowed::of(total, objective("99.5%")).is_spent_by(bad);
    assert!(!spent(0, 0));
    assert!(!spent(400, 1));
    assert!(spent(400, 2));
}

#[test]
fn where_everything_must_be_good_one_bad_event_spends_the_budget() {
    let nothing = Allowed::of(1_000, objective("100%"));
    assert_eq!(nothing.remaining_billionths(0), 1_000_000_000);
    assert_eq!(nothing.remaining_billionths(1), 0);
    assert_eq!((nothing.is_spent_by(0), nothing.is_spent_by(1)), (false, true));
    assert_eq!(nothing.remaining_ratio(0).to_string(), "1");
    assert_eq!(nothing.remaining_ratio(1).to_string(), "0");
    assert_eq!(nothing.burn_ratio(0).to_string(), "0");
    assert!(nothing.burn_ratio(1).is_finite());
    assert!(burns(&known_window(HOUR, 1_000, 1), objective("100%"), BurnFactor(u64::MAX)));
    assert!(!burns(&known_window(HOUR, 1_000, 0), objective("100%"), BurnFactor(0)));
}

#[test]
fn without_events_nothing_is_a_number_that_is_none() {
    let nothing = Allowed::of(0, objective("99%"));
    assert_eq!(nothing.burn_ratio(0).to_string(), "0");
    assert_eq!(nothing.remaining_ratio(0).to_string(), "1");
    assert_eq!(Counts::default().good_ratio(), None);
}

#[test]
fn a_share_of_what_is_allowed_is_rounded_down() {
    let allowed = Allowed { numerator: 10 };
    assert_eq!(allowed.scaled(7, 4).numerator, 17);
    assert_eq!(allowed.scaled(1, 1), allowed);
    assert_eq!(Allowed::of(2_999, objective("99.9%")).whole_events(), 2);
}

/// For every pair that a preset has: at the threshold nothing fires, one event more does.
#[test]
fn no_preset_fires_at_its_threshold_and_each_does_one_event_later() {
    let mut checked = 0;
    for days in [1, 7, 28, 30, 31, 90, 365] {
        let window = Window::Rolling(SignedDuration::from_hours(24 * days));
        for preset in [Preset::Scaled, Preset::Workbook, Preset::Pyrra] {
            let alerting = Alerting::preset(preset, &window, None);
            for BurnPair { factor, long, .. } in alerting.pairs {
                for text in ["90%", "99%", "99.5%", "99.9%", "99.95%", "99.99%", "99.9999999%"] {
                    let objective = objective(text);
                    // So many events make the threshold a whole number.
                    let total = 1_000_000_000_000_000_000;
                    let limit = u128::from(factor.0) * u128::from(objective.allowed());
                    let limit = u64::try_from(limit).unwrap();
                    if limit < total {
                        assert!(!burns(&known_window(long, total, limit), objective, factor));
                        assert!(burns(&known_window(long, total, limit + 1), objective, factor));
                        checked += 1;
                    }
                }
            }
        }
    }
    assert!(400 < checked, "{checked}");
}

proptest! {
    #[test]
    fn burning_is_decided_as_by_rational_numbers(
        total in any_count(), bad in any_count(), objective in any_objective(), factor in any_factor(),
        length_ms in 1..1_i64 << 40, known_ms in 0..1_i64 << 40,
    ) {
        let (bad, known_ms) = (bad.min(total), known_ms.min(length_ms));
        let millis = SignedDuration::from_millis;
        let window = WindowCounts { known: millis(known_ms), ..known_window(millis(length_ms), total, bad) };
        let factor_is = ratio(factor.0, BurnFactor::ONE.0);
        let limit = factor_is * permitted(objective) * ratio(total, 1);
        let spent = ratio(bad, 1) * ratio(known_ms, length_ms);
        prop_assert_eq!(burns(&window, objective, factor), limit < spent);
        prop_assert_eq!(
            share_exceeds(window.counts, Allowed::of(total, objective), factor),
            limit < ratio(bad, 1),
        );
    }

    #[test]
    fn what_is_left_is_that_of_rational_numbers_rounded_down(
        totals in prop::collection::vec((any_count(), any_objective()), 1..4), bad in any_count(),
    ) {
        let allowed: Allowed = totals.iter().map(|(total, it)| Allowed::of(*total, *it)).sum();
        let exact: BigRational = totals.iter().map(|(total, it)| permitted(*it) * ratio(*total, 1)).sum();
        prop_assert_eq!(&ratio(allowed.numerator, Objective::SCALE), &exact);
        prop_assert_eq!(allowed.is_spent_by(bad), 0 < bad && exact <= ratio(bad, 1));
        if 0 < allowed.numerator {
            let left = (ratio(1, 1) - ratio(bad, 1) / exact) * ratio(1_000_000_000, 1);
            prop_assert_eq!(BigInt::from(allowed.remaining_billionths(bad)), left.floor().to_integer());
        }
    }

    #[test]
    fn a_float_would_have_been_wrong_where_a_ratio_equals_the_threshold(
        scale in 1..1_u64 << 20, allowed in 1..50_000_u64, thousandths in 1_000..20_000_u64,
    ) {
        let objective = objective_of(Objective::SCALE - allowed * 1_000);
        // total = 10¹² · scale makes the threshold a whole number of events.
        let total = 1_000_000_000_000 * scale;
        let limit = thousandths * objective.allowed() * scale;
        let factor = BurnFactor(thousandths * 1_000_000);
        let burns = |bad| burns(&known_window(HOUR, total, bad), objective, factor);
        prop_assert!(!burns(limit));
        prop_assert!(burns(limit + 1));
    }

    #[test]
    fn more_traffic_of_the_same_quality_decides_the_same(
        total in 0..1_u64 << 40, bad in 0..1_u64 << 20, scale in 1..1_000_u64,
        objective in any_objective(), factor in any_factor(),
    ) {
        let bad = bad.min(total);
        let (window, scaled) =
            (known_window(HOUR, total, bad), known_window(HOUR, total * scale, bad * scale));
        prop_assert_eq!(burns(&window, objective, factor), burns(&scaled, objective, factor));
        let left = |it: WindowCounts| {
            Allowed::of(it.counts.total, objective).remaining_billionths(it.counts.bad)
        };
        prop_assert_eq!(left(window), left(scaled));
    }

    #[test]
    fn one_more_bad_event_never_helps(
        total in 1..1_u64 << 40, bad in 0..1_u64 << 40, objective in any_objective(), factor in any_factor(),
    ) {
        let bad = bad % total;
        let (window, worse) = (known_window(HOUR, total, bad), known_window(HOUR, total, bad + 1));
        prop_assert!(burns(&window, objective, factor) <= burns(&worse, objective, factor));
        let allowed = Allowed::of(total, objective);
        prop_assert!(allowed.remaining_billionths(bad + 1) <= allowed.remaining_billionths(bad));
        prop_assert!(allowed.is_spent_by(bad) <= allowed.is_spent_by(bad + 1));
    }

    #[test]
    fn scaling_is_that_of_rational_numbers(numerator: u64, times: u32, parts in 1..u32::MAX) {
        let scaled = Allowed { numerator: numerator.into() }.scaled(times.into(), parts.into());
        let exact = ratio(numerator, 1) * ratio(times, parts);
        prop_assert_eq!(BigInt::from(scaled.numerator), exact.floor().to_integer());
    }
}
