use num_bigint::BigUint;
use proptest::prelude::*;

use super::*;

fn objective(text: &str) -> Objective {
    text.parse().unwrap()
}

fn fires(total: u64, bad: u64, text: &str, factor: BurnFactor) -> bool {
    is_beyond_luck(Counts { total, bad }, Allowed::of(total, objective(text)), factor)
}

#[test]
fn of_forty_requests_three_failures_are_luck_and_six_are_not() {
    let (allowed, factor) = (Allowed::of(40, objective("99.5%")), BurnFactor(13_440_000_000));
    let fires = |bad| fires(40, bad, "99.5%", factor);
    assert_eq!((0..=8).map(fires).position(|it| it), Some(6));
    assert_eq!(bad_min(40, allowed, factor), Some(6));
}

#[test]
fn the_guard_sleeps_once_thirty_bad_events_are_expected() {
    // 10 × 1 % of 300 events are 30.
    let fires = |total, bad| fires(total, bad, "99%", BurnFactor(10_000_000_000));
    assert!(fires(300, 31));
    assert!(!fires(299, 31));
    assert!(fires(299, 40));
}

#[test]
fn fewer_than_three_failures_prove_nothing_however_rare_they_should_be() {
    let fires = |total, bad| fires(total, bad, "99.9999999%", BurnFactor::ONE);
    assert!(!fires(1, 1));
    assert!(!fires(1_000_000, 2));
    assert!(fires(1_000_000, 3));
    // While it sleeps, the guard has nothing to say.
    assert_eq!(bad_min(300, Allowed::of(300, objective("90%")), BurnFactor::ONE), None);
}

#[test]
fn rare_failures_among_many_events_follow_the_poisson_distribution() {
    // 10⁹ events at 10⁻⁸: 10 expected. P[Poisson(10) ≥ 15] = 0.0835, ≥ 16 = 0.0487.
    let fires = |bad| fires(1_000_000_000, bad, "99.9999990%", BurnFactor::ONE);
    assert!(!fires(15));
    assert!(fires(16));
}

#[test]
fn where_everything_may_be_bad_nothing_is_beyond_luck_and_where_nothing_may_three_are() {
    let all = Allowed::of(20, objective("50%"));
    assert_eq!(bad_min(20, all, BurnFactor(2 * BurnFactor::ONE.0)), Some(21));
    assert!(!is_beyond_luck(Counts { total: 20, bad: 20 }, all, BurnFactor(2 * BurnFactor::ONE.0)));
    let none = Allowed::of(20, objective("100%"));
    assert_eq!(bad_min(20, none, BurnFactor::ONE), Some(3));
    assert_eq!(bad_min(0, Allowed::default(), BurnFactor::ONE), Some(3));
}

/// P[Bin(`trials`, `share` billionths) ≥ `bad`] < 0.05, with whole numbers only.
fn exact(trials: u64, share: u64, bad: u64) -> bool {
    let (share, other) = (BigUint::from(share), BigUint::from(1_000_000_000 - share));
    let power = |it: &BigUint, by: u64| it.pow(u32::try_from(by).unwrap());
    let (mut choose, mut fewer) = (BigUint::from(1_u32), BigUint::from(0_u32));
    for it in 0..bad {
        fewer += &choose * power(&share, it) * power(&other, trials - it);
        choose = choose * (trials - it) / (it + 1);
    }
    // P[< bad] > 0.95.
    BigUint::from(10_u32).pow(u32::try_from(9 * trials).unwrap()) * 19_u32 < fewer * 20_u32
}

proptest! {
    #[test]
    fn the_tail_is_that_of_whole_numbers(
        trials in 1..=300_u64, permitted in 1..400_000_000_u64, bad in 0..=60_u64,
    ) {
        let bad = bad.min(trials);
        let objective = Objective::SCALE - permitted;
        let text = format!("{}.{:07}%", objective / 10_000_000, objective % 10_000_000);
        prop_assume!(u128::from(permitted) * u128::from(trials) < 30_000_000_000);
        let expected = 3 <= bad && exact(trials, permitted, bad);
        prop_assert_eq!(fires(trials, bad, &text, BurnFactor::ONE), expected);
    }

    #[test]
    fn one_more_bad_event_is_never_easier_to_explain(
        total in 1..100_000_u64, bad in 0..200_u64, thousandths in 1_000..20_000_u64,
    ) {
        let bad = bad % total;
        let factor = BurnFactor(thousandths * 1_000_000);
        let fires = |bad| fires(total, bad, "99.9%", factor);
        prop_assert!(fires(bad) <= fires(bad + 1));
    }

    #[test]
    fn the_fewest_that_fire_are_the_first_that_fire(
        total in 1..5_000_u64, permitted in 1..50_000_u64, thousandths in 1_000..20_000_u64,
    ) {
        let allowed = Allowed { numerator: u128::from(total) * u128::from(permitted) };
        let factor = BurnFactor(thousandths * 1_000_000);
        let fires = |bad| is_beyond_luck(Counts { total, bad }, allowed, factor);
        if let Some(least) = bad_min(total, allowed, factor) {
            prop_assert!(3 <= least && fires(least) && !fires(least - 1));
        } else {
            prop_assert!(fires(0));
        }
    }
}
