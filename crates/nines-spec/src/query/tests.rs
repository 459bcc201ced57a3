use super::*;

fn check(query: &str, wanted: Option<&str>) {
    let found = reduced(query).map(|(part, it)| {
        assert_eq!(slice(query, part), it.text);
        it.text
    });
    assert_eq!(found.as_deref(), wanted, "{query}");
}

#[test]
fn sums_and_rates_of_one_counter_are_the_counter() {
    let selector = r#"http_requests_total{job="a(b",code=~"5.."}"#;
    for query in [
        selector.to_owned(),
        format!(" {selector} "),
        format!("({selector})"),
        format!("{selector}[5m]"),
        format!("rate({selector}[5m])"),
        format!("sum(rate({selector}[5m]))"),
        format!("sum by (job) (increase({selector}[1h]))"),
        format!("sum by(job)(increase({selector}[1h]))"),
        format!("sum(rate({selector}[{{{{.window}}}}])) by (job)"),
        format!("sum without (x) (rate({selector}[$__interval]))"),
    ] {
        check(&query, Some(selector));
    }
}

#[test]
fn what_counts_something_else_is_not_reduced() {
    check("max(rate(x[5m]))", None);
    check("sum(rate(x[5m])) + 1", None);
    check("sum(rate(x[5m])) / sum(rate(y[5m]))", None);
    check("rate(x[5m]) or vector(0)", None);
    check("1", None);
    check("", None);
    check("sum(", None);
    check("x[5m", None);
}

#[test]
fn a_bracket_without_its_partner_is_the_place() {
    assert_eq!(unbalanced("sum(rate(x[5m])"), Some(3));
    assert_eq!(unbalanced("x{a=\")\"}"), None);
    assert_eq!(unbalanced("x)"), Some(1));
    assert_eq!(unbalanced("x{a=\"b}"), Some(4));
}

proptest::proptest! {
    #[test]
    fn any_query_is_reduced_without_panic(query in "([a-z]{1,4}|[(){}\\[\\]\"'ü \n=]){0,30}") {
        if let Some((part, it)) = reduced(&query) {
            proptest::prop_assert_eq!(slice(&query, part), it.text);
        }
        suspect(&query, "unexpected `x` at ü");
    }
}

#[test]
fn rates_of_any_window_become_increases_of_a_slice() {
    for (query, wanted) in [
        (
            "sum(rate(x[5m])) - sum(irate(y[1h]))",
            Some("sum(increase(x[$slice])) - sum(increase(y[$slice]))"),
        ),
        ("sum(rate(x{a=\"[rate(\"}[{{.window}}]))", Some("sum(increase(x{a=\"[rate(\"}[$slice]))")),
        ("birate(x[5m])", None),
        ("sum(x)", None),
        ("max_over_time(x[5m:1m])", None),
        ("sum(rate(x[5m])", None),
    ] {
        assert_eq!(per_slice(query).as_deref(), wanted, "{query}");
    }
}
