//! What many SLOs cost: memory with their whole past, one evaluation, and a steady stream of scrapes.
//!
//! Prints one JSON object, which `cargo xtask bench slo` reads. Without arguments it runs small, as a test; with
//! the number of SLOs it measures. Time is the processor's, as the kernel counts it for this process.

#![expect(clippy::print_stdout, reason = "the result goes there")]

use std::fs;

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, METRIC_NAME, MatchOp, Matcher, Origin, Sample, SampleBatch};
use nines_slo::{
    Alerting, CounterSli, Goal, Method, Preset, Selector, Sli, SliKind, Slo, SloName, Tracker,
    TrackerConfig, Window,
};
use serde_json::json;

const NOW_MS: i64 = 1_800_000_000_000;
const SCRAPE_MS: i64 = 15_000;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
const SPAN_DAYS: i64 = 28;

/// The last days come every 15 s, earlier ones every minute, which is all that is kept of them.
const FINE_DAYS: i64 = 4;

/// Requests per minute of the quietest and the busiest service; the others lie between, evenly by logarithm.
const QUIETEST: f64 = 1.0;
const BUSIEST: f64 = 10_000.0;

/// SLOs of the steady stream, and what each is fed by: so many instances with five codes each.
const STEADY_SLOS: usize = 1_000;
const STEADY_INSTANCES: usize = 2;
const CODES: [&str; 5] = ["200", "201", "404", "500", "503"];
const STEADY_ROUNDS: i64 = 40;

/// Series of the one SLO with a window of twelve weeks.
const WIDE_SERIES: usize = 10_000;

fn main() {
    // Cargo adds flags for its own harness.
    let mut arguments = std::env::args().skip(1).filter(|it| !it.starts_with("--"));
    let slos = arguments.next().and_then(|it| it.parse::<usize>().ok());
    let part = arguments.next();
    let is_wanted = |it: &str| part.as_ref().is_none_or(|part| part == it);
    let mut measured = serde_json::Map::new();
    if is_wanted("past") {
        measured.insert("past".to_owned(), past(slos.unwrap_or(3)));
    }
    if is_wanted("steady") {
        measured.insert("steady".to_owned(), steady(slos.map_or(5, |_| STEADY_SLOS)));
    }
    if is_wanted("wide") {
        measured.insert("wide".to_owned(), wide(slos.map_or(50, |_| WIDE_SERIES)));
    }
    println!("{}", serde_json::Value::Object(measured));
}

fn requests(service: &str, code: Option<&str>) -> Selector {
    let name = Matcher::equal(METRIC_NAME, "http_requests_total");
    let code = code.map(|it| Matcher::new("code", MatchOp::Regex, it).expect("an expression"));
    let matchers = [name, Matcher::equal("job", service)].into_iter().chain(code).collect();
    Selector { text: service.to_owned(), matchers }
}

/// 99.9 % over `days`, with four pairs of burn windows.
fn slo(index: usize, days: i64) -> Slo {
    let service = format!("service-{index:05}");
    let window = Window::Rolling(SignedDuration::from_hours(24 * days));
    let alerting = Alerting::preset(Preset::Scaled, &window, None);
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
        goals: vec![Goal::new("99.9%".parse().expect("an objective"), window, alerting)],
        grouping: None,
        origin: Origin::default(),
    }
}

fn series(service: usize, instance: usize, code: &str) -> Labels {
    let (job, instance) = (format!("service-{service:05}"), format!("10.0.0.{instance}:8080"));
    let pairs = [
        (METRIC_NAME, "http_requests_total"),
        ("code", code),
        ("instance", &instance),
        ("job", &job),
        ("method", "GET"),
    ];
    Labels::new(pairs).expect("distinct names")
}

/// Arrivals of a Poisson process; many are nearly normal.
fn arrivals(random: &mut fastrand::Rng, mean: f64) -> f64 {
    if mean < 30.0 {
        let (limit, mut product, mut count) = ((-mean).exp(), random.f64(), 0.0);
        while limit < product {
            product *= random.f64();
            count += 1.0;
        }
        return count;
    }
    let normal = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    (mean + normal * mean.sqrt()).round().max(0.0)
}

/// Good and bad requests of a service over 28 days: a daily wave, noise, one bad request in a thousand, and
/// half an hour every week in which every tenth is.
fn traffic(service: usize, per_minute: f64) -> [SampleBatch; 2] {
    let mut random = fastrand::Rng::with_seed(service as u64);
    let (mut good, mut bad) = (0.0, 0.0);
    let mut samples = [Vec::new(), Vec::new()];
    let mut at_ms = NOW_MS - SPAN_DAYS * DAY_MS;
    while at_ms < NOW_MS {
        let step_ms = if at_ms < NOW_MS - FINE_DAYS * DAY_MS { MINUTE_MS } else { SCRAPE_MS };
        at_ms += step_ms;
        let day = (at_ms % DAY_MS) as f64 / DAY_MS as f64;
        let wave = 1.0 + 0.6 * (day * std::f64::consts::TAU).sin();
        let is_broken = at_ms % (7 * DAY_MS) < 30 * MINUTE_MS;
        let share = if is_broken { 0.1 } else { 0.001 };
        let mean = per_minute * wave * step_ms as f64 / MINUTE_MS as f64;
        good += arrivals(&mut random, mean * (1.0 - share));
        bad += arrivals(&mut random, mean * share);
        samples[0].push(Sample { at_ms, value: good });
        samples[1].push(Sample { at_ms, value: bad });
    }
    let [of_good, of_bad] = samples;
    [
        SampleBatch::new(series(service, 0, "200"), of_good),
        SampleBatch::new(series(service, 0, "500"), of_bad),
    ]
}

fn now() -> Timestamp {
    Timestamp::from_millisecond(NOW_MS).expect("in range")
}

/// SLOs with their whole past.
fn past(slos: usize) -> serde_json::Value {
    let before_bytes = resident_bytes();
    let mut tracker =
        Tracker::new((0..slos).map(|it| slo(it, SPAN_DAYS)).collect(), TrackerConfig::default());
    let defined_bytes = resident_bytes();
    let (mut counting_ms, mut samples) = (0.0, 0);
    for service in 0..slos {
        let place = (service as f64 + 0.5) / slos as f64;
        let batch = traffic(service, QUIETEST * (BUSIEST / QUIETEST).powf(place));
        samples += batch.iter().map(|it| it.samples.len()).sum::<usize>();
        counting_ms += measured_ms(|| tracker.observe(&batch));
    }
    let evaluation_ms = evaluation_ms(&mut tracker);
    let status_ms = median_ms(|| drop(tracker.statuses(now())));
    let after_bytes = resident_bytes();
    json!({
        "slos": slos,
        "resident_bytes": after_bytes,
        "bytes_per_slo": (after_bytes - before_bytes) / slos as u64,
        "definition_bytes_per_slo": (defined_bytes - before_bytes) / slos as u64,
        "evaluation_ms": evaluation_ms,
        "statuses_ms": status_ms,
        "counting_ns_per_sample": counting_ms * 1e6 / samples as f64,
    })
}

/// Scrapes of all targets every 15 s, one batch for each, and an evaluation each second.
fn steady(slos: usize) -> serde_json::Value {
    let mut tracker =
        Tracker::new((0..slos).map(|it| slo(it, SPAN_DAYS)).collect(), TrackerConfig::default());
    let mut random = fastrand::Rng::with_seed(7);
    let mut batches: Vec<Vec<SampleBatch>> = (0..slos * STEADY_INSTANCES)
        .map(|it| {
            let labels = |code| series(it / STEADY_INSTANCES, it % STEADY_INSTANCES, code);
            CODES.map(|code| SampleBatch::new(labels(code), Vec::new())).into()
        })
        .collect();
    let per_second = batches.len().div_ceil(15);
    let mut spent_ms = 0.0;
    for round in 0..=STEADY_ROUNDS {
        let start_ms = NOW_MS + round * SCRAPE_MS;
        for (second, targets) in (0..).zip(batches.chunks_mut(per_second)) {
            let at_ms = start_ms + second * 1_000;
            for sample in targets.iter_mut().flatten() {
                let value = sample.samples.first().map_or(0.0, |it| it.value);
                sample.samples = vec![Sample { at_ms, value: value + random.f64().round() }];
            }
            let now = Timestamp::from_millisecond(at_ms).expect("in range");
            let ms = measured_ms(|| {
                for target in targets {
                    tracker.observe(target);
                }
                tracker.evaluate(now);
            });
            // The first round makes all series known.
            spent_ms += if 0 < round { ms } else { 0.0 };
        }
    }
    let share = spent_ms / (STEADY_ROUNDS * SCRAPE_MS) as f64;
    json!({
        "slos": slos,
        "series": slos * STEADY_INSTANCES * CODES.len(),
        "ms_per_15_s": spent_ms / STEADY_ROUNDS as f64,
        "share_of_a_core_percent": share * 100.0,
    })
}

/// One SLO over twelve weeks, fed by many series of which each lives three days.
fn wide(series_count: usize) -> serde_json::Value {
    const DAYS: i64 = 84;
    const LIFE_MS: i64 = 3 * DAY_MS;
    const STEP_MS: i64 = 5 * MINUTE_MS;
    let mut tracker = Tracker::new(vec![slo(0, DAYS)], TrackerConfig::default());
    let span_ms = DAYS * DAY_MS - LIFE_MS;
    let later_ms = span_ms / i64::try_from(series_count).expect("thousands");
    let starts = (0..).map(|it| NOW_MS - LIFE_MS - later_ms * it);
    for (index, start_ms) in (0..series_count).zip(starts) {
        let sample = |it: i64| Sample { at_ms: start_ms + it * STEP_MS, value: it as f64 };
        let samples = (0..=LIFE_MS / STEP_MS).map(sample).collect();
        tracker.observe(&[SampleBatch::new(series(0, index, "200"), samples)]);
    }
    let evaluation_ms = evaluation_ms(&mut tracker);
    json!({ "series": series_count, "evaluation_ms": evaluation_ms })
}

/// A judgement of everything: between two of them a fine slice passes.
fn evaluation_ms(tracker: &mut Tracker) -> f64 {
    let mut at = now();
    median_ms(|| {
        at += SignedDuration::from_millis(SCRAPE_MS);
        drop(tracker.evaluate(at));
    })
}

/// The middle of several runs, each so long that the kernel's clock can tell it.
fn median_ms(mut run: impl FnMut()) -> f64 {
    const RUNS: usize = 5;
    const LONG_ENOUGH_MS: f64 = 40.0;
    let mut repeats = 1;
    let mut measure = |repeats: u32| measured_ms(|| (0..repeats).for_each(|_| run()));
    while measure(repeats) < LONG_ENOUGH_MS && repeats < 1 << 20 {
        repeats *= 4;
    }
    let mut runs: Vec<f64> = (0..RUNS).map(|_| measure(repeats) / f64::from(repeats)).collect();
    runs.sort_by(f64::total_cmp);
    runs[RUNS / 2]
}

fn measured_ms(run: impl FnOnce()) -> f64 {
    let before = processor_ns();
    run();
    (processor_ns() - before) as f64 / 1e6
}

/// The time that this thread has run; zero where the kernel does not tell.
fn processor_ns() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|it| it.parse().ok()).unwrap_or(0)
}

fn resident_bytes() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|it| it.strip_prefix("RssAnon:")).unwrap_or_default();
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0);
    kib * 1_024
}
