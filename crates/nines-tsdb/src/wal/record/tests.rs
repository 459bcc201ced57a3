use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[test]
fn a_record_is_read_as_it_was_written() {
    let labels = Labels::new([("__name__", "up"), ("job", "shop")]).unwrap();
    let mut writer = RecordWriter::default();
    let samples = [
        (7, 5, 1.5),
        (7, 20, 2.0),
        (7, 35, -0.0),
        (8, 35, 1e6),
        (9, 34, 12.345),
        (3, i64::MIN, 0.0),
    ];
    writer.define(7, labels.iter());
    for (wal_ref, at_ms, value) in samples {
        writer.add(wal_ref, Sample { at_ms, value });
    }
    let frame = writer.finish().to_vec();
    let record = Record::decode(unframe(&frame).unwrap()).unwrap();
    assert_eq!(record.series, [(7, labels)]);
    let expected = samples.map(|(wal_ref, at_ms, value)| (wal_ref, Sample { at_ms, value }));
    assert_eq!(record.samples, expected);
    assert!(writer.is_empty());
}

#[test]
fn a_sample_of_a_scrape_takes_four_bytes() {
    let mut writer = RecordWriter::default();
    for number in 0..100_u32 {
        writer.add(
            1 + u64::from(number),
            Sample { at_ms: 1_700_000_000_000, value: f64::from(1_000_000 + number) },
        );
    }
    assert!(writer.finish().len() < 100 * 4 + 30);
}

fn value() -> impl Strategy<Value = f64> {
    let whole = (any::<i64>(), 0..64_u32, 0..9_i32);
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        whole.prop_map(|(bits, shift, decimals)| (bits >> shift) as f64 / 10_f64.powi(decimals)),
        any::<f32>().prop_map(f64::from),
    ]
}

proptest! {
    #[test]
    fn every_sample_comes_back_bit_by_bit(
        samples in vec((0..5_u64, prop_oneof![0..3_i64, any::<i64>()], value()), 0..50)
    ) {
        let mut writer = RecordWriter::default();
        for (wal_ref, at_ms, value) in &samples {
            writer.add(*wal_ref, Sample { at_ms: *at_ms, value: *value });
        }
        let record = Record::decode(unframe(writer.finish()).unwrap()).unwrap();
        let read = record.samples.iter().map(|(r, it)| (*r, it.at_ms, it.value.to_bits()));
        let expected = samples.iter().map(|(r, at_ms, value)| (*r, *at_ms, value.to_bits()));
        prop_assert!(read.eq(expected));
    }
}

proptest! {
    #[test]
    fn damaged_payloads_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        drop(Record::decode(&bytes));
        drop(unframe(&bytes).map(Record::decode));
    }
}
