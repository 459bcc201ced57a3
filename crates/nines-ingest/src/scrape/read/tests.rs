use std::cell::Cell;
use std::fmt::Write;

use expect_test::{Expect, expect};
use nines_base::is_stale;

use super::*;

const HOW: Reading = Reading {
    limits: TextLimits { samples_max: 1_000, line_bytes_max: 10_000, labels_max: 10 },
    sample_limit: 1_000,
    times: Times::Honored,
    at_ms: 1_000,
};

#[expect(clippy::unnecessary_wraps, reason = "as a rule would answer")]
fn keep(labels: &Labels) -> Result<Option<Labels>, String> {
    Ok(Some(labels.clone()))
}

fn shown(read: &Read, ended: &[Pending]) -> String {
    let mut out = String::new();
    for Pending { labels, value, .. } in read.rows.iter().chain(ended) {
        match value {
            PendingValue::Number(it) if is_stale(it.value) => {
                writeln!(out, "{labels} stale @{}", it.at_ms).unwrap();
            }
            PendingValue::Number(it) => {
                writeln!(out, "{labels} {} @{}", it.value, it.at_ms).unwrap();
            }
            PendingValue::Histogram(it) if it.histogram.is_stale() => {
                writeln!(out, "{labels} stale histogram @{}", it.at_ms).unwrap();
            }
            PendingValue::Histogram(it) => {
                let h = &it.histogram;
                let (schema, buckets) = (h.schema, &h.positive_buckets);
                writeln!(
                    out,
                    "{labels} schema {schema} {} of {} {buckets:?} @{}",
                    h.count, h.sum, it.at_ms
                )
                .unwrap();
            }
        }
    }
    for (labels, it) in &read.exemplars {
        writeln!(out, "{labels} # {} {} @{}", it.labels, it.value, it.at_ms).unwrap();
    }
    for it in &read.metadata {
        writeln!(out, "{} is a {} in {:?}: {}", it.metric, it.kind, it.unit, it.help).unwrap();
    }
    writeln!(out, "-- {} scraped, {} kept, {} added", read.scraped, read.kept, read.added).unwrap();
    out
}

#[track_caller]
fn check(bodies: &[Body], expect: &Expect) {
    let mut memory = BodyMemory::default();
    let mut out = String::new();
    for body in bodies {
        let mut read = Read::default();
        match memory.read(body, HOW, &keep, &mut read) {
            Ok(()) => out += &shown(&read, &memory.series.settle(HOW.at_ms)),
            Err(reason) => writeln!(out, "-- {reason}").unwrap(),
        }
    }
    expect.assert_eq(&out);
}

fn text(body: &str) -> Body {
    Body::Text(body.to_owned(), Format::Text)
}

#[test]
fn lines_in_their_old_order_are_found_without_reading_labels() {
    let mut memory = BodyMemory::default();
    let built = Cell::new(0);
    let attach = |it: &Labels| {
        built.set(built.get() + 1);
        Ok(Some(it.clone()))
    };
    let body = text("a{x=\"1\"} 1\na{x=\"2\"} 1\nab 1\n");
    for _ in 0..3 {
        let mut read = Read::default();
        memory.read(&body, HOW, &attach, &mut read).unwrap();
        assert_eq!(read.rows.len(), 3);
        memory.series.settle(1);
    }
    assert_eq!(built.get(), 3);
}

#[test]
fn a_name_that_begins_like_another_is_not_taken_for_it() {
    check(
        &[text("a 1\n"), text("a {x=\"1\"} 2\nab 3\na 4\n")],
        &expect![[r#"
        a 1 @1000
        -- 1 scraped, 1 kept, 1 added
        a{x="1"} 2 @1000
        ab 3 @1000
        a 4 @1000
        -- 3 scraped, 3 kept, 2 added
    "#]],
    );
}

#[test]
fn the_first_of_two_samples_of_a_series_counts_unless_they_have_times() {
    check(
        &[text("a 1\na 2\nb 1 77\nb 2 78\n"), text("")],
        &expect![[r#"
        a 1 @1000
        b 1 @77
        b 2 @78
        -- 4 scraped, 4 kept, 2 added
        a stale @1000
        -- 0 scraped, 0 kept, 0 added
    "#]],
    );
}

#[test]
fn metadata_is_told_when_it_changes() {
    let first = "# HELP a What a\\nis.\n# TYPE a counter\na 1\n";
    check(
        &[text(first), text(first), text("# HELP a Other.\na 2\n")],
        &expect![[r#"
        a 1 @1000
        a is a counter in "": What a
        is.
        -- 1 scraped, 1 kept, 1 added
        a 1 @1000
        -- 1 scraped, 1 kept, 0 added
        a 2 @1000
        a is a unknown in "": Other.
        -- 1 scraped, 1 kept, 0 added
    "#]],
    );
}

#[test]
fn borders_are_spelled_one_way_in_all_formats() {
    let body = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\n\
                # TYPE s summary\ns{quantile=\"1\"} 3\n# TYPE g gauge\ng{le=\"1\"} 1\n";
    check(
        &[text(body)],
        &expect![[r#"
        h_bucket{le="1.0"} 1 @1000
        h_bucket{le="+Inf"} 2 @1000
        s{quantile="1.0"} 3 @1000
        g{le="1"} 1 @1000
        g is a gauge in "": 
        h is a histogram in "": 
        s is a summary in "": 
        -- 4 scraped, 4 kept, 4 added
    "#]],
    );
}

#[test]
fn exemplars_come_once_each() {
    let body = |trace: &str| {
        let text = format!(
            "# TYPE a counter\n# UNIT a seconds\na_total 1 # {{trace_id=\"{trace}\"}} 0.5 2.5\n\
             b_total 1 7.5 # {{}} 3\n# EOF\n"
        );
        Body::Text(text, Format::OpenMetrics)
    };
    let long = Body::Text(
        format!("a_total 1 # {{t=\"{}\"}} 1\n# EOF\n", "x".repeat(130)),
        Format::OpenMetrics,
    );
    let broken = Body::Text("a_total 1 # nothing\n# EOF\n".to_owned(), Format::OpenMetrics);
    check(
        &[body("1"), body("1"), body("2"), long, broken],
        &expect![[r#"
        a_total 1 @1000
        b_total 1 @7500
        a_total # {trace_id="1"} 0.5 @2500
        b_total # {} 3 @7500
        a is a counter in "seconds": 
        -- 2 scraped, 2 kept, 2 added
        a_total 1 @1000
        b_total 1 @7500
        -- 2 scraped, 2 kept, 0 added
        a_total 1 @1000
        b_total 1 @7500
        a_total # {trace_id="2"} 0.5 @2500
        -- 2 scraped, 2 kept, 0 added
        -- line 1: an exemplar with more than 128 characters
        -- line 1: an exemplar without labels
    "#]],
    );
}

#[test]
fn protobuf_brings_native_histograms_and_the_same_series_as_text() {
    let first = Body::Families(families::tests::body());
    let again = Body::Families(families::tests::body());
    check(
        &[first, again, text("requests_total{code=\"200\"} 8\n")],
        &expect![[r#"
        requests_total{code="200"} 7 @1000
        sizes{quantile="1.0"} 0.25 @77
        sizes_sum 1.5 @77
        sizes_count 4 @77
        classic_bucket{le="1.0"} 1 @1000
        classic_bucket{le="+Inf"} 3 @1000
        classic_sum 9 @1000
        classic_count 3 @1000
        native schema 2 6 of 9 [2.0, 3.0] @1000
        requests_total{code="200"} # {trace_id="ab"} 0.5 @2500
        classic_bucket{le="1.0"} # {trace_id="ab"} 0.5 @2500
        requests_total is a counter in "": About requests_total.
        sizes is a summary in "": About sizes.
        classic is a histogram in "": About classic.
        native is a histogram in "": About native.
        -- 9 scraped, 9 kept, 9 added
        requests_total{code="200"} 7 @1000
        sizes{quantile="1.0"} 0.25 @77
        sizes_sum 1.5 @77
        sizes_count 4 @77
        classic_bucket{le="1.0"} 1 @1000
        classic_bucket{le="+Inf"} 3 @1000
        classic_sum 9 @1000
        classic_count 3 @1000
        native schema 2 6 of 9 [2.0, 3.0] @1000
        -- 9 scraped, 9 kept, 0 added
        requests_total{code="200"} 8 @1000
        classic_bucket{le="1.0"} stale @1000
        classic_bucket{le="+Inf"} stale @1000
        classic_sum stale @1000
        classic_count stale @1000
        native stale histogram @1000
        -- 1 scraped, 1 kept, 0 added
    "#]],
    );
}
