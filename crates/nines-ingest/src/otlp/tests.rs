mod foreign;

use std::fmt::Write;
use std::sync::Mutex;

use expect_test::{Expect, expect};
use nines_base::{Exemplar, Labels, SampleBatch, is_stale};
use nines_port::{Appended, MetricMetadata, RefusedSeries};
use proptest::prelude::*;

use super::*;

/// Writes down what it is told.
#[derive(Debug, Default)]
struct Probe {
    told: Mutex<String>,
    fails: bool,
}

impl SampleSink for Probe {
    fn append(&self, batch: &[SampleBatch]) -> Result<Appended, SinkError> {
        if self.fails {
            return Err(SinkError { source: "disk full".into() });
        }
        let mut told = self.told.lock().unwrap();
        let (mut samples, mut refused) = (0, Vec::new());
        for SampleBatch { labels, samples: numbers, histograms } in batch {
            if labels.metric_name() == Some("full") {
                refused.push(RefusedSeries {
                    labels: labels.clone(),
                    reason: "series_max".to_owned(),
                });
                continue;
            }
            for it in numbers {
                let value =
                    if is_stale(it.value) { "stale".to_owned() } else { it.value.to_string() };
                writeln!(told, "{labels} {value} @{}", it.at_ms).unwrap();
                samples += 1;
            }
            for it in histograms {
                let h = &it.histogram;
                if h.is_stale() {
                    writeln!(told, "{labels} stale @{}", it.at_ms).unwrap();
                } else {
                    let spans: Vec<_> =
                        h.positive_spans.iter().map(|it| (it.offset, it.length)).collect();
                    let (schema, count, sum, zero) = (h.schema, h.count, h.sum, h.zero_count);
                    let (positive, negative) = (&h.positive_buckets, &h.negative_buckets);
                    writeln!(
                        told,
                        "{labels} schema {schema} count {count} sum {sum} zero {zero} {spans:?} \
                         {positive:?} {negative:?} @{}",
                        it.at_ms
                    )
                    .unwrap();
                }
                samples += 1;
            }
        }
        Ok(Appended { samples, refused })
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

fn told(receiver: &OtlpReceiver, body: &[u8], encoding: Encoding) -> String {
    let probe = Probe::default();
    let received = receiver.receive(body, encoding, &probe);
    let mut told = probe.told.into_inner().unwrap();
    match received {
        Ok(received) => {
            let answer = String::from_utf8(answer(&received, Encoding::Json)).unwrap();
            writeln!(told, "-- {} {answer}", received.samples).unwrap();
        }
        Err(error) => writeln!(told, "-- {}", nines_http::with_causes(&error)).unwrap(),
    }
    told
}

/// Metrics of one resource with a name.
fn body(metrics: &str) -> String {
    format!(
        r#"{{"resourceMetrics":[{{
            "resource":{{"attributes":[
                {{"key":"service.name","value":{{"stringValue":"shop"}}}},
                {{"key":"service.namespace","value":{{"stringValue":"eu"}}}},
                {{"key":"service.instance.id","value":{{"stringValue":"a-1"}}}},
                {{"key":"host.cpus","value":{{"intValue":"4"}}}},
                {{"key":"tags","value":{{"arrayValue":{{"values":[{{"stringValue":"x"}},{{"boolValue":true}}]}}}}}}
            ]}},
            "scopeMetrics":[{{"scope":{{"name":"lib"}},"metrics":[{metrics}]}}]
        }}]}}"#
    )
}

#[track_caller]
fn check(metrics: &str, expect: &Expect) {
    let receiver = OtlpReceiver::default();
    expect.assert_eq(&told(&receiver, body(metrics).as_bytes(), Encoding::Json));
}

#[test]
fn gauges_and_sums_are_named_as_prometheus_names_them() {
    check(
        r#"{"name":"queue.length","unit":"1","description":"Waiting.","gauge":{"dataPoints":[
            {"timeUnixNano":"5000000","asInt":"7","attributes":[
                {"key":"http.method","value":{"stringValue":"GET"}},
                {"key":"http_method","value":{"stringValue":"again"}},
                {"key":"2nd","value":{"doubleValue":0.5}},
                {"key":"_own","value":{"boolValue":false}}]}]}},
           {"name":"http.server.io","unit":"By","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[
            {"timeUnixNano":5000000,"asDouble":1.5},
            {"timeUnixNano":5000000,"flags":1,"attributes":[{"key":"a","value":{"stringValue":"gone"}}]}]}},
           {"name":"open","unit":"{conn}","sum":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_CUMULATIVE","dataPoints":[
            {"timeUnixNano":6000000,"asInt":-3}]}}"#,
        &expect![[r#"
            queue_length_ratio{http_method="GET;again", instance="a-1", job="eu/shop", key_2nd="0.5", key_own="false"} 7 @5
            http_server_io_bytes_total{instance="a-1", job="eu/shop"} 1.5 @5
            http_server_io_bytes_total{a="gone", instance="a-1", job="eu/shop"} stale @5
            open{instance="a-1", job="eu/shop"} -3 @6
            target_info{host_cpus="4", instance="a-1", job="eu/shop", tags="[\"x\",true]"} 1 @6
            queue_length_ratio is a gauge in "1": Waiting.
            http_server_io_bytes_total is a counter in "By": 
            open is a gauge in "{conn}": 
            -- 5 {}
        "#]],
    );
}

#[test]
fn histograms_and_summaries_become_their_classic_series() {
    check(
        r#"{"name":"latency","unit":"s","histogram":{"aggregationTemporality":2,"dataPoints":[
            {"timeUnixNano":"9000000","count":"6","sum":3.5,"bucketCounts":["1","2",3],"explicitBounds":[0.5,1],
             "exemplars":[{"timeUnixNano":"8000000","asDouble":0.7,"traceId":"0af7","spanId":"b7",
                "filteredAttributes":[{"key":"user","value":{"stringValue":"ana"}}]}]}]}},
           {"name":"broken","histogram":{"aggregationTemporality":2,"dataPoints":[
            {"timeUnixNano":"9000000","count":"6","bucketCounts":["1"],"explicitBounds":[0.5,1]},
            {"timeUnixNano":"9000000","count":"6","bucketCounts":["1","2",3],"explicitBounds":[1,1]}]}},
           {"name":"unsure","histogram":{"dataPoints":[{"timeUnixNano":"9000000","count":"6"}]}},
           {"name":"rpc","unit":"ms","summary":{"dataPoints":[
            {"timeUnixNano":"9000000","count":"2","sum":4,"quantileValues":[{"quantile":0.5,"value":1.5},{"quantile":1,"value":"NaN"}]}]}},
           {"name":"full","gauge":{"dataPoints":[{"timeUnixNano":"1","asInt":1},{"asInt":1}]}},
           {"name":"...","gauge":{"dataPoints":[{"timeUnixNano":"1","asInt":1}]}}"#,
        &expect![[r#"
            latency_seconds_bucket{instance="a-1", job="eu/shop", le="0.5"} 1 @9
            latency_seconds_bucket{instance="a-1", job="eu/shop", le="1"} 3 @9
            latency_seconds_bucket{instance="a-1", job="eu/shop", le="+Inf"} 6 @9
            latency_seconds_sum{instance="a-1", job="eu/shop"} 3.5 @9
            latency_seconds_count{instance="a-1", job="eu/shop"} 6 @9
            rpc_milliseconds{instance="a-1", job="eu/shop", quantile="0.5"} 1.5 @9
            rpc_milliseconds{instance="a-1", job="eu/shop", quantile="1"} NaN @9
            rpc_milliseconds_sum{instance="a-1", job="eu/shop"} 4 @9
            rpc_milliseconds_count{instance="a-1", job="eu/shop"} 2 @9
            target_info{host_cpus="4", instance="a-1", job="eu/shop", tags="[\"x\",true]"} 1 @9
            latency_seconds is a histogram in "s": 
            broken is a histogram in "": 
            unsure is a histogram in "": 
            rpc_milliseconds is a summary in "ms": 
            full is a gauge in "": 
            latency_seconds_bucket{instance="a-1", job="eu/shop", le="1"} # {span_id="b7", trace_id="0af7", user="ana"} 0.7 @8
            -- 10 {"partialSuccess":{"errorMessage":"broken: a histogram with as many counts as borders; broken: a histogram whose borders do not rise; unsure: neither delta nor cumulative; full: a data point without a time; ...: no letter or digit in the name of the metric; full{instance=\"a-1\", job=\"eu/shop\"}: series_max","rejectedDataPoints":"6"}}
        "#]],
    );
}

#[test]
fn exponential_histograms_become_native_and_fine_ones_coarser() {
    check(
        r#"{"name":"fine","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[
            {"timeUnixNano":"9000000","count":"10","sum":3.5,"scale":10,"zeroCount":"1",
             "positive":{"offset":-1,"bucketCounts":["1","2","0","0","0","3"]},
             "negative":{"offset":4,"bucketCounts":["3"]}}]}},
           {"name":"plain","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[
            {"timeUnixNano":"9000000","count":"3","scale":0,"positive":{"offset":1,"bucketCounts":["1","0","2"]}},
            {"timeUnixNano":"9000000","flags":1}]}},
           {"name":"wrong","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[
            {"timeUnixNano":"9000000","count":"3","scale":-5},
            {"timeUnixNano":"9000000","count":"9","scale":0,"positive":{"bucketCounts":["1"]}},
            {"timeUnixNano":"9000000","count":"1","scale":0,"positive":{"offset":2147483647,"bucketCounts":["1"]}}]}}"#,
        &expect![[r#"
            fine{instance="a-1", job="eu/shop"} schema 8 count 10 sum 3.5 zero 1 [(0, 3)] [1.0, 2.0, 3.0] [3.0] @9
            plain{instance="a-1", job="eu/shop"} schema 0 count 3 sum 0 zero 0 [(2, 1), (1, 1)] [1.0, 2.0] [] @9
            plain{instance="a-1", job="eu/shop"} stale @9
            target_info{host_cpus="4", instance="a-1", job="eu/shop", tags="[\"x\",true]"} 1 @9
            fine is a histogram in "": 
            plain is a histogram in "": 
            wrong is a histogram in "": 
            -- 4 {"partialSuccess":{"errorMessage":"wrong: a histogram of scale -5; -4 is the lowest; wrong: a histogram of 9 observations with 1 in its buckets; wrong: a histogram with buckets beyond every number","rejectedDataPoints":"3"}}
        "#]],
    );
}

#[test]
fn deltas_are_added_up_once_each() {
    let receiver = OtlpReceiver::default();
    let delta = |nanos: u64, number: &str, bucket: u64, scale: i32| {
        body(&format!(
            r#"{{"name":"n","sum":{{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[{{"timeUnixNano":"{nanos}","asInt":"{number}"}}]}}}},
               {{"name":"h","histogram":{{"aggregationTemporality":1,"dataPoints":[{{"timeUnixNano":"{nanos}","count":"{bucket}","sum":1,"bucketCounts":["{bucket}"],"explicitBounds":[]}}]}}}},
               {{"name":"e","exponentialHistogram":{{"aggregationTemporality":1,"dataPoints":[{{"timeUnixNano":"{nanos}","count":"{bucket}","sum":1,"scale":{scale},"positive":{{"offset":2,"bucketCounts":["{bucket}"]}}}}]}}}}"#
        ))
    };
    let mut said = String::new();
    for (nanos, number, bucket, scale) in [
        (1_000_000, "2", 1, 1),
        (3_000_000, "5", 4, 0),
        (3_000_000, "5", 4, 0),
        (2_000_000, "1", 1, 1),
    ] {
        said += &told(&receiver, delta(nanos, number, bucket, scale).as_bytes(), Encoding::Json);
    }
    // What the store does not take is sent again, and must count then.
    let body = delta(4_000_000, "1", 1, 1);
    let full = Probe { fails: true, ..Probe::default() };
    receiver.receive(body.as_bytes(), Encoding::Json, &full).unwrap_err();
    said += &told(&receiver, body.as_bytes(), Encoding::Json);
    expect![[r#"
        n_total{instance="a-1", job="eu/shop"} 2 @1
        h_bucket{instance="a-1", job="eu/shop", le="+Inf"} 1 @1
        h_sum{instance="a-1", job="eu/shop"} 1 @1
        h_count{instance="a-1", job="eu/shop"} 1 @1
        e{instance="a-1", job="eu/shop"} schema 1 count 1 sum 1 zero 0 [(3, 1)] [1.0] [] @1
        target_info{host_cpus="4", instance="a-1", job="eu/shop", tags="[\"x\",true]"} 1 @1
        n_total is a counter in "": 
        h is a histogram in "": 
        e is a histogram in "": 
        -- 6 {}
        n_total{instance="a-1", job="eu/shop"} 7 @3
        h_bucket{instance="a-1", job="eu/shop", le="+Inf"} 5 @3
        h_sum{instance="a-1", job="eu/shop"} 2 @3
        h_count{instance="a-1", job="eu/shop"} 5 @3
        e{instance="a-1", job="eu/shop"} schema 0 count 5 sum 2 zero 0 [(2, 2)] [1.0, 4.0] [] @3
        target_info{host_cpus="4", instance="a-1", job="eu/shop", tags="[\"x\",true]"} 1 @3
        n_total is a counter in "": 
        h is a histogram in "": 
        e is a histogram in "": 
        -- 6 {}
        n_total is a counter in "": 
        h is a histogram in "": 
        e is a histogram in "": 
        -- 0 {"partialSuccess":{"errorMessage":"n_total: a delta that is not newer than the last one; h: a delta that is not newer than the last one; e: a delta that is not newer than the last one","rejectedDataPoints":"3"}}
        n_total is a counter in "": 
        h is a histogram in "": 
        e is a histogram in "": 
        -- 0 {"partialSuccess":{"errorMessage":"n_total: a delta that is not newer than the last one; h: a delta that is not newer than the last one; e: a delta that is not newer than the last one","rejectedDataPoints":"3"}}
        n_total{instance="a-1", job="eu/shop"} 8 @4
        h_bucket{instance="a-1", job="eu/shop", le="+Inf"} 6 @4
        h_sum{instance="a-1", job="eu/shop"} 3 @4
        h_count{instance="a-1", job="eu/shop"} 6 @4
        e{instance="a-1", job="eu/shop"} schema 0 count 6 sum 3 zero 0 [(2, 2)] [2.0, 4.0] [] @4
        target_info{host_cpus="4", instance="a-1", job="eu/shop", tags="[\"x\",true]"} 1 @4
        n_total is a counter in "": 
        h is a histogram in "": 
        e is a histogram in "": 
        -- 6 {}
    "#]].assert_eq(&said);
}

#[test]
fn bodies_that_are_no_requests_are_refused_with_their_place() {
    let receiver = OtlpReceiver::default();
    let said = [
        told(&receiver, b"{", Encoding::Json),
        told(&receiver, b"[]", Encoding::Json),
        told(&receiver, br#"{"resourceMetrics":{}}"#, Encoding::Json),
        told(&receiver, body(r#"{"name":1}"#).as_bytes(), Encoding::Json),
        told(
            &receiver,
            body(r#"{"gauge":{"dataPoints":[{"asInt":"x"}]}}"#).as_bytes(),
            Encoding::Json,
        ),
        told(&receiver, b"\x0a\x05", Encoding::Protobuf),
        told(&receiver, b"", Encoding::Protobuf),
        told(&receiver, b"{}", Encoding::Json),
    ];
    expect![[r#"
        -- failed to read the body as JSON: EOF while parsing an object at line 1 column 1
        -- the body is not an object
        -- resourceMetrics is not a list
        -- resourceMetrics[0].scopeMetrics[0].metrics[0].name is not text
        -- resourceMetrics[0].scopeMetrics[0].metrics[0].gauge.dataPoints[0].asInt is not a whole number
        -- failed to decode the body as an OTLP metrics request: the message is cut off
        -- 0 {}
        -- 0 {}
    "#]].assert_eq(&said.concat());
}

#[test]
fn names_of_metrics_follow_unit_and_kind() {
    let cases = [
        ("http.server.duration", "s", name::Kind::Other),
        ("http.server.duration.seconds", "s", name::Kind::Other),
        ("requests", "1", name::Kind::Counter),
        ("requests_total_sum", "", name::Kind::Counter),
        ("cpu.usage", "1", name::Kind::Gauge),
        ("disk.io", "By/s", name::Kind::Gauge),
        ("disk", "%", name::Kind::Gauge),
        ("odd", "{packets}/m", name::Kind::Gauge),
        ("odd", "furlong/fortnight", name::Kind::Other),
        ("2xx", "", name::Kind::Other),
        ("a__b..c", "", name::Kind::Other),
        ("rule:level", "", name::Kind::Other),
        ("温度", "", name::Kind::Other),
    ];
    let names = cases.map(|(it, unit, kind)| name::metric(it, unit, kind).unwrap_or_default());
    let labels = ["a.b", "1a", "_a", "__a", "__a__", "a--b", "é.x", "__"];
    let labels = labels.map(|it| name::label(it).unwrap_or_default());
    expect![[r#"
        http_server_duration_seconds
        http_server_duration_seconds
        requests_total
        requests_sum_total
        cpu_usage_ratio
        disk_io_bytes_per_second
        disk_percent
        odd_per_minute
        odd_furlong_per_fortnight
        _2xx
        a_b_c
        rule:level

        a_b
        key_1a
        key_a
        key_a
        __a__
        a_b
        key_x
    "#]]
    .assert_eq(&format!("{}\n{}", names.join("\n"), labels.join("\n")));
}

#[test]
fn answers_have_the_form_of_the_request() {
    let partly = OtlpReceived { samples: 1, rejected: 2, reasons: vec!["a: b".to_owned()] };
    assert_eq!(answer(&OtlpReceived::default(), Encoding::Protobuf), b"");
    assert_eq!(answer(&OtlpReceived::default(), Encoding::Json), b"{}");
    assert_eq!(answer(&partly, Encoding::Protobuf), b"\x0a\x08\x08\x02\x12\x04a: b");
    let json = br#"{"partialSuccess":{"errorMessage":"a: b","rejectedDataPoints":"2"}}"#;
    assert_eq!(answer(&partly, Encoding::Json), json);
    assert_eq!(status(3, "no", Encoding::Protobuf), b"\x08\x03\x12\x02no");
    assert_eq!(status(3, "no", Encoding::Json), br#"{"code":3,"message":"no"}"#);
}

#[test]
fn promoted_attributes_are_on_every_series() {
    let settings = OtlpSettings {
        promoted_attributes: vec!["host.cpus".to_owned(), "absent".to_owned()],
        keeps_identifying_attributes: true,
    };
    let receiver = OtlpReceiver::new(settings);
    let body =
        body(r#"{"name":"a","gauge":{"dataPoints":[{"timeUnixNano":"1000000","asInt":1}]}}"#);
    expect![[r#"
        a{host_cpus="4", instance="a-1", job="eu/shop"} 1 @1
        target_info{host_cpus="4", instance="a-1", job="eu/shop", service_instance_id="a-1", service_name="shop", service_namespace="eu", tags="[\"x\",true]"} 1 @1
        a is a gauge in "": 
        -- 2 {}
    "#]].assert_eq(&told(&receiver, body.as_bytes(), Encoding::Json));
}

#[test]
fn any_bytes_are_answered() {
    let request = foreign::request();
    let json = body(r#"{"name":"a","gauge":{"dataPoints":[{"timeUnixNano":"1","asInt":1}]}}"#);
    for bytes in [&b""[..], b"{}", b"null", b"\x0a\0", &request, json.as_bytes()] {
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
        let mut request = foreign::request();
        let at = at.index(request.len());
        request[at] = byte;
        fuzz(&request);
        let text = body(r#"{"name":"a","exponentialHistogram":{"aggregationTemporality":1,"dataPoints":[
            {"timeUnixNano":"9","count":"3","scale":9,"positive":{"offset":1,"bucketCounts":["1","0","2"]}}]}}"#);
        let mut text = text.into_bytes();
        let at = at % text.len();
        text[at] = byte;
        fuzz(&text);
    }
}

#[test]
fn protobuf_says_the_same_as_json() {
    let receiver = OtlpReceiver::default();
    expect![[r#"
        http_requests_total{code="200", job="shop"} 7 @5
        wait_milliseconds_bucket{job="shop", le="0.25"} 1 @5
        wait_milliseconds_bucket{job="shop", le="+Inf"} 3 @5
        wait_milliseconds_sum{job="shop"} 4.5 @5
        wait_milliseconds_count{job="shop"} 3 @5
        fine{job="shop"} schema 3 count 300 sum 1 zero 0 [(-6, 1)] [300.0] [] @5
        target_info{cpus="4", id="AQIDBA==", job="shop", list="[\"x\",\"y\"]", load="0.5", on="true"} 1 @5
        http_requests_total is a counter in "1": All of them.
        wait_milliseconds is a histogram in "ms": 
        fine is a histogram in "": 
        http_requests_total{code="200", job="shop"} # {span_id="0708", trace_id="01ff"} 1 @4
        -- 7 {}
    "#]].assert_eq(&told(&receiver, &foreign::request(), Encoding::Protobuf));
}
