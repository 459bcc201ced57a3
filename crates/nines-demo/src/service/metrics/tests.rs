use expect_test::expect;
use prometheus_client::encoding::text::encode;

use super::{Metrics, resident_bytes, resident_bytes_of};
use crate::Service;

#[test]
fn all_series_exist_from_the_start_and_answers_count() {
    let metrics = Metrics::new(Service::Payments, "v2.32");
    metrics.answered("/payments", "POST", 200, 0.04);
    let mut text = String::new();
    encode(&mut text, &metrics.registry).unwrap();
    let mut lines: Vec<&str> = text.lines().filter(|it| !it.starts_with('#')).collect();
    lines.sort_unstable();
    expect![[r#"
        build_info{service="payments",version="v2.32"} 1
        disk_size_bytes{service="payments"} 67108864
        disk_used_bytes{service="payments"} 0
        http_connections{service="payments"} 0
        http_request_duration_seconds_bucket{service="payments",le="+Inf",route="/payments"} 1
        http_request_duration_seconds_bucket{service="payments",le="0.005",route="/payments"} 0
        http_request_duration_seconds_bucket{service="payments",le="0.01",route="/payments"} 0
        http_request_duration_seconds_bucket{service="payments",le="0.025",route="/payments"} 0
        http_request_duration_seconds_bucket{service="payments",le="0.05",route="/payments"} 1
        http_request_duration_seconds_bucket{service="payments",le="0.1",route="/payments"} 1
        http_request_duration_seconds_bucket{service="payments",le="0.2",route="/payments"} 1
        http_request_duration_seconds_bucket{service="payments",le="0.3",route="/payments"} 1
        http_request_duration_seconds_bucket{service="payments",le="0.5",route="/payments"} 1
        http_request_duration_seconds_bucket{service="payments",le="1.0",route="/payments"} 1
        http_request_duration_seconds_bucket{service="payments",le="10.0",route="/payments"} 1
        http_request_duration_seconds_bucket{service="payments",le="2.0",route="/payments"} 1
        http_request_duration_seconds_bucket{service="payments",le="5.0",route="/payments"} 1
        http_request_duration_seconds_count{service="payments",route="/payments"} 1
        http_request_duration_seconds_sum{service="payments",route="/payments"} 0.04
        http_requests_total{service="payments",route="/payments",method="POST",code="200"} 1
        http_requests_total{service="payments",route="/payments",method="POST",code="500"} 0
        http_requests_total{service="payments",route="/payments",method="POST",code="503"} 0
        process_resident_memory_bytes{service="payments"} 0
        queue_depth{service="payments"} 0"#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn resident_memory_is_read_from_proc() {
    assert_eq!(resident_bytes_of("Name:\tx\nVmRSS:\t    12 kB\nThreads:\t1\n"), Some(12 * 1024));
    assert_eq!(resident_bytes_of("Name:\tx\n"), None);
    assert_eq!(resident_bytes("no-such-process"), 0);
}
