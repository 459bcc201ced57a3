use proptest::prelude::*;

use super::*;

/// Buckets of schema 0: one observation in (2, 4], two in (4, 8], one each at zero and below.
fn histogram(schema: i32, first: i32, counts: &[f64]) -> Histogram {
    let length = u32::try_from(counts.len()).unwrap();
    Histogram {
        schema,
        zero_threshold: 1e-9,
        count: counts.iter().sum(),
        sum: 1.0,
        positive_spans: vec![BucketSpan { offset: first, length }],
        positive_buckets: counts.to_vec(),
        ..Histogram::stale()
    }
}

fn reading(histogram: &Histogram, threshold: f64) -> NativeReading {
    NativeReading::new(0, histogram, threshold).unwrap()
}

#[test]
fn the_largest_bound_that_is_not_above_the_threshold_counts() {
    let it = histogram(0, 2, &[1.0, 2.0, 4.0]); // (2, 4], (4, 8], (8, 16]
    for (threshold, effective, good) in
        [(8.0, 8.0, 3), (15.9, 8.0, 3), (7.9, 4.0, 1), (1e9, 5.4e8, 7)]
    {
        let reading = reading(&it, threshold);
        assert!(reading.effective_threshold().unwrap() <= threshold);
        assert!(effective * 0.99 <= reading.effective_threshold().unwrap(), "{threshold}");
        assert_eq!(reading.since_zero(), Change { whole: 7, part: good }, "{threshold}");
    }
}

#[test]
fn fine_bounds_are_powers_of_the_root_of_two() {
    assert_eq!(bound(4, 2).to_bits(), 2.0_f64.to_bits());
    assert_eq!(bound(-8, 3).to_bits(), 0.5_f64.to_bits());
    assert!((bound(1, 1) - 2.0_f64.sqrt()).abs() < 1e-15);
    assert_eq!(bound(index_below(0.3, 8), 8).to_bits(), bound(-445, 8).to_bits());
}

#[test]
fn a_coarser_schema_is_no_reset_and_loses_nothing() {
    // The same observations, and one more in (4, 8]: schema 1 has twice as many buckets as schema 0.
    let fine = histogram(1, 3, &[1.0, 0.0, 2.0, 4.0]); // (2, 2.8], (2.8, 4], (4, 5.7], (5.7, 8]
    let coarse = histogram(0, 2, &[1.0, 7.0]);
    let increase = reading(&coarse, 6.0).increase_since(&reading(&fine, 6.0));
    assert_eq!(increase, Change { whole: 1, part: 0 });
}

#[test]
fn fewer_observations_or_a_hint_are_a_reset() {
    let (many, few) = (histogram(0, 2, &[5.0, 5.0]), histogram(0, 2, &[1.0, 1.0]));
    assert_eq!(
        reading(&few, 4.0).increase_since(&reading(&many, 4.0)),
        Change { whole: 2, part: 1 }
    );
    let hinted = Histogram { counter_reset: CounterReset::Reset, ..many };
    let increase = reading(&hinted, 4.0).increase_since(&reading(&few, 4.0));
    assert_eq!(increase, Change { whole: 10, part: 5 });
}

#[test]
fn custom_bounds_are_compared_as_they_are() {
    let custom = Histogram {
        schema: CUSTOM_SCHEMA,
        custom_values: vec![0.1, 0.3, 1.0],
        ..histogram(0, 0, &[5.0, 4.0, 1.0, 2.0])
    };
    let reading = reading(&custom, 0.5);
    assert_eq!(reading.effective_threshold(), Some(0.3));
    assert_eq!(reading.since_zero(), Change { whole: 12, part: 9 });
}

#[test]
fn what_ends_a_series_and_what_is_no_counter_is_left_out() {
    assert_eq!(NativeReading::new(0, &Histogram::stale(), 1.0), None);
    let gauge = Histogram { counter_reset: CounterReset::Gauge, ..histogram(0, 0, &[1.0]) };
    assert_eq!(NativeReading::new(0, &gauge, 1.0), None);
    assert_eq!(NativeReading::new(0, &histogram(99, 0, &[1.0]), 1.0), None);
}

proptest! {
    #[test]
    fn any_histogram_is_survived(
        schema in -60..12_i32, offsets in prop::collection::vec((any::<i32>(), 0..4_u32), 0..4),
        counts in prop::collection::vec(prop_oneof![0.0..9.0_f64, any::<f64>()], 0..8),
        threshold in any::<f64>(), count in any::<f64>(),
    ) {
        let positive_spans = offsets.into_iter().map(|(offset, length)| BucketSpan { offset, length });
        let it = Histogram {
            schema, count, sum: 1.0, positive_spans: positive_spans.collect(),
            positive_buckets: counts, ..Histogram::stale()
        };
        if let Some(reading) = NativeReading::new(0, &it, threshold) {
            prop_assert!(0 <= reading.increase_since(&reading).whole);
        }
    }

    #[test]
    fn the_effective_threshold_is_the_largest_bound_below(schema in -4..9_i32, threshold in 1e-6..1e6_f64) {
        let index = index_below(threshold, schema);
        prop_assert!(bound(index, schema) <= threshold && threshold < bound(index + 1, schema));
    }
}
