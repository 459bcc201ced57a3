use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use nines_base::{Labels, MatchOp, Matcher, Sample, SampleBatch};
use nines_slo::Slo;

use super::{Progress, Question, Running, questions};

fn slo(name: &str) -> Slo {
    let text = format!(
        "apiVersion: nines/v1\nkind: SLO\nmetadata: {{name: {name}}}\nspec: {{sli: {{counter: {{bad: 'b', total: 't'}}}}, objective: 99%, window: 7d}}\n"
    );
    let file = nines_spec::SourceFile { path: "a.yaml".to_owned(), text };
    nines_spec::read_files(vec![file]).spec.slos.remove(0)
}

fn selector(metric: &str, rest: &[(&str, MatchOp, &str)]) -> Vec<Matcher> {
    let rest = rest.iter().map(|(name, op, value)| Matcher::new(name, *op, value).unwrap());
    [Matcher::equal("__name__", metric)].into_iter().chain(rest).collect()
}

fn check(slos: &[(Slo, Vec<Vec<Matcher>>)], expect: &Expect) {
    let (questions, nameless) = questions(slos);
    let queries =
        questions.iter().flat_map(|it| it.selectors.iter().map(|own| it.query(own, "1m")));
    let lines: Vec<String> = queries.chain(nameless.iter().map(|it| format!("not {it}"))).collect();
    expect.assert_eq(&lines.join("\n"));
}

#[test]
fn all_objectives_of_a_metric_share_one_grouping() {
    let api = selector("http_total", &[("job", MatchOp::Equal, "api")]);
    let bad = selector(
        "http_total",
        &[("job", MatchOp::Equal, "api"), ("code", MatchOp::Regex, "5..|\"")],
    );
    let path = selector("http_total", &[("path", MatchOp::NotEqual, "/a")]);
    let nameless = vec![Matcher::equal("job", "x")];
    check(
        &[
            (slo("a/b"), vec![bad, api.clone()]),
            (slo("c/d"), vec![path, api]),
            (slo("e/f"), vec![nameless]),
        ],
        &expect![[r#"
            sum by (code, job, path) (increase(http_total{job="api",code=~"5..|\""}[1m]))
            sum by (code, job, path) (increase(http_total{job="api"}[1m]))
            sum by (code, job, path) (increase(http_total{path!="/a"}[1m]))
            not e/f"#]],
    );
}

#[test]
fn buckets_of_a_histogram_are_told_apart() {
    let buckets = selector("latency_bucket", &[("job", MatchOp::Equal, "api")]);
    check(
        &[(slo("a/b"), vec![buckets])],
        &expect![[r#"sum by (job, le) (increase(latency_bucket{job="api"}[1m]))"#]],
    );
}

fn question() -> Question {
    let (questions, _) = questions(&[(slo("a/b"), vec![selector("t", &[])])]);
    questions.into_iter().next().unwrap()
}

const DAY_MS: i64 = 24 * 3_600_000;

#[test]
fn only_slices_that_are_over_and_not_asked_yet_are_missing() {
    let question = question();
    let now_ms = 10 * DAY_MS + 110_000;
    let fresh = Progress::default();
    let (first_ms, last_ms) = fresh.missing(&question, 60_000, now_ms).unwrap();
    assert_eq!(first_ms, 3 * DAY_MS + 120_000, "the window of the objective");
    assert_eq!((last_ms - first_ms) / 60_000 + 1, 5_000, "and no more at once");

    let done = |done_ms| Progress { done_ms: Some(done_ms), ..Progress::default() };
    let late = done(10 * DAY_MS - 120_000).missing(&question, 60_000, now_ms);
    assert_eq!(late, Some((10 * DAY_MS - 60_000, 10 * DAY_MS + 60_000)), "three after an outage");
    assert_eq!(done(10 * DAY_MS + 60_000).missing(&question, 60_000, now_ms), None);
    let settling = done(10 * DAY_MS).missing(&question, 60_000, 10 * DAY_MS + 100_000);
    assert_eq!(settling, None, "its last samples may be under way");
}

fn slices(values: &[(i64, f64)]) -> Vec<Sample> {
    values.iter().map(|(at_s, value)| Sample { at_ms: at_s * 1_000, value: *value }).collect()
}

fn values(batches: &[SampleBatch]) -> Vec<(i64, f64)> {
    batches.iter().flat_map(|it| &it.samples).map(|it| (it.at_ms / 1_000, it.value)).collect()
}

#[test]
fn slices_add_up_to_a_counter_that_begins_at_nothing_and_never_falls() {
    let group = Labels::new([("code", "500")]).unwrap();
    let grown = |it: &[(i64, f64)]| BTreeMap::from([(group.clone(), slices(it))]);
    let mut progress = Progress::default();
    let batches = progress.add("t", &grown(&[(60, 2.5), (120, f64::NAN), (180, 1.0)]), 60_000);
    assert_eq!(values(&batches), [(0, 0.0), (60, 2.5), (120, 2.5), (180, 3.5)]);
    assert_eq!(batches[0].labels.to_string(), r#"t{code="500", nines_source="backend"}"#);

    let again = progress.add("t", &grown(&[(180, 1.0), (240, -5.0), (300, 4.0)]), 60_000);
    assert_eq!(values(&again), [(240, 3.5), (300, 7.5)], "a slice counts once");
    let running: Vec<_> = progress.counters.values().copied().collect();
    assert_eq!(running, [Running { value: 7.5, at_ms: 300_000 }]);
}
