//! What the tests of several modules need: one SLO of a shop, and its samples.

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, METRIC_NAME, MatchOp, Matcher, Origin, Sample, SampleBatch};

use crate::{
    Alerting, CounterSli, Counts, Goal, Method, Preset, Selector, Sli, SliKind, Slo, SloName,
    Window, WindowCounts,
};

pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

pub(crate) fn name(text: &str) -> SloName {
    text.parse().unwrap()
}

pub(crate) fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

pub(crate) fn at(at_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at_ms).unwrap()
}

pub(crate) fn selector(matchers: Vec<Matcher>) -> Selector {
    Selector { text: format!("{matchers:?}"), matchers }
}

pub(crate) fn requests(code: Option<&str>) -> Selector {
    let metric = Matcher::equal(METRIC_NAME, "http_requests_total");
    let code = code.map(|it| Matcher::new("code", MatchOp::Regex, it).unwrap());
    selector([metric].into_iter().chain(code).collect())
}

/// `checkout/availability`: bad of total, alerts by preset.
pub(crate) fn slo(objective: &str, window: SignedDuration) -> Slo {
    Slo {
        name: name("checkout/availability"),
        owner: None,
        runbook: None,
        labels: Labels::empty(),
        sli: Sli::from(SliKind::Counter(CounterSli {
            good: Vec::new(),
            bad: vec![requests(Some("5.."))],
            total: vec![requests(None)],
            scale: 0,
        })),
        method: Method::Occurrences,
        goals: vec![goal(objective, window)],
        grouping: None,
        origin: Origin::default(),
    }
}

/// One objective over a rolling window, with the usual alerts.
pub(crate) fn goal(objective: &str, length: SignedDuration) -> Goal {
    let window = Window::Rolling(length);
    let alerting = Alerting::preset(Preset::Scaled, &window, None);
    Goal::new(objective.parse().unwrap(), window, alerting)
}

pub(crate) fn series(instance: &str, code: &str) -> Labels {
    let pairs = [
        (METRIC_NAME, "http_requests_total"),
        ("job", "checkout"),
        ("instance", instance),
        ("code", code),
    ];
    Labels::new(pairs).unwrap()
}

pub(crate) fn batch(labels: Labels, samples: &[(i64, f64)]) -> SampleBatch {
    let sample = |&(at_ms, value): &(i64, f64)| Sample { at_ms, value };
    SampleBatch { labels, samples: samples.iter().map(sample).collect(), histograms: Vec::new() }
}

/// `total` and `bad` over a window of which all time is known.
pub(crate) fn known_window(length: SignedDuration, total: u64, bad: u64) -> WindowCounts {
    let to = at(100 * DAY_MS);
    WindowCounts { from: to - length, to, counts: Counts { total, bad }, known: length }
}
