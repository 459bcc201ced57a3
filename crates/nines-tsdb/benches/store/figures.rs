//! Bytes per sample and per series, and processor time: printed, because they are what the store is judged by.

#![expect(clippy::disallowed_methods, reason = "waits are measured by the clock")]
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use nines_base::{Labels, MatchOp, Matcher, Sample, SampleBatch};
use nines_port::SampleSink;
use nines_promql::{SelectLimits, SeriesSource, Windows, WindowsView};
use nines_tsdb::{Options, Tsdb};

use crate::workload::{STEP_MS, Workload};

const DAY_MS: i64 = 86_400_000;
const LIMITS: SelectLimits = SelectLimits { series_max: 200_000, samples_max: 1_000_000_000 };

/// Processor time of this process in seconds.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(") ").next().unwrap_or("");
    let ticks: f64 =
        after.split(' ').skip(11).take(2).filter_map(|it| it.parse::<f64>().ok()).sum();
    ticks / 100.0
}

fn resident_bytes() -> f64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|it| it.parse::<f64>().ok()).unwrap_or(0.0) * 4096.0
}

fn bytes_in(dir: &Path) -> f64 {
    let entries = fs::read_dir(dir).expect("a folder").filter_map(Result::ok);
    entries.filter_map(|it| it.metadata().ok()).map(|it| it.len() as f64).sum()
}

pub(crate) fn print() {
    ingest(100_000, 240);
    ingest(10_000, 480);
    long_history();
}

fn ingest(series_count: usize, rounds: usize) {
    let dir = tempfile::tempdir().expect("a folder");
    let mut workload = Workload::new(series_count, STEP_MS);
    let before = resident_bytes();
    let (store, _) = Tsdb::open(dir.path(), Options::default()).expect("a new store");
    let started = cpu_seconds();
    workload.append_round(&store);
    let created = cpu_seconds();
    println!(
        "{series_count} series: creation {:.2} µs/series",
        (created - started) * 1e6 / series_count as f64
    );
    for round in 2..=rounds {
        workload.append_round(&store);
        if round % 60 == 0 {
            let bytes = (resident_bytes() - before) / series_count as f64;
            println!("  memory {bytes:.0} B/series after {round} samples each");
        }
    }
    let samples = (series_count * rounds) as f64;
    println!("  log {:.2} B/sample", bytes_in(&dir.path().join("wal")) / samples);
    let started = cpu_seconds();
    let again = 2_000_000 / series_count;
    for _ in 0..again {
        workload.append_again(&store);
    }
    let appended = (again * series_count) as f64;
    println!("  append {:.3} µs/sample", (cpu_seconds() - started) * 1e6 / appended);
    let started = cpu_seconds();
    let now_ms = workload.now_ms() + 2 * DAY_MS;
    let wait = longest_wait_while(&store, now_ms, || {
        store.maintain(now_ms).expect("space on the disk");
    });
    println!(
        "  cut and merge {:.3} µs/sample",
        (cpu_seconds() - started) * 1e6 / (samples + appended)
    );
    println!("  longest wait of an append meanwhile {:.1} ms", wait.as_secs_f64() * 1e3);
    let stats = store.stats();
    println!(
        "  disk {:.3} B/sample in {} segments",
        bytes_in(&dir.path().join("segments")) / (samples + appended),
        stats.segments
    );
}

/// How long an append of one sample takes at most while something else goes on.
fn longest_wait_while(store: &Tsdb, now_ms: i64, work: impl FnOnce() + Send) -> Duration {
    let labels = Labels::new([("__name__", "other")]).expect("valid labels");
    let (mut longest, mut at_ms) = (Duration::ZERO, now_ms);
    std::thread::scope(|scope| {
        let work = scope.spawn(work);
        while !work.is_finished() {
            at_ms += 1;
            let batch = SampleBatch::new(labels.clone(), vec![Sample { at_ms, value: 1.0 }]);
            let started = Instant::now();
            store.append(&[batch]).expect("space on the disk");
            longest = longest.max(started.elapsed());
        }
    });
    longest
}

/// 500 series, a sample per minute for 30 days.
fn long_history() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut workload = Workload::new(500, 60_000);
    let (store, _) = Tsdb::open(dir.path(), Options::default()).expect("a new store");
    for round in 0..43_200 {
        workload.append_round(&store);
        if round % 1_440 == 0 {
            store.maintain(workload.now_ms()).expect("space on the disk");
        }
    }
    let now_ms = workload.now_ms();
    store.maintain(now_ms).expect("space on the disk");
    let stats = store.stats();
    println!("500 series x 43,200 samples: {} segments", stats.segments);
    println!("  disk {:.3} B/sample", bytes_in(&dir.path().join("segments")) / (500.0 * 43_200.0));
    let matcher = [Matcher::new("__name__", MatchOp::NotEqual, "").expect("a matcher")];
    let time = |name: &str, windows: Windows| {
        let (mut summaries, mut samples) = (0, 0);
        let mut run = || {
            store.visit_windows(&matcher, &windows, &LIMITS, &mut |it| {
                match it {
                    WindowsView::Summaries { .. } => summaries += 1,
                    WindowsView::Samples(view) => samples += view.samples.len(),
                }
                ControlFlow::Continue(())
            })
        };
        run().expect("a readable store");
        let (started, mut runs) = (cpu_seconds(), 0_usize);
        while cpu_seconds() - started < 0.5 {
            run().expect("a readable store");
            runs += 1;
        }
        let ms = (cpu_seconds() - started) * 1e3 / runs as f64;
        println!(
            "  {name}: {ms:.2} ms ({} series as summaries, {} samples)",
            summaries / (runs + 1),
            samples / (runs + 1)
        );
    };
    let instant = |range_ms| Windows { first_end_ms: now_ms, step_ms: 0, count: 1, range_ms };
    time("instant 1 h", instant(3_600_000));
    time("instant 30 d", instant(30 * DAY_MS));
    time(
        "range 30 d at 1 h",
        Windows {
            first_end_ms: now_ms - 30 * DAY_MS,
            step_ms: 3_600_000,
            count: 721,
            range_ms: 3_600_000,
        },
    );
}
