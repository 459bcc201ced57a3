//! Objectives on a made-up history.

use nines_alert::rule::trial::MemorySeries;

use super::*;
use crate::backtest::tests::{MINUTE_MS, START_MS, counters, setup};
use crate::time::instant;

#[test]
fn stricter_objectives_are_kept_less_and_alert_more() {
    let setup = setup(1);
    let store = MemorySeries::default();
    // Three weeks; in each an hour in which a tenth is bad.
    let bad = |minute: i64| if minute % (7 * 1_440) < 60 { 10 } else { 0 };
    store.add(&counters(0, 4 * 7 * 1_440, |minute| (100, bad(minute))));
    let at = |minute: i64| instant(START_MS + minute * MINUTE_MS);
    let plan = Plan {
        step: SignedDuration::from_mins(60),
        ..Plan::new(at(7 * 1_440)..at(4 * 7 * 1_440 - 1))
    };
    let slo = &setup.slos[0];
    let frontier = suggest(&setup, (slo, slo.primary()), &store, &plan).unwrap();
    let kept: Vec<f64> = frontier.candidates.iter().map(|it| it.kept_ratio).collect();
    assert!(kept.is_sorted_by(|one, other| one >= other), "{kept:?}");
    assert_eq!(frontier.candidates[0].frozen_hours, 0);
    assert_eq!(frontier, suggest(&setup, (slo, slo.primary()), &store, &plan).unwrap());
    // 600 bad of 1,008,000 in a week: 99.94 % are good.
    let highest: Vec<_> = frontier.highest.iter().map(|it| it.target.as_deref()).collect();
    assert_eq!(highest, [Some("99.9%"); 3]);
}

#[test]
fn one_week_gives_no_confidence() {
    assert_eq!(drawn(&[Counts { total: 100, bad: 0 }], SignedDuration::from_hours(24)), []);
    assert_eq!(highest(&["99%".parse().unwrap()], &[], 90), None);
}
