use expect_test::expect;
use proptest::prelude::*;

use super::*;

fn wire(pairs: &[(&[u8], &[u8])], samples: &[(i64, f64)]) -> TimeSeries {
    let label = |(name, value): &(&[u8], &[u8])| Label {
        name: Bytes::copy_from_slice(name),
        value: Bytes::copy_from_slice(value),
    };
    let sample = |(at_ms, value): &(i64, f64)| WireSample { value: *value, timestamp: *at_ms };
    TimeSeries {
        labels: pairs.iter().map(label).collect(),
        samples: samples.iter().map(sample).collect(),
        histograms: Vec::new(),
    }
}

fn body(timeseries: Vec<TimeSeries>) -> Vec<u8> {
    let message = WriteRequest { timeseries }.encode_to_vec();
    snap::raw::Encoder::new().compress_vec(&message).unwrap()
}

fn batch_of(pairs: &[(&str, &str)], samples: &[(i64, f64)]) -> SampleBatch {
    let labels = Labels::new(pairs.iter().copied()).unwrap();
    let sample = |(at_ms, value): &(i64, f64)| Sample { at_ms: *at_ms, value: *value };
    SampleBatch { labels, samples: samples.iter().map(sample).collect(), histograms: Vec::new() }
}

#[test]
fn samples_come_sorted_and_labels_in_any_order() {
    let series = wire(
        &[(b"__name__", b"up"), (b"job", b"a"), (b"instance", b"b")],
        &[(30, 3.0), (10, 1.0), (20, 2.0)],
    );
    let batches = decode(&body(vec![series]), &WriteLimits::default()).unwrap();
    let pairs = [("__name__", "up"), ("instance", "b"), ("job", "a")];
    assert_eq!(batches, [batch_of(&pairs, &[(10, 1.0), (20, 2.0), (30, 3.0)])]);
}

#[test]
fn the_bytes_are_those_of_the_protocol() {
    // Written by hand after the schema: series { label { "__name__", "up" }, sample { 1.0, 5 } }.
    let message =
        b"\x0a\x1d\x0a\x0e\x0a\x08__name__\x12\x02up\x12\x0b\x09\0\0\0\0\0\0\xf0\x3f\x10\x05";
    let block = snap::raw::Encoder::new().compress_vec(message).unwrap();
    let batches = decode(&block, &WriteLimits::default()).unwrap();
    assert_eq!(batches, [batch_of(&[("__name__", "up")], &[(5, 1.0)])]);
    assert_eq!(encode(&batches), block);
}

#[test]
fn a_bad_series_is_named_and_the_others_are_kept() {
    let sample = [(1, 1.0)];
    let mut histogram = wire(&[(b"__name__", b"h")], &sample);
    histogram.histograms = vec![Bytes::from_static(b"\x08\x01")];
    let request = body(vec![
        wire(&[(b"__name__", b"good")], &sample),
        wire(&[(b"__name__", b"twice"), (b"a", b"1"), (b"a", b"2")], &sample),
        wire(&[(b"__name__", b"latin"), (b"a", b"\xe9")], &sample),
        wire(&[(b"__name__", b"empty"), (b"", b"1")], &sample),
        wire(&[(b"job", b"nameless")], &sample),
        histogram,
        wire(&[(b"__name__", b"exemplars_only")], &[]),
    ]);
    let error = decode(&request, &WriteLimits::default()).unwrap_err();
    let text = error.to_string().replace("; ", "\n").replace("refused: ", "refused:\n");
    expect![[r#"
        5 series refused:
        {__name__="twice", a="1", a="2"}: label `a` is given twice
        {__name__="latin", a="�"}: a label that is not UTF-8
        {__name__="empty", ="1"}: a label has an empty name
        {job="nameless"}: no label `__name__`
        {__name__="h"}: native histograms are not supported"#]]
    .assert_eq(&text);
    let WriteError::Series { valid, count, .. } = error else { panic!("{error}") };
    assert_eq!((valid, count), (vec![batch_of(&[("__name__", "good")], &sample)], 5));
}

#[test]
fn every_limit_is_kept() {
    let series = || wire(&[(b"__name__", b"a"), (b"b", b"cde")], &[(1, 1.0), (2, 2.0)]);
    let request = body(vec![series(), series()]);
    let full = WriteLimits::default();
    let check = |limits: WriteLimits| decode(&request, &limits).unwrap_err().to_string();
    let lines = [
        check(WriteLimits { bytes_max: 50, ..full }),
        check(WriteLimits { series_max: 1, ..full }),
        check(WriteLimits { samples_max: 3, ..full }),
        check(WriteLimits { labels_max: 1, ..full }),
        check(WriteLimits { label_bytes_max: 2, ..full }),
    ];
    expect![[r#"
        more than 50 bytes in one request
        more than 1 series in one request
        more than 3 samples in one request
        2 series refused: {__name__="a", b="cde"}: more than 1 labels; {__name__="a", b="cde"}: more than 1 labels
        2 series refused: {__name__="a", b="cde"}: a label longer than 2 bytes; {__name__="a", b="cde"}: a label longer than 2 bytes"#]].assert_eq(&lines.join("\n"));
}

#[test]
fn a_small_body_cannot_claim_to_be_huge() {
    let claims_4_gib = [0xff, 0xff, 0xff, 0xff, 0x0f, 0x00];
    let error = decode(&claims_4_gib, &WriteLimits::default()).unwrap_err();
    assert!(matches!(error, WriteError::TooLarge { what: "bytes", .. }), "{error}");
}

#[test]
fn other_bodies_are_errors() {
    let error = |it: &[u8]| decode(it, &WriteLimits::default()).unwrap_err();
    assert!(matches!(error(b"up 1\n"), WriteError::Snappy(_)));
    assert!(matches!(error(b""), WriteError::Snappy(_)));
    let cut_off = snap::raw::Encoder::new().compress_vec(b"\x0a\xff").unwrap();
    assert!(matches!(error(&cut_off), WriteError::Protobuf(_)));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
        fuzz(&bytes);
    }

    #[test]
    fn broken_requests_are_read_without_panic(at in 0_usize..40, byte: u8) {
        let series = wire(&[(b"__name__", b"up"), (b"job", b"shop")], &[(1, 1.0), (2, 2.0)]);
        let mut message = WriteRequest { timeseries: vec![series] }.encode_to_vec();
        let at = at % message.len();
        message[at] = byte;
        fuzz(&message);
    }

    #[test]
    fn what_is_written_is_read(values: Vec<f64>, label in "(?s).{1,20}") {
        let samples: Vec<(i64, f64)> =
            (0..).zip(values.iter().copied()).collect();
        prop_assume!(!samples.is_empty());
        let batches = [batch_of(&[("__name__", "a"), ("l", &label)], &samples)];
        let read = decode(&encode(&batches), &WriteLimits::default()).unwrap();
        prop_assert_eq!(&read[0].labels, &batches[0].labels);
        let read: Vec<f64> = read[0].samples.iter().map(|it| it.value).collect();
        prop_assert_eq!(read, values);
    }
}

#[test]
fn the_staleness_marker_keeps_its_bits() {
    let batches = [batch_of(&[("__name__", "a")], &[(1, nines_base::stale_marker())])];
    let read = decode(&encode(&batches), &WriteLimits::default()).unwrap();
    assert!(nines_base::is_stale(read[0].samples[0].value));
}
