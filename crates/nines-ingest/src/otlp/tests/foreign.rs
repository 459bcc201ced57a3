//! A request in protobuf, written by another implementation than ours.

use prost::Message;

#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(message, repeated, tag = "1")]
    resources: Vec<ResourceMetrics>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceMetrics {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scopes: Vec<Scope>,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "Any", tags = "1, 2, 3, 4, 5, 7")]
    value: Option<Any>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Any {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Bool(bool),
    #[prost(int64, tag = "3")]
    Int(i64),
    #[prost(double, tag = "4")]
    Double(f64),
    #[prost(message, tag = "5")]
    List(List),
    #[prost(bytes, tag = "7")]
    Bytes(Vec<u8>),
}

#[derive(Clone, PartialEq, Message)]
struct List {
    #[prost(message, repeated, tag = "1")]
    values: Vec<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct Scope {
    #[prost(message, repeated, tag = "2")]
    metrics: Vec<Metric>,
}

#[derive(Clone, PartialEq, Message)]
struct Metric {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    description: String,
    #[prost(string, tag = "3")]
    unit: String,
    #[prost(message, optional, tag = "7")]
    sum: Option<Sum>,
    #[prost(message, optional, tag = "9")]
    histogram: Option<Histogram>,
    #[prost(message, optional, tag = "10")]
    exponential: Option<Exponential>,
}

#[derive(Clone, PartialEq, Message)]
struct Sum {
    #[prost(message, repeated, tag = "1")]
    points: Vec<Number>,
    #[prost(int32, tag = "2")]
    temporality: i32,
    #[prost(bool, tag = "3")]
    is_monotonic: bool,
}

#[derive(Clone, PartialEq, Message)]
struct Number {
    #[prost(fixed64, tag = "3")]
    nanos: u64,
    #[prost(sfixed64, tag = "6")]
    int: i64,
    #[prost(message, repeated, tag = "7")]
    attributes: Vec<KeyValue>,
    #[prost(message, repeated, tag = "5")]
    exemplars: Vec<Exemplar>,
}

#[derive(Clone, PartialEq, Message)]
struct Exemplar {
    #[prost(fixed64, tag = "2")]
    nanos: u64,
    #[prost(double, tag = "3")]
    value: f64,
    #[prost(bytes = "vec", tag = "4")]
    span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "5")]
    trace_id: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Histogram {
    #[prost(message, repeated, tag = "1")]
    points: Vec<Classic>,
    #[prost(int32, tag = "2")]
    temporality: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Classic {
    #[prost(fixed64, tag = "3")]
    nanos: u64,
    #[prost(fixed64, tag = "4")]
    count: u64,
    #[prost(double, optional, tag = "5")]
    sum: Option<f64>,
    #[prost(fixed64, repeated, tag = "6")]
    counts: Vec<u64>,
    #[prost(double, repeated, tag = "7")]
    bounds: Vec<f64>,
}

#[derive(Clone, PartialEq, Message)]
struct Exponential {
    #[prost(message, repeated, tag = "1")]
    points: Vec<Fine>,
    #[prost(int32, tag = "2")]
    temporality: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Fine {
    #[prost(fixed64, tag = "3")]
    nanos: u64,
    #[prost(fixed64, tag = "4")]
    count: u64,
    #[prost(double, optional, tag = "5")]
    sum: Option<f64>,
    #[prost(sint32, tag = "6")]
    scale: i32,
    #[prost(message, optional, tag = "8")]
    positive: Option<Buckets>,
}

#[derive(Clone, PartialEq, Message)]
struct Buckets {
    #[prost(sint32, tag = "1")]
    offset: i32,
    #[prost(uint64, repeated, tag = "2")]
    counts: Vec<u64>,
}

fn attribute(key: &str, value: Any) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }) }
}

/// Of a service with a counter, a histogram and an exponential one.
pub(super) fn request() -> Vec<u8> {
    let list = ["x", "y"].map(|it| AnyValue { value: Some(Any::Text(it.to_owned())) });
    let attributes = vec![
        attribute("service.name", Any::Text("shop".to_owned())),
        attribute("on", Any::Bool(true)),
        attribute("cpus", Any::Int(4)),
        attribute("load", Any::Double(0.5)),
        attribute("list", Any::List(List { values: list.to_vec() })),
        attribute("id", Any::Bytes(vec![1, 2, 3, 4])),
    ];
    let exemplar =
        Exemplar { nanos: 4_000_000, value: 1.0, span_id: vec![7, 8], trace_id: vec![1, 255] };
    let number = Number {
        nanos: 5_000_000,
        int: 7,
        attributes: vec![attribute("code", Any::Int(200))],
        exemplars: vec![exemplar],
    };
    let classic = Classic {
        nanos: 5_000_000,
        count: 3,
        sum: Some(4.5),
        counts: vec![1, 2],
        bounds: vec![0.25],
    };
    let fine = Fine {
        nanos: 5_000_000,
        count: 300,
        sum: Some(1.0),
        scale: 3,
        positive: Some(Buckets { offset: -7, counts: vec![300] }),
    };
    let sum = Sum { points: vec![number], temporality: 2, is_monotonic: true };
    let metrics = vec![
        Metric {
            name: "http.requests".to_owned(),
            description: "All of them.".to_owned(),
            unit: "1".to_owned(),
            sum: Some(sum),
            ..Metric::default()
        },
        Metric {
            name: "wait".to_owned(),
            unit: "ms".to_owned(),
            histogram: Some(Histogram { points: vec![classic], temporality: 2 }),
            ..Metric::default()
        },
        Metric {
            name: "fine".to_owned(),
            exponential: Some(Exponential { points: vec![fine], temporality: 2 }),
            ..Metric::default()
        },
    ];
    let resource = ResourceMetrics {
        resource: Some(Resource { attributes }),
        scopes: vec![Scope { metrics }],
    };
    Request { resources: vec![resource] }.encode_to_vec()
}
