use nines_base::MatchOp;

use super::*;

#[test]
fn a_selector_is_promql() {
    let matchers = [
        Matcher::equal("__name__", "http_requests_total"),
        Matcher::new("code", MatchOp::Regex, "5..|\"\\d").unwrap(),
    ];
    let text = selector(&matchers);
    assert_eq!(text, r#"{__name__="http_requests_total",code=~"5..|\"\\d"}"#);
    assert_eq!(nines_promql::parse_selector(&text).unwrap().len(), 2);
}

#[test]
fn values_keep_their_milliseconds() {
    let row: Row = serde_json::from_str(
        r#"{"metric": {"__name__": "up"}, "values": [[1700000000.123, "1"], [1700000015, "NaN"]]}"#,
    )
    .unwrap();
    let batch = batch(row).unwrap();
    assert_eq!(batch.samples[0], Sample { at_ms: 1_700_000_000_123, value: 1.0 });
    assert!(batch.samples[1].value.is_nan());
}
