use std::collections::BTreeMap;
use std::fmt::Write;

use expect_test::expect;
use jiff::{SignedDuration, Timestamp};
use nines_base::{Sample, SampleBatch};

use super::{SAMPLES_PER_SERIES_MAX, history, past_changes, times};

fn until() -> Timestamp {
    "2026-05-12T09:41:17Z".parse().unwrap()
}

fn series(until: Timestamp, seed: u64) -> BTreeMap<String, Vec<Sample>> {
    let mut all: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
    for SampleBatch { labels, samples, .. } in history(until, 28, seed).flatten() {
        all.entry(labels.to_string()).or_default().extend(samples);
    }
    all
}

/// How much the counters that match all `parts` grew.
fn grown(all: &BTreeMap<String, Vec<Sample>>, parts: &[&str]) -> f64 {
    let chosen = all.iter().filter(|(name, _)| parts.iter().all(|it| name.contains(it)));
    let grown = chosen.filter_map(|(_, it)| Some(it.last()?.value - it.first()?.value));
    grown.sum()
}

/// What is left of the error budget in percent.
fn left_percent(bad: f64, total: f64, allowed: f64) -> f64 {
    100.0 * (1.0 - bad / total / allowed)
}

fn availability_left(all: &BTreeMap<String, Vec<Sample>>, service: &str, allowed: f64) -> f64 {
    let label = format!("service=\"{service}\"");
    let requests = ["http_requests_total", &label];
    let bad = grown(all, &[requests[0], requests[1], "code=\"5"]);
    left_percent(bad, grown(all, &requests), allowed)
}

fn latency_left(all: &BTreeMap<String, Vec<Sample>>, service: &str, bound: &str) -> f64 {
    let label = format!("service=\"{service}\"");
    let good = grown(all, &["_seconds_bucket", &label, &format!("le=\"{bound}\"")]);
    let total = grown(all, &["_seconds_count", &label]);
    left_percent(total - good, total, 0.01)
}

fn budgets(all: &BTreeMap<String, Vec<Sample>>) -> Vec<(&'static str, f64)> {
    vec![
        ("gateway availability", availability_left(all, "gateway", 0.001)),
        ("search availability", availability_left(all, "search", 0.001)),
        ("cart availability", availability_left(all, "cart", 0.001)),
        ("checkout availability", availability_left(all, "checkout", 0.0005)),
        ("orders availability", availability_left(all, "orders", 0.001)),
        ("payments availability", availability_left(all, "payments", 0.0005)),
        ("search latency", latency_left(all, "search", "0.3")),
        ("checkout latency", latency_left(all, "checkout", "0.5")),
        ("orders latency", latency_left(all, "orders", "0.1")),
    ]
}

#[test]
fn budgets_of_four_weeks_are_as_designed() {
    let mut out = String::new();
    for (name, left) in budgets(&series(until(), 0)) {
        writeln!(out, "{name} {left:.1} %").unwrap();
    }
    expect![[r#"
        gateway availability 60.6 %
        search availability 87.1 %
        cart availability -20.1 %
        checkout availability 63.0 %
        orders availability 95.5 %
        payments availability 92.0 %
        search latency 30.0 %
        checkout latency 88.0 %
        orders latency 75.0 %
    "#]]
    .assert_eq(&out);
}

#[test]
fn budgets_hardly_depend_on_the_hour_and_the_seed() {
    let reference = budgets(&series(until(), 0));
    for (seed, hours) in [(1, 7), (2, 14), (3, 20)] {
        let at = until() + SignedDuration::from_hours(hours);
        for ((name, expected), (_, left)) in reference.iter().zip(budgets(&series(at, seed))) {
            assert!((expected - left).abs() < 6.0, "{name} after {hours} h: {left} for {expected}");
        }
    }
}

#[test]
fn counters_are_whole_and_never_fall() {
    for (name, samples) in series(until(), 0) {
        if name.contains("_seconds_sum") || !name.contains("http_request") {
            continue;
        }
        for pair in samples.windows(2) {
            assert!(pair[0].value <= pair[1].value, "{name} at {}", pair[1].at_ms);
            assert!(pair[1].value.fract() == 0.0, "{name} at {}", pair[1].at_ms);
        }
    }
}

#[test]
fn buckets_never_fall_from_bound_to_bound_and_the_last_is_the_count_of_requests() {
    let all = series(until(), 0);
    let last = |parts: &[&str]| {
        let found = all.iter().find(|(name, _)| parts.iter().all(|it| name.contains(it)));
        found.and_then(|(_, it)| it.last()).map_or(f64::NAN, |it| it.value)
    };
    let bounds = [
        "0.005", "0.01", "0.025", "0.05", "0.1", "0.2", "0.3", "0.5", "1.0", "2.0", "5.0", "10.0",
        "+Inf",
    ];
    let checkout = ["_seconds_bucket", "service=\"checkout\""];
    let values = bounds.map(|it| last(&[checkout[0], checkout[1], &format!("le=\"{it}\"")]));
    assert!(values.is_sorted(), "{values:?}");
    let requests = grown(&all, &["http_requests_total", "service=\"checkout\""]);
    assert!((values[12] - requests).abs() < 200.0, "{} {requests}", values[12]);
}

#[test]
fn the_same_arguments_give_the_same_samples() {
    let text = |seed| format!("{:?}", history(until(), 2, seed).collect::<Vec<_>>());
    assert_eq!(text(5), text(5));
    assert_ne!(text(5), text(6));
}

#[test]
fn the_last_six_hours_are_healthy() {
    let all = series(until(), 0);
    let since = (until() - SignedDuration::from_hours(6)).as_millisecond();
    let recent = all
        .into_iter()
        .map(|(name, samples)| (name, samples.into_iter().filter(|it| since <= it.at_ms).collect()))
        .collect();
    for (name, left) in budgets(&recent) {
        assert!(60.0 < left, "{name} {left}");
    }
}

#[test]
fn samples_are_dense_at_the_end_and_items_are_bounded() {
    let quarters = |it: &Timestamp| until().duration_since(*it).as_secs() / 15;
    let ages: Vec<i64> = times(until(), 1).map(|it| quarters(&it)).collect();
    assert_eq!(ages.first(), Some(&5_760));
    assert_eq!(ages.last(), Some(&0));
    assert!(ages.windows(2).all(|it| it[0] - it[1] == if it[1] < 1_440 { 1 } else { 20 }));

    let (mut count, mut series_max) = (0, 0);
    for item in history(until(), 28, 0) {
        series_max = series_max.max(item.len());
        for batch in item {
            count += batch.samples.len();
            assert!(batch.samples.len() <= SAMPLES_PER_SERIES_MAX);
        }
    }
    expect!["1130162 samples of 194 series"]
        .assert_eq(&format!("{count} samples of {series_max} series"));
    assert_eq!(history(until(), 0, 0).flatten().map(|it| it.samples.len()).max(), Some(1));
}

#[test]
fn series_are_named_as_a_scrape_names_them() {
    let all = series(until(), 0);
    let mut chosen: Vec<&str> =
        all.keys().map(String::as_str).filter(|it| it.contains("service=\"orders\"")).collect();
    chosen.retain(|it| !it.contains("_bucket") || it.contains("le=\"1.0\""));
    expect![[r#"
        db_connections_in_use{demo="history", instance="orders-1", job="shop", service="orders"}
        disk_used_bytes{demo="history", instance="orders-1", job="shop", service="orders"}
        http_request_duration_seconds_bucket{demo="history", instance="orders-1", job="shop", le="1.0", route="/orders", service="orders"}
        http_request_duration_seconds_count{demo="history", instance="orders-1", job="shop", route="/orders", service="orders"}
        http_request_duration_seconds_sum{demo="history", instance="orders-1", job="shop", route="/orders", service="orders"}
        http_requests_total{code="200", demo="history", instance="orders-1", job="shop", method="POST", route="/orders", service="orders"}
        http_requests_total{code="500", demo="history", instance="orders-1", job="shop", method="POST", route="/orders", service="orders"}
        http_requests_total{code="503", demo="history", instance="orders-1", job="shop", method="POST", route="/orders", service="orders"}
        http_requests_total{code="507", demo="history", instance="orders-1", job="shop", method="POST", route="/orders", service="orders"}
        process_resident_memory_bytes{demo="history", instance="orders-1", job="shop", service="orders"}"#]].assert_eq(&chosen.join("\n"));
}

#[test]
fn changes_are_in_order_and_over() {
    let changes = past_changes(until());
    assert!(12 <= changes.len());
    assert!(changes.is_sorted_by_key(|it| it.at));
    assert!(changes.iter().all(|it| it.at < until() - SignedDuration::from_hours(24)));
}
