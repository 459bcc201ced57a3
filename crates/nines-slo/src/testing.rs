//! What the tests of several modules need: one SLO of a shop, and its samples.

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, METRIC_NAME, MatchOp, Matcher, Origin, Sample, SampleBatch};

use crate::meter::Meter;
use crate::time::floor_to;
use crate::{
    Alerting, CounterSli, Counts, Goal, Method, Overlay, OverlayAlerts, OverlayEffect, Preset,
    Selector, Sli, SliKind, Slo, SloName, SloPattern, Suspect, When, Window, WindowCounts,
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

/// Events at instants, all time known but before `since_ms`. Slices have a minute.
#[derive(Debug, Clone, Default)]
pub(crate) struct Events {
    /// When, how many, how many of them bad; in order of time.
    pub(crate) list: Vec<(i64, u64, u64)>,
    /// What the events up to the one of the same index are together.
    pub(crate) sums: Vec<Counts>,
    pub(crate) since_ms: i64,
}

impl Events {
    pub(crate) fn new(mut events: Vec<(i64, u64, u64)>) -> Self {
        events.sort_unstable();
        let mut sum = Counts::default();
        let sums = events.iter().map(|(_, total, bad)| {
            sum = Counts { total: sum.total + total, bad: sum.bad + bad };
            sum
        });
        Self { sums: sums.collect(), list: events, since_ms: 0 }
    }

    /// `total` events of which so many are bad, at the end of every minute of (`from_ms`, `to_ms`].
    pub(crate) fn add(mut self, from_ms: i64, to_ms: i64, total: u64, bad: u64) -> Self {
        let minutes = (from_ms / MINUTE_MS + 1)..=(to_ms / MINUTE_MS);
        self.list.extend(minutes.map(|it| (it * MINUTE_MS, total, bad)));
        Self { since_ms: self.since_ms, ..Self::new(self.list) }
    }

    /// What happened up to an instant.
    fn up_to(&self, at_ms: i64) -> Counts {
        let next = self.list.partition_point(|it| it.0 <= at_ms);
        next.checked_sub(1).map_or(Counts::default(), |it| self.sums[it])
    }
}

impl Meter for Events {
    fn between(&self, from_ms: i64, to_ms: i64) -> WindowCounts {
        let from_ms = floor_to(from_ms, MINUTE_MS);
        let end_ms = floor_to(to_ms + MINUTE_MS - 1, MINUTE_MS);
        let (before, after) = (self.up_to(from_ms), self.up_to(end_ms.max(from_ms)));
        let counts = Counts { total: after.total - before.total, bad: after.bad - before.bad };
        let known = SignedDuration::from_millis((to_ms - from_ms.max(self.since_ms)).max(0));
        WindowCounts { from: at(from_ms), to: at(to_ms), counts, known }
    }

    fn last_ms(&self) -> Option<i64> {
        self.list.last().map(|it| it.0)
    }

    fn has_data(&self, _now_ms: i64) -> bool {
        !self.list.is_empty()
    }

    fn suspect(&self, _now_ms: i64) -> Option<Suspect> {
        None
    }
}

/// An exclusion that was planned.
pub(crate) fn exclusion(pattern: &str, when: When) -> Overlay {
    Overlay {
        name: "db-maintenance".to_owned(),
        slos: SloPattern { text: pattern.to_owned() },
        when,
        effect: OverlayEffect::Exclude,
        alerts: OverlayAlerts::Mute,
        author: "ana".to_owned(),
        reason: "announced".to_owned(),
        evidence: None,
        expires: None,
        origin: Origin::default(),
    }
}

pub(crate) fn once(from_ms: i64, to_ms: i64) -> When {
    When::Once { from: at(from_ms), to: at(to_ms) }
}
