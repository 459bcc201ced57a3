use super::*;
use crate::testing::{days, known_window};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn forecast(budget_bad: u64, rate: Counts) -> Option<SignedDuration> {
    // 28 days at 300 per minute, with all errors in the newest part: nothing bad leaves the window.
    let budget = known_window(days(28), 12_096_000, budget_bad);
    let rate = known_window(HOUR, rate.total, rate.bad);
    let leaving = |ahead_ms: i64| Counts { total: ahead_ms.unsigned_abs() / 200, bad: 0 };
    exhausts_in(&budget, &rate, "99.5%".parse().unwrap(), leaving)
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
    let budget = known_window(days(28), 12_096_000, 60_000);
    let rate = known_window(HOUR, 18_000, 100);
    let leaving = |ahead_ms: i64| Counts {
        total: ahead_ms.unsigned_abs() / 200,
        bad: if ahead_ms < 3_600_000 { 0 } else { 60_000 },
    };
    let exhausted = exhausts_in(&budget, &rate, "99.5%".parse().unwrap(), leaving);
    assert_eq!(exhausted.map(|it| it.as_hours()), Some(604)); // 60 480 ÷ 100 an hour
}

#[test]
fn without_data_nothing_is_forecast() {
    let budget = known_window(days(28), 0, 0);
    let rate = known_window(SignedDuration::ZERO, 0, 0);
    let none = exhausts_in(&budget, &rate, "99.5%".parse().unwrap(), |_| Counts::default());
    assert_eq!(none, None);
}
