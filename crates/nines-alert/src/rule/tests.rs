use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use expect_test::{Expect, expect};
use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, METRIC_NAME, Matcher, Origin, Sample, SampleBatch, is_stale};
use nines_port::{Appended, SampleSink, SinkError};
use nines_promql::{QueryLimits, SelectLimits, SeriesSource, check as parse};
use proptest::prelude::*;

use super::trial::MemorySeries;
use super::{
    Environment, GroupState, Rule, RuleGroup, RuleHealth, RuleKind, Schedule, parse_template,
    slot_before,
};

fn minute(it: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(it)
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    Labels::new(pairs.iter().copied()).unwrap()
}

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn group(rules: Vec<Rule>) -> RuleGroup {
    RuleGroup {
        name: "group".to_owned(),
        file: "rules.yaml".to_owned(),
        interval: SignedDuration::from_mins(1),
        query_offset: SignedDuration::ZERO,
        limit: 0,
        rules,
        origin: Origin::default(),
    }
}

/// `up == 0`, held and kept for so many minutes.
fn down(hold: i64, keep: i64) -> Rule {
    let own = texts(&[("severity", "page"), ("site", "{{ $labels.job }}-1")]);
    let query = parse("up == 0").unwrap();
    let summary = texts(&[("summary", "{{ $labels.job }} is {{ $value }}")]);
    let mut rule = Rule::alert("Down", query, own, &summary).unwrap();
    if let RuleKind::Alert(alert) = &mut rule.kind {
        alert.hold = SignedDuration::from_mins(hold);
        alert.keep_firing = SignedDuration::from_mins(keep);
    }
    rule
}

fn with_environment<T>(store: &MemorySeries, act: impl FnOnce(&Environment<'_>) -> T) -> T {
    act(&Environment {
        source: store,
        sink: store,
        limits: QueryLimits::default(),
        external_labels: &labels(&[("region", "eu")]),
        external_url: "https://nines.example/base",
        stopwatch: &|| SignedDuration::ZERO,
    })
}

/// A sample of `up` at each minute; `x` is none.
fn ups(series: &[(&str, &str)]) -> MemorySeries {
    let store = MemorySeries::default();
    for (job, points) in series {
        let samples = points.chars().enumerate().filter_map(|(at, it)| {
            let at_ms = minute(i64::try_from(at).unwrap()).as_millisecond();
            Some(Sample { at_ms, value: f64::from(it.to_digit(10)?) })
        });
        let samples: Vec<_> = samples.collect();
        let named = labels(&[(METRIC_NAME, "up"), ("job", job), ("zone", "a")]);
        store.add(&[SampleBatch::new(named, samples)]);
    }
    store
}

fn written(store: &MemorySeries, name: &str, at: Timestamp) -> Vec<(Labels, f64)> {
    let limits = SelectLimits { series_max: 100, samples_max: 100 };
    let at_ms = at.as_millisecond();
    let series = store.select(&[Matcher::equal(METRIC_NAME, name)], at_ms, at_ms, &limits).unwrap();
    series.into_iter().map(|it| (it.labels, it.samples[0].value)).collect()
}

/// Evaluates every minute up to the last; a line for each in which something is pending, firing, told or ended.
fn transcript(
    state: &mut GroupState,
    store: &MemorySeries,
    minutes: std::ops::Range<i64>,
) -> String {
    let mut out = String::new();
    for at in minutes {
        with_environment(store, |it| state.evaluate(minute(at), it));
        let mut line = Vec::new();
        for alert in state.rules()[0].alerting.active.values() {
            line.push(format!("{} {}", alert.labels.value("job"), alert.state));
        }
        for (_, alert) in state.take_due(minute(at)) {
            line.push(format!("tells {} is {}", alert.labels.value("job"), alert.state));
        }
        for (labels, value) in written(store, "ALERTS", minute(at)) {
            let state = labels.value("alertstate").to_owned();
            line.push(if is_stale(value) {
                format!("ends {state}")
            } else {
                format!("ALERTS {state}")
            });
        }
        if let RuleHealth::Bad(problem) = &state.rules()[0].health {
            line.push(problem.clone());
        }
        if !line.is_empty() {
            writeln!(out, "{at:02}m {}", line.join(", ")).unwrap();
        }
    }
    out
}

#[track_caller]
fn check(rule: Rule, series: &[(&str, &str)], minutes: i64, expect: &Expect) {
    let store = ups(series);
    let mut state = GroupState::new(Arc::new(group(vec![rule])));
    expect.assert_eq(&transcript(&mut state, &store, 0..minutes));
}

#[test]
fn an_alert_is_pending_then_fires_then_is_told_to_be_over() {
    check(
        down(2, 0),
        &[("api", "10000111")],
        8,
        &expect![[r#"
            01m api pending, ALERTS pending
            02m api pending, ALERTS pending
            03m api firing, tells api is firing, ALERTS firing, ends pending
            04m api firing, ALERTS firing
            05m api inactive, tells api is inactive, ends firing
            06m api inactive
            07m api inactive, tells api is inactive
        "#]],
    );
}

#[test]
fn a_pending_alert_whose_series_goes_is_forgotten() {
    check(
        down(5, 0),
        &[("api", "1001001")],
        7,
        &expect![[r#"
            01m api pending, ALERTS pending
            02m api pending, ALERTS pending
            03m ends pending
            04m api pending, ALERTS pending
            05m api pending, ALERTS pending
            06m ends pending
        "#]],
    );
}

#[test]
fn an_alert_that_is_kept_fires_on_for_a_while_and_through_a_gap() {
    check(
        down(0, 2),
        &[("api", "0101111")],
        7,
        &expect![[r#"
            00m api firing, tells api is firing, ALERTS firing
            01m api firing, ALERTS firing
            02m api firing, tells api is firing, ALERTS firing
            03m api firing, ALERTS firing
            04m api firing, tells api is firing, ALERTS firing
            05m api inactive, tells api is inactive, ends firing
            06m api inactive
        "#]],
    );
}

#[test]
fn a_resolved_alert_is_remembered_for_a_quarter_of_an_hour() {
    let points = format!("0{}", "1".repeat(20));
    let store = ups(&[("api", points.as_str())]);
    let mut state = GroupState::new(Arc::new(group(vec![down(0, 0)])));
    let text = transcript(&mut state, &store, 0..20);
    assert!(text.contains("16m api inactive"), "{text}");
    assert!(!text.contains("17m"), "{text}");
}

#[test]
fn labels_and_annotations_are_filled_and_series_keep_their_beginning() {
    let store = ups(&[("api", "000")]);
    let mut state = GroupState::new(Arc::new(group(vec![down(0, 0)])));
    for at in 0..3 {
        with_environment(&store, |it| state.evaluate(minute(at), it));
    }
    let alert = state.rules()[0].alerting.active.values().next().unwrap();
    let own = [
        ("alertname", "Down"),
        ("job", "api"),
        ("severity", "page"),
        ("site", "api-1"),
        ("zone", "a"),
    ];
    assert_eq!(alert.labels, labels(&own));
    let summary = BTreeMap::from([("summary".to_owned(), "api is 0".to_owned())]);
    assert_eq!((&alert.annotations, alert.value), (&summary, 0.0));
    let since = written(&store, "ALERTS_FOR_STATE", minute(2));
    assert_eq!(since, [(alert.labels.with(METRIC_NAME, "ALERTS_FOR_STATE"), 0.0)]);
}

#[test]
fn two_series_that_become_one_alert_are_an_error_and_change_nothing() {
    let rule =
        Rule::alert("Down", parse("up == 0").unwrap(), texts(&[("job", "all")]), &texts(&[]));
    check(
        rule.unwrap(),
        &[("api", "100"), ("web", "110")],
        3,
        &expect![[r#"
            01m all firing, tells all is firing, ALERTS firing
            02m all firing, vector contains metrics with the same labelset after applying alert labels
        "#]],
    );
}

#[test]
fn a_limit_refuses_all_of_a_rules_alerts() {
    let store = ups(&[("api", "00"), ("web", "10")]);
    let limited = RuleGroup { limit: 1, ..group(vec![down(0, 0)]) };
    let mut state = GroupState::new(Arc::new(limited));
    expect![[r#"
        00m api firing, tells api is firing, ALERTS firing
        01m exceeded limit of 1 with 2 alerts
    "#]]
    .assert_eq(&transcript(&mut state, &store, 0..2));
}

#[test]
fn rules_see_what_the_rules_before_them_wrote_and_series_end_when_they_vanish() {
    let store = ups(&[("api", "11"), ("web", "1")]);
    // The web server's own end, as a scrape writes it.
    let web = labels(&[(METRIC_NAME, "up"), ("job", "web"), ("zone", "a")]);
    let ended = Sample { at_ms: minute(1).as_millisecond(), value: nines_base::stale_marker() };
    store.add(&[SampleBatch::new(web, vec![ended])]);
    let double = Rule::record(
        "up:double",
        parse("up * 2").unwrap(),
        texts(&[("rule", "one"), ("zone", "")]),
    );
    let total = Rule::record("up:total", parse("sum(up:double)").unwrap(), texts(&[]));
    let mut state = GroupState::new(Arc::new(group(vec![double, total])));
    with_environment(&store, |it| state.evaluate(minute(0), it));
    assert_eq!(
        written(&store, "up:total", minute(0)),
        [(labels(&[(METRIC_NAME, "up:total")]), 4.0)]
    );
    with_environment(&store, |it| state.evaluate(minute(1), it));
    let doubled = written(&store, "up:double", minute(1));
    assert_eq!(doubled.len(), 2);
    let api = labels(&[(METRIC_NAME, "up:double"), ("job", "api"), ("rule", "one")]);
    assert_eq!(doubled[0], (api, 2.0), "an empty label removes");
    assert!(is_stale(doubled[1].1), "the web server's series has ended");
    assert_eq!(state.rules()[0].health, RuleHealth::Good);
}

#[test]
fn a_series_that_moves_from_one_rule_to_another_does_not_end() {
    for (first, second) in [("up > 1", "up <= 1"), ("up <= 1", "up > 1")] {
        let store = ups(&[("api", "121")]);
        let record = |text: &str| Rule::record("moved", parse(text).unwrap(), texts(&[]));
        let mut state = GroupState::new(Arc::new(group(vec![record(first), record(second)])));
        for at in 0..3 {
            // As a store that keeps the last of several values at one instant.
            let sink = LastWins(&store);
            with_environment(&store, |it| {
                state.evaluate(minute(at), &Environment { sink: &sink, ..*it });
            });
            let values: Vec<f64> =
                written(&store, "moved", minute(at)).iter().map(|it| it.1).collect();
            assert!(values.len() == 1 && !is_stale(values[0]), "{first} at {at}: {values:?}");
        }
    }
}

#[derive(Debug)]
struct LastWins<'a>(&'a MemorySeries);

impl SampleSink for LastWins<'_> {
    fn append(&self, batch: &[SampleBatch]) -> Result<Appended, SinkError> {
        self.0.add(batch);
        Ok(Appended::default())
    }
}

#[test]
fn an_offset_looks_and_writes_in_the_past() {
    let store = ups(&[("api", "12345")]);
    let copy = Rule::record("copy", parse("up").unwrap(), texts(&[]));
    let late = RuleGroup { query_offset: SignedDuration::from_mins(2), ..group(vec![copy]) };
    let mut state = GroupState::new(Arc::new(late));
    with_environment(&store, |it| state.evaluate(minute(4), it));
    assert_eq!(
        written(&store, "copy", minute(2)),
        [(labels(&[(METRIC_NAME, "copy"), ("job", "api"), ("zone", "a")]), 3.0)]
    );
    assert_eq!(written(&store, "copy", minute(4)), []);
}

#[test]
fn a_reload_keeps_the_alerts_of_rules_that_stay_and_ends_the_series_of_those_that_go() {
    let store = ups(&[("api", "00000")]);
    let gone = Rule::record("gone", parse("up").unwrap(), texts(&[]));
    let mut state = GroupState::new(Arc::new(group(vec![gone, down(2, 0)])));
    for at in 0..2 {
        with_environment(&store, |it| state.evaluate(minute(at), it));
    }
    let mut state = state.reconfigured(&Arc::new(group(vec![down(2, 0)])));
    let text = transcript(&mut state, &store, 2..3);
    assert!(text.starts_with("02m api firing, tells api is firing"), "{text}");
    assert!(is_stale(written(&store, "gone", minute(2))[0].1));
}

/// Plays `minutes` up to `stop`, then goes on after a restart from `start`; when the alert fires again.
fn fires_after_restart(hold: i64, stop: i64, start: i64) -> Option<i64> {
    let points = "0".repeat(120);
    let store = ups(&[("api", points.as_str())]);
    let mut before = GroupState::new(Arc::new(group(vec![down(hold, 0)])));
    transcript(&mut before, &store, 0..stop + 1);
    let mut after = GroupState::after_restart(Arc::clone(before.group()));
    let text = transcript(&mut after, &store, start..120);
    assert!(after.is_settled());
    let line = text.lines().find(|it| it.contains("api firing"))?;
    line.get(..line.find('m')?)?.parse().ok()
}

#[test]
fn a_restart_restores_since_when_alerts_are_active() {
    // Fired before: fires again with the evaluation after the past was read.
    assert_eq!(fires_after_restart(20, 30, 32), Some(34));
    // Still waiting, with little left: a grace of ten minutes after the past was read at 21.
    assert_eq!(fires_after_restart(20, 15, 20), Some(31));
    // Still waiting, with much left: the five minutes of outage up to 11 do not count.
    assert_eq!(fires_after_restart(40, 6, 10), Some(45));
    // A short hold begins anew.
    assert_eq!(fires_after_restart(5, 30, 32), Some(37));
    // Longer away than an hour: begins anew.
    assert_eq!(fires_after_restart(20, 5, 70), Some(90));
}

#[test]
fn a_schedule_spreads_groups_and_counts_what_came_too_late() {
    let one = group(vec![]);
    let slot = slot_before(&one, minute(10));
    assert!(slot <= minute(10) && minute(9) < slot);
    assert_eq!(slot_before(&one, slot), slot);
    let mut schedule = Schedule::starting(&one, minute(10));
    let first = schedule.next;
    assert_eq!(first, slot + SignedDuration::from_mins(1));
    assert_eq!(schedule.take(&one, first - SignedDuration::from_millis(1)), None);
    assert_eq!(schedule.take(&one, first), Some(first));
    let late = first + SignedDuration::from_mins(4) + SignedDuration::from_secs(30);
    assert_eq!(schedule.take(&one, late), Some(first + SignedDuration::from_mins(4)));
    assert_eq!((schedule.scheduled_total, schedule.missed_total), (5, 3));
    assert_eq!(schedule.take(&one, minute(10)), None, "the clock was set back");
    assert_eq!(schedule.next, first);
}

fn expand(text: &str) -> String {
    let store = ups(&[("api", "7"), ("web", "2")]);
    let query = parse("up{job=\"api\"}").unwrap();
    let rule = Rule::alert("Up", query, texts(&[]), &texts(&[("it", text)]));
    let mut state = match rule {
        Ok(rule) => GroupState::new(Arc::new(group(vec![rule]))),
        Err(error) => return error.to_string(),
    };
    with_environment(&store, |it| state.evaluate(minute(0), it));
    state.rules()[0].alerting.active.values().next().unwrap().annotations["it"].clone()
}

#[test]
fn templates_have_the_functions_of_prometheus() {
    let texts = [
        "{{ humanize 1234567.0 }} {{ humanize 0.00012 }} {{ humanize -12.0 }} {{ humanize \"1500\" }} {{ humanize 0 }}",
        "{{ humanize1024 1048576.0 }} {{ humanize1024 0.5 }} {{ humanizePercentage 0.12345 }}",
        "{{ humanizeDuration 0.0015 }} {{ humanizeDuration 12.3456 }} {{ humanizeDuration 3661 }} {{ humanizeDuration -90061 }}",
        "{{ humanizeTimestamp 1435065584.128 }} {{ toTime 0 }} {{ toDuration 3661.5 }}",
        "{{ title \"a big-dog_x\" }} {{ toUpper \"a\" }} {{ toLower \"A\" }} {{ match \"a.c\" \"abc\" }}",
        "{{ reReplaceAll \"(b+)\" \"<$1>\" \"abbc\" }} {{ stripPort \"h:9\" }} {{ stripPort \"[::1]:9\" }} {{ stripDomain \"a.b.c:9\" }}",
        "{{ range query \"up\" | sortByLabel \"job\" }}{{ .Labels.job }}={{ .Value }} {{ end }}",
        "{{ query \"sum(up)\" | first | value }} {{ with query \"nobody\" }}x{{ else }}none{{ end }}",
        "{{ (query \"up\" | first).Labels.job }} {{ query \"up\" | first | label \"job\" }}",
        "{{ first (query \"nobody\") }}",
        "{{ query \"up[\" }}",
        "{{ $externalLabels.region }} {{ externalURL }} {{ pathPrefix }} {{ .ExternalURL }} {{ $externalURL }}",
        "{{ graphLink \"up > 1\" }} {{ tableLink \"up\" }} {{ urlQueryEscape \"a b\" }}",
        "{{ parseDuration \"1h30m\" }} {{ now }} {{ safeHtml \"<b>\" }} {{ (args 1 \"x\").arg1 }}",
        "{{ tmpl \"x\" . }}",
        "{{ humanize .Labels }}",
    ];
    let lines: Vec<String> = texts.iter().map(|it| expand(it) + "\n").collect();
    expect![[r#"
        1.235M 120u -12 1.5k 0
        1Mi 0.5 12.35%
        1.5ms 12.35s 1h 1m 1s -1d 1h 1m 1s
        2015-06-23 13:19:44.128 +0000 UTC 1970-01-01 00:00:00 +0000 UTC 1h1m1.5s
        A Big-Dog_x A a true
        a<bb>c h ::1 a:9
        api=7 web=2 
        9 none
        api api
        <error expanding template: error executing template __alert_Up: template: __alert_Up:1:4: error calling first: first() called on vector with no elements>
        <error expanding template: error executing template __alert_Up: template: __alert_Up:1:4: error calling query: invalid query: unclosed left bracket>
        eu https://nines.example/base /base https://nines.example/base https://nines.example/base
        /graph?g0.expr=up+%3E+1&g0.tab=0 /graph?g0.expr=up&g0.tab=1 a+b
        5400 0 <b> x
        function "tmpl" not defined
        <error expanding template: error executing template __alert_Up: template: __alert_Up:1:4: error calling humanize: can't convert map to float>
    "#]].assert_eq(&lines.concat());
}

proptest! {
    #[test]
    fn slots_keep_their_distance_and_never_lie_ahead(at_ms in 0..4_000_000_000_000_i64, seconds in 1..100_000_i64) {
        let group = RuleGroup { interval: SignedDuration::from_secs(seconds), ..group(vec![]) };
        let at = Timestamp::from_millisecond(at_ms).unwrap();
        let slot = slot_before(&group, at);
        prop_assert!(slot <= at && at.duration_since(slot) < group.interval);
        prop_assert_eq!(slot_before(&group, slot + group.interval), slot + group.interval);
    }

    #[test]
    fn no_template_of_a_rule_panics(text in "[{}$.a-z0-9|() \"]{0,30}") {
        drop(parse_template(&format!("{{{{ {text} }}}}")));
    }
}
