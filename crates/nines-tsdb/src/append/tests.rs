use std::cell::Cell;
use std::sync::Arc;

use expect_test::{Expect, expect};
use jiff::SignedDuration;
use nines_base::Histogram;
use nines_port::SeriesKey;
use nines_promql::{SelectLimits, SeriesSource};
use tempfile::TempDir;

use super::plan::REFUSED_NAMED_MAX;
use super::*;
use crate::Options;
use crate::histograms::BUCKETS_MAX;

const ALL: SelectLimits = SelectLimits { series_max: 1_000, samples_max: 1_000_000 };

fn open(options: Options) -> (TempDir, Tsdb) {
    let dir = tempfile::tempdir().unwrap();
    let (store, findings) = Tsdb::open(dir.path(), options).unwrap();
    assert_eq!(findings, []);
    (dir, store)
}

fn labels(number: usize) -> Labels {
    Labels::new([("__name__", "m".to_owned()), ("n", number.to_string())]).unwrap()
}

fn at(at_ms: i64) -> [Sample; 1] {
    [Sample { at_ms, value: 1.0 }]
}

fn row(key: u128, samples: &[Sample]) -> Row<'_> {
    Row { key: SeriesKey(key), samples, histograms: &[] }
}

fn count(store: &Tsdb) -> usize {
    store.select(&[], i64::MIN, i64::MAX, &ALL).unwrap().iter().map(|it| it.samples.len()).sum()
}

#[test]
fn labels_are_asked_for_once_per_key_and_numbers_of_series_stay() {
    let (_dir, store) = open(Options::default());
    let asked = Cell::new(0);
    let make = |index: usize| {
        asked.set(asked.get() + 1);
        Ok(labels(index % 2))
    };
    let mut ids = Vec::new();
    // The third row is the first series in other words, the fourth is the second once more.
    for (round, at_ms) in [(0, 1_000), (1, 2_000), (2, 3_000)] {
        let (sample, later) = (at(at_ms), at(at_ms + 1));
        let rows = [row(1, &sample), row(2, &sample), row(3, &later), row(2, &later)];
        let appended = store.append_rows_to(&rows, &make, &mut ids).unwrap();
        assert_eq!((appended.samples, appended.refused), (4, vec![]));
        assert_eq!(ids, [Some(0), Some(1), Some(0), Some(1)]);
        assert_eq!(asked.get(), 4, "round {round}");
    }
    assert_eq!(store.labels_of(1), Some(labels(1)));
    assert_eq!(store.labels_of(2), None);
    assert_eq!(count(&store), 12);
}

#[test]
fn a_row_without_labels_is_refused_in_the_words_of_its_maker() {
    let (_dir, store) = open(Options::default());
    let make = |index: usize| {
        if index == 1 { Err("label 3 has no name".to_owned()) } else { Ok(labels(index)) }
    };
    let (sample, mut ids) = (at(1), Vec::new());
    let rows = [row(1, &sample), row(2, &sample), row(3, &[])];
    let appended = store.append_rows_to(&rows, &make, &mut ids).unwrap();
    assert_eq!(appended.samples, 1);
    assert_eq!(appended.refused[0].reason, "label 3 has no name");
    assert_eq!(ids, [Some(0), None, None]);
}

#[test]
fn a_series_that_has_gone_to_a_segment_comes_back_under_its_number_and_one_that_is_gone_does_not() {
    let retention = Some(SignedDuration::from_secs(100));
    let options = Options { retention, segment_span_ms: 10, ..Options::default() };
    let (_dir, store) = open(options);
    let make = |index: usize| Ok(labels(index));
    let mut ids = Vec::new();
    let mut append = |at_ms: i64| {
        store.append_rows_to(&[row(1, &at(at_ms))], &make, &mut ids).unwrap();
        ids[0]
    };
    assert_eq!(append(5), Some(0));
    store.maintain(90).unwrap();
    assert_eq!(store.stats().series_active, 0);
    assert_eq!(append(95), Some(0));
    store.append(&[SampleBatch::new(labels(7), at(1_000_000).to_vec())]).unwrap();
    store.maintain(1_000_000).unwrap();
    assert_eq!(store.labels_of(0), None);
    assert_eq!(append(1_000_000), Some(2));
}

/// Appends samples at these times under a retention of 100 s, when the newest sample is at 1,000 s.
fn check_age(times: &[i64], expect: &Expect) {
    let options = Options { retention: Some(SignedDuration::from_secs(100)), ..Options::default() };
    let (_dir, store) = open(options);
    store.append(&[SampleBatch::new(labels(0), at(1_000_000).to_vec())]).unwrap();
    store.maintain(1_000_000).unwrap();
    let samples = times.iter().flat_map(|it| at(*it)).collect();
    let histogram = HistogramSample { at_ms: times[0], histogram: Arc::new(Histogram::stale()) };
    let batch = SampleBatch { labels: labels(1), samples, histograms: vec![histogram] };
    let appended = store.append(&[batch]).unwrap();
    expect.assert_eq(&format!("{} {:?}", appended.samples, appended.refused));
    assert_eq!(store.stats().series, if appended.samples == 0 { 1 } else { 2 });
}

#[test]
fn samples_older_than_the_retention_are_refused_by_its_name_and_younger_ones_are_not() {
    check_age(&[900_000, 950_000], &expect!["3 []"]);
    check_age(
        &[899_999, 900_000],
        &expect![[
            r#"1 [RefusedSeries { labels: m{n="1"}, reason: "retention: samples before 900000 ms are not kept" }]"#
        ]],
    );
    check_age(
        &[5],
        &expect![[
            r#"0 [RefusedSeries { labels: m{n="1"}, reason: "retention: samples before 900000 ms are not kept" }]"#
        ]],
    );
}

#[test]
fn a_bomb_of_many_series_is_refused_by_name_and_old_series_go_on() {
    const REQUEST: usize = 10_000;
    const REQUESTS: usize = 20; // a hundred for a million; they differ in nothing
    let (_dir, store) = open(Options { series_max: 100, ..Options::default() });
    let samples = at(1);
    for request in 0..REQUESTS {
        let rows: Vec<Row<'_>> =
            (0..REQUEST).map(|it| row((request * REQUEST + it) as u128, &samples)).collect();
        let make = |index: usize| {
            Labels::new([("n", (request * REQUEST + index).to_string())])
                .map_err(|it| it.to_string())
        };
        let appended = store.append_rows(&rows, &make).unwrap();
        assert_eq!(appended.samples, if request == 0 { 100 } else { 0 });
        assert_eq!(appended.refused.len(), REFUSED_NAMED_MAX);
        assert!(appended.refused[0].reason.starts_with("series_max is 100: "));
    }
    let (later, never) = (at(2), |_: usize| Err("it was asked for".to_owned()));
    assert_eq!(store.append_rows(&[row(99, &later)], &never).unwrap().samples, 1);
    assert_eq!(store.stats().series, 100);
}

#[test]
fn long_and_many_labels_are_kept_where_the_limits_allow_them() {
    let limits = Options { labels_max: 20_000, label_bytes_max: 128 * 1024, ..Options::default() };
    let (dir, store) = open(limits.clone());
    let many = Labels::new((0..10_000).map(|it| (format!("l{it}"), format!("v{it}")))).unwrap();
    let long = Labels::new([("é".repeat(32 * 1024), "ü".repeat(32 * 1024))]).unwrap();
    for labels in [&many, &long] {
        let batch = SampleBatch::new(labels.clone(), at(5).to_vec());
        assert_eq!(store.append(&[batch]).unwrap().samples, 1);
    }
    let found = |store: &Tsdb| store.series(&[], i64::MIN, i64::MAX, 10);
    let mut expected = vec![many, long];
    expected.sort();
    assert_eq!(found(&store), expected);
    drop(store);
    let (store, findings) = Tsdb::open(dir.path(), limits.clone()).unwrap();
    assert_eq!((found(&store), findings), (expected.clone(), vec![]));
    store.maintain(1_000_000_000).unwrap();
    drop(store);
    let (store, findings) = Tsdb::open(dir.path(), limits).unwrap();
    assert_eq!((found(&store), findings), (expected, vec![]));
    assert_eq!(store.stats().segments, 1);
}

#[test]
fn batches_that_must_survive_the_loss_of_power_share_their_waits() {
    let (_dir, store) = open(Options { durability: Durability::Sync, ..Options::default() });
    std::thread::scope(|scope| {
        for series in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for at_ms in 0..50 {
                    let batch = SampleBatch::new(labels(series), at(at_ms).to_vec());
                    assert_eq!(store.append(&[batch]).unwrap().samples, 1);
                }
            });
        }
    });
    assert_eq!(count(&store), 200);
}

#[test]
fn a_sender_that_tries_again_changes_nothing() {
    let (_dir, store) = open(Options::default());
    let batch = [SampleBatch::new(labels(1), [at(1), at(2)].concat())];
    for _ in 0..3 {
        assert_eq!(store.append(&batch).unwrap().samples, 2);
    }
    assert_eq!(count(&store), 2);
}

#[test]
fn a_histogram_with_too_many_buckets_is_refused_before_it_is_written() {
    let (dir, store) = open(Options::default());
    let wide =
        Histogram { positive_buckets: vec![1.0; BUCKETS_MAX + 1], sum: 1.0, ..Histogram::stale() };
    let batch = |number: usize, histogram: Histogram| SampleBatch {
        labels: labels(number),
        samples: Vec::new(),
        histograms: vec![HistogramSample { at_ms: 1, histogram: Arc::new(histogram) }],
    };
    let ordinary = Histogram { sum: 1.0, ..Histogram::stale() };
    let batches = [batch(1, wide.clone()), batch(2, ordinary), batch(2, wide)];
    let appended = store.append(&batches).unwrap();
    let reasons: Vec<&str> = appended.refused.iter().map(|it| it.reason.as_str()).collect();
    assert_eq!(reasons, ["histogram_buckets_max is 16384: a histogram has more"; 2]);
    assert_eq!(appended.samples, 1);
    drop(store);
    let (store, findings) = Tsdb::open(dir.path(), Options::default()).unwrap();
    assert_eq!((findings, store.stats().series), (vec![], 1));
}
