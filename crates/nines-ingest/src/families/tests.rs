use proptest::prelude::*;
use prost::Message;

use super::fuzz;

#[derive(Clone, PartialEq, Message)]
struct LabelPair {
    #[prost(string, optional, tag = "1")]
    name: Option<String>,
    #[prost(string, optional, tag = "2")]
    value: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
struct Counter {
    #[prost(double, optional, tag = "1")]
    value: Option<f64>,
    #[prost(message, optional, tag = "2")]
    exemplar: Option<Exemplar>,
}

#[derive(Clone, PartialEq, Message)]
struct Exemplar {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<LabelPair>,
    #[prost(double, optional, tag = "2")]
    value: Option<f64>,
    #[prost(message, optional, tag = "3")]
    at: Option<Timestamp>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Timestamp {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(uint64, optional, tag = "1")]
    count: Option<u64>,
    #[prost(double, optional, tag = "2")]
    sum: Option<f64>,
    #[prost(message, repeated, tag = "3")]
    quantiles: Vec<Quantile>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Quantile {
    #[prost(double, optional, tag = "1")]
    quantile: Option<f64>,
    #[prost(double, optional, tag = "2")]
    value: Option<f64>,
}

#[derive(Clone, PartialEq, Message)]
struct Histogram {
    #[prost(uint64, optional, tag = "1")]
    count: Option<u64>,
    #[prost(double, optional, tag = "2")]
    sum: Option<f64>,
    #[prost(message, repeated, tag = "3")]
    buckets: Vec<Bucket>,
    #[prost(sint32, optional, tag = "5")]
    schema: Option<i32>,
    #[prost(double, optional, tag = "6")]
    zero_threshold: Option<f64>,
    #[prost(uint64, optional, tag = "7")]
    zero_count: Option<u64>,
    #[prost(message, repeated, tag = "12")]
    spans: Vec<Span>,
    #[prost(sint64, repeated, packed = "false", tag = "13")]
    deltas: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct Bucket {
    #[prost(uint64, optional, tag = "1")]
    count: Option<u64>,
    #[prost(double, optional, tag = "2")]
    border: Option<f64>,
    #[prost(message, optional, tag = "3")]
    exemplar: Option<Exemplar>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Span {
    #[prost(sint32, optional, tag = "1")]
    offset: Option<i32>,
    #[prost(uint32, optional, tag = "2")]
    length: Option<u32>,
}

#[derive(Clone, PartialEq, Message)]
struct Metric {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<LabelPair>,
    #[prost(message, optional, tag = "3")]
    counter: Option<Counter>,
    #[prost(message, optional, tag = "4")]
    summary: Option<Summary>,
    #[prost(int64, optional, tag = "6")]
    at_ms: Option<i64>,
    #[prost(message, optional, tag = "7")]
    histogram: Option<Histogram>,
}

#[derive(Clone, PartialEq, Message)]
struct MetricFamily {
    #[prost(string, optional, tag = "1")]
    name: Option<String>,
    #[prost(string, optional, tag = "2")]
    help: Option<String>,
    #[prost(int32, optional, tag = "3")]
    kind: Option<i32>,
    #[prost(message, repeated, tag = "4")]
    metrics: Vec<Metric>,
    #[prost(string, optional, tag = "5")]
    unit: Option<String>,
}

fn family(name: &str, kind: i32, metric: Metric) -> MetricFamily {
    MetricFamily {
        name: Some(name.to_owned()),
        help: Some(format!("About {name}.")),
        kind: Some(kind),
        metrics: vec![metric],
        unit: None,
    }
}

fn pair(name: &str, value: &str) -> LabelPair {
    LabelPair { name: Some(name.to_owned()), value: Some(value.to_owned()) }
}

/// A counter, a summary, a classic histogram and a native one, written by another implementation.
pub(crate) fn body() -> Vec<u8> {
    let exemplar = Exemplar {
        labels: vec![pair("trace_id", "ab")],
        value: Some(0.5),
        at: Some(Timestamp { seconds: 2, nanos: 500_000_000 }),
    };
    let counter = Counter { value: Some(7.0), exemplar: Some(exemplar.clone()) };
    let requests =
        Metric { labels: vec![pair("code", "200")], counter: Some(counter), ..Metric::default() };
    let quantiles = vec![Quantile { quantile: Some(1.0), value: Some(0.25) }];
    let summary = Summary { count: Some(4), sum: Some(1.5), quantiles };
    let summary = Metric { summary: Some(summary), at_ms: Some(77), ..Metric::default() };
    let buckets = vec![Bucket { count: Some(1), border: Some(1.0), exemplar: Some(exemplar) }];
    let classic = Histogram { count: Some(3), sum: Some(9.0), buckets, ..Histogram::default() };
    let native = Histogram {
        count: Some(6),
        sum: Some(9.0),
        schema: Some(2),
        zero_threshold: Some(1e-9),
        zero_count: Some(1),
        spans: vec![Span { offset: Some(1), length: Some(2) }],
        deltas: vec![2, 1],
        ..Histogram::default()
    };
    let histogram = |it| Metric { histogram: Some(it), ..Metric::default() };
    let families = [
        family("requests_total", 0, requests),
        family("sizes", 2, summary),
        family("classic", 4, histogram(classic)),
        family("native", 4, histogram(native)),
    ];
    families.iter().flat_map(Message::encode_length_delimited_to_vec).collect()
}

#[test]
fn any_bytes_are_answered() {
    for bytes in [&b""[..], b"\0", b"\x05abc", b"\x02\x0a\x00", &body()] {
        fuzz(bytes);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered_too(bytes: Vec<u8>) {
        fuzz(&bytes);
    }

    #[test]
    fn any_damage_is_answered(at: prop::sample::Index, byte: u8) {
        let mut body = body();
        let at = at.index(body.len());
        body[at] = byte;
        fuzz(&body);
    }
}
