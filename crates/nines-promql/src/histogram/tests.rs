use std::fmt::Write;

use expect_test::expect;
use nines_base::{BucketSpan, CUSTOM_SCHEMA, CounterReset, Histogram};
use proptest::prelude::*;

use super::{
    HistogramMean, HistogramSum, Shown, added, compacted, detect_reset, divided, fraction,
    is_equal, quantile, scaled, subtracted,
};

/// Positive buckets from `first` on.
fn exponential(schema: i32, first: i32, buckets: &[f64]) -> Histogram {
    Histogram {
        schema,
        zero_threshold: 1e-3,
        zero_count: 1.0,
        count: buckets.iter().sum::<f64>() + 1.0,
        sum: 10.0,
        positive_spans: vec![BucketSpan {
            offset: first,
            length: u32::try_from(buckets.len()).unwrap(),
        }],
        positive_buckets: buckets.to_vec(),
        negative_spans: Vec::new(),
        negative_buckets: Vec::new(),
        custom_values: Vec::new(),
        counter_reset: CounterReset::NotReset,
    }
}

fn custom(bounds: &[f64], buckets: &[f64]) -> Histogram {
    Histogram {
        schema: CUSTOM_SCHEMA,
        zero_threshold: 0.0,
        zero_count: 0.0,
        count: buckets.iter().sum(),
        custom_values: bounds.to_vec(),
        ..exponential(0, 0, buckets)
    }
}

fn shown(it: &Histogram) -> String {
    format!("schema {} zero {} {}", it.schema, it.zero_threshold, Shown(it))
}

#[test]
fn a_sum_takes_the_coarser_schema_and_the_wider_zero_bucket() {
    let fine = exponential(1, 0, &[1.0, 2.0, 3.0, 4.0]);
    let coarse = exponential(0, 1, &[5.0, 6.0]);
    let wide = Histogram { zero_threshold: 1.0, ..exponential(0, 1, &[7.0]) };
    let mut out = String::new();
    for (one, two) in [(&fine, &coarse), (&coarse, &fine), (&fine, &wide), (&wide, &fine)] {
        let (sum, _) = added(one, two).unwrap();
        writeln!(out, "{}", shown(&sum)).unwrap();
    }
    let (difference, _) = subtracted(&fine, &coarse).unwrap();
    writeln!(out, "{}", shown(&difference)).unwrap();
    expect![[r#"
        schema 0 zero 0.001 {count:23, sum:20, [-0.001,0.001]:2, (0.5,1]:1, (1,2]:10, (2,4]:10}
        schema 0 zero 0.001 {count:23, sum:20, [-0.001,0.001]:2, (0.5,1]:1, (1,2]:10, (2,4]:10}
        schema 0 zero 1 {count:19, sum:20, [-1,1]:3, (1,2]:12, (2,4]:4}
        schema 0 zero 1 {count:19, sum:20, [-1,1]:3, (1,2]:12, (2,4]:4}
        schema 0 zero 0.001 {count:-1, sum:0, (0.5,1]:1, (2,4]:-2}
    "#]]
    .assert_eq(&out);
}

#[test]
fn custom_borders_are_reduced_to_common_ones() {
    let one = custom(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 4.0]);
    let two = custom(&[1.0, 3.0, 5.0], &[10.0, 20.0, 30.0, 40.0]);
    let (sum, merged) = added(&one, &two).unwrap();
    assert!(merged.bounds_reconciled);
    expect!["schema -53 zero 0 {count:110, sum:20, [-Inf,1]:11, (1,3]:25, (3,+Inf]:74}"]
        .assert_eq(&shown(&sum));
    assert!(added(&one, &exponential(0, 0, &[1.0])).is_err());
}

#[test]
fn a_fall_in_any_bucket_is_a_reset() {
    let before = exponential(0, 0, &[1.0, 2.0, 3.0]);
    let unknown = |it: Histogram| Histogram { counter_reset: CounterReset::Unknown, ..it };
    let cases = [
        ("the same", before.clone()),
        ("a bucket more", exponential(0, 0, &[1.0, 2.0, 3.0, 1.0])),
        ("a bucket less", exponential(0, 0, &[1.0, 2.0])),
        ("moved to another bucket", exponential(0, 0, &[2.0, 1.0, 3.0])),
        ("coarser", exponential(-1, 0, &[1.0, 5.0])),
        ("finer", exponential(1, 0, &[1.0, 1.0, 1.0, 1.0, 2.0, 3.0])),
        (
            "wider zero",
            Histogram {
                zero_threshold: 1.0,
                zero_count: 2.0,
                count: 7.0,
                ..exponential(0, 1, &[2.0, 3.0])
            },
        ),
        ("custom", custom(&[1.0], &[9.0, 9.0])),
    ];
    let lines =
        cases.map(|(name, it)| format!("{name}: {}\n", detect_reset(&unknown(it), &before)));
    expect![[r#"
        the same: false
        a bucket more: false
        a bucket less: true
        moved to another bucket: true
        coarser: false
        finer: true
        wider zero: false
        custom: true
    "#]]
    .assert_eq(&lines.concat());
}

#[test]
fn quantiles_lie_within_their_buckets() {
    let it = exponential(0, 1, &[2.0, 4.0, 2.0]);
    let values = [-0.1, 0.0, 0.05, 0.25, 0.5, 0.9, 1.0, 1.1, f64::NAN]
        .map(|q| format!("{q}: {:.4}\n", quantile(q, &it)));
    expect![[r#"
        -0.1: -inf
        0: 0.0000
        0.05: 0.0005
        0.25: 1.5422
        0.5: 2.5937
        0.9: 5.8563
        1: 8.0000
        1.1: inf
        NaN: NaN
    "#]]
    .assert_eq(&values.concat());
}

#[test]
fn the_mean_of_huge_histograms_does_not_overflow() {
    let huge = exponential(0, 0, &[f64::MAX / 2.0]);
    let mut mean = HistogramMean::new(&huge);
    for _ in 0..9 {
        mean.add(&huge).unwrap();
    }
    let mean = mean.mean();
    assert!((mean.count / huge.count - 1.0).abs() < 1e-9, "{}", mean.count);
}

fn any_histogram() -> impl Strategy<Value = Histogram> {
    let buckets = proptest::collection::vec(0_u32..50, 1..12);
    (-2..4, 0..20, buckets).prop_map(|(schema, first, buckets)| {
        let buckets: Vec<_> = buckets.into_iter().map(f64::from).collect();
        exponential(schema, first, &buckets)
    })
}

proptest! {
    #[test]
    fn a_sum_does_not_depend_on_the_order(one in any_histogram(), two in any_histogram(), three in any_histogram()) {
        let sum = |of: [&Histogram; 3]| {
            let mut sum = HistogramSum::new(of[0]);
            sum.add(of[1]).unwrap();
            sum.add(of[2]).unwrap();
            sum.total()
        };
        prop_assert!(is_equal(&sum([&one, &two, &three]), &sum([&three, &one, &two])));
    }

    #[test]
    fn what_is_added_can_be_taken_away(one in any_histogram(), two in any_histogram()) {
        let two = Histogram { schema: one.schema, ..two };
        let (sum, _) = added(&one, &two).unwrap();
        let (rest, _) = subtracted(&sum, &two).unwrap();
        prop_assert!(is_equal(&compacted(&rest), &compacted(&one)), "{} {}", Shown(&rest), Shown(&one));
    }

    #[test]
    fn scaling_and_dividing_cancel_out(it in any_histogram()) {
        prop_assert!(is_equal(&divided(&scaled(&it, 8.0), 8.0), &it));
    }

    #[test]
    fn a_sum_has_all_observations(one in any_histogram(), two in any_histogram()) {
        let (sum, _) = added(&one, &two).unwrap();
        let buckets: f64 = sum.positive_buckets.iter().sum();
        prop_assert!((buckets + sum.zero_count - one.count - two.count).abs() < 1e-9);
        prop_assert!((sum.count - one.count - two.count).abs() < 1e-9);
    }

    #[test]
    fn quantiles_rise_and_fractions_invert_them(it in any_histogram(), q in 0.01..0.99_f64, more in 0.0..0.01_f64) {
        prop_assume!(it.count > 1.0);
        let value = quantile(q, &it);
        prop_assert!(quantile(q + more, &it) >= value);
        // What lies below the quantile is the quantile's share, where observations lie.
        let below = fraction(f64::NEG_INFINITY, value, &it);
        prop_assert!((below - q).abs() < 1e-6 || it.positive_buckets.contains(&0.0), "{below} {q}");
    }

    #[test]
    fn what_grew_was_not_reset(one in any_histogram(), more in any_histogram()) {
        let (grown, _) = added(&one, &Histogram { schema: one.schema, ..more }).unwrap();
        let grown = Histogram { counter_reset: CounterReset::Unknown, ..grown };
        prop_assert!(!detect_reset(&grown, &one));
    }
}
