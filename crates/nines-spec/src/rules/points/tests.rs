use expect_test::{Expect, expect};
use nines_alert::rule::trial::Point;
use nines_base::is_stale;
use proptest::prelude::*;

use super::{series, values};

fn shown(text: &str) -> String {
    let points = match values(text) {
        Ok(points) => points,
        Err(wrong) => return format!("{}: {}", wrong.at, wrong.problem),
    };
    let shown = points.iter().map(|it| match it {
        None => "_".to_owned(),
        Some(Point::Number(it)) if is_stale(*it) => "stale".to_owned(),
        Some(Point::Number(it)) => it.to_string(),
        Some(Point::Histogram(it)) => {
            format!("{}/{} {:?} {:?}", it.count, it.sum, it.positive_spans, it.positive_buckets)
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(texts: &[&str], expect: &Expect) {
    let lines = texts.iter().map(|it| format!("{it} => {}\n", shown(it)));
    expect.assert_eq(&lines.collect::<String>());
}

#[test]
fn values_are_repeated_and_counted_up() {
    check(
        &[
            "1 2.5 -3",
            "1x3",
            "0+10x3 10-5x2",
            "-2+4x3",
            "_ _x3 1",
            "stale 1e3 1e-3+1e-3x1 0x2 NaN Inf -Inf +Inf",
            "{{schema:0 sum:5 count:4 buckets:[1 2 1]}}x1",
            "{{sum:1 count:1 buckets:[1] offset:1}}+{{sum:1 count:2 buckets:[1 1]}}x1",
            "",
        ],
        &expect![[r#"
            1 2.5 -3 => 1 2.5 -3
            1x3 => 1 1 1 1
            0+10x3 10-5x2 => 0 10 20 30 10 5 0
            -2+4x3 => -2 2 6 10
            _ _x3 1 => _ _ _ _ 1
            stale 1e3 1e-3+1e-3x1 0x2 NaN Inf -Inf +Inf => stale 1000 0.001 0.002 0 0 0 NaN inf -inf inf
            {{schema:0 sum:5 count:4 buckets:[1 2 1]}}x1 => 4/5 [BucketSpan { offset: 0, length: 3 }] [1.0, 2.0, 1.0] 4/5 [BucketSpan { offset: 0, length: 3 }] [1.0, 2.0, 1.0]
            {{sum:1 count:1 buckets:[1] offset:1}}+{{sum:1 count:2 buckets:[1 1]}}x1 => 1/1 [BucketSpan { offset: 1, length: 1 }] [1.0] 3/2 [BucketSpan { offset: 0, length: 2 }] [1.0, 2.0]
             => 
        "#]],
    );
}

#[test]
fn mistakes_have_a_place() {
    check(
        &[
            "1 two",
            "1 2x",
            "1+x3",
            "1x-1",
            "{{sum:1",
            "{{nope:1}}",
            "{{schema:99}}",
            "1x9999999999",
        ],
        &expect![[r#"
            1 two => 2: `two` is no value
            1 2x => 2: `x` is no number of repetitions such as `x3`
            1+x3 => 0: `1+x3` is no value
            1x-1 => 0: `x-1` is no number of repetitions such as `x3`
            {{sum:1 => 0: a histogram has no `}}`
            {{nope:1}} => 0: `nope` is no part of a histogram
            {{schema:99}} => 0: the schema lies between -4 and 8, or is -53
            1x9999999999 => 0: `x9999999999` is no number of repetitions such as `x3`
        "#]],
    );
}

#[test]
fn a_series_has_a_name_or_labels_or_both() {
    let texts = [
        "up",
        "up{}",
        "up{job=\"a\\\"b\", x='y',}",
        "{job=\"a\"}",
        "{\"my.name\", a=\"b\"}",
        "up{job}",
        "up{job=a}",
        "up{job=\"a\"",
        "up{} x",
        "up{a=\"1\",a=\"2\"}",
    ];
    let lines = texts.iter().map(|it| match series(it) {
        Ok(labels) => format!("{it} => {labels}\n"),
        Err(wrong) => format!("{it} => {}: {}\n", wrong.at, wrong.problem),
    });
    expect![[r#"
        up => up
        up{} => up
        up{job="a\"b", x='y',} => up{job="a\"b", x="y"}
        {job="a"} => {job="a"}
        {"my.name", a="b"} => my.name{a="b"}
        up{job} => 3: expected `label="value"`
        up{job=a} => 7: expected a text in quotes
        up{job="a" => 10: expected `,` or `}`
        up{} x => 5: something stands behind the series
        up{a="1",a="2"} => 0: label `a` is given twice
    "#]]
    .assert_eq(&lines.collect::<String>());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[{}a-z0-9_x+ .:,\\[\\]\"=-]{0,40}") {
        drop(values(&text));
        drop(series(&text));
    }
}
