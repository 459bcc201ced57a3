use super::*;
use crate::{SourceFile, read_files};

fn reading(sli: &str) -> Reading {
    let text = format!(
        "apiVersion: nines/v1\nkind: SLO\nmetadata: {{name: a/b}}\nspec:\n  sli: {sli}\n  objective: 99%\n  alerting: none\n"
    );
    read_files(vec![SourceFile { path: "a.yaml".to_owned(), text }])
}

fn facts(metrics: &[&str], answers: &[(&str, &[(&str, &str, f64)])]) -> LiveFacts {
    let vector = |it: &[(&str, &str, f64)]| {
        it.iter().map(|(name, value, it)| (Labels::empty().with(name, value), *it)).collect()
    };
    LiveFacts {
        metrics: metrics.iter().map(|it| (*it).to_owned()).collect(),
        answers: answers.iter().map(|(query, it)| ((*query).to_owned(), vector(it))).collect(),
        failed: BTreeSet::new(),
    }
}

/// Every message with its help.
fn said(reading: &Reading, facts: &LiveFacts) -> Vec<String> {
    let findings = live_findings(reading, facts).into_iter();
    findings.map(|it| format!("{} {}: {}", it.code, it.message, it.help)).collect()
}

#[test]
fn questions_end_when_everything_is_answered() {
    let reading = reading("{counter: {bad: 'x_total{code=\"500\"}', total: x_total}}");
    let mut facts = facts(&["x_total"], &[]);
    for round in 0.. {
        assert!(round < 4, "it never ends");
        let queries = live_queries(&reading.spec, &facts);
        if queries.is_empty() {
            break;
        }
        facts.answers.extend(queries.into_iter().map(|it| (it, Vec::new())));
    }
    assert!(live_queries(&reading.spec, &facts).is_empty());
}

#[test]
fn errors_that_never_happened_are_no_finding() {
    let reading = reading(
        "{counter: {bad: 'x_total{job=\"a\",code=~\"5..\"}', total: 'x_total{job=\"a\"}'}}",
    );
    let facts = facts(
        &["x_total"],
        &[
            ("count(last_over_time({__name__=\"x_total\",job=\"a\"}[1d]))", &[("", "", 4.0)]),
            ("count(last_over_time({__name__=\"x_total\",job=\"a\",code=~\"5..\"}[1d]))", &[]),
            ("count by (job) (last_over_time({__name__=\"x_total\"}[1d]))", &[("job", "a", 4.0)]),
        ],
    );
    assert_eq!(said(&reading, &facts), Vec::<String>::new());
}

#[test]
fn what_was_not_answered_is_not_judged() {
    let reading = reading("{histogram: {metric: x_seconds, below: 300ms}}");
    assert_eq!(said(&reading, &facts(&["x_seconds_bucket"], &[])), Vec::<String>::new());
}

#[test]
fn a_native_histogram_needs_no_bound() {
    let reading = reading("{histogram: {metric: x_seconds, below: 300ms}}");
    let facts = facts(&["x_seconds"], &[]);
    assert_eq!(said(&reading, &facts), Vec::<String>::new());
    assert_eq!(live_queries(&reading.spec, &facts), Vec::<String>::new());
}

#[test]
fn bounds_are_compared_as_numbers() {
    let reading = reading("{histogram: {metric: x_seconds, below: 1s}}");
    let count = "count(last_over_time({__name__=\"x_seconds_bucket\"}[1d]))";
    let bounds = "count by (le) (last_over_time({__name__=\"x_seconds_bucket\"}[1d]))";
    let with = |le: &'static str| {
        facts(
            &["x_seconds_bucket"],
            &[
                (count, &[("", "", 3.0)]),
                (bounds, &[("le", "0.5", 1.0), ("le", le, 1.0), ("le", "+Inf", 1.0)]),
            ],
        )
    };
    assert_eq!(said(&reading, &with("1.0")), Vec::<String>::new());
    assert_eq!(
        said(&reading, &with("2.5")),
        [
            "N0234 1 is no bound of the buckets of this histogram: the nearest bounds are 0.5 and 2.5"
        ]
    );
}
