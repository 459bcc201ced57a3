use expect_test::{Expect, expect};
use nines_base::{BucketSpan, CUSTOM_SCHEMA, CounterReset, Histogram};

fn histogram() -> Histogram {
    Histogram {
        schema: 0,
        zero_threshold: 0.001,
        zero_count: 2.0,
        count: 17.5,
        sum: 18.25,
        positive_spans: vec![
            BucketSpan { offset: 0, length: 2 },
            BucketSpan { offset: 1, length: 2 },
        ],
        positive_buckets: vec![1.0, 2.0, 0.0, 4.0],
        negative_spans: vec![BucketSpan { offset: 1, length: 2 }],
        negative_buckets: vec![3.0, 5.5],
        custom_values: Vec::new(),
        counter_reset: CounterReset::Unknown,
    }
}

fn check(histogram: &Histogram, expect: &Expect) {
    let mut out = Vec::new();
    super::write(&mut out, histogram);
    expect.assert_eq(&String::from_utf8(out).unwrap());
}

#[test]
fn buckets_go_from_negative_over_zero_to_positive_without_the_empty_ones() {
    check(
        &histogram(),
        &expect![[
            r#"{"count":"17.5","sum":"18.25","buckets":[[1,"-4","-2","5.5"],[1,"-2","-1","3"],[3,"-0.001","0.001","2"],[0,"0.5","1","1"],[0,"1","2","2"],[0,"8","16","4"]]}"#
        ]],
    );
}

#[test]
fn finer_schemas_have_roots_of_two_as_borders() {
    let fine = Histogram {
        schema: 2,
        zero_count: 0.0,
        negative_spans: Vec::new(),
        negative_buckets: Vec::new(),
        positive_spans: vec![BucketSpan { offset: -3, length: 2 }],
        positive_buckets: vec![1.0, 1.0],
        ..histogram()
    };
    check(
        &fine,
        &expect![[
            r#"{"count":"17.5","sum":"18.25","buckets":[[0,"0.5","0.5946035575013605","1"],[0,"0.5946035575013605","0.7071067811865476","1"]]}"#
        ]],
    );
}

#[test]
fn coarser_schemas_have_powers_of_powers_of_two() {
    let coarse = Histogram {
        schema: -2,
        zero_count: 0.0,
        negative_spans: Vec::new(),
        negative_buckets: Vec::new(),
        positive_spans: vec![BucketSpan { offset: 1, length: 1 }],
        positive_buckets: vec![1.0],
        ..histogram()
    };
    check(&coarse, &expect![[r#"{"count":"17.5","sum":"18.25","buckets":[[0,"1","16","1"]]}"#]]);
}

#[test]
fn a_wide_zero_bucket_cuts_its_neighbours() {
    let wide = Histogram { zero_threshold: 1.5, ..histogram() };
    check(
        &wide,
        &expect![[
            r#"{"count":"17.5","sum":"18.25","buckets":[[1,"-4","-2","5.5"],[1,"-2","-1.5","3"],[3,"-1.5","1.5","2"],[0,"1.5","1","1"],[0,"1.5","2","2"],[0,"8","16","4"]]}"#
        ]],
    );
}

#[test]
fn custom_buckets_have_the_borders_that_they_list() {
    let custom = Histogram {
        schema: CUSTOM_SCHEMA,
        zero_threshold: 0.0,
        zero_count: 0.0,
        negative_spans: Vec::new(),
        negative_buckets: Vec::new(),
        positive_spans: vec![BucketSpan { offset: 0, length: 3 }],
        positive_buckets: vec![1.0, 2.0, 3.0],
        custom_values: vec![0.5, 2.5],
        ..histogram()
    };
    check(
        &custom,
        &expect![[
            r#"{"count":"17.5","sum":"18.25","buckets":[[3,"-Inf","0.5","1"],[0,"0.5","2.5","2"],[0,"2.5","+Inf","3"]]}"#
        ]],
    );
}

#[test]
fn the_last_bucket_ends_at_the_largest_number_and_the_one_of_infinity_at_infinity() {
    let borders =
        [(1_024, 0), (1_025, 0), (1_024 << 8, 8), (-1_074, 0), (64, -4)].map(|(index, schema)| {
            let mut text = Vec::new();
            super::json::number(&mut text, super::exponential_border(index, schema));
            String::from_utf8(text).unwrap().chars().take(6).collect::<String>()
        });
    assert_eq!(borders, ["179769", "+Inf", "179769", "0.0000", "179769"]);
}
