use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::settle::settle;

pub(crate) fn histogram() -> impl Strategy<Value = Histogram> {
    let count = prop_oneof![4 => (0..1_000_u32).prop_map(f64::from), 1 => any::<u64>().prop_map(f64::from_bits)];
    let counts = vec(count, 6);
    (
        0..2_i32,
        0..3_usize,
        0..3_usize,
        counts,
        0..4_u8,
        option::of(vec(0.0..9.0, 1..4)),
        any::<bool>(),
    )
        .prop_map(|(schema, positive, negative, counts, reset, custom, stale)| {
            if stale {
                return Histogram::stale();
            }
            let span =
                |it: usize| vec![BucketSpan { offset: -3, length: u32::try_from(it).unwrap() }];
            Histogram {
                schema,
                zero_threshold: 1e-128,
                zero_count: counts[0],
                count: counts[1],
                sum: 1.5,
                positive_spans: span(positive),
                positive_buckets: counts[2..2 + positive].to_vec(),
                negative_spans: span(negative),
                negative_buckets: counts[4..4 + negative].to_vec(),
                custom_values: custom.unwrap_or_default(),
                counter_reset: [
                    CounterReset::Unknown,
                    CounterReset::Reset,
                    CounterReset::NotReset,
                    CounterReset::Gauge,
                ][usize::from(reset)],
            }
        })
}

/// Of NaNs it matters which, and debug output does not tell.
fn shown(it: &Histogram) -> String {
    format!("{it:?} {:?}", counts(it).map(f64::to_bits).collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn every_histogram_comes_back(pairs in vec((any::<i32>(), histogram()), 1..20), from_ms in any::<i32>()) {
        let mut samples: Vec<HistogramSample> = pairs
            .into_iter()
            .map(|(at_ms, it)| HistogramSample { at_ms: i64::from(at_ms), histogram: Arc::new(it) })
            .collect();
        settle(&mut samples);
        let mut writer = HistogramWriter::default();
        for sample in &samples {
            writer.push(sample);
        }
        let mut out = Vec::new();
        decode_histograms(&writer.bytes, writer.first_ms, writer.count, i64::from(from_ms), i64::MAX, &mut out).unwrap();
        samples.retain(|it| i64::from(from_ms) <= it.at_ms);
        let shown = |all: &[HistogramSample]| -> Vec<(i64, String)> {
            all.iter().map(|it| (it.at_ms, shown(&it.histogram))).collect()
        };
        prop_assert_eq!(shown(&out), shown(&samples));
    }

    #[test]
    fn damaged_bytes_never_panic(bytes in vec(any::<u8>(), 0..200), count in 0..50_u32) {
        decode_histograms(&bytes, 0, count, i64::MIN, i64::MAX, &mut Vec::new()).ok();
    }
}

#[test]
fn a_histogram_that_grows_a_little_takes_little_more_than_a_byte_per_bucket() {
    let mut writer = HistogramWriter::default();
    for step in 0..100_u32 {
        let mut it = Histogram::stale();
        it.sum = f64::from(step);
        it.count = f64::from(step * 160);
        it.positive_spans = vec![BucketSpan { offset: 0, length: 160 }];
        it.positive_buckets = vec![f64::from(step); 160];
        writer.push(&HistogramSample { at_ms: i64::from(step), histogram: Arc::new(it) });
    }
    assert!(writer.bytes.len() < 100 * 175);
}
