//! SLOs for the tests of several formats.

use jiff::SignedDuration;
use nines_base::{Labels, Origin};
use nines_promql::parse_selector;
use nines_slo::{
    Alerting, CounterSli, Goal, HistogramSli, Method, Preset, Selector, Sli, SliKind, Slo, Window,
};

pub(crate) fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

pub(crate) fn selector(text: &str) -> Selector {
    Selector { text: text.to_owned(), matchers: parse_selector(text).unwrap() }
}

pub(crate) fn counter(bad: &str, total: &str) -> SliKind {
    let (bad, total) = (vec![selector(bad)], vec![selector(total)]);
    SliKind::Counter(CounterSli { good: Vec::new(), bad, total, scale: 0 })
}

pub(crate) fn latency() -> SliKind {
    let metric = "http_request_duration_seconds".to_owned();
    let mut matchers = parse_selector("x{job=\"search\"}").unwrap();
    matchers.retain(|it| it.name() == "job");
    SliKind::Histogram(HistogramSli { metric, matchers, below: 0.3 })
}

pub(crate) fn slo(name: &str, kind: SliKind) -> Slo {
    let window = Window::Rolling(days(28));
    let alerting = Alerting::preset(Preset::Scaled, &window, Some("shop".to_owned()));
    Slo {
        name: name.parse().unwrap(),
        owner: None,
        runbook: None,
        labels: Labels::empty(),
        sli: Sli::from(kind),
        method: Method::Occurrences,
        goals: vec![Goal::new("99.95%".parse().unwrap(), window, alerting)],
        grouping: None,
        origin: Origin { file: "slo.yaml".to_owned(), line: 1 },
    }
}

pub(crate) fn availability() -> Slo {
    let total = "http_requests_total{job=\"checkout\"}";
    let bad = "http_requests_total{job=\"checkout\",code=~\"5..\"}";
    slo("checkout/availability", counter(bad, total))
}
