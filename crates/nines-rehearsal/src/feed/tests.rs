//! What the tracker counts of coarse samples, against the traffic itself.

use jiff::{SignedDuration, Timestamp};
use nines_base::{Labels, Origin};
use nines_promql::parse_selector;
use nines_slo::{
    Alerting, CounterSli, Goal, Method, Preset, Selector, Sli, SliKind, Slo, Tracker, Window,
    WindowCounts,
};
use nines_spec::Fault;
use proptest::prelude::*;

use super::*;

fn slo() -> Slo {
    let selector =
        |it: &str| Selector { text: it.to_owned(), matchers: parse_selector(it).unwrap() };
    let window = Window::Rolling(SignedDuration::from_hours(7 * 24));
    let alerting = Alerting::preset(Preset::Scaled, &window, None);
    Slo {
        name: "checkout/availability".parse().unwrap(),
        owner: None,
        runbook: None,
        labels: Labels::empty(),
        sli: Sli::from(SliKind::Counter(CounterSli {
            good: Vec::new(),
            bad: vec![selector("errors_total")],
            total: vec![selector("requests_total")],
            scale: 0,
        })),
        method: Method::Occurrences,
        goals: vec![Goal::new("99%".parse().unwrap(), window, alerting)],
        grouping: None,
        origin: Origin::default(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// At every evaluation, in every window: what lies between its edges.
    #[test]
    fn coarse_samples_lose_nothing_that_an_evaluation_looks_at(
        start_s in 0..86_400_i64,
        step_s in prop::sample::select(vec![15_i64, 60, 90, 600]),
        history_h in 0..240_i64,
        faults in prop::collection::vec((0..900_000_i64, 0..90_000_i64, 0..=100_u64), 0..4),
    ) {
        let start = Timestamp::from_second(1_000 * 86_400 + start_s).unwrap();
        let fault = |(ago_s, length_s, percent): (i64, i64, u64)| {
            let from = start - SignedDuration::from_secs(ago_s - 3_600);
            let to = from + SignedDuration::from_secs(length_s);
            Fault { from, to, bad: percent * 10_000_000, total: None, is_silent: false }
        };
        let input = SloInput {
            slo: "checkout/availability".parse().unwrap(),
            labels: Labels::empty(),
            history: SignedDuration::from_hours(history_h),
            total: "7/s".parse().unwrap(),
            faults: faults.into_iter().map(fault).collect(),
            origin: Origin::default(),
        };
        let step = SignedDuration::from_secs(step_s);
        let clock = TestClock { start, step, run: SignedDuration::from_hours(1) };
        let (slo, config) = (slo(), TrackerConfig::default());
        let mut feed = Feed::new(&input, &slo, &evaluations(&clock), &config);
        let traffic = Traffic::new(&input, start);
        let mut tracker = Tracker::new(vec![slo.clone()], config);
        let between = |events, it: &WindowCounts| {
            let count = |at: Timestamp| traffic.count(events, at.as_millisecond());
            count(it.to) - count(it.from)
        };
        for step in 0..=3_600 / step_s {
            let now = start + SignedDuration::from_secs(step * step_s);
            tracker.observe(&feed.take(now.as_millisecond()));
            tracker.evaluate(now);
            let status = tracker.status(&slo.name, now).unwrap();
            let goal = &status.goals[0];
            let windows = goal.burns.iter().flat_map(|it| [&it.long, &it.short]);
            for it in windows.chain([&goal.budget]) {
                prop_assert_eq!(it.counts.total, between(Events::All, it), "{:?}", it);
                prop_assert_eq!(it.counts.bad, between(Events::Bad, it), "{:?}", it);
                let known = it.to.duration_since(it.from.max(start - input.history));
                prop_assert_eq!(it.known, known, "{:?}", it);
            }
        }
    }
}
