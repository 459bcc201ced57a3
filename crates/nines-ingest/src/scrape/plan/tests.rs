use std::fmt::Write;

use expect_test::{Expect, expect};

use super::*;
use crate::relabel::{Pattern, Relabel, RelabelAction};
use crate::scrape::job::Scheme;

fn target(address: &str, labels: &[(&str, &str)]) -> Target {
    let labels = Labels::new(labels.iter().copied()).unwrap();
    Target { address: address.to_owned(), labels }
}

fn rule(
    action: RelabelAction,
    source: &str,
    pattern: &str,
    to: &str,
    replacement: &str,
) -> Relabel {
    Relabel {
        action,
        source_labels: vec![source.to_owned()],
        pattern: Pattern::new(pattern).unwrap(),
        target_label: to.to_owned(),
        replacement: replacement.to_owned(),
        ..Relabel::default()
    }
}

#[track_caller]
fn check(job: &ScrapeJob, found: &[Target], expect: &Expect) {
    let plan = plan(std::slice::from_ref(job), |_| found.to_vec());
    let mut out = String::new();
    for (key, it) in &plan.wanted {
        assert_eq!((&key.url, &key.labels), (&it.url, &it.labels));
        let (every, timeout) = (format_duration(it.interval), format_duration(it.timeout));
        writeln!(out, "{} every {every} within {timeout} {}", it.url, it.labels).unwrap();
        if let Some(refusal) = &it.refusal {
            writeln!(out, "  {refusal}").unwrap();
        }
    }
    for (pool, dropped) in plan.pools {
        writeln!(out, "{pool}: {} dropped", dropped.count).unwrap();
        for it in dropped.discovered {
            writeln!(out, "  {it}").unwrap();
        }
    }
    expect.assert_eq(&out);
}

#[test]
fn addresses_become_urls_with_job_and_instance() {
    let job = ScrapeJob {
        scheme: Scheme::Https,
        path: "metrics?a=b".to_owned(),
        params: vec![("module".to_owned(), vec!["http 2xx".to_owned(), "x".to_owned()])],
        ..ScrapeJob::new("shop")
    };
    check(
        &job,
        &[
            target("a:1", &[("env", "prod"), ("__meta_x", "y")]),
            target("b", &[("job", "own"), ("instance", "b-1"), ("__param_module", "other")]),
            target("[::1]:9090", &[("__scheme__", "http"), ("__metrics_path__", "/m")]),
            target("a:1", &[("env", "prod"), ("__meta_x", "z")]),
        ],
        &expect![[r#"
            http://[::1]:9090/m?module=http+2xx&module=x every 1m within 10s {instance="[::1]:9090", job="shop"}
            https://a:1/metrics?a=b&module=http+2xx&module=x every 1m within 10s {env="prod", instance="a:1", job="shop"}
            https://b/metrics?a=b&module=other&module=x every 1m within 10s {instance="b-1", job="own"}
            shop: 0 dropped
        "#]],
    );
}

#[test]
fn rules_choose_and_rewrite_targets() {
    use RelabelAction::{Drop, LabelMap, Replace};
    let relabel_rules = vec![
        rule(Drop, "__meta_env", "test", "", ""),
        rule(LabelMap, "", "__meta_(.+)", "", "$1"),
        rule(Replace, "__address__", "(.*):.*", "__param_target", "$1"),
        rule(Replace, "__param_target", "(.*)", "instance", "$1"),
        rule(Replace, "", "(.*)", "__address__", "exporter:9115"),
        rule(Replace, "__meta_env", "prod", "__scrape_interval__", "5s"),
    ];
    let job = ScrapeJob { relabel_rules, ..ScrapeJob::new("probe") };
    check(
        &job,
        &[
            target("one:80", &[("__meta_env", "prod")]),
            target("two:80", &[("__meta_env", "test")]),
            target("three:80", &[("__meta_env", "stage")]),
        ],
        &expect![[r#"
            http://exporter:9115/metrics?target=one every 5s within 5s {env="prod", instance="one", job="probe"}
            http://exporter:9115/metrics?target=three every 1m within 10s {env="stage", instance="three", job="probe"}
            probe: 1 dropped
              {__address__="two:80", __meta_env="test", __metrics_path__="/metrics", __scheme__="http", __scrape_interval__="1m", __scrape_timeout__="10s", job="probe"}
        "#]],
    );
}

#[test]
fn targets_that_cannot_be_asked_are_left_out() {
    use RelabelAction::Replace;
    let relabel_rules = vec![
        rule(Replace, "kind", "no_address", "__address__", ""),
        rule(Replace, "kind", "bad_scheme", "__scheme__", "ftp"),
        rule(Replace, "kind", "bad_interval", "__scrape_interval__", "soon"),
    ];
    let job = ScrapeJob { relabel_rules, ..ScrapeJob::new("j") };
    let of_kind = |kind| target("a:1", &[("kind", kind)]);
    let kinds = ["no_address", "bad_scheme", "bad_interval"].map(of_kind);
    let others = ["a b:1", "user@a:1", "a:port", "a:1/path", ""].map(|it| target(it, &[]));
    check(
        &job,
        &[kinds.as_slice(), &others].concat(),
        &expect![[r#"
        j: 0 dropped
    "#]],
    );
}

#[test]
fn too_many_targets_are_all_refused() {
    let job = ScrapeJob { target_limit: 1, ..ScrapeJob::new("j") };
    check(
        &job,
        &[target("a:1", &[]), target("b:1", &[])],
        &expect![[r#"
        http://a:1/metrics every 1m within 10s {instance="a:1", job="j"}
          the job has 2 targets, and its target limit is 1
        http://b:1/metrics every 1m within 10s {instance="b:1", job="j"}
          the job has 2 targets, and its target limit is 1
        j: 0 dropped
    "#]],
    );
}
