use expect_test::expect;

use super::*;

fn span(offset: i32, length: u32) -> BucketSpan {
    BucketSpan { offset, length }
}

fn histogram() -> Histogram {
    Histogram {
        schema: 3,
        zero_threshold: 0.001,
        zero_count: 1.0,
        count: 7.0,
        sum: 5.0,
        positive_spans: vec![span(-2, 1), span(1, 2)],
        positive_buckets: vec![1.0, 2.0, 0.0],
        negative_spans: vec![span(0, 1)],
        negative_buckets: vec![3.0],
        ..Histogram::stale()
    }
}

fn custom() -> Histogram {
    Histogram {
        schema: CUSTOM_SCHEMA,
        count: 3.0,
        sum: 4.0,
        custom_values: vec![0.5, 1.0],
        positive_spans: vec![span(0, 3)],
        positive_buckets: vec![1.0, 0.0, 2.0],
        ..Histogram::stale()
    }
}

#[test]
fn what_does_not_hold_is_said() {
    let h = histogram;
    let cases = [
        h(),
        custom(),
        Histogram::stale(),
        Histogram { sum: f64::NAN, count: 9.0, ..h() },
        Histogram { schema: 9, ..h() },
        Histogram { schema: i32::MIN, ..h() },
        Histogram { count: 8.0, ..h() },
        Histogram { count: f64::NAN, ..h() },
        Histogram { zero_count: -1.0, ..h() },
        Histogram { zero_threshold: f64::INFINITY, ..h() },
        Histogram { positive_buckets: vec![1.0, 2.0], ..h() },
        Histogram { positive_buckets: vec![1.0, 3.0, -1.0], ..h() },
        Histogram { positive_spans: vec![span(0, 1), span(-1, 2)], ..h() },
        Histogram { positive_spans: vec![span(i32::MAX, 1), span(1, 2)], ..h() },
        Histogram { custom_values: vec![1.0], ..h() },
        Histogram { custom_values: vec![1.0, 1.0], ..custom() },
        Histogram { custom_values: vec![1.0, f64::INFINITY], ..custom() },
        Histogram { custom_values: vec![1.0], ..custom() },
        Histogram { positive_spans: vec![span(-1, 3)], ..custom() },
        Histogram { zero_count: 1.0, ..custom() },
    ];
    let said: Vec<String> =
        cases.iter().map(|it| check(it).err().unwrap_or_else(|| "right".to_owned())).collect();
    expect![[r#"
        right
        right
        right
        right
        a histogram with the schema 9; -4 to 8 and -53 are known
        a histogram with the schema -2147483648; -4 to 8 and -53 are known
        a histogram of 8 observations with 7 in its buckets
        a histogram with less than no observations
        a histogram with less than no observations
        a histogram with the zero threshold inf
        a histogram whose positive spans name 3 buckets, and it has 2
        a histogram with a positive bucket of less than nothing
        a histogram whose positive spans go back by 1
        a histogram whose positive spans go beyond every number
        a histogram with exponential buckets and custom borders
        a histogram whose custom borders do not rise to a last finite one
        a histogram whose custom borders do not rise to a last finite one
        a histogram with buckets outside of its custom borders
        a histogram with buckets outside of its custom borders
        a histogram with custom borders and a zero or negative buckets"#]]
    .assert_eq(&said.join("\n"));
}

#[test]
fn what_is_written_is_read() {
    for histogram in [histogram(), custom(), Histogram { schema: -4, ..histogram() }] {
        let counter_reset = CounterReset::Gauge;
        let histogram = Arc::new(Histogram { counter_reset, ..histogram });
        let sample = HistogramSample { at_ms: -5, histogram };
        let mut writer = Writer::default();
        write(&mut writer, &sample);
        let read = read(&writer.into_bytes()).unwrap();
        // The sum of a default is NaN, which is not equal to itself.
        assert_eq!(read, sample);
    }
}

#[test]
fn differences_become_counts() {
    let mut writer = Writer::default();
    writer.uint(1, 9);
    writer.packed_uints(12, [4, 2, 3]); // +2, +1, −2
    writer.message(11, |it| it.uint(2, 3));
    let read = read(&writer.into_bytes()).unwrap();
    assert_eq!(read.histogram.positive_buckets, [2.0, 3.0, 1.0]);
    assert_eq!(read.histogram.positive_spans, [span(0, 3)]);
    assert!((read.histogram.count - 9.0).abs() < f64::EPSILON);
}
