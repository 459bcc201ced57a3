use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
}

fn slices(parts: &[(usize, Slice)]) -> Vec<Slice> {
    parts.iter().flat_map(|(count, slice)| vec![*slice; *count]).collect()
}

const FINE: Slice = Slice { good: 999, total: 1_000 };
const BAD: Slice = Slice { good: 700, total: 1_000 };
const NOTHING: Slice = Slice { good: 0, total: 0 };

#[test]
fn a_break_just_after_the_change_is_nearly_certain_and_one_elsewhere_is_not() {
    let data = slices(&[(244, FINE), (56, BAD)]);
    // The break is one minute after the change, four minutes after it, and ten minutes before it.
    let near = change_point(&data, at(0), at(3_600)).unwrap();
    let late = change_point(&data, at(0), at(3_660 - 240)).unwrap();
    let before = change_point(&data, at(0), at(3_660 + 600)).unwrap();
    assert!(0.999 < near && 0.999 < late && before < 1e-6, "{near} {late} {before}");
}

#[test]
fn steady_data_speaks_against_any_change() {
    let share = change_point(&slices(&[(450, FINE)]), at(0), at(3_600)).unwrap();
    assert!(share < 0.01, "{share}");
}

#[test]
fn without_events_nothing_is_known() {
    assert_eq!(change_point(&[], at(0), at(0)), None);
    assert_eq!(change_point(&[FINE], at(0), at(0)), None);
    assert_eq!(change_point(&slices(&[(450, NOTHING)]), at(0), at(3_600)), None);
}

#[test]
fn the_logarithm_of_gamma_is_that_of_the_factorial() {
    let mut log_factorial = 0.0;
    for n in 1..200_u32 {
        assert!(
            (log_gamma(f64::from(n)) - log_factorial).abs() < 1e-10 * (1.0 + log_factorial),
            "{n}"
        );
        log_factorial += f64::from(n).ln();
    }
}

/// The definition, with factorials as sums of logarithms and every pair of parts summed again.
fn brute_force(slices: &[Slice], from: Timestamp, change: Timestamp) -> Option<f64> {
    let log_factorial = |n: u64| (1..=n).map(|it| (it as f64).ln()).sum::<f64>();
    let marginal = |part: &[Slice]| {
        let good: u64 = part.iter().map(|it| it.good).sum();
        let total: u64 = part.iter().map(|it| it.total).sum();
        let log = log_factorial(good) + log_factorial(total - good) - log_factorial(total + 1);
        log.exp()
    };
    if slices.len() < 2 || slices.iter().all(|it| it.total == 0) {
        return None;
    }
    let borders = slices.len() - 1;
    let (mut near, mut all) = (0.0, marginal(slices) * borders as f64);
    for border in 1..=borders {
        let (before, after) = slices.split_at(border);
        let likelihood = marginal(before) * marginal(after);
        all += likelihood;
        let seconds = from.duration_since(change).as_secs()
            + SLICE.as_secs() * i64::try_from(border).unwrap();
        if (-14..=300).contains(&seconds) {
            near += likelihood;
        }
    }
    Some(near / all)
}

proptest! {
    #[test]
    fn it_equals_the_definition(
        data in proptest::collection::vec((0..4_u64, 0..4_u64), 0..60), change in -400..900_i64,
    ) {
        let data: Vec<Slice> =
            data.iter().map(|(good, bad)| Slice { good: *good, total: good + bad }).collect();
        match (change_point(&data, at(0), at(change)), brute_force(&data, at(0), at(change))) {
            (Some(got), Some(want)) => prop_assert!((got - want).abs() < 1e-9, "{} {}", got, want),
            (got, want) => prop_assert_eq!(got, want),
        }
    }

    #[test]
    fn it_is_a_probability_for_any_counts(
        data in proptest::collection::vec((any::<u64>(), any::<u64>()), 0..40), change: i32,
    ) {
        let data: Vec<Slice> =
            data.iter().map(|(good, total)| Slice { good: *good, total: *total }).collect();
        if let Some(share) = change_point(&data, at(0), at(i64::from(change))) {
            prop_assert!((0.0..=1.0).contains(&share), "{share}");
        }
    }
}
