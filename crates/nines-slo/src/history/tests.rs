use proptest::prelude::*;

use super::*;

fn history(times_ms: &[i64]) -> History {
    let grains = Grains { hot_ms: 10, hot_span_ms: 2_000, cold_ms: 40, span_ms: 100_000 };
    let mut history = History::new(grains);
    for at_ms in times_ms {
        history.book(*at_ms, Change { whole: 1, part: 0 });
    }
    history.settle();
    history
}

#[test]
fn young_windows_begin_at_fine_slices_and_old_ones_at_coarse_ones() {
    let history = history(&[5, 15, 25, 35, 45]);
    let between = |from_ms, to_ms| {
        let (from_ms, sums) = history.between(from_ms, to_ms);
        (from_ms, sums.whole)
    };
    assert_eq!(between(19, 50), (10, 4));
    assert_eq!(between(19, 2_020), (0, 5));
    assert_eq!(between(41, 2_042), (40, 1));
}

#[test]
fn an_old_window_ends_at_a_fine_slice_while_it_is_kept() {
    let history = history(&[5, 2_015, 2_025, 2_035]);
    assert_eq!(history.between(0, 2_020), (0, Sums { whole: 2, part: 0 }));
}

proptest! {
    #[test]
    fn both_grains_together_miss_nothing(
        times_ms in prop::collection::vec(0..50_000_i64, 0..200), from_ms in 0..50_000_i64,
    ) {
        let to_ms = 50_000;
        let (edge_ms, sums) = history(&times_ms).between(from_ms, to_ms);
        let inside = times_ms.iter().filter(|it| edge_ms < **it).count();
        prop_assert!(from_ms - edge_ms < 40);
        prop_assert_eq!(sums.whole, u64::try_from(inside).unwrap());
    }

    #[test]
    fn adjacent_windows_add_up(times_ms in prop::collection::vec(0..50_000_i64, 0..200), middle in 0..1_250_i64) {
        let history = history(&times_ms);
        let whole = |from_ms, to_ms| history.between(from_ms, to_ms).1.whole;
        prop_assert_eq!(whole(0, middle * 40) + whole(middle * 40, 50_000), whole(0, 50_000));
    }
}
