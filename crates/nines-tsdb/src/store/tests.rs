use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use expect_test::{Expect, expect};
use nines_base::{
    BucketSpan, Exemplar, Histogram, HistogramSample, Labels, MatchOp, Matcher, Sample, SampleBatch,
};
use nines_port::SampleSink;
use nines_promql::{SelectLimits, SeriesSamples, SeriesSource, SourceError};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::append::REFUSED_NAMED_MAX;
use crate::{Finding, OpenError};

const ALL: SelectLimits = SelectLimits { series_max: 1000, samples_max: 1_000_000 };
const SPAN_MS: i64 = 10;

/// Per series and time, the bits of a number or a histogram in words.
type Model = BTreeMap<Labels, BTreeMap<i64, String>>;

fn options() -> Options {
    Options { segment_span_ms: SPAN_MS, wal_file_bytes_max: 200, ..Options::default() }
}

fn open(dir: &Path) -> Tsdb {
    let (store, findings) = Tsdb::open(dir, options()).unwrap();
    assert_eq!(findings, []);
    store
}

fn labels(number: u32) -> Labels {
    Labels::new([("__name__", "m".to_owned()), ("n", number.to_string())]).unwrap()
}

fn batch(number: u32, samples: &[(i64, f64)]) -> SampleBatch {
    let samples =
        samples.iter().map(|(at_ms, value)| Sample { at_ms: *at_ms, value: *value }).collect();
    SampleBatch { labels: labels(number), samples, histograms: Vec::new() }
}

fn read(store: &Tsdb, from_ms: i64, to_ms: i64) -> Model {
    let found = store.select(&[], from_ms, to_ms, &ALL).unwrap();
    assert!(found.is_sorted_by(|a, b| a.labels < b.labels));
    let mut model = Model::new();
    for SeriesSamples { labels, samples, histograms } in found {
        assert!(samples.is_sorted_by(|a, b| a.at_ms < b.at_ms), "{samples:?}");
        assert!(histograms.is_sorted_by(|a, b| a.at_ms < b.at_ms), "{histograms:?}");
        let count = samples.len() + histograms.len();
        let series = model.entry(labels).or_default();
        series.extend(samples.iter().map(|it| (it.at_ms, bits(it.value))));
        series.extend(histograms.iter().map(|it| (it.at_ms, format!("{:?}", it.histogram))));
        assert_eq!(series.len(), count, "a time has two values");
    }
    model
}

fn bits(value: f64) -> String {
    format!("{:x}", value.to_bits())
}

fn in_range(model: &Model, from_ms: i64, to_ms: i64) -> Model {
    let cut = |samples: &BTreeMap<i64, String>| {
        samples.range(from_ms..=to_ms).map(|(k, v)| (*k, v.clone())).collect()
    };
    let parts = model.iter().map(|(labels, samples)| (labels.clone(), cut(samples)));
    parts.filter(|(_, samples): &(_, BTreeMap<_, _>)| !samples.is_empty()).collect()
}

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<SampleBatch>),
    Maintain(i64),
    Reopen,
    Snapshot,
}

fn step() -> impl Strategy<Value = Step> {
    let value = prop_oneof![(0..5).prop_map(f64::from), any::<u64>().prop_map(f64::from_bits)];
    // Few times and few series, so that equal times, late samples and empty heads happen often.
    let samples = vec((-20..2_500_i64, value), 1..8);
    let numbers = (0..4_u32, samples).prop_map(|(number, it)| batch(number, &it));
    let histograms = vec((-20..2_500_i64, 0..300_u32), 1..5);
    let histograms = (3..5_u32, histograms).prop_map(|(number, it)| {
        let mut batch = batch(number, &[]);
        batch.histograms = it.into_iter().map(|(at_ms, count)| histogram(at_ms, count)).collect();
        batch
    });
    prop_oneof![
        12 => vec(prop_oneof![2 => numbers, 1 => histograms], 1..4).prop_map(Step::Append),
        6 => (0..4_000_i64).prop_map(Step::Maintain),
        2 => Just(Step::Reopen),
        1 => Just(Step::Snapshot),
    ]
}

fn histogram(at_ms: i64, count: u32) -> HistogramSample {
    let mut it = Histogram::stale();
    if !count.is_multiple_of(10) {
        (it.sum, it.count) = (f64::from(count) * 1.5, f64::from(count));
        it.positive_spans = vec![BucketSpan { offset: 1, length: count % 4 }];
        it.positive_buckets = vec![f64::from(count); count as usize % 4];
    }
    HistogramSample { at_ms, histogram: Arc::new(it) }
}

/// The last write wins, but no number wins over a histogram.
fn note(model: &mut Model, batch: &SampleBatch) {
    let series = model.entry(batch.labels.clone()).or_default();
    for it in &batch.samples {
        if !series.get(&it.at_ms).is_some_and(|it| it.starts_with("Histogram")) {
            series.insert(it.at_ms, bits(it.value));
        }
    }
    series.extend(batch.histograms.iter().map(|it| (it.at_ms, format!("{:?}", it.histogram))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(25))]
    #[test]
    fn the_store_holds_what_a_map_holds(steps in vec(step(), 1..30), from_ms in 0..2_000_i64) {
        let dir = tempfile::tempdir().unwrap();
        let mut model = Model::new();
        let mut store = open(dir.path());
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Append(batches) => {
                    for batch in &batches {
                        note(&mut model, batch);
                    }
                    prop_assert_eq!(store.append(&batches).unwrap().refused, []);
                }
                Step::Maintain(now_ms) => {
                    prop_assert_eq!(store.maintain(now_ms).unwrap().findings, []);
                }
                Step::Reopen => {
                    drop(store);
                    store = open(dir.path());
                }
                Step::Snapshot => {
                    let target = dir.path().join(format!("snapshot-{number}"));
                    store.snapshot(&target).unwrap();
                    prop_assert_eq!(read(&open(&target), i64::MIN, i64::MAX), model.clone());
                }
            }
            prop_assert_eq!(read(&store, i64::MIN, i64::MAX), model.clone());
        }
        let to_ms = from_ms + 200;
        prop_assert_eq!(read(&store, from_ms, to_ms), in_range(&model, from_ms, to_ms));
    }
}

#[test]
fn extreme_times_are_kept_and_cut() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let samples = [(i64::MIN, 1.0), (i64::MAX, 2.0), (0, 3.0)];
    store.append(&[batch(1, &samples)]).unwrap();
    let before = read(&store, i64::MIN, i64::MAX);
    for now_ms in [100, 10_000, i64::MAX, i64::MIN, 0] {
        store.maintain(now_ms).unwrap();
        assert_eq!(read(&store, i64::MIN, i64::MAX), before);
    }
    drop(store);
    assert_eq!(read(&open(dir.path()), i64::MIN, i64::MAX), before);
}

#[test]
fn a_long_history_in_one_batch_is_cut_into_windows_and_merged() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let samples: Vec<(i64, f64)> = (0..5_000).map(|it| (it, it as f64)).collect();
    store.append(&[batch(1, &samples)]).unwrap();
    let before = read(&store, i64::MIN, i64::MAX);
    for now_ms in (5_000..6_000).step_by(5) {
        store.append(&[batch(1, &[(now_ms, 0.0)])]).unwrap();
        store.maintain(now_ms).unwrap();
    }
    assert_eq!(in_range(&read(&store, i64::MIN, i64::MAX), 0, 4_999), before);
    let segments = store.stats().segments;
    assert!((6..25).contains(&segments), "{segments}");
}

#[test]
fn too_many_series_are_refused_by_name_and_old_ones_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { series_max: 2, ..options() };
    let (store, _) = Tsdb::open(dir.path(), options).unwrap();
    store.append(&[batch(1, &[(1, 1.0)])]).unwrap();
    let many: Vec<SampleBatch> = (0..50).map(|it| batch(it, &[(2, 1.0)])).collect();
    let appended = store.append(&many).unwrap();
    assert_eq!((appended.samples, appended.refused.len()), (2, REFUSED_NAMED_MAX));
    expect![[r#"
        RefusedSeries {
            labels: m{n="2"},
            reason: "series_max is 2: no new series is taken while so many are active",
        }
    "#]]
    .assert_debug_eq(&appended.refused[0]);
    assert_eq!(store.append(&[batch(1, &[(3, 1.0)])]).unwrap().samples, 1);
    // When old series have gone to a segment, there is room again.
    store.maintain(1_000).unwrap();
    assert_eq!(store.append(&[batch(7, &[(1_000, 1.0)])]).unwrap().refused, []);
}

#[test]
fn label_sets_beyond_the_limits_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let sample = vec![Sample { at_ms: 1, value: 1.0 }];
    let wide = Labels::new((0..65).map(|it| (format!("l{it}"), "x"))).unwrap();
    let long = Labels::new([("l", "x".repeat(64 * 1024))]).unwrap();
    let batch = [wide, long, Labels::empty(), labels(1)].map(|labels| SampleBatch {
        labels,
        samples: sample.clone(),
        histograms: Vec::new(),
    });
    let appended = store.append(&batch).unwrap();
    let reasons: Vec<&str> = appended.refused.iter().map(|it| it.reason.as_str()).collect();
    expect![[r#"
        [
            "label_bytes_max is 8192: a label has more bytes",
            "labels_max is 64: the series has more labels",
            "labels_min is 1: a series needs a label",
        ]
    "#]]
    .assert_debug_eq(&reasons);
    assert_eq!(appended.samples, 1);
}

#[test]
fn reads_are_limited() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(&[batch(1, &[(1, 1.0), (2, 1.0)]), batch(2, &[(1, 1.0)])]).unwrap();
    let select = |series_max, samples_max| {
        store.select(&[], 0, 9, &SelectLimits { series_max, samples_max })
    };
    assert_eq!(select(2, 3).unwrap().len(), 2);
    assert!(matches!(select(1, 3), Err(SourceError::TooManySeries { limit: 1 })));
    assert!(matches!(select(2, 2), Err(SourceError::TooManySamples { limit: 2 })));
}

#[test]
fn names_values_and_series_are_found_by_matcher_and_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let series = |pairs: &[(&str, &str)], at_ms| SampleBatch {
        histograms: Vec::new(),
        labels: Labels::new(pairs.iter().copied()).unwrap(),
        samples: vec![Sample { at_ms, value: 1.0 }],
    };
    let old = series(&[("__name__", "up"), ("job", "old")], 5);
    let new = series(&[("__name__", "up"), ("job", "new"), ("zone", "a")], 1_000);
    store.append(&[old, new]).unwrap();
    let check = || {
        let new_only = vec![vec![Matcher::new("job", MatchOp::Regex, "n.*").unwrap()]];
        assert_eq!(store.label_names(&[], 0, 2_000, 9), ["__name__", "job", "zone"]);
        assert_eq!(store.label_names(&[], 0, 9, 9), ["__name__", "job"]);
        assert_eq!(store.label_names(&new_only, 0, 2_000, 2), ["__name__", "job"]);
        assert_eq!(store.label_values("job", &[], 0, 2_000, 9), ["new", "old"]);
        assert_eq!(store.label_values("job", &[], 900, 2_000, 9), ["new"]);
        assert_eq!(store.label_values("job", &new_only, 0, 2_000, 9), ["new"]);
        assert_eq!(store.series(&new_only, 0, 9, 9), []);
        assert_eq!(format!("{:?}", store.series(&[], 0, 9, 9)), r#"[up{job="old"}]"#);
    };
    check();
    store.maintain(500).unwrap();
    check();
    store.maintain(5_000).unwrap();
    check();
}

#[test]
fn old_segments_and_their_series_go_after_the_retention() {
    let dir = tempfile::tempdir().unwrap();
    let retention = Some(jiff::SignedDuration::from_millis(100));
    let (store, _) = Tsdb::open(dir.path(), Options { retention, ..options() }).unwrap();
    store.append(&[batch(1, &[(5, 1.0)]), batch(2, &[(1_000, 1.0)])]).unwrap();
    store.maintain(90).unwrap();
    assert_eq!(store.stats().series, 2);
    store.maintain(2_000).unwrap();
    assert_eq!(store.stats().series, 1);
    // A clock that jumps ahead of every sample drops nothing.
    store.maintain(1_000_000_000).unwrap();
    assert_eq!(read(&store, 0, 2_000).len(), 1);
}

/// Damages one byte of each file with this ending, opens, and shows the findings.
fn check_damage(extension: &str, at: fn(usize) -> usize, expect: &Expect) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(&[batch(1, &[(5, 1.0), (995, 1.0)])]).unwrap();
    store.maintain(1_000).unwrap();
    store.append(&[batch(2, &[(1_000, 1.0)])]).unwrap();
    store.append(&[batch(3, &[(1_000, 1.0)])]).unwrap();
    drop(store);
    for folder in [dir.path().to_owned(), wal_dir(dir.path()), segments_dir(dir.path())] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && path.to_str().unwrap().ends_with(extension) {
                let mut bytes = fs::read(&path).unwrap();
                let index = at(bytes.len());
                bytes[index] ^= 4;
                fs::write(&path, &bytes).unwrap();
            }
        }
    }
    let (store, findings) = Tsdb::open(dir.path(), options()).unwrap();
    let mut shown = String::new();
    for finding in &findings {
        shown.push_str(&format!("{finding}\n"));
    }
    shown = shown.replace(dir.path().to_str().unwrap(), "DIR");
    for (labels, samples) in read(&store, i64::MIN, i64::MAX) {
        shown.push_str(&format!("{labels:?} {:?}\n", samples.keys().collect::<Vec<_>>()));
    }
    expect.assert_eq(&shown);
    // What was found once is not found again, but for damage in the middle of the log.
    drop(store);
    let (_, again) = Tsdb::open(dir.path(), options()).unwrap();
    let middle =
        |it: &&Finding| matches!(it, Finding::DamagedRecord { .. } | Finding::UnknownSeries { .. });
    assert_eq!(again, findings.iter().filter(middle).cloned().collect::<Vec<_>>());
}

#[test]
fn a_damaged_index_puts_the_segment_aside() {
    check_damage(
        "segment",
        |length| length - 45,
        &expect![[r#"
        moved the damaged segment "DIR/segments/0000000001.segment" to "DIR/segments/0000000001.segment.bad": the checksum of its index is wrong
        m{n="1"} [995]
        m{n="2"} [1000]
        m{n="3"} [1000]
    "#]],
    );
}

#[test]
fn a_damaged_manifest_is_made_again() {
    check_damage(
        "manifest",
        |_| 3,
        &expect![[r#"
        made the damaged manifest "DIR/manifest" again from the files in its folder: its checksum is wrong
        m{n="1"} [5, 995]
        m{n="2"} [1000]
        m{n="3"} [1000]
    "#]],
    );
}

#[test]
fn a_damaged_record_at_the_start_of_the_log_costs_only_itself() {
    check_damage(
        "wal",
        |_| 14,
        &expect![[r#"
            skipped 37 damaged bytes at offset 0 of "DIR/wal/0000000002.wal"
            m{n="1"} [5, 995]
            m{n="3"} [1000]
        "#]],
    );
}

#[test]
fn a_damaged_record_at_the_end_of_the_log_costs_only_itself() {
    check_damage(
        "wal",
        |length| length - 1,
        &expect![[r#"
            cut 37 bytes of an unfinished write from "DIR/wal/0000000002.wal"
            m{n="1"} [5, 995]
            m{n="2"} [1000]
        "#]],
    );
}

#[test]
fn a_damaged_checkpoint_costs_its_record() {
    check_damage(
        "checkpoint",
        |_| 20,
        &expect![[r#"
            cut 36 bytes of an unfinished write from "DIR/wal/0000000001.checkpoint"
            m{n="1"} [5]
            m{n="2"} [1000]
            m{n="3"} [1000]
        "#]],
    );
}

#[test]
fn damage_that_a_query_meets_is_an_error_once_and_then_put_aside() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(&[batch(1, &[(5, 1.0), (995, 1.0)])]).unwrap();
    store.maintain(900).unwrap();
    let path = segments_dir(dir.path()).join("0000000001.segment");
    let mut bytes = fs::read(&path).unwrap();
    bytes[10] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let error = store.select(&[], 0, 2_000, &ALL).unwrap_err();
    assert!(matches!(error, SourceError::Failed { .. }), "{error:?}");
    let findings = store.maintain(900).unwrap().findings;
    assert!(matches!(findings[..], [Finding::DamagedSegment { .. }]), "{findings:?}");
    assert_eq!(read(&store, 0, 2_000)[&labels(1)].len(), 1);
    drop(store);
    assert_eq!(read(&open(dir.path()), 0, 2_000)[&labels(1)].len(), 1);
}

#[test]
fn a_second_store_on_one_folder_is_refused_and_names_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let error = Tsdb::open(dir.path(), options()).unwrap_err();
    assert!(
        matches!(&error, OpenError::Locked { holder, .. } if *holder == format!("process {}", std::process::id()))
    );
    drop(store);
    open(dir.path());
}

#[test]
fn a_cut_that_fails_loses_nothing_and_the_next_one_works() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(&[batch(1, &[(5, 1.0), (995, 1.0)])]).unwrap();
    let before = read(&store, 0, 2_000);
    // A folder in the way of the segment that will be written.
    let in_the_way = segments_dir(dir.path()).join("0000000001.segment.tmp");
    fs::create_dir(&in_the_way).unwrap();
    store.maintain(900).unwrap_err();
    store.append(&[batch(1, &[(6, 1.0)])]).unwrap();
    assert_eq!(in_range(&read(&store, 0, 2_000), 0, 5), in_range(&before, 0, 5));
    fs::remove_dir(&in_the_way).unwrap();
    store.maintain(900).unwrap();
    assert_eq!(read(&store, 0, 2_000)[&labels(1)].len(), 3);
    assert_eq!(store.stats().segments, 1);
    drop(store);
    assert_eq!(read(&open(dir.path()), 0, 2_000)[&labels(1)].len(), 3);
}

/// Bytes at random, and files as the store writes them, whole and changed at random from any place on.
#[test]
fn arbitrary_and_almost_valid_bytes_never_panic() {
    let mut random = fastrand::Rng::with_seed(3);
    for length in 0..2_000 {
        let mut bytes = vec![0; length % 200];
        random.fill(&mut bytes);
        crate::fuzz(&bytes);
    }
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut both = batch(1, &[(1, 0.5), (2, f64::NAN), (3, 7.0)]);
    both.histograms = (4..9).map(|it| histogram(it, 5)).collect();
    let long: Vec<(i64, f64)> =
        (0..300).map(|it| (it * 3 + it % 2, (it * it % 91) as f64)).collect();
    store.append(&[both, batch(2, &long)]).unwrap();
    store.maintain(1_000).unwrap();
    store.append(&[batch(3, &[(2_000, 1.0)])]).unwrap();
    let log = fs::read(wal_dir(dir.path()).join("0000000002.wal")).unwrap();
    let segment = fs::read(segments_dir(dir.path()).join("0000000001.segment")).unwrap();
    for whole in [log, segment] {
        for start in 0..whole.len() {
            for changes in 0..4 {
                let mut bytes = whole[start..].to_vec();
                for _ in 0..changes {
                    let index = random.usize(..bytes.len());
                    bytes[index] = random.u8(..);
                }
                crate::fuzz(&bytes);
            }
        }
    }
}

#[test]
fn queries_see_everything_acknowledged_while_cuts_and_merges_go_on() {
    const BATCHES: i64 = 3_000;
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let appended = AtomicU64::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..BATCHES {
                store.append(&[batch(1, &[(number, 1.0)]), batch(2, &[(number, 2.0)])]).unwrap();
                appended.fetch_add(1, Ordering::SeqCst);
            }
        });
        scope.spawn(|| {
            while appended.load(Ordering::SeqCst) < BATCHES.cast_unsigned() {
                store.maintain(appended.load(Ordering::SeqCst).cast_signed()).unwrap();
            }
        });
        loop {
            let before = appended.load(Ordering::SeqCst);
            let found = read(&store, i64::MIN, i64::MAX);
            let lengths: Vec<usize> = found.values().map(BTreeMap::len).collect();
            assert!(before == 0 || lengths.len() == 2);
            assert!(lengths.iter().all(|it| before <= *it as u64), "{before}: {lengths:?}");
            if before == BATCHES.cast_unsigned() {
                break;
            }
        }
    });
    assert!(0 < store.stats().segments);
}

#[test]
fn a_clock_that_jumps_ahead_and_back_does_not_stop_the_cuts() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.append(&[batch(1, &[(5, 1.0)])]).unwrap();
    store.maintain(1_000_000).unwrap();
    store.append(&[batch(1, &[(25, 1.0)])]).unwrap();
    assert_eq!(store.maintain(100).unwrap().segments_cut, 1);
}

#[test]
fn the_oldest_segments_go_when_all_files_are_too_large() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { retention_bytes: Some(40_000), ..options() };
    let (store, _) = Tsdb::open(dir.path(), options).unwrap();
    let mut dropped = 0;
    for window in 0..20 {
        let samples: Vec<(i64, f64)> =
            (0..900).map(|it| (window * 960 + it, (it * it % 977) as f64 / 7.0)).collect();
        store.append(&[batch(1, &samples)]).unwrap();
        dropped += store.maintain((window + 1) * 960 + 20).unwrap().segments_dropped_for_space;
        assert!(store.stats().disk_bytes <= 40_000, "{:?}", store.stats());
    }
    assert!((10..20).contains(&dropped), "{dropped}");
    let found = read(&store, i64::MIN, i64::MAX);
    let times: Vec<&i64> = found[&labels(1)].keys().collect();
    assert_eq!((**times.last().unwrap(), **times.first().unwrap() % 960), (19 * 960 + 899, 0));
    drop(store);
    assert_eq!(read(&open(dir.path()), i64::MIN, i64::MAX), found);
}

#[test]
fn a_snapshot_never_overwrites_anything() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let target = dir.path().join("copy");
    fs::create_dir(&target).unwrap();
    let error = store.snapshot(&target).unwrap_err();
    let shown = error.to_string().replace(dir.path().to_str().unwrap(), "DIR");
    assert_eq!(shown, r#""DIR/copy" exists; choose a folder that does not"#);
    store.snapshot(&dir.path().join("no/such/folder")).unwrap();
    assert_eq!(read(&open(&dir.path().join("no/such/folder")), 0, 9), Model::new());
}

#[test]
fn a_flipped_bit_in_any_file_is_found_or_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let mut histograms = batch(4, &[]);
    histograms.histograms = vec![histogram(5, 7), histogram(900, 8)];
    store.append(&[batch(1, &[(5, 1.5), (6, 2.0), (995, 1.0)]), histograms]).unwrap();
    store.maintain(900).unwrap();
    store.append(&[batch(2, &[(1_000, 1.0)])]).unwrap();
    let expected = read(&store, i64::MIN, i64::MAX);
    let copy = tempfile::tempdir().unwrap();
    let files = [
        "manifest",
        "wal/0000000001.checkpoint",
        "wal/0000000002.wal",
        "segments/0000000001.segment",
    ];
    for file in files {
        let whole = fs::read(dir.path().join(file)).unwrap();
        for index in 0..whole.len() {
            let target = copy.path().join(format!("{}-{index}", file.replace('/', "-")));
            for folder in [segments_dir(&target), wal_dir(&target)] {
                fs::create_dir_all(folder).unwrap();
            }
            for other in files {
                fs::copy(dir.path().join(other), target.join(other)).unwrap();
            }
            let mut bytes = whole.clone();
            bytes[index] ^= 1 << (index % 8);
            fs::write(target.join(file), &bytes).unwrap();
            let (damaged, findings) = Tsdb::open(&target, options()).unwrap();
            let found = damaged.select(&[], i64::MIN, i64::MAX, &ALL);
            let unnoticed = found.is_ok() && findings.is_empty();
            assert!(!unnoticed || read(&damaged, i64::MIN, i64::MAX) == expected, "{file} {index}");
            drop(damaged);
            fs::remove_dir_all(&target).unwrap();
        }
    }
}

#[test]
fn what_has_the_most_series_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let many: Vec<SampleBatch> = (0..12).map(|it| batch(it, &[(1, 1.0)])).collect();
    store.append(&many).unwrap();
    let other = Labels::new([("__name__", "up"), ("job", "a")]).unwrap();
    store.append(&[SampleBatch::new(other, vec![Sample { at_ms: 1, value: 1.0 }])]).unwrap();
    expect![[r#"
        Cardinality {
            series: 13,
            label_pairs: 15,
            series_by_metric: [
                (
                    "m",
                    12,
                ),
                (
                    "up",
                    1,
                ),
            ],
            values_by_label: [
                (
                    "n",
                    12,
                ),
                (
                    "__name__",
                    2,
                ),
            ],
            bytes_by_label: [
                (
                    "__name__",
                    14,
                ),
                (
                    "n",
                    14,
                ),
            ],
            series_by_pair: [
                (
                    "__name__=m",
                    12,
                ),
                (
                    "__name__=up",
                    1,
                ),
            ],
        }
    "#]]
    .assert_debug_eq(&store.cardinality(2));
    assert_eq!(store.stats().head_chunks, 13);
}

#[test]
fn exemplars_are_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let exemplar = Exemplar { labels: labels(9), value: 1.0, at_ms: 5 };
    store.append_exemplars(&[(labels(1), exemplar.clone())]);
    assert_eq!(store.exemplars(&[], 0, 9, 9), [(labels(1), vec![exemplar])]);
    assert_eq!(store.exemplars(&[vec![Matcher::equal("n", "2")]], 0, 9, 9), []);
}

#[test]
fn much_back_fill_is_cut_without_waiting_for_the_next_span() {
    const HOUR_MS: i64 = 3_600_000;
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Tsdb::open(folder.path(), Options::default()).unwrap();
    let now_ms = 1_000 * 24 * HOUR_MS;
    store.append(&[batch(1, &[(now_ms - 9 * HOUR_MS, 1.0), (now_ms, 1.0)])]).unwrap();
    assert_eq!(store.maintain(now_ms).unwrap().segments_cut, 1);

    let few = [(now_ms - 30 * HOUR_MS, 1.0)];
    store.append(&[batch(1, &few)]).unwrap();
    assert_eq!(store.maintain(now_ms).unwrap().segments_cut, 0, "a few can wait");
    let from_ms = now_ms - 100 * HOUR_MS;
    let many: Vec<(i64, f64)> = (0..600_000).map(|it| (from_ms + it, it as f64)).collect();
    store.append(&[batch(2, &many)]).unwrap();
    assert!(0 < store.maintain(now_ms).unwrap().segments_cut);
    assert_eq!(store.maintain(now_ms).unwrap().segments_cut, 0);
    let read = store.select(&[], i64::MIN, i64::MAX, &ALL).unwrap();
    let counts: Vec<usize> = read.iter().map(|it| it.samples.len()).collect();
    assert_eq!(counts, [3, 600_000]);
}
