use nines_base::stale_marker;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Values as telemetry has them, and any bits.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-1000_i32..100_000).prop_map(f64::from),
        4 => (-100_000_i32..100_000).prop_map(|it| f64::from(it) / 1000.0),
        1 => any::<u64>().prop_map(f64::from_bits),
        1 => Just(stale_marker()),
        1 => Just(-0.0),
        1 => Just(9_007_199_254_740_994.0),
        1 => Just(f64::INFINITY),
    ]
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let step = prop_oneof![4 => Just(15_000_i64), 2 => 1..20_000_i64, 1 => 1..i64::MAX / 300];
    let regular = (vec(value(), 1..300), 1..60_000_i64).prop_map(|(values, step)| {
        (0..).zip(values).map(|(it, value)| Sample { at_ms: it * step, value }).collect()
    });
    let irregular = (any::<i32>(), vec((step, value()), 1..300)).prop_map(|(start, pairs)| {
        let mut at_ms = i64::from(start);
        let mut next = |(step, value)| {
            at_ms += step;
            Sample { at_ms, value }
        };
        pairs.into_iter().map(&mut next).collect()
    });
    let ordinary = vec(prop_oneof![20 => -9..9_i32, 1 => -999..0_i32], 1..300).prop_map(|it| {
        (0..).zip(it).map(|(it, value)| Sample { at_ms: it, value: f64::from(value) }).collect()
    });
    prop_oneof![regular, irregular, ordinary]
}

fn bits(samples: &[Sample]) -> Vec<(i64, u64)> {
    samples.iter().map(|it| (it.at_ms, it.value.to_bits())).collect()
}

fn encoded(samples: &[Sample], before_ms: i64) -> (Vec<u8>, Vec<u8>) {
    let (mut entry, mut payload) = (Vec::new(), Vec::new());
    put_chunk(samples, &mut payload).unwrap().put(before_ms, &mut entry);
    (entry, payload)
}

proptest! {
    #[test]
    fn every_sample_comes_back_bit_by_bit(samples in samples(), before_ms: i64, from in 0..300_usize, to in 0..300_usize) {
        let (entry, payload) = encoded(&samples, before_ms);
        let entry = Entry::read(&mut Reader::new(&entry), before_ms).unwrap();
        let mut back = Vec::new();
        let mut decoder = Decoder::default();
        decoder.decode(&entry, &payload, i64::MIN, i64::MAX, &mut back).unwrap();
        prop_assert_eq!(bits(&back), bits(&samples));

        let time = |it: usize| samples[it % samples.len()].at_ms;
        let (from_ms, to_ms) = (time(from), time(to));
        back.clear();
        decoder.decode(&entry, &payload, from_ms, to_ms, &mut back).unwrap();
        let expected: Vec<Sample> =
            samples.iter().filter(|it| (from_ms..=to_ms).contains(&it.at_ms)).copied().collect();
        prop_assert_eq!(bits(&back), bits(&expected));
    }

    #[test]
    fn an_entry_tells_the_summary_of_its_samples(samples in samples()) {
        let (entry, _) = encoded(&samples, 7);
        let read = Entry::read(&mut Reader::new(&entry), 7).unwrap();
        let exact = |it: Option<nines_promql::WindowSummary>| it.map(|it| {
            let values = [it.first.value, it.last.value, it.min, it.max];
            // Of equal zeros and of NaNs it does not matter which.
            (it.count, it.first.at_ms, it.last.at_ms, format!("{:?}", values.map(|it| it + 0.0)))
        });
        let expected = summarize(&samples);
        prop_assert_eq!(exact(read.summary), exact(expected));
        let sums = |it: Option<nines_promql::WindowSummary>| it.map_or([0.0; 2], |it| [it.sum, it.drops]);
        let size: f64 = samples.iter().map(|it| it.value.abs()).filter(|it| !it.is_nan()).sum();
        for (a, b) in sums(read.summary).into_iter().zip(sums(expected)) {
            prop_assert!((a - b).abs() <= size * 1e-12 || a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(), "{a} {b}");
        }
    }

    #[test]
    fn damaged_bytes_never_panic(bytes in vec(any::<u8>(), 0..200), count in 0..2_000_u32, first_ms: i64, last_ms: i64) {
        Entry::read(&mut Reader::new(&bytes), first_ms).ok();
        let entry = Entry {
            kind: Kind::Numbers, first_ms, last_ms, count, bytes: 0, crc: 0, decimals: None, summary: None,
        };
        let mut out = Vec::new();
        Decoder::default().decode(&entry, &bytes, first_ms, last_ms, &mut out).ok();
        prop_assert!(out.len() <= CHUNK_SAMPLES_MAX);
    }
}
