use std::fmt::Write;

use expect_test::{Expect, expect};
use nines_base::is_stale;

use super::super::job::{ScrapeJob, Target};
use super::super::plan::plan;
use super::super::series::PendingValue;
use super::*;
use crate::relabel::{Pattern, RelabelAction};
use crate::text::Format;

fn job() -> ScrapeJob {
    ScrapeJob {
        interval: SignedDuration::from_secs(5),
        timeout: SignedDuration::from_secs(60),
        sample_limit: 4,
        body_bytes_max: 1_000,
        ..ScrapeJob::new("shop")
    }
}

fn settings(job: &ScrapeJob, labels: &[(&str, &str)]) -> Settings {
    let labels = Labels::new(labels.iter().copied()).unwrap();
    let target = Target { address: "127.0.0.1:80".to_owned(), labels };
    let mut plan = plan(std::slice::from_ref(job), |_| vec![target.clone()]);
    plan.wanted.pop_first().unwrap().1
}

fn text(body: &str) -> Body {
    Body::Text(body.to_owned(), Format::Text)
}

fn lines(rows: &[Pending]) -> String {
    let mut out = String::new();
    for Pending { labels, value, .. } in rows {
        match value {
            PendingValue::Number(it) => {
                let stale = is_stale(it.value);
                let value = if stale { "stale".to_owned() } else { it.value.to_string() };
                writeln!(out, "{labels} {value} @{}", it.at_ms).unwrap();
            }
            PendingValue::Histogram(it) => {
                let (count, buckets) = (it.histogram.count, &it.histogram.positive_buckets);
                writeln!(out, "{labels} {count} {buckets:?} @{}", it.at_ms).unwrap();
            }
        }
    }
    out
}

/// One scrape each second; `Err` is a failed one.
#[track_caller]
fn check(settings: &Settings, answers: &[Result<&str, &str>], expect: &Expect) {
    let (mut state, mut out) = (TargetState::default(), String::new());
    for (number, answer) in (1..).zip(answers) {
        let answer = answer.map(text).map_err(str::to_owned);
        let took = SignedDuration::from_millis(20);
        let scrape = state.digest(settings, answer, 1_000 * number, took);
        out += &lines(&scrape.rows);
        writeln!(out, "-- {}", scrape.error.as_deref().unwrap_or("ok")).unwrap();
    }
    out += &lines(&state.end(9_999));
    assert_eq!(lines(&state.end(9_999)), "", "a target ends once");
    expect.assert_eq(&out);
}

#[test]
fn series_that_vanish_end_and_a_failed_scrape_ends_all() {
    check(
        &settings(&job(), &[]),
        &[Ok("a 1\nb{x=\"1\"} 2\n"), Ok("a 3\n"), Err("connection refused"), Ok("a 4\n")],
        &expect![[r#"
            a{instance="127.0.0.1:80", job="shop"} 1 @1000
            b{instance="127.0.0.1:80", job="shop", x="1"} 2 @1000
            up{instance="127.0.0.1:80", job="shop"} 1 @1000
            scrape_duration_seconds{instance="127.0.0.1:80", job="shop"} 0.02 @1000
            scrape_samples_scraped{instance="127.0.0.1:80", job="shop"} 2 @1000
            scrape_samples_post_metric_relabeling{instance="127.0.0.1:80", job="shop"} 2 @1000
            scrape_series_added{instance="127.0.0.1:80", job="shop"} 2 @1000
            -- ok
            a{instance="127.0.0.1:80", job="shop"} 3 @2000
            b{instance="127.0.0.1:80", job="shop", x="1"} stale @2000
            up{instance="127.0.0.1:80", job="shop"} 1 @2000
            scrape_duration_seconds{instance="127.0.0.1:80", job="shop"} 0.02 @2000
            scrape_samples_scraped{instance="127.0.0.1:80", job="shop"} 1 @2000
            scrape_samples_post_metric_relabeling{instance="127.0.0.1:80", job="shop"} 1 @2000
            scrape_series_added{instance="127.0.0.1:80", job="shop"} 0 @2000
            -- ok
            a{instance="127.0.0.1:80", job="shop"} stale @3000
            up{instance="127.0.0.1:80", job="shop"} 0 @3000
            scrape_duration_seconds{instance="127.0.0.1:80", job="shop"} 0.02 @3000
            scrape_samples_scraped{instance="127.0.0.1:80", job="shop"} 0 @3000
            scrape_samples_post_metric_relabeling{instance="127.0.0.1:80", job="shop"} 0 @3000
            scrape_series_added{instance="127.0.0.1:80", job="shop"} 0 @3000
            -- connection refused
            a{instance="127.0.0.1:80", job="shop"} 4 @4000
            up{instance="127.0.0.1:80", job="shop"} 1 @4000
            scrape_duration_seconds{instance="127.0.0.1:80", job="shop"} 0.02 @4000
            scrape_samples_scraped{instance="127.0.0.1:80", job="shop"} 1 @4000
            scrape_samples_post_metric_relabeling{instance="127.0.0.1:80", job="shop"} 1 @4000
            scrape_series_added{instance="127.0.0.1:80", job="shop"} 0 @4000
            -- ok
            a{instance="127.0.0.1:80", job="shop"} stale @9999
            up{instance="127.0.0.1:80", job="shop"} stale @9999
            scrape_duration_seconds{instance="127.0.0.1:80", job="shop"} stale @9999
            scrape_samples_scraped{instance="127.0.0.1:80", job="shop"} stale @9999
            scrape_samples_post_metric_relabeling{instance="127.0.0.1:80", job="shop"} stale @9999
            scrape_series_added{instance="127.0.0.1:80", job="shop"} stale @9999
        "#]],
    );
}

#[test]
fn an_answer_that_breaks_off_stores_nothing_of_itself() {
    check(
        &settings(&job(), &[]),
        &[Ok("a 1\nb 1\n"), Ok("a 2\nb \n")],
        &expect![[r#"
            a{instance="127.0.0.1:80", job="shop"} 1 @1000
            b{instance="127.0.0.1:80", job="shop"} 1 @1000
            up{instance="127.0.0.1:80", job="shop"} 1 @1000
            scrape_duration_seconds{instance="127.0.0.1:80", job="shop"} 0.02 @1000
            scrape_samples_scraped{instance="127.0.0.1:80", job="shop"} 2 @1000
            scrape_samples_post_metric_relabeling{instance="127.0.0.1:80", job="shop"} 2 @1000
            scrape_series_added{instance="127.0.0.1:80", job="shop"} 2 @1000
            -- ok
            a{instance="127.0.0.1:80", job="shop"} stale @2000
            b{instance="127.0.0.1:80", job="shop"} stale @2000
            up{instance="127.0.0.1:80", job="shop"} 0 @2000
            scrape_duration_seconds{instance="127.0.0.1:80", job="shop"} 0.02 @2000
            scrape_samples_scraped{instance="127.0.0.1:80", job="shop"} 2 @2000
            scrape_samples_post_metric_relabeling{instance="127.0.0.1:80", job="shop"} 1 @2000
            scrape_series_added{instance="127.0.0.1:80", job="shop"} 0 @2000
            -- line 2: a sample without a value
            up{instance="127.0.0.1:80", job="shop"} stale @9999
            scrape_duration_seconds{instance="127.0.0.1:80", job="shop"} stale @9999
            scrape_samples_scraped{instance="127.0.0.1:80", job="shop"} stale @9999
            scrape_samples_post_metric_relabeling{instance="127.0.0.1:80", job="shop"} stale @9999
            scrape_series_added{instance="127.0.0.1:80", job="shop"} stale @9999
        "#]],
    );
}

#[test]
fn too_many_samples_fail_the_scrape() {
    check(
        &settings(&job(), &[]),
        &[Ok("a 1\nb 1\nc 1\nd 1\ne 1\n")],
        &expect![[r#"
            up{instance="127.0.0.1:80", job="shop"} 0 @1000
            scrape_duration_seconds{instance="127.0.0.1:80", job="shop"} 0.02 @1000
            scrape_samples_scraped{instance="127.0.0.1:80", job="shop"} 5 @1000
            scrape_samples_post_metric_relabeling{instance="127.0.0.1:80", job="shop"} 5 @1000
            scrape_series_added{instance="127.0.0.1:80", job="shop"} 0 @1000
            -- 5 samples, and the sample limit of this target is 4
            up{instance="127.0.0.1:80", job="shop"} stale @9999
            scrape_duration_seconds{instance="127.0.0.1:80", job="shop"} stale @9999
            scrape_samples_scraped{instance="127.0.0.1:80", job="shop"} stale @9999
            scrape_samples_post_metric_relabeling{instance="127.0.0.1:80", job="shop"} stale @9999
            scrape_series_added{instance="127.0.0.1:80", job="shop"} stale @9999
        "#]],
    );
}

#[test]
fn labels_of_the_configuration_win_and_those_of_the_target_are_kept() {
    let settings = settings(&job(), &[("env", "prod"), ("instance", "cart-1")]);
    let attached = |it: &[(&str, &str)]| {
        settings.attach(&Labels::new(it.iter().copied()).unwrap()).unwrap().unwrap().to_string()
    };
    expect![[
        r#"a{env="prod", exported_instance="x", exported_job="y", instance="cart-1", job="shop"}"#
    ]]
    .assert_eq(&attached(&[("__name__", "a"), ("instance", "x"), ("job", "y")]));
    expect![[r#"a{env="prod", exported_exported_job="y", exported_job="z", instance="cart-1", job="shop"}"#]]
        .assert_eq(&attached(&[("__name__", "a"), ("job", "y"), ("exported_job", "z")]));
}

#[test]
fn honored_labels_of_the_target_win() {
    let job = ScrapeJob { honor_labels: true, ..job() };
    let settings = settings(&job, &[("env", "prod")]);
    let scraped = Labels::new([("__name__", "a"), ("job", "own")]).unwrap();
    expect![[r#"a{env="prod", instance="127.0.0.1:80", job="own"}"#]]
        .assert_eq(&settings.attach(&scraped).unwrap().unwrap().to_string());
}

#[test]
fn times_of_the_target_count_only_when_they_are_honored() {
    let job = ScrapeJob { honor_timestamps: false, ..job() };
    let scrape = |job: &ScrapeJob| {
        let answer = text("a 1 77\n");
        let settings = settings(job, &[]);
        let scrape =
            TargetState::default().digest(&settings, Ok(answer), 1_000, SignedDuration::ZERO);
        let PendingValue::Number(sample) = scrape.rows[0].value else { panic!("a number") };
        sample.at_ms
    };
    assert_eq!((scrape(&job), scrape(&self::job())), (1_000, 77));
}

#[test]
fn markers_that_were_not_stored_are_owed() {
    let settings = settings(&job(), &[]);
    let mut state = TargetState::default();
    let mut scrape = |body: &str, at_ms, is_stored: Result<(), ()>| {
        let scrape = state.digest(&settings, Ok(text(body)), at_ms, SignedDuration::ZERO);
        let markers: Vec<Pending> = scrape.rows.iter().filter(|it| it.is_end()).cloned().collect();
        if is_stored.is_err() {
            state.owe(scrape.rows);
        }
        lines(&markers)
    };
    scrape("a 1\nb 1\n", 1, Ok(()));
    assert_eq!(scrape("a 1\n", 2, Err(())), scrape("a 1\n", 3, Ok(())));
    assert_eq!(scrape("a 1\n", 4, Ok(())), "");
}

#[test]
fn other_labels_of_a_target_end_the_series_under_the_old_ones() {
    let mut state = TargetState::default();
    let mut scrape = |job: &ScrapeJob, at_ms| {
        let answer = text("a{job=\"own\"} 1\n");
        let scrape = state.digest(&settings(job, &[]), Ok(answer), at_ms, SignedDuration::ZERO);
        lines(&scrape.rows[..2])
    };
    scrape(&job(), 1);
    let changed = scrape(&ScrapeJob { honor_labels: true, ..job() }, 2);
    expect![[r#"
        a{exported_job="own", instance="127.0.0.1:80", job="shop"} stale @2
        a{instance="127.0.0.1:80", job="own"} 1 @2
    "#]]
    .assert_eq(&changed);
}

#[test]
fn intervals_and_timeouts_are_kept_sane() {
    let settings = settings(&job(), &[]);
    assert_eq!(settings.timeout, settings.interval, "never longer than the interval");
    let hasty = ScrapeJob { interval: SignedDuration::ZERO, ..job() };
    assert_eq!(self::settings(&hasty, &[]).interval, INTERVAL_MIN);
}

fn rule(action: RelabelAction, source: &str, pattern: &str) -> Relabel {
    Relabel {
        action,
        source_labels: vec![source.to_owned()],
        pattern: Pattern::new(pattern).unwrap(),
        ..Relabel::default()
    }
}

#[test]
fn rules_drop_and_rename_series_and_the_limit_counts_what_is_left() {
    let metric_relabel_rules = vec![
        rule(RelabelAction::Drop, "__name__", "go_.*"),
        Relabel {
            target_label: "__name__".to_owned(),
            replacement: "renamed_$1".to_owned(),
            ..rule(RelabelAction::Replace, "__name__", "b(.)")
        },
    ];
    let job = ScrapeJob { metric_relabel_rules, sample_limit: 2, extra_metrics: true, ..job() };
    check(
        &settings(&job, &[]),
        &[Ok("go_a 1\ngo_b 1\nb1 1\na 1\n"), Ok("go_a 1\nb1 1\n"), Ok("a 1\nb2 1\nb3 1\n")],
        &expect![[r#"
            renamed_1{instance="127.0.0.1:80", job="shop"} 1 @1000
            a{instance="127.0.0.1:80", job="shop"} 1 @1000
            up{instance="127.0.0.1:80", job="shop"} 1 @1000
            scrape_duration_seconds{instance="127.0.0.1:80", job="shop"} 0.02 @1000
            scrape_samples_scraped{instance="127.0.0.1:80", job="shop"} 4 @1000
            scrape_samples_post_metric_relabeling{instance="127.0.0.1:80", job="shop"} 2 @1000
            scrape_series_added{instance="127.0.0.1:80", job="shop"} 2 @1000
            scrape_timeout_seconds{instance="127.0.0.1:80", job="shop"} 5 @1000
            scrape_sample_limit{instance="127.0.0.1:80", job="shop"} 2 @1000
            scrape_body_size_bytes{instance="127.0.0.1:80", job="shop"} 23 @1000
            -- ok
            renamed_1{instance="127.0.0.1:80", job="shop"} 1 @2000
            a{instance="127.0.0.1:80", job="shop"} stale @2000
            up{instance="127.0.0.1:80", job="shop"} 1 @2000
            scrape_duration_seconds{instance="127.0.0.1:80", job="shop"} 0.02 @2000
            scrape_samples_scraped{instance="127.0.0.1:80", job="shop"} 2 @2000
            scrape_samples_post_metric_relabeling{instance="127.0.0.1:80", job="shop"} 1 @2000
            scrape_series_added{instance="127.0.0.1:80", job="shop"} 0 @2000
            scrape_timeout_seconds{instance="127.0.0.1:80", job="shop"} 5 @2000
            scrape_sample_limit{instance="127.0.0.1:80", job="shop"} 2 @2000
            scrape_body_size_bytes{instance="127.0.0.1:80", job="shop"} 12 @2000
            -- ok
            renamed_1{instance="127.0.0.1:80", job="shop"} stale @3000
            up{instance="127.0.0.1:80", job="shop"} 0 @3000
            scrape_duration_seconds{instance="127.0.0.1:80", job="shop"} 0.02 @3000
            scrape_samples_scraped{instance="127.0.0.1:80", job="shop"} 3 @3000
            scrape_samples_post_metric_relabeling{instance="127.0.0.1:80", job="shop"} 3 @3000
            scrape_series_added{instance="127.0.0.1:80", job="shop"} 0 @3000
            scrape_timeout_seconds{instance="127.0.0.1:80", job="shop"} 5 @3000
            scrape_sample_limit{instance="127.0.0.1:80", job="shop"} 2 @3000
            scrape_body_size_bytes{instance="127.0.0.1:80", job="shop"} 14 @3000
            -- 3 samples, and the sample limit of this target is 2
            up{instance="127.0.0.1:80", job="shop"} stale @9999
            scrape_duration_seconds{instance="127.0.0.1:80", job="shop"} stale @9999
            scrape_samples_scraped{instance="127.0.0.1:80", job="shop"} stale @9999
            scrape_samples_post_metric_relabeling{instance="127.0.0.1:80", job="shop"} stale @9999
            scrape_series_added{instance="127.0.0.1:80", job="shop"} stale @9999
            scrape_timeout_seconds{instance="127.0.0.1:80", job="shop"} stale @9999
            scrape_sample_limit{instance="127.0.0.1:80", job="shop"} stale @9999
            scrape_body_size_bytes{instance="127.0.0.1:80", job="shop"} stale @9999
        "#]],
    );
}

#[test]
fn label_limits_fail_the_scrape() {
    let limits = |labels_max, name_bytes_max, value_bytes_max| ScrapeJob {
        label_limits: LabelLimits { labels_max, name_bytes_max, value_bytes_max },
        ..job()
    };
    let error = |job: &ScrapeJob| {
        let answer = text("a{long=\"value that is long\"} 1\n");
        let settings = settings(job, &[]);
        TargetState::default().digest(&settings, Ok(answer), 1, SignedDuration::ZERO).error
    };
    let max = usize::MAX;
    let said = [limits(3, max, max), limits(max, 7, max), limits(max, max, 15), limits(4, 8, 18)];
    let said: Vec<String> = said.iter().map(|it| error(it).unwrap_or_default()).collect();
    expect![[r#"
        line 1: 4 labels, and the label limit of this target is 3
        line 1: a label's name longer than 7 bytes: `__name__`
        line 1: the label `long` longer than 15 bytes
    "#]]
    .assert_eq(&said.join("\n"));
}

#[test]
fn times_of_the_target_may_be_tracked() {
    let job = ScrapeJob { track_timestamps_staleness: true, ..job() };
    let mut state = TargetState::default();
    let mut scrape = |body: &str, at_ms| {
        let scrape =
            state.digest(&settings(&job, &[]), Ok(text(body)), at_ms, SignedDuration::ZERO);
        lines(&scrape.rows[..1])
    };
    scrape("a 1 77\n", 100);
    expect![[r#"
        a{instance="127.0.0.1:80", job="shop"} stale @200
    "#]]
    .assert_eq(&scrape("", 200));
}
