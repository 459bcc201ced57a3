//! The cost of following many SLOs.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, METRIC_NAME, MatchOp, Matcher, Origin, Sample, SampleBatch};
use nines_slo::{
    Alerting, CounterSli, Goal, Method, Preset, Selector, Sli, SliKind, Slo, SloName, Tracker,
    TrackerConfig, Window,
};

const START_MS: i64 = 1_800_000_000_000;
const WINDOW: SignedDuration = SignedDuration::from_hours(28 * 24);

fn main() {
    divan::main();
}

fn requests(service: &str, code: Option<&str>) -> Selector {
    let mut matchers =
        vec![Matcher::equal(METRIC_NAME, "http_requests_total"), Matcher::equal("job", service)];
    let code = code.map(|it| Matcher::new("code", MatchOp::Regex, it).expect("an expression"));
    matchers.extend(code);
    Selector { text: service.to_owned(), matchers }
}

fn goal() -> Goal {
    let window = Window::Rolling(WINDOW);
    let alerting = Alerting::preset(Preset::Scaled, &window, None);
    Goal::new("99.5%".parse().expect("an objective"), window, alerting)
}

fn slo(index: usize) -> Slo {
    let service = format!("service-{index}");
    Slo {
        sli: Sli::from(SliKind::Counter(CounterSli {
            good: Vec::new(),
            bad: vec![requests(&service, Some("5.."))],
            total: vec![requests(&service, None)],
            scale: 0,
        })),
        name: SloName { service, slo: "availability".to_owned() },
        owner: None,
        runbook: None,
        labels: Labels::empty(),
        method: Method::Occurrences,
        goals: vec![goal()],
        grouping: None,
        origin: Origin::default(),
    }
}

fn series(service: usize, code: &str, steps: i64, step_ms: i64) -> SampleBatch {
    let service = format!("service-{service}");
    let pairs = [(METRIC_NAME, "http_requests_total"), ("job", service.as_str()), ("code", code)];
    let sample = |it: i64| Sample { at_ms: START_MS + it * step_ms, value: (it * 7) as f64 };
    SampleBatch {
        histograms: Vec::new(),
        labels: Labels::new(pairs).expect("distinct names"),
        samples: (0..=steps).map(sample).collect(),
    }
}

/// One evaluation of all SLOs, with 12 hours of samples.
#[divan::bench(args = [10, 1_000])]
fn evaluate(bencher: Bencher<'_, '_>, slos: usize) {
    let mut tracker = Tracker::new((0..slos).map(slo).collect(), TrackerConfig::default());
    for service in 0..slos {
        tracker.observe(&[series(service, "200", 720, 60_000)]);
    }
    let now = Timestamp::from_millisecond(START_MS + 720 * 60_000).expect("in range");
    bencher.counter(ItemsCount::new(slos)).bench_local(|| tracker.evaluate(black_box(now)));
}

/// 28 days at one sample per five minutes, as at start.
#[divan::bench(args = [1, 150])]
fn replay(bencher: Bencher<'_, '_>, series_count: usize) {
    let batch: Vec<_> = (0..series_count)
        .map(|it| series(0, &format!("{}", 200 + it), 28 * 288, 300_000))
        .collect();
    let samples: usize = batch.iter().map(|it| it.samples.len()).sum();
    bencher
        .counter(ItemsCount::new(samples))
        .with_inputs(|| Tracker::new(vec![slo(0)], TrackerConfig::default()))
        .bench_local_refs(|tracker| tracker.observe(black_box(&batch)));
}
