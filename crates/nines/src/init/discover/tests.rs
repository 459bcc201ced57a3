use super::*;

#[test]
fn the_busiest_request_counter_and_a_histogram_are_found() {
    let page = "\
# TYPE http_requests_total counter
http_requests_total{code=\"200\"} 90
http_requests_total{code=\"500\"} 3
admin_requests_total{status=\"200\"} 5
no_status_total 1000
http_request_duration_seconds_bucket{le=\"0.1\"} 5
http_request_duration_seconds_bucket{le=\"0.25\"} 7
http_request_duration_seconds_bucket{le=\"+Inf\"} 9
";
    let found = Found::in_page(page).unwrap();
    assert_eq!((found.counter.as_str(), found.status.as_str()), ("http_requests_total", "code"));
    assert_eq!(found.histogram, Some(("http_request_duration_seconds".to_owned(), 0.25)));
}

#[test]
fn a_page_without_requests_gives_nothing() {
    assert_eq!(Found::in_page("up 1\n"), None);
    assert_eq!(Found::in_page("<html>"), None);
}
