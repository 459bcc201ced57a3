//! A checkpoint of every kind: what goes on from it ends where a process ends that never stopped.

use super::kinds::{labels, metric, of, target};
use super::*;
use crate::{
    AlertOn, BooleanRule, BooleanSli, GaugeBy, Grouping, Outcome, PromqlQueries, PromqlSli,
    SavedSlo, SliKind, SliceValue, SlicesSli, TargetOp,
};

const WIDTH: SignedDuration = SignedDuration::from_mins(1);

fn boolean(rule: BooleanRule) -> SliKind {
    SliKind::Boolean(BooleanSli { selector: metric("shown"), rule })
}

fn slices(value: SliceValue) -> SliKind {
    SliKind::Slices(SlicesSli { value, target: target(TargetOp::AtMost, "0.5"), width: WIDTH })
}

fn kinds() -> Vec<SliKind> {
    let gauge = |by| slices(SliceValue::Gauge { selector: metric("shown"), by });
    vec![
        boolean(BooleanRule::EachSample),
        boolean(BooleanRule::All { width: WIDTH }),
        boolean(BooleanRule::Quorum { needed: 2, of: 3, width: WIDTH }),
        gauge(GaugeBy::Average),
        gauge(GaugeBy::Last),
        slices(SliceValue::Freshness(metric("shown"))),
        slices(SliceValue::Throughput(vec![metric("shown")])),
        SliKind::Promql(PromqlSli { queries: PromqlQueries::Ratio(String::new()), width: WIDTH }),
        SliKind::Promql(PromqlSli {
            queries: PromqlQueries::Events { good: String::new(), total: String::new() },
            width: WIDTH,
        }),
    ]
}

fn grouped(kind: SliKind) -> Slo {
    let by = vec!["instance".to_owned()];
    Slo { grouping: Some(Grouping { by, limit: 2, alert_on: AlertOn::Group }), ..of(kind) }
}

/// Three series, of which each third sample is 0, and a slice that is recorded.
fn step(tracker: &mut Tracker, number: i64) {
    let at_ms = START_MS + number * 20_000;
    let sample = |(index, instance): (i64, &&str)| {
        let value = if (number + index) % 3 == 0 { 0.0 } else { 1.0 };
        batch(labels("shown", &[("instance", instance)]), &[(at_ms, value)])
    };
    tracker.observe(&(0..).zip(&["a", "b", "c"]).map(sample).collect::<Vec<_>>());
    if number % 3 == 0 {
        let good = number.unsigned_abs() % 7;
        tracker.record(
            &availability(),
            &Labels::empty(),
            at(at_ms),
            Outcome::Ratio(good as f64 / 7.0),
        );
        let events = Outcome::Events { good, total: 7 };
        tracker.record(&availability(), &Labels::empty(), at(at_ms), events);
    }
    drop(tracker.evaluate(at(at_ms)));
}

#[test]
fn every_kind_goes_on_from_a_checkpoint() {
    for kind in kinds() {
        let slos = || vec![grouped(kind.clone())];
        let mut steady = tracker(slos());
        for number in 0..40 {
            step(&mut steady, number);
        }
        let bytes = rmp_serde::to_vec(&steady.save(&[availability()])).unwrap();
        let saved: Vec<SavedSlo> = rmp_serde::from_slice(&bytes).unwrap();
        let mut restored = tracker(slos());
        assert_eq!(restored.restore(saved), [availability()]);
        for number in 40..90 {
            step(&mut steady, number);
            step(&mut restored, number);
        }
        let now = at(START_MS + 90 * 20_000 + 7 * MINUTE_MS);
        // Since when an alert fires is told by the journal.
        let evidence = |it: &mut Tracker| -> Vec<_> {
            it.evaluate(now).into_iter().map(|it| (it.key, it.evidence)).collect()
        };
        assert_eq!(evidence(&mut steady), evidence(&mut restored), "{kind:?}");
        let window = |it: &Tracker| it.window(&availability(), SignedDuration::from_hours(2), now);
        assert_eq!(window(&steady), window(&restored), "{kind:?}");
        assert_ne!(window(&steady).unwrap().counts.total, 0, "{kind:?}");
        assert_eq!(steady.groups(&availability(), now), restored.groups(&availability(), now));
        assert_eq!(steady.unread(now), restored.unread(now), "{kind:?}");
    }
}

#[test]
fn counts_of_another_method_are_not_gone_on_with() {
    let plain = slo("99.5%", days(28));
    let mut tracker = tracker(vec![plain.clone()]);
    steady(&mut tracker, 10, 100, 1);
    let saved = tracker.save(&[availability()]);
    let method = crate::Method::RatioTimeslices { width: WIDTH };
    assert_eq!(super::tracker(vec![Slo { method, ..plain }]).restore(saved), []);
}
