use std::collections::BTreeMap;

use nines_base::stale_marker;

use super::*;
use crate::reading::Reading;

struct Known {
    target_began_ms: i64,
}

impl Rules for Known {
    fn forget_after_ms(&self) -> i64 {
        1_000
    }

    fn counts_from_zero(&self, at_ms: i64) -> Option<bool> {
        Some(self.target_began_ms < at_ms)
    }
}

/// Booked events by instant, for samples in this order.
fn booked(target_began_ms: i64, samples: &[(i64, f64)]) -> Vec<(i64, i64)> {
    let (mut series, mut sums) = (Series::default(), BTreeMap::<i64, i64>::new());
    for &(at_ms, value) in samples {
        let Some(reading) = Reading::new(at_ms, value, 0) else { continue };
        series.push(reading, &Known { target_began_ms }, &mut |at_ms, change| {
            assert_eq!(change.whole, change.part);
            *sums.entry(at_ms).or_default() += change.whole;
        });
    }
    sums.into_iter().filter(|(_, events)| *events != 0).collect()
}

#[test]
fn increases_belong_to_the_later_sample_and_a_reset_counts_from_zero() {
    let samples = [(0, 100.0), (10, 105.0), (20, 105.0), (30, 3.0), (40, 4.0)];
    assert_eq!(booked(0, &samples), [(10, 5), (30, 3), (40, 1)]);
}

#[test]
fn the_first_sample_counts_only_where_the_target_was_there_before() {
    assert_eq!(booked(0, &[(0, 100.0)]), []);
    assert_eq!(booked(-10, &[(0, 100.0)]), [(0, 100)]);
}

#[test]
fn values_that_no_counter_has_are_left_out() {
    let values = [stale_marker(), f64::NAN, f64::INFINITY, -1.0, 1e300];
    for value in values {
        assert_eq!(booked(0, &[(0, 1.0), (10, value), (20, 3.0)]), [(20, 2)], "{value}");
    }
}

#[test]
fn errors_of_fractions_do_not_add_up() {
    let samples: Vec<_> =
        (0..=1_000).map(|it| (it, f64::from(u32::try_from(it).unwrap()) * 0.1)).collect();
    assert_eq!(booked(0, &samples).iter().map(|it| it.1).sum::<i64>(), 100);
}

#[test]
fn history_may_arrive_after_live_samples() {
    let ordered = [(0, 1.0), (10, 4.0), (20, 2.0), (30, 7.0), (40, 9.0)];
    let expected = booked(0, &ordered);
    let pieces = |order: &[usize]| order.iter().map(|it| ordered[*it]).collect::<Vec<_>>();
    for order in [[3, 4, 0, 1, 2], [4, 3, 2, 1, 0], [3, 4, 2, 0, 1], [2, 3, 0, 1, 4]] {
        assert_eq!(booked(0, &pieces(&order)), expected, "{order:?}");
    }
}

#[test]
fn a_late_sample_takes_its_events_from_its_right_neighbour_and_a_repeated_one_changes_nothing() {
    let samples = [(0, 1.0), (20, 5.0), (10, 3.0), (20, 6.0), (0, 0.0), (10, 4.0)];
    assert_eq!(booked(0, &samples), [(10, 2), (20, 2)]);
}

#[test]
fn a_late_sample_shows_a_reset_that_nobody_had_seen() {
    assert_eq!(booked(0, &[(0, 8.0), (20, 9.0)]), [(20, 1)]);
    assert_eq!(booked(0, &[(0, 8.0), (20, 9.0), (10, 2.0)]), [(10, 2), (20, 7)]);
}

#[test]
fn a_sample_that_is_too_late_changes_nothing() {
    let later = (1..=i64::try_from(RECENT_MAX).unwrap()).map(|it| (10 * it, 10.0));
    let samples: Vec<_> = [(0, 0.0)].into_iter().chain(later).chain([(5, 4.0)]).collect();
    assert_eq!(booked(0, &samples), [(10, 10)]);
}

#[test]
fn the_last_samples_may_come_in_any_order() {
    let ordered = [(0, 1.0), (10, 4.0), (20, 2.0), (30, 7.0), (40, 9.0)];
    let expected = booked(0, &ordered);
    for order in [[0, 4, 2, 1, 3], [0, 4, 3, 2, 1], [0, 2, 4, 3, 1], [0, 4, 1, 3, 2]] {
        let pieces: Vec<_> = order.iter().map(|it| ordered[*it]).collect();
        assert_eq!(booked(0, &pieces), expected, "{order:?}");
    }
}

#[test]
fn a_series_that_was_away_for_long_begins_anew() {
    assert_eq!(booked(0, &[(0, 5.0), (1_001, 8.0)]), [(1_001, 8)]);
    assert_eq!(booked(2_000, &[(0, 5.0), (1_001, 8.0)]), []);
    assert_eq!(booked(2_000, &[(0, 5.0), (1_000, 8.0)]), [(1_000, 3)]);
}

#[test]
fn runs_are_limited() {
    let samples: Vec<_> = (0..100).map(|it| (it * 5_000, 1.0)).collect();
    let mut series = Series::default();
    for (at_ms, value) in samples {
        series.push(
            Reading::new(at_ms, value, 0).unwrap(),
            &Known { target_began_ms: 0 },
            &mut |_, _| {},
        );
    }
    assert_eq!(series.runs.len(), RUNS_MAX);
    assert_eq!(series.last_ms(), Some(99 * 5_000));
}
