mod messages;

use std::collections::btree_map::Entry;
use std::fmt::Write;
use std::sync::Mutex;

use expect_test::{Expect, expect};
use nines_base::SampleBatch;
use nines_port::{MetricMetadata, Row, SeriesKey};
use proptest::prelude::*;
use prost::Message;

use super::*;
use messages::*;

/// Remembers keys as the store does, and everything that it is told.
#[derive(Debug, Default)]
struct Probe {
    known: Mutex<BTreeMap<SeriesKey, Labels>>,
    asked: Mutex<usize>,
    told: Mutex<String>,
}

impl SampleSink for Probe {
    fn append(&self, _: &[SampleBatch]) -> Result<Appended, SinkError> {
        panic!("remote write appends rows")
    }

    fn append_rows(
        &self,
        rows: &[Row<'_>],
        labels: &dyn Fn(usize) -> Result<Labels, String>,
    ) -> Result<Appended, SinkError> {
        let (mut known, mut appended) = (self.known.lock().unwrap(), Appended::default());
        let mut told = self.told.lock().unwrap();
        for (index, row) in rows.iter().enumerate() {
            if let Entry::Vacant(place) = known.entry(row.key) {
                *self.asked.lock().unwrap() += 1;
                match labels(index) {
                    Ok(labels) => drop(place.insert(labels)),
                    Err(reason) => {
                        let labels = Labels::empty();
                        appended.refused.push(RefusedSeries { labels, reason });
                        continue;
                    }
                }
            }
            let labels = known.get(&row.key).unwrap();
            if labels.value("job") == "full" {
                let (labels, reason) = (labels.clone(), "series_max".to_owned());
                appended.refused.push(RefusedSeries { labels, reason });
                continue;
            }
            for it in row.samples {
                writeln!(told, "{labels} {} @{}", it.value, it.at_ms).unwrap();
            }
            for it in row.histograms {
                let h = &it.histogram;
                let stale = if h.is_stale() { " stale" } else { "" };
                let (buckets, count) = (&h.positive_buckets, h.count);
                writeln!(told, "{labels} {count} {buckets:?}{stale} @{}", it.at_ms).unwrap();
            }
            appended.samples += (row.samples.len() + row.histograms.len()) as u64;
        }
        Ok(appended)
    }

    fn append_exemplars(&self, exemplars: &[(Labels, Exemplar)]) {
        let mut told = self.told.lock().unwrap();
        for (labels, it) in exemplars {
            writeln!(told, "{labels} # {} {} @{}", it.labels, it.value, it.at_ms).unwrap();
        }
    }

    fn describe(&self, metadata: &[MetricMetadata]) {
        let mut told = self.told.lock().unwrap();
        for it in metadata {
            writeln!(told, "{} is a {} in {:?}: {}", it.metric, it.kind, it.unit, it.help).unwrap();
        }
    }
}

fn labels_of(pairs: &[(&[u8], &[u8])]) -> Vec<Label> {
    let label =
        |(name, value): &(&[u8], &[u8])| Label { name: name.to_vec(), value: value.to_vec() };
    pairs.iter().map(label).collect()
}

fn sample(timestamp: i64, value: f64) -> WireSample {
    WireSample { value, timestamp, start_timestamp: 0 }
}

fn wire(pairs: &[(&[u8], &[u8])], samples: &[(i64, f64)]) -> TimeSeries {
    let samples = samples.iter().map(|(at_ms, value)| sample(*at_ms, *value)).collect();
    TimeSeries { labels: labels_of(pairs), samples, ..TimeSeries::default() }
}

fn histogram(count: u64, sum: f64) -> WireHistogram {
    WireHistogram {
        count,
        sum,
        schema: 1,
        zero_count: 0,
        positive_spans: vec![Span { offset: 0, length: 2 }],
        positive_deltas: vec![1, 1],
        timestamp: 9,
    }
}

fn compressed(message: &impl Message) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(&message.encode_to_vec()).unwrap()
}

fn body(timeseries: Vec<TimeSeries>) -> Vec<u8> {
    compressed(&WriteRequest { timeseries, metadata: Vec::new() })
}

fn batch_of(pairs: &[(&str, &str)], samples: &[(i64, f64)]) -> SampleBatch {
    let labels = Labels::new(pairs.iter().copied()).unwrap();
    let sample = |(at_ms, value): &(i64, f64)| nines_base::Sample { at_ms: *at_ms, value: *value };
    SampleBatch::new(labels, samples.iter().map(sample).collect())
}

#[track_caller]
fn check(bodies: &[Vec<u8>], version: Version, expect: &Expect) {
    let probe = Probe::default();
    let mut said = String::new();
    for body in bodies {
        match receive(body, version, &WriteLimits::default(), &probe) {
            Ok(Received { written, refused }) => {
                let Written { samples, histograms, exemplars } = written;
                writeln!(
                    said,
                    "-- {samples} samples, {histograms} histograms, {exemplars} exemplars"
                )
                .unwrap();
                for it in refused {
                    writeln!(said, "refused {}: {}", it.series, it.reason).unwrap();
                }
            }
            Err(error) => writeln!(said, "-- {error}").unwrap(),
        }
    }
    let told = probe.told.into_inner().unwrap();
    expect.assert_eq(&(told + &said));
}

#[test]
fn samples_come_sorted_and_labels_in_any_order() {
    let series = wire(
        &[(b"__name__", b"up"), (b"job", b"a"), (b"instance", b"b")],
        &[(30, 3.0), (10, 1.0), (20, 2.0)],
    );
    check(
        &[body(vec![series])],
        Version::One,
        &expect![[r#"
            up{instance="b", job="a"} 1 @10
            up{instance="b", job="a"} 2 @20
            up{instance="b", job="a"} 3 @30
            -- 3 samples, 0 histograms, 0 exemplars
        "#]],
    );
}

#[test]
fn the_bytes_are_those_of_the_protocol() {
    // Written by hand after the schema: series { label { "__name__", "up" }, sample { 1.0, 5 } }.
    let message =
        b"\x0a\x1d\x0a\x0e\x0a\x08__name__\x12\x02up\x12\x0b\x09\0\0\0\0\0\0\xf0\x3f\x10\x05";
    let block = snap::raw::Encoder::new().compress_vec(message).unwrap();
    check(
        std::slice::from_ref(&block),
        Version::One,
        &expect![[r#"
        up 1 @5
        -- 1 samples, 0 histograms, 0 exemplars
    "#]],
    );
    assert_eq!(encode(&[batch_of(&[("__name__", "up")], &[(5, 1.0)])]), block);
}

#[test]
fn a_bad_series_is_named_and_the_others_are_kept() {
    let sample = [(1, 1.0)];
    let broken = TimeSeries {
        histograms: vec![histogram(7, 1.0)],
        ..wire(&[(b"__name__", b"broken")], &sample)
    };
    let request = body(vec![
        wire(&[(b"__name__", b"good")], &sample),
        wire(&[(b"__name__", b"twice"), (b"a", b"1"), (b"a", b"2")], &sample),
        wire(&[(b"__name__", b"latin"), (b"a", b"\xe9")], &sample),
        wire(&[(b"__name__", b"empty"), (b"", b"1")], &sample),
        wire(&[(b"job", b"nameless")], &sample),
        broken,
        wire(&[(b"__name__", b"exemplars_only")], &[]),
        wire(&[(b"__name__", b"a"), (b"job", b"full")], &sample),
        wire(&[(b"__name__", b"last")], &sample),
    ]);
    check(
        &[request],
        Version::One,
        &expect![[r#"
            good 1 @1
            last 1 @1
            -- 2 samples, 0 histograms, 0 exemplars
            refused {__name__="broken"}: a histogram of 7 observations with 3 in its buckets
            refused {__name__="twice", a="1", a="2"}: label `a` is given twice
            refused {__name__="latin", a="�"}: a label that is not UTF-8
            refused {__name__="empty", ="1"}: a label has an empty name
            refused {job="nameless"}: no label `__name__`
            refused a{job="full"}: series_max
        "#]],
    );
}

#[test]
fn histograms_exemplars_and_metadata_arrive() {
    let exemplar =
        WireExemplar { labels: labels_of(&[(b"trace_id", b"ab")]), value: 0.5, timestamp: 8 };
    let long = WireExemplar { labels: labels_of(&[(b"trace_id", &[b'x'; 130])]), ..exemplar };
    let stale = f64::from_bits(nines_base::STALE_NAN_BITS);
    let series = TimeSeries {
        exemplars: vec![exemplar, long],
        histograms: vec![histogram(3, 4.5), WireHistogram { timestamp: 12, ..histogram(3, stale) }],
        ..wire(&[(b"__name__", b"h")], &[])
    };
    let family = Metadata {
        kind: 3,
        family: "h".to_owned(),
        help: "How long.".to_owned(),
        unit: "seconds".to_owned(),
    };
    let message = WriteRequest { timeseries: vec![series], metadata: vec![family] };
    check(
        &[compressed(&message)],
        Version::One,
        &expect![[r#"
            h 3 [1.0, 2.0] @9
            h 3 [1.0, 2.0] stale @12
            h is a histogram in "seconds": How long.
            h # {trace_id="ab"} 0.5 @8
            -- 0 samples, 2 histograms, 1 exemplars
        "#]],
    );
}

/// A request of version 2 with two series of one metric.
fn version_2() -> Request2 {
    let symbols = ["", "__name__", "h_sum", "job", "a", "trace_id", "ab", "Help.", "seconds", "b"];
    let metadata = Some(SymbolMetadata { kind: 3, help: 7, unit: 8 });
    let exemplars = vec![SymbolExemplar { labels: vec![5, 6], value: 2.0, timestamp: 4 }];
    let first = Series {
        labels: vec![1, 2, 3, 4],
        samples: vec![WireSample { start_timestamp: 1, ..sample(4, 1.5) }],
        exemplars,
        metadata,
        created_timestamp: 1,
        ..Series::default()
    };
    let second = Series { labels: vec![1, 2, 3, 9], exemplars: Vec::new(), ..first.clone() };
    let third = Series {
        samples: Vec::new(),
        histograms: vec![histogram(3, 1.0)],
        metadata: None,
        ..second.clone()
    };
    let symbols = symbols.map(str::to_owned).to_vec();
    Request2 { symbols, timeseries: vec![first, second, third] }
}

#[test]
fn version_2_brings_the_same_by_symbols() {
    check(
        &[compressed(&version_2())],
        Version::Two,
        &expect![[r#"
            h_sum{job="a"} 1.5 @4
            h_sum{job="b"} 1.5 @4
            h_sum{job="b"} 3 [1.0, 2.0] @9
            h is a histogram in "seconds": Help.
            h_sum{job="a"} # {trace_id="ab"} 2 @4
            -- 2 samples, 1 histograms, 1 exemplars
        "#]],
    );
}

#[test]
fn symbols_that_lead_nowhere_spoil_their_series_only() {
    let mut request = version_2();
    request.timeseries[0].labels = vec![1, 2, 3, 99];
    request.timeseries[1].labels = vec![1, 2, 3];
    let mut no_empty = version_2();
    no_empty.symbols[0] = "x".to_owned();
    let bodies = [compressed(&request), compressed(&no_empty), compressed(&Request2::default())];
    check(
        &bodies,
        Version::Two,
        &expect![[r#"
            h_sum{job="b"} 3 [1.0, 2.0] @9
            h is a histogram in "seconds": Help.
            -- 0 samples, 1 histograms, 0 exemplars
            refused {?}: symbol 99 of 10
            refused {?}: an odd number of references to symbols
            -- the first symbol of a remote-write 2.0 message must be the empty text
            -- 0 samples, 0 histograms, 0 exemplars
        "#]],
    );
}

#[test]
fn a_series_has_one_key_in_both_versions_and_is_parsed_once() {
    let probe = Probe::default();
    let batches = [
        batch_of(&[("__name__", "a"), ("job", "x")], &[(1, 1.0)]),
        batch_of(&[("__name__", "b"), ("job", "x")], &[(1, 1.0)]),
    ];
    let limits = WriteLimits::default();
    for _ in 0..3 {
        receive(&encode(&batches), Version::One, &limits, &probe).unwrap();
        receive(&encode_2(&batches), Version::Two, &limits, &probe).unwrap();
    }
    assert_eq!(*probe.asked.lock().unwrap(), 2);
    let known = probe.known.lock().unwrap();
    assert!(known.iter().all(|(key, labels)| *key == crate::key::key_of(labels)));
}

#[test]
fn labels_that_are_not_in_one_run_make_the_same_key() {
    // label, sample, label: legal protobuf, written by nobody.
    let mut writer = crate::wire::Writer::default();
    writer.message(1, |series| {
        series.message(1, |it| {
            it.text(1, "__name__");
            it.text(2, "a");
        });
        series.message(2, |it| it.double(1, 1.0));
        series.message(1, |it| {
            it.text(1, "job");
            it.text(2, "x");
        });
    });
    let block = snap::raw::Encoder::new().compress_vec(&writer.into_bytes()).unwrap();
    let probe = Probe::default();
    receive(&block, Version::One, &WriteLimits::default(), &probe).unwrap();
    let (key, labels) = probe.known.into_inner().unwrap().pop_first().unwrap();
    assert_eq!(labels.to_string(), "a{job=\"x\"}");
    assert_eq!(key, crate::key::key_of(&labels));
}

#[test]
fn every_limit_is_kept() {
    let series = || wire(&[(b"__name__", b"a"), (b"b", b"cde")], &[(1, 1.0), (2, 2.0)]);
    let request = body(vec![series(), series()]);
    let full = WriteLimits::default();
    let check =
        |limits: WriteLimits| match receive(&request, Version::One, &limits, &Probe::default()) {
            Ok(received) => {
                format!("{}, and {} more", received.refused[0].reason, received.refused.len() - 1)
            }
            Err(error) => error.to_string(),
        };
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
        more than 1 labels, and 1 more
        a label longer than 2 bytes, and 1 more"#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn bodies_that_are_no_requests_are_refused() {
    let said = |body: &[u8]| {
        let error = receive(body, Version::One, &WriteLimits::default(), &Probe::default());
        error.unwrap_err().to_string()
    };
    let block = |bytes: &[u8]| snap::raw::Encoder::new().compress_vec(bytes).unwrap();
    let lines = [
        said(b""),
        said(b"no snappy"),
        said(&block(b"\x0a\xff")),
        said(&block(b"\x0a\x02\x12\x05")),
        said(&block(b"\x0a\x04\x12\x02\x08\x01")),
        said(b"\xff\xff\xff\xff\xff"),
        said(b"\x80\x80\x80\x80\x08abc"),
        said(b"\x80\x80\x80\x10abc"),
    ];
    expect![[r#"
        failed to decompress the body as a snappy block
        failed to decompress the body as a snappy block
        failed to decode the body as a remote-write message
        failed to decode the body as a remote-write message
        failed to decode the body as a remote-write message
        failed to decompress the body as a snappy block
        more than 67108864 bytes in one request
        failed to decompress the body as a snappy block"#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn a_block_that_grows_as_much_as_it_can_is_read() {
    let block = snap::raw::Encoder::new().compress_vec(&vec![0; 10 << 20]).unwrap();
    let error = receive(&block, Version::One, &WriteLimits::default(), &Probe::default());
    assert!(matches!(error, Err(WriteError::Protobuf(WireError::BadField))), "{error:?}");
}

#[test]
fn any_bytes_are_answered() {
    let request = version_2().encode_to_vec();
    let corpus: [&[u8]; 8] = [
        b"",
        b"\0",
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\x0a\x04\x0a\x02\x0a\x00",
        b"\x22\x00\x2a\x06\x0a\x02\x00\x00\x12\x00",
        b"\x22\x00\x2a\x05\x0a\x03\x00\xff\x7f",
        &request,
        &body(vec![wire(&[(b"__name__", b"a")], &[(i64::MIN, f64::NAN), (0, -0.0)])]),
    ];
    for bytes in corpus {
        fuzz(bytes);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered_too(bytes: Vec<u8>) {
        fuzz(&bytes);
    }

    #[test]
    fn any_damage_is_answered(at: prop::sample::Index, byte: u8, is_second: bool) {
        let mut message = if is_second {
            version_2().encode_to_vec()
        } else {
            let series = wire(&[(b"__name__", b"a"), (b"b", b"c")], &[(1, 1.0), (2, f64::NAN)]);
            let timeseries = vec![TimeSeries { histograms: vec![histogram(3, 1.0)], ..series }];
            WriteRequest { timeseries, metadata: Vec::new() }.encode_to_vec()
        };
        let at = at.index(message.len());
        message[at] = byte;
        fuzz(&message);
    }

    #[test]
    fn what_is_written_is_read_by_another_implementation(values: Vec<f64>, label in "(?s).{1,20}") {
        let samples: Vec<(i64, f64)> = (0..).zip(values.iter().copied()).collect();
        let batch = batch_of(&[("__name__", "a"), ("l", &label)], &samples);
        let block = encode(std::slice::from_ref(&batch));
        let message = snap::raw::Decoder::new().decompress_vec(&block).unwrap();
        let read = WriteRequest::decode(&*message).unwrap();
        let read: Vec<u64> =
            read.timeseries[0].samples.iter().map(|it| it.value.to_bits()).collect();
        prop_assert_eq!(read, values.iter().map(|it| it.to_bits()).collect::<Vec<_>>());
        let message = snap::raw::Decoder::new().decompress_vec(&encode_2(&[batch])).unwrap();
        let read = Request2::decode(&*message).unwrap();
        prop_assert_eq!(&read.symbols[..4], &["", "__name__", "a", "l"]);
        prop_assert_eq!(read.timeseries[0].samples.len(), values.len());
    }
}

#[test]
fn a_store_that_fails_takes_nothing_and_may_recover() {
    #[derive(Debug)]
    struct Full;
    impl SampleSink for Full {
        fn append(&self, _: &[SampleBatch]) -> Result<Appended, SinkError> {
            Err(SinkError { source: "disk full".into() })
        }
    }
    let request = body(vec![wire(&[(b"__name__", b"a")], &[(1, 1.0)])]);
    let error = receive(&request, Version::One, &WriteLimits::default(), &Full).unwrap_err();
    assert!(matches!(error, WriteError::Sink(_)), "{error}");
}
