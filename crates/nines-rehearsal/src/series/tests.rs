//! Series that are made up for selectors.

use nines_promql::parse_selector;
use nines_slo::{CounterSli, Selector, Sli, SliKind};

use super::*;

fn selectors(texts: &[&str]) -> Vec<Selector> {
    let selector =
        |it: &&str| Selector { text: (*it).to_owned(), matchers: parse_selector(it).unwrap() };
    texts.iter().map(selector).collect()
}

/// The series of a counter SLI with what they count, as text.
fn check(good: &[&str], bad: &[&str], total: &[&str], expected: &[(&str, Events)]) {
    let counter = CounterSli {
        good: selectors(good),
        bad: selectors(bad),
        total: selectors(total),
        scale: 0,
    };
    let found = counters(&SliKind::Counter(counter), &Labels::empty());
    let found: Vec<(String, Events)> =
        found.into_iter().map(|(labels, events)| (labels.to_string(), events)).collect();
    let expected: Vec<(String, Events)> =
        expected.iter().map(|(labels, events)| ((*labels).to_owned(), *events)).collect();
    assert_eq!(found, expected);
}

#[test]
fn bad_events_that_the_total_counts_too_leave_the_good_ones_for_another_series() {
    check(
        &[],
        &["requests_total{job=\"a\",code=~\"5..\"}"],
        &["requests_total{job=\"a\"}"],
        &[
            ("requests_total{code=\"500\", job=\"a\"}", Events::Bad),
            ("requests_total{job=\"a\"}", Events::Good),
        ],
    );
}

#[test]
fn errors_with_a_metric_of_their_own_stand_beside_all_events() {
    check(
        &[],
        &["errors_total"],
        &["requests_total"],
        &[("errors_total", Events::Bad), ("requests_total", Events::All)],
    );
}

#[test]
fn what_is_not_good_breaks_the_matcher_of_the_good() {
    check(
        &["requests_total{code!~\"5..\"}"],
        &[],
        &["requests_total"],
        &[("requests_total", Events::Good), ("requests_total{code=\"500\"}", Events::Bad)],
    );
}

#[test]
fn good_and_bad_events_are_all_events() {
    check(
        &["hits_total{result=\"ok\"}"],
        &["hits_total{result=~\"err.+|timeout\"}"],
        &[],
        &[
            ("hits_total{result=\"err0\"}", Events::Bad),
            ("hits_total{result=\"ok\"}", Events::Good),
        ],
    );
}

#[test]
fn selectors_that_nothing_can_match_have_no_series() {
    check(&[], &["errors_total{a=\"1\",a=\"2\"}"], &["requests_total"], &[]);
}

#[test]
fn a_histogram_has_the_bucket_of_its_threshold_and_the_last_one() {
    let matchers = parse_selector("x{job=\"a\"}").unwrap();
    let matchers = matchers.into_iter().filter(|it| it.name() != METRIC_NAME).collect();
    let sli = HistogramSli { metric: "latency_seconds".to_owned(), matchers, below: 0.3 };
    let extra = Labels::new([("region", "eu")]).unwrap();
    let found = counters(&Sli::from(SliKind::Histogram(sli)).kind, &extra);
    let found: Vec<String> = found.iter().map(|(labels, _)| labels.to_string()).collect();
    let expected = [
        "latency_seconds_bucket{job=\"a\", le=\"0.3\", region=\"eu\"}",
        "latency_seconds_bucket{job=\"a\", le=\"+Inf\", region=\"eu\"}",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_text_like_an_expression_matches_it() {
    for pattern in ["5..", "5[0-9]{2}", "(GET|POST)", "a.*", "a.+b?", "[^/]+", "(?i)ok", "\\d+", ""]
    {
        let matcher = Matcher::new("x", MatchOp::Regex, pattern).unwrap();
        let text = written_like(pattern).unwrap();
        assert!(matcher.matches_value(&text), "{pattern}: {text}");
    }
}
