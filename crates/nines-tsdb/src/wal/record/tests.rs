use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[test]
fn what_is_written_is_read() {
    let labels = Labels::new([("__name__", "up"), ("job", "shop")]).unwrap();
    let samples = [5, 3, 9].map(|at_ms| Sample { at_ms, value: 1.5 });
    let mut writer = RecordWriter::default();
    writer.define(7, &labels);
    writer.add(7, &samples);
    writer.add(2, &samples[..1]);
    let frame = writer.finish().to_vec();
    let record = Record::decode(unframe(&frame).unwrap()).unwrap();
    assert_eq!(record.series, [(7, labels)]);
    assert_eq!(record.runs().collect::<Vec<_>>(), [(7, &samples[..]), (2, &samples[..1])]);
    assert!(writer.is_empty());
}

proptest! {
    #[test]
    fn damaged_payloads_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        drop(Record::decode(&bytes));
        drop(unframe(&bytes).map(Record::decode));
    }
}
