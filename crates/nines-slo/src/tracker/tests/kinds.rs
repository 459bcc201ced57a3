//! Every kind of SLI from its samples to its counts, each by the shortest story that tells it from the others.

use std::sync::Arc;

use nines_base::{BucketSpan, Histogram, HistogramSample, METRIC_NAME, Matcher};

use super::*;
use crate::testing::{requests, selector};
use crate::{
    BooleanRule, BooleanSli, CounterSli, GaugeBy, HistogramSli, Method, Selector, Sli, SliKind,
    SliceValue, SlicesSli, Suspect, Target, TargetOp,
};

const WIDTH: SignedDuration = SignedDuration::from_mins(1);

pub(super) fn of(kind: SliKind) -> Slo {
    Slo { sli: Sli::from(kind), ..slo("99.5%", days(28)) }
}

pub(super) fn metric(name: &str) -> Selector {
    selector(vec![Matcher::equal(METRIC_NAME, name)])
}

pub(super) fn labels(name: &str, pairs: &[(&str, &str)]) -> Labels {
    let name = [(METRIC_NAME, name), ("job", "shop")];
    Labels::new(name.into_iter().chain(pairs.iter().copied())).unwrap()
}

pub(super) fn target(op: TargetOp, value: &str) -> Target {
    Target { op, value: value.parse().unwrap() }
}

fn slices(value: SliceValue, op: TargetOp, limit: &str) -> Slo {
    of(SliKind::Slices(SlicesSli { value, target: target(op, limit), width: WIDTH }))
}

/// The counts of the last hour after these series, whose samples are seconds after the start and values; half a minute
/// and a slice later, so that all slices are settled.
pub(super) fn counted(slo: Slo, series: &[(Labels, &[(i64, f64)])]) -> Counts {
    let mut tracker = tracker(vec![slo]);
    let mut scrapes = BTreeMap::<i64, Vec<SampleBatch>>::new();
    for (labels, samples) in series {
        for (second, value) in *samples {
            let at_ms = START_MS + second * 1_000;
            scrapes.entry(at_ms).or_default().push(batch(labels.clone(), &[(at_ms, *value)]));
        }
    }
    for it in scrapes.values() {
        tracker.observe(it);
    }
    let last_ms = scrapes.keys().next_back().copied().unwrap_or(START_MS);
    let now = at(last_ms + 6 * MINUTE_MS);
    assert_eq!(tracker.evaluate(now), []);
    tracker.window(&availability(), SignedDuration::from_hours(1), now).unwrap().counts
}

#[test]
fn a_counter_of_fractions_counts_in_its_scale() {
    let kind = |scale| {
        of(SliKind::Counter(CounterSli {
            good: Vec::new(),
            bad: vec![requests(Some("5.."))],
            total: vec![requests(None)],
            scale,
        }))
    };
    let samples: Vec<(i64, f64)> =
        (0..=10_i32).map(|it| (60 * i64::from(it), 0.25 * f64::from(it))).collect();
    let good = [(series("a", "200"), samples.as_slice())];
    assert_eq!(counted(kind(2), &good), Counts { total: 250, bad: 0 });
    // Each cumulative value is rounded once: 2.5 is 3, as errors do not add up.
    assert_eq!(counted(kind(0), &good), Counts { total: 3, bad: 0 });
}

/// Buckets (…, 1], (1, 2], (2, 4] of schema 0.
fn native(at_ms: i64, counts: [f64; 3]) -> HistogramSample {
    let histogram = Histogram {
        schema: 0,
        count: counts.iter().sum(),
        sum: 1.0,
        positive_spans: vec![BucketSpan { offset: 0, length: 3 }],
        positive_buckets: counts.to_vec(),
        ..Histogram::stale()
    };
    HistogramSample { at_ms, histogram: Arc::new(histogram) }
}

fn latency(below: f64) -> Slo {
    of(SliKind::Histogram(HistogramSli {
        metric: "latency_seconds".to_owned(),
        matchers: Vec::new(),
        below,
    }))
}

fn natives(samples: Vec<HistogramSample>) -> SampleBatch {
    SampleBatch { labels: labels("latency_seconds", &[]), samples: Vec::new(), histograms: samples }
}

#[test]
fn a_native_histogram_counts_to_the_largest_bound_below_the_threshold_and_tells_it() {
    let mut tracker = tracker(vec![latency(3.0)]);
    assert_eq!(tracker.effective_threshold(&availability()), None);
    tracker.observe(&[natives(vec![
        native(START_MS, [5.0, 0.0, 0.0]),
        native(START_MS + MINUTE_MS, [7.0, 3.0, 1.0]),
        native(START_MS + 2 * MINUTE_MS, [1.0, 0.0, 1.0]), // a reset
    ])]);
    let now = at(START_MS + 2 * MINUTE_MS);
    let window = tracker.window(&availability(), SignedDuration::from_hours(1), now).unwrap();
    assert_eq!(window.counts, Counts { total: 8, bad: 2 });
    assert_eq!(tracker.effective_threshold(&availability()), Some(2.0));
    assert_eq!(tracker.status(&availability(), now).unwrap().suspect, None);
}

#[test]
fn a_histogram_in_both_forms_counts_once() {
    let buckets = |at_ms: i64, counts: [f64; 2]| {
        ["2", "+Inf"].iter().zip(counts).map(move |(le, count)| {
            batch(labels("latency_seconds_bucket", &[("le", le)]), &[(at_ms, count)])
        })
    };
    let mut tracker = tracker(vec![latency(2.0)]);
    for (minute, good) in [(0, 5.0), (1, 8.0)] {
        let at_ms = START_MS + minute * MINUTE_MS;
        let mut scrape = vec![natives(vec![native(at_ms, [good, 0.0, 1.0])])];
        scrape.extend(buckets(at_ms, [good, good + 1.0]));
        tracker.observe(&scrape);
    }
    let now = at(START_MS + MINUTE_MS);
    let status = tracker.status(&availability(), now).unwrap();
    assert_eq!(status.primary().budget.counts, Counts { total: 3, bad: 0 });
    assert_eq!(status.suspect, None);
    // One after the other they cannot be told apart in time, which is said.
    let mut late = super::tracker(vec![latency(2.0)]);
    late.observe(&[natives(vec![native(START_MS, [5.0, 0.0, 0.0])])]);
    late.observe(&buckets(START_MS + MINUTE_MS, [6.0, 6.0]).collect::<Vec<_>>());
    assert_eq!(late.status(&availability(), now).unwrap().suspect, Some(Suspect::CountedTwice));
}

fn probe(rule: BooleanRule) -> Slo {
    of(SliKind::Boolean(BooleanSli { selector: metric("probe_success"), rule }))
}

/// Three places, three slices: all up; one down; two down for a part of the time.
fn probes() -> Vec<(Labels, &'static [(i64, f64)])> {
    let place = |it| labels("probe_success", &[("instance", it)]);
    vec![
        (place("a"), &[(10, 1.0), (40, 1.0), (70, 0.0), (100, 0.0), (130, 0.0), (160, 1.0)]),
        (place("b"), &[(10, 1.0), (40, 1.0), (70, 1.0), (100, 1.0), (130, 0.0), (160, 0.0)]),
        (place("c"), &[(10, 1.0), (40, 1.0), (70, 1.0), (100, 1.0), (130, 1.0), (160, 1.0)]),
    ]
}

/// sloth#301: probes need no query of one's own. pyrra#1255: a share of booleans is between 0 and 1.
#[test]
fn a_probe_counts_by_sample_or_by_slice() {
    let rows = [
        (BooleanRule::EachSample, Counts { total: 18, bad: 5 }),
        (BooleanRule::All { width: WIDTH }, Counts { total: 3, bad: 2 }),
        (BooleanRule::Any { width: WIDTH }, Counts { total: 3, bad: 0 }),
        (BooleanRule::Quorum { needed: 2, of: 3, width: WIDTH }, Counts { total: 3, bad: 0 }),
        (BooleanRule::Quorum { needed: 3, of: 3, width: WIDTH }, Counts { total: 3, bad: 2 }),
        // A place that is missing is not good.
        (BooleanRule::Quorum { needed: 4, of: 4, width: WIDTH }, Counts { total: 3, bad: 3 }),
    ];
    for (rule, expected) in rows {
        assert_eq!(counted(probe(rule), &probes()), expected, "{rule:?}");
    }
}

#[test]
fn values_that_are_no_answer_of_a_probe_are_left_out() {
    let samples: &[(i64, f64)] = &[(10, 1.0), (20, 0.5), (30, f64::NAN), (40, 2.0), (50, 0.0)];
    let series = [(labels("probe_success", &[]), samples)];
    assert_eq!(counted(probe(BooleanRule::EachSample), &series), Counts { total: 2, bad: 1 });
}

/// sloth#506: the mean of latencies is compared exactly, from the sums of all series.
#[test]
fn an_average_equal_to_its_target_is_not_below_it() {
    let average = |op| {
        let (sum, count) = (vec![metric("latency_sum")], vec![metric("latency_count")]);
        slices(SliceValue::Average { sum, count }, op, "0.3")
    };
    // 0.3 in the first whole slice, one millionth less in the second, nothing in the third.
    let series: [(Labels, &[(i64, f64)]); 2] = [
        (labels("latency_sum", &[]), &[(0, 1.0), (60, 4.0), (120, 6.999_999), (180, 6.999_999)]),
        (labels("latency_count", &[]), &[(0, 5.0), (60, 15.0), (120, 25.0), (180, 25.0)]),
    ];
    assert_eq!(counted(average(TargetOp::Below), &series), Counts { total: 3, bad: 1 });
    assert_eq!(counted(average(TargetOp::AtMost), &series), Counts { total: 3, bad: 0 });
}

#[test]
fn a_quantile_is_met_when_its_share_of_all_observations_is_below_the_target() {
    let value = SliceValue::Quantile {
        q: "0.9".parse().unwrap(),
        metric: "latency".to_owned(),
        matchers: Vec::new(),
    };
    // 90 of 100, then 89 of 100.
    let series: [(Labels, &[(i64, f64)]); 2] = [
        (labels("latency_bucket", &[("le", "0.30")]), &[(0, 0.0), (60, 90.0), (120, 179.0)]),
        (labels("latency_bucket", &[("le", "+Inf")]), &[(0, 0.0), (60, 100.0), (120, 200.0)]),
    ];
    let counts = counted(slices(value, TargetOp::AtMost, "0.3"), &series);
    assert_eq!(counts, Counts { total: 2, bad: 1 });
}

#[test]
fn a_throughput_is_the_increase_per_second_and_none_is_too_little() {
    let value = || SliceValue::Throughput(vec![metric("orders_total")]);
    // 1,000 a second, one event less, none, and a slice of which only a part is known.
    let samples: &[(i64, f64)] =
        &[(0, 7.0), (60, 60_007.0), (120, 120_006.0), (180, 120_006.0), (200, 900_000.0)];
    let series = [(labels("orders_total", &[]), samples)];
    let counts = counted(slices(value(), TargetOp::AtLeast, "1000"), &series);
    assert_eq!(counts, Counts { total: 3, bad: 2 });
    let counts = counted(slices(value(), TargetOp::Above, "999.98"), &series);
    assert_eq!(counts, Counts { total: 3, bad: 1 });
}

#[test]
fn freshness_is_the_age_of_the_latest_time_at_the_end_of_the_slice() {
    let start = (START_MS / 1_000) as f64;
    let built = |it: f64| start + it;
    // At 60 s it is 50 s old; at 120 s 110 s; at 180 s, of another replica, exactly 100 s.
    let series: [(Labels, &[(i64, f64)]); 2] = [
        (labels("built", &[("instance", "a")]), &[(30, built(10.0)), (90, built(10.0))]),
        (labels("built", &[("instance", "b")]), &[(150, built(80.0)), (170, built(80.0))]),
    ];
    let value = || SliceValue::Freshness(metric("built"));
    let counts = counted(slices(value(), TargetOp::Below, "100"), &series);
    assert_eq!(counts, Counts { total: 3, bad: 2 });
    let counts = counted(slices(value(), TargetOp::AtMost, "100"), &series);
    assert_eq!(counts, Counts { total: 3, bad: 1 });
}

/// pyrra#46: gauges without a query of one's own.
#[test]
fn a_gauge_becomes_one_value_per_slice() {
    let samples: &[(i64, f64)] = &[(10, 1.0), (30, 5.0), (50, 3.0), (70, 3.0), (90, f64::NAN)];
    let series = [(labels("queue_depth", &[]), samples)];
    for (by, bad) in
        [(GaugeBy::Min, 0), (GaugeBy::Max, 1), (GaugeBy::Average, 0), (GaugeBy::Last, 0)]
    {
        let value = SliceValue::Gauge { selector: metric("queue_depth"), by };
        let counts = counted(slices(value, TargetOp::AtMost, "3"), &series);
        assert_eq!(counts, Counts { total: 2, bad }, "{by:?}");
    }
}

/// sloth#241, #332: a long window weighs events; only slices that are asked for weigh slices.
#[test]
fn a_method_says_whether_events_or_slices_spend() {
    let (width, slice_target) = (WIDTH, Some("90%".parse().unwrap()));
    // 10 of 1,000 bad, 5 of 10 bad, nothing happens, 1 of 10 bad: exactly the target.
    let series: [(Labels, &[(i64, f64)]); 2] = [
        (series("a", "200"), &[(0, 0.0), (60, 990.0), (120, 995.0), (180, 995.0), (240, 1_004.0)]),
        (series("a", "500"), &[(0, 0.0), (60, 10.0), (120, 15.0), (180, 15.0), (240, 16.0)]),
    ];
    let by = |method| counted(Slo { method, ..slo("99.5%", days(28)) }, &series);
    assert_eq!(by(Method::Occurrences), Counts { total: 1_020, bad: 16 });
    assert_eq!(by(Method::Timeslices { slice_target, width }), Counts { total: 4, bad: 1 });
    let shares = Counts {
        total: 4_000_000_000_000,
        bad: 10_000_000_000 + 500_000_000_000 + 100_000_000_000,
    };
    assert_eq!(by(Method::RatioTimeslices { width }), shares);
}
