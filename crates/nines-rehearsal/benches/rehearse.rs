//! What rehearsals cost: unit tests by the thousand, and a quarter of a year of a hundred objectives.
//!
//! `cargo bench -p nines-rehearsal` measures both in full; as a test it plays one of each.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::thread;

use divan::Bencher;
use divan::counter::ItemsCount;
use jiff::Timestamp;
use nines_base::{Labels, METRIC_NAME, Matcher, Sample};
use nines_promql::{SelectLimits, SeriesSamples, SeriesSource, SeriesView, SourceError};
use nines_rehearsal::{Plan, Setup, backtest, play};
use nines_server::engine_config;
use nines_spec::{SourceFile, UnitTest, read_files, read_tests};

const START_MS: i64 = 1_790_000_000_000 / DAY_MS * DAY_MS;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// Before the range of a backtest: a whole window is counted before the first judgement.
const PAST_DAYS: i64 = 29;
const RANGE_DAYS: i64 = 90;

/// Who is paged.
const PEOPLE: &str = include_str!("../../../examples/tests/oncall/shop.yaml");

fn main() {
    divan::main();
}

/// What is asked for when this is a measurement, and little when it is a test.
fn sizes(asked: usize) -> [usize; 1] {
    let is_measured = std::env::args().any(|it| it == "--bench");
    [if is_measured { asked } else { 1 }]
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The example, so many times: an hour in steps of a minute after 28 days of history.
#[divan::bench(args = sizes(1_000), sample_count = 3, sample_size = 1)]
fn unit_tests(bencher: Bencher<'_, '_>, tests: usize) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/tests/checkout_test.yaml");
    let file = read_tests(&path).expect("the example can be read");
    let one = file.tests.first().expect("the example has a test");
    bencher.counter(ItemsCount::new(tests)).bench(|| {
        thread::scope(|scope| {
            let workers = processors();
            for worker in 0..workers {
                scope.spawn(move || (worker..tests).step_by(workers).for_each(|_| pass(one)));
            }
        });
    });
}

fn pass(test: &UnitTest) {
    let setup = Setup::new(&test.spec, engine_config(&test.spec));
    let verdict = play(&test.case, &setup).expect("the engine plays");
    assert!(verdict.failures.is_empty(), "the example is green");
}

/// 90 days in steps of a minute, with four pairs of burn windows over 28 days, and a policy for each service.
#[divan::bench(args = sizes(100), sample_count = 3, sample_size = 1)]
fn a_quarter_of_a_year(bencher: Bencher<'_, '_>, slos: usize) {
    let people = SourceFile { path: "people.yaml".to_owned(), text: PEOPLE.to_owned() };
    let reading = read_files((0..slos).map(document).chain([people]).collect());
    assert!(reading.findings.is_empty(), "{:?}", reading.findings);
    let setup = Setup::new(&reading.spec, engine_config(&reading.spec));
    let past = Past::new(slos, PAST_DAYS + RANGE_DAYS);
    let from = START_MS + PAST_DAYS * DAY_MS;
    let at = |it| Timestamp::from_millisecond(it).expect("in range");
    let range = at(from)..at(from + RANGE_DAYS * DAY_MS);
    let plan = Plan { threads: processors(), ..Plan::new(range) };
    bencher.counter(ItemsCount::new(slos)).bench(|| {
        let report = backtest(&setup, &past, &plan).expect("the samples can be read");
        assert!(!report.alerts.is_empty(), "there are faults");
        report
    });
}

fn document(index: usize) -> SourceFile {
    let text = format!(
        r#"apiVersion: nines/v1
kind: SLO
metadata: {{name: shop-{index}/availability, owner: shop}}
spec:
  sli:
    counter:
      bad: 'errors_total{{job="shop-{index}"}}'
      total: 'requests_total{{job="shop-{index}"}}'
  objective: 99.5%
  window: 28d
  alerting: {{preset: scaled, escalation: shop-primary}}
---
apiVersion: nines/v1
kind: Service
metadata: {{name: shop-{index}, owner: shop}}
spec: {{tier: "1"}}
---
apiVersion: nines/v1
kind: Policy
metadata: {{name: policy-{index}, owners: [shop], approvers: [release-managers], revisit: 2027-03-31}}
spec:
  scope: {{services: [shop-{index}], env: prod}}
  budget: {{window: 28d, basis: seen, min_coverage: 25%}}
  levels:
    - {{name: careful, enter: budget.remaining < 50%, leave: budget.remaining > 60%, hold: 12h, effects: {{max_step: 5%}}}}
    - {{name: frozen, enter: budget.remaining <= 0%, leave: budget.remaining > 10%, hold: 24h, effects: {{freeze: true}}}}
  rules:
    - {{when: burn.page, then: {{hold: true}}}}
"#
    );
    SourceFile { path: format!("shop-{index:03}.yaml"), text }
}

/// Counters that rise every minute. All services have the same numbers, so that they fit into memory.
struct Past {
    requests: Vec<Sample>,
    errors: Vec<Sample>,
    series: BTreeMap<Labels, Kind>,
}

#[derive(Clone, Copy)]
enum Kind {
    Requests,
    Errors,
}

impl Past {
    fn new(services: usize, days: i64) -> Self {
        let (mut total, mut bad, mut requests, mut errors) = (0_i64, 0_i64, Vec::new(), Vec::new());
        for minute in 0..=days * DAY_MS / MINUTE_MS {
            let at_ms = START_MS + minute * MINUTE_MS;
            let of_minute = 250 + minute % 97;
            // One error in 500 requests, and once a week an hour with one in ten.
            let is_fault = minute % (7 * 24 * 60) < 60;
            let bad_of_minute = if is_fault { of_minute / 10 } else { i64::from(minute % 2 == 0) };
            (total, bad) = (total + of_minute, bad + bad_of_minute);
            requests.push(Sample { at_ms, value: total as f64 });
            errors.push(Sample { at_ms, value: bad as f64 });
        }
        let mut series = BTreeMap::new();
        for index in 0..services {
            for (name, kind) in [("requests_total", Kind::Requests), ("errors_total", Kind::Errors)]
            {
                let job = format!("shop-{index}");
                let pairs = [(METRIC_NAME, name), ("job", job.as_str())];
                series.insert(Labels::new(pairs).expect("distinct names"), kind);
            }
        }
        Self { requests, errors, series }
    }
}

fn within(samples: &[Sample], from_ms: i64, to_ms: i64) -> &[Sample] {
    let from = samples.partition_point(|it| it.at_ms < from_ms);
    let to = samples.partition_point(|it| it.at_ms <= to_ms);
    samples.get(from..to).unwrap_or_default()
}

impl SeriesSource for Past {
    fn select(
        &self,
        matchers: &[Matcher],
        from_ms: i64,
        to_ms: i64,
        limits: &SelectLimits,
    ) -> Result<Vec<SeriesSamples>, SourceError> {
        let mut found = Vec::new();
        self.visit(matchers, from_ms, to_ms, limits, &mut |it| {
            let (labels, samples) = (it.labels.clone(), it.samples.to_vec());
            found.push(SeriesSamples { labels, samples, histograms: Vec::new() });
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    fn visit(
        &self,
        matchers: &[Matcher],
        from_ms: i64,
        to_ms: i64,
        _limits: &SelectLimits,
        visit: &mut dyn FnMut(SeriesView<'_>) -> ControlFlow<()>,
    ) -> Result<(), SourceError> {
        let found = self.series.iter().filter(|(it, _)| matchers.iter().all(|m| m.matches(it)));
        for (labels, kind) in found {
            let samples = match kind {
                Kind::Requests => &self.requests,
                Kind::Errors => &self.errors,
            };
            let samples = within(samples, from_ms, to_ms);
            if visit(SeriesView { labels, samples, histograms: &[] }).is_break() {
                break;
            }
        }
        Ok(())
    }
}
