//! How fast samples go in and come out, and what they cost.
//!
//! `cargo bench -p nines-tsdb` prints the figures first, unless a benchmark is named; under `cargo test` only the benchmarks run, once.

mod figures;
mod workload;

use std::hint::black_box;
use std::ops::ControlFlow;

use divan::Bencher;
use divan::counter::ItemsCount;
use nines_base::{Labels, MatchOp, Matcher, Sample, SampleBatch};
use nines_port::SampleSink;
use nines_promql::{SelectLimits, SeriesSource, Windows, WindowsView};
use nines_tsdb::{Options, Tsdb};
use tempfile::TempDir;

use crate::workload::Workload;

const STEP_MS: i64 = 15_000;
const LIMITS: SelectLimits = SelectLimits { series_max: 10_000, samples_max: 100_000_000 };

fn main() {
    // Whoever names a benchmark wants nothing else.
    if std::env::args().skip(1).all(|it| it == "--bench") && 1 < std::env::args().len() {
        figures::print();
    }
    divan::main();
}

/// Counters with eight labels, as a service exposes them.
fn labels(number: usize) -> Labels {
    Labels::new([
        ("__name__", "http_requests_total".to_owned()),
        ("code", ["200", "404", "500"][number % 3].to_owned()),
        ("env", "production".to_owned()),
        ("handler", format!("/api/v1/things/{}", number % 20)),
        ("instance", format!("10.0.0.{}:8080", number % 10)),
        ("job", "shop".to_owned()),
        ("method", "get".to_owned()),
        ("n", number.to_string()),
    ])
    .expect("valid labels")
}

/// Batches of `samples_each` samples for all series, until each series has `samples_count`.
fn batches(series_count: usize, samples_count: i64, samples_each: i64) -> Vec<Vec<SampleBatch>> {
    let labels: Vec<Labels> = (0..series_count).map(labels).collect();
    let sample = |series: i64, it: i64| Sample {
        at_ms: it * STEP_MS + it * 7 % 5,
        value: (it * (series % 50 + 1) + it * it % 17) as f64,
    };
    (0..samples_count / samples_each)
        .map(|part| {
            let times = part * samples_each..(part + 1) * samples_each;
            let batch = |(series, labels): (i64, &Labels)| SampleBatch {
                histograms: Vec::new(),
                labels: labels.clone(),
                samples: times.clone().map(|it| sample(series, it)).collect(),
            };
            (0..).zip(&labels).map(batch).collect()
        })
        .collect()
}

/// 500 series for 30 days, a sample per minute, as a month of scrapes leaves them.
fn month() -> (TempDir, Tsdb, i64) {
    let (dir, store) = open();
    let mut workload = Workload::new(500, 60_000);
    for round in 0..43_200 {
        workload.append_round(&store);
        if round % 1_440 == 0 {
            store.maintain(workload.now_ms()).expect("space on the disk");
        }
    }
    (dir, store, workload.now_ms())
}

/// Windows of an hour come as samples, windows of a month as summaries.
#[divan::bench(args = [1, 720], sample_count = 20)]
fn read_windows_of_hours_over_a_month(bencher: Bencher<'_, '_>, hours: i64) {
    const HOUR_MS: i64 = 3_600_000;
    let (_dir, store, now_ms) = month();
    let count = usize::try_from(721 - hours).expect("a small number");
    let first_end_ms = now_ms - 720 * HOUR_MS + hours * HOUR_MS;
    let windows = Windows { first_end_ms, step_ms: HOUR_MS, count, range_ms: hours * HOUR_MS };
    let matcher = [Matcher::new("__name__", MatchOp::NotEqual, "").expect("a matcher")];
    bencher.counter(ItemsCount::new(500 * 43_200_u32)).bench(|| {
        let visit = &mut |it: WindowsView<'_>| {
            black_box(it);
            ControlFlow::Continue(())
        };
        store.visit_windows(&matcher, &windows, &LIMITS, visit)
    });
}

/// Rows with keys, as remote write brings them.
#[divan::bench(args = [10_000, 100_000], sample_count = 10)]
fn append_rows_of_known_series(bencher: Bencher<'_, '_>, series_count: usize) {
    let (_dir, store) = open();
    let mut workload = Workload::new(series_count, workload::STEP_MS);
    workload.append_round(&store);
    bencher.counter(ItemsCount::new(series_count)).bench_local(|| workload.append_again(&store));
}

fn open() -> (TempDir, Tsdb) {
    let dir = tempfile::tempdir().expect("a folder");
    let (store, _) = Tsdb::open(dir.path(), Options::default()).expect("a new store");
    (dir, store)
}

fn filled(series_count: usize, samples_count: i64) -> (TempDir, Tsdb) {
    let (dir, store) = open();
    for batch in batches(series_count, samples_count, samples_count) {
        store.append(&batch).expect("space on the disk");
    }
    (dir, store)
}

/// 1.5 million samples of 150 series as a history is written.
#[divan::bench(args = [1, 100, 10_000], sample_count = 3)]
fn append_1_5_million_samples(bencher: Bencher<'_, '_>, samples_each: i64) {
    let batches = batches(150, 10_000, samples_each);
    bencher.counter(ItemsCount::new(1_500_000_u32)).with_inputs(open).bench_values(
        |(dir, store)| {
            for batch in &batches {
                store.append(batch).expect("space on the disk");
            }
            (dir, store)
        },
    );
}

#[divan::bench(sample_count = 3)]
fn append_scrapes_of_500_series(bencher: Bencher<'_, '_>) {
    let batches = batches(500, 1_000, 1);
    bencher.counter(ItemsCount::new(500_000_u32)).with_inputs(open).bench_values(|(dir, store)| {
        for batch in &batches {
            store.append(batch).expect("space on the disk");
        }
        (dir, store)
    });
}

#[divan::bench(sample_count = 3)]
fn cut_1_5_million_samples(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(1_500_000_u32))
        .with_inputs(|| filled(150, 10_000))
        .bench_values(|(dir, store)| {
            store.maintain(11_000 * STEP_MS).expect("space on the disk");
            (dir, store)
        });
}

/// From the head or from segments.
#[divan::bench(args = ["head", "segments"])]
fn select_an_hour_of_150_series(bencher: Bencher<'_, '_>, from: &str) {
    let (_dir, store) = filled(150, 10_000);
    if from == "segments" {
        store.maintain(11_000 * STEP_MS).expect("space on the disk");
    }
    let matchers = [Matcher::equal("__name__", "http_requests_total")];
    let end_ms = 9_000 * STEP_MS;
    bencher
        .counter(ItemsCount::new(150 * 240_u32))
        .bench(|| store.select(&matchers, end_ms - 3_600_000, end_ms, &LIMITS));
}

#[divan::bench(args = ["head", "segments"], sample_count = 10)]
fn select_everything_of_150_series(bencher: Bencher<'_, '_>, from: &str) {
    let (_dir, store) = filled(150, 10_000);
    if from == "segments" {
        store.maintain(11_000 * STEP_MS).expect("space on the disk");
    }
    let matchers = [Matcher::equal("__name__", "http_requests_total")];
    bencher
        .counter(ItemsCount::new(1_500_000_u32))
        .bench(|| store.select(&matchers, i64::MIN, i64::MAX, &LIMITS));
}
