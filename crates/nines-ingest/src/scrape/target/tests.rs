use std::fmt::Write;

use expect_test::{Expect, expect};
use nines_base::{Origin, is_stale};

use super::super::job::Scheme;
use super::*;

fn job() -> ScrapeJob {
    ScrapeJob {
        name: "shop".to_owned(),
        targets: Vec::new(),
        scheme: Scheme::Http,
        path: "/metrics".to_owned(),
        interval: SignedDuration::from_secs(5),
        timeout: SignedDuration::from_secs(60),
        honor_labels: false,
        honor_timestamps: true,
        sample_limit: 4,
        body_bytes_max: 1_000,
        origin: Origin::default(),
    }
}

fn settings(job: &ScrapeJob, labels: &[(&str, &str)]) -> Settings {
    let labels = Labels::new(labels.iter().copied()).unwrap();
    Settings::new(job, &Target { address: "127.0.0.1:80".to_owned(), labels })
}

fn lines(batches: &[SampleBatch]) -> String {
    let mut out = String::new();
    for batch in batches {
        for sample in &batch.samples {
            let stale = is_stale(sample.value);
            let value = if stale { "stale".to_owned() } else { sample.value.to_string() };
            writeln!(out, "{} {value} @{}", batch.labels, sample.at_ms).unwrap();
        }
    }
    out
}

/// One scrape each second; `Err` is a failed one.
#[track_caller]
fn check(settings: &Settings, answers: &[Result<&str, &str>], expect: &Expect) {
    let (mut state, mut out) = (TargetState::default(), String::new());
    for (number, answer) in (1..).zip(answers) {
        let answer = answer
            .map(|it| Answer { body: it.to_owned(), format: Format::Text })
            .map_err(str::to_owned);
        let took = SignedDuration::from_millis(20);
        let scrape = state.digest(settings, answer, 1_000 * number, took);
        out += &lines(&scrape.batches);
        writeln!(out, "-- {}", scrape.error.as_deref().unwrap_or("ok")).unwrap();
    }
    out += &lines(&state.end(settings, 9_999));
    assert_eq!(lines(&state.end(settings, 9_999)), "", "a target ends once");
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
        scrape_samples_scraped{instance="127.0.0.1:80", job="shop"} 0 @2000
        scrape_samples_post_metric_relabeling{instance="127.0.0.1:80", job="shop"} 0 @2000
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
        scrape_samples_scraped{instance="127.0.0.1:80", job="shop"} 0 @1000
        scrape_samples_post_metric_relabeling{instance="127.0.0.1:80", job="shop"} 0 @1000
        scrape_series_added{instance="127.0.0.1:80", job="shop"} 0 @1000
        -- line 5: more than 4 samples, the limit of this target
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
        settings.attach(&Labels::new(it.iter().copied()).unwrap()).to_string()
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
        .assert_eq(&settings.attach(&scraped).to_string());
}

#[test]
fn times_of_the_target_count_only_when_they_are_honored() {
    let job = ScrapeJob { honor_timestamps: false, ..job() };
    let scrape = |job: &ScrapeJob| {
        let answer = Answer { body: "a 1 77\n".to_owned(), format: Format::Text };
        let settings = settings(job, &[]);
        let scrape =
            TargetState::default().digest(&settings, Ok(answer), 1_000, SignedDuration::ZERO);
        scrape.batches[0].samples[0].at_ms
    };
    assert_eq!((scrape(&job), scrape(&self::job())), (1_000, 77));
}

#[test]
fn markers_that_were_not_stored_are_owed() {
    let settings = settings(&job(), &[]);
    let mut state = TargetState::default();
    let mut scrape = |body: &str, at_ms, is_stored: Result<(), ()>| {
        let answer = Answer { body: body.to_owned(), format: Format::Text };
        let scrape = state.digest(&settings, Ok(answer), at_ms, SignedDuration::ZERO);
        let markers: Vec<SampleBatch> =
            scrape.batches.iter().filter(|it| is_stale(it.samples[0].value)).cloned().collect();
        if is_stored.is_err() {
            state.owe(scrape.batches);
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
        let answer = Answer { body: "a{job=\"own\"} 1\n".to_owned(), format: Format::Text };
        let scrape = state.digest(&settings(job, &[]), Ok(answer), at_ms, SignedDuration::ZERO);
        lines(&scrape.batches[..2])
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
    assert_eq!(Settings::new(&hasty, &target()).interval, INTERVAL_MIN);
}

fn target() -> Target {
    Target { address: "127.0.0.1:80".to_owned(), labels: Labels::empty() }
}
