use nines_base::{Labels, SampleBatch, stale_marker};
use nines_port::SampleSink;
use nines_promql::SeriesSource;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::Options;

const ALL: SelectLimits = SelectLimits { series_max: 10, samples_max: 10_000_000 };

/// Summaries by the store, or the same from the samples that it gives; and whether it gave summaries.
fn summaries(store: &Tsdb, windows: &Windows) -> (Vec<Option<WindowSummary>>, bool) {
    let mut found = (vec![None; windows.count], false);
    let mut visit = |it: WindowsView<'_>| {
        found = match it {
            WindowsView::Summaries { windows, .. } => (windows.to_vec(), true),
            WindowsView::Samples(view) => (by_hand(view.samples, windows), false),
        };
        ControlFlow::Continue(())
    };
    store.visit_windows(&[], windows, &ALL, &mut visit).unwrap();
    found
}

fn by_hand(samples: &[Sample], windows: &Windows) -> Vec<Option<WindowSummary>> {
    let within = |end_ms: i64| -> Vec<Sample> {
        let start_ms = end_ms - windows.range_ms;
        samples.iter().filter(|it| start_ms < it.at_ms && it.at_ms <= end_ms).copied().collect()
    };
    ends_ms(windows).map(|it| summarize(&within(it))).collect()
}

fn store_with(
    values: &[f64],
    late: &[(i64, f64)],
    maintain_at_ms: Option<i64>,
) -> (tempfile::TempDir, Tsdb) {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { segment_span_ms: 100_000, ..Options::default() };
    let (store, _) = Tsdb::open(dir.path(), options).unwrap();
    let samples = (0..).zip(values).map(|(it, value)| Sample { at_ms: it * 100, value: *value });
    let labels = Labels::new([("__name__", "m")]).unwrap();
    store.append(&[SampleBatch::new(labels.clone(), samples.collect())]).unwrap();
    if let Some(now_ms) = maintain_at_ms {
        store.maintain(now_ms).unwrap();
    }
    let late = late.iter().map(|(at_ms, value)| Sample { at_ms: *at_ms, value: *value });
    store.append(&[SampleBatch::new(labels, late.collect())]).unwrap();
    (dir, store)
}

fn close(a: Option<WindowSummary>, b: Option<WindowSummary>) -> bool {
    let near = |a: f64, b: f64| {
        (a - b).abs() <= 1e-9 * (1.0 + a.abs())
            || a.to_bits() == b.to_bits()
            || a.is_nan() && b.is_nan()
    };
    match (a, b) {
        (Some(a), Some(b)) => {
            a.count == b.count
                && (a.first.at_ms, a.last.at_ms) == (b.first.at_ms, b.last.at_ms)
                && near(a.first.value, b.first.value)
                && near(a.last.value, b.last.value)
                && near(a.min, b.min)
                && near(a.max, b.max)
                && near(a.sum, b.sum)
                && near(a.drops, b.drops)
        }
        (None, None) => true,
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn windows_from_chunks_are_windows_from_samples(
        seed: u64,
        late in vec((0..900_000_i64, (0..9_i32).prop_map(f64::from)), 0..2),
        maintain_at_ms in prop_oneof![Just(None), (0..1_500_000_i64).prop_map(Some)],
        first_end_ms in 0..1_200_000_i64,
        step_ms in 0..500_000_i64,
        count in 1..6_usize,
        range_ms in 1..1_200_000_i64,
    ) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut counter = 0.0;
        let mut next = || {
            counter += f64::from(random.u32(0..5));
            match random.u32(0..400) {
                0 => counter = 0.0,
                1 => return f64::NAN,
                2 => return stale_marker(),
                _ => {}
            }
            counter
        };
        let values: Vec<f64> = (0..9_000).map(|_| next()).collect();
        let (_dir, store) = store_with(&values, &late, maintain_at_ms);
        let windows = Windows { first_end_ms, step_ms, count, range_ms };
        let all = store.select(&[], i64::MIN, i64::MAX, &ALL).unwrap();
        let expected = by_hand(&all[0].samples, &windows);
        let (found, _) = summaries(&store, &windows);
        for (found, expected) in found.iter().zip(&expected) {
            prop_assert!(close(*found, *expected), "{found:?} {expected:?}");
        }
    }
}

#[test]
fn long_windows_come_from_summaries_and_short_ones_from_samples() {
    let values: Vec<f64> = (0..9_000).map(f64::from).collect();
    let (_dir, store) = store_with(&values, &[], Some(2_000_000));
    let long = Windows { first_end_ms: 850_000, step_ms: 1, count: 3, range_ms: 800_000 };
    let (found, from_summaries) = summaries(&store, &long);
    assert!(from_summaries);
    assert_eq!(
        found[0].map(|it| (it.count, it.last.value - it.first.value)),
        Some((8_000, 7_999.0))
    );
    let short = Windows { first_end_ms: 850_000, step_ms: 10_000, count: 30, range_ms: 30_000 };
    assert!(!summaries(&store, &short).1);
    // A late sample makes chunks overlap, so that nothing can be taken as a whole.
    let (_dir, store) = store_with(&values, &[(450_050, 1.0)], Some(2_000_000));
    let (found, from_summaries) = summaries(&store, &long);
    assert!(!from_summaries);
    assert_eq!(found[0].map(|it| it.count), Some(8_001));
}
