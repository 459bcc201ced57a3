use std::fmt::Write;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn shown_result(body: &str, format: Format) -> String {
    match parse(body, format, &TextLimits::default()) {
        Ok(samples) => samples.iter().fold(String::new(), |mut out, it| {
            write!(out, "{} {}", it.labels, it.value).unwrap();
            if let Some(at_ms) = it.at_ms {
                write!(out, " @{at_ms}").unwrap();
            }
            out + "\n"
        }),
        Err(error) => format!("{error}\n"),
    }
}

#[track_caller]
fn check(body: &str, expect: &Expect) {
    expect.assert_eq(&shown_result(body, Format::Text));
}

#[track_caller]
fn check_open_metrics(body: &str, expect: &Expect) {
    expect.assert_eq(&shown_result(body, Format::OpenMetrics));
}

#[test]
fn counters_gauges_and_histograms_are_samples() {
    check(
        r#"# HELP http_requests_total All of them.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400",}    3 1395066363000

# A comment.
no_labels 12.47
no_blanks{a="b"}5
  indented {  a = "b" , c = "d" }	1.5e3
something_weird{problem="division by zero"} +Inf -3982045
not_a_number NaN
h_bucket{le="0.05"} 24054
h_bucket{le="+Inf"} 144320
h_sum 53423
h_count 144320"#,
        &expect![[r#"
            http_requests_total{code="200", method="post"} 1027 @1395066363000
            http_requests_total{code="400", method="post"} 3 @1395066363000
            no_labels 12.47
            no_blanks{a="b"} 5
            indented{a="b", c="d"} 1500
            something_weird{problem="division by zero"} inf @-3982045
            not_a_number NaN
            h_bucket{le="0.05"} 24054
            h_bucket{le="+Inf"} 144320
            h_sum 53423
            h_count 144320
        "#]],
    );
}

#[test]
fn escapes_and_free_names_are_read() {
    check(
        concat!(
            r#"a{path="C:\\DIR\\F.TXT",error="no\n\"F.TXT\"",odd="\q",brace="}{, #"} 1"#,
            "\n",
            r#"{"my.metric", "label with space"="v", plain="ü"} 2"#,
            "\n",
        ),
        &expect![[r##"
            a{brace="}{, #", error="no\n\"F.TXT\"", odd="\\q", path="C:\\DIR\\F.TXT"} 1
            my.metric{label with space="v", plain="ü"} 2
        "##]],
    );
}

#[test]
fn open_metrics_has_seconds_exemplars_and_an_end() {
    check_open_metrics(
        "# TYPE foo counter\nfoo_total 17.0 1520879607.789 # {trace_id=\"a # b\"} 0.67 1.5\n\
         foo_bucket{le=\"1\"} 3 # {} 0.5\nfoo_created 1520872607.123\n# EOF\n",
        &expect![[r#"
            foo_total 17 @1520879607789
            foo_bucket{le="1"} 3
            foo_created 1520872607.123
        "#]],
    );
}

#[test]
fn a_body_without_its_end_mark_is_cut_off() {
    check_open_metrics(
        "foo 1\n",
        &expect![[r#"
        line 2: no `# EOF`: the body is cut off
    "#]],
    );
    check_open_metrics(
        "foo 1\n# EOF\nbar 1\n",
        &expect![[r#"
        line 2: text after `# EOF`
    "#]],
    );
    check_open_metrics(
        "foo 1\n# EOF",
        &expect![[r#"
        foo 1
    "#]],
    );
}

#[test]
fn errors_say_where_and_what() {
    let mut out = String::new();
    for line in [
        "a",
        "a{b=\"c\"}",
        "a{b=\"c\"",
        "a{b=\"c} 1",
        "a{b=\"c\" d=\"e\"} 1",
        "a{b=\"c\",b=\"d\"} 1",
        "a{b} 1",
        "a{b=c} 1",
        "a{1b=\"c\"} 1",
        "a{=\"c\"} 1",
        "{a=\"b\"} 1",
        "{\"\"} 1",
        "9a 1",
        "a-b 1",
        "a one",
        "a 1 soon",
        "a 1 2 3",
        "a 1 # {} 1",
        "<html><body>nginx</body></html>",
    ] {
        let result = shown_result(&format!("ok 1\n{line}\n"), Format::Text);
        writeln!(out, "{line:24} {}", result.trim_end()).unwrap();
    }
    expect![[r#"
        a                        line 2: a sample without a value
        a{b="c"}                 line 2: a sample without a value
        a{b="c"                  line 2: labels that are not closed by `}`
        a{b="c} 1                line 2: labels that are not closed by `}`
        a{b="c" d="e"} 1         line 2: neither `,` nor `}` before `d="e"}`
        a{b="c",b="d"} 1         line 2: label `b` is given twice
        a{b} 1                   line 2: no `=` after the label `b`
        a{b=c} 1                 line 2: no quoted value of `b`
        a{1b="c"} 1              line 2: `1b` is not a label name
        a{="c"} 1                line 2: `` is not a label name
        {a="b"} 1                line 2: a series without a metric name
        {""} 1                   line 2: an empty name
        9a 1                     line 2: `9a` is not a metric name
        a-b 1                    line 2: `a-b` is not a metric name
        a one                    line 2: `one` is not a number
        a 1 soon                 line 2: `soon` is not a time
        a 1 2 3                  line 2: `3` after the end of the sample
        a 1 # {} 1               line 2: `#` is not a time
        <html><body>nginx</body></html> line 2: a sample without a value
    "#]]
    .assert_eq(&out);
}

#[test]
fn every_limit_is_kept() {
    let limits = TextLimits { samples_max: 2, line_bytes_max: 20, labels_max: 2 };
    let result = |body| parse(body, Format::Text, &limits).map(|it| it.len()).unwrap_err();
    expect!["line 4: more than 2 samples, the limit of this target"]
        .assert_eq(&result("# x\na 1\nb 1\nc 1\n").to_string());
    expect!["line 1: longer than 20 bytes"].assert_eq(&result("# 3456789012345678901").to_string());
    expect!["line 1: more than 2 labels"].assert_eq(&result("a{b=\"1\",c=\"1\"} 1").to_string());
}

#[test]
fn a_target_cannot_write_staleness_markers() {
    let samples = parse("a NaN\nb -nan\n", Format::Text, &TextLimits::default()).unwrap();
    assert!(samples.iter().all(|it| it.value.is_nan() && !nines_base::is_stale(it.value)));
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(body in "(?s).{0,200}") {
        fuzz(body.as_bytes());
    }

    #[test]
    fn lines_that_are_nearly_right_are_read_without_panic(body in "([a{}=\",\\\\ #EOF1\n]|# EOF){0,60}") {
        fuzz(body.as_bytes());
    }

    #[test]
    fn what_is_written_is_read(value: f64, at_ms in -1_i64<<52..1_i64<<52, label in "(?s).{1,20}") {
        let body = format!("name{{l=\"{}\"}} {value} {at_ms}\n", escaped(&label));
        let samples = parse(&body, Format::Text, &TextLimits::default()).unwrap();
        prop_assert_eq!(samples.len(), 1);
        prop_assert_eq!(samples[0].labels.value("l"), label);
        prop_assert_eq!(samples[0].at_ms, Some(at_ms));
        prop_assert_eq!(samples[0].value.to_bits(), value.to_bits());
    }
}
