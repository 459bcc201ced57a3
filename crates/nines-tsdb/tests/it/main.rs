//! The store from outside: processes that die, disks that are full, folders that are taken.
//!
//! A test starts this binary again as a child that does what the environment says, and kills it.

#![expect(clippy::disallowed_methods, reason = "the child learns its task from its environment")]
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests may")]

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use jiff::SignedDuration;
use nines_base::{Histogram, HistogramSample, Labels, Sample, SampleBatch};
use nines_port::SampleSink;
use nines_promql::{SelectLimits, SeriesSamples, SeriesSource};
use nines_tsdb::{AppendError, OpenError, Options, Tsdb};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const TASK: &str = "NINES_TSDB_CHILD_TASK";
const FOLDER: &str = "NINES_TSDB_CHILD_FOLDER";
const FIRST: &str = "NINES_TSDB_CHILD_FIRST";
const ROUNDS: &str = "NINES_KILL_ROUNDS";
const SERIES_COUNT: u64 = 5;
const ALL: SelectLimits = SelectLimits { series_max: 1_000, samples_max: 100_000_000 };

/// Segments go after this; late batches are younger.
const RETENTION_MS: i64 = 150_000;

fn options() -> Options {
    let retention = Some(SignedDuration::from_millis(RETENTION_MS));
    Options { segment_span_ms: 20_000, wal_file_bytes_max: 4_096, retention, ..Options::default() }
}

/// As long as nothing may go.
fn lasting() -> Options {
    Options { retention: None, ..options() }
}

/// Some batches are late; no two have the same time.
fn time_of(number: u64) -> i64 {
    let time_ms = i64::try_from(number).unwrap() * 1_000;
    if number % 7 == 3 { time_ms - 50_500 } else { time_ms }
}

fn batch(number: u64) -> Vec<SampleBatch> {
    let sample = Sample { at_ms: time_of(number), value: number as f64 };
    let labels =
        |series: u64| Labels::new([("__name__", "m".to_owned()), ("n", series.to_string())]);
    let numbers =
        (0..SERIES_COUNT - 1).map(|it| SampleBatch::new(labels(it).unwrap(), vec![sample]));
    let mut all: Vec<SampleBatch> = numbers.collect();
    let histogram = Arc::new(Histogram { sum: 0.0, count: sample.value, ..Histogram::stale() });
    let histograms = vec![HistogramSample { at_ms: sample.at_ms, histogram }];
    let labels = labels(SERIES_COUNT - 1).unwrap();
    all.push(SampleBatch { labels, samples: Vec::new(), histograms });
    all
}

/// What a series says, whether in numbers or in counts of histograms.
fn said(series: &SeriesSamples) -> Vec<Sample> {
    let counts = series.histograms.iter();
    let counts = counts.map(|it| Sample { at_ms: it.at_ms, value: it.histogram.count });
    series.samples.iter().copied().chain(counts).collect()
}

/// The numbers of the batches that are there, each checked to be there in every series and once.
fn numbers_in(store: &Tsdb) -> Vec<u64> {
    let series = store.select(&[], i64::MIN, i64::MAX, &ALL).unwrap();
    let Some(first) = series.first() else { return Vec::new() };
    assert_eq!(series.len() as u64, SERIES_COUNT);
    for other in &series {
        assert!(said(other) == said(first), "a batch is half there: {other:?} and {first:?}");
    }
    let mut numbers: Vec<u64> = Vec::new();
    for sample in said(first) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is a small number"
        )]
        let number = sample.value as u64;
        assert_eq!(sample.at_ms, time_of(number));
        numbers.push(number);
    }
    numbers.sort_unstable();
    assert!(numbers.is_sorted_by(|a, b| a < b), "twice: {numbers:?}");
    numbers
}

fn start(mut command: Command, task: &str, folder: &Path, first: u64) -> Child {
    command.args(["child", "--exact", "--nocapture"]);
    command.env(TASK, task).env(FOLDER, folder).env(FIRST, first.to_string());
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

fn this_binary() -> Command {
    Command::new(env::current_exe().unwrap())
}

/// What the child says; its test harness says other things too.
fn told(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    lines.filter_map(|it| it.split_once("told: ").map(|(_, rest)| rest.to_owned()))
}

fn tell(text: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "\ntold: {text}").unwrap();
    stdout.flush().unwrap();
}

#[test]
fn child() {
    let Ok(task) = env::var(TASK) else { return };
    let folder = env::var(FOLDER).unwrap();
    let first: u64 = env::var(FIRST).unwrap().parse().unwrap();
    let options = if task == "append" { options() } else { lasting() };
    let (store, _) = Tsdb::open(Path::new(&folder), options).unwrap();
    match task.as_str() {
        "append" => append_for_ever(&store, first),
        "fill" => fill_the_disk(&store),
        "fill-maintenance" => fill_the_disk_while_maintaining(&store),
        "hold" => {
            tell("open");
            std::io::stdin().read_line(&mut String::new()).unwrap();
        }
        other => panic!("unknown task {other}"),
    }
}

fn append_for_ever(store: &Tsdb, first: u64) {
    for number in first.. {
        store.append(&batch(number)).unwrap();
        tell(&number.to_string());
        if number % 3 == 0 {
            store.maintain(time_of(number)).unwrap();
        }
        if number % 10 == 0 {
            store.sync().unwrap();
        }
    }
}

#[test]
fn every_acknowledged_batch_survives_a_kill_and_is_there_once() {
    let rounds: u64 = env::var(ROUNDS).map_or(12, |it| it.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::new();
    let mut acknowledged = Vec::new();
    let mut segments_seen = 0;
    for round in 0..rounds {
        let first = acknowledged.last().map_or(0, |it| it + 2);
        let mut child = start(this_binary(), "append", dir.path(), first);
        let mut told = told(&mut child);
        let last_heard = random.usize(1..60);
        acknowledged.extend(told.by_ref().take(last_heard).map(|it| it.parse::<u64>().unwrap()));
        for _ in 0..random.u32(0..200_000) {
            std::hint::spin_loop(); // into the middle of a write, a cut or a merge
        }
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(told.filter_map(|it| it.parse::<u64>().ok()));

        let (store, findings) = Tsdb::open(dir.path(), options()).unwrap();
        assert_eq!(findings, [], "round {round}: a killed process leaves nothing torn behind");
        let present = numbers_in(&store);
        for number in &acknowledged {
            let newest_ms = acknowledged.iter().map(|it| time_of(*it)).max().unwrap();
            // Maintenance of the child knows no newer sample.
            let is_kept = newest_ms - RETENTION_MS <= time_of(*number);
            let is_there = present.binary_search(number).is_ok();
            assert!(is_there || !is_kept, "round {round}: {number} is lost");
        }
        let unacknowledged: Vec<&u64> =
            present.iter().filter(|it| acknowledged.binary_search(it).is_err()).collect();
        assert!(unacknowledged.len() as u64 <= round + 1, "round {round}: {unacknowledged:?}");
        segments_seen = segments_seen.max(store.stats().segments);
    }
    assert!(0 < segments_seen, "the kills came before any cut");
}

fn fill_the_disk(store: &Tsdb) {
    let mut number = 0;
    let error = loop {
        match store.append(&batch(number)) {
            Ok(_) => number += 1,
            Err(error) => break error,
        }
    };
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "the disk is full: free some space, or lower `retention_bytes`");
    store.append(&batch(number)).unwrap_err();
    assert_eq!(numbers_in(store), (0..number).collect::<Vec<_>>(), "nothing is half visible");
    limit_files(None);
    store.append(&batch(number)).unwrap();
    store.sync().unwrap();
    tell(&number.to_string());
}

fn limit_files(bytes: Option<u64>) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: bytes.or(maximum), maximum }).unwrap();
}

/// The disk is full for cuts, then for merges; each time the next maintenance after there is space goes on.
fn fill_the_disk_while_maintaining(store: &Tsdb) {
    const NUMBERS: u64 = 400;
    limit_files(None);
    let (mut number, mut full) = (0, 0);
    while number < NUMBERS {
        for _ in 0..40 {
            store.append(&batch(number)).unwrap();
            number += 1;
        }
        // Blocks, indices, checkpoints and the manifest fail at some limit each.
        for bytes in [0, 40, 100, 300, 600, 1_000, 1_500, 2_000] {
            limit_files(Some(bytes));
            match store.maintain(time_of(number)) {
                Ok(_) => {}
                Err(error) => {
                    full += 1;
                    assert!(error.is_full(), "{error:?}");
                }
            }
            limit_files(Some(0));
            let error = store.append(&batch(number)).unwrap_err();
            let source = error.source.downcast_ref::<AppendError>().unwrap();
            assert!(matches!(source, AppendError::Full(_)), "{source}");
            limit_files(None);
            assert_eq!(numbers_in(store), (0..number).collect::<Vec<_>>());
        }
        store.maintain(time_of(number)).unwrap();
        assert_eq!(numbers_in(store), (0..number).collect::<Vec<_>>());
    }
    assert!(20 < full, "{full}");
    assert!(0 < store.stats().segments);
    tell(&number.to_string());
}

#[test]
fn a_full_disk_during_cuts_and_merges_loses_nothing_and_maintenance_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#]).arg(env::current_exe().unwrap());
    let mut child = start(shell, "fill-maintenance", dir.path(), 0);
    let last: Vec<u64> = told(&mut child).map(|it| it.parse().unwrap()).collect();
    assert!(child.wait().unwrap().success());
    let (store, findings) = Tsdb::open(dir.path(), lasting()).unwrap();
    assert_eq!(findings, []);
    assert_eq!(numbers_in(&store), (0..last[0]).collect::<Vec<_>>());
}

#[test]
fn a_full_disk_refuses_batches_and_the_store_recovers() {
    let dir = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    // The signal is ignored, so that a write beyond the limit fails as on a full disk.
    shell
        .args(["-c", r#"trap "" XFSZ; ulimit -S -f 4; exec "$0" "$@""#])
        .arg(env::current_exe().unwrap());
    let mut child = start(shell, "fill", dir.path(), 0);
    let last: Vec<u64> = told(&mut child).map(|it| it.parse().unwrap()).collect();
    assert!(child.wait().unwrap().success());
    let (store, findings) = Tsdb::open(dir.path(), lasting()).unwrap();
    assert_eq!(findings, []);
    assert_eq!(numbers_in(&store), (0..=last[0]).collect::<Vec<_>>());
}

#[test]
fn a_second_process_is_refused_by_the_number_of_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = this_binary();
    command.stdin(Stdio::piped());
    let mut child = start(command, "hold", dir.path(), 0);
    assert_eq!(told(&mut child).next().as_deref(), Some("open"));
    let error = Tsdb::open(dir.path(), options()).unwrap_err();
    let expected = format!("process {}", child.id());
    assert!(matches!(&error, OpenError::Locked { holder, .. } if *holder == expected), "{error}");
    child.kill().unwrap();
    child.wait().unwrap();
    Tsdb::open(dir.path(), options()).unwrap();
}
