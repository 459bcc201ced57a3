use proptest::prelude::*;

use super::*;
use crate::testing::{at, days, known_window};
use crate::{Allowed, Counts};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn objective() -> Objective {
    "99.5%".parse().unwrap()
}

fn measured(window: WindowCounts) -> Measured {
    Measured { window, allowed: Allowed::of(window.counts.total, objective()) }
}

fn counts(total: u64, bad: u64) -> Measured {
    measured(known_window(HOUR, total, bad))
}

/// The same in every quarter of an hour.
fn steady(rate: Counts) -> Rate {
    let per_ms = |it: u64| it as f64 / 3_600_000.0;
    let bad = per_ms(rate.bad);
    let total = per_ms(rate.total);
    Rate { length: HOUR, is_known: true, total, bad, worst_bad: bad, best_bad: bad }
}

/// 28 days at 300 per minute.
fn budget(bad: u64) -> Measured {
    measured(known_window(days(28), 12_096_000, bad))
}

fn forecast(budget_bad: u64, rate: Counts) -> Option<SignedDuration> {
    // All errors are in the newest part: nothing bad leaves the window.
    let leaving = |ahead_ms: i64| counts(ahead_ms.unsigned_abs() / 200, 0);
    super::forecast(&budget(budget_bad), &steady(rate), objective(), days(28), leaving).likely
}

#[test]
fn steady_errors_use_up_what_is_left() {
    // 60 480 are allowed; at 40 % of 18 000 an hour the remaining 58 080 last 8 h 4 m.
    let left = forecast(2_400, Counts { total: 18_000, bad: 7_200 });
    assert_eq!(left, Some(SignedDuration::from_mins(8 * 60 + 4)));
}

#[test]
fn a_spent_budget_is_gone_now() {
    let left = forecast(60_480, Counts { total: 18_000, bad: 0 });
    assert_eq!(left, Some(SignedDuration::ZERO));
}

#[test]
fn a_budget_that_outlives_its_window_has_no_end() {
    assert_eq!(forecast(0, Counts { total: 18_000, bad: 0 }), None);
    assert_eq!(forecast(0, Counts { total: 18_000, bad: 90 }), None); // exactly as fast as it refills
    assert!(forecast(0, Counts { total: 18_000, bad: 91 }).is_some());
}

#[test]
fn errors_that_leave_the_window_free_their_budget() {
    let leaving = |ahead_ms: i64| {
        let bad = if ahead_ms < 3_600_000 { 0 } else { 60_000 };
        counts(ahead_ms.unsigned_abs() / 200, bad)
    };
    let rate = steady(Counts { total: 18_000, bad: 100 });
    let end = super::forecast(&budget(60_000), &rate, objective(), days(28), leaving).likely;
    assert_eq!(end.map(|it| it.as_hours()), Some(604)); // 60 480 ÷ 100 an hour
}

#[test]
fn without_data_nothing_is_forecast() {
    let nothing = |_| Measured::nothing();
    let none = super::forecast(&counts(0, 0), &Rate::default(), objective(), days(28), nothing);
    assert_eq!(none, Forecast::default());
}

#[test]
fn where_nothing_is_permitted_the_next_error_is_the_end() {
    let all = "100%".parse().unwrap();
    let budget = Measured { allowed: Allowed::of(12_096_000, all), ..budget(0) };
    let end = |bad| {
        let rate = steady(Counts { total: 18_000, bad });
        super::forecast(&budget, &rate, all, days(28), |_| Measured::nothing()).likely
    };
    assert_eq!(end(0), None);
    assert_eq!(end(1), Some(SignedDuration::ZERO));
}

/// So many bad events in each quarter of the last hour, of 4 500.
struct Quarters([u64; 4]);

impl Meter for Quarters {
    fn between(&self, from_ms: i64, to_ms: i64) -> WindowCounts {
        let quarter_ms = 15 * MINUTE_MS;
        let inside = |it: &usize| {
            let end_ms = i64::try_from(it + 1).unwrap() * quarter_ms;
            from_ms < end_ms && end_ms <= to_ms
        };
        let quarters: Vec<usize> = (0..4).filter(inside).collect();
        let counts = Counts {
            total: 4_500 * u64::try_from(quarters.len()).unwrap(),
            bad: quarters.iter().map(|it| self.0[*it]).sum(),
        };
        let known = SignedDuration::from_millis(to_ms - from_ms);
        WindowCounts { from: at(from_ms), to: at(to_ms), counts, known }
    }

    fn last_ms(&self) -> Option<i64> {
        None
    }

    fn has_data(&self, _now_ms: i64) -> bool {
        true
    }

    fn suspect(&self, _now_ms: i64) -> Option<crate::Suspect> {
        None
    }
}

fn range(quarters: [u64; 4]) -> [Option<i64>; 3] {
    let rate = Rate::of(&Quarters(quarters), HOUR, at(3_600_000));
    let leaving = |ahead_ms: i64| counts(ahead_ms.unsigned_abs() / 200, 0);
    let it = super::forecast(&budget(0), &rate, objective(), days(28), leaving);
    [it.earliest, it.likely, it.latest].map(|it| it.map(|it| it.as_mins()))
}

#[test]
fn the_range_goes_from_the_worst_quarter_to_the_best() {
    // 60 480 at 7 200 an hour, at 4 500, and at 1 800.
    assert_eq!(range([450, 1_800, 1_350, 900]), [Some(504), Some(806), Some(2_016)]);
    assert_eq!(range([900, 900, 900, 900]), [Some(1_008); 3]);
    // A quarter without errors says that it may end.
    assert_eq!(range([0, 0, 0, 1_800]), [Some(504), Some(2_016), None]);
    assert_eq!(range([0; 4]), [None; 3]);
}

#[test]
fn a_window_is_expected_to_go_on_as_the_week_before() {
    let week = known_window(days(7), 7_000, 0);
    assert_eq!(expected_total(500, &week, days(3)), Some(3_500));
    assert_eq!(expected_total(500, &week, SignedDuration::ZERO), Some(500));
    assert_eq!(expected_total(500, &week, days(-1)), Some(500));
    let half = WindowCounts { known: days(3) + HOUR * 12, ..week };
    assert_eq!(expected_total(500, &half, days(3)), Some(6_500));
    assert_eq!(
        expected_total(500, &WindowCounts { known: SignedDuration::ZERO, ..week }, days(3)),
        None
    );
    assert_eq!(expected_total(u64::MAX, &week, days(3)), Some(u64::MAX));
}

proptest! {
    #[test]
    fn the_likely_end_lies_in_the_range(quarters: [u16; 4]) {
        let [earliest, likely, latest] = range(quarters.map(|it| u64::from(it) % 4_500));
        let end = |it: Option<i64>| it.unwrap_or(i64::MAX);
        prop_assert!(end(earliest) <= end(likely) && end(likely) <= end(latest));
    }
}
