use proptest::prelude::*;

use super::*;

fn objective(text: &str) -> Objective {
    text.parse().unwrap()
}

#[test]
fn of_forty_requests_three_failures_are_luck_and_six_are_not() {
    let fires = |bad| {
        is_beyond_luck(Counts { total: 40, bad }, objective("99.5%"), BurnFactor(13_440_000_000))
    };
    assert_eq!((0..=8).map(fires).position(|it| it), Some(6));
}

#[test]
fn the_guard_sleeps_once_thirty_bad_events_are_expected() {
    // 10 × 1 % of 300 events are 30.
    let fires = |total, bad| {
        is_beyond_luck(Counts { total, bad }, objective("99%"), BurnFactor(10_000_000_000))
    };
    assert!(fires(300, 31));
    assert!(!fires(299, 31));
    assert!(fires(299, 40));
}

#[test]
fn one_failure_of_one_request_is_luck_at_high_thresholds_only() {
    let fires = |thousandths: u64| {
        let factor = BurnFactor(thousandths * 1_000_000);
        is_beyond_luck(Counts { total: 1, bad: 1 }, objective("99%"), factor)
    };
    assert!(fires(1_000)); // 1 % < 5 %
    assert!(!fires(5_001));
    assert!(!fires(100_000)); // the threshold is every event
}

#[test]
fn rare_failures_among_many_events_follow_the_poisson_distribution() {
    // 10⁹ events at 10⁻⁸: 10 expected. P[Poisson(10) ≥ 15] = 0.0835, ≥ 16 = 0.0487.
    let fires = |bad| {
        let counts = Counts { total: 1_000_000_000, bad };
        is_beyond_luck(counts, objective("99.9999990%"), BurnFactor::ONE)
    };
    assert!(!fires(15));
    assert!(fires(16));
}

/// P[Bin(trials, percent / 100) ≥ bad] < 0.05 with whole numbers only.
fn exact(trials: u32, percent: u128, bad: u32) -> bool {
    let choose =
        |it: u32| (0..u128::from(it)).fold(1, |c, i| c * (u128::from(trials) - i) / (i + 1));
    let term = |it: u32| choose(it) * percent.pow(it) * (100 - percent).pow(trials - it);
    (bad..=trials).map(term).sum::<u128>() * 20 < 100_u128.pow(trials)
}

proptest! {
    #[test]
    fn the_tail_is_that_of_whole_numbers(trials in 1..=15_u32, percent in 1..100_u32, bad in 0..=15_u32) {
        let bad = bad.min(trials);
        let counts = Counts { total: u64::from(trials), bad: u64::from(bad) };
        let fires = is_beyond_luck(counts, objective("99%"), BurnFactor(u64::from(percent) * 1_000_000_000));
        prop_assert_eq!(fires, exact(trials, u128::from(percent), bad));
    }

    #[test]
    fn one_more_bad_event_is_never_easier_to_explain(
        total in 1..100_000_u64, bad in 0..200_u64, thousandths in 1_000..20_000_u64,
    ) {
        let bad = bad % total;
        let factor = BurnFactor(thousandths * 1_000_000);
        let fires = |bad| is_beyond_luck(Counts { total, bad }, objective("99.9%"), factor);
        prop_assert!(fires(bad) <= fires(bad + 1));
    }
}
