//! Exported rules against promtool: it takes them, and their alerts fire in the same minutes as ours.

use std::fmt::Write as _;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, METRIC_NAME, Sample, SampleBatch};
use nines_slo::{Severity, Slo, Tracker, TrackerConfig};
use nines_spec::{RuleOptions, SourceFile, export_rules, read_files};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::rule_tests::{here, promtool};

/// Faults that are played; each takes promtool a second or two.
const CASES: usize = 10;
/// The length of each.
const MINUTES: usize = 480;

/// What happens in one stretch of time.
#[derive(Debug, Clone)]
struct Stretch {
    minutes: usize,
    /// Requests of each instance in a minute.
    traffic: u64,
    bad_percent: u64,
    then: Then,
}

/// What happens at its end.
#[derive(Debug, Clone, Copy)]
enum Then {
    Nothing,
    /// The counters of one instance begin anew.
    Restart,
    /// So many scrapes of all instances fail.
    Gap(usize),
}

/// How the SLI is written.
const SLIS: [&str; 4] = [
    "counter: {bad: 'requests_total{code=~\"5..\"}', total: 'requests_total'}",
    "counter: {good: 'requests_total{code!~\"5..\"}', total: 'requests_total'}",
    "counter: {good: 'requests_total{code=\"200\"}', bad: 'requests_total{code=\"500\"}'}",
    "histogram: {metric: request_seconds, below: 300ms}",
];

fn stretch() -> impl Strategy<Value = Stretch> {
    let bad = prop_oneof![3 => Just(0_u64), 2 => 1_u64..6, 2 => 6_u64..40, 1 => Just(100_u64)];
    let then = prop_oneof![
        4 => Just(Then::Nothing),
        1 => Just(Then::Restart),
        1 => (1_usize..4).prop_map(Then::Gap),
    ];
    (3_usize..60, 0_u64..120, bad, then).prop_map(|(minutes, traffic, bad_percent, then)| Stretch {
        minutes,
        traffic,
        bad_percent,
        then,
    })
}

/// Text of an SLO with windows that fit into the time that is played.
fn definition() -> impl Strategy<Value = String> {
    let target = prop_oneof![Just("99.9%"), Just("99.5%"), Just("98.75%"), Just("95%")];
    let pair = |severity: &'static str, long: std::ops::Range<i64>, hold: i64| {
        (long, 100_u64..15_000, 0..=hold).prop_map(move |(long, factor, hold)| {
            let (whole, rest) = (1 + factor / 1_000, factor % 1_000);
            let short = (long / 12).max(1);
            format!("{{severity: {severity}, long: {long}m, short: {short}m, factor: {whole}.{rest:03}, for: {hold}m}}")
        })
    };
    let pairs = (pair("page", 10..90, 0), pair("page", 90..200, 2), pair("ticket", 60..360, 0));
    (prop::sample::select(&SLIS[..]), target, pairs).prop_map(|(sli, target, (one, two, three))| {
        format!(
            "apiVersion: nines/v1\nkind: SLO\nmetadata: {{name: shop/requests}}\nspec:\n  sli: {{{sli}}}\n  \
             objective: {target}\n  window: 1d\n  alerting:\n    mode: prometheus\n    guard: 'off'\n    \
             escalation: shop\n    pairs: [{one}, {two}, {three}]\n"
        )
    })
}

const PEOPLE: &str = "apiVersion: nines/v1\nkind: Person\nmetadata: {name: ana}\nspec: {contacts: [inbox: {}]}\n---\n\
    apiVersion: nines/v1\nkind: Escalation\nmetadata: {name: shop}\nspec: {steps: [{notify: [person: ana], wait: 10m}]}\n";

fn read(definition: &str) -> Option<Slo> {
    let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), text: text.to_owned() };
    let reading = read_files(vec![file("slo.yaml", definition), file("people.yaml", PEOPLE)]);
    // A factor that can never fire at this objective is refused; another one is tried.
    (!reading.has_errors()).then(|| reading.spec.slos.into_iter().next()).flatten()
}

/// One series with a value for each minute, or none.
struct Series {
    labels: Labels,
    values: Vec<Option<u64>>,
}

/// What two instances would have shown.
fn played(stretches: &[Stretch]) -> Vec<Series> {
    const NAMES: [(&str, &str, &str); 5] = [
        ("requests_total", "code", "200"),
        ("requests_total", "code", "500"),
        ("request_seconds_bucket", "le", "0.3"),
        ("request_seconds_bucket", "le", "+Inf"),
        ("request_seconds_count", "", ""),
    ];
    let mut all = Vec::new();
    for instance in ["a", "b"] {
        let mut series: Vec<Series> = NAMES
            .iter()
            .map(|(name, label, value)| {
                let labels =
                    Labels::new([(METRIC_NAME, *name), ("job", "shop"), ("instance", instance)]);
                let labels = labels.unwrap();
                let labels = if label.is_empty() { labels } else { labels.with(label, value) };
                Series { labels, values: Vec::new() }
            })
            .collect();
        let (mut good, mut bad, mut silent) = (17_u64, 3_u64, 0_usize);
        for it in stretches {
            for _ in 0..it.minutes {
                let failed = it.traffic * it.bad_percent / 100;
                bad += failed;
                good += it.traffic - failed;
                let values = [good, bad, good, good + bad, good + bad];
                for (series, value) in series.iter_mut().zip(values) {
                    series.values.push((silent == 0).then_some(value));
                }
                silent = silent.saturating_sub(1);
            }
            match it.then {
                Then::Restart if instance == "b" => (good, bad) = (0, 0),
                Then::Gap(minutes) => silent = minutes,
                Then::Restart | Then::Nothing => {}
            }
        }
        all.extend(series);
    }
    for it in &mut all {
        it.values.truncate(MINUTES);
    }
    all
}

fn at(minute: usize) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(i64::try_from(minute).unwrap())
}

/// What fires in each minute, by us.
fn ours(slo: &Slo, series: &[Series]) -> Vec<Vec<Severity>> {
    let mut tracker = Tracker::new(vec![slo.clone()], TrackerConfig::default());
    (0..MINUTES)
        .map(|minute| {
            let now = at(minute);
            let sample = |it: &Series| {
                let value = (*it.values.get(minute)?)?;
                let samples = vec![Sample { at_ms: now.as_millisecond(), value: value as f64 }];
                Some(SampleBatch { labels: it.labels.clone(), samples, histograms: Vec::new() })
            };
            let batch: Vec<SampleBatch> = series.iter().filter_map(sample).collect();
            tracker.observe(&batch);
            let mut firing: Vec<Severity> =
                tracker.evaluate(now).into_iter().map(|it| it.key.severity).collect();
            firing.sort();
            firing
        })
        .collect()
}

/// The same as a test file of promtool.
fn promtool_test(series: &[Series], firing: &[Vec<Severity>]) -> String {
    let mut out = String::from(
        "rule_files: [rules.yaml]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n",
    );
    for it in series {
        let labels: Vec<String> = it
            .labels
            .iter()
            .filter(|(name, _)| *name != METRIC_NAME)
            .map(|(name, value)| format!("{name}=\"{value}\""))
            .collect();
        let name = it.labels.metric_name().unwrap();
        let values = it.values.iter().map(|it| it.map_or("_".to_owned(), |it| it.to_string()));
        let values: Vec<String> = values.collect();
        let labels = labels.join(",");
        writeln!(
            out,
            "      - series: '{name}{{{labels}}}'\n        values: '{}'",
            values.join(" ")
        )
        .unwrap();
    }
    out.push_str("    promql_expr_test:\n");
    for (minute, severities) in firing.iter().enumerate() {
        let samples =
            severities.iter().map(|it| format!("{{labels: '{{severity=\"{it}\"}}', value: 1}}"));
        let samples: Vec<String> = samples.collect();
        writeln!(
            out,
            "      - {{expr: 'max by (severity) (ALERTS{{alertstate=\"firing\"}})', eval_time: {minute}m, \
             exp_samples: [{}]}}",
            samples.join(", ")
        )
        .unwrap();
    }
    out
}

fn play(folder: &Path, definition: &str, stretches: &[Stretch]) -> Option<(bool, usize)> {
    let slo = read(definition)?;
    let series = played(stretches);
    let firing = ours(&slo, &series);
    let rules = export_rules(&[slo], RuleOptions::default());
    std::fs::write(folder.join("rules.yaml"), &rules.text).unwrap();
    let file = folder.join("test.yaml");
    std::fs::write(&file, promtool_test(&series, &firing)).unwrap();
    let (is_content, text) = promtool(&["test", "rules"], &file)?;
    let shown: String = text.chars().take(2_000).collect();
    assert!(is_content, "{definition}\n{stretches:?}\n{shown}");
    Some((true, firing.iter().filter(|it| !it.is_empty()).count()))
}

#[test]
fn exported_alerts_fire_in_the_same_minutes_as_ours() {
    let folder = tempfile::tempdir().unwrap();
    // Always the same cases: a failure can be looked at again.
    let mut runner = TestRunner::deterministic();
    let stretches = prop::collection::vec(stretch(), 12..24);
    let (mut played, mut minutes) = (0, 0);
    for _ in 0..20 * CASES {
        if played == CASES {
            break;
        }
        let definition = definition().new_tree(&mut runner).unwrap().current();
        let stretches = Strategy::new_tree(&stretches, &mut runner).unwrap().current();
        if read(&definition).is_none() {
            continue;
        }
        // Without promtool there is nothing to compare with, and that is told.
        let Some((_, firing)) = play(folder.path(), &definition, &stretches) else { return };
        played += 1;
        minutes += firing;
    }
    assert!(played == CASES && 200 < minutes, "{played} cases, {minutes} minutes with alerts");
}

/// Whatever can be exported, promtool takes.
#[test]
fn promtool_takes_exported_rules() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    for example in ["minimal", "shop", "four-objectives", "import/openslo"] {
        let example = here("../../examples").join(example);
        if !example.is_dir() {
            continue;
        }
        let out = [
            "export",
            "prometheus-rules",
            example.to_str().unwrap(),
            "--out",
            file.to_str().unwrap(),
        ];
        let ours = crate::process::nines(folder.path(), &out);
        assert_eq!(ours.code, 0, "{}{}", ours.stdout, ours.stderr);
        let Some((is_content, text)) = promtool(&["check", "rules"], &file) else { return };
        assert!(is_content, "{example:?}\n{text}");
    }
}
