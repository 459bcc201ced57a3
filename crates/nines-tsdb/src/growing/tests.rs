use nines_base::stale_marker;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;

/// Values as telemetry has them, and any bits.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-1000_i32..100_000).prop_map(f64::from),
        (-100_000_i32..100_000).prop_map(|it| f64::from(it) / 1000.0),
        any::<u64>().prop_map(f64::from_bits),
        Just(stale_marker()),
        Just(-0.0),
        Just(9_007_199_254_740_994.0),
        Just(f64::INFINITY),
    ]
}

fn bits(samples: &[Sample]) -> Vec<(i64, u64)> {
    samples.iter().map(|it| (it.at_ms, it.value.to_bits())).collect()
}

fn grown(samples: &[Sample]) -> Growing {
    let mut growing = Growing::default();
    for sample in samples {
        assert!(growing.is_next(sample.at_ms));
        growing.push(*sample);
        assert!(growing.is_newest(*sample));
    }
    growing
}

fn back(growing: &Growing, from_ms: i64, to_ms: i64) -> Vec<Sample> {
    let mut out = Vec::new();
    let mut reader = Reader::new(growing.bytes());
    decode(&mut reader, growing.first_ms, growing.count(), from_ms, to_ms, &mut out).unwrap();
    out
}

proptest! {
    #[test]
    fn every_sample_comes_back_bit_by_bit(pairs in btree_map(any::<i64>(), value(), 0..100)) {
        let samples: Vec<Sample> =
            pairs.into_iter().map(|(at_ms, value)| Sample { at_ms, value }).collect();
        let back = back(&grown(&samples), i64::MIN, i64::MAX);
        prop_assert_eq!(bits(&back), bits(&samples));
    }

    #[test]
    fn damaged_bytes_never_panic(bytes in vec(any::<u8>(), 0..100), first_ms: i64, count in 0..200_u32) {
        let mut out = Vec::new();
        let decoded = decode(&mut Reader::new(&bytes), first_ms, count, i64::MIN, i64::MAX, &mut out);
        prop_assert!(decoded.is_ok() || out.len() < count as usize);
    }
}

#[test]
fn a_range_is_closed_at_both_ends() {
    let samples: Vec<Sample> = (0..100).map(|it| Sample { at_ms: it * 10, value: 1.0 }).collect();
    let out = back(&grown(&samples), 100, 120);
    assert_eq!(out.iter().map(|it| it.at_ms).collect::<Vec<_>>(), [100, 110, 120]);
}

#[test]
fn a_scraped_counter_takes_few_bytes() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut value = 1_000_000;
    let samples: Vec<Sample> = (0..240)
        .map(|it| {
            value += random.i32(0..300);
            Sample { at_ms: it * 15_000 + random.i64(-3..3), value: f64::from(value) }
        })
        .collect();
    let bytes = grown(&samples).bytes().len();
    assert!(bytes < 4 * 240, "{bytes}");
}
